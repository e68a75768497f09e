//! The page that asks for a secret: a note, and the link to send.
//!
//! Invariant: this browser keeps the private key before anybody can have the link.

mod result;

use super::{
    confirmation,
    send::{self, Order, Stopped},
    steps::{Step, current, show},
};
use crate::{
    api, dom,
    owned::{self, OwnedLink, OwnedRequest, Sent},
    theme, words, worker,
};
use getrandom::SysRng;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use waxseal_core::{
    body::BodyPlan,
    keys::LinkKeys,
    manifest::SealedPolicy,
    request::{Note, RequestKey, RequestLink},
    time::Timestamp,
    token::OwnerToken,
    wire::{CreateRequest, ExpiresIn, IdentityMode, Policy, ShareState, Views},
};
use web_sys::{Element, HtmlButtonElement, HtmlElement, HtmlInputElement, HtmlTextAreaElement};

type Known = Rc<RefCell<Option<Policy>>>;

/// What the page was asked for.
struct Choices {
    note: Note,
    label: String,
    /// How long the request waits.
    expires_in: ExpiresIn,
}

/// Takes over the page.
pub fn start() {
    theme::start();
    send::start();
    confirmation::start();
    result::start();
    let policy = Known::default();
    let get: HtmlButtonElement = dom::by_id("get-link");
    get.set_disabled(true);
    {
        let policy = Rc::clone(&policy);
        dom::on_click(&get, move || {
            let Some(policy) = policy.borrow().clone() else { return };
            spawn_local(async move { get_link(&policy).await });
        });
    }
    dom::on(&dom::by_id::<HtmlElement>("options"), "input", |_| error(""));
    dom::on(&dom::window(), "beforeunload", |event| {
        if current() != Step::Result && !area().value().is_empty() {
            event.prevent_default();
        }
    });
    {
        let policy = Rc::clone(&policy);
        dom::on_click(&dom::by_id::<HtmlElement>("retry-policy"), move || load(&policy));
    }
    load(&policy);
}

/// Asks the server what it allows; till it answers, nothing can be asked.
fn load(policy: &Known) {
    let policy = Rc::clone(policy);
    spawn_local(async move {
        let answer = api::policy().await;
        dom::show(&dom::by_id::<HtmlElement>("offline"), answer.is_err());
        let Ok(answer) = answer else { return };
        let insecure = !dom::is_secure();
        dom::show(&dom::by_id::<HtmlElement>("insecure"), insecure);
        dom::show(&dom::by_id::<HtmlElement>("insecure-off"), !answer.allow_insecure_http);
        let elsewhere = answer.identity == IdentityMode::Grant;
        dom::show(&dom::by_id::<HtmlElement>("elsewhere"), elsewhere);
        let allowed = !elsewhere && (!insecure || answer.allow_insecure_http);
        dom::by_id::<HtmlButtonElement>("get-link").set_disabled(!allowed);
        offer("waits", &answer);
        offer("keeps", &answer);
        worker::warm_up();
        *policy.borrow_mut() = Some(answer);
    });
}

/// Offers the policy's expiries; what was chosen before stays so.
fn offer(name: &str, policy: &Policy) {
    let choices: HtmlElement = dom::by_id(name);
    if choices.query_selector(".pill").ok().flatten().is_some() {
        return;
    }
    for expires_in in &policy.expiries {
        let pill: Element = dom::from_template("expiry");
        let (radio, text) = (pill.first_element_child(), pill.last_element_child());
        let radio: HtmlInputElement = radio.expect("a pill has a radio").unchecked_into();
        radio.set_name(name);
        radio.set_value(&expires_in.seconds().to_string());
        radio.set_checked(*expires_in == policy.default_expiry);
        text.expect("a pill has a text").set_text_content(Some(&words::expiry(*expires_in)));
        dom::append(&choices, &pill);
    }
}

fn chosen(name: &str) -> Option<ExpiresIn> {
    let selector = format!("input[name={name}]:checked");
    let radio = dom::document().query_selector(&selector).ok().flatten()?;
    let seconds: u32 = radio.unchecked_into::<HtmlInputElement>().value().parse().ok()?;
    ExpiresIn::try_from(seconds).ok()
}

fn choices() -> Result<Choices, String> {
    let text = area().value().trim().to_owned();
    if text.is_empty() {
        return Err("Say what you ask for.".to_owned());
    }
    let from = dom::by_id::<HtmlInputElement>("from").value().trim().to_owned();
    let label = text.lines().next().unwrap_or_default().chars().take(LABEL).collect();
    let expires_in = chosen("waits").ok_or("Choose how long the link waits for an answer.")?;
    let keeps = chosen("keeps").ok_or("Choose how long an answer is kept.")?;
    Ok(Choices { note: Note { text, from, expires_in: keeps }, label, expires_in })
}

/// Characters of a note that name it in the list.
const LABEL: usize = 100;

/// From the note to the link; every failure leads back to it.
async fn get_link(policy: &Policy) {
    error("");
    let made = match choices() {
        Ok(choices) => {
            show(Step::Busy);
            make(choices, policy).await
        }
        Err(why) => Err(Stopped::Failed(why)),
    };
    let Err(stopped) = made else { return };
    show(Step::Options);
    match stopped {
        Stopped::Failed(why) => error(&why),
        Stopped::Cancelled => note("Cancelled. What you wrote is still here."),
    }
}

async fn make(choices: Choices, policy: &Policy) -> Result<(), Stopped> {
    let (order, kept) = prepare(&choices).map_err(Stopped::Failed)?;
    let id = kept.id;
    if owned::add(&kept).await.is_err() {
        return Err(Stopped::Failed(UNKEPT.to_owned()));
    }
    match publish(order, policy).await {
        Ok(expires_at) => {
            let made_at = expires_at.before(choices.expires_in.duration());
            let kept = OwnedLink { made_at: Some(made_at), expires_at: Some(expires_at), ..kept };
            // The list shows what the server says, whether this is kept or not.
            owned::add(&kept).await.ok();
            result::show(kept, expires_at).await;
            Ok(())
        }
        Err(stopped) => {
            // What is left of it would be a row that nobody knows.
            owned::remove([id].into_iter()).await.ok();
            Err(stopped)
        }
    }
}

/// Makes the request, which waits for an answer from then on; says until when.
async fn publish(order: Order, policy: &Policy) -> Result<Timestamp, Stopped> {
    let (id, owner) = (order.request.id, order.owner.clone());
    let receipt = order.send().await?;
    let expires_at = match (receipt.state, receipt.expires_at) {
        (ShareState::Pending, _) => confirmation::get(id, &owner, policy.confirmation).await?,
        (_, expires_at) => expires_at,
    };
    expires_at
        .ok_or_else(|| Stopped::Failed("The server did not say when the link expires.".to_owned()))
}

/// What is to be sent, and what this browser keeps of it.
fn prepare(choices: &Choices) -> Result<(Order, OwnedLink), String> {
    const NO_RNG: &str = "This browser gives no random numbers.";
    let key = RequestKey::generate(&mut SysRng).map_err(|_| NO_RNG)?;
    let link = RequestLink::generate(&key.public_key(), &mut SysRng).map_err(|_| NO_RNG)?;
    let owner = OwnerToken::generate(&mut SysRng).map_err(|_| NO_RNG)?;
    let keys = LinkKeys::of_request(&link);
    let manifest = choices.note.to_manifest();
    let plan =
        BodyPlan::new(&keys.body(), &manifest, &mut SysRng).map_err(|error| error.to_string())?;
    let terms = SealedPolicy { views: Some(Views::ONE), expires_in: choices.expires_in };
    let request =
        CreateRequest { request: true, ..CreateRequest::new(&keys, &owner, plan.size(), terms) };
    let kept = OwnedLink {
        id: keys.id,
        owner: owner.clone(),
        label: choices.label.clone(),
        made_at: None,
        expires_at: None,
        sent_at: Sent::Unknown,
        token: None,
        request: Some(OwnedRequest { link, key }),
    };
    Ok((Order { plan, files: Vec::new(), request, owner, grant: None }, kept))
}

const UNKEPT: &str = "This browser keeps nothing for this page, so it could never open the answer. It may \
    be a private window, or the site’s data may be blocked.";

fn area() -> HtmlTextAreaElement {
    dom::by_id("note")
}

fn error(text: &str) {
    dom::by_id::<HtmlElement>("options-error").set_text_content(Some(text));
    note("");
}

/// Says what is no error.
fn note(text: &str) {
    dom::by_id::<HtmlElement>("options-note").set_text_content(Some(text));
}
