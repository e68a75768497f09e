//! The command line's words.
//!
//! Invariant: what is wrong with the words alone is said before any file is read or server asked.

use clap::{ArgAction, ArgGroup, Args, Parser, Subcommand};
use std::{path::PathBuf, time::Duration};

/// Shares a secret, with or without files, through a link that can be opened once.
#[derive(Parser)]
#[command(name = "waxseal", version, propagate_version = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What is common to all commands.
    #[command(flatten)]
    pub(crate) common: Common,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Args)]
pub(crate) struct Common {
    /// Print one JSON object on standard output, also on failure
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but errors and what was asked for
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Configuration file instead of the usual one
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// How long to keep trying while the server does not answer, such as 30s or 5m
    #[arg(long, global = true, value_name = "TIME", value_parser = duration)]
    pub(crate) retry_for: Option<Duration>,
    /// Parts of about 1 MiB on their way at once, 1 to 16; fewer suit a slow line
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    pub(crate) jobs: Option<u8>,
}

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Seal a text and files, and print the link to them
    Send(Box<Send>),
    /// Open what a link leads to: texts to standard output, files to a folder
    Open(Open),
    /// Say what became of a share made on this computer
    Status(Which),
    /// List the shares made on this computer
    List(List),
    /// Take shares back
    Revoke(Revoke),
    /// Take anybody's shares down, as the server's operator
    Takedown(Takedown),
    /// Compare the web client that a server serves with the one of its version
    Verify(Verify),
}

/// `waxseal send`.
#[derive(Args)]
#[command(group = ArgGroup::new("times").args(["once", "views", "many"]))]
#[command(group = ArgGroup::new("locked").args(["passphrase", "passphrase_file", "generate_passphrase"]))]
pub(crate) struct Send {
    /// Files to attach; `-` is a text from standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The text itself (others on this computer can see it in the list of processes)
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// A title, seen when the share is open
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) title: String,
    /// Who says they sent it
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// A field, such as Username=ada; again for more
    #[arg(long = "field", value_name = "LABEL=VALUE", value_parser = field)]
    pub(crate) fields: Vec<(String, String)>,
    /// A concealed field, whose value is asked for; again for more
    #[arg(long = "secret", value_name = "LABEL")]
    pub(crate) secrets: Vec<String>,
    /// When the link expires: 1h, 12h, 1d, 5d, 30d, or what else the server offers
    #[arg(long, short, value_name = "TIME", value_parser = duration)]
    pub(crate) expires: Option<Duration>,
    /// It can be viewed only 1 time
    #[arg(long)]
    pub(crate) once: bool,
    /// It can be viewed N times, 1 to 100
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) views: Option<u32>,
    /// It can be viewed any number of times until it expires
    #[arg(long)]
    pub(crate) many: bool,
    /// Ask for a passphrase that opens it, or take it from WAXSEAL_PASSPHRASE
    #[arg(long, short)]
    pub(crate) passphrase: bool,
    /// Take the passphrase from a file, without the line break at its end
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Make a passphrase up and print it on standard error
    #[arg(long)]
    pub(crate) generate_passphrase: bool,
    /// Print the link's QR code too, on standard error
    #[arg(long)]
    pub(crate) qr: bool,
    /// Address of the server.
    #[arg(long, short, value_name = "URL")]
    #[arg(help = "Address of the server, such as https://share.example.org [env: WAXSEAL_URL]")]
    pub(crate) server: Option<String>,
    /// What `list` calls it; it stays on this computer
    #[arg(long)]
    pub(crate) label: Option<String>,
    /// Do not keep what `status`, `list` and `revoke` need on this computer
    #[arg(long)]
    pub(crate) forget: bool,
}

/// `waxseal open`.
#[derive(Args)]
pub(crate) struct Open {
    /// The link; `-` or nothing reads it from standard input
    #[arg(value_name = "LINK")]
    pub(crate) link: Option<String>,
    /// Folder for the files; it is made if it does not exist
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Replace files of the same name instead of saving beside them
    #[arg(long, short)]
    pub(crate) force: bool,
    /// Do not ask before it is opened
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Take the passphrase from a file, without the line break at its end
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Show the texts alone and leave the files for another `open`, soon
    #[arg(long)]
    pub(crate) text_only: bool,
}

/// One share made on this computer.
#[derive(Args)]
pub(crate) struct Which {
    /// Its link, its id, the id's beginning, or its label
    #[arg(value_name = "SHARE")]
    pub(crate) share: String,
}

/// `waxseal list`.
#[derive(Args)]
pub(crate) struct List {
    /// Forget those that can no longer be opened
    #[arg(long, action = ArgAction::SetTrue)]
    pub(crate) prune: bool,
}

/// `waxseal revoke`.
#[derive(Args)]
#[command(group = ArgGroup::new("which").args(["shares", "all"]).required(true))]
pub(crate) struct Revoke {
    /// Links, ids, beginnings of ids, or labels
    #[arg(value_name = "SHARE")]
    pub(crate) shares: Vec<String>,
    /// All that were made on this computer
    #[arg(long)]
    pub(crate) all: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// `waxseal takedown`.
#[derive(Args)]
pub(crate) struct Takedown {
    /// Links as they were reported, or ids; nothing reads one from standard input
    #[arg(value_name = "LINK")]
    pub(crate) shares: Vec<String>,
    /// Address of the server; a link's own is not heeded.
    #[arg(long, short, value_name = "URL")]
    #[arg(help = "Address of the server; a link's own is not heeded [env: WAXSEAL_URL]")]
    pub(crate) server: Option<String>,
}

/// `waxseal verify`.
#[derive(Args)]
pub(crate) struct Verify {
    /// Address of the server.
    #[arg(value_name = "URL")]
    #[arg(help = "Address of the server, such as https://share.example.org [env: WAXSEAL_URL]")]
    pub(crate) server: Option<String>,
    /// Manifest of a release, instead of that of this command's own version
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Option<PathBuf>,
}

fn duration(text: &str) -> Result<Duration, humantime::DurationError> {
    humantime::parse_duration(text)
}

fn field(text: &str) -> Result<(String, String), &'static str> {
    let (label, value) = text.split_once('=').ok_or("write LABEL=VALUE")?;
    Ok((label.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_words_fit_each_other() {
        Cli::command().debug_assert();
    }
}
