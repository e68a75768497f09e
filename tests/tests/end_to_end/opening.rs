//! The opening: once, by one click of one person, and not lost with an answer.

use anyhow::Result;
use waxseal_tests::{
    browser::Browser, deployment::Deployment, recipient::Recipient, sender::Sender, server::Engine,
    share::Terms, wait::until,
};

pub(crate) async fn the_second_opening_says_when_the_first_was(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let sender = Sender::open(&here, &origin).await?;
    let link = sender.send_note("Once", "only once").await?;

    let first = Recipient::open(&there, &link, "landing").await?;
    first.view_item().await?;
    assert_eq!(first.copy(0).await?, "only once");
    first.is_done().await?;
    let second = Recipient::open(&here, &link, "opened").await?;
    assert_was_just_now(&here, &second, "This was already opened").await?;
    there.refresh().await?;
    first.is_at("cleared").await?;
    assert_eq!(first.heading().await?, "You opened this item in this tab");
    here.is_quiet(&origin).await?;
    there.is_quiet(&origin).await
}

/// Checks that a page says what happened, and that it happened within the last minutes.
async fn assert_was_just_now(
    browser: &Browser,
    recipient: &Recipient<'_>,
    what: &str,
) -> Result<()> {
    let heading = recipient.heading().await?;
    assert!(heading.starts_with(what), "{heading}");
    let minutes = "[0, 1, 2].map(ago => new Date(Date.now() - ago * 60000).toLocaleTimeString('en-GB', \
        { hour: '2-digit', minute: '2-digit' }))";
    let minutes: Vec<String> = serde_json::from_value(browser.value(minutes).await?)?;
    assert!(minutes.iter().any(|minute| heading.contains(minute)), "{heading}: {minutes:?}");
    Ok(())
}

pub(crate) async fn reloading_before_the_opening_keeps_everything(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let share = deployment.note("Note", "text", Terms::default()).await?;
    let browser = Browser::start().await?;
    let link = share.link(&deployment.origin());
    let recipient = Recipient::open(&browser, &link, "landing").await?;
    for _ in 0..3 {
        browser.refresh().await?;
        recipient.is_at("landing").await?;
        assert_eq!(
            recipient.address().await?,
            link,
            "the address stays till the claim is answered"
        );
    }
    assert_eq!(deployment.api.status(&share).await?.opened_at, []);
    recipient.view_item().await?;
    assert_eq!(recipient.shown(0).await?, "text");
    browser.is_quiet(&deployment.origin()).await
}

pub(crate) async fn a_lost_answer_is_asked_for_again_in_the_same_tab(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let (browser, other) = tokio::try_join!(Browser::start(), Browser::start())?;
    let origin = deployment.origin();
    let time = "document.querySelector('[data-screen=uncertain] [data-slot=before]').textContent";
    for reload in [true, false] {
        let share = deployment.note("Note", "not lost", Terms::default()).await?;
        let link = share.link(&origin);
        let recipient = Recipient::open(&browser, &link, "landing").await?;
        let lost = deployment.proxy.lose_replies("/claims");
        recipient.view().await?;
        recipient.is_at("uncertain").await?;
        let until = browser.value(time).await?;
        assert!(until.as_str().is_some_and(|time| time.len() == 5), "a time of day: {until}");
        assert_eq!(
            recipient.address().await?,
            link,
            "the address stays till the claim is answered"
        );
        drop(lost);

        Recipient::open(&other, &link, "opened").await?;
        if reload {
            browser.refresh().await?
        } else {
            recipient.try_again().await?
        }
        recipient.is_at("landing").await?;
        assert_eq!(recipient.heading().await?, "You were opening this item");
        recipient.view_item().await?;
        assert_eq!(recipient.shown(0).await?, "not lost");
        assert_eq!(recipient.address().await?, format!("{origin}/s"));
        assert_eq!(deployment.api.status(&share).await?.opened_at.len(), 1);
    }
    Ok(())
}

pub(crate) async fn a_page_load_without_a_persons_click_consumes_nothing(
    engine: Engine,
) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let share = deployment.note("Note", "text", Terms::default()).await?;
    let browser = Browser::start().await?;
    let link = share.link(&deployment.origin());
    let scripts = [
        "document.querySelector('#view').click()",
        "document.querySelector('#view').dispatchEvent(new MouseEvent('click', \
            { bubbles: true, cancelable: true }))",
        "document.querySelector('[data-slot=form]').requestSubmit()",
        "document.querySelector('[data-slot=form]').requestSubmit(document.querySelector('#view'))",
        "for (const type of ['keydown', 'keypress', 'keyup']) document.querySelector('#view')\
            .dispatchEvent(new KeyboardEvent(type, { key: 'Enter', bubbles: true }))",
    ];
    for script in scripts {
        let recipient = Recipient::open(&browser, &link, "landing").await?;
        browser.execute(script, vec![]).await?;
        assert_eq!(recipient.screen().await?, "landing", "{script}");
    }
    assert_eq!(deployment.proxy.count("GET /s"), scripts.len());
    assert_eq!(deployment.proxy.count("POST"), 0, "{:?}", deployment.proxy.requests());
    assert_eq!(deployment.api.status(&share).await?.opened_at, []);
    Recipient::at(&browser).view_item().await
}

pub(crate) async fn of_tabs_and_browsers_racing_one_opens(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let (here, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    let share = deployment.note("Note", "for one", Terms::default()).await?;
    let link = share.link(&deployment.origin());
    let one = here.window().await?;
    let tabs = [one, here.new_window(true).await?.handle];
    let held = deployment.proxy.hold("/claims");
    for tab in &tabs {
        here.switch_to_window(tab.clone()).await?;
        Recipient::open(&here, &link, "landing").await?.view().await?;
    }
    let elsewhere = Recipient::open(&there, &link, "landing").await?;
    elsewhere.view().await?;
    // All three claims are on their way; now they race.
    until("three claims", async || Ok((held.met() == 3).then_some(()))).await?;
    drop(held);

    let mut ends = vec![end(&elsewhere).await?];
    for tab in tabs {
        here.switch_to_window(tab).await?;
        ends.push(end(&Recipient::at(&here)).await?);
    }
    ends.sort();
    assert_eq!(ends, ["item", "opened", "opened"]);
    assert_eq!(deployment.api.status(&share).await?.opened_at.len(), 1);
    Ok(())
}

/// The screen that a race leads to.
async fn end(recipient: &Recipient<'_>) -> Result<String> {
    until("the end of a race", async || {
        let screen = recipient.screen().await?;
        Ok((!["landing", "opening"].contains(&screen.as_str())).then_some(screen))
    })
    .await
}

pub(crate) async fn three_views_open_three_times(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browsers =
        tokio::try_join!(Browser::start(), Browser::start(), Browser::start(), Browser::start())?;
    let sender = Sender::open(&browsers.3, &deployment.origin()).await?;
    sender.title("Thrice").await?;
    sender.write(0, "for three").await?;
    sender.share().await?;
    sender.toggle_once().await?;
    sender.more().await?;
    sender.views(3).await?;
    let link = sender.get_link().await?;
    for (browser, left) in [(&browsers.0, 2), (&browsers.1, 1), (&browsers.2, 0)] {
        let recipient = Recipient::open(browser, &link, "landing").await?;
        recipient.view_item().await?;
        assert_eq!(recipient.shown(0).await?, "for three");
        assert_eq!(recipient.shows("once").await?, left == 0);
        let again = recipient.slot("again").await?;
        assert!(left == 0 || again.contains(&format!("{left} more time")), "{again}");
        assert!(!recipient.shows("policy").await?);
    }
    Recipient::open(&browsers.3, &link, "opened").await?;
    Ok(())
}

pub(crate) async fn any_number_of_views_opens_again_and_again(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let sender = Sender::open(&browser, &deployment.origin()).await?;
    sender.title("Often").await?;
    sender.write(0, "for all").await?;
    sender.share().await?;
    sender.toggle_once().await?;
    let link = sender.get_link().await?;
    for _ in 0..5 {
        let recipient = Recipient::open(&browser, &link, "landing").await?;
        assert!(recipient.slot("views").await?.contains("any number of times"));
        recipient.view_item().await?;
        assert_eq!(recipient.shown(0).await?, "for all");
        assert!(recipient.slot("again").await?.starts_with("It can be viewed again"));
    }
    browser.is_quiet(&deployment.origin()).await
}
