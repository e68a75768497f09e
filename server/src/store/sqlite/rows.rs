//! The rows of a share, within one transaction.
//!
//! Invariant: every row of content is deleted by its own key: deleting many at once would have SQLite
//! copy them to a temporary file first.

use super::{
    super::{
        AddressHash, Ask, Part, Retention, StoreError,
        record::{Given, LIVE_CLAIMS, REMEMBERED, Record, ids, times},
    },
    database::insert_content,
    expirations::Expirations,
    files::{Files, LARGE},
    usage::{Usage, part_len},
};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use std::{fs::File, io::Read};
use waxseal_core::{
    layout::SEAL,
    time::Timestamp,
    token::{ShareId, TokenHash},
    wire::ShareState,
};

/// More than a share can have of anything.
const ALL: usize = i64::MAX as usize;

/// A running transaction.
pub(super) struct Tx<'a> {
    pub(super) db: &'a Connection,
    pub(super) files: &'a Files,
    pub(super) usage: &'a Usage,
    pub(super) expirations: &'a Expirations,
    pub(super) retention: Retention,
    /// What the clock said when the request's turn came.
    pub(super) now: Timestamp,
}

/// A share that is known now.
pub(super) struct Share {
    pub(super) key: i64,
    pub(super) record: Record,
}

/// A claim that was answered.
#[derive(Clone, Copy)]
pub(super) struct Lease {
    pub(super) first: Timestamp,
    pub(super) until: Timestamp,
}

/// A part as it came: the seal apart, if it is part 0.
pub(super) struct NewPart<'a> {
    pub(super) n: u64,
    pub(super) seal: Option<&'a [u8]>,
    pub(super) bytes: &'a [u8],
}

impl<'a> NewPart<'a> {
    /// Takes the seal off part 0, which is at least that long.
    pub(super) fn split(n: u64, part: &'a [u8]) -> Self {
        match part.split_at_checked(SEAL) {
            Some((seal, bytes)) if n == 0 => Self { n, seal: Some(seal), bytes },
            _ => Self { n, seal: None, bytes: part },
        }
    }
}

/// A part as it is stored, which outlives the transaction that found it.
pub(super) struct StoredPart {
    seal: Vec<u8>,
    bytes: Stored,
}

enum Stored {
    Bytes(Vec<u8>),
    File(File),
}

impl StoredPart {
    /// Its bytes, with the seal in front of part 0.
    pub(super) fn with_seal(self) -> Result<Bytes, StoreError> {
        let mut part = self.seal;
        match self.bytes {
            Stored::Bytes(bytes) => part.extend(bytes),
            Stored::File(mut file) => {
                file.read_to_end(&mut part)?;
            }
        }
        Ok(part.into())
    }

    /// Its bytes, to be read once the transaction is over.
    pub(super) fn without_seal(self) -> Result<Part, StoreError> {
        Ok(match self.bytes {
            Stored::Bytes(bytes) => Bytes::from(bytes).into(),
            Stored::File(file) => Part::file(file)?,
        })
    }
}

impl Tx<'_> {
    /// The share, or [`StoreError::Unknown`].
    pub(super) fn share(&self, id: ShareId) -> Result<Share, StoreError> {
        self.find(id)?.filter(|share| self.now < share.record.gone_at).ok_or(StoreError::Unknown)
    }

    /// The share, even one whose record is due to go.
    pub(super) fn find(&self, id: ShareId) -> Result<Option<Share>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT * FROM share WHERE id = ?")?;
        let mut rows = statement.query([id.as_bytes()])?;
        rows.next()?.map(read_share).transpose()
    }

    /// Adds a share without content.
    pub(super) fn insert(&self, id: ShareId, record: &Record) -> Result<i64, StoreError> {
        let mut statement = self.db.prepare_cached(
            "INSERT INTO share (id, access, owner, passphrase, size, expires_in, views, digest,
                created_at, gone_at, failed, opened_at, request, answers)
             VALUES (:id, :access, :owner, :passphrase, :size, :expires_in, :views, :digest,
                :created_at, :gone_at, 0, x'', :request, :answers)",
        )?;
        let key = statement.insert(named_params! {
            ":id": id.as_bytes(),
            ":access": record.access.as_bytes(),
            ":owner": record.owner.as_bytes(),
            ":passphrase": record.passphrase.as_ref().map(TokenHash::as_bytes),
            ":size": record.size.get() as i64,
            ":expires_in": record.expires_in.seconds(),
            ":views": record.views.map(u32::from),
            ":digest": record.digest,
            ":created_at": millis(record.created_at),
            ":gone_at": millis(record.gone_at),
            ":request": record.request,
            ":answers": record.answers.as_ref().map(ShareId::as_bytes),
        })?;
        self.save(&Share { key, record: record.clone() })?;
        Ok(key)
    }

    /// Writes what can change of a record.
    pub(super) fn save(&self, Share { key, record }: &Share) -> Result<(), StoreError> {
        let opened_at: Vec<u8> =
            record.opened_at.iter().flat_map(|at| at.unix_millis().to_be_bytes()).collect();
        let ask = record.ask.as_ref();
        let offers: Vec<u8> = record.offers.iter().flat_map(|id| *id.as_bytes()).collect();
        let given = record.answer.as_ref();
        self.db
            .prepare_cached(
                "UPDATE share SET expires_at = :expires_at, gone_at = :gone_at,
                    pending_until = :pending_until, token = :token, number = :number,
                    session_of = :session_of, wrong_numbers = :wrong_numbers,
                    views_left = :views_left, failed = :failed, opened_at = :opened_at,
                    used_up_at = :used_up_at, revoked_at = :revoked_at, burned_at = :burned_at,
                    offers = :offers, answer = :answer, answer_until = :answer_until
                 WHERE key = :key",
            )?
            .execute(named_params! {
                ":key": key,
                ":expires_at": record.expires_at.map(millis),
                ":gone_at": millis(record.gone_at),
                ":pending_until": record.pending_until.map(millis),
                ":token": ask.map(|ask| ask.token.as_bytes()),
                ":number": ask.map(|ask| ask.number.get()),
                ":session_of": ask.and_then(|ask| ask.session_of.as_ref()).map(AddressHash::as_bytes),
                ":wrong_numbers": record.wrong_numbers,
                ":views_left": record.views_left,
                ":failed": record.failed,
                ":opened_at": opened_at,
                ":used_up_at": record.used_up_at.map(millis),
                ":revoked_at": record.revoked_at.map(millis),
                ":burned_at": record.burned_at.map(millis),
                ":offers": offers,
                ":answer": given.map(Given::pack),
                ":answer_until": given.map(|given| millis(given.until)),
            })?;
        Ok(())
    }

    /// Stores a part, in place of an earlier one of its number.
    pub(super) fn put(
        &self,
        share: i64,
        part: &NewPart<'_>,
        staged_until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        if let Some(key) = self.part_key(share, part.n)? {
            self.drop_part(key)?;
        }
        let in_file = part.bytes.len() > LARGE;
        let key = self
            .db
            .prepare_cached(
                "INSERT INTO part (share, n, in_file, staged_until) VALUES (?, ?, ?, ?)",
            )?
            .insert((share, part.n as i64, in_file, staged_until.map(millis)))?;
        let len = part.seal.map_or(0, <[u8]>::len) + part.bytes.len();
        self.usage.add(len, staged_until.is_some());
        if in_file {
            self.files.write(key, part.bytes)?;
        }
        if part.seal.is_some() || !in_file {
            let bytes = (!in_file).then_some(part.bytes);
            self.db.prepare_cached(&insert_content())?.execute((key, part.seal, bytes))?;
        }
        Ok(())
    }

    /// Whether part `n` of the share is stored, if only to be removed soon.
    pub(super) fn has_part(&self, share: i64, n: u64) -> Result<bool, StoreError> {
        Ok(self.part_key(share, n)?.is_some())
    }

    fn part_key(&self, share: i64, n: u64) -> Result<Option<i64>, StoreError> {
        Ok(self
            .db
            .prepare_cached("SELECT key FROM part WHERE share = ? AND n = ?")?
            .query_row((share, n as i64), |row| row.get(0))
            .optional()?)
    }

    /// Part `n` of a published share.
    ///
    /// # Errors
    /// [`StoreError::ClaimOver`] if it is deleted, which only a clock that was set back can leave to
    /// be found here.
    pub(super) fn stored(&self, share: i64, n: u64) -> Result<StoredPart, StoreError> {
        let (key, in_file, seal, bytes) = self
            .db
            .prepare_cached(
                "SELECT key, in_file, seal, bytes FROM part LEFT JOIN content ON part = key
                 WHERE share = ? AND n = ?",
            )?
            .query_row((share, n as i64), |row| {
                let seal: Option<Vec<u8>> = row.get(2)?;
                let bytes: Option<Vec<u8>> = row.get(3)?;
                Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?, seal, bytes))
            })
            .optional()?
            .ok_or(StoreError::ClaimOver)?;
        let bytes = if in_file {
            Stored::File(self.files.open(key)?)
        } else {
            Stored::Bytes(bytes.unwrap_or_default())
        };
        Ok(StoredPart { seal: seal.unwrap_or_default(), bytes })
    }

    /// When the content is due to go.
    pub(super) fn keep_content(
        &self,
        share: i64,
        until: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "UPDATE share SET content_until = ?2 WHERE key = ?1 AND content_until IS NOT ?2",
            )?
            .execute((share, until.map(millis)))?;
        Ok(())
    }

    /// Notes that no content is left, and that the share has expired if nothing else has ended it.
    pub(super) fn end_content(&self, share: i64) -> Result<(), StoreError> {
        let mut statement = self.db.prepare_cached(
            "UPDATE share SET content_until = NULL WHERE key = ? AND content_until IS NOT NULL
             RETURNING *",
        )?;
        let mut rows = statement.query([share])?;
        let Some(row) = rows.next()? else { return Ok(()) };
        if read_share(row)?.record.state(self.now) == ShareState::Expired {
            self.expirations.note(ShareId::from_bytes(row.get("id")?));
        }
        Ok(())
    }

    /// Deletes everything that can be opened.
    pub(super) fn drop_content(&self, share: i64) -> Result<(), StoreError> {
        self.drop_parts(share, ALL)?;
        self.end_content(share)
    }

    /// Deletes so many parts at most, part 0 with the seal first; says how many.
    pub(super) fn drop_parts(&self, share: i64, limit: usize) -> Result<usize, StoreError> {
        let parts: Vec<i64> = self
            .db
            .prepare_cached("SELECT key FROM part WHERE share = ? ORDER BY n LIMIT ?")?
            .query_map((share, limit as i64), |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for part in &parts {
            self.drop_part(*part)?;
        }
        Ok(parts.len())
    }

    pub(super) fn drop_part(&self, key: i64) -> Result<(), StoreError> {
        self.db.prepare_cached("DELETE FROM content WHERE part = ?")?.execute([key])?;
        let (size, n, staged, in_file) = self
            .db
            .prepare_cached(
                "DELETE FROM part WHERE key = ? RETURNING
                    (SELECT size FROM share WHERE key = part.share), n, staged_until IS NOT NULL,
                    in_file",
            )?
            .query_row([key], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?))
            })?;
        self.usage.remove(part_len(size as u64, n as u64)?, staged);
        if in_file {
            self.files.doom(key);
        }
        Ok(())
    }

    /// Forgets a share altogether.
    pub(super) fn drop_share(&self, key: i64) -> Result<(), StoreError> {
        self.drop_parts(key, ALL)?;
        self.drop_claims(key, ALL)?;
        self.drop_record(key)
    }

    /// Forgets so many claims at most; says how many.
    pub(super) fn drop_claims(&self, share: i64, limit: usize) -> Result<usize, StoreError> {
        Ok(self
            .db
            .prepare_cached(
                "DELETE FROM claim WHERE share = ?1 AND hash IN
                    (SELECT hash FROM claim WHERE share = ?1 LIMIT ?2)",
            )?
            .execute((share, limit as i64))?)
    }

    /// Forgets a share that has neither parts nor claims.
    pub(super) fn drop_record(&self, key: i64) -> Result<(), StoreError> {
        self.db.prepare_cached("DELETE FROM share WHERE key = ?")?.execute([key])?;
        Ok(())
    }

    pub(super) fn lease(&self, share: i64, claim: TokenHash) -> Result<Option<Lease>, StoreError> {
        Ok(self
            .db
            .prepare_cached("SELECT first_at, until FROM claim WHERE share = ? AND hash = ?")?
            .query_row((share, claim.as_bytes()), |row| {
                Ok(Lease { first: time(row.get(0)?), until: time(row.get(1)?) })
            })
            .optional()?)
    }

    pub(super) fn save_lease(
        &self,
        share: i64,
        claim: TokenHash,
        lease: Lease,
    ) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "INSERT INTO claim (share, hash, first_at, until) VALUES (?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET first_at = excluded.first_at, until = excluded.until",
            )?
            .execute((share, claim.as_bytes(), millis(lease.first), millis(lease.until)))?;
        Ok(())
    }

    /// When the last live lease ends, if there is one.
    pub(super) fn last_lease(&self, share: i64) -> Result<Option<Timestamp>, StoreError> {
        let until: Option<i64> = self
            .db
            .prepare_cached("SELECT max(until) FROM claim WHERE share = ? AND until > ?")?
            .query_row((share, millis(self.now)), |row| row.get(0))?;
        Ok(until.map(time))
    }

    /// Ends every live lease.
    pub(super) fn end_leases(&self, share: i64) -> Result<(), StoreError> {
        self.db.prepare_cached("UPDATE claim SET until = 0 WHERE share = ?")?.execute([share])?;
        Ok(())
    }

    /// Forgets all claims that are over but the newest, and the oldest of too many live ones.
    pub(super) fn forget_old_claims(&self, share: i64) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "DELETE FROM claim WHERE share = ?1 AND until <=
                    (SELECT until FROM claim WHERE share = ?1 AND until <= ?2
                     ORDER BY until DESC LIMIT 1 OFFSET ?3)",
            )?
            .execute((share, millis(self.now), REMEMBERED as i64))?;
        self.db
            .prepare_cached(
                "DELETE FROM claim WHERE share = ?1 AND hash IN
                    (SELECT hash FROM claim WHERE share = ?1
                     ORDER BY until DESC, first_at DESC LIMIT -1 OFFSET ?2)",
            )?
            .execute((share, (LIVE_CLAIMS + REMEMBERED) as i64))?;
        Ok(())
    }
}

fn read_share(row: &Row<'_>) -> Result<Share, StoreError> {
    let ask = match (row.get::<_, Option<_>>("token")?, row.get::<_, Option<u8>>("number")?) {
        (Some(token), Some(number)) => Some(Ask {
            token: hash(token),
            number: parsed(number)?,
            session_of: row.get::<_, Option<_>>("session_of")?.map(AddressHash::from_bytes),
        }),
        _ => None,
    };
    let given = match (row.get::<_, Option<Vec<u8>>>("answer")?, row.get("answer_until")?) {
        (Some(packed), Some(until)) => Some(parsed((packed.as_slice(), time(until)))?),
        _ => None,
    };
    let record = Record {
        access: hash(row.get("access")?),
        owner: hash(row.get("owner")?),
        passphrase: row.get::<_, Option<_>>("passphrase")?.map(hash),
        size: parsed(row.get::<_, i64>("size")? as u64)?,
        expires_in: parsed(row.get::<_, u32>("expires_in")?)?,
        views: row.get::<_, Option<u32>>("views")?.map(parsed).transpose()?,
        digest: row.get("digest")?,
        created_at: time(row.get("created_at")?),
        expires_at: row.get::<_, Option<_>>("expires_at")?.map(time),
        pending_until: row.get::<_, Option<_>>("pending_until")?.map(time),
        ask,
        wrong_numbers: row.get("wrong_numbers")?,
        gone_at: time(row.get("gone_at")?),
        views_left: row.get("views_left")?,
        failed: row.get("failed")?,
        opened_at: times(&row.get::<_, Vec<u8>>("opened_at")?),
        used_up_at: row.get::<_, Option<_>>("used_up_at")?.map(time),
        revoked_at: row.get::<_, Option<_>>("revoked_at")?.map(time),
        burned_at: row.get::<_, Option<_>>("burned_at")?.map(time),
        request: row.get("request")?,
        answers: row.get::<_, Option<_>>("answers")?.map(ShareId::from_bytes),
        offers: ids(&row.get::<_, Vec<u8>>("offers")?),
        answer: given,
    };
    Ok(Share { key: row.get("key")?, record })
}

/// A row's value that only a newer program or another one can have written.
fn parsed<T, V: TryInto<T>>(value: V) -> Result<T, StoreError> {
    value.try_into().map_err(|_| StoreError::Fault("a record is damaged".to_owned()))
}

pub(super) const fn millis(at: Timestamp) -> i64 {
    at.unix_millis() as i64
}

const fn time(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis as u64)
}

const fn hash(bytes: [u8; 32]) -> TokenHash {
    TokenHash::from_bytes(bytes)
}
