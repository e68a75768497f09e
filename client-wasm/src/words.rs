//! Times, spans and sizes in words.

use js_sys::{Date, Object, Reflect};
use std::time::Duration;
use wasm_bindgen::JsValue;
use waxseal_core::{time::Timestamp, wire::ExpiresIn};

/// Now, by this device's clock.
pub fn now() -> Timestamp {
    Timestamp::from_unix_millis(Date::now() as u64)
}

/// “3 March at 14:02” in this device's time zone, with the year if it is another one.
pub fn date(time: Timestamp) -> String {
    let date = js_date(time);
    let mut options = vec![("day", "numeric"), ("month", "long")];
    if date.get_full_year() != js_date(now()).get_full_year() {
        options.push(("year", "numeric"));
    }
    format!("{} at {}", localized(&date, &options), clock(time))
}

/// “14:02” in this device's time zone.
pub fn clock(time: Timestamp) -> String {
    localized(&js_date(time), &[("hour", "2-digit"), ("minute", "2-digit")])
}

/// “5 days”, “36 hours”, “59 minutes”: to the nearest minute, then rounded down, never none.
pub fn span(duration: Duration) -> String {
    const HOUR: u64 = 60;
    const DAY: u64 = 24 * HOUR;
    let minutes = (duration.as_secs() + 30) / 60;
    let (count, unit) = match minutes {
        0..HOUR => (minutes.max(1), "minute"),
        HOUR..2880 => (minutes / HOUR, "hour"),
        _ => (minutes / DAY, "day"),
    };
    plural(count, unit)
}

/// An expiry as it stands on its choice: “12 hours”, “1 day”.
pub fn expiry(expires_in: ExpiresIn) -> String {
    const HOUR: u32 = 3600;
    let seconds = expires_in.seconds();
    let (count, unit) = if seconds.is_multiple_of(24 * HOUR) {
        (seconds / (24 * HOUR), "day")
    } else if seconds.is_multiple_of(HOUR) {
        (seconds / HOUR, "hour")
    } else {
        (seconds.div_ceil(60), "minute")
    };
    plural(u64::from(count), unit)
}

/// “1 hour”, “2 hours”.
pub fn plural(count: u64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// “1 KB”, “340 KB”, “2.1 MB”: decimal, as file managers of most systems count.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} KB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => tenths(bytes / 100_000, "MB"),
        _ => tenths(bytes / 100_000_000, "GB"),
    }
}

/// Integers only: floating-point formatting is 12 KB of code.
fn tenths(count: u64, unit: &str) -> String {
    format!("{}.{} {unit}", count / 10, count % 10)
}

fn js_date(time: Timestamp) -> Date {
    Date::new(&JsValue::from_f64(time.unix_millis() as f64))
}

/// The page is in English, so its dates are too; the 24-hour clock is not ambiguous.
fn localized(date: &Date, options: &[(&str, &str)]) -> String {
    let object = Object::new();
    for (name, value) in options {
        let set = Reflect::set(&object, &(*name).into(), &(*value).into());
        debug_assert!(set.is_ok(), "a plain object takes properties");
    }
    String::from(date.to_locale_string("en-GB", &object))
}
