//! What a script answers: a word for the outcome, then what belongs to it; and behind that, whether it
//! has changed how long the content is kept.
//!
//! Invariant: a word that names an error becomes that error, so callers see only `ok` and `known`.

use super::{
    super::{Done, Full, StoreError, rate::too_many, record::Record},
    fields,
    ledger::Kept,
};
use ::redis::{FromRedisValue, Value, from_redis_value};
use bytes::Bytes;
use std::vec::IntoIter;
use waxseal_core::{layout::BodySize, time::Timestamp, wire::ShareState};

/// A script's answer, read from front to back.
pub(super) struct Reply {
    known: bool,
    rest: IntoIter<Value>,
}

/// The answer, and how long the content is kept if the script has changed that.
pub(super) fn split(value: Value) -> Result<(Value, Option<Kept>), StoreError> {
    let (answer, kept): (Value, Option<(u64, u64)>) =
        from_redis_value(value).map_err(|_| unexpected())?;
    let at = Timestamp::from_unix_millis;
    Ok((answer, kept.map(|(stored, staged)| Kept { stored: at(stored), staged: at(staged) })))
}

/// The failure by what there is no room in.
pub(super) fn full(word: &str) -> StoreError {
    match word {
        "engine" => StoreError::Full(Full::Engine),
        "stored" => StoreError::Full(Full::Stored),
        "staged" => StoreError::Full(Full::Staged),
        _ => unexpected(),
    }
}

/// As scripts spell it.
pub(super) const fn word(full: Full) -> &'static str {
    match full {
        Full::Engine => "engine",
        Full::Stored => "stored",
        Full::Staged => "staged",
    }
}

impl Reply {
    /// Reads the outcome.
    pub(super) fn new(value: Value, now: Timestamp) -> Result<Self, StoreError> {
        let Value::Array(values) = value else { return Err(unexpected()) };
        let mut reply = Self { known: false, rest: values.into_iter() };
        match reply.next::<String>()?.as_str() {
            "ok" => Ok(reply),
            "known" => Ok(Self { known: true, ..reply }),
            "full" => Err(full(&reply.next::<String>()?)),
            "too many" => Err(too_many(reply.next()?)),
            "unknown" => Err(StoreError::Unknown),
            "conflict" => Err(StoreError::Conflict),
            "wrong part" => Err(StoreError::WrongPart),
            "parts missing" => Err(StoreError::PartsMissing),
            "claim over" => Err(StoreError::ClaimOver),
            "passphrase required" => Err(StoreError::PassphraseRequired),
            "no passphrase" => Err(StoreError::NoPassphraseSet),
            "wrong passphrase" => Err(StoreError::WrongPassphrase { tries_left: reply.next()? }),
            "wrong number" => Err(StoreError::WrongNumber { tries_left: reply.next()? }),
            "last number" => Err(StoreError::LastNumber { at: reply.time()? }),
            "expired" => Err(StoreError::Over { state: ShareState::Expired, at: reply.time()? }),
            "over" => Err(reply.record()?.check_running(now).err().unwrap_or_else(unexpected)),
            _ => Err(unexpected()),
        }
    }

    /// Whether the script found done what it was to do.
    pub(super) const fn was_known(&self) -> bool {
        self.known
    }

    /// The answer, and whether the script did what it was to do.
    pub(super) const fn done<T>(&self, answer: T) -> Done<T> {
        Done { answer, now: !self.known }
    }

    pub(super) fn next<T: FromRedisValue>(&mut self) -> Result<T, StoreError> {
        let value = self.rest.next().ok_or_else(unexpected)?;
        from_redis_value(value).map_err(|_| unexpected())
    }

    pub(super) fn record(&mut self) -> Result<Record, StoreError> {
        let value = self.rest.next().ok_or_else(unexpected)?;
        fields::read(value)?.ok_or_else(unexpected)
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.next().map(Timestamp::from_unix_millis)
    }

    pub(super) fn size(&mut self) -> Result<BodySize, StoreError> {
        self.next::<u64>()?.try_into().map_err(|_| unexpected())
    }

    pub(super) fn bytes(&mut self) -> Result<Bytes, StoreError> {
        match self.rest.next() {
            Some(Value::BulkString(bytes)) => Ok(bytes.into()),
            _ => Err(unexpected()),
        }
    }
}

fn unexpected() -> StoreError {
    StoreError::Fault("a script's answer is not one it gives".to_owned())
}
