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
pub(crate) struct Application {
    folder: TempDir,
    /// The files of the package.
    pub(crate) packed: Vec<String>,
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
    /// One that has the package made of the folder `source`, and `files` by name and text.
    pub(crate) fn new(source: &str, files: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = folder.path();
        let pack = ["pack", "--json", "--ignore-scripts", source];
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
        for (name, text) in files {
            fs::write(at.join(name), text)?;
        }
        Ok(Self { folder, packed })
    }

    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Result<String> {
        run(self.folder.path(), program, args)
    }

    /// The same with more in its environment.
    pub(crate) fn run_with(
        &self,
        program: &str,
        args: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<String> {
        run_with(self.folder.path(), program, args, environment)
    }

    /// Checks one of the files by the TypeScript `tsc`, both as Node finds packages and as bundlers do.
    pub(crate) fn compile(&self, tsc: &str, file: &str) -> Result<()> {
        for [module, resolution] in [["nodenext", "nodenext"], ["preserve", "bundler"]] {
            let kind = ["--module", module, "--moduleResolution", resolution, "--target", "es2022"];
            let strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes"];
            self.run("node", &[&[tsc], &strict[..], &kind, &[file]].concat())?;
        }
        Ok(())
    }
}

fn application() -> Result<Application> {
    Application::new(SOURCE, &CONSUMERS)
}

#[tokio::test]
async fn the_package_is_the_script_that_servers_serve_its_types_and_no_more() -> Result<()> {
    let application = application()?;
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
    let said = application()?.run("node", &["consumer.mjs"])?;
    assert_eq!(said.trim(), "imported");
    Ok(())
}

#[test]
fn the_packages_types_take_what_is_right_and_nothing_else() -> Result<()> {
    application()?.compile(&typescript()?, "consumer.mts")
}

/// The compiler's script.
pub(crate) fn typescript() -> Result<String> {
    let path = std::env::var_os("WAXSEAL_TYPESCRIPT").map(PathBuf::from).context(
        "WAXSEAL_TYPESCRIPT does not name tsc.js: run the tests with `cargo xtask test`",
    )?;
    Ok(path.display().to_string())
}

/// What a program printed in `folder`.
fn run(folder: &Path, program: &str, args: &[&str]) -> Result<String> {
    run_with(folder, program, args, &[])
}

fn run_with(
    folder: &Path,
    program: &str,
    args: &[&str],
    environment: &[(&str, &str)],
) -> Result<String> {
    let mut command = Command::new(program);
    command.args(args).envs(environment.iter().copied()).current_dir(folder);
    let output = command.output().with_context(|| format!("starting {program}"))?;
    let (said, complained) = (output.stdout, output.stderr);
    let said = String::from_utf8(said)?;
    let complained = String::from_utf8_lossy(&complained);
    ensure!(output.status.success(), "{program} {args:?}: {said}{complained}");
    Ok(said)
}
