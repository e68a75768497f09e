//! Whether a Redis server is configured so that it keeps what it is given.
//!
//! Invariant: what is refused is refused by the name of the setting. `INFO` tells all that is needed,
//! since many providers deny `CONFIG`.

/// What is wrong with the server that said this to `INFO`. Valkey has a `redis_version`, too, of the
/// Redis that it is compatible with.
pub(super) fn check(info: &str) -> Result<(), String> {
    let version = field(info, "redis_version").unwrap_or_default();
    if !is_at_least_6_2(version) {
        return Err(format!("redis_version is {version:?}; 6.2 is the oldest that has GETDEL"));
    }
    if field(info, "role") != Some("master") {
        return Err("the server is a replica (replicaof); connect to its master".to_owned());
    }
    let policy = field(info, "maxmemory_policy").unwrap_or_default();
    if field(info, "maxmemory") != Some("0") && policy != "noeviction" {
        return Err(format!(
            "maxmemory-policy is {policy:?}; with maxmemory set it must be noeviction, or shares get lost"
        ));
    }
    Ok(())
}

/// What may be wrong, as texts about it and [docs/redis.md](../../../../docs/redis.md) call it.
const SETTINGS: [&str; 4] = ["maxmemory-policy", "replicaof", "cluster-enabled", "redis_version"];

/// Which setting a refusal is about, if it names one.
pub(super) fn setting(refusal: &str) -> Option<&'static str> {
    SETTINGS.into_iter().find(|name| refusal.contains(name))
}

/// Whether a server is a node of a Cluster.
pub(super) fn is_cluster(info: &str) -> bool {
    field(info, "cluster_enabled") == Some("1")
}

/// Whether it has just started and does not answer yet.
pub(super) fn is_loading(info: &str) -> bool {
    field(info, "loading") == Some("1")
}

/// How many replicas are connected to it.
pub(super) fn replicas(info: &str) -> u32 {
    field(info, "connected_slaves").and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// What may cost shares in a crash, given what `CONFIG GET appendfsync` said if it was allowed.
pub(super) fn warning(info: &str, appendfsync: Option<&str>) -> Option<&'static str> {
    if field(info, "aof_enabled") != Some("1") {
        Some(
            "appendonly is off: a crash of Redis loses shares, and makes opened ones readable again",
        )
    } else if appendfsync.is_some_and(|policy| policy != "always") {
        Some(
            "appendfsync is not always: a crash can make shares readable again that were just opened",
        )
    } else {
        None
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim_end)
}

fn is_at_least_6_2(version: &str) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next()) >= (6, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(version: &str, role: &str, maxmemory: &str, policy: &str) -> String {
        format!(
            "# Server\r\nredis_version:{version}\r\n\r\n# Memory\r\nmaxmemory:{maxmemory}\r\n\
             maxmemory_human:0B\r\nmaxmemory_policy:{policy}\r\n# Replication\r\nrole:{role}\r\n"
        )
    }

    #[test]
    fn safe_servers_are_taken() {
        for version in ["6.2.0", "7.0.15", "7.2.4", "8.0.0", "10.1.0"] {
            assert_eq!(check(&info(version, "master", "0", "noeviction")), Ok(()), "{version}");
        }
        assert_eq!(check(&info("7.0.15", "master", "1000000", "noeviction")), Ok(()));
        assert_eq!(check(&info("7.0.15", "master", "0", "allkeys-lru")), Ok(()));
    }

    /// Valkey 8.1, as far as it matters here.
    #[test]
    fn valkey_is_taken_for_the_redis_that_it_is_compatible_with() {
        let valkey = "# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.4\r\n\
                      valkey_release_stage:ga\r\nredis_mode:standalone\r\n# Memory\r\nmaxmemory:0\r\n\
                      maxmemory_policy:noeviction\r\n# Replication\r\nrole:master\r\nconnected_slaves:2\r\n\
                      # Cluster\r\ncluster_enabled:0\r\n";
        assert_eq!(check(valkey), Ok(()));
        assert_eq!((replicas(valkey), is_cluster(valkey), is_loading(valkey)), (2, false, false));
    }

    #[test]
    fn unsafe_servers_are_refused_by_name_of_the_setting() {
        for (info, name) in [
            (info("6.0.16", "master", "0", "noeviction"), "redis_version"),
            (info("5.0.3", "master", "0", "noeviction"), "redis_version"),
            (info("7.0.15", "slave", "0", "noeviction"), "replicaof"),
            (info("7.0.15", "master", "1000000", "volatile-lru"), "maxmemory-policy"),
            (String::new(), "redis_version"),
        ] {
            assert!(check(&info).is_err_and(|text| text.contains(name)), "{name}");
        }
    }

    #[test]
    fn what_is_not_always_on_disk_is_warned_about() {
        for (aof, appendfsync, wanted) in [
            ("1", Some("always"), None),
            ("1", None, None),
            ("1", Some("everysec"), Some("appendfsync")),
            ("0", Some("always"), Some("appendonly")),
        ] {
            let said = warning(&format!("aof_enabled:{aof}\r\n"), appendfsync);
            assert_eq!(said.and_then(|text| text.split(' ').next()), wanted);
        }
    }
}
