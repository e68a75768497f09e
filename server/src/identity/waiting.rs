//! Waiting for a confirmation, which any server on the same store may get.
//!
//! Invariant: nobody waits longer than [`PATIENCE`], nor on once the server stops, and only so many of
//! one network do at a time.

use crate::{
    network::Network,
    problem::ApiError,
    store::{Store, StoreError},
};
use actix_web::http::header;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};
use waxseal_core::{
    token::{ShareId, TokenHash},
    wire::{ProblemType, ShareState, Status},
};

/// How long one request waits: less than proxies do.
const PATIENCE: Duration = Duration::from_secs(25);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(400);

/// Of one network at a time.
const OF_ONE: usize = 32;

/// Of all at a time: what they ask the store together.
const OF_ALL: usize = 1024;

/// Whoever waits.
#[derive(Default)]
pub(crate) struct Waiters(Mutex<HashMap<Network, usize>>);

/// A place among them.
pub(crate) struct Place {
    waiters: Arc<Waiters>,
    network: Network,
}

impl Waiters {
    /// A place for one more.
    ///
    /// # Errors
    /// 429 where there are too many.
    pub(crate) fn enter(self: &Arc<Self>, network: Network) -> Result<Place, ApiError> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, one) = (waiting.values().sum::<usize>(), waiting.get(&network).copied());
        let one = one.unwrap_or(0);
        if all >= OF_ALL || one >= OF_ONE {
            let error = ApiError::new(ProblemType::TooMany);
            return Err(error.header(header::RETRY_AFTER, 1.into()));
        }
        waiting.insert(network, one + 1);
        Ok(Place { waiters: Arc::clone(self), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.waiters.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.network);
            }
        }
    }
}

impl Place {
    /// Waits until the share is no longer pending, or `stop`; then says how it is.
    pub(crate) async fn wait(
        &self,
        store: &dyn Store,
        (id, owner): (ShareId, TokenHash),
        stop: impl Future<Output = ()>,
    ) -> Result<Status, StoreError> {
        let deadline = Instant::now() + PATIENCE;
        let decided = async {
            loop {
                let status = store.status(id, owner).await?;
                if status.state != ShareState::Pending {
                    return Ok(status);
                }
                sleep(PAUSE).await;
            }
        };
        let decided = async {
            tokio::select! { status = decided => Some(status), () = stop => None }
        };
        match timeout_at(deadline, decided).await {
            Ok(Some(status)) => status,
            Ok(None) | Err(_) => store.status(id, owner).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn so_many_of_one_network_wait_and_places_are_given_back() {
        let network = |n: u32| Network::from(IpAddr::from(n.to_be_bytes()));
        let waiters = Arc::new(Waiters::default());
        let places: Vec<_> = (0..OF_ONE).map(|_| waiters.enter(network(1))).collect();
        assert!(places.iter().all(Result::is_ok));
        assert!(waiters.enter(network(1)).is_err());
        let others: Vec<_> = (2..).map_while(|n| waiters.enter(network(n)).ok()).collect();
        assert_eq!(others.len(), OF_ALL - OF_ONE);
        drop((places, others));
        assert!(waiters.enter(network(1)).is_ok());
        assert!(waiters.0.lock().expect("no test panics").is_empty());
    }
}
