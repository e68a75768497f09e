//! The events, with the names and fields that docs/audit.md promises.

use serde::Serialize;
use waxseal_core::{layout::BodySize, time::Timestamp};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// The server has a share that it did not have.
    Created {
        /// Of the ciphertext, padding included.
        size: BodySize,
        /// In seconds, from the publication.
        expires_in: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        views: Option<u32>,
        passphrase: bool,
        /// Whether it asks for a secret. Lines do not tell.
        #[serde(skip)]
        request: bool,
    },
    /// From now on its link opens it.
    Published {
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    /// A claim was given the seal.
    Opened {
        #[serde(skip_serializing_if = "Option::is_none")]
        views_left: Option<u32>,
    },
    /// The claim's recipient has everything.
    Acknowledged,
    /// Its owner took it back.
    Revoked,
    /// Somebody who has the link gave a wrong passphrase.
    PassphraseFailed { tries_left: u32 },
    /// The wrong passphrase, or number, was the last one.
    Burned,
    /// Its time was over, or that to confirm it.
    Expired,
    /// A mail server took the mail that asks its owner.
    ConfirmationSent,
    /// Its owner gave the right number.
    Confirmed,
    /// Somebody who has the mail gave a wrong number.
    ConfirmationFailed { tries_left: u32 },
    /// Whoever got the mail says that it was not them.
    Denied,
    /// The operator took it down.
    TakenDown,
    /// Somebody who has the link of a request answered it, with another share.
    Answered,
}

impl Event {
    /// Each name.
    pub(crate) const NAMES: [&str; 14] = [
        "created",
        "published",
        "opened",
        "acknowledged",
        "revoked",
        "passphrase_failed",
        "burned",
        "expired",
        "confirmation_sent",
        "confirmed",
        "confirmation_failed",
        "denied",
        "taken_down",
        "answered",
    ];

    /// As lines have it.
    pub(crate) const fn name(&self) -> &'static str {
        Self::NAMES[match self {
            Self::Created { .. } => 0,
            Self::Published { .. } => 1,
            Self::Opened { .. } => 2,
            Self::Acknowledged => 3,
            Self::Revoked => 4,
            Self::PassphraseFailed { .. } => 5,
            Self::Burned => 6,
            Self::Expired => 7,
            Self::ConfirmationSent => 8,
            Self::Confirmed => 9,
            Self::ConfirmationFailed { .. } => 10,
            Self::Denied => 11,
            Self::TakenDown => 12,
            Self::Answered => 13,
        }]
    }

    /// Whether a share was made that asks for a secret.
    pub(crate) const fn is_new_request(&self) -> bool {
        matches!(self, Self::Created { request: true, .. })
    }
}

/// An event and whom it is about.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) time: Timestamp,
    #[serde(flatten)]
    pub(super) event: &'a Event,
    pub(super) share: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub: Option<String>,
}

impl Line<'_> {
    /// With its end. Whatever is in it, JSON has no line break in a text.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut json = serde_json::to_vec(self).expect("texts and numbers are JSON");
        json.push(b'\n');
        json
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// One of each, as the match knows: a new one does not compile before it is here.
    fn every() -> Vec<Event> {
        let size = BodySize::of_plaintext(1024).expect("a possible length");
        let at = Timestamp::from_unix_millis(0);
        let mut events = vec![Event::Created {
            size,
            expires_in: 60,
            views: None,
            passphrase: false,
            request: false,
        }];
        loop {
            let next = match events.last().expect("there is a first") {
                Event::Created { .. } => Event::Published { expires_at: Some(at) },
                Event::Published { .. } => Event::Opened { views_left: Some(0) },
                Event::Opened { .. } => Event::Acknowledged,
                Event::Acknowledged => Event::Revoked,
                Event::Revoked => Event::PassphraseFailed { tries_left: 9 },
                Event::PassphraseFailed { .. } => Event::Burned,
                Event::Burned => Event::Expired,
                Event::Expired => Event::ConfirmationSent,
                Event::ConfirmationSent => Event::Confirmed,
                Event::Confirmed => Event::ConfirmationFailed { tries_left: 2 },
                Event::ConfirmationFailed { .. } => Event::Denied,
                Event::Denied => Event::TakenDown,
                Event::TakenDown => Event::Answered,
                Event::Answered => return events,
            };
            events.push(next);
        }
    }

    #[test]
    fn the_documentation_lists_every_event_with_its_fields() {
        let document = include_str!("../../../docs/audit.md");
        let rows: BTreeSet<(String, BTreeSet<String>)> = document
            .lines()
            .filter_map(|line| {
                let mut cells = line.strip_prefix("| `")?.split('|');
                let name = cells.next()?.trim().trim_end_matches('`').to_owned();
                let fields = cells.nth(1)?.split('`').skip(1).step_by(2);
                Some((name, fields.map(str::to_owned).collect()))
            })
            .collect();
        let events = every().into_iter().map(|event| {
            let event = match event {
                Event::Created { size, expires_in, passphrase, .. } => {
                    Event::Created { size, expires_in, views: Some(1), passphrase, request: false }
                }
                other => other,
            };
            let json = serde_json::to_value(&event).expect("it is JSON");
            let mut fields: BTreeSet<_> =
                json.as_object().expect("an object").keys().cloned().collect();
            assert!(fields.remove("event"));
            (json["event"].as_str().expect("a text").to_owned(), fields)
        });
        assert_eq!(rows, events.collect());
    }

    #[test]
    fn metrics_call_events_as_lines_do() {
        let names = every().into_iter().map(|event| {
            let json = serde_json::to_value(&event).expect("it is JSON");
            assert_eq!(json["event"], event.name());
            event.name()
        });
        assert_eq!(names.collect::<BTreeSet<_>>(), Event::NAMES.into());
    }

    #[test]
    fn whatever_an_application_calls_its_users_a_line_is_one_line() {
        let line = Line {
            time: Timestamp::from_unix_millis(0),
            event: &Event::Revoked,
            share: String::new(),
            from: None,
            owner: None,
            sub: Some("a\nb\r\u{2028}\"}".to_owned()),
        };
        let json = line.to_json();
        assert_eq!(json.iter().filter(|byte| byte.is_ascii_control()).count(), 1);
        let read: serde_json::Value = serde_json::from_slice(&json).expect("it is JSON");
        assert_eq!(read["sub"], "a\nb\r\u{2028}\"}");
        assert_eq!(read["time"], "1970-01-01T00:00:00.000Z");
        assert_eq!(read.as_object().expect("an object").len(), 4);
    }
}
