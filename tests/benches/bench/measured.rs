//! A process under measurement, and what the system has on it.
//!
//! Invariant: the process ends with the value, and what it logs costs it what it costs in production
//! but nobody reads it.

use anyhow::{Context, Result};
use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

/// Ticks of a processor's time in a second, as `/proc` counts them on every Linux.
const TICKS: f64 = 100.0;

/// A server that said where it listens.
pub(crate) struct Measured {
    child: Child,
    /// Host and port.
    pub(crate) address: String,
}

impl Measured {
    /// Starts `command`, whose first line ends with its address.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", command.get_program().display()))?;
        let mut process = Self { child, address: String::new() };
        let output = process.child.stdout.take().context("standard output is piped")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let (_, address) = line.trim_end().rsplit_once('/').context("a server says its address")?;
        process.address = address.to_owned();
        Ok(process)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        // It may have ended.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Seconds of processor time that process `id` has used, in user space and in the kernel.
pub(crate) fn cpu_seconds(id: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).context("this needs Linux' /proc")?;
    // The second field, the name in brackets, may hold spaces.
    let (_, fields) = stat.rsplit_once(") ").context("a process has a name")?;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / TICKS)
}

/// MiB of memory that process `id` has resident.
pub(crate) fn resident_mib(id: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = kib.context("a process has memory")?.trim().trim_end_matches(" kB");
    Ok(kib.parse::<f64>()? / 1024.0)
}
