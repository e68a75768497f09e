//! PADMÉ padding: lengths rounded so that they tell little about what is inside.
//!
//! Source: Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
//! PURBs", PoPETs 2019, algorithm 1. Overhead ≤ 12 %; a length tells O(log log n) bits.

use crate::layout::MIN_PLAINTEXT;

/// The padded length for `len` bytes of content: PADMÉ(max(1024, len)).
///
/// `None` where the padded length exceeds 2⁵³ − 1.
pub const fn padded(len: u64) -> Option<u64> {
    let len = if len < MIN_PLAINTEXT { MIN_PLAINTEXT } else { len };
    if len >= 1 << 53 {
        return None;
    }
    let exponent = len.ilog2();
    let granularity = 1_u64 << (exponent - exponent.ilog2() - 1);
    let padded = len.next_multiple_of(granularity);
    if padded < 1 << 53 { Some(padded) } else { None }
}
