//! Settings: where they come from, what is refused, and that the documentation lists them.

use conf::{Conf, introspection::ProgramOptionMeta};
use rcgen::CertifiedKey;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};
use waxseal_core::wire::{ExpiresIn, IdentityMode};
use waxseal_server::{
    config::{AuditAddresses, AuditTo, ConfigError, IdentitySettings, Settings, SmtpTls, StoreUrl},
    store::Quota,
};

fn load(flags: &[&str], env: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let args = ["waxseal-server"].iter().chain(flags);
    Settings::load(args, env.iter().map(|(name, value)| (OsString::from(name), value.into())))
}

fn seconds(expiries: &[ExpiresIn]) -> Vec<u32> {
    expiries.iter().map(|expiry| expiry.seconds()).collect()
}

#[test]
fn without_any_setting_there_are_the_defaults() {
    let settings = load(&[], &[]).expect("the defaults fit");
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.store(), StoreUrl::Sqlite("./data/waxseal.db".into()));
    let policy = settings.policy();
    assert_eq!(policy.max_bytes, 2 << 30);
    assert_eq!(seconds(&policy.expiries), [3600, 43200, 86400, 432_000, 2_592_000]);
    assert_eq!(policy.default_expiry.seconds(), 86400);
    assert!(policy.one_time && !policy.force_one_time && !policy.force_passphrase);
    assert!(!policy.allow_insecure_http);
    let redis = load(&["--store=redis://localhost"], &[]).expect("a known kind");
    assert_eq!(redis.policy().max_bytes, 100 << 20);
}

#[test]
fn unfinished_uploads_leave_room_on_sqlite_unless_told_otherwise() {
    let quota = |flags: &[&str]| load(flags, &[]).expect("they fit").quota();
    // The seal, 64 chunks of 16,400 bytes and an empty one hold the text of 512 KiB and an attachment as long.
    let small = quota(&["--max-bytes=524287"]);
    assert_eq!((small.stored, small.staged), (None, Some(8 * (56 + 64 * 16_400 + 16))));
    let redis = quota(&["--store=redis://localhost"]);
    assert_eq!((redis.stored, redis.staged), (None, None));
    let set = quota(&["--max-bytes=524287", "--max-stored-bytes=1049672"]);
    assert_eq!(set.stored, Some(1_049_672));
}

#[test]
fn flags_go_before_the_environment_and_that_before_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("waxseal.toml");
    let text = "listen = \"127.0.0.1:1\"\nmax_bytes = 1\nexpiries = [60, 90]\ndefault_expiry = 60\n\
                one_time = false\nlease = \"1m\"\nlog_level = \"warn\"\n";
    std::fs::write(&path, text).expect("the folder is ours");
    let file = path.to_str().expect("a temporary path is UTF-8");
    let env = [("WAXSEAL_CONFIG", file), ("WAXSEAL_MAX_BYTES", "2"), ("WAXSEAL_LEASE", "2m")];
    let settings = load(&["--lease=3m"], &env).expect("they fit");
    assert_eq!(settings.listen.port(), 1);
    assert_eq!(settings.max_bytes, Some(2));
    assert_eq!(settings.retention().lease.as_secs(), 180);
    assert_eq!(seconds(&settings.policy().expiries), [60, 90]);
    assert!(!settings.policy().one_time);

    let flag = format!("--config={file}");
    let settings = load(&[&flag, "--one-time"], &[]).expect("they fit");
    assert!(settings.policy().one_time);
    assert_eq!(settings.max_bytes, Some(1));
}

#[test]
fn a_file_may_hold_every_setting() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("waxseal.toml");
    let text = "listen = \"127.0.0.1:1\"\ntls_certificate = \"own.pem\"\ntls_key = \"own.key\"\n\
                store = \"rediss://localhost\"\nmax_bytes = 1\n\
                redis_replicas = 2\nredis_ca = \"ca.pem\"\nredis_cert = \"cert.pem\"\n\
                redis_key = \"key.pem\"\n\
                max_stored_bytes = 4000000\nmax_staged_bytes = 3000000\n\
                expiries = [60]\ndefault_expiry = 60\none_time = false\nforce_one_time = true\n\
                force_passphrase = true\nallow_insecure_http = true\nlease = \"0s\"\n\
                record_retention = \"1h\"\nbody_timeout = \"1s\"\nhead_timeout = \"2s\"\n\
                min_rate = 0\nidle_timeout = \"3s\"\nmax_connections = 5\n\
                creations_per_hour = 1\nopenings_per_hour = 2\nlookups_per_hour = 3\n\
                upload_bytes_per_hour = 4\nmax_connections_per_address = 4\nshutdown_timeout = \"0s\"\n\
                identity.mode = \"email\"\nidentity.allowed = [\"example.org\"]\n\
                identity.public_url = \"https://share.example.org\"\n\
                identity.session = \"8h\"\nidentity.mails_per_hour = 5\n\
                identity.mails_per_owner_per_hour = 6\n\
                identity.smtp_host = \"smtp.example.org\"\nidentity.smtp_port = 2525\n\
                identity.smtp_tls = \"tls\"\nidentity.smtp_ca = \"ca.pem\"\n\
                identity.smtp_user = \"ann\"\nidentity.smtp_password = \"hunter2\"\n\
                identity.mail_from = \"Waxseal <share@example.org>\"\n\
                identity.grant_audience = \"https://share.example.org\"\n\
                identity.grant_issuer = \"https://app.example.org\"\n\
                identity.grant_lifetime = \"1m\"\n\
                audit = \"audit.jsonl\"\naudit_addresses = \"clear\"\n\
                audit_key = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n\
                trusted_proxies = [\"::1\", \"10.0.0.0/8\"]\nlog_level = \"off\"\n\
                workers = 3\nabuse_contact = \"abuse@example.org\"\n\
                embedding_origins = [\"https://app.example.org\"]\n\
                metrics_listen = \"127.0.0.1:9090\"\nshutdown_delay = \"5s\"\n\
                otlp_endpoint = \"http://localhost:4318\"\notlp_sample = 0.5\n\
                otlp_service_name = \"shares\"\n\
                operator_token = \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"\n";
    let settings = Settings::program_options().filter(|option| option.env_form().is_some());
    // One password is enough, and one key; keys of grants have no place beside allowed addresses.
    assert_eq!(text.lines().count(), settings.count() - 6, "all but the file's own name");
    std::fs::write(&path, text).expect("the folder is ours");
    let settings = load(&[&format!("--config={}", path.display())], &[]).expect("they fit");
    assert_eq!(settings.store(), StoreUrl::Redis("rediss://localhost".into()));
    assert!(settings.tls.is_on());
    assert_eq!(settings.redis_replicas, 2);
    assert_eq!(settings.redis_ca.as_deref(), Some("ca.pem".as_ref()));
    assert_eq!(settings.redis_cert.as_deref(), Some("cert.pem".as_ref()));
    assert_eq!(settings.redis_key.as_deref(), Some("key.pem".as_ref()));
    assert_eq!(settings.workers.map(|workers| workers.get()), Some(3));
    let endpoint = settings.otlp.endpoint().map(|endpoint| endpoint.to_string());
    assert_eq!(endpoint.as_deref(), Some("http://localhost:4318/v1/traces"));
    assert_eq!(settings.otlp.otlp_sample.get(), 0.5);
    assert!(settings.force_passphrase && settings.allow_insecure_http);
    let Quota { stored, staged, .. } = settings.quota();
    assert_eq!((stored, staged), (Some(4_000_000), Some(3_000_000)));
    assert!(settings.retention().lease.is_zero());
    assert_eq!(settings.retention().record.as_secs(), 3600);
    let IdentitySettings { mode, smtp_port, smtp_tls, .. } = settings.identity;
    assert_eq!((mode, smtp_port, smtp_tls), (IdentityMode::Email, Some(2525), SmtpTls::Tls));
    let confirmation = settings.policy().confirmation.expect("owners confirm");
    assert_eq!((confirmation.within, confirmation.session), (600, 8 * 3600));
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert_eq!(settings.audit.audit, AuditTo::File("audit.jsonl".into()));
    assert_eq!(settings.audit.audit_addresses, AuditAddresses::Clear);
    assert!(settings.audit.key().expect("it was checked").is_some());
}

#[test]
fn proxies_are_addresses_and_networks() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("waxseal.toml");
    std::fs::write(&path, "trusted_proxies = [\"::1\", \"10.0.0.0/8\"]").expect("ours");
    let of_file = load(&[&format!("--config={}", path.display())], &[]).expect("they fit");
    let of_flag = load(&["--trusted-proxies=::1, 10.0.0.0/8"], &[]).expect("they fit");
    assert_eq!(of_file.trusted_proxies, of_flag.trusted_proxies);
    let none = load(&[], &[]).expect("there are defaults").trusted_proxies;
    assert_ne!(of_flag.trusted_proxies, none);
    assert_eq!(load(&["--trusted-proxies="], &[]).expect("none fit").trusted_proxies, none);
}

#[test]
fn every_kind_of_redis_is_a_store() {
    for store in [
        "redis://cache",
        "rediss://ann:s%40t@cache:6380/3",
        "redis+unix:///run/redis/redis.sock",
        "redis+cluster://:hunter2@one:7000,two:7000",
        "rediss+cluster://one",
        "redis+sentinel://one,two:26380/mymaster/1?sentinel_password=hunter2",
        "rediss+sentinel://ann:hunter2@one/mymaster",
    ] {
        let settings = load(&[&format!("--store={store}")], &[]).expect(store);
        assert_eq!(settings.store(), StoreUrl::Redis(store.into()));
        settings.deployment(store).expect("there are no files to read");
        assert!(!format!("{settings:?}").contains("hunter2"), "{store}");
    }
}

#[test]
fn certificates_are_only_for_a_store_that_is_reached_by_tls() {
    let flags = ["--redis-ca=ca.pem", "--redis-cert=cert.pem", "--redis-key=key.pem"];
    for (store, fits) in [
        ("redis://cache", false),
        ("redis+cluster://one", false),
        ("rediss://cache", true),
        ("rediss+cluster://one", true),
        ("rediss+sentinel://one/mymaster", true),
    ] {
        let store = format!("--store={store}");
        let flags: Vec<&str> = [&[&*store], &flags[..]].concat();
        assert_eq!(load(&flags, &[]).is_ok(), fits, "{store}");
    }
    let settings =
        load(&["--store=rediss://cache", "--redis-ca=/nowhere/ca.pem"], &[]).expect("fits");
    let error = settings.deployment("rediss://cache").expect_err("there is no such file");
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
}

/// All that confirmation by mail needs.
const EMAIL: [&str; 5] = [
    "--identity-mode=email",
    "--identity-allowed=example.org",
    "--identity-public-url=https://share.example.org",
    "--identity-smtp-host=smtp.example.org",
    "--identity-mail-from=share@example.org",
];

#[test]
fn confirmation_by_mail_needs_all_that_it_needs() {
    load(&EMAIL, &[]).expect("it is all there");
    for missing in &EMAIL[1..] {
        let flags: Vec<_> = EMAIL.iter().filter(|flag| *flag != missing).copied().collect();
        let error = load(&flags, &[]).expect_err("one is missing").to_string();
        let (name, _) = missing.split_once('=').expect("a flag with a value");
        assert!(error.contains(&name[2..]), "{error}");
    }
    let error = load(&EMAIL[1..], &[]).expect_err("everybody might make shares").to_string();
    assert!(error.contains("identity-allowed"), "{error}");
}

#[test]
fn what_about_mail_does_not_fit_is_refused() {
    let password = ("WAXSEAL_IDENTITY_SMTP_PASSWORD", "hunter2");
    for (more, env, name) in [
        (&["--identity-public-url=http://share.example.org"][..], &[][..], "public-url"),
        (&["--identity-public-url=https://share.example.org/x"], &[], "public-url"),
        (
            &[
                "--identity-public-url=http://share.example.org",
                "--allow-insecure-http",
                "--identity-session=1h",
            ],
            &[],
            "session",
        ),
        (&["--identity-session=31d"], &[], "session"),
        (&["--identity-smtp-host=smtp.example.org:25"], &[], "smtp-host"),
        (&["--identity-smtp-tls=none"], &[], "smtp-tls"),
        (&["--identity-smtp-tls=sometimes"], &[], "smtp-tls"),
        (
            &["--identity-smtp-tls=none", "--identity-smtp-host=::1", "--identity-smtp-ca=ca.pem"],
            &[],
            "smtp-ca",
        ),
        (&["--identity-smtp-user=ann"], &[], "smtp-user"),
        (&[], &[password], "smtp-user"),
        (&["--identity-smtp-user=ann", "--identity-smtp-password-file=x"], &[password], "password"),
        (&["--identity-allowed=@example.org"], &[], "allowed"),
        (&["--identity-mail-from=nobody"], &[], "mail-from"),
        (&["--identity-mode=perhaps"], &[], "mode"),
    ] {
        let replaced = |flag: &&&str| {
            let name = flag.split('=').next().expect("one part at least");
            !more.iter().any(|other| other.split('=').next() == Some(name))
        };
        let flags: Vec<&str> = EMAIL.iter().filter(replaced).chain(more).copied().collect();
        let error = load(&flags, env).expect_err(name).to_string();
        assert!(error.contains(name) && !error.contains("hunter2"), "{flags:?}: {error}");
    }
    for (more, env) in [
        (&["--identity-smtp-user=ann"][..], &[password][..]),
        (&["--identity-smtp-user=ann", "--identity-smtp-password-file=x"], &[]),
    ] {
        load(&[&EMAIL[..], more].concat(), env).expect("one password is enough");
    }
}

#[test]
fn what_is_chosen_for_everybody_is_spelled_as_one_likes() {
    for flags in
        [&["--force-one-time"][..], &["--force-one-time=true"], &["--force-one-time", "true"]]
    {
        assert!(load(flags, &[]).expect("a truth value").force_one_time, "{flags:?}");
    }
    assert!(!load(&["--one-time=false"], &[]).expect("a truth value").one_time);
    assert!(!load(&[], &[("WAXSEAL_ONE_TIME", "false")]).expect("a truth value").one_time);
    // What is forced is also chosen.
    let settings = load(&["--force-one-time", "--one-time=false"], &[]).expect("truth values");
    assert!(settings.policy().one_time);
}

#[test]
fn what_does_not_fit_is_refused_with_its_name_and_exit_code_2() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("the folder is ours");
        format!("--config={}", path.display())
    };
    let unknown = file("unknown.toml", "nonsense = 1\n");
    let broken = file("broken.toml", "listen = \n");
    let typed = file("typed.toml", "expiries = \"3600\"\n");
    let token = file("token.toml", "operator_token = \"hunter2\"\n");
    let empty = file("empty.toml", "expiries = []\n");
    let collector = file("collector.toml", "otlp_endpoint = \"http://ann:hunter2@localhost\"\n");
    let sampled = file("sampled.toml", "otlp_sample = 2\n");
    for (flag, name) in [
        ("--listen=nowhere", "listen"),
        ("--store=postgres://user:hunter2@localhost", "store"),
        ("--store=redis+cluster://hunter2@localhost,", "store"),
        ("--store=redis+sentinel://hunter2@localhost", "store"),
        ("--store=rediss://hunter2@localhost/#insecure", "store"),
        ("--store=valkey://hunter2@localhost", "store"),
        ("--store=redis:hunter2", "store"),
        ("--store=sqlite:", "store"),
        ("--store=", "store"),
        ("--expiries=", "expiries"),
        ("--expiries=3600,", "expiries"),
        ("--expiries=59,86400", "expiries"),
        ("--expiries=86400,2592001", "expiries"),
        ("--expiries=86400,-1", "expiries"),
        ("--default-expiry=60", "default-expiry"),
        ("--default-expiry=1d", "default-expiry"),
        ("--expiries=60", "default-expiry"),
        ("--max-bytes=-1", "max-bytes"),
        ("--max-bytes=9007199254740992", "max-bytes"),
        ("--max-bytes=18446744073709551615", "max-bytes"),
        ("--max-stored-bytes=-1", "max-stored-bytes"),
        ("--max-stored-bytes=2147483648", "max-stored-bytes"),
        ("--max-staged-bytes=2147483648", "max-staged-bytes"),
        ("--lease=25h", "lease"),
        ("--lease=soon", "lease"),
        ("--abuse-contact=javascript:alert(1)", "abuse-contact"),
        ("--operator-token=hunter2", "operator-token"),
        (&token, "operator_token"),
        ("--audit=", "audit"),
        ("--audit-addresses=some", "audit-addresses"),
        ("--audit-key=hunter2", "audit-key"),
        ("--head-timeout=0s", "head-timeout"),
        ("--body-timeout=25h", "body-timeout"),
        ("--idle-timeout=0s", "idle-timeout"),
        ("--shutdown-timeout=25h", "shutdown-timeout"),
        ("--min-rate=-1", "min-rate"),
        ("--max-connections=many", "max-connections"),
        ("--trusted-proxies=10.0.0.0/33", "trusted-proxies"),
        ("--trusted-proxies=localhost", "trusted-proxies"),
        ("--trusted-proxies=::1,", "trusted-proxies"),
        ("--one-time=perhaps", "one-time"),
        ("--log-level=loud", "log-level"),
        ("--workers=0", "workers"),
        ("--redis-replicas=1", "redis-replicas"),
        ("--redis-ca=ca.pem", "redis-ca"),
        ("--redis-cert=cert.pem", "redis-key"),
        ("--redis-key=key.pem", "redis-cert"),
        ("--tls-certificate=cert.pem", "tls-key"),
        ("--tls-key=key.pem", "tls-certificate"),
        ("--otlp-endpoint=localhost:4318", "otlp-endpoint"),
        ("--otlp-endpoint=http://:hunter2@localhost", "otlp-endpoint"),
        ("--otlp-endpoint=http://localhost?key=hunter2", "otlp-endpoint"),
        ("--otlp-sample=1.5", "otlp-sample"),
        (&sampled, "otlp_sample"),
        (&collector, "otlp-endpoint"),
        ("--otlp-service-name=", "otlp-service-name"),
        ("--nonsense", "nonsense"),
        ("--config=/nowhere/at/all.toml", "all.toml"),
        (&unknown, "nonsense"),
        (&broken, "broken.toml"),
        (&typed, "expiries"),
        (&empty, "expiries"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_waxseal-server"))
            .env_clear()
            .current_dir(folder.path())
            .arg(flag)
            .output()
            .expect("the server was built with this test");
        let said = String::from_utf8(output.stderr).expect("messages are text");
        assert_eq!(output.status.code(), Some(2), "{flag}: {said}");
        assert!(said.contains(name), "{flag}: {said}");
        assert!(!said.contains("hunter2"), "a password is shown: {said}");
        assert_eq!(output.stdout, b"", "{flag}");
    }
    assert!(!folder.path().join("data").exists(), "nothing is created before all settings fit");
}

#[test]
fn a_store_that_cannot_be_opened_ends_the_server_with_a_log() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("file"), "").expect("the folder is ours");
    let output = Command::new(env!("CARGO_BIN_EXE_waxseal-server"))
        .env_clear()
        .arg(format!("--store=sqlite:{}/file/waxseal.db", folder.path().display()))
        .output()
        .expect("the server was built with this test");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    let log: serde_json::Value = serde_json::from_slice(&output.stderr).expect("one line of JSON");
    assert_eq!(log["message"], "cannot serve");
}

/// What `--check-config` says with these flags: its exit code and both outputs.
fn checked(folder: &Path, flags: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_waxseal-server"))
        .env_clear()
        .current_dir(folder)
        .arg("--check-config")
        .args(flags)
        .output()
        .expect("the server was built with this test");
    let text = |bytes| String::from_utf8(bytes).expect("messages are text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Names in a folder, and below.
fn names(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("it is there");
    let paths = entries.map(|entry| entry.expect("it is listed").path());
    let mut names: Vec<_> =
        paths.flat_map(|path| if path.is_dir() { names(&path) } else { vec![path] }).collect();
    names.sort();
    names
}

#[test]
fn settings_are_checked_without_a_store_and_without_a_trace() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("the folder is ours");
    };
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["share.example.org".to_owned()]).expect("a name");
    file("cert.pem", &cert.pem());
    file("key.pem", &signing_key.serialize_pem());
    file("secret", "0123456789abcdef0123456789abcdef\n");
    file("audit.jsonl", "");
    let before = names(folder.path());
    let redis = ["--store=rediss://127.0.0.1:1", "--redis-ca=cert.pem"];
    let mail = ["--identity-smtp-user=ann", "--identity-smtp-password-file=secret"];
    for flags in [
        &[][..],
        &["--store=sqlite:new/folder/waxseal.db"],
        &["--tls-certificate=cert.pem", "--tls-key=key.pem"],
        &[&redis[..], &["--redis-cert=cert.pem", "--redis-key=key.pem"]].concat(),
        &[&EMAIL[..], &mail[..], &["--identity-smtp-ca=cert.pem"]].concat(),
        &[&GRANT[..], &["--identity-grant-secret-file=secret"]].concat(),
        // The application need not be there.
        &[&GRANT[..], &["--identity-grant-keys=http://127.0.0.1:1/keys"]].concat(),
        &["--audit=audit.jsonl"],
        &["--audit=new.jsonl", "--listen=192.0.2.1:1"],
    ] {
        let said = checked(folder.path(), flags);
        assert_eq!(said, (Some(0), "settings are fine\n".to_owned(), String::new()), "{flags:?}");
    }
    assert_eq!(names(folder.path()), before, "nothing was made");
}

/// All that grants need but a key.
const GRANT: [&str; 2] =
    ["--identity-mode=grant", "--identity-grant-audience=https://share.example.org"];

#[test]
fn each_file_that_is_of_no_use_is_named_with_its_setting() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("the folder is ours");
    };
    let pair = || {
        let pair = rcgen::generate_simple_self_signed(["share.example.org".to_owned()]);
        let CertifiedKey { cert, signing_key } = pair.expect("a name");
        (cert.pem(), signing_key.serialize_pem())
    };
    let ((one, key), (_, other)) = (pair(), pair());
    file("one.pem", &one);
    file("key.pem", &key);
    file("other.pem", &other);
    file("none", "hunter2");
    let redis = ["--store=rediss://ann:hunter2@127.0.0.1:1"];
    let mail = ["--identity-smtp-user=ann"];
    for (flags, name, of) in [
        (&["--store=sqlite:none"][..], "store", "none"),
        (&["--store=sqlite:none/waxseal.db"], "store", "none/waxseal.db"),
        (&["--tls-certificate=none", "--tls-key=key.pem"], "tls-certificate", "none"),
        (&["--tls-certificate=one.pem", "--tls-key=none"], "tls-key", "none"),
        (&["--tls-certificate=one.pem", "--tls-key=other.pem"], "tls-key", "other.pem"),
        (&["--tls-certificate=away.pem", "--tls-key=key.pem"], "tls-certificate", "away.pem"),
        (&[&redis[..], &["--redis-ca=away.pem"]].concat(), "redis-ca", "away.pem"),
        (&[&redis[..], &["--redis-ca=none"]].concat(), "redis-ca", ""),
        (&[&redis[..], &["--redis-cert=one.pem", "--redis-key=none"]].concat(), "redis-key", ""),
        (&[&EMAIL[..], &["--identity-smtp-ca=none"]].concat(), "identity-mode=email", "none"),
        (
            &[&EMAIL[..], &mail[..], &["--identity-smtp-password-file=away"]].concat(),
            "identity-mode=email",
            "away",
        ),
        (&[&GRANT[..], &["--identity-grant-keys=none"]].concat(), "identity-mode=grant", "none"),
        (
            &[&GRANT[..], &["--identity-grant-secret-file=none"]].concat(),
            "identity-mode=grant",
            "none",
        ),
        (&["--audit=stdout", "--audit-key-file=none"], "audit-key-file", "none"),
        (&["--audit=away/audit.jsonl"], "audit", "away"),
        (&["--audit=none/audit.jsonl"], "audit", "none"),
    ] {
        let (code, output, said) = checked(folder.path(), flags);
        assert_eq!((code, output.as_str()), (Some(2), ""), "{flags:?}: {said}");
        let start = format!("error: {name}");
        assert!(said.starts_with("error: ") && said.contains(name), "{flags:?} {start}: {said}");
        assert!(said.contains(of) && !said.contains("hunter2"), "{flags:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{flags:?}: {said}");
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (flags, named) in [
        // What cannot be read at all; what does not fit together; what files are not.
        (&["--lease=soon", "--workers=0"][..], &["lease", "workers"][..]),
        (
            &[
                "--lease=25h",
                "--redis-replicas=1",
                "--tls-key=a",
                "--audit=",
                "--max-stored-bytes=1",
            ],
            &["lease", "redis-replicas", "tls-certificate", "audit", "max-stored-bytes"],
        ),
        (
            &["--tls-certificate=a", "--tls-key=b", "--audit=none/c", "--audit-key-file=d"],
            &["tls-certificate", "audit-key-file", "audit: none/c"],
        ),
    ] {
        let (code, output, said) = checked(folder.path(), flags);
        assert_eq!((code, output.as_str()), (Some(2), ""), "{flags:?}: {said}");
        for name in named {
            assert!(said.contains(name), "{name} is not in: {said}");
        }
    }
}

#[test]
fn the_documentation_lists_every_setting_and_no_other() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    let document = std::fs::read_to_string(path).expect("it is part of the project");
    let rows: Vec<_> = document
        .lines()
        .filter(|line| line.starts_with("| `--") || line.starts_with("| – | `WAXSEAL_"))
        .collect();
    let options = Settings::program_options().filter(|option| option.env_form().is_some());
    let expected: Vec<_> = options.map(|option| row(&option)).collect();
    assert_eq!(rows, expected, "the table should be:\n{}", expected.join("\n"));
}

fn row(option: &impl ProgramOptionMeta) -> String {
    let text = |value: Option<&dyn std::fmt::Display>| value.map(ToString::to_string);
    let code = |text: String| format!("`{text}`");
    let none = || "–".to_owned();
    let flag = text(option.long_form());
    let variable = text(option.env_form()).map_or_else(none, code);
    // Some of those that are together in the program have no table of their own in a file.
    let id = option.id().to_string();
    let id =
        ["audit.", "otlp.", "tls."].iter().fold(&*id, |id, group| id.trim_start_matches(group));
    let id = id.to_owned();
    // A file cannot name another file.
    let key = if flag.as_deref() == Some("config") { none() } else { code(id) };
    let default = text(option.default_help_str()).map_or_else(none, code);
    let meaning = text(option.description()).expect("every setting is explained");
    let meaning = meaning.split_whitespace().collect::<Vec<_>>().join(" ");
    // Others can see the flags of a process: a secret has none.
    let flag = flag.map_or_else(none, |flag| code(format!("--{flag}")));
    format!("| {flag} | {variable} | {key} | {default} | {meaning} |")
}

#[test]
fn grants_need_an_audience_and_keys() {
    let mode = ["--identity-mode=grant"];
    let whole = [&mode[..], &["--identity-grant-audience=https://share.example.org"]].concat();
    let secret = |text| [("WAXSEAL_IDENTITY_GRANT_SECRET", text)];
    let good = secret("0123456789abcdef0123456789abcdef");
    load(&[&whole[..], &["--identity-grant-keys=keys.pem"]].concat(), &[])
        .expect("keys are enough");
    load(&whole, &good).expect("a secret is enough");
    for (flags, env, named) in [
        (&mode[..], &good[..], "grant-audience"),
        (&whole[..], &[], "grant-keys"),
        (&whole, &secret("0123456789abcdef0123456789abcde"), "grant-secret"),
        (&[&whole[..], &["--identity-grant-secret-file=x"]].concat(), &good, "grant-secret"),
        (&[&whole[..], &["--identity-grant-lifetime=2h"]].concat(), &good, "grant-lifetime"),
        (&[&whole[..], &["--identity-grant-lifetime=0s"]].concat(), &good, "grant-lifetime"),
        (
            &[&whole[..], &["--identity-grant-keys=http://app.example/keys"]].concat(),
            &[],
            "grant-keys",
        ),
        (&[&whole[..], &["--identity-allowed=example.org"]].concat(), &good, "identity-allowed"),
        (&["--identity-grant-keys=keys.pem"], &[], "grant-keys"),
        (&[], &good, "grant-secret"),
    ] {
        let error = load(flags, env).expect_err(named).to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
}
