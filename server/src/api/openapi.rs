//! The OpenAPI document, generated from the handlers.

use super::{answer, confirmation, operator, owner, recipient};
use actix_web::HttpResponse;
use std::{collections::BTreeMap, sync::LazyLock};
use utoipa::{
    IntoParams, IntoResponses, Modify, OpenApi, ToSchema,
    openapi::{
        Content, Ref, RefOr, Response, ResponseBuilder,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use waxseal_core::{
    token::ShareId,
    wire::{PROBLEM_JSON, Problem},
};

/// Path parameter of every call about one share.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read by the derive only")]
pub(super) struct IdParam {
    /// The share's name.
    id: ShareId,
}

/// Path parameter of every call about one part.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "read by the derive only")]
pub(super) struct PartParam {
    /// The part's number, from 0.
    n: u64,
}

/// Bytes as they are.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "read by the derive only")]
pub(super) struct Octets(Vec<u8>);

/// A problem with each of these statuses.
macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident { $($status:literal: $what:literal,)+ })+) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$(($status.into(), problem($what).into()),)+].into()
            }
        }
    )+};
}

problems! {
    /// Any call.
    Any {
        "400": "No HTTP as it should be, or a body that is not all there",
        "403": "A browser sent it for a page of another site",
        "500": "A fault of the server",
        "503": "The store cannot be reached",
    }
    /// Calls with a body.
    Body {
        "408": "The body made no progress",
        "413": "Too large",
        "415": "Another media type",
        "422": "Not what the call takes, or not what this server offers",
    }
    /// Calls about a share, which want a token.
    Token {
        "401": "The token is missing or is none",
        "404": "Unknown, or a wrong token for it",
    }
    /// Calls that an application grants.
    Granted {
        "401": "A grant is needed here, and there is none",
        "403": "The grant is of no use, or a browser sent it for another site",
    }
    /// Calls that may name a request.
    Asked {
        "404": "The request is unknown, or its token wrong",
        "410": "The request is answered, or over some other way",
    }
    /// Calls that the share's state may not admit.
    State { "409": "The share's state does not admit it", }
    /// Calls that need room.
    Room { "507": "There is no room", }
    /// Calls about what was mailed.
    Mailed {
        "403": "The number is wrong, or a browser sent it for another site",
        "404": "Unknown, or not what was mailed last for it",
    }
    /// Calls that only live shares admit.
    Over { "410": "The share or the claim is over", }
    /// Calls that may want a passphrase.
    Passphrase { "403": "A passphrase is missing or wrong, or a browser sent it for another site", }
    /// Calls that are counted.
    Counted { "429": "Too much from one address for now, see `Retry-After`", }
    /// Calls that answer a part.
    Range { "416": "No byte of the part is in the range", }
}

fn problem(what: &str) -> Response {
    let problem = Ref::from_schema_name(Problem::name());
    ResponseBuilder::new()
        .description(format!("{what}: clients act on `type` (RFC 9457)"))
        .content(PROBLEM_JSON, Content::new(Some(problem)))
        .build()
}

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, whose) in [
            ("grant", "Grant: of an application, where this server wants one (a JWT)"),
            ("access", "Access token: of whoever holds the link"),
            ("claim", "Claim token: of one opening"),
            ("owner", "Owner token: of whoever made the share"),
            ("operator", "Operator token: of whoever runs the server"),
        ] {
            let mut bearer = Http::new(HttpAuthScheme::Bearer);
            let format = if name == "grant" {
                "JWT"
            } else {
                "32 bytes as canonical base64url without padding"
            };
            bearer.bearer_format = Some(format.into());
            bearer.description = Some(whose.into());
            components.add_security_scheme(name, SecurityScheme::Http(bearer));
        }
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Waxseal",
        description = "Shares secrets once. The server keeps ciphertext only.",
    ),
    paths(
        owner::create, owner::put_part, owner::parts, owner::publish, owner::status, owner::revoke,
        owner::statuses,
        confirmation::ask, confirmation::wait, confirmation::confirm, confirmation::deny,
        recipient::landing, recipient::claim, recipient::part, recipient::renew,
        recipient::acknowledge, answer::answer,
        operator::policy, operator::healthy, operator::ready, operator::take_down, document,
    ),
    components(schemas(Problem)),
    tags(
        (name = "owner", description = "Of whoever makes a share"),
        (name = "recipient", description = "Of whoever holds the link"),
        (name = "operator", description = "Of the server itself"),
    ),
    modifiers(&Tokens),
)]
struct Document;

/// This document.
#[utoipa::path(
    get, path = "/api/openapi.json", tag = "operator",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value), Any)
)]
pub(super) async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(json())
}

pub(super) fn json() -> &'static str {
    static JSON: LazyLock<String> = LazyLock::new(|| {
        Document::openapi().to_json().expect("a document of strings and maps is JSON")
    });
    &JSON
}
