//! The share dialog: how long, how often, and then the link.

use super::{
    SharedPolicy,
    attachments::{self, Attachment},
    confirmation, result,
    send::{self, Order, Stopped},
    steps::{Step, show},
    surroundings::{self, Item, Surroundings},
};
use crate::{
    dom,
    owned::{self, OwnedLink, Sent},
    words, worker,
};
use getrandom::SysRng;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use waxseal_core::{
    body::BodyPlan,
    keys::LinkKeys,
    link::LinkSecret,
    manifest::{Manifest, SealedPolicy},
    passphrase::{self, Strength},
    token::OwnerToken,
    wire::{CreateRequest, ExpiresIn, IdentityMode, Policy, ShareState, Views},
};
use web_sys::{Element, HtmlElement, HtmlInputElement};

/// What the dialog was asked for.
struct Choices {
    expires_in: ExpiresIn,
    views: Option<Views>,
    passphrase: String,
    from: String,
}

/// Listens to the dialog.
pub(crate) fn start(policy: &SharedPolicy) {
    send::start();
    confirmation::start();
    result::start();
    for button in dom::all("[data-close]") {
        dom::on_click(&button, || surroundings::get().cancelled());
    }
    dom::on(&input("once"), "change", |_| reflect_views());
    dom::on(&input("views"), "input", |_| reflect_views());
    dom::on(&input("new-passphrase"), "input", |_| reflect_strength());
    dom::on_click(&dom::by_id::<HtmlElement>("generate"), || {
        if let Ok(generated) = passphrase::generate(&mut SysRng) {
            input("new-passphrase").set_value(&generated);
            reflect_strength();
        }
    });
    let policy = Rc::clone(policy);
    dom::on_click(&dom::by_id::<HtmlElement>("get-link"), move || {
        let Some(policy) = policy.borrow().clone() else { return };
        spawn_local(async move { get_link(&policy).await });
    });
}

fn input(id: &str) -> HtmlInputElement {
    dom::by_id(id)
}

/// Lays out what the policy offers; choices made before are kept.
pub(crate) fn open(policy: &Policy) {
    let choices: HtmlElement = dom::by_id("expiries");
    if dom::all("#expiries .pill").is_empty() {
        for expires_in in &policy.expiries {
            let pill: Element = dom::from_template("expiry");
            let (radio, text) = (pill.first_element_child(), pill.last_element_child());
            let radio: HtmlInputElement = radio.expect("a pill has a radio").unchecked_into();
            radio.set_value(&expires_in.seconds().to_string());
            radio.set_checked(*expires_in == policy.default_expiry);
            text.expect("a pill has a text").set_text_content(Some(&words::expiry(*expires_in)));
            dom::append(&choices, &pill);
        }
        input("once").set_checked(policy.one_time || policy.force_one_time);
        input("once").set_disabled(policy.force_one_time);
        if policy.force_passphrase {
            dom::set(&dom::by_id::<Element>("more"), "open", "");
        }
    }
    worker::warm_up();
    reflect_views();
    reflect_strength();
    error("");
    show(Step::Options);
}

/// One-time viewing and a number of views are one choice.
fn reflect_views() {
    let once = input("once").checked();
    let views = input("views");
    views.set_disabled(once);
    let hint = if once {
        "One. Switch off “Can be viewed only 1 time” to choose another number."
    } else if views.value().is_empty() {
        "It can be viewed any number of times until it expires."
    } else {
        "From 1 to 100."
    };
    dom::by_id::<HtmlElement>("views-hint").set_text_content(Some(hint));
}

fn reflect_strength() {
    let hint = match Strength::of(&input("new-passphrase").value()) {
        Strength::None => {
            "Asked for when the link is opened. Send it some other way than the link."
        }
        Strength::Weak => "Weak: it might be guessed within the ten tries that the server allows.",
        Strength::Fair => "Fair: it holds as long as the server counts the tries.",
        Strength::Strong => "Strong.",
    };
    dom::by_id::<HtmlElement>("new-passphrase-hint").set_text_content(Some(hint));
}

fn error(text: &str) {
    dom::by_id::<HtmlElement>("options-error").set_text_content(Some(text));
    note("");
}

/// Says what is no error.
fn note(text: &str) {
    dom::by_id::<HtmlElement>("options-note").set_text_content(Some(text));
}

fn choices(policy: &Policy) -> Result<Choices, String> {
    let checked = dom::document().query_selector("input[name=expiry]:checked").ok().flatten();
    let expires_in = checked
        .and_then(|radio| radio.unchecked_into::<HtmlInputElement>().value().parse().ok())
        .and_then(|seconds: u32| ExpiresIn::try_from(seconds).ok())
        .ok_or("Choose when the link expires.")?;
    let views = input("views");
    let views = if input("once").checked() {
        Some(Views::ONE)
    } else if views.value().is_empty() && !views.validity().bad_input() {
        None
    } else {
        let typed: Option<u32> = views.value().parse().ok();
        let views = typed.and_then(|typed| Views::try_from(typed).ok());
        Some(views.ok_or("A number of views is 1 to 100.")?)
    };
    let passphrase = dom::typed(&input("new-passphrase"))?;
    if policy.force_passphrase && passphrase.is_empty() {
        return Err("This server wants a passphrase on every link.".to_owned());
    }
    let from = input("from").value().trim().to_owned();
    Ok(Choices { expires_in, views, passphrase, from })
}

/// From the choices to the link; every failure leads back to them.
async fn get_link(policy: &Policy) {
    error("");
    let made = match choices(policy) {
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
        Stopped::Cancelled => {
            note("Cancelled. What you wrote and attached is still here.");
        }
    }
}

async fn make(choices: Choices, policy: &Policy) -> Result<(), Stopped> {
    let around = surroundings::get();
    let (mut order, secret, label) =
        prepare(around.as_ref(), &choices).await.map_err(Stopped::Failed)?;
    if policy.identity == IdentityMode::Grant {
        // As late as can be: it is short-lived.
        order.grant = Some(around.grant().await.map_err(Stopped::Failed)?);
    }
    let (id, owner) = (order.request.id, order.owner.clone());
    let attachments = attachments::summary(&order.files);
    let receipt = order.send().await?;
    let expires_at = match (receipt.state, receipt.expires_at) {
        (ShareState::Pending, _) => confirmation::get(id, &owner, policy.confirmation).await?,
        (_, expires_at) => expires_at,
    };
    let expires_at = expires_at.ok_or_else(|| {
        Stopped::Failed("The server did not say when the link expires.".to_owned())
    })?;
    let made_at = expires_at.before(choices.expires_in.duration());
    let kept = OwnedLink {
        id,
        owner: owner.clone(),
        label,
        made_at: Some(made_at),
        expires_at: Some(expires_at),
        sent_at: Sent::NotYet,
        token: None,
        request: None,
    };
    let listed = around.keeps_links() && owned::add(&kept).await.is_ok();
    let made = result::Made {
        link: secret.to_link(&dom::origin()).to_string(),
        secret,
        id,
        owner,
        made_at,
        listed,
        expires_at,
        views: choices.views,
        passphrase: choices.passphrase,
        attachments,
    };
    result::show(&made).await;
    around.shared(&made);
    Ok(())
}

/// What is to be sent, the link's secret, and what the sender calls it.
async fn prepare(
    around: &dyn Surroundings,
    choices: &Choices,
) -> Result<(Order, LinkSecret, String), String> {
    const NO_RNG: &str = "This browser gives no random numbers.";
    let Item { title, fields, files } = around.item()?;
    let label = if title.is_empty() { "Untitled".to_owned() } else { title.clone() };
    let policy = SealedPolicy { views: choices.views, expires_in: choices.expires_in };
    let manifest = Manifest {
        title,
        from: choices.from.clone(),
        fields,
        files: files.iter().map(Attachment::describe).collect(),
        policy: Some(policy),
    };
    let secret = LinkSecret::generate(&mut SysRng).map_err(|_| NO_RNG)?;
    let owner = OwnerToken::generate(&mut SysRng).map_err(|_| NO_RNG)?;
    let keys = LinkKeys::derive(&secret);
    let (key, passphrase_hash) = if choices.passphrase.is_empty() {
        (keys.body(), None)
    } else {
        let unlocked = worker::unlock(&secret, &choices.passphrase).await?;
        (unlocked.key, Some(unlocked.proof.hash()))
    };
    let plan = BodyPlan::new(&key, &manifest, &mut SysRng).map_err(|error| error.to_string())?;
    let request =
        CreateRequest { passphrase_hash, ..CreateRequest::new(&keys, &owner, plan.size(), policy) };
    Ok((Order { plan, files, request, owner, grant: None }, secret, label))
}
