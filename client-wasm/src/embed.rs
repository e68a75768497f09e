//! The share dialog in a frame, in the page of another application.
//!
//! Invariant: what is to be shared comes once, from the page around, whose origin is one that the server
//! allows; the key stays in the frame, but for the link that the page gets once the person has it.

mod accent;
mod host;
mod leave;
mod look;
mod offer;
mod what;

use crate::{
    api,
    compose::{
        SharedPolicy,
        attachments::{self, Attachment},
        dialog,
        result::Made,
        steps,
        surroundings::{self, Item, Surroundings},
    },
    dom,
};
use futures_util::future::LocalBoxFuture;
use host::Host;
use offer::Offer;
use std::{cell::Cell, rc::Rc};
use wasm_bindgen_futures::spawn_local;
use waxseal_core::wire::Views;
use web_sys::HtmlElement;
use zeroize::Zeroizing;

/// The longest grant that a server reads.
const LONGEST_GRANT: usize = 4096;

/// The frame, around the dialog.
struct Frame {
    host: Host,
    item: Item,
    owner_token: bool,
    /// The most bytes of all files together, once the server has said it.
    limit: Cell<u64>,
}

/// Tells the page around that this one is there, and waits for what is to be shared.
pub fn start() {
    if !host::is_there() {
        return dom::show(&part("alone"), true);
    }
    host::await_offer(|host, message| match offer::read(&message) {
        Ok(offer) => begin(host, offer),
        Err(why) => host.tell("refused", &[("why", why.into())]),
    });
}

fn begin(host: Host, Offer { item, owner_token, look }: Offer) {
    look::apply(look);
    what::show(&item);
    part("result-unlisted").set_text_content(Some(
        "My links will not have this link. To take it back, press Revoke here, before you close this.",
    ));
    let frame = Rc::new(Frame { host, item, owner_token, limit: Cell::new(u64::MAX) });
    surroundings::are(Rc::clone(&frame) as Rc<dyn Surroundings>);
    let policy = SharedPolicy::default();
    dialog::start(&policy);
    leave::start(&frame.host);
    take_focus();
    {
        let (frame, policy) = (Rc::clone(&frame), Rc::clone(&policy));
        dom::on_click(&part("retry-policy"), move || load(&frame, &policy));
    }
    load(&frame, &policy);
}

/// Some browsers let no frame take the focus that it was not given by the page around. People may come back
/// with a click: nothing may move under it.
fn take_focus() {
    dom::on(&dom::window(), "focus", |_| {
        let focused = dom::document().active_element();
        if focused == dom::document().body().map(Into::into)
            && let Some(heading) = steps::heading()
        {
            dom::focus_where_it_is(&heading);
        }
    });
}

/// Asks the server what it allows, and shows the dialog.
fn load(frame: &Rc<Frame>, policy: &SharedPolicy) {
    let (frame, policy) = (Rc::clone(frame), Rc::clone(policy));
    spawn_local(async move {
        let answer = api::policy().await;
        dom::show(&part("offline"), answer.is_err());
        if let Ok(answer) = answer {
            let insecure = !dom::is_secure() && !answer.allow_insecure_http;
            dom::show(&part("insecure"), insecure);
            if !insecure {
                frame.limit.set(answer.max_bytes);
                part("dialog").set_class_name("begun");
                dialog::open(&answer);
                *policy.borrow_mut() = Some(answer);
            }
        }
        frame.host.show(&part("dialog"));
    });
}

impl Surroundings for Frame {
    fn item(&self) -> Result<Item, String> {
        let bytes = self.item.files.iter().map(Attachment::size).sum();
        attachments::check_size(bytes, self.limit.get())?;
        Ok(self.item.clone())
    }

    fn grant(&self) -> LocalBoxFuture<'_, Result<Zeroizing<String>, String>> {
        Box::pin(async {
            let grant = self.host.ask_grant().await.map(Zeroizing::new);
            // What else is in it the server judges.
            let fits = |grant: &Zeroizing<String>| {
                let is_sendable = grant.bytes().all(|byte| byte.is_ascii_graphic());
                !grant.is_empty() && grant.len() <= LONGEST_GRANT && is_sendable
            };
            grant.filter(fits).ok_or_else(|| {
                "The application did not say that you may share this. Nothing was shared. Press “Get \
                 link” to try again."
                    .to_owned()
            })
        })
    }

    fn keeps_links(&self) -> bool {
        // What a frame keeps, the page of that name does not see.
        false
    }

    fn shared(&self, made: &Made) {
        let mut shared = vec![
            ("link", made.link.as_str().into()),
            ("expiresAt", made.expires_at.to_string().into()),
            ("oneTime", (made.views == Some(Views::ONE)).into()),
            ("id", made.id.to_base64url().into()),
        ];
        if self.owner_token {
            shared.push(("owner", made.owner.to_base64url().into()));
        }
        self.host.tell("shared", &[("shared", host::object(&shared).into())]);
    }

    fn cancelled(&self) {
        self.host.tell("closed", &[]);
    }

    fn revoked(&self) {
        self.host.tell("revoked", &[]);
        self.host.tell("closed", &[]);
    }

    fn done(&self) {
        self.host.tell("closed", &[]);
    }
}

fn part(id: &str) -> HtmlElement {
    dom::by_id(id)
}
