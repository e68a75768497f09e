//! The API's JSON: what is written is what the contract says and is read back; what is not in it is
//! refused.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::fmt::Debug;
use waxseal_core::wire::{
    AnswerRequest, Answered, Asking, BatchStatusRequest, BatchStatusResponse, ClaimRequest,
    ConfirmRequest, ConfirmationAsked, ConfirmationRequest, Confirmed, CreateRequest, DenyRequest,
    ExpiresIn, JsonError, Landing, LeaseResponse, PartsResponse, Policy, Problem, ShareReceipt,
    Status, Views, Waiting, from_json,
};

const ID: &str = "Gl2AADR2QK2VAr-jV2odeQ";
const TOKEN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const TIME: &str = "2026-03-03T14:02:00.000Z";

fn read<T: DeserializeOwned>(json: &Value) -> Result<T, JsonError> {
    from_json(json.to_string().as_bytes())
}

/// `json` is read and written again as it was.
fn round_trips<T: Serialize + DeserializeOwned + Debug>(json: &Value) {
    let value: T = read(json).expect("the contract's JSON");
    assert_eq!(&serde_json::to_value(&value).expect("it was JSON before"), json);
}

/// `json` with each of `changes` made, one at a time, is no `T`.
fn refuses<T: DeserializeOwned + Debug>(json: &Value, changes: &[(&str, Value)]) {
    assert!(read::<T>(json).is_ok());
    for (pointer, value) in changes {
        let mut changed = json.clone();
        let (parent, key) = pointer.rsplit_once('/').expect("a JSON pointer");
        changed.pointer_mut(parent).expect("there is a parent")[key] = value.clone();
        let refused = read::<T>(&changed);
        assert!(matches!(refused, Err(JsonError::Invalid(_))), "{pointer}: {value}");
    }
}

/// `json` without each of `keys`, one at a time, is no `T`.
fn needs<T: DeserializeOwned + Debug>(json: &Value, keys: &[&str]) {
    for key in keys {
        let mut changed = json.clone();
        changed.as_object_mut().expect("an object").remove(*key).expect("it was there");
        assert!(matches!(read::<T>(&changed), Err(JsonError::Invalid(_))), "without {key}");
    }
}

fn create() -> Value {
    json!({
        "id": ID, "access_hash": TOKEN, "owner_hash": TOKEN, "passphrase_hash": TOKEN,
        "size": 1096, "expires_in": 86400, "views": 1, "head": "AQID",
    })
}

fn status() -> Value {
    json!({
        "id": ID, "state": "opened", "created_at": TIME, "expires_at": TIME, "views": 1,
        "views_left": 0, "opened_at": [TIME], "failed_passphrases": 2, "revoked_at": TIME,
    })
}

fn policy() -> Value {
    json!({
        "max_bytes": 104_857_600, "expiries": [3600, 86400], "default_expiry": 86400,
        "one_time": true, "force_one_time": false, "force_passphrase": false,
        "allow_insecure_http": false, "identity": "open",
    })
}

#[test]
fn messages_about_requests_are_read_back_and_nothing_else_is() {
    const SEALED: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0-P0BBQkNERUZHSElKS0xNTk8";
    let answer = json!({ "share": ID, "sealed": SEALED });
    round_trips::<AnswerRequest>(&answer);
    needs::<AnswerRequest>(&answer, &["share", "sealed"]);
    let shorter = &SEALED[..106];
    refuses::<AnswerRequest>(&answer, &[("/sealed", json!(shorter)), ("/more", json!(1))]);
    round_trips::<Answered>(&json!({ "at": TIME }));

    let asking = json!({ "state": "live", "expires_at": TIME, "note": "AQID" });
    round_trips::<Asking>(&asking);
    needs::<Asking>(&asking, &["state", "expires_at", "note"]);

    let mut request = create();
    request["request"] = json!(true);
    round_trips::<CreateRequest>(&request);
    let mut reply = create();
    reply["answers"] = json!({ "request": ID, "access": TOKEN });
    round_trips::<CreateRequest>(&reply);
    refuses::<CreateRequest>(
        &reply,
        &[
            ("/answers", json!([ID, TOKEN])),
            ("/answers", json!(ID)),
            ("/answers/more", json!(1)),
            ("/answers/access", json!(ID)),
            ("/request", json!(1)),
        ],
    );
    let mut status = status();
    status["state"] = json!("answered");
    status["answer"] = json!({ "share": ID, "sealed": SEALED, "at": TIME, "expires_at": TIME });
    round_trips::<Status>(&status);
}

#[test]
fn requests_and_answers_are_read_back() {
    round_trips::<CreateRequest>(&create());
    round_trips::<ClaimRequest>(&json!({ "claim": TOKEN, "proof": TOKEN }));
    round_trips::<ClaimRequest>(&json!({ "claim": TOKEN }));
    round_trips::<BatchStatusRequest>(&json!({ "shares": [{ "id": ID, "owner": TOKEN }] }));
    round_trips::<ShareReceipt>(&json!({
        "id": ID, "state": "live", "expires_at": TIME, "part_size": 1_049_600, "parts": 1,
    }));
    round_trips::<ShareReceipt>(&json!({
        "id": ID, "state": "pending", "pending_until": TIME, "part_size": 1_049_600, "parts": 1,
    }));
    round_trips::<PartsResponse>(&json!({ "parts": 3, "stored": [0, 2] }));
    round_trips::<Landing>(&json!({
        "state": "live", "expires_at": TIME, "views_left": 1, "passphrase": true, "size": 1096,
        "tries_left": 10,
    }));
    round_trips::<LeaseResponse>(&json!({ "lease_until": TIME }));
    round_trips::<Status>(&status());
    round_trips::<BatchStatusResponse>(&json!({
        "shares": [status(), { "id": ID, "state": "unknown" }],
    }));
    round_trips::<Policy>(&policy());
    let confirmation = json!({ "within": 600, "session": 28_800 });
    let mut policy = policy();
    policy["identity"] = json!("email");
    policy["confirmation"] = confirmation;
    round_trips::<Policy>(&policy);
    round_trips::<ConfirmationRequest>(&json!({ "address": "ann@example.org", "keep": true }));
    round_trips::<ConfirmationAsked>(&json!({ "number": "07", "pending_until": TIME }));
    round_trips::<Waiting>(&json!({ "state": "pending", "pending_until": TIME }));
    round_trips::<Waiting>(&json!({ "state": "live", "expires_at": TIME }));
    round_trips::<ConfirmRequest>(&json!({ "id": ID, "token": TOKEN, "number": "42" }));
    round_trips::<DenyRequest>(&json!({ "id": ID, "token": TOKEN }));
    round_trips::<Confirmed>(&json!({ "state": "revoked" }));
    round_trips::<Problem>(&json!({
        "type": "urn:waxseal:problem:share-over", "title": "Over", "status": 410,
        "detail": "It is over.", "state": "revoked", "at": TIME, "tries_left": 3,
    }));
}

#[test]
fn optional_fields_may_be_absent_or_null() {
    let whole: CreateRequest = read(&create()).expect("the contract's JSON");
    let mut less = create();
    for key in ["passphrase_hash", "views", "head"] {
        less[key] = Value::Null;
    }
    let null: CreateRequest = read(&less).expect("null is absent");
    assert_ne!(null, whole);
    for key in ["passphrase_hash", "views", "head"] {
        less.as_object_mut().expect("an object").remove(key);
    }
    assert_eq!(read::<CreateRequest>(&less).expect("they are optional"), null);
}

#[test]
fn a_request_with_anything_unknown_missing_or_out_of_range_is_refused() {
    let long = TOKEN.replacen('A', "AA", 1);
    refuses::<CreateRequest>(
        &create(),
        &[
            ("/nonce", json!(1)),
            ("/Id", json!(ID)),
            ("/id", json!(&ID[1..])),
            ("/id", json!("Gl2AADR2QK2VAr-jV2odeR")),
            ("/id", json!("Gl2AADR2QK2VAr-jV2odeQ==")),
            ("/id", json!(null)),
            ("/access_hash", json!(long)),
            ("/owner_hash", json!(TOKEN.replace('-', "+") + "=")),
            ("/passphrase_hash", json!("")),
            ("/size", json!(1095)),
            ("/size", json!(1096.0)),
            ("/size", json!("1096")),
            ("/size", json!(-1)),
            ("/size", json!(u64::MAX)),
            ("/expires_in", json!(59)),
            ("/expires_in", json!(2_592_001)),
            ("/expires_in", json!(u64::MAX)),
            ("/views", json!(0)),
            ("/views", json!(101)),
            ("/views", json!(true)),
            ("/head", json!("AR")),
            ("/head", json!("AQ==")),
            ("/head", json!([1, 2])),
        ],
    );
    needs::<CreateRequest>(&create(), &["id", "access_hash", "owner_hash", "size", "expires_in"]);

    let claim = json!({ "claim": TOKEN, "proof": TOKEN });
    let bad = [("/x", json!(1)), ("/claim", json!(ID)), ("/proof", json!(ID))];
    refuses::<ClaimRequest>(&claim, &bad);
    needs::<ClaimRequest>(&claim, &["claim"]);

    let ask = json!({ "address": "ann@example.org", "keep": false });
    let bad = [
        ("/x", json!(1)),
        ("/address", json!("ann")),
        ("/address", json!("ann@example.org\r\nBcc: bob@example.org")),
        ("/keep", json!("yes")),
    ];
    refuses::<ConfirmationRequest>(&ask, &bad);
    needs::<ConfirmationRequest>(&ask, &["address"]);
    let confirm = json!({ "id": ID, "token": TOKEN, "number": "42" });
    let bad = [
        ("/x", json!(1)),
        ("/token", json!(ID)),
        ("/number", json!(42)),
        ("/number", json!("4")),
        ("/number", json!("420")),
    ];
    refuses::<ConfirmRequest>(&confirm, &bad);
    needs::<ConfirmRequest>(&confirm, &["id", "token", "number"]);
    needs::<DenyRequest>(&json!({ "id": ID, "token": TOKEN }), &["id", "token"]);

    let batch = json!({ "shares": [{ "id": ID, "owner": TOKEN }] });
    let bad = [("/x", json!(1)), ("/shares", json!({})), ("/shares", json!([{ "id": ID }]))];
    refuses::<BatchStatusRequest>(&batch, &bad);
    let nested = json!([{ "id": ID, "owner": TOKEN, "x": 1 }]);
    refuses::<BatchStatusRequest>(&batch, &[("/shares", nested)]);
}

#[test]
fn an_array_is_no_request() {
    let array = json!([TOKEN, TOKEN]);
    assert!(matches!(read::<ClaimRequest>(&array), Err(JsonError::Invalid(_))));
    assert!(matches!(from_json::<ClaimRequest>(b" \r\n[\"x\"]"), Err(JsonError::Invalid(_))));
}

#[test]
fn a_key_given_twice_is_refused() {
    let twice = format!(r#"{{"claim":"{TOKEN}","claim":"{TOKEN}"}}"#);
    assert!(matches!(from_json::<ClaimRequest>(twice.as_bytes()), Err(JsonError::Invalid(_))));
}

#[test]
fn what_is_no_json_is_malformed() {
    let whole = json!({ "claim": TOKEN }).to_string();
    for cut in 0..whole.len() {
        let refused = from_json::<ClaimRequest>(&whole.as_bytes()[..cut]);
        assert!(matches!(refused, Err(JsonError::Malformed(_))), "{cut} bytes");
    }
    for more in ["x", "{}", "\0"] {
        let refused = from_json::<ClaimRequest>(format!("{whole}{more}").as_bytes());
        assert!(matches!(refused, Err(JsonError::Malformed(_))), "{more:?}");
    }
}

#[test]
fn answers_may_grow() {
    let mut policy = policy();
    policy["later"] = json!(true);
    assert!(read::<Policy>(&policy).is_ok());
}

#[test]
fn bounded_numbers_are_what_they_were_made_of() {
    for seconds in [60, 61, 86_400, 2_592_000] {
        let expires_in = ExpiresIn::try_from(seconds).expect("a possible expiry");
        assert_eq!(
            (expires_in.seconds(), expires_in.duration().as_secs()),
            (seconds, seconds.into())
        );
    }
    for views in [1, 2, 99, 100] {
        assert_eq!(Views::try_from(views).expect("a possible count").get(), views);
    }
}
