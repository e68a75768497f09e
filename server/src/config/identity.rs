//! Settings of who may make shares, and how they prove who they are.
//!
//! Invariant: settings that passed [`IdentitySettings::check`] say all that their mode needs, and
//! nothing that another mode would take no notice of.

use super::{ConfigError, GrantKeys, duration, hidden::Hidden};
use crate::identity::{Allowed, PublicUrl};
use conf::Conf;
use lettre::message::Mailbox;
use std::{fs, path::PathBuf, time::Duration};
use waxseal_core::{
    mail_address::is_domain,
    wire::{ExpiresIn, IdentityMode},
};

/// Bytes that a secret for grants has at least: as many as its hash (RFC 7518 section 3.2).
const SECRET: usize = 32;

/// A grant is for one dialog.
const LONGEST_GRANT: Duration = Duration::from_secs(60 * 60);

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not in the beginning, and always before anything is said that matters (port 587).
    StartTls,
    /// From its beginning (port 465).
    Tls,
    /// Never: only on this machine (port 25).
    None,
}

/// None of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("starttls, tls or none")]
pub struct SmtpTlsError;

impl std::str::FromStr for SmtpTls {
    type Err = SmtpTlsError;

    fn from_str(text: &str) -> Result<Self, SmtpTlsError> {
        match text {
            "starttls" => Ok(Self::StartTls),
            "tls" => Ok(Self::Tls),
            "none" => Ok(Self::None),
            _ => Err(SmtpTlsError),
        }
    }
}

/// Those of the table `identity`.
#[derive(Debug, Conf)]
#[conf(serde)]
pub struct IdentitySettings {
    /// Who may make shares: open = anyone who reaches the server, email = whoever confirms by a mail
    /// that an address is theirs, for each share; grant = whoever an application says owns the secret.
    #[conf(long, env, default_value = "open", serde(use_value_parser))]
    pub mode: IdentityMode,

    /// With email: whose addresses, as domains and addresses, comma-separated (a list in TOML);
    /// * = any. No answer tells which.
    #[conf(long, env, default_value = "", default_help_str = "none")]
    pub allowed: Allowed,

    /// With email: where browsers reach the server, for the link in the mail: an https:// address.
    #[conf(long, env, serde(use_value_parser))]
    pub public_url: Option<PublicUrl>,

    /// With email: how long a browser that asks for it may make further shares after a confirmation,
    /// at most 30d; 0s = each share is confirmed.
    #[conf(long, env, default_value = "0s", value_parser = duration, serde(use_value_parser))]
    pub session: Duration,

    /// Mails that may be asked for from one network address in an hour; 0 = any number, as for the next.
    #[conf(long, env, default_value = "120")]
    pub mails_per_hour: u64,

    /// Mails that may be asked for to one owner's address in an hour.
    #[conf(long, env, default_value = "20")]
    pub mails_per_owner_per_hour: u64,

    /// Mail server that confirmations are sent by.
    #[conf(long, env)]
    pub smtp_host: Option<String>,

    /// Its port.
    #[conf(long, env, default_help_str = "587 with starttls, 465 with tls, 25 with none")]
    pub smtp_port: Option<u16>,

    /// How the connection to it is encrypted: starttls, tls, or none (only on this machine).
    #[conf(long, env, default_value = "starttls", serde(use_value_parser))]
    pub smtp_tls: SmtpTls,

    /// File with the certificates of the only authorities that are trusted for it (PEM).
    #[conf(long, env, default_help_str = "the system's")]
    pub smtp_ca: Option<PathBuf>,

    /// User name at the mail server.
    #[conf(long, env)]
    pub smtp_user: Option<String>,

    /// Password at the mail server.
    #[conf(env, secret, serde(use_value_parser))]
    smtp_password: Option<Hidden>,

    /// File with that password instead.
    #[conf(long, env)]
    pub smtp_password_file: Option<PathBuf>,

    /// Sender of the mails: an address, or a name with an address in angle brackets.
    #[conf(long, env, serde(use_value_parser))]
    pub mail_from: Option<Mailbox>,

    /// With grant: what grants must be meant for (`aud`), such as the server's own address.
    #[conf(long, env)]
    pub grant_audience: Option<String>,

    /// With grant: whom they must be from (`iss`).
    #[conf(long, env, default_help_str = "anyone who has a key")]
    pub grant_issuer: Option<String>,

    /// With grant: the application's public Ed25519 keys, as a file (PEM or a JWK set) or the https://
    /// address of a JWK set; both may change while the server runs.
    #[conf(long, env, serde(use_value_parser))]
    pub grant_keys: Option<GrantKeys>,

    /// With grant: the secret that the application signs with (HS256), 32 bytes or more.
    #[conf(env, secret, serde(use_value_parser))]
    grant_secret: Option<Hidden>,

    /// File with that secret instead.
    #[conf(long, env)]
    pub grant_secret_file: Option<PathBuf>,

    /// How long grants may be valid at most.
    #[conf(long, env, default_value = "5m", value_parser = duration, serde(use_value_parser))]
    pub grant_lifetime: Duration,
}

/// What a setting says, or the file that another one names.
fn secret(given: Option<&Hidden>, file: Option<&PathBuf>) -> Result<Option<String>, ConfigError> {
    let Some(path) = file else { return Ok(given.map(|secret| secret.0.clone())) };
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| ConfigError::File(path.clone(), error))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// What is missing or too much.
#[derive(Debug, thiserror::Error)]
pub(super) enum IdentityError {
    #[error("{0}: needed with identity-mode={mode}", mode = .1.as_str())]
    Missing(&'static str, IdentityMode),
    #[error("{0}: only with identity-mode={mode}", mode = .1.as_str())]
    Unheeded(&'static str, IdentityMode),
    #[error("identity-grant-secret: at least {SECRET} bytes, by one of the two settings")]
    GrantSecret,
    #[error("identity-grant-lifetime: more than 0s and at most 1h")]
    GrantLifetime,
    #[error(
        "identity-public-url: https, unless it is on this machine or allow-insecure-http is set"
    )]
    Insecure,
    #[error(
        "identity-session: at most 30d, and only with an identity-public-url that is https or on this machine"
    )]
    Session,
    #[error("identity-smtp-host: the name of a host, or its IP address")]
    Host,
    #[error("identity-smtp-tls: none is only for a mail server on this machine")]
    Plain,
    #[error("identity-smtp-ca: only for a mail server that is reached by tls or starttls")]
    Authority,
    #[error(
        "identity-smtp-user and a password: one is nothing without the other, and one password is enough"
    )]
    Password,
}

impl IdentitySettings {
    /// Refuses what does not fit together.
    pub(super) fn check(&self, allow_insecure_http: bool) -> Result<(), IdentityError> {
        let unheeded = [
            ("identity-allowed", !self.allowed.is_empty(), IdentityMode::Email),
            ("identity-grant-keys", self.grant_keys.is_some(), IdentityMode::Grant),
            ("identity-grant-secret", self.has_grant_secret(), IdentityMode::Grant),
        ];
        let unheeded = unheeded.iter().find(|(_, is_set, mode)| *is_set && *mode != self.mode);
        if let Some((name, _, mode)) = unheeded {
            return Err(IdentityError::Unheeded(name, *mode));
        }
        match self.mode {
            IdentityMode::Open => Ok(()),
            IdentityMode::Email => self.check_email(allow_insecure_http),
            IdentityMode::Grant => self.check_grant(),
        }
    }

    fn check_email(&self, allow_insecure_http: bool) -> Result<(), IdentityError> {
        let missing = |name| IdentityError::Missing(name, IdentityMode::Email);
        if self.allowed.is_empty() {
            return Err(missing("identity-allowed"));
        }
        if self.mail_from.is_none() {
            return Err(missing("identity-mail-from"));
        }
        let url = self.public_url.as_ref();
        let url = url.ok_or(missing("identity-public-url"))?;
        if !url.is_trustworthy() && !allow_insecure_http {
            return Err(IdentityError::Insecure);
        }
        let lasts = !self.session.is_zero();
        if lasts && (self.session > ExpiresIn::MAX.duration() || !url.is_trustworthy()) {
            return Err(IdentityError::Session);
        }
        self.check_smtp()
    }

    /// The password at the mail server, if there is one.
    pub(crate) fn password(&self) -> Result<Option<String>, ConfigError> {
        secret(self.smtp_password.as_ref(), self.smtp_password_file.as_ref())
    }

    /// The secret that grants are signed with, if there is one.
    pub(crate) fn grant_secret(&self) -> Result<Option<String>, ConfigError> {
        let found = secret(self.grant_secret.as_ref(), self.grant_secret_file.as_ref())?;
        if let (Some(secret), Some(path)) = (&found, &self.grant_secret_file)
            && secret.len() < SECRET
        {
            return Err(ConfigError::GrantSecret(path.clone()));
        }
        Ok(found)
    }

    const fn has_grant_secret(&self) -> bool {
        self.grant_secret.is_some() || self.grant_secret_file.is_some()
    }

    fn check_grant(&self) -> Result<(), IdentityError> {
        let missing = |name| IdentityError::Missing(name, IdentityMode::Grant);
        if self.grant_audience.as_ref().is_none_or(String::is_empty) {
            return Err(missing("identity-grant-audience"));
        }
        if self.grant_keys.is_none() && !self.has_grant_secret() {
            return Err(missing("identity-grant-keys or identity-grant-secret"));
        }
        let is_short = self.grant_secret.as_ref().is_some_and(|secret| secret.0.len() < SECRET);
        if is_short || self.grant_secret.is_some() && self.grant_secret_file.is_some() {
            return Err(IdentityError::GrantSecret);
        }
        if self.grant_lifetime.is_zero() || self.grant_lifetime > LONGEST_GRANT {
            return Err(IdentityError::GrantLifetime);
        }
        Ok(())
    }

    fn check_smtp(&self) -> Result<(), IdentityError> {
        let host = self.smtp_host.as_deref();
        let host = host.ok_or(IdentityError::Missing("identity-smtp-host", IdentityMode::Email))?;
        let address = host.parse::<std::net::IpAddr>().ok();
        if address.is_none() && !is_domain(host) {
            return Err(IdentityError::Host);
        }
        let is_here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        if self.smtp_tls == SmtpTls::None && !is_here {
            return Err(IdentityError::Plain);
        }
        if self.smtp_tls == SmtpTls::None && self.smtp_ca.is_some() {
            return Err(IdentityError::Authority);
        }
        match (&self.smtp_user, &self.smtp_password, &self.smtp_password_file) {
            (None, None, None) | (Some(_), Some(_), None) | (Some(_), None, Some(_)) => Ok(()),
            _ => Err(IdentityError::Password),
        }
    }
}
