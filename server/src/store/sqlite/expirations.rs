//! Shares whose time was over, to be told of.
//!
//! Invariant: each is told of once, when the transaction that notices it is committed.

use std::cell::RefCell;
use waxseal_core::token::ShareId;

/// Those of the running transaction, and who is told.
pub(super) struct Expirations {
    tell: Box<dyn Fn(ShareId) + Send>,
    running: RefCell<Vec<ShareId>>,
}

impl Expirations {
    pub(super) fn new(tell: impl Fn(ShareId) + Send + 'static) -> Self {
        Self { tell: Box::new(tell), running: RefCell::default() }
    }

    /// The running transaction notices that a share has expired.
    pub(super) fn note(&self, id: ShareId) {
        self.running.borrow_mut().push(id);
    }

    pub(super) fn after_commit(&self) {
        self.running.take().into_iter().for_each(&self.tell);
    }

    pub(super) fn after_rollback(&self) {
        self.running.take();
    }
}
