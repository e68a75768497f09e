//! `page`: what a recipient waits for and downloads, in browsers that have never seen the site.
//!
//! Invariant: every opening is that of a new browser with a profile of its own; its click is one that
//! the browser trusts; the text that it gets to see is compared.

mod traffic;

use crate::{TEXT, figures::Spread};
use anyhow::{Context, Result, ensure};
use fantoccini::Locator;
use serde::Deserialize;
use serde_json::json;
use traffic::Traffic;
use waxseal_tests::{
    browser::Browser,
    deployment::Deployment,
    server::Engine,
    share::{Share, Terms},
    wait::until,
};

/// Openings of each kind.
const COUNT: usize = 15;

const PROBE: &str = include_str!("page/probe.js");
const PASSPHRASE: &str = "lusab-babad-gutih-tugad";

/// A moment in milliseconds since navigation started: in the document, then on screen.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Moment {
    dom: f64,
    frame: f64,
}

/// One opening.
struct Opening {
    landing: Moment,
    click: f64,
    item: Moment,
}

/// Measures and prints.
pub(crate) async fn bench() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    // Past the relay: what is timed is the browser and the server.
    let origin = format!("http://127.0.0.1:{}", deployment.server.port());
    let (mut baseline, mut plain, mut locked) = (Vec::new(), Vec::new(), Vec::new());
    // In turn, so that whatever else the machine does falls on all alike.
    for _ in 0..COUNT {
        baseline.push(load(&format!("{origin}/healthz")).await?.frame);
        for (passphrase, openings) in [("", &mut plain), (PASSPHRASE, &mut locked)] {
            let share = share(&deployment, passphrase).await?;
            openings.push(open(&browser().await?, &share, &origin, passphrase).await?);
        }
    }

    println!(
        "\n## Recipient's page: {COUNT} cold openings of 1 KiB of text, each in a new browser\n"
    );
    println!("| milliseconds | min | median | max |\n|---|---|---|---|");
    let baseline = Spread::of(baseline);
    println!("| baseline: start to `/healthz` on screen | {baseline} |");
    for (name, openings) in [("no passphrase", &plain), ("passphrase", &locked)] {
        let row = |what: &str, figure: fn(&Opening) -> f64| {
            let spread = Spread::of(openings.iter().map(figure));
            println!("| {name}: {what} | {spread} |");
            spread.median / baseline.median
        };
        let times = row("start to landing on screen", |opening| opening.landing.frame);
        println!("| {name}: the same, × baseline | | {times:.1} | |");
        row("click to text in the document", |opening| opening.item.dom - opening.click);
        row("click to text on screen", |opening| opening.item.frame - opening.click);
    }
    for (name, passphrase) in [("no passphrase", ""), ("passphrase", PASSPHRASE)] {
        println!("\nOne more opening, {name}, over a relay that counts:\n");
        print!("{}", weigh(passphrase).await?);
    }
    Ok(())
}

async fn share(deployment: &Deployment, passphrase: &str) -> Result<Share> {
    deployment.note("", TEXT, Terms { passphrase, ..Terms::default() }).await
}

/// All traffic of one opening.
async fn weigh(passphrase: &str) -> Result<Traffic> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let share = share(&deployment, passphrase).await?;
    let browser = browser().await?;
    open(&browser, &share, &deployment.origin(), passphrase).await?;
    let proxy = &deployment.proxy;
    until("the acknowledgement", async || {
        if proxy.count("/ack ") == 0 { Ok(None) } else { Traffic::of(proxy) }
    })
    .await
}

/// A browser without any history, that watches.
async fn browser() -> Result<Browser> {
    let browser = Browser::start().await?;
    browser.devtools("Network.clearBrowserCache", json!({})).await?;
    let probe = json!({ "source": PROBE });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", probe).await?;
    Ok(browser)
}

async fn load(address: &str) -> Result<Moment> {
    let browser = browser().await?;
    browser.goto(address).await?;
    moment(&browser, "load").await
}

async fn open(browser: &Browser, share: &Share, origin: &str, passphrase: &str) -> Result<Opening> {
    browser.goto(&share.link(origin)).await?;
    let landing = moment(browser, "landing").await?;
    if !passphrase.is_empty() {
        browser.write("#passphrase", passphrase).await?;
    }
    browser.click("#view").await?;
    let item = moment(browser, "item").await?;
    let click = browser.execute("return bench.click", vec![]).await?;
    let click = click.as_f64().context("the click was not trusted")?;
    let text = browser.find(Locator::Css("[data-screen=item] [data-slot=value]")).await?;
    ensure!(text.text().await? == TEXT, "the recipient sees another text");
    Ok(Opening { landing, click, item })
}

/// When `name` was on screen.
async fn moment(browser: &Browser, name: &str) -> Result<Moment> {
    let script = format!("return bench.{name}?.frame ? bench.{name} : null");
    until(name, async || {
        Ok(serde_json::from_value::<Option<Moment>>(browser.execute(&script, vec![]).await?)?)
    })
    .await
}
