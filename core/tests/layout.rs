//! Sizes, chunks, parts and padding: the arithmetic adds up.

use proptest::prelude::*;
use waxseal_core::{
    layout::{BodySize, CHUNK, MAX_CHUNKS, MIN_PLAINTEXT, PART, SEAL, SEALED_CHUNK, TAG},
    padding::padded,
};

/// Small and large alike: as many of each number of bits.
fn magnitudes(bits: u32) -> impl Strategy<Value = u64> {
    (0..bits, any::<u64>()).prop_map(|(bits, n)| n & ((2 << bits) - 1))
}

/// The plaintexts that a body can have.
fn plaintexts() -> impl Strategy<Value = u64> {
    let most = MAX_CHUNKS * CHUNK as u64 - 1;
    let around = (1..64_u64, 0..5_u64).prop_map(|(n, off)| n * CHUNK as u64 + off - 2);
    prop_oneof![magnitudes(52), around].prop_map(move |n| n.clamp(MIN_PLAINTEXT, most))
}

proptest! {
    #[test]
    fn a_size_follows_from_the_plaintext_and_back(plaintext in plaintexts()) {
        let size = BodySize::of_plaintext(plaintext).expect("a possible plaintext");
        let chunks = plaintext / CHUNK as u64 + 1;
        prop_assert_eq!(size.get(), 56 + plaintext + 16 * chunks);
        prop_assert_eq!(size.plaintext(), plaintext);
        prop_assert_eq!(size.chunks(), chunks);
        prop_assert_eq!(size.parts(), (size.get() - 56).div_ceil(PART as u64));
        prop_assert_eq!(BodySize::try_from(size.get()), Ok(size));
        prop_assert_eq!(size.is_one_part(), size.parts() == 1);
    }

    #[test]
    fn only_the_last_part_and_the_last_chunk_are_short(plaintext in plaintexts()) {
        let size = BodySize::of_plaintext(plaintext).expect("a possible plaintext");
        let (parts, chunks) = (size.parts(), size.chunks());
        for n in [0, 1, parts / 2, parts.saturating_sub(2)] {
            if n + 1 < parts {
                let seal = if n == 0 { SEAL } else { 0 };
                prop_assert_eq!(size.part_len(n), Some(PART + seal));
                prop_assert_eq!(size.part_chunks(n), n * 64..n * 64 + 64);
            }
        }
        prop_assert_eq!(size.part_len(parts), None);
        prop_assert_eq!(size.part_chunks(parts - 1).end, chunks);
        prop_assert!(size.part_chunks(parts).is_empty());
        let last = size.chunk_len(chunks - 1).expect("there is a last chunk");
        prop_assert!((TAG..SEALED_CHUNK).contains(&last));
        prop_assert_eq!(size.chunk_len(chunks), None);
        prop_assert_eq!(SEAL as u64 + (chunks - 1) * SEALED_CHUNK as u64 + last as u64, size.get());
    }

    #[test]
    fn parts_and_chunks_sum_up_to_the_size(plaintext in MIN_PLAINTEXT..40_000_000) {
        let size = BodySize::of_plaintext(plaintext).expect("a possible plaintext");
        let part = |n| size.part_len(n).expect("a part that there is") as u64;
        prop_assert_eq!((0..size.parts()).map(part).sum::<u64>(), size.get());
        let chunk = |n| size.chunk_len(n).expect("a chunk that there is") as u64;
        prop_assert_eq!((0..size.chunks()).map(chunk).sum::<u64>() + SEAL as u64, size.get());
        for n in 0..size.parts() {
            let seal = if n == 0 { SEAL as u64 } else { 0 };
            prop_assert_eq!(size.part_chunks(n).map(chunk).sum::<u64>() + seal, part(n));
        }
    }

    #[test]
    fn a_size_is_accepted_exactly_if_a_plaintext_has_it(size in magnitudes(63)) {
        let accepted = BodySize::try_from(size);
        let whole = size.saturating_sub(SEAL as u64).div_ceil(SEALED_CHUNK as u64);
        let plaintext = size.saturating_sub(SEAL as u64 + whole * TAG as u64);
        let made = BodySize::of_plaintext(plaintext).is_ok_and(|made| made.get() == size);
        prop_assert_eq!(accepted.is_ok(), made);
    }

    #[test]
    fn padding_is_padme(n in magnitudes(52)) {
        let n = n.min((1 << 53) - (1 << 48));
        let at_least = n.max(1024);
        let padded_n = padded(n).expect("below 2^53");
        prop_assert!(padded_n >= at_least);
        prop_assert!((padded_n - at_least) as f64 <= 0.12 * at_least as f64);
        prop_assert_eq!(padded(padded_n), Some(padded_n));
        prop_assert!(padded(n + 1).expect("below 2^53") >= padded_n);
        // At most ⌊log₂ e⌋ + 1 of the leading bits are set: what a length can tell.
        let exponent = padded_n.ilog2();
        prop_assert!(exponent - padded_n.trailing_zeros() <= exponent.ilog2() + 1);
    }
}

#[test]
fn padding_grows_with_the_length_and_wastes_at_most_12_percent() {
    let mut before = 0;
    for n in 0..200_000_u64 {
        let padded = padded(n).expect("below 2^53");
        assert!(padded >= before && padded >= n.max(1024));
        assert!((padded - n.max(1024)) * 100 <= 12 * n.max(1024), "{n}");
        before = padded;
    }
}

#[test]
fn nothing_is_padded_beyond_2_53() {
    assert_eq!(padded((1 << 53) - 1), None);
    assert_eq!(padded(1 << 53), None);
    assert_eq!(padded(u64::MAX), None);
}
