//! The package `@waxseal/share`, as an application gets it: packed, installed, imported.

use anyhow::{Context, Result, ensure};
use http::Method;
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;
use waxseal_tests::{deployment::Deployment, server::Engine};

/// Where the package comes from.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/embed");
/// What an application does with it.
const CONSUMERS: [(&str, &str); 2] = [
    ("consumer.mjs", include_str!("package/consumer.mjs")),
    ("consumer.mts", include_str!("package/consumer.mts")),
];

/// An application that has the package.
struct Application {
    folder: TempDir,
    /// The files of the package.
    packed: Vec<String>,
}

#[derive(Deserialize)]
struct Packed {
    files: Vec<PackedFile>,
}

#[derive(Deserialize)]
struct PackedFile {
    path: String,
}

impl Application {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = folder.path();
        let pack = ["pack", "--json", "--ignore-scripts", SOURCE];
        let packed: Vec<Packed> = serde_json::from_str(&run(at, "npm", &pack)?)?;
        let packed = packed.into_iter().next().context("a package")?.files;
        let mut packed: Vec<_> = packed.into_iter().map(|file| file.path).collect();
        packed.sort();
        let archive = fs::read_dir(at)?.find_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.ends_with(".tgz").then_some(name)
        });
        let archive = format!("./{}", archive.context("an archive")?);
        fs::write(at.join("package.json"), "{}")?;
        // It needs nothing, so nothing is asked for.
        run(at, "npm", &["install", "--offline", "--no-audit", "--ignore-scripts", &archive])?;
        for (name, text) in CONSUMERS {
            fs::write(at.join(name), text)?;
        }
        Ok(Self { folder, packed })
    }

    fn run(&self, program: &str, args: &[&str]) -> Result<String> {
        run(self.folder.path(), program, args)
    }
}

#[tokio::test]
async fn the_package_is_the_script_that_servers_serve_its_types_and_no_more() -> Result<()> {
    let application = Application::new()?;
    assert_eq!(application.packed, ["README.md", "embed.js", "index.d.ts", "package.json"]);
    let flags = ["--embedding-origins=https://app.example.org"];
    let deployment = Deployment::with(Engine::Sqlite, &flags, None).await?;
    let served = deployment.api.send(Method::GET, "/embed.js", None, None::<&()>).await?;
    assert_eq!(served.status, 200);
    let installed = application.folder.path().join("node_modules/@waxseal/share/embed.js");
    assert_eq!(fs::read(installed)?, served.body);
    Ok(())
}

#[test]
fn the_package_can_be_imported_where_there_is_no_page() -> Result<()> {
    let said = Application::new()?.run("node", &["consumer.mjs"])?;
    assert_eq!(said.trim(), "imported");
    Ok(())
}

#[test]
fn the_packages_types_take_what_is_right_and_nothing_else() -> Result<()> {
    let application = Application::new()?;
    let tsc = typescript()?;
    for resolution in [["nodenext", "nodenext"], ["preserve", "bundler"]] {
        let [module, resolution] = resolution;
        let kind = ["--module", module, "--moduleResolution", resolution, "--target", "es2022"];
        let strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes"];
        let args = [&[tsc.as_str()], &strict[..], &kind, &["consumer.mts"]].concat();
        application.run("node", &args)?;
    }
    Ok(())
}

/// The compiler's script.
fn typescript() -> Result<String> {
    let path = std::env::var_os("WAXSEAL_TYPESCRIPT").map(PathBuf::from).context(
        "WAXSEAL_TYPESCRIPT does not name tsc.js: run the tests with `cargo xtask test`",
    )?;
    Ok(path.display().to_string())
}

/// What a program printed in `folder`.
fn run(folder: &Path, program: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(program).args(args).current_dir(folder).output();
    let output = output.with_context(|| format!("starting {program}"))?;
    let (said, complained) = (output.stdout, output.stderr);
    let said = String::from_utf8(said)?;
    let complained = String::from_utf8_lossy(&complained);
    ensure!(output.status.success(), "{program} {args:?}: {said}{complained}");
    Ok(said)
}
