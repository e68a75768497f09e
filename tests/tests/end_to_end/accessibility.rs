//! Every screen, in every look: axe-core finds nothing, and nothing is wider than the window.

use anyhow::Result;
use serde_json::json;
use std::fmt::Write;
use waxseal_core::manifest::{Field, FieldKind};
use waxseal_tests::{
    asker,
    axe::Axe,
    browser::{Browser, Look},
    confirmer::{self, Confirmer},
    deployment::Deployment,
    owner::{MyLinks, kept_by},
    recipient::Recipient,
    sender::Sender,
    server::Engine,
    share::{Share, Terms},
    wait::until,
};

/// Widths and heights: a desktop, a phone.
const SIZES: [(u32, u32); 2] = [(1280, 800), (390, 844)];

/// The narrowest window that is promised.
const NARROWEST: (u32, u32) = (320, 568);

/// Calls back when the page has taken on a new look: colours are measured as they stay. An inherited
/// colour arrives generation by generation. What is folded away is never told that it has ended.
const SETTLED: &str = "const done = arguments[0]; \
    const changing = () => document.getAnimations()\
        .some(each => each instanceof CSSTransition && each.playState === 'running'); \
    const calm = frames => requestAnimationFrame(() => \
        frames === 0 ? done() : calm(changing() ? 3 : frames - 1)); calm(3)";

/// Looks at screens and notes what is wrong.
pub(crate) struct Inspector<'a> {
    axe: Axe,
    browser: &'a Browser,
    report: String,
}

impl<'a> Inspector<'a> {
    pub(crate) fn new(browser: &'a Browser) -> Result<Self> {
        Ok(Self { axe: Axe::load()?, browser, report: String::new() })
    }

    pub(crate) async fn inspect(&mut self, screen: &str) -> Result<()> {
        for (width, height) in SIZES {
            for dark in [false, true] {
                // Without motion no colour is half-way when it is measured.
                let look = Look { width, height, dark, reduced_motion: true };
                self.browser.look(look).await?;
                self.browser.execute_async(SETTLED, vec![]).await?;
                for violation in self.axe.violations(self.browser).await? {
                    writeln!(self.report, "{screen}, {look:?}: {violation}")?;
                }
            }
            self.measure(screen, width).await?;
        }
        let (width, height) = NARROWEST;
        self.browser.look(Look { width, height, ..Look::default() }).await?;
        self.measure(screen, width).await
    }

    /// Whether the page or a dialog must be scrolled sideways.
    async fn measure(&mut self, screen: &str, width: u32) -> Result<()> {
        let wide = "[document.documentElement, ...document.querySelectorAll('dialog[open]')]\
            .filter(element => element.scrollWidth > element.clientWidth).map(e => e.tagName)";
        let wide = self.browser.value(wide).await?;
        if wide != json!([]) {
            writeln!(self.report, "{screen} is wider than {width}: {wide}")?;
        }
        Ok(())
    }

    pub(crate) fn verdict(self) {
        assert!(self.report.is_empty(), "{}", self.report);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn senders_screens_are_accessible() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let mut inspector = Inspector::new(&browser)?;
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    for template in ["note", "login", "wifi", "ssh", "card"] {
        sender.template(template).await?;
        inspector.inspect(template).await?;
    }
    browser.click("#share").await?;
    browser.wait_for("#compose-error:not(:empty)").await?;
    inspector.inspect("nothing written").await?;
    let long = "a-very-long-title-without-a-single-space".repeat(4);
    sender.title(&long).await?;
    sender.write(0, &long).await?;
    sender.share().await?;
    sender.more().await?;
    sender.passphrase(&long).await?;
    inspector.inspect("options").await?;
    sender.get_link().await?;
    inspector.inspect("result").await?;
    sender.done().await?;
    browser.wait_for("#links").await?;
    inspector.inspect("the way to my links").await?;
    inspector.verdict();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_screens_are_accessible() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let origin = deployment.origin();
    let (browser, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let mut inspector = Inspector::new(&browser)?;
    let links = MyLinks::open(&browser, &origin).await?;
    inspector.inspect("no links").await?;
    let long = "a-very-long-title-without-a-single-space".repeat(4);
    let sender = Sender::open(&browser, &origin).await?;
    let mut made = Vec::new();
    for title in [long.as_str(), "Early", "Revoked", "Often"] {
        sender.title(title).await?;
        sender.write(0, "text").await?;
        sender.share().await?;
        if title == "Often" {
            sender.toggle_once().await?;
        }
        made.push(sender.get_link().await?);
        browser.click("#keep").await?;
        until("the link to be kept", async || {
            Ok(kept_by(&browser).await?.pop().and_then(|link| link.token))
        })
        .await?;
        sender.done().await?;
    }
    for link in [&made[1], &made[3], &made[3]] {
        let recipient = Recipient::open(&there, link, "landing").await?;
        recipient.view_item().await?;
        recipient.has_let_go().await?;
    }
    MyLinks::open(&browser, &origin).await?;
    links.rows("Opened 2 times").await?;
    links.press("Revoked", "revoke").await?;
    browser.wait_for("#confirm").await?;
    inspector.inspect("revoking").await?;
    links.confirm().await?;
    links.is("Revoked", "Revoked ").await?;
    browser.click("[data-slot=openings]:not([hidden]) summary").await?;
    links.press("Early", "rename").await?;
    inspector.inspect("my links").await?;
    links.press(&long, "show").await?;
    browser.wait_for("#qr svg").await?;
    inspector.inspect("a link shown again").await?;
    browser.click("#shown-close").await?;
    browser.click("#export").await?;
    browser.wait_for("#sealing").await?;
    browser.click("#sealing-yes").await?;
    browser.wait_for("#sealing-error:not(:empty)").await?;
    inspector.inspect("exporting").await?;
    browser.write("#new-passphrase", "a passphrase").await?;
    browser.click("#sealing-yes").await?;
    let name = links.said("was saved").await?;
    let name = name.split(' ').next().unwrap_or_default();
    let file = browser.downloads().join(name);
    until("the file", async || Ok(file.is_file().then_some(()))).await?;
    links.pick(&file).await?;
    links.unlock("another one").await?;
    browser.wait_for("#opening-error:not(:empty)").await?;
    inspector.inspect("importing").await?;
    browser.click("#opening-no").await?;
    inspector.verdict();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn screens_of_asking_are_accessible() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let origin = deployment.origin();
    let (browser, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let mut inspector = Inspector::new(&browser)?;
    let mut outside = Inspector::new(&there)?;
    asker::write(&browser, &origin, "", "").await?;
    browser.click("#get-link").await?;
    browser.wait_for("#options-error:not(:empty)").await?;
    inspector.inspect("asking for nothing").await?;
    let long = "a-very-long-note-without-a-single-space".repeat(4);
    asker::write(&browser, &origin, &long, &long[..100]).await?;
    let link = asker::get_link(&browser).await?;
    browser.wait_for("#qr svg").await?;
    inspector.inspect("the link that asks").await?;
    browser.click("#done").await?;
    let withdrawn = asker::ask(&browser, &origin, "Withdrawn").await?;
    browser.click("#done").await?;
    let label = &long[..100];

    let sender = asker::follow(&there, &link).await?;
    there.click("#share").await?;
    there.wait_for("#compose-error:not(:empty)").await?;
    outside.inspect("answering with nothing").await?;
    sender.title(&long).await?;
    sender.write(0, &long).await?;
    outside.inspect("answering").await?;
    let links = MyLinks::open(&browser, &origin).await?;
    links.is(label, "Waiting for an answer").await?;
    asker::send(&there, "sent").await?;
    outside.inspect("sent").await?;
    Recipient::open(&there, &link, "answered").await?;
    outside.inspect("answered").await?;
    browser.value("document.dispatchEvent(new Event('visibilitychange'))").await?;
    links.is(label, "Answered ").await?;
    links.press("Withdrawn", "revoke").await?;
    browser.wait_for("#confirm").await?;
    inspector.inspect("withdrawing").await?;
    links.confirm().await?;
    links.is("Withdrawn", "Withdrawn ").await?;
    inspector.inspect("requests").await?;
    Recipient::open(&there, &withdrawn, "withdrawn").await?;
    outside.inspect("withdrawn").await?;
    Recipient::open(&there, &format!("{origin}/r#x"), "damaged-link").await?;
    outside.inspect("a damaged link").await?;
    inspector.verdict();
    outside.verdict();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn screens_of_confirming_are_accessible() -> Result<()> {
    let options = ["--identity-session=8h"];
    let (deployment, smtp) = confirmer::deployment(Engine::Sqlite, &options).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    let mut inspector = Inspector::new(&browser)?;
    Sender::open(&browser, &origin).await?;
    browser.execute("document.querySelector('#elsewhere').hidden = false", vec![]).await?;
    inspector.inspect("sharing starts elsewhere").await?;
    confirmer::submit(&browser, "Title", "text").await?;
    inspector.inspect("who are you").await?;
    browser.click("#send-mail").await?;
    browser.wait_for("#address-error:not(:empty)").await?;
    browser.execute("document.querySelector('#identity-offline').hidden = false", vec![]).await?;
    inspector.inspect("who are you, with an error").await?;
    let long = format!("{}@allowed.example", "a-very-long-local-part".repeat(2));
    confirmer::ask(&browser, &long).await?;
    inspector.inspect("the number").await?;
    let number = confirmer::ask_again(&browser).await?;
    browser.execute("document.querySelector('#waiting-offline').hidden = false", vec![]).await?;
    inspector.inspect("another number").await?;

    let mail = confirmer::link(&smtp.mail(1).await?, &origin)?;
    let page = Confirmer::open(&browser, &mail, "asking").await?;
    inspector.inspect("asking").await?;
    // The page that asked was left, which takes its share back.
    page.confirm(confirmer::wrong(&number)).await?;
    page.is_at("cancelled").await?;
    let screens =
        "[...document.querySelectorAll('[data-screen]')].map(screen => screen.dataset.screen)";
    let screens: Vec<String> = serde_json::from_value(browser.value(screens).await?)?;
    assert!(screens.len() > 10, "{screens:?}");
    for screen in screens {
        let show = "for (const screen of document.querySelectorAll('[data-screen]')) \
            screen.hidden = screen.dataset.screen !== arguments[0]; \
            document.querySelector('#number-error').textContent = 'That is not the number.'";
        browser.execute(show, vec![screen.as_str().into()]).await?;
        inspector.inspect(&screen).await?;
    }
    inspector.verdict();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recipients_screens_are_accessible() -> Result<()> {
    let contact = ["--abuse-contact=abuse-and-other-reports@a-very-long-name.example.org"];
    let deployment = Deployment::with(Engine::Sqlite, &contact, None).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    let mut inspector = Inspector::new(&browser)?;

    let once = deployment.note("Once", "text", Terms::default()).await?;
    let recipient = Recipient::open(&browser, &once.link(&origin), "landing").await?;
    inspector.inspect("landing").await?;
    recipient.view_item().await?;
    inspector.inspect("item, the only time").await?;

    let long = "a-very-long-value-without-a-single-space".repeat(10);
    let field =
        |label: &str, value: &str, kind| Field { label: label.into(), value: value.into(), kind };
    let fields = vec![
        field("Network", &long, FieldKind::Text),
        field("Password", "correct horse", FieldKind::Concealed),
        field("Website", &format!("https://example.com/{long}"), FieldKind::Url),
        field("Code", "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP", FieldKind::Totp),
        field("Key", &format!("{long}\n{long}"), FieldKind::Multiline),
    ];
    let terms = Terms { views: None, passphrase: "the right one", ..Terms::default() };
    let guarded = Share::of(&long, fields, terms)?;
    deployment.put(&guarded).await?;
    let exposed = guarded.link(&origin).replace('#', "%23");
    let recipient = Recipient::open(&browser, &exposed, "landing").await?;
    recipient.try_passphrase("a wrong one").await?;
    inspector.inspect("landing with a wrong passphrase").await?;
    recipient.view_with("the right one").await?;
    browser.wait_for(".code").await?;
    recipient.reveal(1).await?;
    browser.click("[data-slot=wifi]").await?;
    browser.wait_for("[data-slot=qr-row] svg").await?;
    inspector.inspect("item with every kind of field").await?;

    let lost = deployment.note("Lost", "text", Terms::default()).await?;
    let recipient = Recipient::open(&browser, &lost.link(&origin), "landing").await?;
    let rule = deployment.proxy.lose_replies("/claims");
    recipient.view().await?;
    recipient.is_at("uncertain").await?;
    inspector.inspect("uncertain").await?;
    drop(rule);
    recipient.try_again().await?;
    recipient.is_at("landing").await?;
    inspector.inspect("landing, resumed").await?;

    // The others say the same however one gets there.
    let screens =
        "[...document.querySelectorAll('[data-screen]')].map(screen => screen.dataset.screen)";
    let screens: Vec<String> = serde_json::from_value(browser.value(screens).await?)?;
    assert!(screens.len() > 10, "{screens:?}");
    for screen in screens {
        if ["landing", "item", "uncertain"].contains(&screen.as_str()) {
            continue;
        }
        let show = "for (const screen of document.querySelectorAll('[data-screen]')) \
            screen.hidden = screen.dataset.screen !== arguments[0]";
        browser.execute(show, vec![screen.as_str().into()]).await?;
        assert!(browser.shows("a[href='/report']").await?, "{screen}: where to report abuse");
        inspector.inspect(&screen).await?;
    }
    browser.goto(&format!("{origin}/report")).await?;
    assert!(browser.text("a[href^='mailto:']").await?.starts_with("abuse-and-other-reports@"));
    inspector.inspect("report").await?;
    inspector.verdict();
    Ok(())
}
