//! Hexadecimal, the text form of bytes in vector files.

/// The bytes of `text`; vector files are ours, so anything else is a fault of the file.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, String> {
    if !text.len().is_multiple_of(2) {
        return Err(format!("{text:?} is no hexadecimal"));
    }
    (0..text.len())
        .step_by(2)
        .map(|at| {
            text.get(at..at + 2)
                .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                .ok_or_else(|| format!("{text:?} is no hexadecimal"))
        })
        .collect()
}

/// Exactly `N` bytes.
pub(crate) fn array<const N: usize>(text: &str) -> Result<[u8; N], String> {
    decode(text)?.try_into().map_err(|_| format!("{text:?} is not {N} bytes"))
}
