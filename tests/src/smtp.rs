//! A real SMTP server of a test's own, and what it got.
//!
//! Invariant: it sends nothing on.

use crate::{
    process::{Output, Process},
    wait::until,
};
use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use serde::Deserialize;
use std::{collections::BTreeMap, ffi::OsString, fs, path::PathBuf, process::Command};
use tempfile::TempDir;
use waxseal_core::confirmation::ConfirmationLink;

/// Who may send where the connection is encrypted.
pub const USER: &str = "waxseal";
/// With this password.
pub const PASSWORD: &str = "correct horse battery staple";

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    None,
    /// By STARTTLS, without which nothing is taken.
    StartTls,
    /// From its beginning.
    Tls,
}

/// A server that runs or may run again.
pub struct Smtp {
    encryption: Encryption,
    port: u16,
    process: Option<Process>,
    output: Output,
    folder: TempDir,
}

/// A mail.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// Whether it came encrypted.
    pub encrypted: bool,
    /// Who sent it, if the server asked.
    pub user: Option<String>,
    /// By name in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its media type.
    pub kind: String,
    /// Media types and texts of its parts.
    pub parts: Vec<(String, String)>,
    /// All of it, as it came.
    pub raw: String,
}

impl Smtp {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// If Python or its packages are missing.
    pub fn start(encryption: Encryption) -> Result<Self> {
        let mut smtp = Self::new(encryption)?;
        smtp.run()?;
        Ok(smtp)
    }

    /// One that does not run yet, and the port that it will have.
    ///
    /// # Errors
    /// Those of the system.
    pub fn later() -> Result<Self> {
        let mut smtp = Self::new(Encryption::None)?;
        smtp.port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(smtp)
    }

    fn new(encryption: Encryption) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let output = Output::default();
        let smtp = Self { encryption, port: 0, process: None, output, folder };
        smtp.certify()?;
        Ok(smtp)
    }

    /// Runs it.
    ///
    /// # Errors
    /// If it does not start.
    pub fn run(&mut self) -> Result<()> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/smtp/server.py");
        let encryption = match self.encryption {
            Encryption::None => "none",
            Encryption::StartTls => "starttls",
            Encryption::Tls => "tls",
        };
        let mut command = Command::new(python()?);
        command.args(["-u", "-W", "ignore"]).arg(script).arg(self.port.to_string()).arg(encryption);
        command.arg(self.folder.path().join("server.pem")).args([USER, PASSWORD]);
        let mut process = Process::start(&mut command, &self.output)?;
        let line = process.first_line().context("starting the mail server")?;
        let (_, port) = line.rsplit_once(':').context("the first line has a port")?;
        self.port = port.parse()?;
        self.process = Some(process);
        Ok(())
    }

    /// The flags that have a server confirm by mails through it, for addresses of `allowed.example`.
    pub fn flags(&self) -> Vec<String> {
        let mut flags = vec![
            "--identity-mode=email".to_owned(),
            "--identity-allowed=allowed.example".to_owned(),
            "--identity-public-url=https://share.example.org".to_owned(),
            "--identity-mail-from=Waxseal <share@allowed.example>".to_owned(),
            format!("--identity-smtp-port={}", self.port),
        ];
        if self.encryption == Encryption::None {
            flags.extend([
                "--identity-smtp-host=127.0.0.1".into(),
                "--identity-smtp-tls=none".into(),
            ]);
        } else {
            let kind = if self.encryption == Encryption::Tls { "tls" } else { "starttls" };
            flags.extend([
                "--identity-smtp-host=localhost".to_owned(),
                format!("--identity-smtp-tls={kind}"),
                format!("--identity-smtp-ca={}", self.authority().display()),
                format!("--identity-smtp-user={USER}"),
                format!("--identity-smtp-password-file={}", self.password().display()),
            ]);
        }
        flags
    }

    /// The file with the certificate of its authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The file with the password.
    pub fn password(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    /// What it got so far.
    ///
    /// # Errors
    /// If the server said something else than mails.
    pub fn mails(&self) -> Result<Vec<Mail>> {
        let output = String::from_utf8(self.output.bytes())?;
        let whole = output.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let read = |line| serde_json::from_str(line).with_context(|| format!("no mail: {line}"));
        whole.lines().map(read).collect()
    }

    /// Waits for the mail of this number, from 0.
    ///
    /// # Errors
    /// If it does not come.
    pub async fn mail(&self, number: usize) -> Result<Mail> {
        until("a mail", async || Ok(self.mails()?.get(number).cloned())).await
    }

    /// An authority, what it certifies, and a password, as files.
    fn certify(&self) -> Result<()> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate =
            CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &authority)?;
        fs::write(self.authority(), authority.pem())?;
        let server = format!("{}{}", certificate.pem(), key.serialize_pem());
        fs::write(self.folder.path().join("server.pem"), server)?;
        Ok(fs::write(self.password(), format!("{PASSWORD}\n"))?)
    }
}

impl Mail {
    /// The text of the part of a media type.
    ///
    /// # Errors
    /// If there is none.
    pub fn part(&self, kind: &str) -> Result<&str> {
        let part = self.parts.iter().find(|(of, _)| of == kind);
        part.map(|(_, text)| text.as_str()).with_context(|| format!("no {kind} in {}", self.raw))
    }

    /// The link to confirm with, as the text has it, and what it says.
    ///
    /// # Errors
    /// If there is none.
    pub fn link(&self) -> Result<(String, ConfirmationLink)> {
        let text = self.part("text/plain")?;
        let link = text.lines().find(|line| line.contains("/confirm#")).context("a link")?;
        let (_, fragment) = link.split_once('#').context("a fragment")?;
        Ok((link.to_owned(), fragment.parse()?))
    }
}

fn python() -> Result<OsString> {
    std::env::var_os("WAXSEAL_PYTHON").context(
        "WAXSEAL_PYTHON names no Python with aiosmtpd: run the tests with `cargo xtask test`",
    )
}
