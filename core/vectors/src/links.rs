//! Links in addresses: what is read out of them, and what is wrong with the others.

use crate::{
    Group, equal,
    files::{File, LINK},
    hex,
};
use waxseal_core::link::{FoundLink, LinkError};

pub(crate) fn check(group: &mut Group) {
    for (name, bytes) in LINK {
        group.case(name, File::parse(bytes).and_then(|file| case(&file)));
    }
}

fn case(file: &File<'_>) -> Result<(), String> {
    let found = FoundLink::in_address(file.text("link")?);
    let outcome = match &found {
        Ok(link) if link.exposed => "exposed",
        Ok(_) => "ok",
        Err(LinkError::Missing) => "missing",
        Err(LinkError::Length) => "length",
        Err(LinkError::Alphabet) => "alphabet",
        Err(LinkError::Version) => "version",
        Err(LinkError::Check) => "check",
    };
    equal("outcome", &outcome, &file.text("expect")?)?;
    let Ok(link) = found else { return Ok(()) };
    equal("secret", &link.secret.as_bytes().to_vec(), &hex::decode(file.text("secret")?)?)
}
