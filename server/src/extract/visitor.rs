//! Whom a request comes from.
//!
//! Invariant: what a header says of that is believed only of a trusted proxy, and only its own words: the
//! hop that it added last, or those before it as far as they are trusted proxies too. Anything in doubt is
//! the peer.

use crate::{net::Rules, network::Network, service::Service};
use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web::Data};
use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::{IpAddr, SocketAddr},
    sync::Once,
};

/// That a header is not believed is said once.
static UNBELIEVED: Once = Once::new();

/// The network of a request's visitor.
#[derive(Clone, Copy)]
pub(crate) struct Visitor(pub(crate) Network);

impl FromRequest for Visitor {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let service = request.app_data::<Data<Service>>().expect("every app has its service");
        let peer = request.peer_addr().expect("a connection has a peer").ip();
        let lines = |name| {
            let values = request.headers().get_all(name).map(|value| value.to_str());
            values.collect::<Result<Vec<_>, _>>().map(|lines| lines.join(",")).ok()
        };
        let (x, forwarded) = (lines(header::X_FORWARDED_FOR), lines(header::FORWARDED));
        let address = visitor(&service.net, peer, x.as_deref(), forwarded.as_deref());
        ready(Ok(Self(address.into())))
    }
}

/// The address that counts. The headers are `None` if they are no text, and empty if they are not there.
fn visitor(
    rules: &Rules,
    peer: IpAddr,
    x_forwarded_for: Option<&str>,
    forwarded: Option<&str>,
) -> IpAddr {
    if (x_forwarded_for, forwarded) == (Some(""), Some("")) {
        return peer;
    }
    if !rules.is_proxy(peer) {
        UNBELIEVED.call_once(|| {
            tracing::warn!(
                "a peer that is not one of trusted-proxies says that it forwards for others: what \
                 all of them do is counted as its own"
            );
        });
        return peer;
    }
    let first_untrusted = |list: &str, hop: fn(&str) -> Option<IpAddr>| {
        let mut hops = list.rsplit(',').map(hop);
        hops.find(|hop| hop.is_none_or(|address| !rules.is_proxy(address))).flatten()
    };
    match (x_forwarded_for, forwarded) {
        (Some(list), Some("")) => first_untrusted(list, x_hop),
        (Some(""), Some(list)) => first_untrusted(list, forwarded_hop),
        // A proxy that writes one passes the other on as a client wrote it.
        (Some(x), Some(list)) => first_untrusted(x, x_hop)
            .filter(|address| first_untrusted(list, forwarded_hop) == Some(*address)),
        _ => None,
    }
    .unwrap_or(peer)
}

/// An address, with or without a port.
fn x_hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(with_port).or_else(bracketed)
}

/// `for=` of one element (RFC 7239).
fn forwarded_hop(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let node = node.trim();
    x_hop(node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Limits, Patience};
    use std::time::Duration;

    fn rules() -> Rules {
        let second = Duration::from_secs(1);
        let patience = Patience { stall: second, rate: 0 };
        Rules {
            limits: Limits { head: second, idle: second, patience },
            connections: 0,
            of_one_network: 0,
            proxies: ["10.0.0.0/8", "fd00::/8"].map(|text| text.parse().expect(text)).to_vec(),
            shutdown: second,
            workers: None,
        }
    }

    #[test]
    fn only_what_trusted_proxies_add_is_believed() {
        let rules = rules();
        for (peer, x, forwarded, who) in [
            ("10.0.0.1", "", "", "10.0.0.1"),
            ("10.0.0.1", "192.0.2.1", "", "192.0.2.1"),
            ("::ffff:10.0.0.1", "192.0.2.1", "", "192.0.2.1"),
            ("fd00::1", "2001:db8::1", "", "2001:db8::1"),
            // What the client wrote comes before what the proxy added.
            ("10.0.0.1", "127.0.0.1, 192.0.2.1", "", "192.0.2.1"),
            ("10.0.0.1", "evil, 192.0.2.1", "", "192.0.2.1"),
            ("10.0.0.1", "\", 192.0.2.1", "", "192.0.2.1"),
            // Through two proxies, and a client that pretends to be one.
            ("10.0.0.1", "192.0.2.1, 10.0.0.2", "", "192.0.2.1"),
            ("10.0.0.1", "192.0.2.9, 192.0.2.1, 10.0.0.2 ,10.0.0.3", "", "192.0.2.1"),
            ("10.0.0.1", "10.0.0.2", "", "10.0.0.1"),
            // With ports.
            ("10.0.0.1", "192.0.2.1:443", "", "192.0.2.1"),
            ("10.0.0.1", "[2001:db8::1]:443", "", "2001:db8::1"),
            ("10.0.0.1", "[2001:db8::1]", "", "2001:db8::1"),
            // Malformed.
            ("10.0.0.1", "unknown", "", "10.0.0.1"),
            ("10.0.0.1", "192.0.2.1,", "", "10.0.0.1"),
            ("10.0.0.1", "192.0.2.1, unknown, 10.0.0.2", "", "10.0.0.1"),
            ("10.0.0.1", "192.0.2.256", "", "10.0.0.1"),
            ("10.0.0.1", ",", "", "10.0.0.1"),
            // RFC 7239.
            ("10.0.0.1", "", "for=192.0.2.1", "192.0.2.1"),
            ("10.0.0.1", "", "For=\"192.0.2.1:80\";proto=https;by=10.0.0.1", "192.0.2.1"),
            ("10.0.0.1", "", "proto=https; for=\"[2001:db8::1]:80\"", "2001:db8::1"),
            ("10.0.0.1", "", "for=127.0.0.1, for=192.0.2.1", "192.0.2.1"),
            ("10.0.0.1", "", "for=\"evil, for=192.0.2.1", "192.0.2.1"),
            ("10.0.0.1", "", "for=_hidden", "10.0.0.1"),
            ("10.0.0.1", "", "by=192.0.2.1", "10.0.0.1"),
            // Both, which one of them a client may have written.
            ("10.0.0.1", "192.0.2.1", "for=192.0.2.1", "192.0.2.1"),
            ("10.0.0.1", "192.0.2.1", "for=192.0.2.2", "10.0.0.1"),
            // Nobody's proxy.
            ("192.0.2.5", "192.0.2.1", "", "192.0.2.5"),
            ("192.0.2.5", "", "for=192.0.2.1", "192.0.2.5"),
            ("fe80::1", "192.0.2.1", "", "fe80::1"),
        ] {
            let peer_address = peer.parse().expect(peer);
            let found = visitor(&rules, peer_address, Some(x), Some(forwarded));
            let who: IpAddr = who.parse().expect(who);
            let found = Network::from(found);
            assert!(found == who.into(), "{peer} {x:?} {forwarded:?} is {}", found.address());
        }
        let peer = [10, 0, 0, 1].into();
        assert_eq!(visitor(&rules, peer, None, Some("")), peer, "no text");
    }
}
