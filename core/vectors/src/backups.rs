//! Backups of owned links from another implementation, whole and damaged.

use crate::{
    Group, equal,
    files::{BACKUP, File},
};
use waxseal_core::{
    backup::{self, BackupError},
    base64url,
    owned::OwnedLinks,
    passphrase::Passphrase,
};

pub(crate) fn check(group: &mut Group) {
    for (name, bytes) in BACKUP {
        group.case(name, File::parse(bytes).and_then(|file| case(&file)));
    }
}

fn case(file: &File<'_>) -> Result<(), String> {
    let text = std::str::from_utf8(file.payload).map_err(|error| error.to_string())?;
    let sealed = base64url::decode(&text.replace('\n', "")).map_err(|error| error.to_string())?;
    let passphrase =
        Passphrase::new(file.text("passphrase")?).map_err(|error| error.to_string())?;
    let opened = backup::open(&sealed, &passphrase.ok_or("the passphrase is empty")?);
    let links = opened.as_ref().map(|json| OwnedLinks::from_json(json));
    let outcome = match &links {
        Ok(Ok(_)) => "ok",
        Ok(Err(_)) => "no-links",
        Err(BackupError::NoBackup) => "no-backup",
        Err(BackupError::Newer) => "newer",
        Err(BackupError::Damaged) => "damaged",
        Err(BackupError::WrongPassphrase) => "wrong-passphrase",
    };
    equal("outcome", &outcome, &file.text("expect")?)?;
    match links {
        Ok(Ok(links)) => equal("meaning", &links.to_json().as_str(), &file.text("means")?),
        _ => Ok(()),
    }
}
