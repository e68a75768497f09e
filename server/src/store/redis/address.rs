//! Where Redis is: one server, a Cluster, or what Sentinels say.
//!
//! Invariant: neither `Debug` nor an error shows any of it, for it may hold a password.

use ::redis::{
    ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, TlsCertificates,
};
use std::{fmt, str::FromStr};
use url::{Url, form_urlencoded};

const SERVER: &str =
    "redis[s]://[user:password@]host[:port][/db] or redis+unix:///path/of/the/socket";
const CLUSTER: &str = "redis[s]+cluster://[user:password@]host:port[,host:port…]";
const SENTINEL: &str = "redis[s]+sentinel://[user:password@]host[:port][,host[:port]…]/MASTER[/db][?sentinel_user=…&sentinel_password=…]";

const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// A Redis to keep shares in, and what is expected of it.
#[derive(Clone)]
pub struct Deployment {
    pub(super) address: Address,
    pub(super) replicas: u32,
    pub(super) certificates: TlsCertificates,
}

/// Where it is.
#[derive(Clone)]
pub(super) enum Address {
    Server(ConnectionInfo),
    Cluster(Vec<ConnectionInfo>),
    Sentinel(Sentinels),
}

/// Who knows which server is the master now.
#[derive(Clone)]
pub(super) struct Sentinels {
    /// With their own user and password, if they have any.
    pub(super) nodes: Vec<ConnectionInfo>,
    pub(super) master: String,
    /// User, password and database of the master; its host is not used.
    pub(super) redis: ConnectionInfo,
}

/// No Redis has this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither one server nor a Cluster nor Sentinels.
    #[error(
        "unknown kind of store; use sqlite:PATH, redis://, redis+cluster:// or redis+sentinel://"
    )]
    Scheme,
    /// Not as it is written.
    #[error("not an address; write {0}, with %40 for @ and the like in a password")]
    Pattern(&'static str),
}

impl Deployment {
    /// Answers only what so many replicas have got, too.
    #[must_use]
    pub fn with_replicas(self, replicas: u32) -> Self {
        Self { replicas, ..self }
    }

    /// Trusts the certificates of this authority alone (PEM).
    #[must_use]
    pub fn with_authority(mut self, certificate: Vec<u8>) -> Self {
        self.certificates.root_cert = Some(certificate);
        self
    }

    /// Shows this certificate to the server, with its key (PEM).
    #[must_use]
    pub fn with_identity(mut self, client_cert: Vec<u8>, client_key: Vec<u8>) -> Self {
        self.certificates.client_tls = Some(::redis::ClientTlsConfig { client_cert, client_key });
        self
    }

    /// Whether connections are encrypted.
    pub fn is_tls(&self) -> bool {
        match &self.address {
            Address::Server(node) => is_tls(node),
            Address::Cluster(nodes) => nodes.iter().any(is_tls),
            Address::Sentinel(sentinels) => is_tls(&sentinels.redis),
        }
    }
}

impl FromStr for Deployment {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = text.split_once("://").ok_or(AddressError::Scheme)?;
        let address = match scheme {
            "redis" | "rediss" | "redis+unix" => server(text)?,
            "redis+cluster" => cluster("redis", rest)?,
            "rediss+cluster" => cluster("rediss", rest)?,
            "redis+sentinel" => sentinel("redis", rest)?,
            "rediss+sentinel" => sentinel("rediss", rest)?,
            _ => return Err(AddressError::Scheme),
        };
        let certificates = TlsCertificates { client_tls: None, root_cert: None };
        Ok(Self { address, replicas: 0, certificates })
    }
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deployment(…)")
    }
}

fn is_tls(node: &ConnectionInfo) -> bool {
    matches!(node.addr(), ConnectionAddr::TcpTls { .. })
}

fn server(text: &str) -> Result<Address, AddressError> {
    // A fragment could turn the check of certificates off.
    let node = (!text.contains('#')).then(|| text.into_connection_info().ok()).flatten();
    Ok(Address::Server(with_pushes(node.ok_or(AddressError::Pattern(SERVER))?)))
}

fn cluster(scheme: &str, rest: &str) -> Result<Address, AddressError> {
    let wrong = AddressError::Pattern(CLUSTER);
    let (user, hosts) = split_user(rest.strip_suffix('/').unwrap_or(rest));
    let nodes = hosts.split(',').map(|host| node(scheme, user, host, REDIS_PORT));
    Ok(Address::Cluster(nodes.collect::<Option<_>>().ok_or(wrong)?))
}

fn sentinel(scheme: &str, rest: &str) -> Result<Address, AddressError> {
    parse_sentinel(scheme, rest).map(Address::Sentinel).ok_or(AddressError::Pattern(SENTINEL))
}

fn parse_sentinel(scheme: &str, rest: &str) -> Option<Sentinels> {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/')?;
    let (user, hosts) = split_user(authority);
    let (master, db) = path.split_once('/').unwrap_or((path, ""));
    let (mut own, mut own_password) = (String::new(), None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "sentinel_user" => own = value.into_owned(),
            "sentinel_password" => own_password = Some(value.into_owned()),
            _ => return None,
        }
    }
    let nodes = hosts.split(',').map(|host| {
        let node = node(scheme, "", host, SENTINEL_PORT)?;
        let settings = node.redis_settings().clone();
        Some(match &own_password {
            Some(password) if own.is_empty() => {
                node.set_redis_settings(settings.set_password(password))
            }
            Some(password) => {
                node.set_redis_settings(settings.set_username(&own).set_password(password))
            }
            None => node,
        })
    });
    let nodes = nodes.collect::<Option<_>>()?;
    let redis = format!("{scheme}://{user}master/{db}").into_connection_info().ok()?;
    let is_name = !master.is_empty() && !master.contains(['#', '%']);
    is_name.then(|| Sentinels { nodes, master: master.to_owned(), redis: with_pushes(redis) })
}

/// `user:password@`, or nothing, and what follows.
fn split_user(authority: &str) -> (&str, &str) {
    authority.split_at(authority.rfind('@').map_or(0, |at| at + 1))
}

fn node(scheme: &str, user: &str, host: &str, default_port: u16) -> Option<ConnectionInfo> {
    let mut url = Url::parse(&format!("{scheme}://{user}{host}")).ok()?;
    let is_host = url.path().is_empty() && url.query().is_none() && url.fragment().is_none();
    if url.port().is_none() {
        url.set_port(Some(default_port)).ok()?;
    }
    is_host.then(|| url.into_connection_info().ok()).flatten().map(with_pushes)
}

/// With the protocol that tells of a lost connection before a request finds out.
fn with_pushes(info: ConnectionInfo) -> ConnectionInfo {
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    info.set_redis_settings(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(nodes: &[ConnectionInfo]) -> Vec<String> {
        nodes.iter().map(|node| node.addr().to_string()).collect()
    }

    fn user(info: &ConnectionInfo) -> (Option<&str>, Option<&str>) {
        let settings = info.redis_settings();
        (settings.username(), settings.password())
    }

    fn parse(text: &str) -> Deployment {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn one_server_is_found() {
        for (text, host, tls) in [
            ("redis://cache", "cache:6379", false),
            ("rediss://ann:s%40t@[::1]:7000/3", "::1:7000", true),
        ] {
            let deployment = parse(text);
            let Address::Server(node) = &deployment.address else { panic!("{text}") };
            assert_eq!((&*hosts(std::slice::from_ref(node))[0], deployment.is_tls()), (host, tls));
        }
        let Address::Server(node) = parse("rediss://ann:s%40t@h/3").address else { panic!() };
        assert_eq!((user(&node), node.redis_settings().db()), ((Some("ann"), Some("s@t")), 3));
    }

    #[test]
    fn the_nodes_of_a_cluster_are_found() {
        let deployment = parse("rediss+cluster://:s%2Ct@a:7000,b,[::1]:7002");
        let Address::Cluster(nodes) = &deployment.address else { panic!() };
        assert_eq!(hosts(nodes), ["a:7000", "b:6379", "::1:7002"]);
        assert!(nodes.iter().all(|node| user(node).1 == Some("s,t")) && deployment.is_tls());
    }

    #[test]
    fn sentinels_have_passwords_of_their_own() {
        let text = "redis+sentinel://ann:secret@a,b:1/mymaster/2?sentinel_password=p%26q";
        let Address::Sentinel(sentinels) = parse(text).address else { panic!() };
        assert_eq!(hosts(&sentinels.nodes), ["a:26379", "b:1"]);
        assert_eq!(user(&sentinels.nodes[1]), (None, Some("p&q")));
        assert_eq!((user(&sentinels.redis)), (Some("ann"), Some("secret")));
        assert_eq!((&*sentinels.master, sentinels.redis.redis_settings().db()), ("mymaster", 2));
        let text = "redis+sentinel://a/m?sentinel_user=eve&sentinel_password=p";
        let Address::Sentinel(named) = parse(text).address else { panic!() };
        assert_eq!(user(&named.nodes[0]), (Some("eve"), Some("p")));
        assert_eq!(user(&named.redis), (None, None));
        let Address::Sentinel(plain) = parse("redis+sentinel://ann:secret@a/m").address else {
            panic!()
        };
        assert_eq!(user(&plain.nodes[0]), (None, None));
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for text in [
            "redis://",
            "rediss://hunter2@host/#insecure",
            "redis://hunter2@host/nan",
            "redis+cluster://",
            "redis+cluster://hunter2@a,,b",
            "redis+cluster://hunter2@a/1",
            "redis+cluster://a:hunter2",
            "redis+sentinel://hunter2@a",
            "redis+sentinel://hunter2@a/",
            "redis+sentinel://hunter2@a/m/nan",
            "redis+sentinel://hunter2@a/m?password=hunter2",
            "redis+cluster:hunter2",
            "rediss+unix://hunter2",
        ] {
            let error = text.parse::<Deployment>().expect_err(text);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}");
        }
        assert!(!format!("{:?}", parse("redis://:hunter2@host")).contains("hunter2"));
    }
}
