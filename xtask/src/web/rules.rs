//! What pages and assets may not contain: anything that runs, styles or loads around the CSP.
//!
//! Invariant: a breach is an error that names file and line.

use anyhow::{Context, Result, bail, ensure};

/// Checks an asset by its kind; `file` ends in its extension.
pub(super) fn check_asset(file: &str, content: &[u8]) -> Result<()> {
    let text = || std::str::from_utf8(content).with_context(|| format!("{file}: not UTF-8"));
    match file.rsplit('.').next() {
        Some("css") => check_css(file, text()?),
        Some("svg" | "html") => check_markup(file, text()?),
        Some("js") => check_script(file, text()?),
        _ => Ok(()),
    }
}

/// A script by hand starts the WASM and does nothing else: at most 10 lines.
pub(super) fn check_script(file: &str, source: &str) -> Result<()> {
    ensure!(source.lines().count() <= 10, "{file}:11: a script may have 10 lines");
    Ok(())
}

/// The one script that is for other applications' pages, where nobody would let WebAssembly in: short enough
/// to be read as a whole, nothing loaded, nothing that a strict policy of theirs refuses.
pub(super) fn check_embedded(file: &str, source: &str) -> Result<()> {
    const MOST: usize = 200;
    const REFUSED: [&str; 9] = [
        "import(",
        "from \"",
        "fetch(",
        "eval(",
        "Function(",
        "innerHTML",
        "insertAdjacentHTML",
        "srcdoc",
        "\"*\"",
    ];
    for (number, line) in source.lines().enumerate() {
        ensure!(number < MOST, "{file}:{}: this script may have {MOST} lines", number + 1);
        let refused = REFUSED.iter().find(|refused| line.contains(**refused));
        ensure!(refused.is_none(), "{file}:{}: {}", number + 1, refused.unwrap_or(&""));
    }
    Ok(())
}

/// No inline script, no inline style (but in an SVG file, where it is a picture's own), nothing
/// from elsewhere.
pub(super) fn check_markup(file: &str, source: &str) -> Result<()> {
    let fail = |at: usize, what: &str| -> Result<()> {
        bail!("{file}:{}: {what}", source[..at].matches('\n').count() + 1)
    };
    let picture = file.ends_with(".svg");
    let mut at = 0;
    while let Some(found) = source[at..].find('<') {
        let tag = at + found;
        let rest = &source[tag..];
        if rest.starts_with("<!--") {
            at = tag + rest.find("-->").unwrap_or(rest.len());
            continue;
        }
        if !rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            at = tag + 1;
            continue;
        }
        let end = tag + tag_length(rest);
        at = end;
        let inside = source[tag + 1..end].trim_end_matches(['>', '/']);
        let name = inside.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if name.eq_ignore_ascii_case("style") && !picture {
            fail(tag, "a <style>: styles belong in a .css file")?;
        }
        if name.eq_ignore_ascii_case("script") {
            let content = source[end..].split("</").next().unwrap_or_default();
            if !content.trim().is_empty() {
                fail(tag, "a script inside the page: scripts belong in web/boot/ or in Rust")?;
            }
        }
        for (offset, attribute, value) in attributes(&inside[name.len()..]) {
            let place = tag + 1 + name.len() + offset;
            let attribute = attribute.to_ascii_lowercase();
            if attribute == "style" && !picture {
                fail(place, "a style= attribute: styles belong in a .css file")?;
            }
            if attribute.starts_with("on") {
                fail(place, &format!("an {attribute}= attribute: handlers belong in Rust"))?;
            }
            let loads = ["src", "href", "srcset", "action", "formaction", "data", "poster"];
            let local = attribute.rsplit(':').next().unwrap_or_default();
            if loads.contains(&local) && is_elsewhere(value) {
                fail(place, &format!("{value} is not of this server"))?;
            }
        }
    }
    Ok(())
}

fn check_css(file: &str, source: &str) -> Result<()> {
    for (number, line) in source.lines().enumerate() {
        let urls = line.split("url(").skip(1).chain(line.split("@import").skip(1));
        for url in urls {
            let url = url.trim_start_matches([' ', '"', '\'']);
            let url = url.split(['"', '\'', ')', ';', ' ']).next().unwrap_or_default();
            if is_elsewhere(url) {
                bail!("{file}:{}: {url} is not of this server", number + 1);
            }
        }
    }
    Ok(())
}

/// Whether a URL has a scheme or a host.
fn is_elsewhere(url: &str) -> bool {
    let url = url.trim();
    let scheme = url.split(['/', '?', '#']).next().is_some_and(|head| head.contains(':'));
    scheme || url.starts_with("//") || url.starts_with("/\\")
}

/// Bytes from `<` to behind its `>`, quotes respected.
fn tag_length(rest: &str) -> usize {
    let mut quote = None;
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '>') => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `(offset, name, value)` of each attribute in what follows a tag's name.
fn attributes(inside: &str) -> Vec<(usize, &str, &str)> {
    let between = |c: char| c.is_whitespace() || c == '/';
    let mut found = Vec::new();
    let mut rest = inside.trim_start_matches(between);
    while !rest.is_empty() {
        let offset = inside.len() - rest.len();
        let end = rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let (value, after) = match after.trim_start().strip_prefix('=').map(str::trim_start) {
            None => ("", after),
            Some(value) => match value.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    value[1..].split_once(quote).unwrap_or((&value[1..], ""))
                }
                _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
            },
        };
        found.push((offset, name, value));
        rest = after.trim_start_matches(between);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breach_is_named_with_its_line() {
        let cases = [
            ("p.html", "\n<script>alert(1)</script>", "p.html:2: a script inside"),
            ("p.html", "<p\n class=a STYLE='x'>", "p.html:2: a style= attribute"),
            ("p.html", "<style>", "p.html:1: a <style>"),
            ("p.html", "<button onclick=go()>", "p.html:1: an onclick= attribute"),
            ("p.html", "<img src=//elsewhere/x.png>", "//elsewhere/x.png is not of this"),
            ("p.html", "<a title=\"a > b\" href = 'https://elsewhere'>", "https://elsewhere is"),
            ("p.html", "<a href=javascript:x>", "javascript:x is not"),
            ("p.svg", "<use xlink:href='data:image/svg+xml,'/>", "is not of this server"),
            ("p.js", &"\n".repeat(11), "p.js:11: a script may have"),
            ("p.css", "a{}\n@import \"//elsewhere/a.css\";", "p.css:2: //elsewhere/a.css"),
            ("p.css", "a{background:url( https://elsewhere/a.png )}", "https://elsewhere/a.png"),
        ];
        for (file, source, want) in cases {
            let error = check_asset(file, source.as_bytes()).expect_err(source).to_string();
            assert!(error.contains(want), "{source}: {error}");
        }
    }

    #[test]
    fn what_other_applications_load_is_held_to_their_policies() {
        for (source, want) in [
            ("\nimport(\"x\")", "e.js:2: import("),
            ("a.innerHTML = b", "e.js:1: innerHTML"),
            ("parent.postMessage(secret, \"*\")", "e.js:1: \"*\""),
            (&"\n".repeat(201), "e.js:201: this script may have 200 lines"),
        ] {
            let error = check_embedded("e.js", source).expect_err(source).to_string();
            assert_eq!(error, want);
        }
        check_embedded("e.js", "const own = new URL(import.meta.url);").expect("it is harmless");
    }

    #[test]
    fn what_the_policy_allows_passes() {
        let cases = [
            (
                "p.html",
                "<!DOCTYPE html><!-- <style> --><script type=module src=/assets/a.js></script>",
            ),
            ("p.html", "<p>1 < 2, isn't it? <a href='#top' data-on=1>https://elsewhere</a>"),
            ("p.svg", "<svg xmlns='http://www.w3.org/2000/svg'><style>a{}</style></svg>"),
            ("p.css", "@import url(/assets/b.css); a{background:url(\"/assets/a.svg#b\")}"),
            ("p.js", "https://elsewhere"),
        ];
        for (file, source) in cases {
            check_asset(file, source.as_bytes()).expect(source);
        }
    }
}
