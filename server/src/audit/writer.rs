//! The thread that writes lines.
//!
//! Invariant: no other thread waits for the file or the pipe. Lines leave whole and in order, all that wait
//! by one write, which other processes' writes to the same file do not get into. What cannot be written is
//! lost, counted and said; what is slow is waited for by those who have something to tell, before they do it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Calls whose events may wait to be written.
const PLACES: usize = 1024;

/// Lines in one write, at most.
const BATCH: usize = 1024;

/// Between two words about the same trouble.
const QUIET: Duration = Duration::from_secs(60);

/// Handle of the thread, which ends with it.
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
    places: Arc<Semaphore>,
}

/// Room for what one call will have to tell.
pub(super) struct Place(
    #[expect(dead_code, reason = "it is given back when dropped")] OwnedSemaphorePermit,
);

enum Job {
    Write { lines: Vec<u8>, written: Option<Written> },
    Reopen,
    Settle(oneshot::Sender<()>),
}

/// Who waits for lines to be written, and the place they had.
struct Written {
    told: oneshot::Sender<()>,
    _place: Place,
}

impl Writer {
    /// To a file that nobody else may read, at its end.
    pub(super) fn file(path: PathBuf) -> io::Result<Self> {
        let file = open(&path)?;
        Self::start(Output::new(file, Some(path)))
    }

    /// To standard output, past what others keep to write there.
    pub(super) fn stdout() -> io::Result<Self> {
        let stdout = rustix::io::dup(rustix::stdio::stdout())?;
        Self::start(Output::new(stdout.into(), None))
    }

    fn start(mut output: Output) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let thread = thread::Builder::new().name("audit".to_owned());
        thread.spawn(move || {
            while let Ok(first) = waiting.recv() {
                output.serve([first].into_iter().chain(waiting.try_iter().take(BATCH - 1)));
            }
        })?;
        Ok(Self { jobs, places: Arc::new(Semaphore::new(PLACES)) })
    }

    /// Waits for room.
    pub(super) async fn place(&self) -> Place {
        let permit = Arc::clone(&self.places).acquire_owned().await;
        Place(permit.expect("nobody closes it"))
    }

    /// Returns once the lines are written, or lost.
    pub(super) async fn write(&self, place: Place, lines: Vec<u8>) {
        let (told, written) = oneshot::channel();
        self.send(Job::Write { lines, written: Some(Written { told, _place: place }) });
        // A thread that has panicked has said so.
        let _ = written.await;
    }

    /// Leaves a line to the thread.
    pub(super) fn leave(&self, lines: Vec<u8>) {
        self.send(Job::Write { lines, written: None });
    }

    /// Opens the file again by its name.
    pub(super) fn reopen(&self) {
        self.send(Job::Reopen);
    }

    /// Returns once all that was left before is written, or lost.
    pub(super) async fn settle(&self) {
        let (told, settled) = oneshot::channel();
        self.send(Job::Settle(told));
        let _ = settled.await;
    }

    fn send(&self, job: Job) {
        // As above.
        let _ = self.jobs.send(job);
    }
}

/// Where the lines go.
struct Output {
    file: File,
    path: Option<PathBuf>,
    /// Whether the last line that is there lacks its end.
    is_torn: bool,
    trouble: Trouble,
}

/// What could not be written.
#[derive(Default)]
struct Trouble {
    lost: usize,
    said: Option<Instant>,
}

impl Output {
    const fn new(file: File, path: Option<PathBuf>) -> Self {
        Self { file, path, is_torn: false, trouble: Trouble { lost: 0, said: None } }
    }

    fn serve(&mut self, jobs: impl Iterator<Item = Job>) {
        let (mut lines, mut waiting) = (Vec::new(), Vec::new());
        for job in jobs {
            match job {
                Job::Write { lines: more, written } => {
                    lines.extend(more);
                    waiting.extend(written);
                }
                Job::Reopen => {
                    self.write(&mut lines);
                    self.reopen();
                }
                Job::Settle(told) => {
                    self.write(&mut lines);
                    let _ = told.send(());
                }
            }
        }
        self.write(&mut lines);
        for Written { told, _place } in waiting {
            // Whoever asked may have gone.
            let _ = told.send(());
        }
    }

    /// Writes the lines and leaves none.
    fn write(&mut self, lines: &mut Vec<u8>) {
        if lines.is_empty() {
            return;
        }
        if self.is_torn {
            lines.insert(0, b'\n');
        }
        let (written, result) = write_all(&mut self.file, lines);
        if written > 0 {
            self.is_torn = lines.get(written - 1) != Some(&b'\n');
        }
        match result {
            Ok(()) => self.trouble.is_over(),
            Err(error) => {
                let lost = lines.iter().skip(written).filter(|byte| **byte == b'\n').count();
                self.trouble.go_on(lost, &error);
            }
        }
        lines.clear();
    }

    fn reopen(&mut self) {
        let Some(path) = &self.path else { return };
        match open(path) {
            Ok(file) => {
                self.file = file;
                self.is_torn = false;
                tracing::info!("the file of audit events was opened again");
            }
            Err(error) => {
                let cause = error.to_string();
                tracing::error!(cause, "the file of audit events could not be opened again");
            }
        }
    }
}

impl Trouble {
    fn go_on(&mut self, lost: usize, error: &io::Error) {
        self.lost += lost;
        if self.said.is_none_or(|at| at.elapsed() >= QUIET) {
            self.said = Some(Instant::now());
            let (cause, lost) = (error.to_string(), self.lost);
            tracing::error!(cause, lost, "audit events cannot be written");
        }
    }

    fn is_over(&mut self) {
        if self.lost > 0 {
            let lost = self.lost;
            tracing::warn!(lost, "audit events are written again, these were lost");
            *self = Self::default();
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// As [`Write::write_all`], and how much of it was written.
fn write_all(file: &mut impl Write, bytes: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match file.write(rest) {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}
