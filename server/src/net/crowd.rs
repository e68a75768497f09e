//! How many connections there are, in all and from one network.
//!
//! Invariant: a place that was given is counted until it is dropped, and no network that has none is
//! remembered.

use crate::network::Network;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Between two warnings.
const QUIET: Duration = Duration::from_secs(60);

/// Of what one network may have, so much makes a crowd: an eighth.
const CROWD: usize = 8;

/// All connections.
pub(super) struct Crowd {
    /// 0 = any number, as for the next.
    most: usize,
    most_of_one: usize,
    all: AtomicUsize,
    networks: Mutex<HashMap<Network, Arc<AtomicUsize>>>,
    start: Instant,
    /// When the next warning is due, in seconds from the start.
    quiet_until: AtomicU64,
}

/// A connection's place among all.
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    /// Of one whose connections are limited.
    network: Option<(Network, Arc<AtomicUsize>)>,
}

impl Crowd {
    pub(super) fn new(most: usize, most_of_one: usize) -> Self {
        Self {
            most,
            most_of_one,
            all: AtomicUsize::new(0),
            networks: Mutex::default(),
            start: Instant::now(),
            quiet_until: AtomicU64::new(0),
        }
    }

    /// A place for a connection from this address, if there is one. A `proxy` has many visitors behind it.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr, proxy: bool) -> Option<Place> {
        let full = |count, most| most > 0 && count >= most;
        if full(self.all.fetch_add(1, Ordering::Relaxed), self.most) {
            self.all.fetch_sub(1, Ordering::Relaxed);
            self.warn("max-connections");
            return None;
        }
        // From here on dropping it takes it back.
        let mut place = Place { crowd: Arc::clone(self), network: None };
        if self.most_of_one > 0 && !proxy {
            let network = Network::from(address);
            let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
            let count = Arc::clone(networks.entry(network).or_default());
            // Only with the lock held.
            if full(count.load(Ordering::Relaxed), self.most_of_one) {
                drop(networks);
                self.warn("max-connections-per-address");
                return None;
            }
            count.fetch_add(1, Ordering::Relaxed);
            place.network = Some((network, count));
        }
        Some(place)
    }

    fn warn(&self, limit: &'static str) {
        let now = self.start.elapsed().as_secs();
        let due = self.quiet_until.load(Ordering::Relaxed);
        let next = now + QUIET.as_secs();
        let ours =
            self.quiet_until.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed);
        if now >= due && ours.is_ok() {
            tracing::warn!(limit, "connections are refused");
        }
    }
}

impl Place {
    /// Whether its network has many.
    pub(super) fn is_crowded(&self) -> bool {
        let most = self.crowd.most_of_one;
        let count = self.network.as_ref().map_or(0, |(_, count)| count.load(Ordering::Relaxed));
        count > most.div_ceil(CROWD)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.all.fetch_sub(1, Ordering::Relaxed);
        if let Some((network, count)) = &self.network {
            let mut networks = self.crowd.networks.lock().unwrap_or_else(PoisonError::into_inner);
            if count.fetch_sub(1, Ordering::Relaxed) == 1 {
                networks.remove(network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn there_are_never_more_than_the_limits() {
        let crowd = Arc::new(Crowd::new(4, 2));
        let mut places = vec![crowd.enter(address(1), false), crowd.enter(address(1), false)];
        assert!(crowd.enter(address(1), false).is_none(), "one network has its two");
        places.push(crowd.enter(address(2), false));
        places.push(crowd.enter(address(3), false));
        assert!(places.iter().all(Option::is_some));
        assert!(crowd.enter(address(4), false).is_none(), "all have their four");
        places.clear();
        assert_eq!(crowd.all.load(Ordering::Relaxed), 0);
        assert!(crowd.networks.lock().expect("no test panics").is_empty(), "nobody is remembered");
        assert!(crowd.enter(address(1), false).is_some());
    }

    #[test]
    fn a_proxy_has_as_many_as_there_are() {
        let crowd = Arc::new(Crowd::new(4, 1));
        let places: Vec<_> = (0..5).map(|_| crowd.enter(address(1), true)).collect();
        assert_eq!(places.iter().filter(|place| place.is_some()).count(), 4);
        assert!(places.iter().flatten().all(|place| !place.is_crowded()));
    }

    #[test]
    fn no_limit_is_none() {
        let crowd = Arc::new(Crowd::new(0, 0));
        let places: Vec<_> = (0..1000).map(|_| crowd.enter(address(1), false)).collect();
        assert!(places.iter().all(Option::is_some));
    }
}
