//! `waxseal send`: composes, seals, uploads, and prints the link.
//!
//! Invariant: a link is printed only once its share can be opened; what was stored for one that never
//! will be is taken back.

mod compose;
mod identity;
mod lock;
mod sources;
mod terms;
mod upload;

use crate::{
    App,
    api::{Api, Patience},
    args,
    failure::{Failure, Kind},
    owned::{self, Record},
    qr,
};
use getrandom::SysRng;
use serde::Serialize;
use sources::Sources;
use std::io::{self, IsTerminal};
use waxseal_core::{
    body::{BodyPlan, SealError},
    keys::LinkKeys,
    link::LinkSecret,
    manifest::{Manifest, ManifestError, SealedPolicy},
    time::Timestamp,
    token::{OwnerToken, Proof, ShareId},
    wire::{CreateRequest, OwnedShare, ShareReceipt, ShareState, Views, to_json},
};

/// What `--json` prints.
#[derive(Serialize)]
struct Sent<'a> {
    id: ShareId,
    link: &'a str,
    expires_at: Option<Timestamp>,
    views: Option<Views>,
    owner: &'a OwnerToken,
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase: Option<&'a str>,
    warnings: Vec<String>,
}

/// Runs it.
pub(crate) fn run(app: &App, args: &args::Send) -> Result<(), Failure> {
    let server = app.settings.server(args.server.as_deref())?;
    let (text, files) = compose::split(&args.files);
    let sources = Sources::look_at(&files)?;
    let api = Api::new(&server);
    let policy = Patience::new(app.first_contact(), |_| {}).until(|| api.policy())?;
    if server.is_exposed() && !policy.allow_insecure_http {
        return Err(Failure::new(
            Kind::Insecure,
            format!(
                "{server} is not encrypted: anyone on the network could read what you share; use its https address"
            ),
        ));
    }
    let grant = identity::grant(&policy)?;
    let terms = terms::Terms::choose(args, &policy)?;
    terms::check_size(sources.bytes(), &policy)?;
    let lock = lock::Lock::choose(&app.ui, args, &policy)?;

    let sealed = SealedPolicy { views: terms.views, expires_in: terms.expires_in };
    let manifest = Manifest {
        title: args.title.clone(),
        from: args.from.clone().unwrap_or_else(|| app.settings.from.clone()),
        fields: compose::fields(&app.ui, args, text, sources.is_empty())?,
        files: sources.files(),
        policy: Some(sealed),
    };
    let secret = LinkSecret::generate(&mut SysRng).map_err(no_random)?;
    let owner = OwnerToken::generate(&mut SysRng).map_err(no_random)?;
    let keys = LinkKeys::derive(&secret);
    let (key, proof) = keys.body_with(lock.passphrase.as_ref());
    let plan = BodyPlan::new(&key, &manifest, &mut SysRng).map_err(unsealable)?;
    let request = CreateRequest {
        passphrase_hash: proof.as_ref().map(Proof::hash),
        ..CreateRequest::new(&keys, &owner, plan.size(), sealed)
    };

    let share = OwnedShare { id: keys.id, owner };
    let receipt = upload::Upload::new(app, &api, &plan, &sources, &share)
        .run(request, grant.as_ref().map(|grant| grant.as_str()))?;
    if receipt.state != ShareState::Live {
        return Err(Failure::new(Kind::Failed, "the server took it, but it cannot be opened"));
    }
    if !args.forget {
        let label = args.label.clone().unwrap_or_else(|| compose::label(&manifest));
        let record = Record::new(&share, server.clone(), label, receipt.expires_at);
        if let Err(error) = owned::keep(&app.places, &record) {
            app.ui.warn(&format!("it can be looked after with --json's `owner` alone: {error}"));
        }
    }
    let link = secret.to_link(server.origin());
    tell(app, args, &lock, &link, &terms, &share, &receipt)
}

fn tell(
    app: &App,
    args: &args::Send,
    lock: &lock::Lock,
    link: &str,
    terms: &terms::Terms,
    share: &OwnedShare,
    receipt: &ShareReceipt,
) -> Result<(), Failure> {
    let generated = lock.generated.as_ref().map(|text| text.as_str());
    if app.ui.json {
        let sent = Sent {
            id: share.id,
            link,
            expires_at: receipt.expires_at,
            views: terms.views,
            owner: &share.owner,
            passphrase: generated,
            warnings: app.ui.warnings(),
        };
        app.ui.print(&format!("{}\n", to_json(&sent)))?;
    } else {
        app.ui.print(&format!("{link}\n"))?;
    }
    if args.qr {
        let coloured = io::stderr().is_terminal();
        app.ui.error_line(qr::code(link, coloured).trim_end_matches('\n'));
    }
    app.ui.say(&terms.in_words(receipt.expires_at));
    if let (Some(passphrase), false) = (generated, app.ui.json) {
        app.ui.error_line(&format!("Passphrase, to be sent another way: {passphrase}"));
    }
    app.ui.say("Anyone with the link can open it: send it through an encrypted channel.");
    Ok(())
}

/// A problem with what is to be sealed.
fn unsealable(error: SealError) -> Failure {
    match error {
        SealError::Manifest(ManifestError::TooLong) => Failure::new(
            Kind::Source,
            "the text is longer than 512 KiB: put it into a file and send that",
        ),
        SealError::Manifest(error) => Failure::new(Kind::Source, error.to_string()),
        SealError::FileChanged => sources::changed("a file"),
        SealError::Rng(error) => Failure::new(Kind::Failed, format!("no random numbers: {error}")),
    }
}

fn no_random(error: getrandom::Error) -> Failure {
    Failure::new(Kind::Failed, format!("no random numbers: {error}"))
}
