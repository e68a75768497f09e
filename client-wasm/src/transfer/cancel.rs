//! A way to stop what is going on.

use futures_util::future::{Either, select};
use js_sys::{Function, Promise};
use std::{cell::RefCell, pin::pin, rc::Rc};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Stops what it guards, once.
#[derive(Clone)]
pub struct Cancel {
    cancelled: Promise,
    cancel: Rc<RefCell<Option<Function>>>,
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

impl Cancel {
    /// Not cancelled yet.
    pub fn new() -> Self {
        let cancel = Rc::new(RefCell::new(None));
        let cancelled = Promise::new(&mut |resolve, _| *cancel.borrow_mut() = Some(resolve));
        Self { cancelled, cancel }
    }

    /// Stops what is guarded; again does nothing.
    pub fn cancel(&self) {
        if let Some(cancel) = self.cancel.borrow_mut().take() {
            cancel.call0(&JsValue::NULL).ok();
        }
    }

    /// What `work` comes to; `None` if it was cancelled before, which drops it.
    pub async fn guard<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let cancelled = JsFuture::from(self.cancelled.clone());
        match select(pin!(work), pin!(cancelled)).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }
}
