//! Sessions: one mail for many links.

use crate::support::{
    Reply, Share,
    email::{EmailServer, NUMBER},
};
use serde_json::Value;
use std::time::Duration;
use waxseal_server::store::AddressHash;

const ADDRESS: AddressHash = AddressHash::from_bytes([5; 32]);
const HOUR: &str = "--identity-session=1h";

/// Creates a share with this cookie, and says how it is then.
fn created_with(server: &EmailServer, share: &Share, cookie: &str) -> Value {
    let headers = [("content-type", "application/json"), ("cookie", cookie)];
    let reply =
        server.send("POST", "/api/shares", &headers, share.creation().to_string().as_bytes());
    assert_eq!(reply.status, 201);
    reply.json()["state"].clone()
}

/// Confirms a share, with a session asked for or not, and returns what its owner is told.
fn confirmed(server: &EmailServer, share: &Share, session_of: Option<AddressHash>) -> Reply {
    server.create(share);
    server.mail(share, 7, session_of).expect("it is pending");
    assert_eq!(server.confirm(share, 7, NUMBER).status, 200);
    server.call("GET", &share.path("/confirmation"), &share.owner())
}

fn pair(reply: &Reply) -> String {
    let cookie = reply.header("set-cookie").expect("a session begins");
    cookie.split(';').next().expect("a cookie is a pair").to_owned()
}

#[test]
fn a_session_makes_further_shares_live_at_once_until_it_ends() {
    let server = EmailServer::with(&[HOUR]);
    let told = confirmed(&server, &Share::new(1), Some(ADDRESS));
    let cookie = told.header("set-cookie").expect("a session begins");
    assert!(cookie.starts_with("waxseal=") && cookie.contains("; Max-Age=3600;"), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict"), "{cookie}");
    let pair = pair(&told);
    assert_eq!(created_with(&server, &Share::new(2), &pair), "live");
    let large = Share { size: 2_200_000, ..Share::new(3) };
    assert_eq!(created_with(&server, &large, &pair), "staged");
    for (n, part) in (0..).zip(large.parts()) {
        assert_eq!(server.put_part(&large, n, &part).status, 204);
    }
    let bearer = format!("Bearer {}", large.owner());
    let headers = [("authorization", bearer.as_str()), ("cookie", &pair)];
    let published = server.send("POST", &large.path("/publish"), &headers, b"");
    assert_eq!(published.json()["state"], "live");

    assert_eq!(created_with(&server, &Share::new(4), ""), "pending");
    assert_eq!(created_with(&server, &Share::new(5), &format!("{pair}A")), "pending");
    let other = format!("waxseal={}", "A".repeat(43));
    assert_eq!(created_with(&server, &Share::new(6), &other), "pending");
    // It neither confirms what waits, nor does it last.
    assert_eq!(created_with(&server, &Share::new(4), &pair), "pending");
    server.advance(Duration::from_secs(3600));
    assert_eq!(created_with(&server, &Share::new(7), &pair), "pending");
}

#[test]
fn a_session_begins_once_and_only_if_it_was_asked_for() {
    let server = EmailServer::with(&[HOUR]);
    let share = Share::new(1);
    assert!(confirmed(&server, &share, Some(ADDRESS)).header("set-cookie").is_some());
    let again = server.call("GET", &share.path("/confirmation"), &share.owner());
    assert_eq!((again.status, again.header("set-cookie")), (200, None));
    assert_eq!(confirmed(&server, &Share::new(2), None).header("set-cookie"), None);
    let denied = Share::new(3);
    server.create(&denied);
    server.mail(&denied, 7, Some(ADDRESS)).expect("it is pending");
    assert_eq!(server.deny(&denied, 7).status, 200);
    let told = server.call("GET", &denied.path("/confirmation"), &denied.owner());
    assert_eq!(told.header("set-cookie"), None);
}

#[test]
fn without_the_setting_there_is_no_session() {
    let server = EmailServer::start();
    let share = Share::new(1);
    server.create(&share);
    assert_eq!(server.ask(&share, "ann@example.org", true).status, 202);
    let told = confirmed(&server, &Share::new(2), Some(ADDRESS));
    assert_eq!(told.header("set-cookie"), None);
}

#[test]
fn keep_is_what_asks_for_a_session() {
    for keep in [false, true] {
        let server = EmailServer::with(&[HOUR]);
        let share = Share::new(1);
        server.create(&share);
        assert_eq!(server.ask(&share, "bob@example.org", keep).status, 202);
        let id = share.id();
        let kept: bool = redis::cmd("HEXISTS")
            .arg(&[&format!("waxseal:{{{id}}}:record"), "session_of"])
            .query(&mut server.redis.connection())
            .expect("it answers");
        assert_eq!(kept, keep, "no more is kept than was asked for");
    }
}

#[test]
fn by_https_the_cookie_is_one_that_no_other_host_can_set() {
    let server = EmailServer::with(&[HOUR, "--identity-public-url=https://share.example.org"]);
    let told = confirmed(&server, &Share::new(1), Some(ADDRESS));
    let cookie = told.header("set-cookie").expect("a session begins");
    assert!(cookie.starts_with("__Host-waxseal=") && cookie.contains("; Path=/;"), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
    let pair = pair(&told);
    assert_eq!(created_with(&server, &Share::new(2), &pair), "live");
    let plain = pair.replace("__Host-", "");
    assert_eq!(created_with(&server, &Share::new(3), &plain), "pending");
}

#[test]
fn what_a_store_keeps_of_a_session_is_no_cookie() {
    let server = EmailServer::with(&[HOUR]);
    let told = confirmed(&server, &Share::new(1), Some(ADDRESS));
    let pair = pair(&told);
    let (_, token) = pair.split_once('=').expect("a pair");
    let mut redis = server.redis.connection();
    let keys: Vec<String> =
        redis::cmd("KEYS").arg("waxseal:session:*").query(&mut redis).expect("it answers");
    assert_eq!(keys.len(), 1);
    assert!(!keys[0].contains(token));
    let ttl: i64 = redis::cmd("PTTL").arg(&keys[0]).query(&mut redis).expect("it answers");
    assert!((3_590_000..=3_600_000).contains(&ttl), "{ttl}");
    let value: Vec<u8> = redis::cmd("GET").arg(&keys[0]).query(&mut redis).expect("it answers");
    assert_eq!(&value[..32], ADDRESS.as_bytes());
}
