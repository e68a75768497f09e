//! The client's files, ready to be sent.
//!
//! Invariant: a file has one address, in whatever encoding it is sent.

use crate::headers;
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, AcceptEncoding, Encoding, Header, HeaderValue, Preference, Quality},
    web::Bytes,
};
use rust_embed::RustEmbed;
use std::{borrow::Cow, collections::HashMap};

/// What a file may be there in beside its own form, the smallest last, and what its name ends in then.
const ENCODINGS: [(Encoding, &str, &str); 2] =
    [(Encoding::gzip(), "gzip", ".gz"), (Encoding::brotli(), "br", ".br")];
const BY_ENCODING: HeaderValue = HeaderValue::from_static("accept-encoding");

/// Files by their names.
pub(super) struct Files(HashMap<Cow<'static, str>, File>);

struct File {
    content_type: HeaderValue,
    is_page: bool,
    plain: Bytes,
    packed: Vec<Packed>,
}

struct Packed {
    encoding: Encoding,
    name: HeaderValue,
    content: Bytes,
}

impl Files {
    /// Those that are embedded. Beside most `NAME` there are `NAME.br` and `NAME.gz`.
    pub(super) fn of<Embedded: RustEmbed>() -> Self {
        let own = |name: &Cow<'static, str>| !ENCODINGS.iter().any(|(.., end)| name.ends_with(end));
        let named = Embedded::iter().filter(own);
        Self(
            named.filter_map(|name| File::of::<Embedded>(&name).map(|file| (name, file))).collect(),
        )
    }

    /// Answers with a file, in the smallest encoding that there is and that the request takes; `None` if there
    /// is no such file.
    pub(super) fn answer(&self, request: &HttpRequest, name: &str) -> Option<HttpResponse> {
        let file = self.0.get(name)?;
        let packed = file.packed_for(request);
        let content = packed.map_or(&file.plain, |packed| &packed.content);
        let mut response = HttpResponse::Ok().body(content.clone());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, file.content_type.clone());
        headers.insert(header::VARY, BY_ENCODING);
        if let Some(packed) = packed {
            headers.insert(header::CONTENT_ENCODING, packed.name.clone());
        }
        if file.is_page {
            let (name, value) = headers::PERMISSIONS;
            headers.insert(name, HeaderValue::from_static(value));
        }
        Some(response)
    }
}

impl File {
    fn of<Embedded: RustEmbed>(name: &str) -> Option<Self> {
        let content = |name: &str| Some(bytes(Embedded::get(name)?.data));
        let packed = ENCODINGS.into_iter().filter_map(|(encoding, shown, end)| {
            let content = content(&format!("{name}{end}"))?;
            Some(Packed { encoding, name: HeaderValue::from_static(shown), content })
        });
        Some(Self {
            content_type: HeaderValue::from_static(content_type(name)),
            is_page: name.ends_with(".html"),
            plain: content(name)?,
            packed: packed.collect(),
        })
    }

    /// The smallest of those that the request takes most gladly; `None` if that is the file's own form.
    fn packed_for(&self, request: &HttpRequest) -> Option<&Packed> {
        let accepted = AcceptEncoding::parse(request).ok()?;
        let quality = |encoding: &Encoding| {
            let is_it = |named: &Preference<Encoding>| named.item() == Some(encoding);
            accepted.0.iter().find(|named| is_it(&named.item)).map(|named| named.quality)
        };
        let plain = quality(&Encoding::identity()).unwrap_or(Quality::MIN).max(Quality::MIN);
        let taken = self.packed.iter().filter_map(|packed| {
            let quality = quality(&packed.encoding)?;
            (quality >= plain).then_some((quality, packed))
        });
        taken.max_by_key(|(quality, _)| *quality).map(|(_, packed)| packed)
    }
}

fn bytes(content: Cow<'static, [u8]>) -> Bytes {
    match content {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    }
}

pub(super) fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use rust_embed::Embed;

    /// `a.js` in three versions, `b.svg` in one.
    #[derive(Embed)]
    #[folder = "tests/web"]
    struct Embedded;

    fn encoding(name: &str, accept: &str) -> Option<String> {
        let request = TestRequest::default().insert_header((header::ACCEPT_ENCODING, accept));
        let response = Files::of::<Embedded>().answer(&request.to_http_request(), name);
        let response = response.expect("the file is there");
        assert!(response.headers().contains_key(header::VARY));
        let encoding = response.headers().get(header::CONTENT_ENCODING)?;
        Some(encoding.to_str().expect("an ASCII name").to_owned())
    }

    #[test]
    fn the_smallest_encoding_that_the_request_takes_is_sent() {
        for (accept, sent) in [
            ("gzip, deflate, br, zstd", Some("br")),
            ("gzip, deflate", Some("gzip")),
            ("br;q=0, gzip", Some("gzip")),
            ("br;q=0.5, gzip;q=0.9", Some("gzip")),
            ("br;q=0.5, identity", None),
            ("br;q=0, identity;q=0", None),
            ("identity", None),
            ("*", None),
            ("", None),
            ("nonsense;;q=x", None),
        ] {
            assert_eq!(encoding("a.js", accept).as_deref(), sent, "{accept}");
            assert_eq!(encoding("b.svg", accept), None, "{accept}");
        }
    }

    #[test]
    fn packed_versions_have_no_address_of_their_own() {
        let request = TestRequest::default().to_http_request();
        for name in ["a.js.br", "a.js.gz", "c.js", "../web/a.js", ""] {
            assert!(Files::of::<Embedded>().answer(&request, name).is_none(), "{name}");
        }
    }
}
