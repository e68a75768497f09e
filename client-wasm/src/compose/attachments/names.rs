//! Names for what comes without one.

use js_sys::Date;
use web_sys::File;

/// What browsers call every picture in the clipboard.
const NAMELESS: &str = "image.png";
/// A picture younger than this was made by pasting; a file with that name is older.
const PASTED_MILLIS: f64 = 5000.0;

/// The name of a pasted file: pictures that never had one are called after the time.
pub(super) fn of_pasted(file: &File) -> String {
    let name = file.name();
    let media_type = file.type_();
    let Some(extension) = media_type.strip_prefix("image/") else { return name };
    let just_made = Date::now() - file.last_modified() < PASTED_MILLIS;
    let nameless = name.is_empty() || (name == NAMELESS && just_made);
    if !nameless {
        return name;
    }
    let extension = match extension {
        "jpeg" => "jpg",
        "svg+xml" => "svg",
        other => other,
    };
    let now = Date::new_0();
    format!(
        "screenshot-{}-{:02}-{:02}-{:02}.{:02}.{:02}.{extension}",
        now.get_full_year(),
        now.get_month() + 1,
        now.get_date(),
        now.get_hours(),
        now.get_minutes(),
        now.get_seconds(),
    )
}
