//! The page that a request's link leads to: from the note to a share that answers it.
//!
//! Invariant: nothing is requested for a link that is damaged, and nothing can be written before the note
//! was opened with the link's own keys; the answer is sealed to the key in the link.

mod screen;

use super::{
    attachments::{self, Attachment},
    explain, form,
    send::{self, Order, Stopped},
    steps::{self, Step},
};
use crate::{
    api::{self, ApiError},
    dom, theme,
    transfer::{self, Progress},
    worker::{self, Failure},
};
use getrandom::SysRng;
use screen::Screen;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen_futures::spawn_local;
use waxseal_core::{
    body::{self, BodyPlan},
    keys::LinkKeys,
    link::{LinkError, LinkSecret},
    manifest::{Manifest, SealedPolicy},
    request::{self, FoundRequest, Note, RequestLink},
    token::OwnerToken,
    wire::{
        AnswerRequest, Answers, Asking, CreateRequest, ExpiresIn, Policy, Problem, ProblemType,
        Views,
    },
};
use web_sys::{HtmlButtonElement, HtmlElement};

/// One request in one tab.
struct Request {
    link: RequestLink,
    keys: LinkKeys,
    exposed: bool,
    /// How long an answer is kept, once the note was read.
    expires_in: RefCell<Option<ExpiresIn>>,
}

/// Takes over the page.
pub fn start() {
    theme::start();
    // The address bar of an open page can get another link.
    dom::on(&dom::window(), "hashchange", |_| {
        dom::window().location().reload().unwrap_or_default();
    });
    let found = match FoundRequest::in_address(&dom::window().location().href().unwrap_or_default())
    {
        Ok(found) => found,
        Err(LinkError::Version) => return Screen::NewerLink.show(),
        Err(_) => return Screen::DamagedLink.show(),
    };
    form::start();
    attachments::start();
    send::start();
    let keys = LinkKeys::of_request(&found.link);
    let request = Rc::new(Request {
        link: found.link,
        keys,
        exposed: found.exposed,
        expires_in: RefCell::default(),
    });
    for button in dom::all("[data-slot=retry]") {
        let request = Rc::clone(&request);
        dom::on_click(&button, move || {
            let request = Rc::clone(&request);
            spawn_local(async move { request.read().await });
        });
    }
    let button: HtmlButtonElement = dom::by_id("share");
    {
        let request = Rc::clone(&request);
        dom::on_click(&button, move || {
            let request = Rc::clone(&request);
            spawn_local(async move { request.send().await });
        });
    }
    spawn_local(async move { request.read().await });
}

impl Request {
    /// Shows what is asked for, or why nothing is.
    async fn read(&self) {
        let policy = api::policy().await;
        let asking = api::asking(self.keys.id, &self.keys.access).await;
        match (policy, asking) {
            (_, Err(ApiError::Problem(problem))) => refused(&problem),
            (Ok(policy), Ok(asking)) => self.show(&policy, &asking),
            (Err(ApiError::Unreachable), _) | (_, Err(ApiError::Unreachable)) => {
                Screen::Unreachable.show();
            }
            _ => Screen::Failed.show(),
        }
    }

    fn show(&self, policy: &Policy, asking: &Asking) {
        let Ok(head) = body::open(&self.keys.body(), &asking.note) else {
            return Screen::Damaged.show();
        };
        let note = Note::from_manifest(&head.manifest, policy.default_expiry);
        // What the policy no longer offers would be refused.
        let offered = policy.expiries.contains(&note.expires_in);
        let expires_in = if offered { note.expires_in } else { policy.default_expiry };
        *self.expires_in.borrow_mut() = Some(expires_in);
        let insecure = !dom::is_secure();
        dom::show(&dom::by_id::<HtmlElement>("insecure"), insecure);
        dom::show(&dom::by_id::<HtmlElement>("insecure-off"), !policy.allow_insecure_http);
        form::allow(!insecure || policy.allow_insecure_http);
        attachments::set_limit(policy.max_bytes);
        worker::warm_up();
        screen::note(&note, expires_in, asking.expires_at, self.exposed);
    }

    /// From what was written to the answer; every failure leads back, unless there is nothing to answer.
    async fn send(&self) {
        form::error("");
        let Some(expires_in) = *self.expires_in.borrow() else { return };
        let prepared = self.prepare(expires_in);
        let (order, secret) = match prepared {
            Ok(prepared) => prepared,
            Err(why) => return form::error(&why),
        };
        steps::show(Step::Busy);
        let Err(stopped) = self.answer(order, secret).await else {
            form::clear();
            return Screen::Sent.show();
        };
        let why = match stopped {
            Stopped::Failed(why) => why,
            Stopped::Cancelled => {
                "Cancelled. What you wrote and attached is still here.".to_owned()
            }
        };
        // It may be over by now, which says more.
        if let Err(ApiError::Problem(problem)) = api::asking(self.keys.id, &self.keys.access).await
            && matches!(problem.kind, ProblemType::ShareOver | ProblemType::UnknownShare)
        {
            return refused(&problem);
        }
        steps::show(Step::Options);
        form::error(&why);
    }

    async fn answer(&self, order: Order, secret: LinkSecret) -> Result<(), Stopped> {
        let (share, owner) = (order.request.id, order.owner.clone());
        let sealed = request::seal(&self.link, &secret, &mut SysRng)
            .map_err(|error| Stopped::Failed(format!("Nothing was sent: {error}.")))?;
        order.send().await?;
        let answer = AnswerRequest { share, sealed };
        // The same again is answered the same, so a lost answer loses nothing.
        let progress = Progress::new(1, |now| {
            dom::show(&dom::by_id::<HtmlElement>("answer-waiting"), now.waiting)
        });
        let answered = transfer::insist(&progress, async || {
            Ok(api::answer(self.keys.id, &self.keys.access, &answer).await?)
        });
        let Err(failure) = answered.await else { return Ok(()) };
        spawn_local(async move { send::take_back(share, &owner).await });
        Err(Stopped::Failed(match failure {
            Failure::Problem(problem) => explain(&ApiError::Problem(problem)),
            _ => explain(&ApiError::Unexpected),
        }))
    }

    /// What is to be sent, and the secret of its link.
    fn prepare(&self, expires_in: ExpiresIn) -> Result<(Order, LinkSecret), String> {
        const NO_RNG: &str = "This browser gives no random numbers.";
        let written = form::read()?;
        let files = attachments::all();
        let policy = SealedPolicy { views: Some(Views::ONE), expires_in };
        let manifest = Manifest {
            title: written.title,
            from: String::new(),
            fields: written.fields,
            files: files.iter().map(Attachment::describe).collect(),
            policy: Some(policy),
        };
        let secret = LinkSecret::generate(&mut SysRng).map_err(|_| NO_RNG)?;
        let owner = OwnerToken::generate(&mut SysRng).map_err(|_| NO_RNG)?;
        let keys = LinkKeys::derive(&secret);
        let plan = BodyPlan::new(&keys.body(), &manifest, &mut SysRng)
            .map_err(|error| error.to_string())?;
        let request = CreateRequest {
            answers: Some(Answers { request: self.keys.id, access: self.keys.access.clone() }),
            ..CreateRequest::new(&keys, &owner, plan.size(), policy)
        };
        Ok((Order { plan, files, request, owner, grant: None }, secret))
    }
}

fn refused(problem: &Problem) {
    match (problem.kind, problem.state) {
        (ProblemType::ShareOver, Some(state)) => screen::over(state, problem.at),
        (ProblemType::UnknownShare, _) => Screen::Unknown.show(),
        _ => Screen::Failed.show(),
    }
}
