//! Assets named by their content, and the references to them.
//!
//! Invariant: an asset's hash covers the hashed names of everything it refers to, so a name stands
//! for one content, all the way down.

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const PREFIX: &str = "/assets/";

/// Assets by the name their authors use, hashed as they are asked for.
pub(super) struct Assets {
    sources: BTreeMap<String, Vec<u8>>,
    hashed: BTreeMap<String, Hashed>,
    /// The chain of references being followed, to name a cycle.
    open: Vec<String>,
}

/// An asset as it is served.
pub(super) struct Hashed {
    /// `NAME-HASH.EXT`
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

impl Assets {
    pub(super) fn new(sources: BTreeMap<String, Vec<u8>>) -> Self {
        Self { sources, hashed: BTreeMap::new(), open: Vec::new() }
    }

    /// `text` with every `/assets/NAME.EXT` replaced by its hashed name; `file` is for messages.
    pub(super) fn rewrite(&mut self, file: &str, text: &str) -> Result<String> {
        let mut rewritten = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(PREFIX) {
            let (before, after) = rest.split_at(at + PREFIX.len());
            let end = after.find(|c: char| !is_name(c)).unwrap_or(after.len());
            let name = after[..end].trim_end_matches('.');
            rewritten.push_str(before);
            if !name.is_empty() {
                rewritten.push_str(&self.hash(name).with_context(|| file.to_owned())?);
            }
            rest = &after[name.len()..];
        }
        rewritten.push_str(rest);
        Ok(rewritten)
    }

    /// What was asked for and is served under this name.
    pub(super) fn served(&self, name: &str) -> Option<&[u8]> {
        let mut all = self.hashed.values();
        all.find(|asset| asset.name == name).map(|asset| asset.content.as_slice())
    }

    /// Everything, by the name it was asked for.
    pub(super) fn finish(mut self) -> Result<BTreeMap<String, Hashed>> {
        for name in self.sources.keys().cloned().collect::<Vec<_>>() {
            self.hash(&name)?;
        }
        Ok(self.hashed)
    }

    /// The hashed name of `name`.
    fn hash(&mut self, name: &str) -> Result<String> {
        if let Some(done) = self.hashed.get(name) {
            return Ok(done.name.clone());
        }
        if self.open.iter().any(|open| open == name) {
            bail!("assets refer to each other: {} -> {name}", self.open.join(" -> "));
        }
        let Some(mut content) = self.sources.get(name).cloned() else {
            bail!("no asset {PREFIX}{name}");
        };
        self.open.push(name.to_owned());
        if is_text(name) {
            let text = String::from_utf8(content).with_context(|| format!("{name}: not UTF-8"))?;
            content = self.rewrite(name, &text)?.into_bytes();
        }
        self.open.pop();
        let hashed = Hashed { name: hashed_name(name, &content), content };
        let served = hashed.name.clone();
        self.hashed.insert(name.to_owned(), hashed);
        Ok(served)
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/')
}

fn is_text(name: &str) -> bool {
    matches!(name.rsplit('.').next(), Some("js" | "css" | "svg" | "webmanifest" | "json" | "txt"))
}

fn hashed_name(name: &str, content: &[u8]) -> String {
    let hash: String =
        Sha256::digest(content).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
        None => format!("{name}-{hash}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets(files: &[(&str, &str)]) -> Assets {
        Assets::new(files.iter().map(|(n, c)| ((*n).into(), c.as_bytes().to_vec())).collect())
    }

    #[test]
    fn a_change_below_renames_everything_above() {
        let names = |wasm| {
            let js = r#"init("/assets/a.wasm")"#;
            let mut assets = assets(&[("a.wasm", wasm), ("a.js", js), ("b.css", "x")]);
            assets.rewrite("p.html", "/assets/a.js /assets/b.css").expect("all are there")
        };
        let (one, two) = (names("1"), names("2"));
        assert_eq!(one.split(' ').nth(1), two.split(' ').nth(1));
        assert_ne!(one.split(' ').next(), two.split(' ').next());
    }

    #[test]
    fn a_name_is_twelve_digits_of_the_contents_sha256() {
        assert_eq!(hashed_name("a.min.js", b"abc"), "a.min-ba7816bf8f01.js");
    }

    #[test]
    fn a_reference_ends_where_a_name_can_no_longer_go_on() {
        let mut assets = assets(&[("a.css", "")]);
        let page = "<link href=\"/assets/a.css\"> see /assets/a.css.";
        let hashed = hashed_name("a.css", b"");
        let want = format!("<link href=\"/assets/{hashed}\"> see /assets/{hashed}.");
        assert_eq!(assets.rewrite("p.html", page).expect("it is there"), want);
    }

    #[test]
    fn a_missing_asset_and_a_cycle_are_named() {
        let said = |files: &[_]| {
            let error = assets(files).rewrite("p.html", "/assets/a.js").err();
            format!("{:#}", error.expect("it cannot be resolved"))
        };
        assert_eq!(said(&[]), "p.html: no asset /assets/a.js");
        let cycle = said(&[("a.js", "/assets/b.js"), ("b.js", "/assets/a.js")]);
        assert!(cycle.ends_with("assets refer to each other: a.js -> b.js -> a.js"), "{cycle}");
    }
}
