//! Fetching a file as a browser does.
//!
//! Invariant: no more is read or unpacked than the file has bytes, and one.

use crate::api::{Api, ApiError};
use std::io::Read;
use ureq::http::{HeaderMap, header};

/// How each file is asked for: as browsers do, and as what does not unpack does.
pub(super) const ENCODINGS: [&str; 3] = ["gzip, deflate, br", "gzip", "identity"];

/// What a browser says of itself and of what it wants. A server that tells this command from a browser by
/// less than that would be found out.
const AS_A_BROWSER: [(&str, &str); 3] = [
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("accept-language", "en-US,en;q=0.5"),
];

/// What a path was answered with.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Unpacked; of one that is too long, a byte more than there should be.
    pub(super) body: Vec<u8>,
    /// Whether it came packed in a way that this command does not know, or that did not unpack.
    pub(super) packed: Option<String>,
}

/// Fetches `path`, of which `limit` bytes are wanted.
pub(super) fn get(api: &Api, path: &str, encoding: &str, limit: u64) -> Result<Answer, ApiError> {
    let mut headers = AS_A_BROWSER.to_vec();
    headers.push((header::ACCEPT_ENCODING.as_str(), encoding));
    // What does not get smaller by packing gets larger by a little.
    let (status, headers, sent) = api.get_as_it_is(path, &headers, limit + 1024)?;
    let packing =
        headers.get(header::CONTENT_ENCODING).map_or(b"identity".as_slice(), |v| v.as_bytes());
    let mut body = Vec::new();
    let unpacked = match packing {
        b"identity" => sent.as_slice().take(limit + 1).read_to_end(&mut body),
        b"br" => brotli_decompressor::Decompressor::new(sent.as_slice(), 4096)
            .take(limit + 1)
            .read_to_end(&mut body),
        b"gzip" => {
            flate2::read::GzDecoder::new(sent.as_slice()).take(limit + 1).read_to_end(&mut body)
        }
        _ => Err(std::io::ErrorKind::Unsupported.into()),
    };
    let packed = unpacked.is_err().then(|| String::from_utf8_lossy(packing).into_owned());
    Ok(Answer { status, headers, body, packed })
}
