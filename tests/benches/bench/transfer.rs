//! `transfer`: 1 GiB of random bytes as an attachment, by the command line and by browsers.
//!
//! Invariant: what arrives has the SHA-256 of what was sent; every figure has a baseline of its run.

mod memory;

use crate::measured::{Measured, resident_mib};
use anyhow::{Context, Result, ensure};
use getrandom::SysRng;
use memory::Peak;
use rand_core::TryRng;
use sha2::{Digest, Sha256};
use std::{
    env,
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use waxseal_tests::{browser::Browser, recipient::Recipient, sender::Sender, wait::within};

const MIB: usize = 1 << 20;
/// Bytes of the attachment.
const LEN: usize = 1024 * MIB;
/// Transfers at once, for the server's memory.
const AT_ONCE: usize = 4;
/// The longest that any of it may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// The file's name.
const NAME: &str = "random.bin";

/// Browsers ask where to put large files, which nobody can be shown here: without the picker they
/// go the way of browsers that have none.
const NO_PICKER: &str =
    "delete globalThis.showSaveFilePicker; delete globalThis.showDirectoryPicker;";
/// Notes the most memory that the page, its workers and their WASM have.
const WATCH: &str = "globalThis.peak = 0; (async () => { for (;;) { \
    const { bytes } = await performance.measureUserAgentSpecificMemory(); \
    globalThis.peak = Math.max(globalThis.peak, bytes); \
    await new Promise(resolve => setTimeout(resolve, 1000)); } })();";

struct Bench {
    server: Measured,
    folder: TempDir,
    original: PathBuf,
    digest: Vec<u8>,
}

/// Measures and prints.
pub(crate) async fn bench() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let original = folder.path().join(NAME);
    let (digest, disk) = make(&original)?;
    let store = format!("sqlite:{}", folder.path().join("store/waxseal.db").display());
    let mut command = Command::new(env::var("WAXSEAL_SERVER").context("WAXSEAL_SERVER")?);
    command.args(["--listen", "127.0.0.1:0", "--store", &store, "--max-bytes", &LEN.to_string()]);
    std::fs::create_dir(folder.path().join("store"))?;
    let bench = Bench { server: Measured::start(&mut command)?, folder, original, digest };

    println!("\n## Transfers: 1 GiB of random bytes, SQLite\n");
    println!("| | MB/s | × disk | memory |\n|---|---|---|---|");
    let row = |what: &str, time: Duration, memory: String| {
        let speed = LEN as f64 / 1e6 / time.as_secs_f64();
        println!(
            "| {what} | {speed:.0} | {:.2} | {memory} |",
            disk.as_secs_f64() / time.as_secs_f64()
        );
    };
    row("the disk: written and synced", disk, "–".to_owned());

    let peak = Peak::watch(bench.server.id())?;
    let (link, time, memory) = bench.send()?;
    row("`waxseal send`", time, format!("{memory:.0} MiB"));
    let (time, memory) = bench.open(&link, "cli")?;
    row("`waxseal open`", time, format!("{memory:.0} MiB"));
    println!("| server meanwhile | | | +{:.0} MiB |", peak.growth()?);

    let (link, time, memory) = bench.send_by_browser().await?;
    row("sent by a browser", time, format!("{memory:.0} MiB of page, workers and WASM"));
    let (time, memory) = bench.open_by_browser(&link).await?;
    row("opened by a browser", time, format!("{memory:.0} MiB of page, workers and WASM"));

    let idle = resident_mib(bench.server.id())?;
    let peak = Peak::watch(bench.server.id())?;
    let start = Instant::now();
    let sending = (0..AT_ONCE).map(|_| bench.sending()).collect::<Result<Vec<_>>>()?;
    let links = sending.into_iter().map(finish).collect::<Result<Vec<_>>>()?;
    let sent = start.elapsed() / AT_ONCE as u32;
    row(&format!("{AT_ONCE} × `waxseal send` at once"), sent, "–".to_owned());
    let start = Instant::now();
    let names = (0..AT_ONCE).map(|n| format!("at-once-{n}")).collect::<Vec<_>>();
    let opening = links.iter().zip(&names).map(|(link, name)| bench.opening(link, name));
    for child in opening.collect::<Result<Vec<_>>>()? {
        finish(child)?;
    }
    let opened = start.elapsed() / AT_ONCE as u32;
    row(&format!("{AT_ONCE} × `waxseal open` at once"), opened, "–".to_owned());
    println!("| server meanwhile, {idle:.0} MiB before | | | +{:.0} MiB |", peak.growth()?);
    for name in &names {
        bench.same(&bench.folder.path().join(name).join(NAME))?;
    }
    Ok(())
}

impl Bench {
    fn origin(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The command line with a home of its own.
    fn cli(&self) -> Result<Command> {
        let mut command = Command::new(env::var("WAXSEAL_CLI").context("WAXSEAL_CLI")?);
        command.env("WAXSEAL_HOME", self.folder.path().join("home"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        Ok(command)
    }

    fn sending(&self) -> Result<Child> {
        let mut command = self.cli()?;
        Ok(command.args(["send", "--server", &self.origin()]).arg(&self.original).spawn()?)
    }

    fn opening(&self, link: &str, folder: &str) -> Result<Child> {
        let out = self.folder.path().join(folder);
        std::fs::create_dir(&out)?;
        Ok(self.cli()?.args(["open", link.trim(), "--out"]).arg(out).spawn()?)
    }

    fn send(&self) -> Result<(String, Duration, f64)> {
        let start = Instant::now();
        let child = self.sending()?;
        let peak = Peak::watch(child.id())?;
        let link = finish(child)?;
        Ok((link, start.elapsed(), peak.most()?))
    }

    fn open(&self, link: &str, folder: &str) -> Result<(Duration, f64)> {
        let start = Instant::now();
        let child = self.opening(link, folder)?;
        let peak = Peak::watch(child.id())?;
        finish(child)?;
        let time = start.elapsed();
        self.same(&self.folder.path().join(folder).join(NAME))?;
        Ok((time, peak.most()?))
    }

    async fn send_by_browser(&self) -> Result<(String, Duration, f64)> {
        let browser = Browser::unwatched().await?;
        let sender = Sender::open(&browser, &self.origin()).await?;
        sender.attach(&[&self.original]).await?;
        sender.share().await?;
        browser.execute(WATCH, vec![]).await?;
        let start = Instant::now();
        sender.begin().await?;
        let link = within(PATIENCE, "the link", async || {
            let link = browser.value("document.querySelector('#link').value").await?;
            Ok(link.as_str().filter(|link| !link.is_empty()).map(str::to_owned))
        });
        let link = link.await?;
        Ok((link, start.elapsed(), peak(&browser).await?))
    }

    async fn open_by_browser(&self, link: &str) -> Result<(Duration, f64)> {
        let browser = Browser::unwatched().await?;
        browser.before_pages(NO_PICKER).await?;
        let recipient = Recipient::open(&browser, link, "landing").await?;
        recipient.view_item().await?;
        browser.execute(WATCH, vec![]).await?;
        let start = Instant::now();
        recipient.press("Save").await?;
        let file = browser.downloads().join(NAME);
        within(PATIENCE, "the download", async || {
            Ok(std::fs::metadata(&file).is_ok_and(|file| file.len() == LEN as u64).then_some(()))
        })
        .await?;
        let time = start.elapsed();
        self.same(&file)?;
        Ok((time, peak(&browser).await?))
    }

    fn same(&self, file: &Path) -> Result<()> {
        let (mut hash, mut opened) = (Sha256::new(), File::open(file)?);
        let mut piece = vec![0; MIB];
        loop {
            match opened.read(&mut piece)? {
                0 => break,
                len => hash.update(&piece[..len]),
            }
        }
        ensure!(hash.finalize().as_slice() == self.digest, "what arrived is not what was sent");
        Ok(std::fs::remove_file(file)?)
    }
}

/// Writes the file, and says its SHA-256 and how long the disk takes for as much.
fn make(path: &Path) -> Result<(Vec<u8>, Duration)> {
    let mut hash = Sha256::new();
    let mut file = File::create(path)?;
    let mut piece = vec![0; MIB];
    let mut time = Duration::ZERO;
    for _ in 0..LEN / MIB {
        SysRng.try_fill_bytes(&mut piece)?;
        hash.update(&piece);
        let start = Instant::now();
        file.write_all(&piece)?;
        time += start.elapsed();
    }
    let start = Instant::now();
    file.sync_all()?;
    Ok((hash.finalize().to_vec(), time + start.elapsed()))
}

/// What a command printed, once it has succeeded.
fn finish(mut child: Child) -> Result<String> {
    let mut said = String::new();
    child.stdout.take().context("standard output is piped")?.read_to_string(&mut said)?;
    let status = child.wait()?;
    ensure!(status.success(), "the command line ended with {status}");
    Ok(said.trim().to_owned())
}

/// MiB that the page and its workers had at most, once the browser has said so.
async fn peak(browser: &Browser) -> Result<f64> {
    within(PATIENCE, "the page's memory", async || {
        Ok(browser.value("globalThis.peak").await?.as_f64().filter(|bytes| *bytes > 0.0))
    })
    .await
    .map(|bytes| bytes / MIB as f64)
}
