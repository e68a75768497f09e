//! Connections that are encrypted, with certificates on both sides.

use super::{connect_to, deployment, upload};
use crate::{
    bench::PATIENCE,
    redis_cluster::{Cluster, listening_by},
    sample::{Sample, token},
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Instant,
};
use tempfile::TempDir;
use waxseal_server::store::{Store, StoreError, redis::Deployment};

/// An authority and what it has certified, as files.
struct Certificates {
    folder: TempDir,
    authority: Vec<u8>,
    /// Of a client, and its key.
    identity: (Vec<u8>, Vec<u8>),
}

impl Certificates {
    /// With a server that is at `name`.
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Else it would be called as those that it certifies.
        params.distinguished_name.push(DnType::CommonName, "authority");
        let key = KeyPair::generate().expect("there is chance");
        let authority = params.self_signed(&key).expect("it fits").pem().into_bytes();
        let issuer = Issuer::new(params, key);
        let certified = |name: &str| {
            let params = CertificateParams::new([name.to_owned()]).expect("a name");
            let key = KeyPair::generate().expect("there is chance");
            let certificate = params.signed_by(&key, &issuer).expect("it fits");
            (certificate.pem().into_bytes(), key.serialize_pem().into_bytes())
        };
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (certificate, key) = certified(name);
        for (name, content) in [("ca", &authority), ("cert", &certificate), ("key", &key)] {
            fs::write(folder.path().join(name), content).expect("the folder is ours");
        }
        Self { folder, authority, identity: certified("client") }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// What a server is told, so that it asks for certificates, too.
    fn settings(&self) -> Vec<String> {
        [
            ("--tls-ca-cert-file", self.file("ca")),
            ("--tls-cert-file", self.file("cert")),
            ("--tls-key-file", self.file("key")),
            ("--tls-auth-clients", "yes".to_owned()),
            ("--tls-replication", "yes".to_owned()),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect()
    }

    fn shown(&self, deployment: Deployment) -> Deployment {
        let (certificate, key) = self.identity.clone();
        deployment.with_authority(self.authority.clone()).with_identity(certificate, key)
    }
}

async fn opens(deployment: &Deployment) -> Result<(), StoreError> {
    let store = connect_to(deployment).await?;
    store.ready().await?;
    for _ in 0..10 {
        let sample = Sample::one_time();
        upload(&store, &sample).await;
        let claim = store.claim(sample.new.id, sample.new.access, token(), None).await;
        assert_eq!(claim?.head, sample.body);
    }
    Ok(())
}

#[tokio::test]
async fn both_sides_show_certificates() {
    let ours = Certificates::new("127.0.0.1");
    let settings = ours.settings();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let (_server, port) = listening_by("--tls-port", &settings);
    let at = |scheme: &str, host: &str| deployment(&format!("{scheme}://{host}:{port}"));
    opens(&ours.shown(at("rediss", "127.0.0.1"))).await.expect("all is right");

    let theirs = Certificates::new("127.0.0.1");
    let (certificate, key) = theirs.identity.clone();
    for (what, deployment) in [
        ("not encrypted", at("redis", "127.0.0.1")),
        ("another name", ours.shown(at("rediss", "localhost"))),
        ("another authority", theirs.shown(at("rediss", "127.0.0.1"))),
        ("the system's authorities", at("rediss", "127.0.0.1")),
        ("no identity", at("rediss", "127.0.0.1").with_authority(ours.authority.clone())),
        (
            "another's identity",
            at("rediss", "127.0.0.1")
                .with_authority(ours.authority.clone())
                .with_identity(certificate, key),
        ),
    ] {
        let refused = opens(&deployment).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{what}: {refused:?}");
    }
    let broken = at("rediss", "127.0.0.1").with_identity(b"none".to_vec(), b"none".to_vec());
    assert_refused!(opens(&broken).await, StoreError::Fault(_));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_reached_by_tls_and_with_a_password() {
    let ours = Certificates::new("127.0.0.1");
    let mut settings = ours.settings();
    settings.extend(["--tls-cluster", "yes"].map(str::to_owned));
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let cluster = Cluster::start_with(false, "--tls-port", &settings);
    for n in 0..3 {
        let mut set = redis::cmd("ACL");
        let rules = ["on", ">s@cret", "~waxseal:*", "+@all"];
        let () = cluster.ask(n, set.arg("SETUSER").arg("waxseal").arg(&rules));
        let () = cluster.ask(n, redis::cmd("ACL").arg("SETUSER").arg("default").arg("resetpass"));
    }
    let url = cluster.url().replace("redis+cluster://", "rediss+cluster://waxseal:s%40cret@");
    opens(&ours.shown(deployment(&url))).await.expect("all is right");
    let wrong = ours.shown(deployment(&url.replace("s%40cret", "hunter2")));
    let error = opens(&wrong).await.expect_err("the password is wrong");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}

#[tokio::test]
async fn sentinels_are_reached_by_tls_and_with_passwords_of_their_own() {
    let ours = Certificates::new("127.0.0.1");
    let mut settings = ours.settings();
    settings.extend(["--requirepass", "one"].map(str::to_owned));
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let (_master, port) = listening_by("--tls-port", &settings);
    let sentinel = Sentinel::start(&ours, port);
    let url = |password: &str| {
        let sentinel = sentinel.port;
        format!("rediss+sentinel://:one@127.0.0.1:{sentinel}/waxseal?sentinel_password={password}")
    };
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = opens(&ours.shown(deployment(&url("two")))).await {
        assert!(Instant::now() < deadline, "the Sentinel does not start: {error}");
    }
    let error = opens(&ours.shown(deployment(&url("hunter2")))).await;
    let error = error.expect_err("the Sentinel's password is wrong");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}

/// One that knows a master, and ends with the value.
struct Sentinel {
    port: u16,
    process: Child,
    _folder: TempDir,
}

impl Sentinel {
    fn start(certificates: &Certificates, master: u16) -> Self {
        // Only to find a port.
        let (server, port) = listening_by("--port", &[]);
        drop(server);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let settings = certificates.settings();
        let tls = settings.chunks(2).map(|pair| format!("{} {}\n", &pair[0][2..], pair[1]));
        let settings = format!(
            "port 0\ntls-port {port}\nbind 127.0.0.1\ndir {}\nrequirepass two\n{}\
             sentinel monitor waxseal 127.0.0.1 {master} 1\nsentinel auth-pass waxseal one\n",
            folder.path().display(),
            tls.collect::<String>()
        );
        let file = folder.path().join("sentinel.conf");
        fs::write(&file, settings).expect("the folder is ours");
        Self { port, process: run(&file), _folder: folder }
    }
}

fn run(file: &Path) -> Child {
    let mut command = Command::new("redis-server");
    let command = command.arg(file).arg("--sentinel").stdout(Stdio::null());
    command.spawn().expect("redis-server is installed")
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        self.process.kill().expect("a child can be killed");
        self.process.wait().expect("a killed child ends");
    }
}
