//! What a page says of its scripts' content (W3C Subresource Integrity).
//!
//! Invariant: every script of a page has a hash, of the content that is served under its name.

use anyhow::{Context, Result};
use data_encoding::BASE64;
use sha2::{Digest, Sha256};

const SCRIPT: &str = "<script";
const SOURCE: &str = " src=\"/assets/";

/// `page` with a hash in the tag of each script; `content` is that of a served name.
pub(super) fn add<'a>(page: &str, content: impl Fn(&str) -> Option<&'a [u8]>) -> Result<String> {
    let mut marked = String::with_capacity(page.len() + 256);
    let mut rest = page;
    while let Some(at) = rest.find(SCRIPT) {
        let end = at + rest[at..].find('>').context("a script's tag ends")?;
        let tag = &rest[at..end];
        let (_, name) = tag.split_once(SOURCE).context("a script is a file of ours")?;
        let (name, _) = name.split_once('"').context("its address is in double quotes")?;
        let script = content(name).with_context(|| format!("no asset {name}"))?;
        let hash = BASE64.encode(&Sha256::digest(script));
        marked += &rest[..end];
        marked += &format!(" integrity=\"sha256-{hash}\"");
        rest = &rest[end..];
    }
    Ok(marked + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_gets_the_hash_of_its_content() {
        let page = "<p><script type=\"module\" src=\"/assets/a.js\"></script><script nomodule src=\"/assets/b.js\"></script><p>";
        let marked = add(page, |name| (name == "a.js").then_some(&b"abc"[..]).or(Some(b"")));
        // The first example of FIPS 180-2, and nothing at all.
        let (abc, empty) = (
            "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        );
        let tag = |how: &str, name: &str, hash: &str| {
            format!("<script {how} src=\"/assets/{name}\" integrity=\"sha256-{hash}\"></script>")
        };
        let (a, b) = (tag("type=\"module\"", "a.js", abc), tag("nomodule", "b.js", empty));
        assert_eq!(marked.expect("both are there"), format!("<p>{a}{b}<p>"));
    }

    #[test]
    fn a_script_without_a_file_of_ours_is_refused() {
        for page in ["<script src=\"/a.js\">", "<script>", "<script src=\"/assets/a.js\">"] {
            assert!(add(page, |_| None).is_err(), "{page}");
        }
    }
}
