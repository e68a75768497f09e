//! `waxseal takedown`: the operator of a server ends shares that are not theirs.
//!
//! Invariant: the operator's token goes to the server that the operator named, never to one that a
//! reported link names.

use crate::{
    App,
    api::{Api, Patience},
    args,
    failure::{Failure, Kind},
    ui::without_line_break,
};
use serde::Serialize;
use waxseal_core::{
    keys::LinkKeys,
    link::{FoundLink, LinkError},
    request::FoundRequest,
    token::{OperatorToken, ShareId},
    wire::to_json,
};
use zeroize::Zeroizing;

/// The variable that holds the token.
const TOKEN: &str = "WAXSEAL_OPERATOR_TOKEN";

/// What `--json` prints.
#[derive(Serialize)]
struct TakenDown {
    taken_down: Vec<ShareId>,
    warnings: Vec<String>,
}

/// Runs it.
pub(crate) fn run(app: &App, args: &args::Takedown) -> Result<(), Failure> {
    let mut shares =
        args.shares.iter().map(|share| share_id(share)).collect::<Result<Vec<_>, _>>()?;
    if shares.is_empty() {
        shares.push(share_id(&app.ui.line("Link or id: ")?)?);
    }
    let server = app.settings.server(args.server.as_deref())?;
    if server.is_exposed() {
        let message =
            "this connection is not encrypted: others on the network could take the token";
        return Err(Failure::new(Kind::Insecure, message));
    }
    let token = token(app)?;
    let api = Api::new(&server);
    for share in &shares {
        Patience::new(app.first_contact(), |_| {}).until(|| api.take_down(*share, &token))?;
        app.ui.say(&format!("{}: taken down", share.to_base64url()));
    }
    if app.ui.json {
        let taken_down = TakenDown { taken_down: shares, warnings: app.ui.warnings() };
        app.ui.print(&format!("{}\n", to_json(&taken_down)))?;
    }
    Ok(())
}

/// The share that a link leads to, or the request, or what an id names.
fn share_id(text: &str) -> Result<ShareId, Failure> {
    let text = text.trim();
    if let Ok(found) = FoundRequest::in_address(text) {
        return Ok(LinkKeys::of_request(&found.link).id);
    }
    match FoundLink::in_address(text) {
        Ok(found) => Ok(LinkKeys::derive(&found.secret).id),
        Err(LinkError::Missing) => text.parse().map_err(|_| {
            Failure::new(Kind::DamagedLink, "neither a link with its key nor the id of a share")
        }),
        Err(error) => Err(Failure::new(Kind::DamagedLink, error.to_string())),
    }
}

fn token(app: &App) -> Result<OperatorToken, Failure> {
    let text = match std::env::var(TOKEN) {
        Ok(text) if !text.is_empty() => Zeroizing::new(text),
        _ => {
            let missing =
                || Failure::new(Kind::Usage, format!("put the operator’s token in {TOKEN}"));
            app.ui.ask_hidden("Operator’s token: ", missing)?
        }
    };
    without_line_break(&text)
        .parse()
        .map_err(|_| Failure::new(Kind::Usage, "the operator’s token is 32 bytes in base64url"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_both_kinds_and_ids_name_what_to_take_down() {
        const REQUEST: &str = "AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fNYBy1jZYgNGu6jKa35EhODhR7SGijjt16WXQ0s0WYlSZHgE";
        const SHARE: &str = "AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fMTSv";
        for (text, id) in [
            (format!("https://waxseal.example/r#{REQUEST}"), "Rn9J8CKa6ACreaRn3cOGsQ"),
            (format!(" https://waxseal.example/s#{SHARE}."), "Gl2AADR2QK2VAr-jV2odeQ"),
            ("Gl2AADR2QK2VAr-jV2odeQ".to_owned(), "Gl2AADR2QK2VAr-jV2odeQ"),
        ] {
            assert_eq!(share_id(&text).ok().map(|found| found.to_base64url()).as_deref(), Some(id));
        }
        let damaged = format!("https://waxseal.example/r#{}", &REQUEST[1..]);
        assert!(share_id(&damaged).is_err());
    }
}
