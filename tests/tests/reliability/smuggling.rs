//! Request smuggling: bytes in which one server may see one request and another two.
//!
//! Each file in `smuggling/` is a request with another one in it where only a wrong reading finds it: one
//! that makes a share whose id is known, or one that spends a one-time share.

use anyhow::{Context, Result, ensure};
use std::{fs, path::Path};
use waxseal_core::{
    token::{AccessToken, ClaimToken},
    wire::ClaimRequest,
};
use waxseal_tests::{
    api::Api,
    nginx::Nginx,
    raw::{exchange, statuses},
    server::{Engine, Server},
    share::{Share, Terms},
};

/// Asked for behind each case: its answer says that the connection was open till then.
const LAST: &[u8] = b"GET /last HTTP/1.1\r\nhost: waxseal\r\nconnection: close\r\n\r\n";
const LAST_STATUS: u16 = 404;

/// What a file says of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Refused, and the connection closed.
    None,
    One,
    /// The second is no part of the first: shows that it takes effect where it is seen.
    Two,
}

struct Case {
    name: String,
    seen: Seen,
    template: String,
}

/// The request within.
#[derive(Debug, Clone, Copy)]
enum Second {
    Creates,
    Spends,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bytes_to_the_server_hold_a_second_request() -> Result<()> {
    let server = server().await?;
    let (mut count, mut wrong) = ([0; 3], Vec::new());
    for case in cases()? {
        for second in [Second::Creates, Second::Spends] {
            match try_out(&server, server.port(), &case, second).await {
                Ok(seen) if seen == case.seen => count[seen as usize] += 1,
                other => wrong.push(format!("{}, {second:?}: {other:?}", case.name)),
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} refused, {} seen as one request, {} honestly two", count[0], count[1], count[2]);
    ensure!(count[0] + count[1] >= 180 && count[2] == 4, "not all cases are there");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bytes_to_nginx_hold_a_second_request_or_spoil_the_next_answer() -> Result<()> {
    let server = server().await?;
    let nginx = Nginx::start(server.port()).await?;
    let honest = Api::new(&format!("http://127.0.0.1:{}", nginx.port()));
    let policy = policy(&honest).await?;
    let (mut count, mut wrong) = ([0; 3], Vec::new());
    for case in cases()? {
        for second in [Second::Creates, Second::Spends] {
            let two = case.seen == Seen::Two;
            match try_out(&server, nginx.port(), &case, second).await {
                Ok(seen) if (seen == Seen::Two) == two => count[seen as usize] += 1,
                other => wrong.push(format!("{}, {second:?}: {other:?}", case.name)),
            }
            // Over the connections to the server that nginx keeps for everybody.
            for _ in 0..2 {
                ensure!(self::policy(&honest).await? == policy, "{}: poisoned", case.name);
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} refused, {} seen as one request, {} honestly two", count[0], count[1], count[2]);
    Ok(())
}

async fn server() -> Result<Server> {
    // A case whose body never ends is not to be waited for long.
    Server::start(Engine::Sqlite, &["--body-timeout=1s"], None).await
}

async fn policy(api: &Api) -> Result<(u16, bytes::Bytes)> {
    let answer = api.send(http::Method::GET, "/api/policy", None, None::<&()>).await?;
    Ok((answer.status.as_u16(), answer.body))
}

/// Sends the case to `port`; what was seen of it, by its answers and by its effect on the server.
async fn try_out(server: &Server, port: u16, case: &Case, second: Second) -> Result<Seen> {
    let direct = Api::new(&format!("http://127.0.0.1:{}", server.port()));
    let share = Share::note("smuggled", "", Terms::default())?;
    if matches!(second, Second::Spends) {
        let answer = direct.create(&share).await?;
        ensure!(answer.status == 201, "{answer:?}");
    }
    let bytes = [case.bytes(&request(&share, second)?)?, LAST.to_vec()].concat();
    let answers = exchange(port, &bytes).await.with_context(|| case.name.clone())?;
    let seen = match statuses(&answers)[..] {
        // nginx says 501 to codings that it does not know, 505 to versions, and nothing to HTTP/0.9.
        [] | [501 | 505] => Seen::None,
        // Not 408: that was taken for a body that goes on.
        [400..=407 | 409..=499] if case.seen == Seen::None => Seen::None,
        [200..=499] | [200..=499, LAST_STATUS] => Seen::One,
        [_, _, LAST_STATUS] => Seen::Two,
        _ => anyhow::bail!("{}: {}", case.name, String::from_utf8_lossy(&answers)),
    };
    let landing = direct.landing(&share).await?.status;
    let took_effect = match second {
        Second::Creates => landing == 200,
        Second::Spends => landing == 410,
    };
    ensure!(took_effect == (seen == Seen::Two), "{}, {second:?}: {landing}", case.name);
    Ok(seen)
}

/// The second request's bytes.
fn request(share: &Share, second: Second) -> Result<Vec<u8>> {
    let (path, bearer, body) = match second {
        Second::Creates => ("/api/shares".into(), None, serde_json::to_string(&share.request)?),
        Second::Spends => {
            let claim = ClaimRequest { claim: ClaimToken::from_bytes([7; 32]), proof: None };
            let path = format!("/api/shares/{}/claims", share.keys.id.to_base64url());
            (path, Some(&share.keys.access), serde_json::to_string(&claim)?)
        }
    };
    let bearer = bearer.map(AccessToken::to_base64url);
    let bearer = bearer.map(|token| format!("authorization: Bearer {token}\r\n"));
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: waxseal\r\ncontent-type: application/json\r\n\
         user-agent: somebody who should not be heard\r\n{}content-length: {}\r\n\r\n",
        bearer.unwrap_or_default(),
        body.len()
    );
    Ok([head, body].concat().into_bytes())
}

fn cases() -> Result<Vec<Case>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reliability/smuggling");
    let mut cases = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let text = fs::read_to_string(&path)?;
        let (head, template) = text.split_once("\n\n").context("a head and the bytes")?;
        let seen = match head.rsplit_once("expect: ").context("what must hold")?.1 {
            "refused" => Seen::None,
            "one" => Seen::One,
            "two" => Seen::Two,
            other => anyhow::bail!("{}: {other}", path.display()),
        };
        let name = path.file_stem().context("a name")?.to_string_lossy().into_owned();
        cases.push(Case { name, seen, template: template.into() });
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(cases)
}

impl Case {
    /// The case with `second` in it. Line breaks of the file mean nothing, `\r`, `\n`, `\t`, `\0` and
    /// `\xHH` are bytes.
    fn bytes(&self, second: &[u8]) -> Result<Vec<u8>> {
        let len = second.len();
        // `5` is written in some cases for the length of a chunk's first line.
        ensure!((0x100..0x1000).contains(&len), "the length has three digits to base 16");
        let percent: String = second.iter().map(|byte| format!("%{byte:02x}")).collect();
        let mut text = self.template.replace('\n', "");
        for (name, value) in [
            ("{length}", len.to_string()),
            ("{length+5}", (len + 5).to_string()),
            ("{hex}", format!("{len:x}")),
            ("{percent}", percent),
        ] {
            text = text.replace(name, &value);
        }
        let mut parts = text.split("{second}").map(unescape);
        let mut bytes = parts.next().context("there is a first part")??;
        for part in parts {
            bytes.extend_from_slice(second);
            bytes.extend(part?);
        }
        Ok(bytes)
    }
}

fn unescape(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte != b'\\' {
            byte
        } else {
            match rest.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'0') => 0,
                Some(b'x') => {
                    let digits: String = rest.by_ref().take(2).map(char::from).collect();
                    u8::from_str_radix(&digits, 16)?
                }
                other => anyhow::bail!("no escape: {other:?}"),
            }
        });
    }
    Ok(bytes)
}
