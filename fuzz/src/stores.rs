//! Calls of the store in any order, with any arguments, at any time: the script in Redis and the
//! transaction in SQLite must say the same.

use crate::Choices;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use waxseal_core::{
    layout::BodySize,
    time::Timestamp,
    token::{ShareId, TokenHash},
};
use waxseal_server::store::{
    AddressHash, Admission, Ask, Clock, NewShare, Quota, Retention, Store, StoreError,
    redis::RedisStore, sqlite::SqliteStore,
};

/// Calls of one history.
const CALLS: usize = 64;
/// Bytes of plaintext of the least share of two parts.
const TWO_PARTS: u64 = 1_130_496;

/// Both engines, by one clock that the histories move.
pub struct Stores {
    sqlite: SqliteStore,
    redis: RedisStore,
    clock: Arc<Hands>,
    /// Histories so far: each has shares of its own.
    histories: AtomicU64,
    runtime: Runtime,
    _folder: TempDir,
}

/// A clock that stands until it is moved.
struct Hands(AtomicU64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst))
    }
}

/// What the tokens of a share open.
struct Share {
    new: NewShare,
    admission: Admission,
    body: Bytes,
}

/// Calls both engines and compares their answers.
macro_rules! same {
    ($stores:ident.$call:ident($($argument:expr),*)) => {{
        let one = $stores.sqlite.$call($($argument),*).await;
        equal(stringify!($call), &one, &$stores.redis.$call($($argument),*).await);
        one
    }};
}

impl Stores {
    /// With an empty SQLite store, and the Redis at this address.
    ///
    /// # Panics
    /// If there is no such Redis.
    pub fn open(redis: &str) -> Self {
        let runtime = Runtime::new().expect("threads can be started");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(Hands(AtomicU64::new(1_772_546_520_123)));
        let (retention, quota) = (Retention::default(), Quota::default());
        let path = folder.path().join("waxseal.db");
        let sqlite = SqliteStore::open(&path, retention, quota, clock.clone());
        let redis = runtime.block_on(connect(redis, clock.clone()));
        Self {
            sqlite: sqlite.expect("the folder is empty"),
            redis,
            clock,
            histories: AtomicU64::new(0),
            runtime,
            _folder: folder,
        }
    }

    /// A history of calls.
    ///
    /// # Panics
    /// If the engines differ, one fails, or two claims get a share for one view.
    pub fn history(&self, bytes: &[u8]) {
        let mut choices = Choices(bytes);
        let history = self.histories.fetch_add(1, Ordering::SeqCst);
        let shares: Vec<_> = (0..4).map(|n| Share::new(history, n, &mut choices)).collect();
        let mut openings = [const { Vec::new() }; 4];
        for _ in 0..CALLS {
            if choices.is_over() {
                break;
            }
            self.runtime.block_on(self.call(&shares, &mut openings, &mut choices));
        }
        for (share, mut claims) in shares.iter().zip(openings) {
            claims.sort_unstable();
            claims.dedup();
            let views = share.new.views.map_or(usize::MAX, |views| views.get() as usize);
            assert!(claims.len() <= views, "{} claims for {views} views", claims.len());
        }
    }

    async fn call(&self, shares: &[Share], openings: &mut [Vec<u8>; 4], choices: &mut Choices<'_>) {
        let n = usize::from(choices.below(4));
        let share = &shares[n];
        let id = share.new.id;
        let token = |right: TokenHash, of: u8| if of % 8 == 7 { hash(9, of) } else { right };
        let call = choices.below(18);
        let of = choices.byte();
        let (owner, access) = (token(share.new.owner, of), token(share.new.access, of));
        let (which, part) = (of / 8 % 4, u64::from(of / 32 % 4));
        let claim = hash(100 + which, n as u8);
        match call {
            0 | 1 => {
                let new = NewShare { owner, ..share.new.clone() };
                drop(same!(self.create(new.clone(), share.admission)));
            }
            2 => {
                let bytes = share.part(part, of >= 128);
                drop(same!(self.put_part(id, owner, part, bytes.clone())));
            }
            3 => drop(same!(self.parts(id, owner))),
            4 => drop(same!(self.publish(id, owner, share.admission))),
            5 => drop(same!(self.landing(id, access))),
            6 | 7 => {
                let proof = match of / 32 {
                    0..=4 => share.new.passphrase,
                    5 => None,
                    _ => Some(hash(8, of)),
                };
                if same!(self.claim(id, access, claim, proof)).is_ok() {
                    openings[n].push(which);
                }
            }
            8 => {
                let one = whole(self.sqlite.part(id, claim, part).await).await;
                equal("part", &one, &whole(self.redis.part(id, claim, part).await).await);
            }
            9 => drop(same!(self.renew(id, claim))),
            10 => drop(same!(self.acknowledge(id, claim))),
            11 if of >= 192 => drop(same!(self.take_down(id))),
            11 => drop(same!(self.revoke(id, owner))),
            12 => {
                let asked: Vec<_> = shares.iter().map(|s| (s.new.id, s.new.owner)).collect();
                drop(same!(self.statuses(asked.clone())));
            }
            13 => self.wait(of),
            14 => drop(same!(self.ask(id, owner, question(which)))),
            15 | 16 => {
                let number = question(of / 32).number;
                drop(same!(self.confirm(id, question(which).token, number)));
            }
            _ => drop(same!(self.deny(id, question(which).token))),
        }
    }

    /// From a millisecond to the days that everything is forgotten after, mostly about a lease.
    fn wait(&self, how: u8) {
        let most = [1, 1000, 600_000, 900_000, 900_001, 3_600_000, 86_400_000, 864_000_000];
        let millis = most[usize::from(how % 8)] * u64::from(how / 8 + 1) / 8;
        self.clock.0.fetch_add(millis.max(1), Ordering::SeqCst);
    }
}

impl Share {
    fn new(history: u64, n: u8, choices: &mut Choices<'_>) -> Self {
        let mut id = [n; 16];
        id[..8].copy_from_slice(&history.to_be_bytes());
        let kind = choices.byte();
        // Most are small: what happens to them is the same, and faster.
        let plaintext = if kind >= 224 { TWO_PARTS } else { 1024 };
        let size = BodySize::of_plaintext(plaintext).expect("a possible length");
        let body = Bytes::from(vec![n ^ 0x5a; size.get() as usize]);
        let views = [Some(1), Some(1), Some(2), None][usize::from(kind % 4)];
        let expires_in = [3600, 86_400][usize::from(kind / 4 % 2)];
        let new = NewShare {
            id: ShareId::from_bytes(id),
            access: hash(1, n),
            owner: hash(2, n),
            passphrase: (kind / 8 % 4 == 3).then(|| hash(3, n)),
            size,
            expires_in: u32::try_into(expires_in).expect("a possible expiry"),
            views: views.map(|views| u32::try_into(views).expect("a possible number of views")),
            head: size.is_one_part().then(|| body.clone()),
            request: false,
            answers: None,
        };
        let admission = [Admission::Live, Admission::Pending][usize::from(kind / 32 % 2)];
        Self { new, body, admission }
    }

    /// Part `n`, or what is as long as none.
    fn part(&self, n: u64, wrong: bool) -> Bytes {
        let len = self.new.size.part_len(n).unwrap_or(17);
        self.body.slice(..if wrong { len - 1 } else { len })
    }
}

/// One of four that an owner may be asked, two of them with the same token.
fn question(which: u8) -> Ask {
    Ask {
        token: hash(7, which % 3),
        number: (which % 2).try_into().expect("two digits"),
        session_of: (which % 2 == 1).then(|| AddressHash::from_bytes([which; 32])),
    }
}

fn hash(of: u8, n: u8) -> TokenHash {
    let mut hash = [of; 32];
    hash[31] = n;
    TokenHash::from_bytes(hash)
}

/// The bytes of a part.
async fn whole(
    part: Result<waxseal_server::store::Part, StoreError>,
) -> Result<Vec<u8>, StoreError> {
    let part = part?;
    let len = part.length();
    let pieces: Vec<Bytes> = part.pieces(0..len).boxed().try_collect().await.expect("it is there");
    Ok(pieces.concat())
}

#[track_caller]
fn equal<T: Debug>(call: &str, one: &Result<T, StoreError>, other: &Result<T, StoreError>) {
    for answer in [one, other] {
        let failed = matches!(answer, Err(StoreError::Fault(_) | StoreError::Unavailable(_)));
        assert!(!failed, "{call}: {answer:?}");
    }
    let (one, other) = (format!("{one:?}"), format!("{other:?}"));
    assert!(one == other, "{call}: SQLite says {one}, Redis {other}");
}

async fn connect(url: &str, clock: Arc<Hands>) -> RedisStore {
    let deployment = url.parse().expect("an address");
    RedisStore::connect(&deployment, Retention::default(), Quota::default(), clock)
        .await
        .expect("there is a Redis")
}
