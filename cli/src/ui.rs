//! What is said on standard error, asked, and drawn there.
//!
//! Invariant: standard output gets only what was asked for, so that it can be piped on.

use crate::failure::{Failure, Kind};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    fs,
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};
use zeroize::Zeroizing;

/// The way to the user.
pub(crate) struct Ui {
    /// One JSON object on standard output instead of text.
    pub(crate) json: bool,
    quiet: bool,
    warnings: Mutex<Vec<String>>,
}

impl Ui {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet: quiet || json, warnings: Mutex::default() }
    }

    /// Says something that is good to know.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            self.error_line(text);
        }
    }

    /// Says something that must not be missed.
    pub(crate) fn warn(&self, text: &str) {
        if self.json {
            self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
        } else {
            self.error_line(&format!("warning: {text}"));
        }
    }

    /// The warnings so far, for JSON.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes a line to standard error; if that is closed there is nobody to tell.
    pub(crate) fn error_line(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Writes to standard output.
    ///
    /// # Errors
    /// [`Kind::Disk`] if it takes nothing.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| out.flush())
            .map_err(|error| Failure::disk("standard output", &error))
    }

    /// Whether somebody is there to answer.
    pub(crate) fn is_interactive(&self) -> bool {
        !self.json && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question that Enter answers with yes.
    ///
    /// # Errors
    /// [`Kind::Cancelled`] for any answer but yes.
    pub(crate) fn confirm(&self, question: &str) -> Result<(), Failure> {
        let answer = self.ask(&format!("{question} [Y/n] "))?;
        match answer.trim().to_ascii_lowercase().as_str() {
            "" | "y" | "yes" => Ok(()),
            _ => Err(Failure::cancelled()),
        }
    }

    /// Asks for a line.
    ///
    /// # Errors
    /// [`Kind::Cancelled`] at the end of the input.
    pub(crate) fn ask(&self, question: &str) -> Result<String, Failure> {
        let mut err = io::stderr().lock();
        let _ = write!(err, "{question}").and_then(|()| err.flush());
        let mut line = String::new();
        match io::stdin().lock().read_line(&mut line) {
            Ok(1..) => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
            _ => Err(Failure::cancelled()),
        }
    }

    /// The answer to a question, or the first line of standard input where nobody is asked.
    ///
    /// # Errors
    /// [`Kind::Cancelled`] at the end of what somebody types; [`Kind::Source`].
    pub(crate) fn line(&self, question: &str) -> Result<String, Failure> {
        if self.is_interactive() {
            return self.ask(question);
        }
        let mut line = String::new();
        io::stdin().read_line(&mut line).map_err(|error| {
            Failure::new(Kind::Source, format!("cannot read standard input: {error}"))
        })?;
        Ok(line.trim().to_owned())
    }

    /// Asks at the terminal for something that is not shown.
    ///
    /// # Errors
    /// `missing` if there is no terminal.
    pub(crate) fn ask_hidden(
        &self,
        question: &str,
        missing: impl FnOnce() -> Failure,
    ) -> Result<Zeroizing<String>, Failure> {
        rpassword::prompt_password(question).map(Zeroizing::new).map_err(|_| missing())
    }

    /// A bar that counts `total` bytes; hidden where nobody sees it.
    pub(crate) fn bar(&self, total: u64, message: &'static str) -> ProgressBar {
        let target = if self.quiet || !io::stderr().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(10)
        };
        let template = "{msg} {wide_bar} {binary_bytes} of {binary_total_bytes}  \
            {binary_bytes_per_sec}  {eta} left";
        // Without a style of its own it has the default one.
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::with_draw_target(Some(total), target).with_style(style).with_message(message)
    }
}

/// A passphrase out of a file, without the line break at its end.
///
/// # Errors
/// [`Kind::Source`] if it cannot be read or is no text.
pub(crate) fn passphrase_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::new(Kind::Source, format!("cannot read the passphrase's file: {error}"))
    })?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(without_line_break(&text).to_owned()))
}

/// The text without one line break at its end, as `echo` and editors put there.
pub(crate) fn without_line_break(text: &str) -> &str {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}
