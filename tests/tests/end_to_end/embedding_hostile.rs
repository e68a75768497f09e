//! The share dialog's frame, in the hands of whoever means it no good.

use anyhow::{Context, Result};
use bytes::Bytes;
use serde_json::{Value, json};
use waxseal_tests::{
    browser::Browser,
    embedder::{Embedder, Framed, is_closed, outcome, share, told},
    recipient::Recipient,
    site::{Page, Site},
    wait::until,
};

/// Frames `src` in the page, and notes what comes from there.
const FRAME: &str = "window.heard ??= []; \
    const frame = document.createElement('iframe'); frame.src = arguments[0]; \
    frame.allow = 'clipboard-write'; document.body.append(frame); \
    addEventListener('message', ({ source, data }) => \
        source === frame.contentWindow && heard.push(data.waxseal))";

/// Posts an offer to the first frame of the page around, as another frame of it.
const INTRUDE: &str = "const { port1, port2 } = new MessageChannel(); \
    port1.onmessage = () => { window.answered = true }; \
    parent.frames[0].postMessage({ waxseal: 'open', item: { text: 'x', title: arguments[0] } }, \
        '*', [port2])";

/// Waits till the framed page is there, and `count` of them were.
async fn ready(browser: &Browser, count: usize) -> Result<()> {
    until("the frame", async || {
        Ok((browser.value("heard.length").await?.as_u64() >= Some(count as u64)).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_page_around_is_listened_to_and_only_once() -> Result<()> {
    let (deployment, embedder) = Embedder::start(&[]).await?;
    let page = Page { path: "/", media_type: "text/html", content: Bytes::from("<!doctype html>") };
    let evil = Site::serve(vec![page])?;
    let evil = evil.origin().replace("127.0.0.1", "evil.localhost");
    let (browser, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let bare = format!("{}/bare", embedder.origin());
    browser.goto(&bare).await?;
    // Before the frame is ready nobody is there to hear it.
    let early = "const { port1, port2 } = new MessageChannel(); \
        frames[0].postMessage({ waxseal: 'open', item: { text: 'x', title: 'early' } }, '*', [port2])";
    let embed = format!("{}/embed", deployment.origin());
    browser.execute(&format!("{FRAME}; {early}"), vec![embed.as_str().into()]).await?;
    ready(&browser, 1).await?;
    // Of an origin that is allowed, but not the page around; and of one that is not allowed.
    for (n, (title, origin)) in [("sibling", bare.as_str()), ("evil", &evil)].iter().enumerate() {
        browser.execute(FRAME, vec![(*origin).into()]).await?;
        browser.enter_frame(1 + n as u16).await?;
        until("the other frame", async || {
            Ok(browser.value("location.href").await?.as_str().map(|href| href.starts_with(origin)))
        })
        .await?;
        browser.execute(INTRUDE, vec![(*title).into()]).await?;
        browser.enter_parent_frame().await?;
    }
    let not_offers = "const port = () => new MessageChannel().port2; \
        const offer = title => ({ waxseal: 'open', item: { text: 'x', title } }); \
        const post = (message, ...ports) => frames[0].postMessage(message, '*', ports); \
        post(offer('no port')); post(offer('two ports'), port(), port()); \
        post({ ...offer('other'), waxseal: 'OPEN' }, port()); post([offer('list')], port()); \
        post('open', port()); post(null, port()); post(7n, port()); post(undefined, port())";
    browser.execute(not_offers, vec![]).await?;
    let offer = "window.said = []; window.channel = new MessageChannel(); \
        channel.port1.onmessage = ({ data }) => said.push(data); \
        frames[0].postMessage({ waxseal: 'open', item: { text: 'x', title: arguments[0] } }, \
            arguments[1], [channel.port2])";
    browser.execute(offer, vec!["legitimate".into(), deployment.origin().into()]).await?;
    until("the frame's consent", async || {
        let opened = browser.value("said.some(({ type }) => type === 'opened')").await?;
        Ok((opened == true).then_some(()))
    })
    .await?;
    let late = "window.other = new MessageChannel(); window.told = 0; \
        other.port1.onmessage = () => told++; \
        frames[0].postMessage({ waxseal: 'open', item: { text: 'y', title: 'late' } }, '*', [other.port2])";
    browser.execute(late, vec![]).await?;
    // And by the port: whatever is not asked for.
    let garbage = "const endless = { type: 'grant' }; endless.grant = endless; \
        for (const message of [undefined, null, 0, '', [], {}, { type: null }, { type: {} }, endless, \
            { type: 'grant', grant: 5 }, { type: 'grant', grant: 'x'.repeat(1e6) }, \
            { type: 'shared', shared: {} }, { type: 'closed' }, { type: 'open', item: {} }, \
            { type: '__proto__' }, { ['__proto__']: { type: 'escape' } }, new Error('escape'), \
            Array.from({ length: 1e5 }, () => 'escape'), new Uint8Array(1e6)]) \
            channel.port1.postMessage(message)";
    browser.execute(garbage, vec![]).await?;

    browser.enter_frame(0).await?;
    browser.wait_for("#get-link").await?;
    assert_eq!(browser.text(".what strong").await?, "legitimate");
    browser.click("#get-link").await?;
    browser.wait_for("#copy-link").await?;
    let link = browser.value("document.querySelector('#link').value").await?;
    let link = link.as_str().context("a link")?.to_owned();
    browser.enter_parent_frame().await?;
    assert_eq!(browser.value("told").await?, 0, "the second port was never used");
    for n in [1, 2] {
        browser.enter_frame(n).await?;
        assert_eq!(browser.value("window.answered ?? false").await?, false);
        browser.enter_parent_frame().await?;
    }
    let recipient = Recipient::open(&there, &link, "landing").await?;
    recipient.view_item().await?;
    assert_eq!(recipient.heading().await?, "legitimate");
    assert_eq!(deployment.proxy.count("POST /api/shares HTTP"), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_that_is_none_is_refused_by_name() -> Result<()> {
    let (deployment, embedder) = Embedder::start(&[]).await?;
    let browser = Browser::start().await?;
    browser.goto(&format!("{}/bare", embedder.origin())).await?;
    let ask = "const [embed, item, done] = arguments; \
        const frame = document.createElement('iframe'); frame.src = embed; \
        const { port1, port2 } = new MessageChannel(); \
        port1.onmessage = ({ data }) => { \
            if (data.type === 'height') return; \
            frame.remove(); removeEventListener('message', greet); done([data.type, data.why ?? '']) }; \
        const greet = ({ source }) => source === frame.contentWindow && \
            source.postMessage({ waxseal: 'open', item: eval(item) }, '*', [port2]); \
        addEventListener('message', greet); document.body.append(frame)";
    let nothing = "there is nothing to share: give text, fields or files";
    let long = "the text is longer than 512 KiB";
    for (item, why) in [
        ("undefined", nothing),
        ("null", nothing),
        ("7", nothing),
        ("'text'", nothing),
        ("[]", nothing),
        ("({ text: '' })", nothing),
        ("({ fields: [], files: [] })", nothing),
        ("({ ['__proto__']: { text: 'x' } })", nothing),
        ("({ text: 5 })", "text: not a string"),
        ("({ text: new String('x') })", "text: not a string"),
        ("({ title: {}, text: 'x' })", "title: not a string"),
        ("({ text: '\\ud83d' })", "text: has half a character"),
        ("({ text: 'x'.repeat(3e7) })", long),
        ("({ text: '\\n'.repeat(3e5) })", long),
        (
            "({ fields: Array.from({ length: 200 }, () => ({ label: 'x'.repeat(4000), value: 'y' })) })",
            long,
        ),
        (
            "({ fields: Array.from({ length: 1e6 }, () => ({ value: 'x' })) })",
            "fields: more than 200",
        ),
        ("({ fields: Object.assign([], { length: 4e9 }) })", "fields: more than 200"),
        ("({ fields: 'abc' })", "fields: not an array"),
        ("({ fields: { length: 1, 0: { value: 'x' } } })", "fields: not an array"),
        ("({ fields: [null] })", "fields: each has a value, which is a string"),
        ("({ fields: [,] })", "fields: each has a value, which is a string"),
        (
            "({ fields: [{ value: 'x', kind: 'html' }] })",
            "fields: a kind is text, multiline, concealed, url or totp",
        ),
        (
            "({ fields: [{ value: '!', kind: 'totp' }] })",
            "fields: a totp is a base32 secret or an otpauth:// address",
        ),
        ("({ files: [new Blob(['x'])] })", "files: each is a File"),
        ("({ files: [{ name: 'x', size: 1 }] })", "files: each is a File"),
        (
            "({ files: Array.from({ length: 1001 }, () => new File([], 'x')) })",
            "files: more than 1000",
        ),
    ] {
        let arguments = vec![format!("{}/embed", deployment.origin()).into(), item.into()];
        let answer = browser.execute_async(ask, arguments).await.context(item)?;
        assert_eq!(answer, json!(["refused", why]), "{item}");
    }
    for item in [
        "({ text: 'x' })",
        "({ title: '\\u202e<b>', text: '\\0', fields: null })",
        "({ files: [new File([], '../../etc/passwd')] })",
        "({ fields: Array.from({ length: 200 }, () => ({ label: '', value: 'x' })) })",
    ] {
        let arguments = vec![format!("{}/embed", deployment.origin()).into(), item.into()];
        let answer = browser.execute_async(ask, arguments).await.context(item)?;
        assert_eq!(answer, json!(["opened", ""]), "{item}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_shared_is_told_to_the_application() -> Result<()> {
    let (deployment, embedder) = Embedder::start(&[]).await?;
    let browser = Browser::start().await?;
    embedder.visit(&browser).await?;
    for (options, said) in [
        ("", "there is nothing to share"),
        ("text: () => 'x'", "could not be cloned"),
        ("text: 'x', server: 'nowhere'", "URL"),
        ("text: 'x', signal: AbortSignal.abort(new Error('too late'))", "too late"),
        ("get text() { throw new Error('not yet') }", "not yet"),
    ] {
        share(&browser, &deployment.origin(), options).await?;
        let outcome = outcome(&browser).await?;
        assert_eq!(outcome[0], "rejected", "{options}");
        assert!(outcome[1].as_str().is_some_and(|why| why.contains(said)), "{options}: {outcome}");
        is_closed(&browser).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_fills_in_a_secret_chooses_nothing_else() -> Result<()> {
    let (deployment, embedder) = Embedder::start(&[]).await?;
    let browser = Browser::start().await?;
    embedder.visit(&browser).await?;
    let filled = "window.asked = 0; const options = { server: 'https://elsewhere.example', ownerToken: true, \
        grant: () => { asked++; return 'x' }, onshared: () => asked++, theme: { accent: '#ff0000' } }; \
        document.querySelector('waxseal-share').secret = { text: 'x', ...options }";
    browser.execute(filled, vec![]).await?;
    let framed = Framed::open(&browser).await?;
    let link = framed.get_link().await?;
    assert!(link.starts_with(&deployment.origin()), "{link}");
    framed.leave().await?;
    let (event, shared) = told(&browser, 1).await?.remove(0);
    assert_eq!((&*event, &shared["link"], shared.get("owner")), ("shared", &json!(link), None));
    assert_eq!(browser.value("asked").await?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_goes_elsewhere_is_closed() -> Result<()> {
    let (deployment, embedder) = Embedder::start(&[]).await?;
    let browser = Browser::start().await?;
    let away = "document.body.lastElementChild.shadowRoot.querySelector('iframe').src += '?'";
    for shared in [false, true] {
        embedder.visit(&browser).await?;
        share(&browser, &deployment.origin(), "text: 'a note'").await?;
        let dialog = Framed::enter(&browser).await?;
        let link = if shared { dialog.get_link().await? } else { String::new() };
        dialog.leave().await?;
        browser.execute(away, vec![]).await?;
        is_closed(&browser).await?;
        let outcome = outcome(&browser).await?;
        if shared {
            assert_eq!(outcome[1]["link"], link, "what was shared stays shared");
        } else {
            assert_eq!(outcome, json!(["rejected", "Waxseal: the frame went elsewhere"]));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_hears_only_its_own_frame() -> Result<()> {
    let (deployment, embedder) = Embedder::start(&[]).await?;
    let browser = Browser::start().await?;
    embedder.visit(&browser).await?;
    // The server answers late; meanwhile another window says that it is the frame.
    let hold = deployment.proxy.hold("/embed ");
    share(&browser, &deployment.origin(), "title: 'Mine', text: 'a note'").await?;
    let pretend = "window.stolen = []; addEventListener('message', ({ ports }) => stolen.push(ports.length)); \
        for (const data of ['ready', { waxseal: 'ready' }]) { \
            postMessage(data, '*'); \
            dispatchEvent(new MessageEvent('message', { data, origin: arguments[0], source: window })); \
        }";
    browser.execute(pretend, vec![deployment.origin().into()]).await?;
    until("the pretended messages", async || {
        Ok((browser.value("stolen.length").await?.as_u64() >= Some(4)).then_some(()))
    })
    .await?;
    drop(hold);
    Framed::enter(&browser).await?;
    assert_eq!(browser.text(".what strong").await?, "Mine");
    browser.enter_parent_frame().await?;
    assert_eq!(browser.value("stolen.every(ports => ports === 0)").await?, true);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_else_can_be_framed() -> Result<()> {
    let (deployment, embedder) = Embedder::start(&[]).await?;
    let browser = Browser::start().await?;
    browser.goto(&format!("{}/bare", embedder.origin())).await?;
    let paths = ["/", "/links", "/s", "/confirm", "/report", "/api/policy", "/embed/", "/embed"];
    for (n, path) in paths.iter().enumerate() {
        let frame = "const done = arguments[1]; const frame = document.createElement('iframe'); \
            frame.src = arguments[0]; frame.onload = () => done(); document.body.append(frame)";
        let address = format!("{}{path}", deployment.origin());
        browser.execute_async(frame, vec![address.as_str().into()]).await?;
        browser.enter_frame(n as u16).await?;
        let shown = browser.value("location.href").await?;
        assert_eq!(shown == address.as_str(), *path == "/embed", "{path}: {shown}");
        browser.enter_parent_frame().await?;
    }
    // By itself the frame's page says what it is, and takes nothing from anybody.
    browser.goto(&format!("{}/embed", deployment.origin())).await?;
    browser.wait_for("#alone").await?;
    let offer =
        "postMessage({ waxseal: 'open', item: { text: 'x' } }, '*', [new MessageChannel().port2])";
    browser.execute(offer, vec![]).await?;
    assert!(!browser.shows("#get-link").await?);
    assert_eq!(browser.value("opener").await?, Value::Null);
    Ok(())
}
