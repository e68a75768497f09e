//! Looking after what was sent.

use crate::support::start;
use anyhow::Result;
use std::os::unix::fs::PermissionsExt;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shares_are_listed_and_named_by_link_id_or_label() -> Result<()> {
    let (deployment, user) = start().await?;
    assert_eq!(user.run(&["list"])?.ok()?, "");
    let first = user.send(&["--text", "a", "--title", "First"])?;
    user.send(&["--text", "b", "--label", "Second", "--many"])?;
    let list = user.run(&["list"])?.ok()?;
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(list.contains("1 view left  First"), "{list}");
    let requests = deployment.proxy.count("POST /api/status");
    assert_eq!(requests, 1);
    user.run(&["open", &first])?.ok()?;
    let status = user.run(&["status", &first])?.ok()?;
    assert!(status.starts_with("First: opened 20"), "{status}");
    let id = list.split_whitespace().next().unwrap_or_default();
    assert!(user.run(&["status", id])?.ok()?.starts_with("Second: waiting"));
    assert!(user.run(&["status", &id[..6]])?.ok()?.starts_with("Second: waiting"));
    assert_eq!(user.run(&["--json", "status", "Second"])?.json()?["state"], "live");
    assert_eq!(user.run(&["status", "Third"])?.code, Some(19));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_are_revoked_and_then_forgotten() -> Result<()> {
    let (_deployment, user) = start().await?;
    let links = [user.send(&["--text", "a"])?, user.send(&["--text", "b"])?];
    assert_eq!(user.run(&["revoke", "--all"])?.code, Some(2));
    let rows = user.run(&["--json", "revoke", "--all", "--yes"])?.json()?;
    assert_eq!(rows["shares"].as_array().map(Vec::len), Some(2));
    assert_eq!(rows["shares"][0]["state"], "revoked");
    for link in &links {
        assert_eq!(user.run(&["open", link])?.code, Some(8));
    }
    let kept = user.send(&["--text", "c", "--label", "kept"])?;
    let list = user.run(&["list", "--prune"])?.ok()?;
    assert_eq!((list.lines().count(), list.contains("kept")), (1, true), "{list}");
    assert_eq!(user.run(&["open", &kept])?.ok()?, "c\n");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_private_and_opens_nothing() -> Result<()> {
    let (_deployment, user) = start().await?;
    let link = user.send(&["--text", "a"])?;
    user.send(&["--text", "b", "--forget"])?;
    let folder = user.home().join("shares");
    assert_eq!(std::fs::metadata(&folder)?.permissions().mode() & 0o777, 0o700);
    let files: Vec<_> = std::fs::read_dir(&folder)?.collect::<Result<_, _>>()?;
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].metadata()?.permissions().mode() & 0o777, 0o600);
    let key = link.split('#').nth(1).unwrap_or_default();
    let kept = std::fs::read_to_string(files[0].path())?;
    assert!(kept.contains("owner") && !kept.contains(&key[2..40]), "{kept}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_told_and_nothing_is_forgotten() -> Result<()> {
    let (mut deployment, user) = start().await?;
    user.send(&["--text", "a", "--label", "mine"])?;
    deployment.server.stop()?;
    let done = user.run(&["--retry-for", "0s", "list", "--prune"])?;
    assert_eq!((done.code, done.out.contains("does not answer")), (Some(4), true), "{done:?}");
    deployment.server.restart()?;
    assert!(user.run(&["list"])?.ok()?.contains("mine"));
    Ok(())
}
