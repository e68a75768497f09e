//! Sealed bodies from another implementation, whole and damaged.

use crate::{
    Group, equal,
    files::{File, SEALED},
    hex,
    known_answers::body_key,
    manifests::same,
};
use waxseal_core::{base64url, body, link::LinkSecret};

pub(crate) fn check(group: &mut Group) {
    for (name, bytes) in SEALED {
        group.case(name, File::parse(bytes).and_then(|file| case(&file)));
    }
}

fn case(file: &File<'_>) -> Result<(), String> {
    let secret = LinkSecret::from_bytes(hex::array(file.text("secret")?)?);
    let (key, _) = body_key(&secret, file.get("passphrase"))?;
    let text = std::str::from_utf8(file.payload).map_err(|error| error.to_string())?;
    let sealed = base64url::decode(&text.replace('\n', "")).map_err(|error| error.to_string())?;
    let opened = body::open(&key, &sealed);
    equal("outcome", &if opened.is_ok() { "ok" } else { "damaged" }, &file.text("expect")?)?;
    opened.map_or(Ok(()), |head| same(&head.manifest, file.text("means")?))
}
