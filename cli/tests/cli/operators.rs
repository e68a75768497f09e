//! Taking shares down.

use crate::support::{User, start_with};
use anyhow::Result;
use tempfile::NamedTempFile;

const TOKEN: &str = "b3BlcmF0b3JvcGVyYXRvcm9wZXJhdG9yb3BlcmF0b3I";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_takes_what_was_reported_down() -> Result<()> {
    let settings = NamedTempFile::new()?;
    std::fs::write(&settings, format!("operator_token = \"{TOKEN}\"\n"))?;
    let flag = format!("--config={}", settings.path().display());
    let (deployment, user) = start_with(&[&flag]).await?;
    let link = user.send(&["--text", "harmful"])?;
    let id = user.run(&["--json", "list"])?.json()?["shares"][0]["id"].clone();
    let id = id.as_str().unwrap_or_default();
    let other = user.send(&["--text", "harmless"])?;

    let operator = User::of(&deployment.origin())?;
    let take_down = |token: &str, share: &str| -> Result<_> {
        let mut command = operator.command(&["--json", "takedown", share]);
        crate::support::done(command.env("WAXSEAL_OPERATOR_TOKEN", token).spawn()?)
    };
    assert_eq!(take_down(&TOKEN.replace('b', "c"), &link)?.code, Some(1));
    assert_eq!(take_down("hunter2", &link)?.code, Some(2));
    assert_eq!(take_down(TOKEN, &link[..link.len() - 1])?.code, Some(3));
    assert_eq!(deployment.proxy.count("DELETE /api/operator"), 1);

    // Whatever host a link leads to, the token goes nowhere else.
    let elsewhere = link.replace("127.0.0.1", "203.0.113.1");
    assert_eq!(take_down(TOKEN, &elsewhere)?.json()?["taken_down"][0], id);
    assert_eq!(take_down(TOKEN, id)?.code, Some(0));
    assert_eq!(user.run(&["open", &link])?.code, Some(8));
    assert_eq!(user.run(&["open", &other])?.ok()?, "harmless\n");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_not_sent_where_others_could_read_it() -> Result<()> {
    let operator = User::of("http://203.0.113.1")?;
    let id = "AAAAAAAAAAAAAAAAAAAAAA";
    let mut command = operator.command(&["takedown", id]);
    let done = crate::support::done(command.env("WAXSEAL_OPERATOR_TOKEN", TOKEN).spawn()?)?;
    assert_eq!(done.code, Some(18), "{done:?}");
    Ok(())
}
