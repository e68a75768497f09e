//! A record as the fields of a Redis hash.
//!
//! Invariant: `write` and `read` are each other's reverse; scripts use the same names.

use super::{
    super::{
        AddressHash, Ask, StoreError,
        record::{Given, Record, ids, times},
    },
    scripts::Invocation,
};
use ::redis::{Value, from_redis_value};
use std::str::FromStr;
use waxseal_core::{
    time::Timestamp,
    token::{ShareId, TokenHash},
    wire::Views,
};

/// Adds names and values of a record that was just created to a script's arguments.
pub(super) fn write(record: &Record, to: &mut Invocation<'_>) {
    let time = |at: Timestamp| at.unix_millis();
    to.arg("access").arg(record.access.as_bytes());
    to.arg("owner").arg(record.owner.as_bytes());
    to.arg("size").arg(record.size.get());
    to.arg("expires_in").arg(record.expires_in.seconds());
    to.arg("digest").arg(&record.digest[..]);
    to.arg("created_at").arg(time(record.created_at));
    to.arg("gone_at").arg(time(record.gone_at));
    if let Some(hash) = &record.passphrase {
        to.arg("passphrase").arg(hash.as_bytes());
    }
    if let Some(views) = record.views {
        to.arg("views").arg(views.get());
    }
    if let Some(left) = record.views_left {
        to.arg("views_left").arg(left);
    }
    if let Some(at) = record.expires_at {
        to.arg("expires_at").arg(time(at));
    }
    if let Some(at) = record.pending_until {
        to.arg("pending_until").arg(time(at));
    }
    if record.request {
        to.arg("request").arg(1);
    }
    if let Some(id) = &record.answers {
        to.arg("answers").arg(id.as_bytes());
    }
}

/// The record, or none where the hash is empty.
pub(super) fn read(value: Value) -> Result<Option<Record>, StoreError> {
    let fields: Vec<(Vec<u8>, Vec<u8>)> = from_redis_value(value).map_err(|_| damaged())?;
    if fields.is_empty() {
        return Ok(None);
    }
    Fields(fields).record().map(Some)
}

/// Names and values: so few that looking through them takes less than a map would.
struct Fields(Vec<(Vec<u8>, Vec<u8>)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&[u8]> {
        let field = self.0.iter().find(|(known, _)| known == name.as_bytes());
        field.map(|(_, value)| value.as_slice())
    }

    fn record(&self) -> Result<Record, StoreError> {
        Ok(Record {
            access: some(self.hash("access")?)?,
            owner: some(self.hash("owner")?)?,
            passphrase: self.hash("passphrase")?,
            size: parsed(some(self.number::<u64>("size")?)?)?,
            expires_in: parsed(some(self.number::<u32>("expires_in")?)?)?,
            views: self.number("views")?.map(parsed::<Views, u32>).transpose()?,
            digest: some(self.array("digest")?)?,
            created_at: some(self.time("created_at")?)?,
            expires_at: self.time("expires_at")?,
            pending_until: self.time("pending_until")?,
            ask: self.ask()?,
            wrong_numbers: self.number("wrong_numbers")?.unwrap_or(0),
            gone_at: some(self.time("gone_at")?)?,
            views_left: self.number("views_left")?,
            failed: self.number("failed")?.unwrap_or(0),
            opened_at: self.get("opened_at").map_or_else(Vec::new, times),
            used_up_at: self.time("used_up_at")?,
            revoked_at: self.time("revoked_at")?,
            burned_at: self.time("burned_at")?,
            request: self.get("request").is_some(),
            answers: self.array("answers")?.map(ShareId::from_bytes),
            offers: self.get("offers").map_or_else(Vec::new, ids),
            answer: self.given()?,
        })
    }

    fn ask(&self) -> Result<Option<Ask>, StoreError> {
        let Some(token) = self.hash("token")? else { return Ok(None) };
        Ok(Some(Ask {
            token,
            number: parsed(some(self.number::<u8>("number")?)?)?,
            session_of: self.array("session_of")?.map(AddressHash::from_bytes),
        }))
    }

    fn given(&self) -> Result<Option<Given>, StoreError> {
        let Some(packed) = self.get("answer") else { return Ok(None) };
        let until = some(self.time("answer_until")?)?;
        Ok(Some(parsed((packed, until))?))
    }

    fn array<const N: usize>(&self, name: &str) -> Result<Option<[u8; N]>, StoreError> {
        self.get(name).map(parsed).transpose()
    }

    fn hash(&self, name: &str) -> Result<Option<TokenHash>, StoreError> {
        Ok(self.array(name)?.map(TokenHash::from_bytes))
    }

    fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let number = |bytes: &[u8]| str::from_utf8(bytes).ok()?.parse().ok();
        self.get(name).map(|bytes| some(number(bytes))).transpose()
    }

    fn time(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.number(name)?.map(Timestamp::from_unix_millis))
    }
}

fn some<T>(value: Option<T>) -> Result<T, StoreError> {
    value.ok_or_else(damaged)
}

fn parsed<T, V: TryInto<T>>(value: V) -> Result<T, StoreError> {
    value.try_into().map_err(|_| damaged())
}

fn damaged() -> StoreError {
    StoreError::Fault("a record is damaged".to_owned())
}
