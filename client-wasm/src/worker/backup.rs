//! The owner's job: a backup of their list, sealed and opened.

use super::{BROKEN, channel, passphrase};
use getrandom::SysRng;
use js_sys::{Array, Uint8Array};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};
use waxseal_core::{
    backup::{self, BackupError},
    wire::to_json,
};

#[derive(Serialize, Deserialize)]
pub(super) enum Job {
    Seal { content: String, passphrase: String },
    Examine,
    Open { passphrase: String },
}

/// [`super::Job::Backup`], without the code that writes the other jobs.
#[derive(Serialize)]
enum Sent {
    Backup(Job),
}

/// Seals `content` into a file, with a passphrase that is not empty.
///
/// # Errors
/// A sentence for the person.
pub async fn seal_backup(content: &str, passphrase: &str) -> Result<Uint8Array, String> {
    let job = Job::Seal { content: content.to_owned(), passphrase: passphrase.to_owned() };
    let ((), file) = call::<()>(job, &JsValue::UNDEFINED).await?;
    file.dyn_into().map_err(|_| BROKEN.to_owned())
}

/// Whether a file can be opened by whoever has its passphrase.
///
/// # Errors
/// A sentence for the person.
pub async fn examine_backup(file: &Uint8Array) -> Result<(), String> {
    call::<()>(Job::Examine, file).await.map(|_| ())
}

/// Opens a file.
///
/// # Errors
/// A sentence for the person.
pub async fn open_backup(file: &Uint8Array, passphrase: &str) -> Result<String, String> {
    let job = Job::Open { passphrase: passphrase.to_owned() };
    call(job, file).await.map(|(content, _)| content)
}

async fn call<A: serde::de::DeserializeOwned>(
    job: Job,
    value: &JsValue,
) -> Result<(A, JsValue), String> {
    let worker = channel::Worker::ready().await.ok_or(BROKEN)?;
    worker.call(&Sent::Backup(job), value, &Array::new()).await
}

pub(super) fn work(job: Job, file: &JsValue) -> channel::Outcome {
    let stretchable = |typed: &str| match passphrase(typed) {
        Ok(Some(passphrase)) => Ok(passphrase),
        Ok(None) => Err(BROKEN.to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let bytes = || Uint8Array::new(file).to_vec();
    match job {
        Job::Seal { content, passphrase } => {
            let sealed = backup::seal(content.as_bytes(), &stretchable(&passphrase)?, &mut SysRng);
            let sealed = sealed.map_err(|error| error.to_string())?;
            Ok((to_json(&()), Uint8Array::from(&sealed[..]).into()))
        }
        Job::Examine => {
            backup::examine(&bytes()).map_err(explain)?;
            Ok((to_json(&()), JsValue::UNDEFINED))
        }
        Job::Open { passphrase } => {
            let content = backup::open(&bytes(), &stretchable(&passphrase)?).map_err(explain)?;
            let content =
                std::str::from_utf8(&content).map_err(|_| explain(BackupError::Damaged))?;
            Ok((to_json(&content), JsValue::UNDEFINED))
        }
    }
}

fn explain(error: BackupError) -> String {
    match error {
        BackupError::NoBackup => "This is not a file of links.",
        BackupError::Newer => {
            "This file was made by a newer version. Reload this page and try again."
        }
        BackupError::Damaged => {
            "This file is damaged: some of it was changed or is missing. Use another copy."
        }
        BackupError::WrongPassphrase => {
            "This is not the file’s passphrase. Nothing was imported; try again."
        }
    }
    .to_owned()
}
