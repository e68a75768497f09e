//! The OpenAPI document, held against the running server by schemathesis: valid and invalid requests to
//! every call, and calls that follow from each other's answers.

use anyhow::{Context, Result, ensure};
use std::{fs, path::PathBuf, process::Command, sync::Arc};
use waxseal_core::{
    layout::{BodySize, PART, SEAL},
    token::{
        AccessToken, ClaimToken, ConfirmationToken, OperatorToken, OwnerToken, Proof, ShareId,
    },
    wire::{Answers, ClaimRequest, CreateRequest, ExpiresIn, Views},
};
use waxseal_server::store::{
    Admission, Ask, NewShare, Quota, Retention, Store, SystemClock, redis::RedisStore,
};
use waxseal_tests::{
    api::Api,
    extent::extent,
    server::{Engine, Server},
};

/// The lists of ids in the plan: the states of their shares.
const STATES: [&str; 11] = [
    "live",
    "protected",
    "once",
    "opened",
    "acknowledged",
    "staged",
    "pending",
    "request",
    // To that, which the plan has before.
    "response",
    "doomed",
    "reported",
];

/// The id of the request in the plan.
const REQUEST: [u8; 16] = *b"\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\x19\0";

/// Bytes of the smallest ciphertext.
const SMALLEST: u64 = 1096;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_one_that_the_document_describes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("waxseal.toml");
    let operator = OperatorToken::from_bytes([4; 32]).to_base64url();
    fs::write(&config, format!("operator_token = \"{operator}\"\nlog_level = \"warn\"\n"))?;
    let config = format!("--config={}", config.display());
    let mut server = Server::start(Engine::Redis, &[&config], None).await?;
    let store = store(&server.redis().url()).await?;
    let origin = format!("http://127.0.0.1:{}", server.port());
    let plan = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/reliability/openapi/schemathesis.toml");
    make_shares(&Api::new(&origin), &store, &fs::read_to_string(&plan)?.parse()?).await?;

    let python = std::env::var_os("WAXSEAL_PYTHON").context(
        "WAXSEAL_PYTHON names no Python with schemathesis: run the tests with `cargo xtask test`",
    )?;
    let examples = extent(10, 100).to_string();
    let asked = Command::new(python)
        .current_dir(folder.path())
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(plan)
        .args(["run", "--no-color", "--max-examples", &examples])
        .arg(format!("{origin}/api/openapi.json"))
        .output()?;
    let said = String::from_utf8_lossy(&asked.stdout);
    let errors = String::from_utf8_lossy(&asked.stderr);
    ensure!(asked.status.success(), "{said}\n{errors}");
    ensure!(said.contains("Tested: 21") && said.contains("No issues found"), "{said}");
    println!("{}", said.split("SUMMARY").last().unwrap_or_default());
    let logs = String::from_utf8_lossy(&server.logs()).into_owned();
    ensure!(!logs.contains("\"status\":5"), "{logs}");
    Ok(())
}

/// Makes what the plan's lists name.
async fn make_shares(api: &Api, store: &RedisStore, plan: &toml::Table) -> Result<()> {
    let lists = plan["dictionaries"].as_table().context("lists of ids")?;
    for (state, list) in lists.iter().filter(|(name, _)| STATES.contains(&name.as_str())) {
        for id in list["values"].as_array().context("ids")? {
            let id: ShareId = id.as_str().context("an id is text")?.parse()?;
            make(api, store, id, state).await.with_context(|| state.clone())?;
        }
    }
    Ok(())
}

async fn make(api: &Api, store: &RedisStore, id: ShareId, state: &str) -> Result<()> {
    if state == "pending" {
        return make_pending(store, id).await;
    }
    let access = AccessToken::from_bytes([1; 32]);
    // Two parts, the second a chunk of next to nothing.
    let large = (SEAL + PART) as u64 + 1;
    let staged = state == "staged";
    let size = if staged { next_size(large)? } else { SMALLEST.try_into()? };
    let once = ["once", "opened", "acknowledged", "request", "response"].contains(&state);
    let request = ShareId::from_bytes(REQUEST);
    let new = CreateRequest {
        id,
        access_hash: access.hash(),
        owner_hash: OwnerToken::from_bytes([2; 32]).hash(),
        passphrase_hash: (state == "protected").then(|| Proof::from_bytes([5; 32]).hash()),
        size,
        expires_in: ExpiresIn::try_from(86_400)?,
        views: once.then_some(Views::ONE),
        head: (!staged).then(|| vec![0; SMALLEST as usize]),
        request: state == "request",
        answers: (state == "response").then(|| Answers { request, access: access.clone() }),
    };
    let answer = api.send(http::Method::POST, "/api/shares", None, Some(&new)).await?;
    ensure!(answer.status == 201, "{answer:?}");
    if ["opened", "acknowledged"].contains(&state) {
        let claim = ClaimRequest { claim: ClaimToken::from_bytes([3; 32]), proof: None };
        let path = format!("/api/shares/{}/claims", id.to_base64url());
        let access = access.to_base64url();
        let answer = api.send(http::Method::POST, &path, Some(&access), Some(&claim)).await?;
        ensure!(answer.status == 200, "{answer:?}");
    }
    Ok(())
}

/// As a server where owners confirm by mail makes it, with what is mailed known.
async fn make_pending(store: &RedisStore, id: ShareId) -> Result<()> {
    let owner = OwnerToken::from_bytes([2; 32]).hash();
    let new = NewShare {
        id,
        access: AccessToken::from_bytes([1; 32]).hash(),
        owner,
        passphrase: None,
        size: SMALLEST.try_into()?,
        expires_in: ExpiresIn::try_from(86_400)?,
        views: None,
        head: Some(vec![0; SMALLEST as usize].into()),
        request: false,
        answers: None,
    };
    store.create(new, Admission::Pending).await?;
    let token = ConfirmationToken::from_bytes([6; 32]).hash();
    store.ask(id, owner, Ask { token, number: "42".parse()?, session_of: None }).await?;
    Ok(())
}

/// The server's store, as another server on it has it.
async fn store(url: &str) -> Result<RedisStore> {
    let (retention, quota) = (Retention::default(), Quota::default());
    Ok(RedisStore::connect(&url.parse()?, retention, quota, Arc::new(SystemClock)).await?)
}

/// The first size from `least` on that a ciphertext can have.
fn next_size(least: u64) -> Result<BodySize> {
    let sizes = (least..least + PART as u64).map(BodySize::try_from);
    sizes.flatten().next().context("there is one within a part")
}
