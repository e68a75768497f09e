//! The mail that asks for a confirmation.
//!
//! Invariant: of the share it has its name and the token to confirm it with, both in the link's
//! fragment: no title, no link to the share, no key, and not the number either.

use super::{PublicUrl, mailer::Letter};
use anyhow::Context;
use getrandom::{SysRng, rand_core::TryRng};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use waxseal_core::{base64url, confirmation::CONFIRM_PATH};

const SUBJECT: &str = "Action required: Confirm your identity";

/// Writes it.
pub(super) fn compose(letter: &Letter, from: &Mailbox, url: &PublicUrl) -> anyhow::Result<Message> {
    let to = Address::new(letter.to.local(), letter.to.domain()).context("no address for mail")?;
    let link = format!("{url}{CONFIRM_PATH}#{}", *letter.link.fragment());
    // Hours and minutes of an RFC 3339 time.
    let time = letter.until.to_string();
    let until = time.get(11..16).unwrap_or_default();
    let session = letter.session.map(|lasts| {
        let lasts = humantime::format_duration(lasts);
        format!(
            "Your confirmation also lets their browser share further items, for {lasts} from then on, \
             without another mail."
        )
    });
    let mut unique = [0; 16];
    SysRng.try_fill_bytes(&mut unique)?;
    let id = format!("<{}@{}>", base64url::encode(&unique), from.email.domain());
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    Ok(Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(SUBJECT)
        .message_id(Some(id))
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(
            text(&link, url.host(), until, session.as_deref()),
            html(&link, url.host(), until, session.as_deref()),
        ))?)
}

fn text(link: &str, host: &str, until: &str, session: Option<&str>) -> String {
    let session = session.map_or_else(String::new, |session| format!("{session}\n\n"));
    format!(
        "Confirm your identity\n\n\
         Somebody wants to share an item by {host} and says that this address is theirs.\n\n\
         If that is you: open this link, type the two digits that {host} shows you where you share \
         the item, and press \"Confirm my identity\".\n\n\
         {link}\n\n\
         The link works until {until} UTC, and once. Opening it alone confirms nothing.\n\n\
         {session}\
         If it is not you: open the link and press \"This wasn't me\", or ignore this mail. Nothing \
         is shared without your confirmation. Do not pass the link on, and do not type digits that \
         somebody tells you.\n"
    )
}

fn html(link: &str, host: &str, until: &str, session: Option<&str>) -> String {
    let session = session.map_or_else(String::new, |session| format!("<p>{session}</p>\n"));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <title>Confirm your identity</title></head>\n\
         <body style=\"font-family: sans-serif; line-height: 1.5; max-width: 36em; margin: 1em auto\">\n\
         <h1 style=\"font-size: 1.3em\">Confirm your identity</h1>\n\
         <p>Somebody wants to share an item by {host} and says that this address is theirs.</p>\n\
         <p><strong>If that is you:</strong> press this button, and type the two digits that {host} \
         shows you where you share the item.</p>\n\
         <p><a href=\"{link}\" style=\"display: inline-block; padding: 0.7em 1.2em; border-radius: 0.4em; \
         background: #8c1c13; color: #ffffff; text-decoration: none\">Confirm my identity</a></p>\n\
         <p>It works until {until} UTC, and once. Opening it alone confirms nothing.</p>\n\
         {session}\
         <p><strong>If it is not you:</strong> press it and choose \u{201c}This wasn\u{2019}t \
         me\u{201d}, or ignore this mail. Nothing is shared without your confirmation. Do not pass \
         this mail on, and do not type digits that somebody tells you.</p>\n\
         </body>\n</html>\n"
    )
}
