//! What a first visit of each page loads, and the most that it may be.
//!
//! Invariant: a page over its budget is no release.

use anyhow::{Result, ensure};

/// The most bytes of each page, compressed by brotli, and the most files: the document, and all that it loads
/// by itself.
const BUDGETS: [(&str, usize, usize); 8] = [
    ("open.html", 60_000, 5),
    ("index.html", 90_000, 6),
    ("embed.html", 90_000, 7),
    ("answer.html", 86_000, 7),
    ("ask.html", 76_000, 7),
    ("links.html", 82_000, 7),
    ("confirm.html", 30_000, 6),
    ("report.html", 4_000, 3),
];

/// A page, and what it loads by itself.
pub(super) struct Visit {
    page: String,
    files: Vec<String>,
}

impl Visit {
    /// Of a page as it is served.
    pub(super) fn of(page: &str, markup: &str) -> Self {
        let mut files = vec![page.to_owned()];
        for tag in markup.split('<').filter(|tag| !tag.contains("nomodule")) {
            let Some((_, rest)) = tag.split_once("=\"/assets/") else { continue };
            let name = rest.split('"').next().unwrap_or_default();
            files.push(format!("assets/{name}"));
        }
        files.dedup();
        Self { page: page.to_owned(), files }
    }

    /// How many bytes it is, where files are of these sizes.
    fn bytes(&self, size: &impl Fn(&str) -> usize) -> usize {
        self.files.iter().map(|file| size(file)).sum()
    }

    fn of_kind(&self, extension: &str, size: &impl Fn(&str) -> usize) -> usize {
        let files = self.files.iter().filter(|file| file.ends_with(extension));
        files.map(|file| size(file)).sum()
    }
}

/// Prints what visits load, and, where `binding`, refuses those that load too much.
///
/// # Errors
/// Names the page that is over its budget, or has none.
pub(super) fn check(visits: &[Visit], size: impl Fn(&str) -> usize, binding: bool) -> Result<()> {
    println!(
        "\n{:<14} {:>6} {:>6} {:>6} {:>7} {:>6} {:>7} {:>7}",
        "first visit", "html", "css", "js", "wasm", "files", "brotli", "budget"
    );
    let mut over = Vec::new();
    for visit in visits {
        let kinds = [".html", ".css", ".js", ".wasm"].map(|kind| visit.of_kind(kind, &size));
        let [html, css, js, wasm] = kinds;
        let (files, bytes) = (visit.files.len(), visit.bytes(&size));
        let budget = BUDGETS.iter().find(|(page, ..)| *page == visit.page);
        let (page, &(_, most, most_files)) = (&visit.page, budget.unwrap_or(&("", 0, 0)));
        println!("{page:<14} {html:>6} {css:>6} {js:>6} {wasm:>7} {files:>6} {bytes:>7} {most:>7}");
        if budget.is_none() {
            over.push(format!("{page} has no budget in xtask/src/web/budget.rs"));
        } else if bytes > most {
            over.push(format!("{page} loads {bytes} bytes of {most} at most"));
        } else if files > most_files {
            over.push(format!("{page} loads {files} files of {most_files} at most"));
        }
    }
    ensure!(!binding || over.is_empty(), "{}", over.join("; "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "<link rel=\"icon\" href=\"/assets/i.svg\">\n<link href=\"/assets/a.css\">\
        <link rel=\"preload\" href=\"/assets/a.wasm\"><script type=\"module\" src=\"/assets/a.js\" \
        integrity=\"sha256-x\"></script><script nomodule src=\"/assets/old.js\"></script>\
        <a href=\"/report\">";

    #[test]
    fn a_visit_is_the_page_and_what_it_loads_by_itself() {
        let visit = Visit::of("open.html", PAGE);
        let files = ["open.html", "assets/i.svg", "assets/a.css", "assets/a.wasm", "assets/a.js"];
        assert_eq!(visit.files, files);
        let size = |file: &str| if file.ends_with(".wasm") { 1000 } else { 10 };
        assert_eq!(visit.bytes(&size), 1040);
        assert_eq!(visit.of_kind(".js", &size), 10);
    }

    #[test]
    fn a_page_over_its_budget_or_without_one_is_refused_in_a_release_alone() {
        let said = |page: &str, size: usize, binding: bool| {
            check(&[Visit::of(page, PAGE)], |_| size, binding).map_err(|error| error.to_string())
        };
        assert_eq!(said("open.html", 12_000, true), Ok(()));
        let over = "open.html loads 60005 bytes of 60000 at most";
        assert_eq!(said("open.html", 12_001, true), Err(over.to_owned()));
        assert_eq!(said("open.html", 12_001, false), Ok(()));
        assert!(said("new.html", 1, true).is_err());
    }
}
