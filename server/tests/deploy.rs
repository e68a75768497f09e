//! What is handed out to run the server with: that the server takes it.

use std::{fs, path::PathBuf};
use waxseal_server::config::{Settings, StoreUrl};

fn deploy(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)
}

#[test]
fn the_example_of_a_file_with_settings_is_one() {
    let text = fs::read_to_string(deploy("waxseal.toml")).expect("it is part of the project");
    // As it is, and with all that it only suggests.
    let settings = |line: &&str| line.contains(" = ");
    let suggested = text.lines().map(|line| line.trim_start_matches("# ")).filter(settings);
    for text in [text.clone(), suggested.collect::<Vec<_>>().join("\n")] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("waxseal.toml");
        fs::write(&path, text).expect("the folder is ours");
        let flag = format!("--config={}", path.display());
        let settings = Settings::load(["waxseal-server", &flag], []).expect("all of it fits");
        assert_eq!(settings.store(), StoreUrl::Sqlite("/var/lib/waxseal/waxseal.db".into()));
    }
}

#[test]
fn the_service_starts_the_server_with_that_file_and_waits_long_enough() {
    let unit = fs::read_to_string(deploy("systemd/waxseal.service")).expect("part of the project");
    let value = |name: &str| {
        let mut values = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        let value = values.next().unwrap_or_else(|| panic!("{name} is set"));
        assert_eq!(values.next(), None, "{name} is set once");
        value
    };
    let flags = value("ExecStart").strip_prefix("/usr/bin/waxseal-server ").expect("our program");
    assert_eq!(flags, "--config /etc/waxseal/waxseal.toml");
    let stop = humantime::parse_duration(value("TimeoutStopSec")).expect("a duration");
    let settings = Settings::load(["waxseal-server"], []).expect("the defaults fit");
    assert!(stop > settings.shutdown_timeout, "requests under way are cut off");
    let files: usize = value("LimitNOFILE").parse().expect("a number");
    assert!(files > settings.max_connections + 256, "each connection is a file");
}
