//! JSON: every message of the API, and the manifest.

use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;
use waxseal_core::{
    json,
    manifest::Manifest,
    wire::{
        AnswerRequest, Asking, BatchStatusRequest, BatchStatusResponse, ClaimRequest,
        CreateRequest, Landing, LeaseResponse, OwnedShare, PartsResponse, Policy, Problem,
        ShareReceipt, Status, from_json, to_json,
    },
};

/// A request or an answer.
pub fn message(bytes: &[u8]) {
    read::<CreateRequest>(bytes);
    read::<AnswerRequest>(bytes);
    read::<Asking>(bytes);
    read::<ClaimRequest>(bytes);
    read::<BatchStatusRequest>(bytes);
    read::<OwnedShare>(bytes);
    read::<ShareReceipt>(bytes);
    read::<PartsResponse>(bytes);
    read::<Landing>(bytes);
    read::<LeaseResponse>(bytes);
    read::<Status>(bytes);
    read::<BatchStatusResponse>(bytes);
    read::<Policy>(bytes);
    read::<Problem>(bytes);
}

/// What is read is written and read again as the same. What a browser reads, a server reads so too.
fn read<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) {
    if let Some(message) = str::from_utf8(bytes).ok().and_then(|text| json::read::<T>(text).ok()) {
        assert_eq!(from_json::<T>(bytes).expect("there is one JSON"), message);
    }
    if let Ok(message) = from_json::<T>(bytes) {
        let again = from_json::<T>(to_json(&message).as_bytes());
        assert_eq!(again.expect("what is written can be read"), message);
    }
}

/// A manifest.
pub fn manifest(bytes: &[u8]) {
    let Ok(manifest) = Manifest::from_json(bytes) else { return };
    let files = manifest.files_len().expect("it was checked");
    assert!(files < 1 << 53, "it has a size that any client can count");
    let json = manifest.to_json().expect("what was read can be written");
    let again = Manifest::from_json(&json).expect("what is written can be read");
    assert_eq!(again.to_json().ok(), Some(json));
}
