//! The recipient's page: from the address to the item.
//!
//! Invariant: nothing is requested for a link that is damaged; nothing is spent without a person's
//! click; whatever happens after the click, the same claim can ask again until its lease ends.

mod item;
mod screen;

use crate::{
    api::{self, ApiError, Claimed},
    attachments, dom,
    storage::{self, Place},
    theme, words,
    worker::{self, Unlocked},
};
use getrandom::SysRng;
use screen::Screen;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use waxseal_core::{
    body::{self, OpenedHead},
    chunk::Damaged,
    keys::{BodyKey, LinkKeys},
    link::{FoundLink, LinkError, LinkSecret, PATH},
    manifest::Manifest,
    time::Timestamp,
    token::ClaimToken,
    wire::{ClaimRequest, Landing, Problem, ProblemType, ShareState},
};
use web_sys::{HtmlButtonElement, HtmlInputElement};

/// `history.state` of a tab whose item was shown and is spent.
const SHOWN: &str = "shown";

/// One link in one tab.
struct Recipient {
    secret: LinkSecret,
    keys: LinkKeys,
    exposed: bool,
    landing: RefCell<Option<Landing>>,
    place: RefCell<Option<Place>>,
    /// The passphrase that was refused last: a key held down must not use up every try.
    wrong: RefCell<String>,
}

/// Takes over the page.
pub fn start() {
    theme::start();
    // The address bar of an open page can get another link.
    dom::on(&dom::window(), "hashchange", |_| {
        dom::window().location().reload().unwrap_or_default();
    });
    let found = match FoundLink::in_address(&dom::window().location().href().unwrap_or_default()) {
        Ok(found) => found,
        Err(LinkError::Missing) => match kept_in_this_tab() {
            Some(found) => found,
            None if shown_in_this_tab() => return Screen::Cleared.show(),
            None => return Screen::DamagedLink.show(),
        },
        Err(LinkError::Version) => return Screen::NewerLink.show(),
        Err(_) => return Screen::DamagedLink.show(),
    };
    let keys = LinkKeys::derive(&found.secret);
    let place = Place::of(keys.id);
    let recipient = Rc::new(Recipient {
        secret: found.secret,
        keys,
        exposed: found.exposed,
        landing: RefCell::new(None),
        place: RefCell::new(place),
        wrong: RefCell::default(),
    });
    recipient.listen();
    spawn_local(async move { recipient.land().await });
}

fn kept_in_this_tab() -> Option<FoundLink> {
    let secret = Place::newest()?.secret()?;
    Some(FoundLink { secret, exposed: false })
}

fn shown_in_this_tab() -> bool {
    let state = dom::window().history().and_then(|history| history.state());
    state.is_ok_and(|state| state.as_string().as_deref() == Some(SHOWN))
}

impl Recipient {
    fn listen(self: &Rc<Self>) {
        let recipient = Rc::clone(self);
        // No reload: where there is no storage, the place is in this page only.
        screen::on_retry(move || {
            let recipient = Rc::clone(&recipient);
            spawn_local(async move { recipient.land().await });
        });
        let recipient = Rc::clone(self);
        let button: HtmlButtonElement = dom::by_id("view");
        // Enter in the passphrase field clicks this button too, and no form is ever sent.
        dom::on_click(&button.clone(), move || {
            let recipient = Rc::clone(&recipient);
            let button = button.clone();
            button.set_disabled(true);
            spawn_local(async move {
                recipient.open().await;
                button.set_disabled(false);
            });
        });
    }

    /// Shows what the server says before anything is spent, or the place this tab has.
    async fn land(&self) {
        let landing = api::landing(self.keys.id, &self.keys.access).await;
        let kept = self.place.borrow().clone();
        match (landing, kept) {
            (Ok(landing), _) => {
                screen::landing(&landing, self.exposed);
                *self.landing.borrow_mut() = Some(landing);
            }
            // Spent, and perhaps by this very tab: asking again tells.
            (Err(ApiError::Problem(problem)), Some(place))
                if problem.kind == ProblemType::ShareOver
                    && problem.state == Some(ShareState::Opened) =>
            {
                screen::resume(place.passphrase, place.until);
            }
            (Err(ApiError::Problem(problem)), _) => self.refused(&problem),
            (Err(ApiError::Unreachable), Some(_)) => screen::uncertain(self.until()),
            (Err(ApiError::Unreachable), None) => Screen::Unreachable.show(),
            // Somebody else's answer, such as a portal's that wants to be logged into first.
            (Err(ApiError::Unexpected), Some(_)) => screen::uncertain(self.until()),
            (Err(ApiError::Unexpected), None) => screen::failed(UNEXPECTED),
        }
    }

    /// One opening, from the click to the item or to the page that says why not.
    async fn open(&self) {
        let Ok(unlocked) = self.unlock().await else { return };
        let (key, proof) = match unlocked {
            Some(Unlocked { key, proof }) => (key, Some(proof)),
            None => (self.keys.body(), None),
        };
        let Ok(claim) = self.take_place(proof.is_some()) else {
            return screen::failed("This browser gives no random numbers. Nothing was used up.");
        };
        let request = ClaimRequest { claim: claim.clone(), proof };
        match api::claim(self.keys.id, &self.keys.access, &request).await {
            Ok(claimed) => self.show(&key, &claim, claimed).await,
            Err(ApiError::Problem(problem)) => self.claim_refused(&problem),
            Err(ApiError::Unreachable | ApiError::Unexpected) => screen::uncertain(self.until()),
        }
    }

    /// The passphrase's keys, where one is needed; an error was shown.
    async fn unlock(&self) -> Result<Option<Unlocked>, ()> {
        let input: HtmlInputElement = dom::by_id("passphrase");
        if !screen::asks_passphrase() {
            return Ok(None);
        }
        let typed = dom::typed(&input).and_then(|typed| {
            if typed.is_empty() {
                Err("Enter the passphrase. Nothing was used up.")
            } else if typed == *self.wrong.borrow() {
                Err("This one was refused before. Nothing was used up.")
            } else {
                Ok(typed)
            }
        });
        let typed = typed.map_err(screen::passphrase_error)?;
        screen::busy(true);
        let unlocked = worker::unlock(&self.secret, &typed).await;
        screen::busy(false);
        unlocked.map(Some).map_err(|why| screen::passphrase_error(&why))
    }

    /// The claim of this tab, kept before it is sent.
    fn take_place(&self, passphrase: bool) -> Result<ClaimToken, getrandom::Error> {
        let mut place = self.place.borrow_mut();
        let claim = match place.as_ref() {
            Some(place) => place.claim.clone(),
            None => ClaimToken::generate(&mut SysRng)?,
        };
        let fresh = Place::new(&self.secret, claim.clone(), passphrase);
        fresh.keep(self.keys.id);
        *place = Some(fresh);
        Ok(claim)
    }

    fn keep_place_until(&self, lease_until: Timestamp) {
        if let Some(place) = self.place.borrow_mut().as_mut() {
            place.until = lease_until;
            place.keep(self.keys.id);
        }
    }

    fn until(&self) -> Timestamp {
        let lease = self.place.borrow().as_ref().map_or_else(words::now, |place| place.until);
        match self.landing.borrow().as_ref() {
            Some(landing) => lease.min(landing.expires_at),
            None => lease,
        }
    }

    fn give_up_place(&self) {
        storage::forget_place(self.keys.id);
        *self.place.borrow_mut() = None;
    }

    async fn show(&self, key: &BodyKey, claim: &ClaimToken, claimed: Claimed) {
        let spent = claimed.views_left == Some(0);
        let Ok(opened) = open_all(key, &claimed) else {
            if screen::asks_passphrase() {
                // The server did not ask for the proof again, so this is the first check of it.
                return screen::passphrase_error("Wrong passphrase. Your place is kept.");
            }
            return Screen::Damaged.show();
        };
        if spent {
            leave_address(&JsValue::NULL);
        }
        let fits = self.policy_fits(&opened.manifest, &claimed);
        let has_files = !opened.manifest.files.is_empty();
        item::show(&opened.manifest, &claimed, fits);
        if has_files {
            self.keep_place_until(claimed.lease_until);
            let passphrase = screen::asks_passphrase();
            let done = attachments::hand_over(&self.secret, key, passphrase, claim, &claimed).await;
            // Where the module did not come the place is kept, and a reload comes back to the item.
            let Ok(done) = done else { return };
            if done.is_truthy() {
                item::clear(spent);
            }
        } else if api::acknowledge(self.keys.id, claim).await.is_err() {
            return;
        }
        self.give_up_place();
        if spent {
            leave_address(&SHOWN.into());
        }
    }

    /// Whether the server's promises are the sender's choices.
    fn policy_fits(&self, manifest: &Manifest, claimed: &Claimed) -> bool {
        let Some(policy) = manifest.policy else { return true };
        let landing = self.landing.borrow();
        let latest = words::now().after(policy.expires_in.duration() + CLOCK_TOLERANCE);
        let before = landing.as_ref().map_or(claimed.views_left.map(|n| n + 1), |l| l.views_left);
        let views = match (policy.views, before) {
            (None, None) => true,
            (Some(chosen), Some(left)) => left <= chosen.get(),
            _ => false,
        };
        views && claimed.expires_at <= latest
    }

    fn claim_refused(&self, problem: &Problem) {
        match (problem.kind, problem.tries_left) {
            (ProblemType::WrongPassphrase, tries_left) if tries_left != Some(0) => {
                *self.wrong.borrow_mut() = dom::by_id::<HtmlInputElement>("passphrase").value();
                screen::wrong_passphrase(tries_left);
            }
            (ProblemType::PassphraseRequired, _) => {
                screen::ask_passphrase();
                screen::passphrase_error("A passphrase is needed. Nothing was used up.");
            }
            _ => return self.refused(problem),
        }
        // The claim was not given the item.
        self.give_up_place();
    }

    fn refused(&self, problem: &Problem) {
        if ENDS.contains(&problem.kind) {
            self.give_up_place();
        }
        match (problem.kind, problem.state) {
            (ProblemType::ShareOver, Some(state)) => screen::over(state, problem.at),
            (ProblemType::WrongPassphrase, _) => {
                screen::over(ShareState::Burned, Some(words::now()));
            }
            (ProblemType::ClaimOver, _) => Screen::ClaimOver.show(),
            (ProblemType::UnknownShare, _) => Screen::Unknown.show(),
            (ProblemType::TooMany, _) => screen::failed(TOO_MANY),
            _ => screen::failed(UNEXPECTED),
        }
    }
}

const UNEXPECTED: &str =
    "The server gave an answer that this page does not understand. Nothing was used up.";

const TOO_MANY: &str = "Too much was opened from your network within the hour. Nothing was used up: \
    load this page again in a few minutes.";

/// What says that this claim will never be given the item.
const ENDS: [ProblemType; 4] = [
    ProblemType::ShareOver,
    ProblemType::ClaimOver,
    ProblemType::UnknownShare,
    ProblemType::WrongPassphrase,
];

/// How far this device's clock may be ahead or behind before a promise counts as broken.
const CLOCK_TOLERANCE: std::time::Duration = std::time::Duration::from_secs(60 * 60);

/// Opens the head; where it is everything, every chunk is verified before anything is shown.
fn open_all(key: &BodyKey, claimed: &Claimed) -> Result<OpenedHead, Damaged> {
    if claimed.size.is_one_part() {
        body::open(key, &claimed.head)
    } else {
        OpenedHead::open(key, &claimed.head, claimed.size)
    }
}

/// Takes the fragment out of the address bar.
fn leave_address(state: &JsValue) {
    if let Ok(history) = dom::window().history() {
        history.replace_state_with_url(state, "", Some(PATH)).ok();
    }
}
