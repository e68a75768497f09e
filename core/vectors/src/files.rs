//! Vector files: lines of `key: value`, then an empty line and the payload, if there is one.

use std::{fmt::Display, str::FromStr};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// One file: one case.
pub(crate) struct File<'a> {
    head: &'a str,
    /// What stands behind the empty line, to the byte.
    pub(crate) payload: &'a [u8],
}

impl<'a> File<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let (head, payload) = match bytes.windows(2).position(|pair| pair == b"\n\n") {
            Some(end) => (&bytes[..=end], &bytes[end + 2..]),
            None => (bytes, &[][..]),
        };
        let head = std::str::from_utf8(head).map_err(|_| "the head is not UTF-8")?;
        Ok(Self { head, payload })
    }

    /// The value of `key`, if it is there.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        self.head.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
    }

    /// The value of `key`.
    pub(crate) fn text(&self, key: &str) -> Result<&'a str, String> {
        self.get(key).ok_or_else(|| format!("the file lacks {key:?}"))
    }

    /// The number behind `key`, 0 if it is not there.
    pub(crate) fn number<T: FromStr<Err: Display> + Default>(
        &self,
        key: &str,
    ) -> Result<T, String> {
        match self.get(key) {
            Some(digits) => digits.parse().map_err(|error| format!("{key}: {error}")),
            None => Ok(T::default()),
        }
    }

    /// The payload followed by as many blanks as `spaces` says.
    pub(crate) fn spaced_payload(&self) -> Result<Vec<u8>, String> {
        let mut payload = self.payload.to_vec();
        payload.resize(payload.len() + self.number::<usize>("spaces")?, b' ');
        Ok(payload)
    }
}
