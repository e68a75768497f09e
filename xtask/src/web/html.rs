//! Pages out of parts, without what a browser would skip.
//!
//! Invariant: what is rendered is what was written; `<pre>` and `<textarea>` keep every space.

use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;

/// Replaces each line `<!-- include NAME -->` by the part of that name, whose own are replaced too.
pub(super) fn include(page: &str, parts: &BTreeMap<String, String>) -> Result<String> {
    include_at(page, parts, 0)
}

fn include_at(page: &str, parts: &BTreeMap<String, String>, depth: usize) -> Result<String> {
    ensure!(depth < 8, "parts include each other");
    let mut whole = String::new();
    for line in page.lines() {
        let name = line.trim().strip_prefix("<!-- include ").and_then(|l| l.strip_suffix(" -->"));
        if let Some(name) = name {
            let part = parts.get(name).with_context(|| format!("no part web/parts/{name}"))?;
            whole += &include_at(part, parts, depth + 1)?;
        } else {
            whole += line;
            whole.push('\n');
        }
    }
    Ok(whole)
}

/// Drops comments, indentation and empty lines.
pub(super) fn squeeze(page: &str) -> String {
    let mut squeezed = String::with_capacity(page.len());
    let mut verbatim = false;
    for line in without_comments(page).lines() {
        let kept = if verbatim { line } else { line.trim() };
        verbatim = inside_verbatim(verbatim, line);
        if verbatim || !kept.is_empty() {
            squeezed += kept;
            squeezed.push('\n');
        }
    }
    squeezed
}

fn without_comments(page: &str) -> String {
    let mut kept = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, comment)) = rest.split_once("<!--") {
        kept += before;
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    kept + rest
}

/// Whether a `<pre>` or `<textarea>` is open after `line`.
fn inside_verbatim(before: bool, line: &str) -> bool {
    let last = |tags: [&str; 2]| tags.iter().filter_map(|tag| line.rfind(tag)).max();
    match (last(["<pre", "<textarea"]), last(["</pre", "</textarea"])) {
        (None, None) => before,
        (open, close) => open > close,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_written_once_and_may_hold_parts() {
        let parts =
            [("mark.html", "<svg/>\n"), ("head.html", "<a>\n  <!-- include mark.html -->\n</a>")];
        let parts = parts.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let page = include("<p>\n<!-- include head.html -->\n", &parts).expect("both are there");
        assert_eq!(page, "<p>\n<a>\n<svg/>\n</a>\n");
        let error = include("<!-- include foot.html -->", &parts).expect_err("there is none");
        assert_eq!(error.to_string(), "no part web/parts/foot.html");
    }

    #[test]
    fn a_part_that_holds_itself_is_refused() {
        let parts = [("a".to_owned(), "<!-- include a -->".to_owned())].into();
        assert!(include("<!-- include a -->", &parts).is_err());
    }

    #[test]
    fn indentation_and_comments_go_but_not_inside_pre() {
        let page =
            "<p>\n    a <!-- b\n c -->d\n\n  <pre>\n  x\n\n  y</pre>\n  <textarea></textarea>\n";
        assert_eq!(squeeze(page), "<p>\na d\n<pre>\n  x\n\n  y</pre>\n<textarea></textarea>\n");
    }
}
