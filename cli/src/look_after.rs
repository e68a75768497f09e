//! `waxseal status`, `list` and `revoke`: what became of shares made on this computer.
//!
//! Invariant: nothing is forgotten here that can still be opened.

use crate::{
    App,
    api::{Api, Patience},
    args,
    failure::{Failure, Kind},
    owned::{self, Record},
    settings::ServerUrl,
    words,
};
use serde::Serialize;
use waxseal_core::{
    time::Timestamp,
    token::ShareId,
    wire::{BATCH_LIMIT, BatchStatus, ShareState, Status, to_json},
};

/// A share and what the server says of it.
#[derive(Serialize)]
struct Row<'a> {
    id: ShareId,
    label: &'a str,
    server: &'a ServerUrl,
    sent_at: Timestamp,
    /// `unknown` as well where the server does not answer.
    state: ShareState,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
}

/// What `list --json` prints.
#[derive(Serialize)]
struct Rows<'a> {
    shares: Vec<Row<'a>>,
    warnings: Vec<String>,
}

/// `waxseal status`.
pub(crate) fn status(app: &App, args: &args::Which) -> Result<(), Failure> {
    let records = owned::all(&app.ui, &app.places)?;
    let record = owned::find(&records, &args.share)?;
    let mut rows = ask(app, std::slice::from_ref(record));
    let Some(row) = rows.pop() else { unreachable!("one share is one row") };
    if let Some(failure) = row.error {
        return Err(failure);
    }
    if app.ui.json {
        return app.ui.print(&format!("{}\n", to_json(&row)));
    }
    let mut text = format!("{}: {}\n", record.shown(), in_words(&row));
    text += &format!("  id           {}\n", record.id.to_base64url());
    text += &format!("  server       {}\n", record.server);
    text += &format!("  sent         {}\n", words::time(record.sent_at));
    if let Some(status) = &row.status {
        if let Some(at) = status.expires_at {
            text += &format!("  expires      {}\n", words::time(at));
        }
        for at in &status.opened_at {
            text += &format!("  opened       {}\n", words::time(*at));
        }
        if let Some(at) = status.revoked_at {
            text += &format!("  revoked      {}\n", words::time(at));
        }
        if status.failed_passphrases > 0 {
            text += &format!("  wrong passphrases  {}\n", status.failed_passphrases);
        }
    }
    app.ui.print(&text)
}

/// `waxseal list`.
pub(crate) fn list(app: &App, args: &args::List) -> Result<(), Failure> {
    let records = owned::all(&app.ui, &app.places)?;
    let mut rows = ask(app, &records);
    if args.prune {
        for row in rows.iter().filter(|row| is_over(row)) {
            owned::forget(&app.places, row.id)?;
        }
        rows.retain(|row| !is_over(row));
    }
    let failed = rows.iter().find_map(|row| row.error.clone());
    if app.ui.json {
        let rows = Rows { shares: rows, warnings: app.ui.warnings() };
        app.ui.print(&format!("{}\n", to_json(&rows)))?;
        // Each row says it; a script that looks at none must know that it is not all.
        return failed.map_or(Ok(()), |failure| Err(failure.told()));
    }
    if rows.is_empty() {
        app.ui.say("No shares were made on this computer.");
    }
    for row in &rows {
        let id = row.id.to_base64url();
        let label = words::visible(row.label);
        app.ui.print(&format!("{id}  {}  {label}\n", in_words(row)))?;
    }
    failed.map_or(Ok(()), Err)
}

/// `waxseal revoke`.
pub(crate) fn revoke(app: &App, args: &args::Revoke) -> Result<(), Failure> {
    let records = owned::all(&app.ui, &app.places)?;
    let wanted = if args.all {
        records.iter().collect()
    } else {
        args.shares.iter().map(|name| owned::find(&records, name)).collect::<Result<Vec<_>, _>>()?
    };
    if args.all && !args.yes && !wanted.is_empty() {
        if !app.ui.is_interactive() {
            let message = "revoking all is asked for with --yes where nobody can be asked";
            return Err(Failure::new(Kind::Usage, message));
        }
        let all = words::count(wanted.len(), "share");
        app.ui.confirm(&format!("Take {all} back? Their links will not work any more."))?;
    }
    let mut rows = Vec::new();
    let mut failed = None;
    for record in wanted {
        let api = Api::new(&record.server);
        let patience = Patience::new(app.first_contact(), |_| {});
        let mut row = Row::of(record);
        match patience.until(|| api.revoke(&record.share())) {
            Ok(status) => {
                row.state = status.state;
                row.status = Some(status);
                app.ui.say(&format!("{}: {}", record.shown(), in_words(&row)));
            }
            Err(refused) => {
                let failure = Failure::from(refused);
                if !app.ui.json {
                    app.ui.error_line(&format!("error: {}: {failure}", record.shown()));
                }
                failed = failed.or(Some(failure.clone()));
                row.error = Some(failure);
            }
        }
        rows.push(row);
    }
    if app.ui.json {
        let rows = Rows { shares: rows, warnings: app.ui.warnings() };
        app.ui.print(&format!("{}\n", to_json(&rows)))?;
    }
    failed.map_or(Ok(()), |failure| Err(failure.told()))
}

impl<'a> Row<'a> {
    fn of(record: &'a Record) -> Self {
        Self {
            id: record.id,
            label: &record.label,
            server: &record.server,
            sent_at: record.sent_at,
            state: ShareState::Unknown,
            status: None,
            error: None,
        }
    }
}

/// Asks each server once for every 200 shares.
fn ask<'a>(app: &App, records: &'a [Record]) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = records.iter().map(Row::of).collect();
    let mut servers: Vec<&ServerUrl> = Vec::new();
    for record in records {
        if !servers.contains(&&record.server) {
            servers.push(&record.server);
        }
    }
    for server in servers {
        let api = Api::new(server);
        let here: Vec<usize> =
            (0..records.len()).filter(|n| records[*n].server == *server).collect();
        for batch in here.chunks(BATCH_LIMIT) {
            let shares = || batch.iter().map(|n| records[*n].share()).collect();
            let patience = Patience::new(app.first_contact(), |_| {});
            match patience.until(|| api.statuses(shares())) {
                Ok(answer) => {
                    for status in answer.shares {
                        let BatchStatus::Known(status) = status else { continue };
                        let row = batch.iter().find(|n| records[**n].id == status.id);
                        if let Some(row) = row.map(|n| &mut rows[*n]) {
                            row.state = status.state;
                            row.status = Some(status);
                        }
                    }
                }
                Err(refused) => {
                    let failure = Failure::from(refused);
                    batch.iter().for_each(|n| rows[*n].error = Some(failure.clone()));
                }
            }
        }
    }
    rows
}

/// Whether it can never be opened again, or be opened by anyone who still may.
fn is_over(row: &Row<'_>) -> bool {
    use ShareState::{Burned, Expired, Opened, Revoked, Unknown};
    row.error.is_none() && matches!(row.state, Opened | Expired | Revoked | Burned | Unknown)
}

fn in_words(row: &Row<'_>) -> String {
    if row.error.is_some() {
        return "its server does not answer".to_owned();
    }
    let Some(status) = &row.status else {
        return "unknown to the server: it expired long ago".to_owned();
    };
    let last = status.opened_at.last().map(|at| format!(" {}", words::time(*at)));
    let views = match (status.opened_at.len(), status.views_left) {
        (0, None) => String::new(),
        (0, Some(1)) => ", 1 view left".to_owned(),
        (0, Some(left)) => format!(", {left} views left"),
        (opened, None) => format!(", opened {}", words::count(opened, "time")),
        (opened, Some(left)) => format!(", opened {}, {left} left", words::count(opened, "time")),
    };
    match status.state {
        ShareState::Live => match status.expires_at {
            Some(at) => format!("waiting until {}{views}", words::time(at)),
            None => format!("waiting{views}"),
        },
        ShareState::Opened => format!("opened{}", last.unwrap_or_default()),
        ShareState::Answered => "answered".to_owned(),
        ShareState::Expired => format!("expired{views}"),
        ShareState::Revoked => format!("revoked{views}"),
        ShareState::Burned => "destroyed by wrong passphrases".to_owned(),
        ShareState::Staged => "not complete".to_owned(),
        ShareState::Pending => "waiting to be confirmed".to_owned(),
        ShareState::Unknown => "unknown to the server".to_owned(),
    }
}
