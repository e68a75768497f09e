//! Links as they arrive: whole, mangled on their way, or from a later version.

use anyhow::Result;
use waxseal_core::{base64url, link::LinkSecret};
use waxseal_tests::{
    browser::Browser, deployment::Deployment, recipient::Recipient, server::Engine, share::Terms,
};

pub(crate) async fn a_damaged_link_makes_no_request(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    let share = deployment.note("Note", "text", Terms::default()).await?;
    let token = share.secret.to_token().to_string();
    let other = |c: char| if c == 'A' { 'B' } else { 'A' };
    let flipped =
        format!("{}{}{}", &token[..20], other(char::from(token.as_bytes()[20])), &token[21..]);
    let mut newer = base64url::decode(&token)?;
    newer[0] = 2;
    let damaged = [
        ("truncated", token[..47].to_owned()),
        ("cut to nothing", String::new()),
        ("flipped", flipped),
        ("lengthened", format!("{token}A")),
        ("in capitals", format!("{}{}", &token[..2], token[2..].to_ascii_uppercase())),
        ("of another alphabet", format!("{}+", &token[..47])),
    ];
    for (how, fragment) in damaged {
        let link = format!("{origin}/s#{fragment}");
        let recipient = Recipient::open(&browser, &link, "damaged-link").await?;
        let heading = recipient.heading().await?;
        assert_eq!(heading, "This link is incomplete or damaged", "{how}");
    }
    Recipient::open(&browser, &format!("{origin}/s"), "damaged-link").await?;
    Recipient::open(&browser, &format!("{origin}/s#{}", base64url::encode(&newer)), "newer-link")
        .await?;
    assert_eq!(deployment.proxy.count("/api/"), 0, "{:?}", deployment.proxy.requests());
    browser.is_quiet(&origin).await
}

pub(crate) async fn what_chats_and_gateways_do_to_a_link_is_survived(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let origin = deployment.origin();
    let browser = Browser::start().await?;
    for (before, behind, exposed) in [
        ("/s#", ".", false),
        ("/s#", ")", false),
        ("/s?utm_source=chat#", "", false),
        ("/s%23", "", true),
    ] {
        let share = deployment.note("Note", "arrived", Terms::default()).await?;
        let link = format!("{origin}{before}{}{behind}", share.secret.to_token().as_str());
        let recipient = Recipient::open(&browser, &link, "landing").await?;
        assert_eq!(recipient.shows("exposed").await?, exposed, "{before}");
        recipient.view_item().await?;
        assert_eq!(recipient.shown(0).await?, "arrived", "{before}…{behind}");
        assert_eq!(recipient.address().await?, format!("{origin}/s"));
    }
    browser.is_quiet(&origin).await
}

pub(crate) async fn a_link_to_nothing_says_so(engine: Engine) -> Result<()> {
    let deployment = Deployment::start(engine).await?;
    let browser = Browser::start().await?;
    let secret = LinkSecret::generate(&mut getrandom::SysRng)?;
    let link = secret.to_link(&deployment.origin()).to_string();
    let recipient = Recipient::open(&browser, &link, "unknown").await?;
    assert_eq!(recipient.heading().await?, "There is nothing at this link");
    browser.is_quiet(&deployment.origin()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_from_a_link_to_its_text_is_short() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let browser = Browser::start().await?;
    let share = deployment.note("Note", "text", Terms::default()).await?;
    let recipient = Recipient::open(&browser, &share.link(&deployment.origin()), "landing").await?;
    recipient.view_item().await?;
    recipient.is_done().await?;
    let requests = deployment.proxy.requests();
    assert!(requests.len() <= 8, "{requests:?}");
    let bytes = deployment.proxy.received();
    assert!(bytes <= 90_000, "{bytes} bytes in {requests:?}");
    Ok(())
}
