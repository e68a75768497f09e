//! Words that labels are.

use crate::store::StoreError;
use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};
use std::fmt::{self, Write};

/// An enumeration of words.
pub(super) trait Words: Copy + 'static {
    /// Each of them.
    const ALL: &[Self];
}

/// Makes one.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum $name { $($(#[$what])* $variant,)+ }

        impl Words for $name {
            const ALL: &[Self] = &[$(Self::$variant,)+];
        }

        impl $name {
            /// The word.
            pub(crate) const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), fmt::Error> {
                encoder.write_str(self.word())
            }
        }
    };
}

words! {
    /// Why something was refused for the server's own sake.
    Refusal {
        /// Too much from one address for now.
        Rate = "rate",
        /// As much is stored as may be.
        Quota = "quota",
        /// The disk, or Redis' memory, is full.
        Full = "full",
        /// A page of another site asked.
        SameSite = "same_site",
        /// It could not be told where the request ends.
        Framing = "framing",
        /// A head or a body took too long.
        Slow = "slow",
        /// A head or a body was too large.
        Large = "large",
        /// There are too many connections.
        Connections = "connections",
    }
}

words! {
    /// What became of a mail.
    Mail {
        /// A mail server took it.
        Sent = "sent",
        /// It is tried again.
        Delayed = "delayed",
        /// It could not be written or sent.
        Failed = "failed",
        /// Too many others waited.
        Lost = "lost",
        /// Not to an address that may share.
        NotAllowed = "not_allowed",
    }
}

words! {
    /// How a call of the store went.
    Outcome {
        /// It did what it says.
        Done = "ok",
        /// The share, its state or an allowance does not admit it.
        Refused = "refused",
        /// There was no room.
        Full = "full",
        /// The store could not be reached or must not be used.
        Unavailable = "unavailable",
        /// Something is broken.
        Fault = "fault",
    }
}

impl Outcome {
    /// Of this result.
    pub(crate) const fn of<T>(result: &Result<T, StoreError>) -> Self {
        match result {
            Ok(_) => Self::Done,
            Err(StoreError::Full(_)) => Self::Full,
            Err(StoreError::Unavailable(_)) => Self::Unavailable,
            Err(StoreError::Fault(_)) => Self::Fault,
            Err(_) => Self::Refused,
        }
    }

    /// Whether the store could not do what it is for.
    pub(crate) const fn is_failure(self) -> bool {
        matches!(self, Self::Unavailable | Self::Fault)
    }
}
