//! The OpenAPI document, generated from the handlers.

use super::{operator, owner, recipient};
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

/// The errors of every call.
pub(super) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problem = Ref::from_schema_name(Problem::name());
        let response = ResponseBuilder::new()
            .description("A problem (RFC 9457): clients act on `type`")
            .content(PROBLEM_JSON, Content::new(Some(problem)))
            .build();
        BTreeMap::from([("default".into(), response.into())])
    }
}

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, whose) in [
            ("access", "Access token: of whoever holds the link"),
            ("claim", "Claim token: of one opening"),
            ("owner", "Owner token: of whoever made the share"),
            ("operator", "Operator token: of whoever runs the server"),
        ] {
            let mut bearer = Http::new(HttpAuthScheme::Bearer);
            bearer.bearer_format = Some("32 bytes as canonical base64url without padding".into());
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
        recipient::landing, recipient::claim, recipient::part, recipient::renew,
        recipient::acknowledge,
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
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value))
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
