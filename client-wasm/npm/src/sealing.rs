//! From what is to be shared to ciphertext, and to the message that makes a share of it.
//!
//! Invariant: each secret and token is drawn anew for every share; what a part lacks of a file's bytes is
//! noticed before it is sealed.

use crate::{
    given::{list, passphrase, plain, property, small_number, text, unfit, whole_number},
    refusal::Refusal,
};
use getrandom::SysRng;
use js_sys::{Array, Number, Uint8Array};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use waxseal_core::{
    body::{BodyPlan, Piece, SealError},
    keys::LinkKeys,
    link::LinkSecret,
    manifest::{Field, FieldKind, File, Manifest, SealedPolicy},
    token::{OwnerToken, Proof},
    totp::Totp,
    wire::{CreateRequest, ExpiresIn, Views},
};
use waxseal_engine::Engine;

/// A share before it is one.
#[wasm_bindgen]
pub struct Sealing {
    plan: BodyPlan,
    secret: LinkSecret,
    owner: OwnerToken,
    request: CreateRequest,
}

#[wasm_bindgen]
impl Sealing {
    /// Draws what is to be drawn and plans the body; of files only the sizes are asked for.
    #[wasm_bindgen(constructor)]
    pub fn new(item: &JsValue, terms: &JsValue) -> Result<Self, Refusal> {
        let policy = SealedPolicy { views: views(terms)?, expires_in: expires_in(terms)? };
        let manifest = manifest(item, policy)?;
        let passphrase = passphrase(&property(terms, "passphrase"))?;
        let secret = LinkSecret::generate(&mut SysRng).map_err(Refusal::no_random)?;
        let owner = OwnerToken::generate(&mut SysRng).map_err(Refusal::no_random)?;
        let keys = LinkKeys::derive(&secret);
        let (key, proof) = keys.body_with(passphrase.as_ref());
        let plan = BodyPlan::new(&key, &manifest, &mut SysRng)?;
        let request = CreateRequest {
            passphrase_hash: proof.as_ref().map(Proof::hash),
            ..CreateRequest::new(&keys, &owner, plan.size(), policy)
        };
        Ok(Self { plan, secret, owner, request })
    }

    #[wasm_bindgen(getter)]
    pub fn id(&self) -> String {
        self.request.id.to_base64url()
    }

    #[wasm_bindgen(getter)]
    pub fn token(&self) -> String {
        self.secret.to_token().to_string()
    }

    #[wasm_bindgen(getter)]
    pub fn owner(&self) -> String {
        self.owner.to_base64url()
    }

    #[wasm_bindgen(getter)]
    pub fn size(&self) -> f64 {
        self.request.size.get() as f64
    }

    #[wasm_bindgen(getter)]
    pub fn parts(&self) -> f64 {
        self.request.size.parts() as f64
    }

    /// What `POST /api/shares` takes, with part 0 where that is all.
    pub fn request(&self, head: Option<Vec<u8>>) -> JsValue {
        plain(&CreateRequest { head, ..self.request.clone() })
    }

    /// Which bytes of which files part `n` holds, in order: `[file, from, to]` each.
    pub fn wants(&self, n: &JsValue) -> Result<Array, Refusal> {
        let pieces = self.plan.pieces(self.part(n)?).into_iter();
        let wanted = pieces.filter_map(|piece| match piece {
            Piece::File { index, range } => {
                let numbers = [index as f64, range.start as f64, range.end as f64];
                Some(numbers.map(Number::from).iter().collect::<Array>())
            }
            Piece::Prefix(_) | Piece::Zeros(_) => None,
        });
        Ok(wanted.collect())
    }

    /// Part `n`, sealed; `contents` is what [`Self::wants`] says.
    pub async fn seal(&self, n: JsValue, contents: Uint8Array) -> Result<Uint8Array, Refusal> {
        let n = self.part(&n)?;
        let size = self.plan.size();
        let plaintext = self.plaintext(n, &contents)?;
        let front = if n == 0 { self.plan.seal().as_bytes().as_slice() } else { &[] };
        let len = size.part_len(n).unwrap_or_default();
        let out = Uint8Array::new_with_length(len as u32);
        let engine = Engine::new(self.plan.key()).await;
        let sealed = engine.seal_part(size, n, &plaintext, front, &out).await;
        plaintext.fill(0, 0, plaintext.length());
        Ok(sealed?)
    }

    /// Part `n` before it is sealed.
    fn plaintext(&self, n: u64, contents: &Uint8Array) -> Result<Uint8Array, Refusal> {
        let range = self.plan.size().part_plaintext(n);
        let plaintext = Uint8Array::new_with_length((range.end - range.start) as u32);
        let (mut at, mut from) = (0, 0);
        for piece in self.plan.pieces(n) {
            match piece {
                Piece::Prefix(range) => {
                    let to = at + range.len() as u32;
                    plaintext.subarray(at, to).copy_from(&self.plan.prefix()[range]);
                    at = to;
                }
                Piece::File { range, .. } => {
                    let len = (range.end - range.start) as u32;
                    let bytes = contents.subarray(from, from + len);
                    if bytes.length() != len {
                        return Err(SealError::FileChanged.into());
                    }
                    plaintext.set(&bytes, at);
                    (at, from) = (at + len, from + len);
                }
                // They are there already, and nothing follows them.
                Piece::Zeros(_) => {}
            }
        }
        if from == contents.length() { Ok(plaintext) } else { Err(SealError::FileChanged.into()) }
    }

    fn part(&self, n: &JsValue) -> Result<u64, Refusal> {
        let n = whole_number(n).filter(|n| *n < self.plan.size().parts());
        n.ok_or_else(|| unfit("part", "the number of one"))
    }
}

/// The link of a token, on a server of this origin.
#[wasm_bindgen(js_name = makeLink)]
pub fn make_link(origin: &str, token: &str) -> Result<String, Refusal> {
    Ok(LinkSecret::from_token(token)?.to_link(origin).to_string())
}

fn views(terms: &JsValue) -> Result<Option<Views>, Refusal> {
    let views = property(terms, "views");
    if views.is_null() {
        return Ok(None);
    }
    let views = small_number(&views).and_then(|views| Views::try_from(views).ok());
    let views = views.ok_or_else(|| unfit("views", "1 to 100, or null for any number"))?;
    Ok(Some(views))
}

fn expires_in(terms: &JsValue) -> Result<ExpiresIn, Refusal> {
    let seconds = small_number(&property(terms, "expiresIn"));
    let expires_in = seconds.and_then(|seconds| ExpiresIn::try_from(seconds).ok());
    expires_in.ok_or_else(|| unfit("expiresIn", "60 to 2592000 seconds"))
}

fn manifest(item: &JsValue, policy: SealedPolicy) -> Result<Manifest, Refusal> {
    let mut manifest = Manifest::default();
    (manifest.title, manifest.from) = (optional(item, "title")?, optional(item, "from")?);
    manifest.policy = Some(policy);
    if let Some(value) = text(item, "text")? {
        let label = "Text".to_owned();
        manifest.fields.push(Field { label, value, kind: FieldKind::Multiline });
    }
    for given in list(item, "fields")? {
        let field = field(&given, &manifest.title)?;
        manifest.fields.push(field);
    }
    manifest.files = list(item, "files")?.iter().map(file).collect::<Result<_, _>>()?;
    if manifest.fields.is_empty() && manifest.files.is_empty() {
        return Err(Refusal::invalid("there is nothing to share: give a text, fields or files"));
    }
    Ok(manifest)
}

/// A text, which is empty where there is none.
fn optional(object: &JsValue, name: &str) -> Result<String, Refusal> {
    Ok(text(object, name)?.unwrap_or_default())
}

fn field(field: &JsValue, title: &str) -> Result<Field, Refusal> {
    let label = optional(field, "label")?;
    let value = text(field, "value")?.ok_or_else(|| unfit("value", "a string"))?;
    let kind = text(field, "kind")?.unwrap_or_else(|| FieldKind::Text.as_str().to_owned());
    let kind = KINDS.into_iter().find(|known| known.as_str() == kind);
    let kind = kind.ok_or_else(|| unfit("kind", "text, multiline, concealed, url or totp"))?;
    if kind != FieldKind::Totp {
        return Ok(Field { label, value, kind });
    }
    let uri = Totp::uri_of(&value, title);
    let value = uri.ok_or_else(|| unfit("totp", "a base32 secret or an otpauth:// address"))?;
    Ok(Field { label, value, kind })
}

const KINDS: [FieldKind; 5] =
    [FieldKind::Text, FieldKind::Multiline, FieldKind::Concealed, FieldKind::Url, FieldKind::Totp];

/// A file, whose content is bytes or a `Blob`.
fn file(file: &JsValue) -> Result<File, Refusal> {
    let content = property(file, "content");
    let name = text(file, "name")?.ok_or_else(|| unfit("name", "a string"))?;
    let media_type = match text(file, "type")? {
        Some(media_type) => media_type,
        None => optional(&content, "type")?,
    };
    // Not by class: those of another window or test runner are bytes, too.
    let bytes = property(&content, "BYTES_PER_ELEMENT") == 1;
    let size = whole_number(&property(&content, if bytes { "byteLength" } else { "size" }));
    let size = size.ok_or_else(|| unfit("content", "a Uint8Array or a Blob"))?;
    Ok(File { name, media_type, size })
}
