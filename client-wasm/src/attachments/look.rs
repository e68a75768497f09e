//! Whether a look at an attachment is offered, by its name and its media type. Neither is to be
//! trusted: what is shown is looked at first.

/// The largest picture that is shown, in bytes.
const MAX_PICTURE: u64 = 10 * 1024 * 1024;
/// How much of a text is shown, in bytes.
pub(super) const MAX_TEXT: u64 = 256 * 1024;

/// What an attachment can be looked at as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Picture,
    Text,
}

impl Look {
    /// For an attachment of a clean name and a size in bytes; `None` = it is not offered.
    pub(super) fn of(name: &str, media_type: &str, size: u64) -> Option<Self> {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        let is = |extensions: &str| {
            extension.as_deref().is_some_and(|this| extensions.split(' ').any(|one| one == this))
        };
        let look = if is(PICTURES) {
            Self::Picture
        } else if is(TEXTS) {
            Self::Text
        } else if extension.is_some() {
            return None;
        } else if PICTURE_TYPES.contains(&media_type) {
            Self::Picture
        } else if media_type.starts_with("text/") || media_type == "application/json" {
            Self::Text
        } else {
            return None;
        };
        let fits = look == Self::Text || size <= MAX_PICTURE;
        (fits && size > 0).then_some(look)
    }
}

const PICTURES: &str = "avif bmp gif jpeg jpg png webp";
const PICTURE_TYPES: [&str; 6] =
    ["image/avif", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/webp"];
/// What is code, markup too, is shown as the plain text that it is.
const TEXTS: &str = "asc bash bat c cfg cmd conf cpp cs css csv diff env go h hpp htm html ini java js \
    json jsonl key kt lock log md mjs patch pem php pl properties ps1 pub py rb rs rst sh sql svg \
    swift tex toml ts tsv txt xhtml xml yaml yml zsh";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_decides_and_the_media_type_where_there_is_none() {
        for (name, media_type, look) in [
            ("a.PNG", "", Some(Look::Picture)),
            ("a.png", "text/plain", Some(Look::Picture)),
            ("photo", "image/jpeg", Some(Look::Picture)),
            ("a.svg", "image/svg+xml", Some(Look::Text)),
            ("picture", "image/svg+xml", None),
            ("a.html", "text/html", Some(Look::Text)),
            ("README", "text/plain", Some(Look::Text)),
            ("a.exe", "image/png", None),
            ("a.pdf", "application/pdf", None),
            ("a", "", None),
        ] {
            assert_eq!(Look::of(name, media_type, 1), look, "{name} {media_type}");
        }
    }

    #[test]
    fn a_large_picture_is_not_offered_and_the_start_of_a_large_text_is() {
        assert_eq!(Look::of("a.png", "", MAX_PICTURE), Some(Look::Picture));
        assert_eq!(Look::of("a.png", "", MAX_PICTURE + 1), None);
        assert_eq!(Look::of("a.txt", "", u64::MAX), Some(Look::Text));
        assert_eq!(Look::of("a.txt", "", 0), None);
    }
}
