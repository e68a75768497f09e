//! A real Redis Cluster of a test's own, and servers that others reach by a port.
//!
//! Invariant: ports are of this machine only, and another is taken where one is not free after all.

use crate::{bench::PATIENCE, redis_server::RedisServer};
use redis::{Cmd, FromRedisValue, cmd};
use std::{net::TcpListener, time::Instant};

/// What a node adds to its port for the others.
const BUS: u16 = 10_000;

const SLOTS: usize = 16_384;

/// Masters, each with a third of the slots, and replicas of them, as many or none.
pub(crate) struct Cluster {
    nodes: Vec<(RedisServer, u16)>,
}

impl Cluster {
    /// Starts three masters, and a replica of each if asked to, and waits until they know each other.
    pub(crate) fn start(with_replicas: bool) -> Self {
        Self::start_with(with_replicas, "--port", &[])
    }

    /// As [`Self::start`], by TLS if it has the arguments for that.
    pub(crate) fn start_with(with_replicas: bool, port: &str, arguments: &[&str]) -> Self {
        let count = if with_replicas { 6 } else { 3 };
        let settings = [
            ["--cluster-enabled", "yes"],
            ["--cluster-node-timeout", "1000"],
            ["--repl-diskless-sync-delay", "0"],
        ];
        let settings = [settings.as_flattened(), arguments].concat();
        let cluster = Self { nodes: (0..count).map(|_| listening_by(port, &settings)).collect() };
        for n in 0..count {
            let () = cluster.ask(n, cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(n + 1));
        }
        for n in 0..3 {
            let slots: Vec<usize> = (0..SLOTS).filter(|slot| slot * 3 / SLOTS == n).collect();
            let () = cluster.ask(n, cmd("CLUSTER").arg("ADDSLOTS").arg(slots));
        }
        for (_, port) in &cluster.nodes {
            let () = cluster.ask(0, cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(port));
        }
        cluster.wait("for nodes to meet", |cluster| {
            cluster.all_say("CLUSTER", "INFO", &format!("cluster_known_nodes:{count}"))
        });
        for n in 3..count {
            let () = cluster.ask(n, cmd("CLUSTER").arg("REPLICATE").arg(cluster.id(n - 3)));
        }
        cluster.wait_until_whole();
        cluster
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        let hosts: Vec<_> =
            self.nodes.iter().map(|(_, port)| format!("127.0.0.1:{port}")).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }

    /// A node; the masters come first.
    pub(crate) fn node(&self, n: usize) -> &RedisServer {
        &self.nodes[n].0
    }

    /// A node, to be stopped or run.
    pub(crate) fn node_mut(&mut self, n: usize) -> &mut RedisServer {
        &mut self.nodes[n].0
    }

    /// A node's port.
    pub(crate) fn port(&self, n: usize) -> u16 {
        self.nodes[n].1
    }

    /// A node's name.
    pub(crate) fn id(&self, n: usize) -> String {
        self.ask(n, cmd("CLUSTER").arg("MYID"))
    }

    /// The master that has a slot since the start.
    pub(crate) fn master_of(&self, slot: usize) -> usize {
        slot * 3 / SLOTS
    }

    /// What a node answers.
    pub(crate) fn ask<T: FromRedisValue>(&self, n: usize, command: &mut Cmd) -> T {
        command.query(&mut self.node(n).connection()).expect("a running node answers")
    }

    /// Waits until every slot is served again, and every replica is in step.
    pub(crate) fn wait_until_whole(&self) {
        self.wait("for the Cluster to be whole", |cluster| {
            cluster.all_say("CLUSTER", "INFO", "cluster_state:ok")
                && cluster.all_say("CLUSTER", "INFO", "cluster_slots_ok:16384")
                && (3..cluster.nodes.len()).all(|n| {
                    cluster.ask::<String>(n, cmd("INFO").arg("replication")).contains("status:up")
                })
        });
    }

    /// Kills and runs all nodes.
    pub(crate) fn crash(&mut self) {
        for (node, _) in &mut self.nodes {
            node.kill();
        }
        for (node, _) in &mut self.nodes {
            assert!(node.run());
        }
        self.wait_until_whole();
    }

    fn all_say(&self, command: &str, argument: &str, part: &str) -> bool {
        (0..self.nodes.len())
            .all(|n| self.ask::<String>(n, cmd(command).arg(argument)).contains(part))
    }

    /// Waits until a condition holds.
    pub(crate) fn wait(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < deadline, "waited in vain {what}");
            std::thread::yield_now();
        }
    }
}

/// A server that listens on a port, too, and the port.
pub(crate) fn listening(arguments: &[&str]) -> (RedisServer, u16) {
    listening_by("--port", arguments)
}

/// As [`listening`], on the port that this setting is about.
pub(crate) fn listening_by(setting: &str, arguments: &[&str]) -> (RedisServer, u16) {
    // Another program may take the port in between; then another one is free.
    for _ in 0..5 {
        let port = free_port();
        let text = port.to_string();
        let arguments = [&["--bind", "127.0.0.1", setting, &text], arguments].concat();
        if let Some(server) = RedisServer::try_start(&arguments) {
            return (server, port);
        }
    }
    panic!("redis-server does not start on any port");
}

/// A port that nobody listens on, nor on the one that a node of a Cluster would have for the others.
fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let bus = port.checked_add(BUS);
        if bus.is_some_and(|bus| TcpListener::bind(("127.0.0.1", bus)).is_ok()) {
            return port;
        }
    }
}
