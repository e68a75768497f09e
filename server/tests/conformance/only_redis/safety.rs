//! Which servers are used, and which are not.

use super::{connect, upload};
use crate::{
    redis_server::RedisServer,
    sample::{Sample, token},
};
use redis::cmd;
use waxseal_server::store::{Reason, Store, StoreError};

#[tokio::test]
async fn unsafe_servers_are_refused_by_name_of_the_setting() {
    for (arguments, name) in [
        (&["--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"][..], "maxmemory-policy"),
        (&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-random"], "maxmemory-policy"),
        (&["--replicaof", "127.0.0.1", "1"], "replicaof"),
        (&["--requirepass", "secret"], "NOAUTH"),
    ] {
        let server = RedisServer::start(arguments);
        let refused = connect(&server.url()).await.map(drop);
        assert_refused!(refused, StoreError::Unavailable(text) if text.contains(name));
    }
}

#[tokio::test]
async fn a_user_who_may_not_see_the_configuration_is_enough() {
    let server = RedisServer::start(&[]);
    let mut connection = server.connection();
    let rules = ["on", ">secret", "~waxseal:*", "+@all", "-config", "-@admin"];
    let () = cmd("ACL")
        .arg("SETUSER")
        .arg("waxseal")
        .arg(&rules)
        .query(&mut connection)
        .expect("it can be made");
    let url = format!("{}?user=waxseal&pass=secret", server.url());
    let store = connect(&url).await.expect("it is safe");
    store.ready().await.expect("it is safe");
    let sample = Sample::one_time();
    upload(&store, &sample).await;
    let answer = store.claim(sample.new.id, sample.new.access, token(), None).await;
    assert_eq!(answer.expect("a view is left").head, sample.body);
    let url = format!("{}?user=waxseal&pass=wrong", server.url());
    assert_refused!(connect(&url).await.map(drop), StoreError::Unavailable(_));
}

/// Nothing that waiting would mend, so nobody is told to try again.
#[tokio::test]
async fn a_key_of_another_kind_is_a_fault_and_costs_no_other_share_anything() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let [broken, whole] = [(); 2].map(|()| Sample::one_time());
    upload(&store, &broken).await;
    upload(&store, &whole).await;
    let key = format!("waxseal:{{{}}}:record", broken.new.id.to_base64url());
    let () = cmd("SET").arg(key).arg("text").query(&mut server.connection()).expect("it answers");
    let claim = store.claim(broken.new.id, broken.new.access, token(), None).await;
    assert_refused!(claim, StoreError::Fault(text) if text.contains("WRONGTYPE"));
    store.ready().await.expect("the server is as it was");
    let claim = store.claim(whole.new.id, whole.new.access, token(), None).await;
    claim.expect("a view is left");
}

#[tokio::test]
async fn a_server_that_lets_us_in_no_more_says_so() {
    let server = RedisServer::start(&[]);
    let mut admin = server.connection();
    let mut set_user = |rules: &[&str]| {
        let () =
            cmd("ACL").arg("SETUSER").arg("waxseal").arg(rules).query(&mut admin).expect("allowed");
    };
    set_user(&["on", ">secret", "~waxseal:*", "+@all"]);
    let url = format!("{}?user=waxseal&pass=secret", server.url());
    let store = connect(&url).await.expect("it is safe");
    for (denied, allowed) in [("-info", "+info"), ("off", "on")] {
        set_user(&[denied]);
        // Whoever is in stays in.
        let () = cmd("CLIENT")
            .arg("KILL")
            .arg("USER")
            .arg("waxseal")
            .query(&mut server.connection())
            .expect("allowed");
        // This may only find that the connection has ended.
        let _ = store.ready().await;
        assert_refused!(store.ready().await, away if away.reason == Reason::Denied);
        set_user(&[allowed]);
        store.ready().await.expect("it is allowed again");
    }
}

#[tokio::test]
async fn a_server_that_becomes_unsafe_is_not_used() {
    let server = RedisServer::start(&[]);
    let store = connect(&server.url()).await.expect("it is safe");
    let sample = Sample::one_time();
    upload(&store, &sample).await;
    let configure = |settings: &[(&str, &str)]| {
        for (name, value) in settings {
            let mut set = cmd("CONFIG");
            let () = set
                .arg("SET")
                .arg(name)
                .arg(value)
                .query(&mut server.connection())
                .expect("allowed");
        }
    };
    configure(&[("maxmemory", "100mb"), ("maxmemory-policy", "allkeys-lru")]);
    for _ in 0..2 {
        assert_refused!(
            store.ready().await,
            unready if unready.reason == Reason::Unsafe(Some("maxmemory-policy"))
        );
        let claim = store.claim(sample.new.id, sample.new.access, token(), None).await;
        assert_refused!(claim, StoreError::Unavailable(text) if text.contains("maxmemory-policy"));
    }
    configure(&[("maxmemory-policy", "noeviction")]);
    store.ready().await.expect("it is safe again");
    let claim = store.claim(sample.new.id, sample.new.access, token(), None).await;
    claim.expect("nothing was spent");
}
