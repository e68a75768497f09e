//! Sends mails, in a thread of its own.
//!
//! Invariant: no request waits for a mail server, however slow it is, nor does the end of this server: what
//! is on its way then is lost, and its owner asks for another one. No log has an address or what a mail
//! server says about one.

use super::{Allowed, PublicUrl, letter};
use crate::{
    audit::{Audit, By},
    config::{ConfigError, IdentitySettings, SmtpTls, authorities},
    metrics::{Mail, Metrics},
    store::{Clock, SystemClock},
};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use std::{error::Error as _, io, path::PathBuf, sync::Arc, thread, time::Duration};
use tokio::{
    runtime,
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::sleep,
};
use waxseal_core::{confirmation::ConfirmationLink, mail_address::MailAddress, time::Timestamp};

/// Letters on their way; further ones are lost, as letters are.
const WAITING: usize = 256;

/// Connections to the mail server.
const AT_ONCE: usize = 8;

/// For each step of a connection.
const PATIENCE: Duration = Duration::from_secs(15);

/// Before each further try, where one may help.
const TRY_AGAIN: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(15),
    Duration::from_secs(60),
];

/// A question to an owner.
pub(super) struct Letter {
    pub(super) to: MailAddress,
    pub(super) link: ConfirmationLink,
    /// Until when an answer is of use.
    pub(super) until: Timestamp,
    /// How long whoever asks is to share without another one.
    pub(super) session: Option<Duration>,
    /// Whom it is about.
    pub(super) by: By,
}

/// Handle of the thread, which ends with it.
pub(super) struct Mailer {
    letters: mpsc::Sender<Letter>,
    metrics: Metrics,
}

/// How letters get to people.
pub(super) struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    allowed: Allowed,
    from: Mailbox,
    url: PublicUrl,
    audit: Audit,
}

impl Post {
    /// As settings say that were checked.
    pub(super) fn new(settings: &IdentitySettings, audit: Audit) -> Result<Self, ConfigError> {
        let checked = "it was checked when the settings were read";
        let url = settings.public_url.clone().expect(checked);
        let host = settings.smtp_host.clone().expect(checked);
        let tls = |port, of: fn(TlsParameters) -> Tls| {
            Ok::<_, ConfigError>((port, of(tls_parameters(&host, settings.smtp_ca.as_ref())?)))
        };
        let (port, tls) = match settings.smtp_tls {
            SmtpTls::StartTls => tls(587, Tls::Required)?,
            SmtpTls::Tls => tls(465, Tls::Wrapper)?,
            SmtpTls::None => (25, Tls::None),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&host)
            .port(settings.smtp_port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(PATIENCE))
            .hello_name(ClientId::Domain(url.host().to_owned()));
        if let (Some(user), Some(password)) = (&settings.smtp_user, settings.password()?) {
            transport = transport.credentials(Credentials::new(user.clone(), password));
        }
        let from = settings.mail_from.clone().expect(checked);
        Ok(Self {
            transport: transport.build(),
            allowed: settings.allowed.clone(),
            from,
            url,
            audit,
        })
    }

    /// Whether the links in its letters are https.
    pub(super) fn is_https(&self) -> bool {
        self.url.is_https()
    }

    async fn deliver(&self, letter: Letter, connections: &Semaphore) {
        let message = match letter::compose(&letter, &self.from, &self.url) {
            Ok(message) => message,
            Err(error) => {
                let cause = format!("{error:#}");
                self.mailed(Mail::Failed);
                return tracing::error!(cause, "a confirmation could not be written");
            }
        };
        let mut pauses = TRY_AGAIN.into_iter();
        loop {
            let Err(error) = self.send(&message, connections).await else {
                self.mailed(Mail::Sent);
                return self.audit.confirmation_sent(letter.link.id, &letter.by).await;
            };
            let pause = pauses.next().filter(|pause| {
                !error.is_permanent() && SystemClock.now().after(*pause) < letter.until
            });
            let (code, cause) = (error.status().map(|code| code.to_string()), cause(&error));
            let Some(pause) = pause else {
                self.mailed(Mail::Failed);
                return tracing::error!(code, cause, "a confirmation could not be mailed");
            };
            self.mailed(Mail::Delayed);
            tracing::warn!(code, cause, "a confirmation could not be mailed yet");
            sleep(pause).await;
        }
    }

    fn mailed(&self, outcome: Mail) {
        self.audit.metrics().mailed(outcome);
    }

    async fn send(&self, message: &Message, connections: &Semaphore) -> Result<(), Error> {
        let _connection = connections.acquire().await;
        self.transport.send(message.clone()).await.map(drop)
    }
}

/// What went wrong on this side. What the mail server says may repeat an address.
fn cause(error: &Error) -> Option<String> {
    let is_answer = error.is_permanent() || error.is_transient() || error.is_response();
    let is_ours = !is_answer && !error.is_client();
    is_ours.then(|| error.source().map_or_else(|| "no connection".to_owned(), ToString::to_string))
}

fn tls_parameters(host: &str, authority: Option<&PathBuf>) -> Result<TlsParameters, ConfigError> {
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(path) = authority {
        let certificates = Certificate::from_pem(&authorities(path)?);
        let certificates = certificates.map_err(|_| ConfigError::Authority(path.clone()))?;
        parameters =
            parameters.certificate_store(CertificateStore::None).add_root_certificate(certificates);
    }
    let authority = || authority.cloned().unwrap_or_default();
    parameters.build_rustls().map_err(|_| ConfigError::Authority(authority()))
}

impl Mailer {
    /// Starts the thread.
    pub(super) fn start(post: Post) -> io::Result<Self> {
        let (letters, waiting) = mpsc::channel(WAITING);
        let metrics = post.audit.metrics().clone();
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new().name("mail".to_owned());
        thread.spawn(move || runtime.block_on(run(Arc::new(post), waiting)))?;
        Ok(Self { letters, metrics })
    }

    /// Leaves a letter to the thread.
    pub(super) fn send(&self, letter: Letter) {
        if self.letters.try_send(letter).is_err() {
            self.metrics.mailed(Mail::Lost);
            tracing::error!("too many confirmations wait to be mailed: one is lost");
        }
    }
}

async fn run(post: Arc<Post>, mut waiting: mpsc::Receiver<Letter>) {
    let connections = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = JoinSet::new();
    while let Some(letter) = waiting.recv().await {
        while under_way.try_join_next().is_some() {}
        if !post.allowed.has(&letter.to) {
            post.mailed(Mail::NotAllowed);
            continue;
        }
        if under_way.len() >= WAITING {
            post.mailed(Mail::Lost);
            tracing::error!("too many confirmations wait to be mailed: one is lost");
            continue;
        }
        let (post, connections) = (Arc::clone(&post), Arc::clone(&connections));
        under_way.spawn(async move { post.deliver(letter, &connections).await });
    }
}
