//! What kind of file something is, as far as its media type and name tell: enough for an icon.
//!
//! Invariant: nothing but looks depends on it, since the sender chose both.

/// A kind of file that has an icon of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Something to read.
    Text,
    /// Files packed into one.
    Archive,
    /// Anything else.
    Other,
}

impl Kind {
    /// The kind of a file called `name`.
    pub fn of(name: &str, media_type: &str) -> Self {
        match media_type.split('/').next() {
            Some("image") => return Self::Image,
            Some("audio") => return Self::Audio,
            Some("video") => return Self::Video,
            Some("text") => return Self::Text,
            _ => {}
        }
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        match extension.as_deref().unwrap_or_default() {
            "png" | "jpg" | "jpeg" | "gif" | "webp" | "avif" | "heic" | "svg" | "bmp" => {
                Self::Image
            }
            "mp3" | "m4a" | "ogg" | "opus" | "flac" | "wav" => Self::Audio,
            "mp4" | "mov" | "mkv" | "webm" | "avi" => Self::Video,
            "pdf" | "txt" | "md" | "rtf" | "doc" | "docx" | "odt" | "xls" | "xlsx" | "ods"
            | "csv" | "ppt" | "pptx" | "odp" | "json" | "xml" | "log" => Self::Text,
            "zip" | "tar" | "gz" | "tgz" | "xz" | "bz2" | "zst" | "7z" | "rar" => Self::Archive,
            _ => Self::Other,
        }
    }

    /// The icon: the `d` of a path in a box of 24 × 24, drawn as a line.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Image => "M4 5h16v14H4ZM4 16l4.5-4.5 4 4 2.5-2.5 5 5M15 9h.01",
            Self::Audio => {
                "M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0ZM19 16a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0Z"
            }
            Self::Video => "M4 6h11v12H4ZM15 10.5l5-3v9l-5-3",
            Self::Text => "M6 3h8l5 5v13H6ZM14 3v5h5M9 12h6M9 16h6",
            Self::Archive => "M3 4h18v4H3ZM4.5 8v12h15V8M10 12h4",
            Self::Other => "M6 3h8l5 5v13H6ZM14 3v5h5",
        }
    }
}
