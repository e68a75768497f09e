//! Attachments: what arrives, and where.

use crate::support::{names, random, start};
use anyhow::{Context, Result};
use getrandom::SysRng;
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};
use waxseal_core::{
    body::{BodyPlan, Piece},
    chunk::ChunkCipher,
    manifest::{File, Manifest},
};
use waxseal_tests::{
    deployment::Deployment,
    share::{Share, Terms},
};

const MIB: usize = 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_many_sizes_arrive_with_the_text() -> Result<()> {
    let (_deployment, user) = start().await?;
    let sizes = [0, 1, 16_383, 16_384, 65_536, MIB - 1, MIB, MIB + 1, 5 * MIB + 7, 0];
    let mut contents = Vec::new();
    for (n, size) in sizes.into_iter().enumerate() {
        contents.push(random(size)?);
        user.file(&format!("f{n}.dat"), &contents[n])?;
    }
    let sent = user.names(".")?;
    let files: Vec<&str> = sent.iter().map(String::as_str).collect();
    let link = user.send(&[&files[..], &["--text", "with files"]].concat())?;
    let done = user.run(&["open", &link, "--out", "new/out"])?;
    assert!(done.err.contains("f8.dat (5.00 MiB)"), "{}", done.err);
    assert_eq!(done.ok()?, "with files\n");
    assert_eq!(user.names("new/out")?, sent);
    for (n, content) in contents.iter().enumerate() {
        assert!(user.read(&format!("new/out/f{n}.dat"))? == *content, "file {n}");
    }
    let mode = fs::metadata(user.folder.path().join("new/out/f1.dat"))?.permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(user.openings())?.count(), 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_arrives_under_a_passphrase() -> Result<()> {
    let (_deployment, user) = start().await?;
    let content = random(20 * MIB)?;
    user.file("large", &content)?;
    let link = user.run_with("right horse", &["send", "-p", "large"])?.ok()?;
    let wrong = user.run_with("wrong", &["open", link.trim(), "--out", "out"])?;
    assert_eq!(wrong.code, Some(11));
    let json =
        user.run_with("right horse", &["--json", "open", link.trim(), "--out", "out"])?.json()?;
    assert!(user.read("out/large")? == content);
    let path = json["files"][0]["path"].as_str().context("a path")?;
    assert_eq!(Path::new(path), fs::canonicalize(user.folder.path())?.join("out/large"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_small_files_arrive() -> Result<()> {
    let (_deployment, user) = start().await?;
    for n in 0..1000 {
        user.file(&format!("{n}"), format!("content {n}").as_bytes())?;
    }
    let sent = user.names(".")?;
    let link = user.send(&sent.iter().map(String::as_str).collect::<Vec<_>>())?;
    user.run(&["--quiet", "open", &link, "--out", "out"])?.ok()?;
    for n in 0..1000 {
        assert_eq!(user.read(&format!("out/{n}"))?, format!("content {n}").as_bytes());
    }
    assert_eq!(user.names("out")?.len(), 1000);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_exists_is_replaced_unless_asked_for() -> Result<()> {
    let (_deployment, user) = start().await?;
    user.file("a.txt", b"theirs")?;
    let out = user.folder.path().join("out");
    fs::create_dir(&out)?;
    fs::write(out.join("a.txt"), "mine")?;
    let outside = user.file("outside", b"mine")?;
    symlink(&outside, out.join("a (2).txt"))?;
    let link = user.send(&["a.txt", "--many"])?;
    let done = user.run(&["open", &link, "--out", "out"])?;
    assert!(done.err.contains("a (3).txt") && done.err.contains("of that name"), "{done:?}");
    assert_eq!(user.read("out/a.txt")?, b"mine");
    assert_eq!(user.read("out/a (3).txt")?, b"theirs");

    user.run(&["open", &link, "--out", "out", "--force"])?.ok()?;
    assert_eq!(user.read("out/a.txt")?, b"theirs");
    fs::remove_file(out.join("a.txt"))?;
    symlink(&outside, out.join("a.txt"))?;
    user.run(&["open", &link, "--out", "out", "--force"])?.ok()?;
    assert!(fs::symlink_metadata(out.join("a.txt"))?.is_file());
    assert_eq!(fs::read(outside)?, b"mine");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_alone_leave_the_files_for_later() -> Result<()> {
    let (deployment, user) = start().await?;
    user.file("later", &random(3 * MIB)?)?;
    let link = user.send(&["later", "--text", "now"])?;
    assert_eq!(user.run(&["open", &link, "--text-only"])?.ok()?, "now\n");
    assert_eq!(deployment.proxy.count("/ack"), 0);
    assert_eq!(user.run(&["open", &link, "--out", "out"])?.ok()?, "now\n");
    assert_eq!(user.read("out/later")?, user.read("later")?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_written_to_is_found_out_before_the_opening() -> Result<()> {
    let (deployment, user) = start().await?;
    user.file("large", &random(2 * MIB)?)?;
    user.file("not a folder", b"")?;
    let link = user.send(&["large"])?;
    let done = user.run(&["open", &link, "--out", "not a folder"])?;
    assert_eq!(done.code, Some(13), "{done:?}");
    assert_eq!(deployment.proxy.count("/claims"), 0);
    user.run(&["open", &link, "--out", "out"])?.ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_leads_out_of_the_folder() -> Result<()> {
    let (deployment, user) = start().await?;
    let hostile = hostile_names();
    assert_eq!(hostile.len(), 500);
    let link = share_of_names(&deployment, &hostile).await?;
    let before = user.names(".")?;
    let json = user.run(&["--json", "open", &link, "--out", "deep/er/out"])?.json()?;
    let out = fs::canonicalize(user.folder.path().join("deep/er/out"))?;
    let saved = json["files"].as_array().context("files")?;
    assert_eq!(saved.len(), 500);
    for (n, file) in saved.iter().enumerate() {
        let path = Path::new(file["path"].as_str().context("a path")?);
        assert_eq!(path.parent(), Some(&*out), "{:?}", hostile[n]);
        assert_eq!(fs::read(path)?, n.to_string().as_bytes(), "{:?}", hostile[n]);
    }
    assert_eq!(names(&out)?.len(), 500);
    assert_eq!(names(&user.folder.path().join("deep/er"))?, ["out"]);
    assert_eq!(names(&user.folder.path().join("deep"))?, ["er"]);
    assert_eq!(user.names(".")?.len(), before.len() + 1);
    assert!(json["warnings"].as_array().is_some_and(|warnings| warnings.len() > 50));
    Ok(())
}

fn hostile_names() -> Vec<String> {
    let evil = [
        "../../evil",
        "..\\..\\evil",
        "/etc/passwd",
        "~/.ssh/authorized_keys",
        "C:\\evil.exe",
        "\\\\host\\share",
        "..",
        ".",
        "",
        " ",
        ".bashrc",
        "-rf",
        "a\0b",
        "a\nb",
        "\u{1b}[2J",
        "\u{202e}fdp.exe",
        "CON",
        "nul.txt",
        "a/../../b",
        "....//evil",
        "%2e%2e%2fevil",
        "\u{ff0e}\u{ff0e}\u{ff0f}evil",
        "evil.html",
        "evil.svg",
        "a:stream",
        "a.",
        "LPT1",
        ".waxseal-x.part",
        "$(reboot)",
        "`reboot`",
        "evil.desktop",
        "\u{feff}",
        "<img src=x onerror=alert(1)>",
        "'; rm -rf /",
        "|",
        "*?",
        "\u{2028}",
        "file://evil",
        "evil.lnk",
        "\u{1f4a9}",
    ];
    let long = "x".repeat(5000);
    let more = (0..).map(|n| match n % 3 {
        0 => format!("{}/{}", "..".repeat(n + 1), evil[n % evil.len()]),
        1 => format!("{}{}", "../".repeat(n), evil[n % evil.len()]),
        _ => format!("{}{}", &long[..n * 5], evil[n % evil.len()]),
    });
    evil.iter().map(ToString::to_string).chain(more).take(500).collect()
}

/// A share with a file of each name; each holds its own number.
async fn share_of_names(deployment: &Deployment, names: &[String]) -> Result<String> {
    let contents: Vec<String> = (0..names.len()).map(|n| n.to_string()).collect();
    let file = |(name, content): (&String, &String)| File {
        name: name.clone(),
        media_type: "text/html".to_owned(),
        size: content.len() as u64,
    };
    let files = names.iter().zip(&contents).map(file).collect();
    let mut manifest = Manifest::default();
    manifest.files = files;
    let mut share = Share::note("", "", Terms::default())?;
    let plan = BodyPlan::new(&share.keys.body(), &manifest, &mut SysRng)?;
    assert!(plan.size().is_one_part());
    let mut plaintext = Vec::new();
    for piece in plan.pieces(0) {
        match piece {
            Piece::Prefix(range) => plaintext.extend_from_slice(&plan.prefix()[range]),
            Piece::File { index, .. } => plaintext.extend_from_slice(contents[index].as_bytes()),
            Piece::Zeros(len) => plaintext.extend(std::iter::repeat_n(0, usize::try_from(len)?)),
        }
    }
    let mut head = Vec::new();
    plan.seal_part(&ChunkCipher::new(plan.key().clone()), 0, &plaintext, &mut head)?;
    share.request.size = plan.size();
    share.request.head = Some(head);
    deployment.put(&share).await?;
    Ok(share.link(&deployment.origin()))
}
