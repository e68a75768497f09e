//! What a process does to the files in a folder, call by call, as the kernel sees it: `strace`.
//!
//! Invariant: nothing is missed. A call on the folder that is not understood is an error, so a server
//! that comes to write some other way fails the tests that stand on this.

use anyhow::{Context, Result, bail, ensure};
use data_encoding::HEXLOWER;
use std::{
    collections::HashMap,
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// All calls that change files or say which file a descriptor is; not every system has those with `?`.
const CALLS: &str = "?open,openat,openat2,?creat,close,write,writev,pwrite64,pwritev,pwritev2,truncate,\
    ftruncate,fallocate,?unlink,unlinkat,?rename,?renameat,renameat2,?mkdir,mkdirat,?rmdir,?link,\
    linkat,?symlink,symlinkat,fsync,fdatasync,sync,syncfs,?sync_file_range,copy_file_range,\
    sendfile,splice,mmap,lseek";

/// Longer than anything that is written at once.
const LONGEST: &str = "4194304";

/// Something that was done to a file or folder; paths are relative to the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A file is there, made if it was not.
    File(PathBuf),
    /// A folder is made.
    Folder(PathBuf),
    /// Bytes are written at an offset.
    Write(PathBuf, usize, Vec<u8>),
    /// A file gets another length.
    Truncate(PathBuf, usize),
    /// A file is removed.
    Remove(PathBuf),
    /// A file, or the names in a folder, are on the disk.
    Sync(PathBuf),
}

/// The program that starts another one and writes its calls to `trace`.
pub fn tracer(trace: &Path) -> Vec<String> {
    // The tracer is a grandchild, so that signals get to the server.
    let options = ["strace", "-D", "-f", "-y", "-xx", "-qq", "-e", "signal=none", "-s", LONGEST];
    let calls = ["-e".to_owned(), format!("trace={CALLS}")];
    let output = ["-o".to_owned(), trace.display().to_string()];
    options.map(str::to_owned).into_iter().chain(calls).chain(output).collect()
}

/// How long a trace is by now. What a server answered rests on what is in it up to here: a call is
/// written down before the process learns that it is over.
pub fn length(trace: &Path) -> u64 {
    fs::metadata(trace).map_or(0, |file| file.len())
}

/// What was done in `folder`, in the order in which it was over, and how long the trace was then.
///
/// # Errors
/// If something was done that is not understood.
pub fn read(trace: &Path, folder: &Path) -> Result<Vec<(u64, Event)>> {
    let text = fs::read_to_string(trace)?;
    // The last line may be half written.
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let mut reader = Reader { folder, hex: hex(folder), begun: HashMap::new(), at: HashMap::new() };
    let (mut events, mut length) = (Vec::new(), 0);
    for line in whole.split_inclusive('\n') {
        length += line.len() as u64;
        let shown: String = line.chars().take(400).collect();
        let done =
            reader.line(line.trim_end()).with_context(|| format!("in the trace: {shown}"))?;
        events.extend(done.into_iter().map(|event| (length, event)));
    }
    Ok(events)
}

struct Reader<'a> {
    folder: &'a Path,
    /// Its path as the trace writes it.
    hex: String,
    /// By thread: a call that is not yet over.
    begun: HashMap<&'a str, String>,
    /// By file descriptor: where the next bytes go.
    at: HashMap<String, usize>,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &'a str) -> Result<Vec<Event>> {
        let (thread, rest) = line.split_once(' ').context("a thread and a call")?;
        let rest = rest.trim_start();
        if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
            self.begun.insert(thread, begun.to_owned());
            return Ok(Vec::new());
        }
        if rest.starts_with("<... ") {
            let (_, end) = rest.split_once(" resumed>").context("a call goes on")?;
            let begun = self.begun.remove(thread).context("it began")?;
            return self.call(&(begun + end));
        }
        self.call(rest)
    }

    fn call(&mut self, call: &str) -> Result<Vec<Event>> {
        if !call.contains(&self.hex) {
            return Ok(Vec::new());
        }
        let (name, rest) = call.split_once('(').context("a name")?;
        let (args, result) = rest.rsplit_once(" = ").context("a result")?;
        let args = args.trim_end().strip_suffix(')').context("arguments")?;
        let args: Vec<&str> = args.split(", ").collect();
        if result.starts_with('-') {
            return Ok(Vec::new());
        }
        let arg = |n: usize| args.get(n).copied().context("an argument");
        let number = |n: usize| Ok::<usize, anyhow::Error>(arg(n)?.parse()?);
        Ok(match name {
            "openat" => self.open(arg(1)?, arg(2)?, result)?,
            "close" => {
                self.at.remove(arg(0)?);
                Vec::new()
            }
            "write" => {
                let (file, bytes) = (arg(0)?, text(arg(1)?)?);
                check_whole(&bytes, result)?;
                let at = self.at.get_mut(file).context("a file that was opened")?;
                let start = std::mem::replace(at, *at + bytes.len());
                vec![Event::Write(self.descriptor(file)?, start, bytes)]
            }
            "pwrite64" => {
                let bytes = text(arg(1)?)?;
                check_whole(&bytes, result)?;
                vec![Event::Write(self.descriptor(arg(0)?)?, number(3)?, bytes)]
            }
            "lseek" => {
                self.at.insert(arg(0)?.to_owned(), result.parse()?);
                Vec::new()
            }
            "ftruncate" => vec![Event::Truncate(self.descriptor(arg(0)?)?, number(1)?)],
            "fsync" | "fdatasync" => vec![Event::Sync(self.descriptor(arg(0)?)?)],
            "unlink" => vec![Event::Remove(self.path(arg(0)?)?)],
            "unlinkat" if arg(2)? == "0" => vec![Event::Remove(self.path(arg(1)?)?)],
            "mkdir" => vec![Event::Folder(self.path(arg(0)?)?)],
            "mkdirat" => vec![Event::Folder(self.path(arg(1)?)?)],
            // To read.
            "mmap" if !arg(2)?.contains("PROT_WRITE") => Vec::new(),
            _ => bail!("{name} is not understood"),
        })
    }

    fn open(&mut self, path: &str, flags: &str, result: &str) -> Result<Vec<Event>> {
        let path = self.path(path)?;
        self.at.insert(result.to_owned(), 0);
        let flag = |name: &str| flags.split('|').any(|flag| flag == name);
        let mut events = Vec::new();
        if flag("O_CREAT") {
            events.push(Event::File(path.clone()));
        }
        if flag("O_TRUNC") {
            events.push(Event::Truncate(path, 0));
        }
        Ok(events)
    }

    /// The file of a descriptor such as `9<\x2f\x74\x6d\x70>`.
    fn descriptor(&self, descriptor: &str) -> Result<PathBuf> {
        let (_, path) = descriptor.split_once('<').context("the file of a descriptor")?;
        self.relative(&bytes(path.strip_suffix('>').context("the file of a descriptor")?)?)
    }

    fn path(&self, quoted: &str) -> Result<PathBuf> {
        self.relative(&text(quoted)?)
    }

    fn relative(&self, path: &[u8]) -> Result<PathBuf> {
        let path = Path::new(std::str::from_utf8(path)?);
        Ok(path.strip_prefix(self.folder)?.to_owned())
    }
}

/// What is between the quotes of an argument.
fn text(quoted: &str) -> Result<Vec<u8>> {
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    bytes(inside.context("a text, and all of it")?)
}

/// Bytes, each written `\x2f`.
fn bytes(escaped: &str) -> Result<Vec<u8>> {
    let digits: Vec<u8> =
        escaped.as_bytes().chunks(4).flat_map(|byte| byte.iter().skip(2).copied()).collect();
    Ok(HEXLOWER.decode(&digits)?)
}

fn hex(path: &Path) -> String {
    path.as_os_str().as_bytes().iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

fn check_whole(bytes: &[u8], result: &str) -> Result<()> {
    ensure!(result.parse() == Ok(bytes.len()), "not all was written");
    Ok(())
}
