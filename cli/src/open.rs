//! `waxseal open`: claims, shows, saves, and only then says that all was received.
//!
//! Invariant: a share is acknowledged once everything that was asked for is on the disk or was taken
//! by standard output; until then the same command carries on with the same claim.

mod claim;
mod download;
mod names;
mod place;
mod saving;
mod show;
mod slot;

use crate::{
    App,
    api::{Api, Patience, Refused},
    args,
    failure::{Failure, Kind},
    interrupt,
    settings::ServerUrl,
    words,
};
use claim::{Opened, Opening};
use place::Place;
use saving::{Saved, Saving};
use std::time::Duration;
use waxseal_core::{
    keys::LinkKeys,
    link::{FoundLink, LinkError},
    time::Timestamp,
    wire::ProblemType,
};
use zeroize::Zeroizing;

/// How long to try to acknowledge: without it the server waits for its lease to end.
const ACKNOWLEDGING: Duration = Duration::from_secs(10);
/// What a sender's and a server's clock may differ by.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60 * 60);

/// Runs it.
pub(crate) fn run(app: &App, args: &args::Open) -> Result<(), Failure> {
    let address = Zeroizing::new(match args.link.as_deref() {
        None | Some("-") => app.ui.line("Link: ")?,
        Some(link) => link.to_owned(),
    });
    let found = FoundLink::in_address(&address).map_err(damaged_link)?;
    let server = ServerUrl::of_link(&address)
        .map_err(|error| Failure::new(Kind::DamagedLink, format!("this is no link: {error}")))?;
    if found.exposed {
        app.ui.warn("something on its way rewrote this link and could read its key");
    }
    if server.is_exposed() {
        app.ui.warn("this connection is not encrypted: others on the network can take this share");
    }
    let keys = LinkKeys::derive(&found.secret);
    let mut place = Place::enter(&app.places, keys.id)?;
    let api = Api::new(&server);
    let opened = Opening::new(app, args, &api, &keys).run(&mut place)?;
    app.warn_of_other_terms(&opened);

    let result = received(app, args, &api, &keys, &mut place, &opened);
    if let Err(failure) = &result
        && matches!(
            failure.kind,
            Kind::ClaimOver | Kind::Opened | Kind::Expired | Kind::Revoked | Kind::Unknown
        )
    {
        place.abandon();
    }
    result.map_err(|failure| match failure.kind {
        Kind::Unreachable | Kind::Interrupted | Kind::Disk | Kind::Cancelled => {
            let failure = if failure.kind == Kind::Unreachable {
                Failure { kind: Kind::Interrupted, ..failure }
            } else {
                failure
            };
            failure.and(&carry_on(opened.lease))
        }
        _ => failure,
    })
}

/// Shows and saves what was opened, and says so to the server.
fn received(
    app: &App,
    args: &args::Open,
    api: &Api,
    keys: &LinkKeys,
    place: &mut Place,
    opened: &Opened,
) -> Result<(), Failure> {
    let files = &opened.head.manifest.files;
    if !app.ui.json {
        show::fields(&app.ui, &opened.head.manifest)?;
    }
    let saved = if files.is_empty() || args.text_only {
        Vec::new()
    } else {
        let _careful = interrupt::careful();
        let saving = Saving::begin(&args.out, args.force, opened, place)?;
        download::run(app, api, keys.id, opened, &saving, place)?;
        saving.finished(files.iter().map(|file| file.size))?
    };
    tell(app, opened, &saved)?;
    if args.text_only && !files.is_empty() {
        let waiting = words::count(files.len(), "file");
        app.ui.say(&format!("{waiting} not saved{}", carry_on(opened.lease)));
        return Ok(());
    }
    let patience = Patience::new(ACKNOWLEDGING, |_| {}).after_a_signal();
    match patience.until(|| api.acknowledge(keys.id, &opened.claim)) {
        Ok(()) => {}
        // Where there are no leases a claim is over once it is answered.
        Err(Refused::Error(error)) if error.is(ProblemType::ClaimOver) => {}
        Err(_) => app
            .ui
            .say("The server could not be told that all was received; it will notice by itself."),
    }
    place.leave();
    Ok(())
}

fn tell(app: &App, opened: &Opened, saved: &[Saved]) -> Result<(), Failure> {
    for file in saved.iter().filter(|file| file.risky) {
        let path = words::visible(&file.path.to_string_lossy());
        app.ui
            .warn(&format!("opening {path} may run a program; do so only if you trust the sender"));
    }
    if app.ui.json {
        return show::json(&app.ui, opened, saved);
    }
    for file in saved {
        let path = words::visible(&file.path.to_string_lossy());
        let instead = if file.renamed { ", since there is a file of that name" } else { "" };
        app.ui.say(&format!("Saved {path} ({}){instead}", words::size(file.size)));
    }
    match opened.views_left {
        Some(0) => app.ui.say("It cannot be viewed again."),
        Some(left) => {
            app.ui.say(&format!("It can be viewed {} more.", words::count(left as usize, "time")))
        }
        None => {}
    }
    Ok(())
}

impl App {
    /// Warns if the server lets it be opened longer or more often than the sender chose.
    fn warn_of_other_terms(&self, opened: &Opened) {
        let Some(policy) = opened.head.manifest.policy else { return };
        let latest = words::now().after(policy.expires_in.duration() + CLOCK_TOLERANCE);
        let before = opened.views_left.map(|left| left + 1);
        let views = match (policy.views, before) {
            (None, None) => true,
            (Some(chosen), Some(before)) => before <= chosen.get(),
            _ => false,
        };
        if !views || opened.expires_at > latest {
            self.ui.warn(
                "the server lets it be opened longer or more often than its sender chose: tell them",
            );
        }
    }
}

/// How an opening is carried on.
fn carry_on(lease: Duration) -> String {
    let until: Timestamp = words::now().after(lease);
    format!("; the same command before {} carries on, and uses nothing up", words::time(until))
}

fn damaged_link(error: LinkError) -> Failure {
    let message =
        format!("{error}: copy all of it, or ask the sender for it again; nothing was used up");
    Failure::new(Kind::DamagedLink, message)
}
