//! `waxseal verify`: whether a server serves the web client of its version, and nothing else.
//!
//! Invariant: what is compared is what a browser would run: every file as it comes in each encoding, unpacked,
//! and the headers that hold browsers to it. What is served is never believed about itself.

mod compare;
mod manifest;
mod visit;

use crate::{
    App,
    api::{Api, Patience},
    args,
    failure::{Failure, Kind},
    words::visible,
};
use compare::{Difference, compare};
use manifest::{File, Manifest};
use serde::Serialize;
use std::fs;
use visit::{Answer, ENCODINGS};
use waxseal_core::wire::to_json;

/// Where a server has the manifest of its version.
const SERVED: &str = "/.well-known/waxseal-manifest.json";
/// No manifest is longer, in bytes.
const LONGEST: u64 = 1 << 20;

/// What `--json` prints.
#[derive(Serialize)]
struct Verified<'a> {
    server: &'a str,
    version: &'a str,
    files: usize,
    /// Paths of what the server has switched off.
    absent: Vec<&'a str>,
    warnings: Vec<String>,
}

/// Runs it.
pub(crate) fn run(app: &App, args: &args::Verify) -> Result<(), Failure> {
    let server = app.settings.server(args.server.as_deref())?;
    let manifest = match &args.manifest {
        Some(path) => {
            let named = |why: &dyn std::fmt::Display| {
                Failure::new(Kind::Source, format!("{}: {why}", path.display()))
            };
            let text = fs::read_to_string(path).map_err(|error| named(&error))?;
            Manifest::read(&text).map_err(|error| named(&error))?
        }
        None => Manifest::built_in().map_err(|error| {
            Failure::new(
                Kind::Usage,
                format!("{error}; name a release’s manifest: --manifest FILE"),
            )
        })?,
    };
    let api = Api::new(&server);
    let visit = |path: &str, encoding: &str, limit: u64| -> Result<Answer, Failure> {
        let get = || visit::get(&api, path, encoding, limit);
        Ok(Patience::new(app.first_contact(), |_| {}).until(get)?)
    };
    is_its_version(&visit(SERVED, "identity", LONGEST)?, &manifest)?;
    if server.is_exposed() {
        app.ui.warn(
            "this connection is not encrypted: others get what anybody on the way puts there",
        );
    }
    let mut absent = Vec::new();
    for file in &manifest.files {
        for encoding in ENCODINGS {
            let answer = visit(&file.path, encoding, file.longest())?;
            if file.optional && answer.status == 404 {
                absent.push(file.path.as_str());
                break;
            }
            compare(&manifest, file, &answer).map_err(|why| differs(file, encoding, &why))?;
        }
    }
    let (files, version) = (manifest.files.len() - absent.len(), manifest.waxseal.as_str());
    app.ui.say(&format!("{server} serves the web client of version {version}: {files} files"));
    for path in &absent {
        app.ui.say(&format!("{path} is switched off"));
    }
    if app.ui.json {
        let warnings = app.ui.warnings();
        let verified = Verified { server: server.origin(), version, files, absent, warnings };
        app.ui.print(&format!("{}\n", to_json(&verified)))?;
    }
    Ok(())
}

/// Whether the server says that it is of the manifest's version: what it says first, and no more than that.
fn is_its_version(served: &Answer, manifest: &Manifest) -> Result<(), Failure> {
    let text = String::from_utf8_lossy(&served.body);
    let theirs = Manifest::version_in(&text).filter(|_| served.status == 200);
    match theirs {
        Some(version) if version == manifest.waxseal => Ok(()),
        Some(version) => Err(Failure::new(
            Kind::Failed,
            format!(
                "the server says that it runs version {}, and this is the manifest of {}: take the one of \
                 that version’s release, with --manifest FILE",
                visible(&version),
                manifest.waxseal
            ),
        )),
        None => Err(Failure::new(
            Kind::Failed,
            format!(
                "there is no manifest at {SERVED}: no Waxseal server, or one from before there were any"
            ),
        )),
    }
}

fn differs(file: &File, encoding: &str, why: &Difference) -> Failure {
    let path = &file.path;
    let message = visible(&format!("{path}, asked for as {encoding}: {why}"));
    Failure { path: Some(path.clone()), ..Failure::new(Kind::Differs, message) }
}
