//! Names of attachments, made fit for a disk: the sender chose them, so they are not to be trusted.
//!
//! Invariant: a cleaned name is one component that stays in its folder on Linux, macOS and Windows:
//! no separator, control or invisible character, no device, no leading dot, dash or trailing dot, at
//! most 200 bytes of UTF-8, never empty.
//!
//! ```
//! use waxseal_core::filename::{Names, is_risky};
//!
//! let mut names = Names::default();
//! assert_eq!(names.give("../../.profile"), "_.profile");
//! assert_eq!(names.give("scan.pdf"), "scan.pdf");
//! assert_eq!(names.give("SCAN.pdf"), "SCAN (2).pdf");
//! assert!(is_risky("invoice.pdf.exe"));
//! ```

use std::collections::HashSet;

/// The longest cleaned name in bytes of UTF-8; file systems take 255, and something may be added.
pub const MAX_BYTES: usize = 200;
/// The longest extension that is kept of a name that has to be cut, in bytes, dot included.
const MAX_EXTENSION: usize = 20;
/// What a name is called of which nothing is left.
const NAMELESS: &str = "attachment";

/// Gives names that are clean, and unlike each other even where case does not count.
#[derive(Debug, Default)]
pub struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// A clean name for `name` that was not given before: `a.txt`, then `a (2).txt`.
    pub fn give(&mut self, name: &str) -> String {
        let clean = clean(name);
        let free = |name: &str| !self.taken.contains(&name.to_lowercase());
        let given = if free(&clean) {
            clean
        } else {
            let mut numbered = (2_u64..).map(|n| numbered(&clean, n));
            numbered.find(|name| free(name)).unwrap_or(clean)
        };
        self.taken.insert(given.to_lowercase());
        given
    }
}

/// `a (2).txt` for `a.txt` and 2.
pub fn numbered(name: &str, n: u64) -> String {
    let (stem, extension) = split(name);
    format!("{stem} ({n}){extension}")
}

/// `name` as one component for a disk. Folders in it become part of the name: `a/b.txt` is `a_b.txt`.
pub fn clean(name: &str) -> String {
    let mut text = String::with_capacity(name.len().min(4 * MAX_BYTES));
    for component in name.split(is_separator).map(visible) {
        let component = component.trim_matches(|c: char| c.is_whitespace());
        if matches!(component, "" | "." | "..") {
            continue;
        }
        if !text.is_empty() {
            text.push('_');
        }
        text.push_str(component);
    }
    text.truncate(text.trim_end_matches(is_at_no_end).len());
    if text.starts_with(['.', '-', '~']) || is_device(&text) {
        text.insert(0, '_');
    }
    let text = cut(&text);
    if text.is_empty() { NAMELESS.to_owned() } else { text }
}

/// Whether opening a file of this name may run what it holds: programs, scripts, documents with
/// macros, pages, disk images, shortcuts. Only the last extension counts, as for systems.
pub fn is_risky(name: &str) -> bool {
    let name = clean(name).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|extension| RISKY.split(' ').any(|risky| risky == extension))
}

/// `name` without what cannot be seen, and with `_` for what no system takes.
fn visible(component: &str) -> String {
    let shown = component.chars().filter(|c| !is_invisible(*c));
    shown
        .map(|c| if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .collect()
}

/// Slashes of every kind: some systems take lookalikes for the real ones.
const fn is_separator(c: char) -> bool {
    matches!(
        c,
        '/' | '\\'
            | '\u{2044}'
            | '\u{2215}'
            | '\u{29f5}'
            | '\u{29f8}'
            | '\u{29f9}'
            | '\u{fe68}'
            | '\u{ff0f}'
            | '\u{ff3c}'
    )
}

/// Control, format, bidirectional, line-breaking and blank characters, private use and non-characters.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}'..='\u{ffff}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{10ffff}'
    )
}

/// At most [`MAX_BYTES`] of `name`, its extension kept.
fn cut(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    let fits = (0..=MAX_BYTES - extension.len()).rev().find(|end| stem.is_char_boundary(*end));
    let stem = &stem[..fits.unwrap_or(0)];
    format!("{}{extension}", stem.trim_end_matches(is_at_no_end))
}

/// Dots and blanks: systems drop some of them, and then it is another name.
fn is_at_no_end(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

/// Stem and extension, the dot with the extension; a long extension is none.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && name.len() - at <= MAX_EXTENSION => name.split_at(at),
        _ => (name, ""),
    }
}

/// Names that Windows keeps for devices, whatever their extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |prefix: &str| {
        let number = stem.strip_prefix(prefix);
        number.is_some_and(|n| {
            let mut digits = n.chars();
            let digit = digits.next().is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c));
            digit && digits.next().is_none()
        })
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$")
        || numbered("COM")
        || numbered("LPT")
}

/// Extensions.
const RISKY: &str = "\
    accdb accde acm action ade adp apk app appimage appinstaller application appref-ms appx \
    appxbundle asp bas bash bat chm cmd com command cpl csh deb desktop diagcab diagcfg dll dmg \
    doc docm dot dotm elf exe fileloc fish flatpak flatpakref gadget hlp hta htm html img \
    inetloc inf ins ipa iqy iso isp jar jnlp js jse ksh library-ms lnk lua mdb mde mht mhtml mjs \
    mobileconfig msc msh msi msix msixbundle msp mst ocx php pif pkg pl pot potm ppam pps ppsm \
    ppt pptm prf prg ps1 ps1xml psc1 psd1 psm1 py pyc pyw pyz rb rdp reg rpm run scf scpt scr \
    sct search-ms service settingcontent-ms sh shb shs shtml sldm slk snap svg svgz swf sys \
    terminal theme url vb vbe vbs vhd vhdx vsix webarchive webloc wll workflow ws wsb wsc wsf \
    wsh xbap xht xhtml xla xlam xll xls xlsb xlsm xlt xltm zsh";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_before_the_extension() {
        for (name, second) in [
            ("a.txt", "a (2).txt"),
            ("a.tar.gz", "a.tar (2).gz"),
            ("a", "a (2)"),
            (".bashrc", ".bashrc (2)"),
            ("a.extension-of-20-byt", "a (2).extension-of-20-byt"),
            ("a.extension-of-21-byte", "a.extension-of-21-byte (2)"),
        ] {
            assert_eq!(numbered(name, 2), second);
        }
    }

    #[test]
    fn names_are_cleaned() {
        for (name, cleaned) in [
            ("floorplan.pdf", "floorplan.pdf"),
            ("Übersicht – 2026.pdf", "Übersicht – 2026.pdf"),
            ("a b.txt", "a b.txt"),
            ("photos/2026/a.jpg", "photos_2026_a.jpg"),
            ("../../etc/passwd", "etc_passwd"),
            ("..\\..\\Windows\\win.ini", "Windows_win.ini"),
            ("/etc/passwd", "etc_passwd"),
            ("C:\\a.txt", "C__a.txt"),
            ("a\u{ff0f}b\u{2215}c", "a_b_c"),
            ("a.pdf\u{a0}. ", "a.pdf"),
            ("..", "attachment"),
            ("", "attachment"),
            (" . ", "attachment"),
            ("\u{202e}\u{200b}", "attachment"),
            (".bashrc", "_.bashrc"),
            ("-rf", "_-rf"),
            ("~root", "_~root"),
            ("a.txt. . ", "a.txt"),
            ("a.txt:stream", "a.txt_stream"),
            ("in\u{202e}fdp.exe", "infdp.exe"),
            ("a\nb\0c\u{7f}", "abc"),
            ("nul", "_nul"),
            ("CON.txt", "_CON.txt"),
            ("com1 .txt", "_com1 .txt"),
            ("COM¹", "_COM¹"),
            ("com10", "com10"),
            ("console.txt", "console.txt"),
        ] {
            assert_eq!(clean(name), cleaned, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = clean(&format!("{}.tar.gz", "é".repeat(300)));
        assert!(name.len() <= MAX_BYTES && name.ends_with("é.gz"), "{name}");
        assert_eq!(clean(&"x".repeat(300)).len(), MAX_BYTES);
        assert_eq!(clean(&"-".repeat(MAX_BYTES)).len(), MAX_BYTES);
        assert!(clean(&format!("a.{}", "x".repeat(300))).len() <= MAX_BYTES);
    }

    #[test]
    fn no_name_is_given_twice() {
        let mut names = Names::default();
        let given = ["a.txt", "A.TXT", "a.txt", "a (2).txt", "./a.txt", "b"].map(|n| names.give(n));
        assert_eq!(given, ["a.txt", "A (2).TXT", "a (3).txt", "a (2) (2).txt", "a (4).txt", "b"]);
    }

    #[test]
    fn what_may_run_is_told() {
        for name in [
            "a.exe",
            "A.EXE",
            "invoice.pdf.js",
            "a.sh",
            "a.exe. ",
            "a.exe\u{a0}.",
            "a.sv\u{200b}g",
            "x.docm",
        ] {
            assert!(is_risky(name), "{name}");
        }
        for name in ["a.pdf", "exe", "a.exe.txt", "a", "", "photo.jpg", "notes.md"] {
            assert!(!is_risky(name), "{name}");
        }
    }
}
