//! How many connections there are, in all and from one network.
//!
//! Invariant: a place that was given is counted until it is dropped, and no network that has none is
//! remembered.

use crate::{
    metrics::{Metrics, Refusal},
    network::Network,
};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Between two warnings, and how long a crowd is remembered.
const WHILE: Duration = Duration::from_secs(60);

/// More than this fraction of what is allowed is a crowd.
const CROWD_OF_ALL: usize = 16;
const CROWD_OF_ONE: usize = 8;

/// All connections.
pub(super) struct Crowd {
    /// 0 = any number, as for the next.
    most: usize,
    most_of_one: usize,
    all: Gauge,
    networks: Mutex<HashMap<Network, Arc<Gauge>>>,
    start: Instant,
    /// When the next warning is due, in seconds from the start.
    quiet_until: AtomicU64,
    metrics: Metrics,
}

/// A connection's place among all.
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    /// None for a proxy's.
    network: Option<(Network, Arc<Gauge>)>,
}

/// How many there are, and until when they count as a crowd, in seconds from the start.
#[derive(Default)]
struct Gauge {
    count: AtomicUsize,
    crowd_until: AtomicU64,
}

impl Gauge {
    /// One more, if there is room.
    fn enter(&self, most: usize, fraction: usize, now: u64) -> bool {
        let more = |count| (most == 0 || count < most).then_some(count + 1);
        let Ok(before) = self.count.fetch_update(Relaxed, Relaxed, more) else { return false };
        if most > 0 && before >= most.div_ceil(fraction) {
            self.crowd_until.fetch_max(now + WHILE.as_secs(), Relaxed);
        }
        true
    }
}

impl Crowd {
    pub(super) fn new(most: usize, most_of_one: usize, metrics: Metrics) -> Self {
        Self {
            most,
            most_of_one,
            all: Gauge::default(),
            networks: Mutex::default(),
            start: Instant::now(),
            quiet_until: AtomicU64::new(0),
            metrics,
        }
    }

    /// A place for a connection from this address, if there is one. A `proxy` has many visitors behind it.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr, proxy: bool) -> Option<Place> {
        let now = self.start.elapsed().as_secs();
        if !self.all.enter(self.most, CROWD_OF_ALL, now) {
            self.refused("max-connections", now);
            return None;
        }
        // From here on dropping it takes it back.
        self.metrics.connected();
        let mut place = Place { crowd: Arc::clone(self), network: None };
        if !proxy {
            let network = Network::from(address);
            let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
            let gauge = Arc::clone(networks.entry(network).or_default());
            // With the lock held, so that it is not forgotten meanwhile.
            if !gauge.enter(self.most_of_one, CROWD_OF_ONE, now) {
                drop(networks);
                self.refused("max-connections-per-address", now);
                return None;
            }
            place.network = Some((network, gauge));
        }
        Some(place)
    }

    fn refused(&self, limit: &'static str, now: u64) {
        self.metrics.refused(Refusal::Connections);
        let due = self.quiet_until.load(Relaxed);
        let ours = self.quiet_until.compare_exchange(due, now + WHILE.as_secs(), Relaxed, Relaxed);
        if now >= due && ours.is_ok() {
            tracing::warn!(limit, "connections are refused");
        }
    }
}

impl Place {
    /// Counts what the connection asked for in vain.
    pub(super) fn refused(&self, refusal: Refusal) {
        self.crowd.metrics.refused(refusal);
    }

    /// Whether its network has many, or all together are many, or were lately.
    pub(super) fn is_crowded(&self) -> bool {
        let Some((_, gauge)) = &self.network else { return false };
        let now = self.crowd.start.elapsed().as_secs();
        [gauge, &self.crowd.all].iter().any(|gauge| gauge.crowd_until.load(Relaxed) > now)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.all.count.fetch_sub(1, Relaxed);
        self.crowd.metrics.disconnected();
        if let Some((network, gauge)) = &self.network {
            let mut networks = self.crowd.networks.lock().unwrap_or_else(PoisonError::into_inner);
            if gauge.count.fetch_sub(1, Relaxed) == 1 {
                networks.remove(network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd_of(most: usize, most_of_one: usize) -> Arc<Crowd> {
        Arc::new(Crowd::new(most, most_of_one, Metrics::default()))
    }

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn there_are_never_more_than_the_limits() {
        let crowd = crowd_of(4, 2);
        let mut places = vec![crowd.enter(address(1), false), crowd.enter(address(1), false)];
        assert!(crowd.enter(address(1), false).is_none(), "one network has its two");
        places.push(crowd.enter(address(2), false));
        places.push(crowd.enter(address(3), false));
        assert!(places.iter().all(Option::is_some));
        assert!(crowd.enter(address(4), false).is_none(), "all have their four");
        places.clear();
        assert_eq!(crowd.all.count.load(Relaxed), 0);
        assert!(crowd.networks.lock().expect("no test panics").is_empty(), "nobody is remembered");
        assert!(crowd.enter(address(1), false).is_some());
    }

    #[test]
    fn a_proxy_has_as_many_as_there_are() {
        let crowd = crowd_of(4, 1);
        let places: Vec<_> = (0..5).map(|_| crowd.enter(address(1), true)).collect();
        assert_eq!(places.iter().filter(|place| place.is_some()).count(), 4);
        assert!(places.iter().flatten().all(|place| !place.is_crowded()));
    }

    #[test]
    fn what_was_a_crowd_is_one_for_a_while() {
        let crowd = crowd_of(0, 16);
        let enter = |last| crowd.enter(address(last), false).expect("there is room");
        let (first, second, other) = (enter(1), enter(1), enter(2));
        assert!(!first.is_crowded() && !second.is_crowded());
        drop(enter(1));
        assert!(first.is_crowded() && second.is_crowded());
        assert!(!other.is_crowded());

        let crowd = crowd_of(32, 0);
        let few: Vec<_> = (0..2).map(|last| crowd.enter(address(last), false)).collect();
        let is_crowded = || few.iter().flatten().all(|place| place.is_crowded());
        assert!(!is_crowded());
        drop(crowd.enter(address(9), true));
        assert!(is_crowded(), "from wherever they are");
    }

    #[test]
    fn no_limit_is_none() {
        let crowd = crowd_of(0, 0);
        let places: Vec<_> = (0..1000).map(|_| crowd.enter(address(1), false)).collect();
        assert!(places.iter().all(Option::is_some));
    }
}
