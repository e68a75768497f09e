//! Passphrases as bytes: normalized, bounded, otherwise as typed.

use rand_core::{TryCryptoRng, TryRng};
use std::convert::Infallible;
use waxseal_core::passphrase::{MAX_BYTES, Passphrase, PassphraseTooLong, Strength, generate};

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

#[test]
fn repeats_and_runs_count_little() {
    for (typed, strength) in [
        ("", Strength::None),
        ("a", Strength::Weak),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Strength::Weak),
        ("abcdefghijklmnopqrstuvwxyz", Strength::Weak),
        ("acegi", Strength::Weak),
        ("acegia", Strength::Weak),
        ("acegiac", Strength::Fair),
        ("acegik", Strength::Fair),
        ("acegikmoqsua", Strength::Fair),
        ("acegikmoqsuac", Strength::Strong),
        ("acegikmoqsuw", Strength::Strong),
    ] {
        assert_eq!(Strength::of(typed), strength, "{typed}");
    }
}

/// The examples of the paper: 127.0.0.1 and 63.84.220.193.
#[test]
fn a_generated_passphrase_is_four_proquints() {
    let mut rng = Given([0x7f00, 0x0001, 0x3f54, 0xdcc1].into_iter());
    let Ok(generated) = generate(&mut rng);
    assert_eq!(generated, "lusab-babad-gutih-tugad");
}

/// Draws what it was given.
struct Given<I>(I);

impl<I: Iterator<Item = u32>> TryRng for Given<I> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next().expect("enough was given"))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.try_next_u32().map(u64::from)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.iter_mut().try_for_each(|byte| self.try_next_u32().map(|drawn| *byte = drawn as u8))
    }
}

impl<I: Iterator<Item = u32>> TryCryptoRng for Given<I> {}

#[test]
fn no_passphrase_shows_itself() {
    let passphrase = Passphrase::new("secret").expect("short enough");
    assert_eq!(format!("{passphrase:?}"), "Some(Passphrase(…))");
}
