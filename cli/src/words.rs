//! Sizes, times and other people's texts, fit for a terminal.
//!
//! Invariant: [`visible`] and [`lines`] leave nothing in a text that a terminal would act on.

use std::time::{Duration, SystemTime, UNIX_EPOCH};
use waxseal_core::time::Timestamp;

/// One line, with control, invisible and bidirectional characters spelled out.
pub(crate) fn visible(text: &str) -> String {
    text.chars().map(|c| if acts(c) { spelled(c) } else { c.to_string() }).collect()
}

/// As [`visible`], with line breaks and tabs as they are.
pub(crate) fn lines(text: &str) -> String {
    let keep = |c| matches!(c, '\n' | '\t') || !acts(c);
    // A line break of another system is one all the same.
    let text = text.replace("\r\n", "\n");
    text.chars().map(|c| if keep(c) { c.to_string() } else { spelled(c) }).collect()
}

const fn acts(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
    )
}

fn spelled(c: char) -> String {
    c.escape_unicode().to_string()
}

/// `3.2 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        _ => indicatif::BinaryBytes(bytes).to_string(),
    }
}

/// `2026-03-03 14:02 UTC`.
pub(crate) fn time(at: Timestamp) -> String {
    let text = at.to_string();
    match text.get(..16) {
        Some(minutes) => format!("{} UTC", minutes.replacen('T', " ", 1)),
        None => text,
    }
}

/// `5 days`, `1 hour`: the two largest units.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)];
    let mut rest = seconds;
    let mut said = Vec::new();
    for (name, length) in units {
        let count = rest / length;
        rest %= length;
        match count {
            0 if said.is_empty() => {}
            0 => break,
            1 => said.push(format!("1 {name}")),
            _ => said.push(format!("{count} {name}s")),
        }
        if said.len() == 2 {
            break;
        }
    }
    if said.is_empty() { "less than a second".to_owned() } else { said.join(" ") }
}

/// `1 file`, `3 files`.
pub(crate) fn count(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// The system's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_acts_on_nothing() {
        let text = "a\u{1b}[2Jb\u{202e}c\r\nd\re\tf";
        assert_eq!(visible(text), r"a\u{1b}[2Jb\u{202e}c\u{d}\u{a}d\u{d}e\u{9}f");
        assert_eq!(lines(text), "a\\u{1b}[2Jb\\u{202e}c\nd\\u{d}e\tf");
        assert_eq!(visible("Übergröße – 漢字 👩‍🚀"), "Übergröße – 漢字 👩‍🚀");
    }

    #[test]
    fn times_and_spans_are_readable() {
        let at: Timestamp = "2026-03-03T14:02:59.123Z".parse().expect("a time");
        assert_eq!(time(at), "2026-03-03 14:02 UTC");
        for (seconds, said) in [
            (0, "less than a second"),
            (1, "1 second"),
            (3600, "1 hour"),
            (86_400 * 5, "5 days"),
            (86_400 + 3600 * 2 + 59, "1 day 2 hours"),
            (86_400 + 59, "1 day"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), said);
        }
    }
}
