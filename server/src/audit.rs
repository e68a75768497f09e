//! What happened to which share, told to the operator: a JSON object a line.
//!
//! Invariant: a line has no token, link, id, key or title; what it says of a share or of a person is a
//! pseudonym, unless the settings want addresses in clear. It is written once the store has said yes, before
//! the answer goes out, and once, however often the same is asked.

mod audited;
mod event;
mod names;
mod writer;

pub(crate) use audited::Audited;
pub(crate) use event::Event;
pub(crate) use names::{By, Owner};

use crate::{
    config::{AuditSettings, AuditTo, ConfigError},
    metrics::Metrics,
    store::{Clock, SystemClock},
};
use event::Line;
use names::Names;
use std::{path::PathBuf, sync::Arc, time::Duration};
use waxseal_core::token::ShareId;
use writer::{Place, Writer};

/// For what is still to be written when the server ends.
const LAST: Duration = Duration::from_secs(5);

/// Where it is told, if anywhere, and counted.
#[derive(Clone, Default)]
pub struct Audit {
    open: Option<Arc<Open>>,
    metrics: Metrics,
}

struct Open {
    names: Names,
    writer: Writer,
    file: Option<PathBuf>,
}

impl Audit {
    /// As the settings say, with its thread started.
    ///
    /// # Errors
    /// [`ConfigError`] for a file that cannot be written, or a key that is none.
    pub fn start(settings: &AuditSettings) -> Result<Self, ConfigError> {
        let (writer, file) = match &settings.audit {
            AuditTo::Off => return Ok(Self::default()),
            AuditTo::Stdout => (Writer::stdout()?, None),
            AuditTo::File(path) => {
                let opened = Writer::file(path.clone());
                let failed = |error| ConfigError::File(path.clone(), error);
                (opened.map_err(failed)?, Some(path.clone()))
            }
        };
        let names = Names::new(settings.key()?, settings.audit_addresses)?;
        let open = Some(Arc::new(Open { names, writer, file }));
        Ok(Self { open, ..Self::default() })
    }

    /// Counts what is told, also where it is told to nobody.
    #[must_use]
    pub fn counted(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// What counts it.
    pub(crate) const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Whether lines go to a file, which may be moved away.
    pub fn has_file(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.file.is_some())
    }

    /// Goes on in a new file of the same name, if the old one was moved away.
    pub fn reopen(&self) {
        if let Some(open) = &self.open {
            open.writer.reopen();
        }
    }

    /// A share has expired. Waits for nothing.
    pub fn expired(&self, id: ShareId) {
        self.metrics.told(&[Event::Expired]);
        if let Some(open) = &self.open {
            open.writer.leave(open.line(id, &By::default(), &Event::Expired));
        }
    }

    /// Waits until all is written, but not for ever.
    pub async fn settle(&self) {
        if let Some(open) = &self.open
            && tokio::time::timeout(LAST, open.writer.settle()).await.is_err()
        {
            tracing::error!("the last audit events may not have been written");
        }
    }

    /// A mail that asks an owner to confirm was taken by a mail server.
    pub(crate) async fn confirmation_sent(&self, id: ShareId, by: &By) {
        let place = self.place().await;
        self.tell(place, id, by, &[Event::ConfirmationSent]).await;
    }

    /// Whether anybody hears of anything.
    fn is_on(&self) -> bool {
        self.open.is_some() || self.metrics.is_on()
    }

    /// Waits for room, where lines are written.
    async fn place(&self) -> Option<Place> {
        match &self.open {
            Some(open) => Some(open.writer.place().await),
            None => None,
        }
    }

    /// Counts these events, and writes them.
    async fn tell(&self, place: Option<Place>, id: ShareId, by: &By, events: &[Event]) {
        self.metrics.told(events);
        if let (Some(open), Some(place)) = (&self.open, place) {
            open.tell(place, id, by, events).await;
        }
    }
}

impl Open {
    /// Writes these events.
    async fn tell(&self, place: Place, id: ShareId, by: &By, events: &[Event]) {
        let lines: Vec<u8> = events.iter().flat_map(|event| self.line(id, by, event)).collect();
        if !lines.is_empty() {
            self.writer.write(place, lines).await;
        }
    }

    fn line(&self, id: ShareId, by: &By, event: &Event) -> Vec<u8> {
        let (owner, sub) = self.names.owner(by.owner.as_ref());
        Line {
            time: SystemClock.now(),
            event,
            share: self.names.share(id),
            from: by.network.and_then(|network| self.names.network(network)),
            owner,
            sub,
        }
        .to_json()
    }
}
