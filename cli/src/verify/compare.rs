//! What was answered beside what should have been.
//!
//! Invariant: an answer that passes is the file of the manifest, byte for byte, but for what the server's own
//! settings may say there; no header lets a browser do more with it.

use super::{
    manifest::{File, Manifest, Setting, SettingKind},
    visit::Answer,
};
use sha2::{Digest, Sha256};
use std::fmt;
use url::Url;

/// The first thing that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Difference {
    Status(u16),
    Packed(String),
    Length { is: String, should: u64 },
    Content,
    Setting(&'static str),
    Header { name: String, is: Vec<String>, should: String },
    Added { name: String, is: String },
}

/// Whether `answer` is `file`.
pub(super) fn compare(manifest: &Manifest, file: &File, answer: &Answer) -> Result<(), Difference> {
    if answer.status != 200 {
        return Err(Difference::Status(answer.status));
    }
    if let Some(packed) = &answer.packed {
        return Err(Difference::Packed(packed.clone()));
    }
    let setting = match &file.setting {
        Some(setting) => Some((setting, setting_in(file, setting, &answer.body)?)),
        None => {
            is_whole(file, &answer.body)?;
            None
        }
    };
    let own = |name: &str| file.headers.get(name);
    let common = manifest.headers.iter().filter(|(name, _)| own(name).is_none());
    for (name, should) in common.chain(&file.headers) {
        let Some(should) = should else { continue };
        let should = match &setting {
            Some((setting, value)) => should.replace(&setting.mark, value),
            None => should.clone(),
        };
        let is = values(answer, name);
        if is != [should.as_str()] {
            return Err(Difference::Header { name: name.clone(), is, should });
        }
    }
    for name in &manifest.absent {
        if let Some(is) = values(answer, name).pop() {
            return Err(Difference::Added { name: name.clone(), is });
        }
    }
    Ok(())
}

/// Every value of a header; a list in one value stays one.
fn values(answer: &Answer, name: &str) -> Vec<String> {
    let values = answer.headers.get_all(name).into_iter();
    values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
}

fn is_whole(file: &File, body: &[u8]) -> Result<(), Difference> {
    let (is, should) = (body.len() as u64, file.length);
    if is != should {
        let is = if is > should { "more".to_owned() } else { is.to_string() };
        return Err(Difference::Length { is, should });
    }
    let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    if hash == file.sha256 { Ok(()) } else { Err(Difference::Content) }
}

/// What stands where a setting goes, if it is one; all around it is the file.
fn setting_in(file: &File, setting: &Setting, body: &[u8]) -> Result<String, Difference> {
    let short = || Difference::Length { is: body.len().to_string(), should: file.length };
    let mark = setting.mark.len() as u64;
    let behind = file.length.checked_sub(setting.at + mark).ok_or_else(short)?;
    let end = (body.len() as u64).checked_sub(behind).filter(|end| *end >= setting.at);
    let (start, end) = (setting.at as usize, end.ok_or_else(short)? as usize);
    let as_shipped = [&body[..start], setting.mark.as_bytes(), &body[end..]].concat();
    is_whole(file, &as_shipped)?;
    let value = std::str::from_utf8(&body[start..end]).map_err(|_| Difference::Content)?;
    let is_fit = match setting.kind {
        SettingKind::Origins => value.split(' ').all(is_origin),
        SettingKind::Contact => is_contact(value),
    };
    let what = match setting.kind {
        SettingKind::Origins => "the list of origins",
        SettingKind::Contact => "the address for reports",
    };
    if is_fit { Ok(value.to_owned()) } else { Err(Difference::Setting(what)) }
}

/// Scheme, host and port, as browsers write them.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    })
}

/// A sentence, in which one link to an address may be, and nothing else that a browser would act on.
fn is_contact(markup: &str) -> bool {
    const NONE: &str = "Whoever runs this server has set no address for reports. Mail to \
        <span class=\"mono\">abuse@</span> and this site’s domain is meant to reach them (RFC 2142).";
    let link = || {
        let link = markup.strip_prefix("Write to <a href=\"")?.strip_suffix("</a>.")?;
        let (href, text) = link.split_once("\">")?;
        let is_text = |text: &str| !text.contains(['<', '>', '"']);
        let leads = ["mailto:", "https://"].iter().any(|start| href.starts_with(start));
        Some(leads && is_text(href) && is_text(text))
    };
    markup == NONE || link() == Some(true)
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "it is answered with status {status}"),
            Self::Packed(how) => write!(f, "it comes packed as {how}, and does not unpack"),
            Self::Length { is, should } => write!(f, "it has {is} bytes and should have {should}"),
            Self::Content => f.write_str("its bytes are not those that this version ships"),
            Self::Setting(what) => write!(f, "{what} in it is none"),
            Self::Header { name, is, should } if is.is_empty() => {
                write!(f, "its header {name} is missing and should be: {should}")
            }
            Self::Header { name, is, should } => {
                write!(f, "its header {name} is: {}; and should be: {should}", is.join(" and "))
            }
            Self::Added { name, is } => write!(f, "it has a header {name}: {is}"),
        }
    }
}
