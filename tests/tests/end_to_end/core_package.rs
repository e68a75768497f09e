//! The package `@waxseal/core`, as a program gets it: packed, installed, run in Node.
//!
//! Invariant: what one client seals another opens, and each way to fail has the code that the package lists.

use crate::package::{Application, typescript};
use anyhow::{Context, Result, ensure};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fs, path::Path};
use waxseal_tests::{
    attachments::noise, command_line::CommandLine, deployment::Deployment, server::Engine,
};

/// Where `cargo xtask npm` puts it.
const BUILT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/npm/core");
const README: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../client-wasm/npm/package/README.md"));
/// Its section on curl is a script, but for what is said between.
const API: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.md"));
/// What that script shows, in this order.
const SHOWN: [&str; 10] = [
    "\"default_expiry\":",
    "\"state\":\"live\"",
    "\"views_left\":1",
    "\"passphrase\":false",
    "waxseal-views-left: 0",
    "Staging database: Text: correct horse",
    "\"lease_until\":",
    "\"state\":\"staged\"",
    "\"stored\":[0,1]",
    "\"revoked_at\":",
];
const PASSPHRASE: &str = "lusab-babad-gutih-tugad";
const TEXT: &str = "Zwei Anhänge.\nUnd zwei Zeilen.";

/// Name and content of each attachment: within the head, and over three parts.
fn attachments() -> [(&'static str, Vec<u8>); 2] {
    [("Übersicht.txt", b"one line".to_vec()), ("scan.dat", noise(8, 2_500_000))]
}

fn program(files: &[(&str, &str)]) -> Result<Application> {
    ensure!(
        Path::new(BUILT).join("wasm.js").is_file(),
        "the package is not built: run the tests with `cargo xtask test`, or `cargo xtask npm` before"
    );
    Application::new(BUILT, files)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_program_seals_another_opens() -> Result<()> {
    let deployment = Deployment::start(Engine::Sqlite).await?;
    let origin = deployment.origin();
    let example = |text: &str, kind: &str| {
        let code: String = text.split("```").filter_map(|block| block.strip_prefix(kind)).collect();
        code.replace("https://share.example.org", &origin)
    };
    let curl = API.split("\n## ").find(|section| section.starts_with("With curl"));
    let curl = example(curl.context("there is a section on curl")?, "sh\n");
    let example = example(README, "js\n");
    let files = [
        ("program.mjs", include_str!("core_package/program.mjs")),
        ("example.mjs", &example),
        ("examples.sh", &curl),
        ("scan.dat", &"a scan ".repeat(200_000)),
    ];
    let program = program(&files)?;
    let terminal = CommandLine::new()?;
    let out = terminal.home().join("out");
    fs::create_dir(&out)?;
    let paths = attachments().map(|(name, content)| {
        let path = terminal.home().join(name);
        fs::write(&path, content).map(|()| path.display().to_string())
    });
    let paths = paths.into_iter().collect::<Result<Vec<_>, _>>()?;
    let node = |args: &[&str]| {
        let args = [&["program.mjs"], args].concat();
        program.run_with("node", &args, &[("WAXSEAL_PASSPHRASE", PASSPHRASE)])
    };

    // As the documentation shows it.
    assert_eq!(program.run("node", &["example.mjs"])?.trim(), "Staging database correct horse");
    let said = program.run("bash", &["-eu", "-o", "pipefail", "examples.sh"])?;
    let mut rest = said.as_str();
    for shown in SHOWN {
        rest = rest.split_once(shown).with_context(|| format!("no {shown} in {said}"))?.1;
    }

    let link = node(&["send", &origin, &paths[0], &paths[1]])?;
    let place = out.to_str().context("a temporary folder's path is UTF-8")?;
    let opened = terminal.run(&["open", link.trim(), "--out", place, "--json"], PASSPHRASE)?;
    let opened: Value = serde_json::from_str(&opened)?;
    assert_eq!([&opened["title"], &opened["from"]], ["Papers", "Dana"]);
    let code = "otpauth://totp/Papers?secret=JBSWY3DPEHPK3PXP";
    for (n, value) in [TEXT, "correct horse", code].iter().enumerate() {
        assert_eq!(opened["fields"][n]["value"], *value);
    }
    for (name, content) in attachments() {
        assert!(fs::read(out.join(name))? == content, "{name}");
    }

    let mut args = vec!["send", "--text", TEXT, "--title", "Papers", "--once", "--passphrase"];
    args.extend(["--expires", "1h", "--server", &origin, &paths[0], &paths[1]]);
    let link = terminal.run(&args, PASSPHRASE)?;
    let opened: Value = serde_json::from_str(&node(&["open", &link])?)?;
    assert_eq!(opened["title"], "Papers");
    assert_eq!(opened["fields"], json!([{"label": "Text", "value": TEXT, "kind": "multiline"}]));
    assert_eq!(opened["policy"], json!({"views": 1, "expires_in": 3600}));
    for (n, (name, content)) in attachments().iter().enumerate() {
        let file = &opened["files"][n];
        assert_eq!([&file["name"], &file["safeName"]], [name, name]);
        assert_eq!(file["sha256"], HEXLOWER.encode(&Sha256::digest(content)), "{name}");
    }
    Ok(())
}

#[test]
fn each_way_to_fail_has_its_code_and_the_types_say_so() -> Result<()> {
    let files = [
        ("failures.mjs", include_str!("core_package/failures.mjs")),
        ("types.mts", include_str!("core_package/types.mts")),
    ];
    let program = program(&files)?;
    let packed = [
        "README.md",
        "THIRD-PARTY.txt",
        "core.js",
        "index.d.ts",
        "index.js",
        "package.json",
        "wasm.js",
    ];
    assert_eq!(program.packed, packed);
    assert_eq!(program.run("node", &["failures.mjs"])?.trim(), "as it should be");
    // 32 MiB; a passphrase takes 64.
    program.run("node", &["--wasm-max-mem-pages=512", "failures.mjs", "little-memory"])?;
    program.compile(&typescript()?, "types.mts")
}
