//! The pages and the files of the web client, whether or not this build has one.

use crate::support::{Reply, TestServer};

const NOT_BUILT: &[u8] = b"The web client is not part of this build: cargo xtask run builds it.\n";

/// The addresses of files that a page names.
fn assets(page: &Reply) -> Vec<String> {
    let html = String::from_utf8(page.body.clone()).expect("a page is UTF-8");
    let starts = html.match_indices("/assets/").map(|(at, _)| &html[at..]);
    let ends = starts.filter_map(|rest| rest.split(['"', '\'', ' ', ')']).next());
    ends.map(str::to_owned).collect()
}

#[test]
fn every_link_leads_to_the_same_page() {
    let server = TestServer::start();
    let page = server.get("/s");
    assert_eq!(page.status, 200);
    for path in ["/s/", "/s?x=y", "/s%23AAAA", "/s/AAAA", "/share"] {
        assert_eq!(server.get(path).body, page.body, "{path}");
    }
}

#[test]
fn every_mail_leads_to_the_same_page() {
    let server = TestServer::start();
    let page = server.get("/confirm");
    assert_eq!(page.status, 200);
    for path in ["/confirm/", "/confirm?x=y", "/confirm%23AAAA"] {
        assert_eq!(server.get(path).body, page.body, "{path}");
    }
}

#[test]
fn every_request_leads_to_the_same_page_and_no_other_address_does() {
    let server = TestServer::start();
    let page = server.get("/r");
    assert_eq!(page.status, 200);
    for path in ["/r/", "/r?x=y", "/r%23AAAA", "/r/AAAA"] {
        assert_eq!(server.get(path).body, page.body, "{path}");
    }
    assert_eq!(server.get("/readyz").status, 200);
    assert_eq!(server.get("/robots.txt").status, 404);
}

#[test]
fn pages_are_html_or_say_that_there_are_none() {
    let server = TestServer::start();
    for path in ["/", "/links", "/ask", "/r", "/s", "/confirm"] {
        let page = server.get(path);
        let kind = page.header("content-type").expect("there is one");
        if page.body == NOT_BUILT {
            assert_eq!(kind, "text/plain; charset=utf-8");
            continue;
        }
        assert_eq!(kind, "text/html; charset=utf-8");
        let assets = assets(&page);
        assert!(!assets.is_empty(), "{path} names no file");
        for asset in assets {
            let plain = server.get(&asset);
            assert_eq!(plain.status, 200, "{asset}");
            assert_ne!(plain.header("content-type"), Some("application/octet-stream"), "{asset}");
            assert_eq!(
                plain.header("cache-control"),
                Some("public, max-age=31536000, immutable"),
                "{asset}"
            );
            assert_eq!(server.get(&format!("{asset}.br")).status, 404, "{asset}.br");
            let packed = server.send("GET", &asset, &[("accept-encoding", "gzip, br")], b"");
            if packed.header("content-encoding").is_some() {
                assert!(packed.body.len() < plain.body.len(), "{asset} is larger packed");
            }
        }
    }
}

#[test]
fn pages_and_files_can_only_be_read() {
    let server = TestServer::start();
    for path in ["/", "/s", "/s%23AAAA", "/assets/nothing.js"] {
        let (got, head) = (server.get(path), server.send("HEAD", path, &[], b""));
        assert_eq!(head.status, got.status, "{path}");
        assert_eq!(head.header("content-type"), got.header("content-type"), "{path}");
        assert!(head.body.is_empty(), "{path}");
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let reply = server.send(method, path, &[], b"");
            assert_eq!(reply.status, 405, "{method} {path}");
            assert_eq!(reply.header("allow"), Some("GET, HEAD"), "{method} {path}");
        }
    }
}
