//! Settings of who may make shares, and how they prove who they are.
//!
//! Invariant: settings that passed [`IdentitySettings::check`] say all that their mode needs, and
//! nothing that another mode would take no notice of.

use super::{ConfigError, duration};
use crate::identity::{Allowed, PublicUrl};
use conf::Conf;
use lettre::message::Mailbox;
use std::{convert::Infallible, fmt, fs, path::PathBuf, time::Duration};
use waxseal_core::{
    mail_address::is_domain,
    wire::{ExpiresIn, IdentityMode},
};

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

/// A password.
struct Password(String);

impl std::str::FromStr for Password {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Those of the table `identity`.
#[derive(Debug, Conf)]
#[conf(serde)]
pub struct IdentitySettings {
    /// Who may make shares: open = anyone who reaches the server, email = whoever confirms by a mail
    /// that an address is theirs, for each share.
    #[conf(long, env, default_value = "open", serde(use_value_parser))]
    pub mode: IdentityMode,

    /// With email: whose addresses, as domains and addresses, comma-separated (a list in TOML);
    /// * = any. No answer tells which.
    #[conf(long, env, default_value = "", default_help_str = "none")]
    pub allowed: Allowed,

    /// With email: where browsers reach the server, for the link in the mail, such as
    /// https://share.example.org.
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
    smtp_password: Option<Password>,

    /// File with that password instead.
    #[conf(long, env)]
    pub smtp_password_file: Option<PathBuf>,

    /// Sender of the mails: an address, or a name with an address in angle brackets.
    #[conf(long, env, serde(use_value_parser))]
    pub mail_from: Option<Mailbox>,
}

/// What is missing or too much.
#[derive(Debug, thiserror::Error)]
pub(super) enum IdentityError {
    #[error("{0}: needed with identity-mode=email")]
    Missing(&'static str),
    #[error("{0}: only with identity-mode=email, and everybody may make shares without")]
    OpenAnyway(&'static str),
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
        if self.mode != IdentityMode::Email {
            return if self.allowed.is_empty() {
                Ok(())
            } else {
                Err(IdentityError::OpenAnyway("identity-allowed"))
            };
        }
        if self.allowed.is_empty() {
            return Err(IdentityError::Missing("identity-allowed"));
        }
        if self.mail_from.is_none() {
            return Err(IdentityError::Missing("identity-mail-from"));
        }
        let url = self.public_url.as_ref();
        let url = url.ok_or(IdentityError::Missing("identity-public-url"))?;
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
        let Some(path) = &self.smtp_password_file else {
            return Ok(self.smtp_password.as_ref().map(|password| password.0.clone()));
        };
        let text = fs::read_to_string(path);
        let text = text.map_err(|error| ConfigError::File(path.clone(), error))?;
        Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn check_smtp(&self) -> Result<(), IdentityError> {
        let host = self.smtp_host.as_deref();
        let host = host.ok_or(IdentityError::Missing("identity-smtp-host"))?;
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
