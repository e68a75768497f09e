//! A look at a small picture or the start of a text, without saving it.
//!
//! Invariant: a picture becomes pixels on a canvas of bounded size, a text becomes the text of an
//! element; markup of any kind is never rendered, whatever the attachment says it is.

use super::{
    build::{element, text, with},
    fetch, lease,
    look::{Look, MAX_TEXT},
    row::{Row, Tone},
    save,
    session::Session,
};
use crate::{dom, transfer::Progress, words, worker::Failure};
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement, ImageBitmap,
};

/// Pixels that a picture may have: what it is packed into may be a thousand times smaller.
const MAX_PIXELS: usize = 50_000_000;
/// The longest side of a canvas.
const MAX_SIDE: f64 = 1600.0;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = createImageBitmap)]
    fn create_image_bitmap(blob: &Blob, options: &Object) -> Result<Promise, JsValue>;
}

/// Shows attachment `number`, or hides it again.
pub(super) fn toggle(session: &Rc<Session>, number: usize) {
    let row = session.attachments[number].row.clone();
    if row.shown.has_child_nodes() {
        return hide(&row);
    }
    row.preview.set_disabled(true);
    row.label(&row.preview, "Opening…");
    let session = Rc::clone(session);
    spawn_local(async move {
        match show(&session, number).await {
            Ok(()) => {
                dom::show(&row.shown, true);
                row.label(&row.preview, "Hide");
            }
            Err(why) => {
                hide(&row);
                match why {
                    NotShown::Failure(failure) => {
                        row.rests(&save::reason(&failure, false), Tone::Bad);
                        if let Failure::Problem(problem) = &failure {
                            lease::refused(&session, problem);
                        }
                    }
                    NotShown::Refused(why) => row.rests(why, Tone::Plain),
                }
            }
        }
        row.preview.set_disabled(false);
    });
}

fn hide(row: &Row) {
    row.shown.set_text_content(None);
    dom::show(&row.shown, false);
    row.label(&row.preview, "Preview");
}

/// Why there is nothing to see.
enum NotShown {
    /// It could not be had.
    Failure(Failure),
    /// It is nothing that is shown here.
    Refused(&'static str),
}

const NO_PICTURE: NotShown =
    NotShown::Refused("This is no picture that can be shown here. It can be saved.");
const NO_TEXT: NotShown = NotShown::Refused("This is no plain text. It can be saved.");

async fn show(session: &Session, number: usize) -> Result<(), NotShown> {
    let attachment = &session.attachments[number];
    let is_picture = attachment.look == Some(Look::Picture);
    let mut range = attachment.range.clone();
    if !is_picture {
        range.end = range.end.min(range.start + MAX_TEXT);
    }
    let progress = Progress::new(range.end - range.start, |_| {});
    let bytes = fetch::bytes(session, &range, &progress).await.map_err(NotShown::Failure)?;
    if session.is_over() {
        return Err(NotShown::Refused(""));
    }
    let shown: HtmlElement = if is_picture {
        picture(&bytes, &attachment.name).await?.unchecked_into()
    } else {
        let whole = range.end == attachment.range.end;
        reading(&bytes, whole, &attachment.name)?
    };
    with(attachment.row.shown.clone(), &[&shown]);
    if range.end < attachment.range.end {
        let (some, all) = (words::size(MAX_TEXT), words::size(attachment.size()));
        let caption = text("figcaption", "quiet small", &format!("The first {some} of {all}"));
        dom::append(&attachment.row.shown, &caption);
    }
    Ok(())
}

/// The text that `bytes` are, or begin.
fn reading(bytes: &[u8], whole: bool, name: &str) -> Result<HtmlElement, NotShown> {
    let content = plain(bytes, whole).ok_or(NO_TEXT)?;
    let pre = text("pre", "reading", content);
    dom::set(&pre, "dir", "auto");
    // It scrolls, so the keyboard must get there.
    dom::set(&pre, "tabindex", "0");
    dom::set(&pre, "role", "region");
    dom::set(&pre, "aria-label", &format!("Content of {name}"));
    Ok(pre)
}

/// UTF-8 without NUL; where more follows, the last character may be cut.
fn plain(bytes: &[u8], whole: bool) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if !whole && error.error_len().is_none() => {
            std::str::from_utf8(bytes.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    (!text.contains('\0')).then_some(text)
}

/// The media type and the sides of a picture that browsers decode to pixels alone.
fn look_at(bytes: &[u8]) -> Option<(&'static str, usize, usize)> {
    use imagesize::{Compression, ImageType};
    let media_type = match imagesize::image_type(bytes).ok()? {
        ImageType::Png => "image/png",
        ImageType::Jpeg => "image/jpeg",
        ImageType::Gif => "image/gif",
        ImageType::Webp => "image/webp",
        ImageType::Bmp => "image/bmp",
        ImageType::Heif(Compression::Av1) => "image/avif",
        _ => return None,
    };
    let size = imagesize::blob_size(bytes).ok()?;
    Some((media_type, size.width, size.height))
}

async fn picture(bytes: &[u8], name: &str) -> Result<HtmlCanvasElement, NotShown> {
    let (media_type, width, height) = look_at(bytes).ok_or(NO_PICTURE)?;
    if width == 0 || height == 0 || width.saturating_mul(height) > MAX_PIXELS {
        return Err(NotShown::Refused(
            "This picture is too large to be shown here. It can be saved.",
        ));
    }
    draw(bytes, media_type, width as f64, height as f64, name).await.map_err(|_| NO_PICTURE)
}

async fn draw(
    bytes: &[u8],
    media_type: &str,
    width: f64,
    height: f64,
    name: &str,
) -> Result<HtmlCanvasElement, JsValue> {
    let kind = BlobPropertyBag::new();
    kind.set_type(media_type);
    let content = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_buffer_source_sequence_and_options(&content, &kind)?;
    let options = Object::new();
    let scale = MAX_SIDE / width.max(height);
    if scale < 1.0 {
        Reflect::set(&options, &"resizeWidth".into(), &(width * scale).ceil().into())?;
        Reflect::set(&options, &"resizeQuality".into(), &"medium".into())?;
    }
    let bitmap = JsFuture::from(create_image_bitmap(&blob, &options)?).await?;
    let bitmap: ImageBitmap = bitmap.unchecked_into();
    let canvas: HtmlCanvasElement = element("canvas", "");
    let side = |side: u32| side.min(MAX_SIDE as u32);
    canvas.set_width(side(bitmap.width()));
    canvas.set_height(side(bitmap.height()));
    dom::set(&canvas, "role", "img");
    dom::set(&canvas, "aria-label", &format!("Preview of {name}"));
    let context = canvas.get_context("2d")?.ok_or(JsValue::UNDEFINED)?;
    let context: CanvasRenderingContext2d = context.unchecked_into();
    context.draw_image_with_image_bitmap(&bitmap, 0.0, 0.0)?;
    bitmap.close();
    Ok(canvas)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_utf_8_without_nul_and_may_be_cut_where_more_follows() {
        assert_eq!(plain("häßlich".as_bytes(), true), Some("häßlich"));
        assert_eq!(plain(b"a\0b", true), None);
        assert_eq!(plain(b"a\xffb", true), None);
        assert_eq!(plain(b"a\xffb", false), None);
        let cut = &"aé".as_bytes()[..2];
        assert_eq!((plain(cut, false), plain(cut, true)), (Some("a"), None));
    }

    #[test]
    fn a_picture_is_known_by_its_bytes() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x06\0\0\0";
        assert_eq!(look_at(png), Some(("image/png", 2, 3)));
        let gif = b"GIF89a\x02\0\x03\0\0\0\0";
        assert_eq!(look_at(gif), Some(("image/gif", 2, 3)));
        for other in
            [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"%PDF-1.7", b"<html>", b""]
        {
            assert_eq!(look_at(other), None);
        }
    }
}
