//! Pages of other origins, which try to make a visitor's browser share and open something.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use waxseal_core::{token::ClaimToken, wire::ClaimRequest};
use waxseal_tests::{
    browser::Browser,
    deployment::Deployment,
    recipient::Recipient,
    server::Engine,
    share::{Share, Terms},
    site::{Page, Site},
};

/// All that a page can do to send something elsewhere; its answer is what came of each.
const ATTACK: &str = r"
const [target, paths, bodies, access, done] = arguments;
const results = [];
const note = (what, result) => results.push([what, String(result)]);
const attempts = [];
const types = ['application/json', 'text/plain', 'application/x-www-form-urlencoded'];
const loaded = element => new Promise(end => { element.onload = element.onerror = () => end('ended'); });
paths.forEach((path, n) => {
  for (const type of types) {
    for (const mode of ['cors', 'no-cors']) {
      for (const authorization of [undefined, 'Bearer ' + access]) {
        const headers = authorization ? { 'content-type': type, authorization } : { 'content-type': type };
        attempts.push(fetch(target + path, { method: 'POST', mode, headers, body: bodies[n] })
          .then(answer => note(mode + ' ' + type, answer.type + ' ' + answer.status),
                () => note(mode + ' ' + type, 'refused')));
      }
    }
    note('beacon', navigator.sendBeacon(target + path, new Blob([bodies[n]], { type })));
  }
  for (const enctype of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const frame = document.createElement('iframe');
    frame.name = 'f' + Math.random();
    document.body.append(frame);
    const form = document.createElement('form');
    Object.assign(form, { method: 'POST', action: target + path, target: frame.name, enctype });
    const input = document.createElement('input');
    // As text it is the body, but for one unknown field.
    input.name = bodies[n].replace(/}$/, ',\'x\':\'').replaceAll('\'', '\x22');
    input.value = '\x22}';
    form.append(input);
    document.body.append(form);
    attempts.push(loaded(frame).then(() => note('form ' + enctype, 'sent')));
    form.submit();
  }
  for (const name of ['img', 'iframe']) {
    const element = document.createElement(name);
    element.src = target + path;
    document.body.append(element);
    attempts.push(loaded(element).then(() => note(name, 'ended')));
  }
});
Promise.all(attempts).then(() => done(results));
";

const OURS: &str = r"
const [body, done] = arguments;
const headers = { 'content-type': 'application/json' };
fetch('/api/shares', { method: 'POST', headers, body }).then(answer => done(answer.status), done);
";

pub(crate) async fn a_foreign_page_creates_and_opens_nothing(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let content = "<!doctype html><link rel=icon href=data:,><title>Prizes</title><body>".into();
    let site = Site::serve(vec![Page { path: "/", media_type: "text/html", content }])?;
    // Another port of the same host, and another host.
    let other_host = site.origin().replace("127.0.0.1", "prizes.localhost");
    for foreign in [site.origin(), &other_host] {
        let open = deployment.note("Note", "not for them", Terms::default()).await?;
        let new = Share::note("New", "never asked for", Terms::default())?;
        let browser = Browser::start().await?;
        browser.goto(foreign).await?;
        let before = refusals(&deployment)?;
        let results = attack(&browser, &deployment, &new, &open).await?;
        let list = results.as_array().context("the results are a list")?;
        ensure!(list.len() >= 40, "too few attempts: {results}");
        for result in list {
            ensure!(
                ["refused", "opaque 0", "true", "false", "sent", "ended"]
                    .iter()
                    .any(|harmless| result[1] == *harmless),
                "{foreign} read an answer: {result}"
            );
        }
        let refused = refusals(&deployment)? - before;
        ensure!(refused >= 12, "only {refused} attempts of {foreign} came as far as the server");
        ensure!(deployment.api.landing(&new).await?.status == 404, "{foreign} made a share");
        ensure!(deployment.api.status(&open).await?.opened_at.is_empty(), "{foreign} opened it");

        // Being led to the link is no opening either.
        let lead = "location.href = arguments[0]";
        browser.execute(lead, vec![open.link(&deployment.origin()).into()]).await?;
        Recipient::at(&browser).is_at("landing").await?;
        ensure!(deployment.api.status(&open).await?.opened_at.is_empty(), "a visit opened it");

        // From a page of ours the same is done.
        let body = serde_json::to_string(&new.request)?;
        let created = browser.execute_async(OURS, vec![body.into()]).await?;
        ensure!(created == 201, "our own page was answered {created}");
    }
    Ok(())
}

/// Lets the page that the browser is at try everything.
async fn attack(
    browser: &Browser,
    deployment: &Deployment,
    new: &Share,
    open: &Share,
) -> Result<Value> {
    let claim = ClaimToken::generate(&mut getrandom::SysRng)?;
    let claim = serde_json::to_string(&ClaimRequest { claim, proof: None })?;
    let paths =
        ["/api/shares".into(), format!("/api/shares/{}/claims", open.keys.id.to_base64url())];
    let arguments = vec![
        deployment.origin().into(),
        json!(paths),
        json!([serde_json::to_string(&new.request)?, claim]),
        open.keys.access.to_base64url().into(),
    ];
    Ok(browser.execute_async(ATTACK, arguments).await?)
}

/// How many requests the server has answered with 403.
fn refusals(deployment: &Deployment) -> Result<usize> {
    let logs = String::from_utf8(deployment.server.logs())?;
    let lines = logs.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(lines.filter(|line| line["status"] == 403).count())
}
