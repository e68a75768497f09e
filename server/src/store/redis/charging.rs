//! Creations and claims: the scripts that can count what they use.
//!
//! Invariant: what is counted is counted in the same step as the rest, or not at all.

use super::{
    super::{
        Admission, Done, NewShare, Opened, Receipt, StoreError, Toll, Usage,
        record::{LIVE_CLAIMS, REMEMBERED, Record},
    },
    RedisStore, millis,
    runner::split_seal,
    scripts,
};
use bytes::Bytes;
use waxseal_core::{
    token::{ShareId, TokenHash},
    wire::PASSPHRASE_TRIES,
};

impl RedisStore {
    /// `Store::create` of a share that was checked.
    pub(super) async fn begin(
        &self,
        share: &NewShare,
        admission: Admission,
        toll: Option<&Toll>,
    ) -> Result<Done<Receipt>, StoreError> {
        let call = self.call(&scripts::CREATE, share.id).promising();
        let now = call.now;
        let record = Record::new(share, admission, &self.retention, now);
        let bytes = Usage { stored: share.head.as_ref().map_or(0, Bytes::len) as u64, staged: 0 };
        let too_large = self.quota.check_size(share.size).err();
        let until = record.content_until().unwrap_or(record.gone_at);
        let (seal, rest) = split_seal(0, share.head.as_deref().unwrap_or_default());
        let call = call
            .with(millis(record.gone_at.since(now)))
            .with(millis(until.since(now)))
            .with(seal)
            .with(rest)
            .with_fields(&record)
            .charging(toll);
        let mut reply = self.runner.run_storing(call, bytes, until, too_large).await?;
        if reply.was_known() {
            return reply.record()?.created_again(share, now).map(Done::before);
        }
        Ok(Done::now(record.receipt(now)))
    }

    /// `Store::claim`.
    pub(super) async fn open(
        &self,
        id: ShareId,
        access: TokenHash,
        claim: TokenHash,
        proof: Option<TokenHash>,
        toll: Option<&Toll>,
    ) -> Result<Done<Opened>, StoreError> {
        let call = self
            .lease_call(&scripts::CLAIM, id)
            .promising()
            .with_token(access)
            .with_claim(claim)
            .with(proof.as_ref().map_or(&[][..], |proof| proof.as_bytes()))
            .with(PASSPHRASE_TRIES)
            .with(REMEMBERED)
            .with(LIVE_CLAIMS)
            .charging(toll);
        let mut reply = self.runner.run(call).await?;
        let opened = Opened {
            size: reply.size()?,
            expires_at: reply.time()?,
            views_left: reply.next()?,
            lease_until: reply.time()?,
            head: [reply.bytes()?, reply.bytes()?].concat().into(),
        };
        Ok(reply.done(opened))
    }
}
