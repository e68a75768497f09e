//! Times as text: what is read can be written, and the other way round.

use proptest::prelude::*;
use waxseal_core::time::Timestamp;

proptest! {
    #[test]
    fn a_time_is_read_back(millis in 0..=Timestamp::MAX.unix_millis()) {
        let time = Timestamp::from_unix_millis(millis);
        prop_assert_eq!(time.to_string().parse(), Ok(time));
    }

    #[test]
    fn whatever_is_read_can_be_written(
        date in "[0-9]{4}-[01][0-9]-[0-3][0-9]",
        time in "[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,9})?",
    ) {
        let text = format!("{date}T{time}Z");
        if let Ok(time) = text.parse::<Timestamp>() {
            prop_assert!(time <= Timestamp::MAX);
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }
    }
}

#[test]
fn the_last_leap_second_is_no_exception() {
    for text in ["9999-12-31T23:59:60Z", "9999-12-31T23:59:60.999999999Z"] {
        assert!(text.parse::<Timestamp>().is_ok_and(|time| time <= Timestamp::MAX), "{text}");
    }
}

#[test]
fn nothing_is_later_than_the_last_time() {
    let last = Timestamp::MAX.unix_millis();
    for later in [last, last + 1, u64::MAX] {
        assert_eq!(Timestamp::from_unix_millis(later), Timestamp::MAX);
    }
}
