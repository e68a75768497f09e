//! Passphrases as bytes: normalized, bounded, otherwise as typed.

use waxseal_core::passphrase::{MAX_BYTES, Passphrase, PassphraseTooLong};

fn bytes(typed: &str) -> Option<Vec<u8>> {
    let passphrase = Passphrase::new(typed).expect("short enough")?;
    Some(passphrase.as_bytes().to_vec())
}

#[test]
fn composed_and_decomposed_are_the_same() {
    assert_eq!(bytes("A\u{308}pfel"), bytes("\u{c4}pfel"));
    assert_eq!(bytes("\u{212b}"), Some("\u{c5}".into()));
    // Compatibility is not equivalence: a ligature stays one.
    assert_ne!(bytes("\u{fb01}"), bytes("fi"));
}

#[test]
fn nothing_is_trimmed_and_empty_is_none() {
    assert_eq!(bytes(""), None);
    assert_eq!(bytes(" "), Some(b" ".to_vec()));
    assert_eq!(bytes("\ta\n"), Some(b"\ta\n".to_vec()));
}

#[test]
fn the_bound_counts_normalized_bytes() {
    assert!(bytes(&"a".repeat(MAX_BYTES)).is_some());
    assert_eq!(Passphrase::new(&"a".repeat(MAX_BYTES + 1)).err(), Some(PassphraseTooLong));
    // Three bytes as typed, two when composed.
    assert!(bytes(&"a\u{308}".repeat(MAX_BYTES / 2)).is_some());
    // Three bytes as typed, six when normalized.
    assert_eq!(Passphrase::new(&"\u{fb2c}".repeat(MAX_BYTES / 3)).err(), Some(PassphraseTooLong));
}
