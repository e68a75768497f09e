//! The share dialog in the pages of another application.

use anyhow::Result;
use waxseal_tests::{
    browser::Browser,
    embedder::{Embedder, Framed, told},
    recipient::Recipient,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_five_lines_shares_a_secret_and_a_file() -> Result<()> {
    let (_deployment, embedder) = Embedder::start(&[]).await?;
    let (browser, there) = tokio::try_join!(Browser::start(), Browser::start())?;
    embedder.visit(&browser).await?;
    let dialog = Framed::open(&browser).await?;
    let link = dialog.get_link().await?;
    dialog.leave().await?;
    let told = told(&browser, 1).await?;
    assert_eq!(told[0].0, "shared", "{told:?}");
    assert_eq!(told[0].1["link"], link.as_str());

    let recipient = Recipient::open(&there, &link, "landing").await?;
    recipient.view_item().await?;
    recipient.reveal(0).await?;
    assert_eq!(recipient.shown(0).await?, "correct horse");
    Ok(())
}
