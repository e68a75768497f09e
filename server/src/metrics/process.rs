//! What the process takes, under the names that Prometheus' own clients use. Where there is no `/proc` there
//! is none of it.

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};
use rustix::{
    param::{clock_ticks_per_second, page_size},
    process::{Resource, getrlimit},
};
use std::{fmt, fs};

/// Asks the system each time.
#[derive(Debug)]
pub(super) struct Process;

/// Fields of `/proc/self/stat` (proc_pid_stat(5)), counted from behind the name.
const USER_TICKS: usize = 11;
const SYSTEM_TICKS: usize = 12;
const START_TICKS: usize = 19;
const RESIDENT_PAGES: usize = 21;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Some(stat) = fs::read_to_string("/proc/self/stat").ok() else { return Ok(()) };
        // The name may hold anything, a parenthesis too.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let fields: Vec<u64> =
            fields.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect();
        let field = |n: usize| fields.get(n).copied().unwrap_or(0);
        let seconds = |ticks: u64| ticks as f64 / clock_ticks_per_second() as f64;

        let cpu = ConstCounter::new(seconds(field(USER_TICKS) + field(SYSTEM_TICKS)));
        let help = "Processor time spent, by user and system.";
        let of_cpu =
            encoder.encode_descriptor("process_cpu_seconds", help, None, cpu.metric_type())?;
        cpu.encode(of_cpu)?;
        let resident = field(RESIDENT_PAGES) * page_size() as u64;
        let mut gauge = |name: &str, help: &str, value: Option<f64>| {
            let Some(value) = value else { return Ok(()) };
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
        };
        gauge("process_resident_memory_bytes", "Memory resident.", Some(resident as f64))?;
        let started = boot_time().map(|boot| boot + seconds(field(START_TICKS)));
        gauge("process_start_time_seconds", "When the process started.", started)?;
        let open = fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as f64);
        gauge("process_open_fds", "Files open.", open)?;
        let most = getrlimit(Resource::Nofile).current.map(|most| most as f64);
        gauge("process_max_fds", "Most files open.", most)
    }
}

/// When the machine started, in seconds since 1970.
fn boot_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}
