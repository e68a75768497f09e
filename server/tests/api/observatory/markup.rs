//! Scripts of a page, and whether each says what its content must be (W3C Subresource Integrity).

use crate::support::Reply;

/// A page's own site, as a script's address may name it.
const SITE: &str = "https://waxseal.example/";

pub(super) fn examine(reply: &Reply) -> &'static str {
    let media_type = reply.header("content-type").unwrap_or_default();
    let html = media_type.split(';').next().is_some_and(|kind| {
        kind.is_empty() || ["text/html", "application/xhtml+xml"].contains(&kind)
    });
    if !html {
        return "sri-not-implemented-response-not-html";
    }
    let page = String::from_utf8_lossy(&reply.body);
    let mut tags = page.split("<script").skip(1).peekable();
    if tags.peek().is_none() {
        return "sri-not-implemented-but-no-scripts-loaded";
    }
    let scripts = tags.filter_map(|tag| {
        let tag = tag.split('>').next().unwrap_or_default();
        Some((attribute(tag, "src")?, attribute(tag, "integrity")))
    });
    let (ours, others): (Vec<_>, Vec<_>) = scripts.partition(|(from, _)| is_ours(from));
    let others = others.iter().map(|(from, hash)| match (from.starts_with("https://"), hash) {
        (true, Some(_)) => "sri-implemented-and-external-scripts-loaded-securely",
        (true, None) => "sri-not-implemented-but-external-scripts-loaded-securely",
        (false, Some(_)) => "sri-implemented-but-external-scripts-not-loaded-securely",
        (false, None) => "sri-not-implemented-and-external-scripts-not-loaded-securely",
    });
    let order = [
        "sri-not-implemented-and-external-scripts-not-loaded-securely",
        "sri-implemented-but-external-scripts-not-loaded-securely",
        "sri-not-implemented-but-external-scripts-loaded-securely",
        "sri-implemented-and-external-scripts-loaded-securely",
    ];
    let worst = others.min_by_key(|result| order.iter().position(|worse| worse == result));
    // The Observatory is content with one of ours; here each must have it.
    let all = !ours.is_empty() && ours.iter().all(|(_, hash)| hash.is_some());
    worst.unwrap_or(if all {
        "sri-implemented-and-all-scripts-loaded-securely"
    } else {
        "sri-not-implemented-but-all-scripts-loaded-from-secure-origin"
    })
}

/// Whether the address is of the page's own site: relative, or with its scheme and host.
fn is_ours(address: &str) -> bool {
    address.starts_with(SITE) || !(address.starts_with("//") || address.contains("://"))
}

/// The value of an attribute; every value stands in double quotes.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[start..].split('"').next()
}
