//! Links of requests in addresses, and answers that another implementation sealed, whole and damaged.

use crate::{
    Group, equal,
    files::{ANSWER, File, REQUEST},
    hex,
};
use waxseal_core::{
    keys::LinkKeys,
    link::LinkError,
    request::{FoundRequest, RequestKey},
    token::ShareId,
};

pub(crate) fn links(group: &mut Group) {
    for (name, bytes) in REQUEST {
        group.case(name, File::parse(bytes).and_then(|file| link(&file)));
    }
}

fn link(file: &File<'_>) -> Result<(), String> {
    let found = FoundRequest::in_address(file.text("link")?);
    let outcome = match &found {
        Ok(found) if found.exposed => "exposed",
        Ok(_) => "ok",
        Err(LinkError::Missing) => "missing",
        Err(LinkError::Length) => "length",
        Err(LinkError::Alphabet) => "alphabet",
        Err(LinkError::Version) => "version",
        Err(LinkError::Check) => "check",
    };
    equal("outcome", &outcome, &file.text("expect")?)?;
    let Ok(FoundRequest { link, .. }) = found else { return Ok(()) };
    let keys = LinkKeys::of_request(&link);
    for (name, bytes) in [
        ("secret", link.as_bytes().as_slice()),
        ("id", keys.id.as_bytes()),
        ("access", keys.access.as_bytes()),
        ("input", keys.body().input().as_bytes()),
    ] {
        equal(name, &bytes.to_vec(), &hex::decode(file.text(name)?)?)?;
    }
    Ok(())
}

pub(crate) fn answers(group: &mut Group) {
    for (name, bytes) in ANSWER {
        group.case(name, File::parse(bytes).and_then(|file| answer(&file)));
    }
}

fn answer(file: &File<'_>) -> Result<(), String> {
    let key = RequestKey::from_bytes(hex::array(file.text("key")?)?);
    let id = |name| Ok::<_, String>(ShareId::from_bytes(hex::array(file.text(name)?)?));
    let sealed = file.text("sealed")?.parse().map_err(|_| "sealed is not base64url")?;
    let opened = key.open(id("request")?, id("share")?, &sealed);
    equal("outcome", &if opened.is_ok() { "ok" } else { "damaged" }, &file.text("expect")?)?;
    let Ok(secret) = opened else { return Ok(()) };
    equal("secret", &secret.as_bytes().to_vec(), &hex::decode(file.text("secret")?)?)
}
