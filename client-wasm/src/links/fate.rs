//! What became of a link, in words.

use super::now;
use crate::{owned::OwnedLink, words};
use waxseal_core::{
    time::Timestamp,
    wire::{BatchStatus, ShareState, Status, Views},
};

/// How a row looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// It can be opened.
    Live,
    /// It was opened, as it was meant to be.
    Opened,
    /// It is over.
    Over,
    /// The owner should look into it.
    Bad,
    /// Nothing is known.
    Unknown,
}

/// A fate in words.
pub(super) struct Fate {
    pub(super) look: Look,
    /// What happened.
    pub(super) state: String,
    /// What else there is to know.
    pub(super) detail: String,
    /// When it was opened, ascending.
    pub(super) opened: Vec<Timestamp>,
    /// Whether that was before it was sent.
    pub(super) early: bool,
    /// When it expires, where it still can be opened.
    pub(super) until: Option<Timestamp>,
    /// Whether it is a request with an answer that may be opened.
    pub(super) answered: bool,
}

impl Look {
    /// The value of `data-fate`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Opened => "opened",
            Self::Over => "over",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether nothing can come of it any more.
pub(super) fn is_over(link: &OwnedLink, status: &BatchStatus) -> bool {
    match status {
        BatchStatus::Known(status) => {
            // What answers a request may wait to be opened.
            let waits = status.answer.as_ref().is_some_and(|answer| !has_passed(answer.expires_at));
            let ended = !matches!(
                status.state,
                ShareState::Live | ShareState::Staged | ShareState::Pending
            );
            ended && !waits
        }
        // A server forgets what expired long ago. What has not may be known to another server.
        BatchStatus::Unknown { .. } => link.expires_at.is_none_or(|at| at < now()),
    }
}

/// Whether it can be opened, or will be.
pub(super) fn can_be_revoked(_: &OwnedLink, status: &BatchStatus) -> bool {
    matches!(
        status,
        BatchStatus::Known(Status {
            state: ShareState::Live | ShareState::Pending | ShareState::Staged,
            ..
        })
    )
}

/// What to say of a link.
pub(super) fn of(link: &OwnedLink, status: Option<&BatchStatus>) -> Fate {
    let mut fate = match status {
        None => plain(Look::Unknown, "…", ""),
        Some(BatchStatus::Known(status)) if link.request.is_some() => request(status),
        Some(BatchStatus::Known(status)) => known(status),
        Some(unknown) if is_over(link, unknown) => {
            plain(Look::Over, "Over", "The server no longer knows it.")
        }
        Some(BatchStatus::Unknown { .. }) => {
            plain(Look::Unknown, "Unknown", "This server does not know it, or no longer.")
        }
    };
    fate.early = fate.opened.first().is_some_and(|first| link.was_early(*first));
    if fate.early {
        fate.look = Look::Bad;
    }
    fate
}

fn known(status: &Status) -> Fate {
    let opened = status.opened_at.clone();
    let times = words::plural(opened.len() as u64, "time");
    let last = opened.last().map(|at| words::date(*at));
    let on = |time: Option<Timestamp>| {
        time.map(|at| format!(" {}", words::date(at))).unwrap_or_default()
    };
    let before = match &last {
        None => "Nobody opened it.".to_owned(),
        Some(last) if opened.len() == 1 => format!("It was opened before, {last}."),
        Some(last) => format!("It was opened {times} before, last {last}."),
    };
    let (look, state, detail) = match status.state {
        ShareState::Live => match &last {
            None => (Look::Live, "Waiting".to_owned(), views(status)),
            Some(last) if opened.len() == 1 => {
                (Look::Live, format!("Opened {last}"), views(status))
            }
            Some(last) => (Look::Live, format!("Opened {times}, last {last}"), views(status)),
        },
        ShareState::Opened => match &last {
            Some(last) if opened.len() > 1 => (
                Look::Opened,
                format!("Opened {times}, last {last}"),
                "No view is left.".to_owned(),
            ),
            _ => (Look::Opened, format!("Opened{}", on(opened.last().copied())), String::new()),
        },
        ShareState::Expired => (Look::Over, format!("Expired{}", on(status.expires_at)), before),
        ShareState::Revoked => (Look::Over, format!("Revoked{}", on(status.revoked_at)), before),
        ShareState::Burned => (
            Look::Bad,
            "Burned by wrong passphrases".to_owned(),
            format!("After ten of them the item was destroyed. {before}"),
        ),
        ShareState::Pending => {
            (Look::Unknown, "Not confirmed yet".to_owned(), "Nobody can open it.".to_owned())
        }
        ShareState::Staged | ShareState::Answered | ShareState::Unknown => {
            (Look::Unknown, "Not finished".to_owned(), "Nobody can open it.".to_owned())
        }
    };
    let until = status.expires_at.filter(|_| status.state == ShareState::Live);
    Fate { look, state, detail, opened, early: false, until, answered: false }
}

/// What to say of a request.
fn request(status: &Status) -> Fate {
    let on = |time: Option<Timestamp>| {
        time.map(|at| format!(" {}", words::date(at))).unwrap_or_default()
    };
    const NOBODY: &str = "Nobody answered it.";
    let (look, state, detail) = match (status.state, &status.answer) {
        (_, Some(answer)) if has_passed(answer.expires_at) => (
            Look::Over,
            format!("Answered {}", words::date(answer.at)),
            format!("The answer expired {}.", words::date(answer.expires_at)),
        ),
        (_, Some(answer)) => (
            Look::Opened,
            format!("Answered {}", words::date(answer.at)),
            format!("You can open it only 1 time, until {}.", words::date(answer.expires_at)),
        ),
        (ShareState::Live, _) => (Look::Live, "Waiting for an answer".to_owned(), String::new()),
        (ShareState::Expired, _) => {
            (Look::Over, format!("Expired{}", on(status.expires_at)), NOBODY.to_owned())
        }
        (ShareState::Revoked, _) => {
            (Look::Over, format!("Withdrawn{}", on(status.revoked_at)), NOBODY.to_owned())
        }
        _ => return known(status),
    };
    let until = status.expires_at.filter(|_| status.state == ShareState::Live);
    let opened = Vec::new();
    let answered = look == Look::Opened;
    Fate { look, state, detail, opened, early: false, until, answered }
}

/// How often it can be opened, and how often its passphrase was not known.
fn views(status: &Status) -> String {
    let views = match (status.views, status.views_left) {
        (Some(Views::ONE), _) => "Can be viewed only 1 time.".to_owned(),
        (Some(views), Some(left)) => format!("{left} of {} views left.", views.get()),
        _ => "Can be viewed any number of times.".to_owned(),
    };
    match u64::from(status.failed_passphrases) {
        0 => views,
        count => format!("{views} {} so far.", words::plural(count, "wrong passphrase")),
    }
}

/// “Expires in 23 hours”, to the second in the last hour.
pub(super) fn countdown(until: Timestamp) -> String {
    let left = until.since(now());
    let (minutes, seconds) = (left.as_secs() / 60, left.as_secs() % 60);
    match minutes {
        0 => format!("Expires in {seconds} s."),
        1..60 => format!("Expires in {minutes} min {seconds} s."),
        _ => format!("Expires in {}.", words::span(left)),
    }
}

/// Whether the time is over.
pub(super) fn has_passed(until: Timestamp) -> bool {
    until <= now()
}

fn plain(look: Look, state: &str, detail: &str) -> Fate {
    Fate {
        look,
        state: state.to_owned(),
        detail: detail.to_owned(),
        opened: Vec::new(),
        early: false,
        until: None,
        answered: false,
    }
}
