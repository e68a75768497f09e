//! How much is taken, all shares together.
//!
//! Invariant: what counts are bytes of ciphertext that are stored, so nobody takes room from others by
//! announcing a size.

use super::StoreError;
use std::fmt;
use waxseal_core::layout::BodySize;

/// What creations and uploads leave free; `None` = no limit. Claims, acknowledgements and revocations
/// know none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Bytes of ciphertext, those of uploads not yet published included.
    pub stored: Option<u64>,
    /// Bytes of uploads that are not yet published.
    pub staged: Option<u64>,
    /// Bytes of free disk that are left to claims, acknowledgements and revocations; of no concern to
    /// Redis, which has a limit of its own.
    pub free_disk: u64,
}

impl Default for Quota {
    /// No limit but 64 MiB of free disk.
    fn default() -> Self {
        Self { stored: None, staged: None, free_disk: 64 * 1024 * 1024 }
    }
}

/// What there is no room in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The disk, or Redis' memory.
    Engine,
    /// [`Quota::stored`].
    Stored,
    /// [`Quota::staged`].
    Staged,
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Engine => "the server's disk or memory is full",
            Self::Stored => {
                "all shares together take as many bytes as this server stores; \
                 there is room again when some are over"
            }
            Self::Staged => {
                "unfinished uploads take as many bytes as this server keeps for them; \
                 there is room again when some are published or given up"
            }
        })
    }
}

impl Quota {
    /// Refuses a share that would not fit if there were no other.
    pub(super) fn check_size(&self, size: BodySize) -> Result<(), Full> {
        let nothing = Usage::default();
        let staged = if size.is_one_part() { 0 } else { size.get() };
        self.check(nothing, Usage { stored: size.get(), staged })
    }

    /// Refuses what is `more` than there is room for beside what is `used`.
    pub(super) fn check(&self, used: Usage, more: Usage) -> Result<(), Full> {
        let exceeds = |used: u64, more, quota: Option<u64>| {
            more > 0 && quota.is_some_and(|quota| used.saturating_add(more) > quota)
        };
        if exceeds(used.stored, more.stored, self.stored) {
            Err(Full::Stored)
        } else if exceeds(used.staged, more.staged, self.staged) {
            Err(Full::Staged)
        } else {
            Ok(())
        }
    }
}

/// Bytes of ciphertext.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// All that are stored.
    pub stored: u64,
    /// Of those, bytes of uploads that are not yet published.
    pub staged: u64,
}

impl From<Full> for StoreError {
    fn from(full: Full) -> Self {
        Self::Full(full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_no_room_fits_into_a_quota_that_was_lowered_below_what_there_is() {
        let quota = Quota { stored: Some(100), staged: Some(10), ..Quota::default() };
        let used = Usage { stored: 50, staged: 20 };
        assert_eq!(quota.check(used, Usage { stored: 50, staged: 0 }), Ok(()));
        assert_eq!(quota.check(used, Usage { stored: 51, staged: 0 }), Err(Full::Stored));
        assert_eq!(quota.check(used, Usage { stored: 1, staged: 1 }), Err(Full::Staged));
    }
}
