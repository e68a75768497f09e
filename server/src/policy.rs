//! The operator's policy, applied to what is to be created.
//!
//! Invariant: a [`NewShare`] made here is consistent and within the policy.

use crate::{problem::ApiError, store::NewShare};
use waxseal_core::{
    layout::BodySize,
    padding,
    wire::{CreateRequest, Policy, ProblemType, REQUEST_BYTES, Views},
};

/// Room for the manifest beside the attachments.
const MANIFEST_ROOM: u64 = 512 * 1024;

/// A policy that can be kept.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    policy: Policy,
    largest: BodySize,
}

/// A policy that cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PolicyError {
    /// The default is not offered.
    #[error("default-expiry: not one of the expiries offered")]
    DefaultExpiry,
    /// No sealed body is that large.
    #[error("max-bytes: no share can be this large")]
    MaxBytes,
}

impl Rules {
    /// Takes a policy.
    ///
    /// # Errors
    /// [`PolicyError`] if its parts do not fit each other.
    pub(crate) fn new(policy: Policy) -> Result<Self, PolicyError> {
        if !policy.expiries.contains(&policy.default_expiry) {
            return Err(PolicyError::DefaultExpiry);
        }
        let largest = policy
            .max_bytes
            .checked_add(MANIFEST_ROOM)
            .and_then(padding::padded)
            .and_then(|plaintext| BodySize::of_plaintext(plaintext).ok())
            .ok_or(PolicyError::MaxBytes)?;
        Ok(Self { policy, largest })
    }

    /// The policy, as clients see it.
    pub(crate) const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Bytes of the largest share's ciphertext.
    pub(crate) const fn largest(&self) -> BodySize {
        self.largest
    }

    /// What to create, if the request is consistent and within the policy.
    ///
    /// # Errors
    /// 422 `invalid` where head and size differ, 422 `policy`, 413.
    pub(crate) fn admit(&self, request: CreateRequest) -> Result<NewShare, ApiError> {
        let policy = &self.policy;
        let refuse = |detail| Err(ApiError::new(ProblemType::Policy).detail(detail));
        let head = request.head.as_ref().map(|head| head.len() as u64);
        if head != request.size.is_one_part().then(|| request.size.get()) {
            return Err(ApiError::new(ProblemType::Invalid)
                .detail("head must be the whole body if that is one part, and absent otherwise"));
        }
        if request.size > self.largest {
            return Err(ApiError::new(ProblemType::TooLarge).detail(
                "the share is larger than this server takes, see max_bytes of its policy",
            ));
        }
        if !policy.expiries.contains(&request.expires_in) {
            return refuse("this expiry is not offered");
        }
        let answers = request.answers.as_ref().map(|answers| answers.request);
        if request.request || answers.is_some() {
            check_request(&request)?;
        } else if policy.force_passphrase && request.passphrase_hash.is_none() {
            return refuse("every share must have a passphrase");
        }
        if policy.force_one_time && request.views != Some(Views::ONE) {
            return refuse("every share must be one-time");
        }
        Ok(NewShare {
            id: request.id,
            access: request.access_hash,
            owner: request.owner_hash,
            passphrase: request.passphrase_hash,
            size: request.size,
            expires_in: request.expires_in,
            views: request.views,
            head: request.head.map(Into::into),
            request: request.request,
            answers,
        })
    }
}

/// Refuses a request, or what is to answer one, that could never do so.
fn check_request(request: &CreateRequest) -> Result<(), ApiError> {
    let refuse = |detail| Err(ApiError::new(ProblemType::Invalid).detail(detail));
    if request.views != Some(Views::ONE) || request.passphrase_hash.is_some() {
        return refuse("a request and its answer have one view and no passphrase");
    }
    if request.request && request.answers.is_some() {
        return refuse("a request answers none");
    }
    if request.request && request.size.get() > REQUEST_BYTES as u64 {
        return Err(ApiError::new(ProblemType::TooLarge).detail("a request has 16 KiB at most"));
    }
    Ok(())
}
