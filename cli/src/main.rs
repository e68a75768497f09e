//! `waxseal`: sends, opens and looks after shares from a command line.
//!
//! Invariant: standard output gets what was asked for and nothing else; every failure has a kind, and
//! every kind an exit code (`docs/cli.md`).
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its terminal")]

mod api;
mod args;
mod failure;
mod interrupt;
mod look_after;
mod open;
mod owned;
mod places;
mod qr;
mod send;
mod settings;
mod takedown;
mod ui;
mod verify;
mod words;

use args::{Cli, Command, Common};
use clap::Parser;
use failure::Failure;
use places::Places;
use serde::Serialize;
use settings::Settings;
use std::{process::ExitCode, time::Duration};
use ui::Ui;
use waxseal_core::wire::to_json;

/// What every command has at hand.
struct App {
    ui: Ui,
    settings: Settings,
    places: Places,
}

/// What `--json` prints of a failure.
#[derive(Serialize)]
struct Failed<'a> {
    error: &'a Failure,
    warnings: Vec<String>,
}

impl App {
    fn new(ui: Ui, common: &Common) -> Result<Self, (Ui, Failure)> {
        let places = match Places::find() {
            Ok(places) => places,
            Err(failure) => return Err((ui, failure)),
        };
        match Settings::load(common, &places) {
            Ok(settings) => Ok(Self { ui, settings, places }),
            Err(failure) => Err((ui, failure)),
        }
    }

    /// How long to try a first request, before which nothing can be lost.
    fn first_contact(&self) -> Duration {
        self.settings.retry_for.min(Duration::from_secs(3))
    }
}

fn main() -> ExitCode {
    let Cli { common, command } = Cli::parse();
    interrupt::install();
    let ui = Ui::new(common.json, common.quiet);
    let app = match App::new(ui, &common) {
        Ok(app) => app,
        Err((ui, failure)) => return fail(&ui, &failure),
    };
    let done = match command {
        Command::Send(args) => send::run(&app, &args),
        Command::Open(args) => open::run(&app, &args),
        Command::Status(args) => look_after::status(&app, &args),
        Command::List(args) => look_after::list(&app, &args),
        Command::Revoke(args) => look_after::revoke(&app, &args),
        Command::Takedown(args) => takedown::run(&app, &args),
        Command::Verify(args) => verify::run(&app, &args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => fail(&app.ui, &failure),
    }
}

/// Tells of a failure and gives its exit code.
fn fail(ui: &Ui, failure: &Failure) -> ExitCode {
    if failure.told {
        return ExitCode::from(failure.kind.code());
    }
    if ui.json {
        let failed = Failed { error: failure, warnings: ui.warnings() };
        // Where standard output is closed, the exit code alone says it.
        let _ = ui.print(&format!("{}\n", to_json(&failed)));
    } else {
        ui.error_line(&format!("error: {failure}"));
    }
    ExitCode::from(failure.kind.code())
}
