//! Reading JSON (RFC 8259) in little code: what a browser has to load before it can open anything.
//!
//! All JSON becomes one tree by code that there is once, and serde's types are taken out of that tree; why
//! something does not fit is not told. The server, which tells, has [`crate::wire::from_json`].
//!
//! Invariant: accepts what `serde_json` accepts, but for arrays in the place of objects, which it refuses;
//! texts are moved, never copied, out of the tree.

mod reader;
mod tree;

use serde::de::DeserializeOwned;
use std::fmt;

/// Not JSON, or not what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the JSON that was expected")]
pub struct Unfit;

impl serde::de::Error for Unfit {
    /// Says nothing, so that what would be said need not be in a browser's module.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Reads a `T`, and nothing behind it but white space.
///
/// # Errors
/// [`Unfit`] for anything else: an array in the place of an object, too.
pub fn read<T: DeserializeOwned>(json: &str) -> Result<T, Unfit> {
    T::deserialize(reader::read(json)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;
    use proptest::prelude::*;
    use serde_json::Value;

    /// Any JSON, with whole numbers as they are and all others as null.
    #[derive(Debug, PartialEq)]
    struct Any(Value);

    impl<'de> serde::Deserialize<'de> for Any {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Value::deserialize(deserializer).map(|value| Self(without_fractions(value)))
        }
    }

    fn without_fractions(value: Value) -> Value {
        match value {
            Value::Number(number) if !number.is_u64() => Value::Null,
            Value::Array(list) => list.into_iter().map(without_fractions).collect(),
            Value::Object(map) => {
                map.into_iter().map(|(key, value)| (key, without_fractions(value))).collect()
            }
            other => other,
        }
    }

    /// Whether both take it, and for the same.
    #[track_caller]
    fn compare(json: &str) {
        let (ours, theirs) = (read::<Any>(json), serde_json::from_str::<Any>(json));
        assert_eq!(ours.ok(), theirs.ok(), "{json:?}");
    }

    #[test]
    fn what_is_json_and_what_is_not_is_what_another_reader_says() {
        for json in [
            "",
            " ",
            "null",
            " true ",
            "[false,true]",
            "falsE",
            "nul",
            "nullx",
            "\u{feff}null",
            "[]",
            "[ ]",
            "[1,2 , 3]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1",
            "]",
            "{}",
            "{ }",
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,}"#,
            r#"{"a"}"#,
            r#"{"a" 1}"#,
            r#"{a:1}"#,
            r#"{1:1}"#,
            r#"{"a":}"#,
            "{\"a\"\t:\r\n1}",
            "[1]x",
            "1 1",
            "\u{a0}1",
            r#""""#,
            r#"""#,
            r#""\""#,
            r#""\\""#,
            r#""a\/b\"\b\f\n\r\t""#,
            r#""\x""#,
            r#""\u00e9é\u20AC""#,
            r#""\u12""#,
            r#""\u12g4""#,
            r#""\ud83d\ude00""#,
            r#""\ud83d""#,
            r#""\ude00""#,
            r#""\ud83dx""#,
            r#""\ud83d\n""#,
            r#""\ud83d\ud83d""#,
            r#""\ude00\ud83d""#,
            "\"\u{1}\"",
            "\"\n\"",
            "\"\u{7f}\"",
            r#""\é""#,
            "'a'",
            "/**/1",
            "0",
            "-0",
            "00",
            "01",
            "-",
            "-1",
            "-01",
            "+1",
            "1.",
            ".1",
            "1.0",
            "1.05",
            "1e",
            "1e+",
            "1e5",
            "1E-5",
            "0e0",
            "1.e5",
            "18446744073709551615",
            "18446744073709551616",
            "123456789012345678901234567890",
            "1e308",
            "1e309",
            "-1e309",
            "0e999999999999",
            "1e999999999999",
            "1e-999999999999",
            "0.00000000000000000000001e320",
            "100000000000000000000000e300",
            "NaN",
            "Infinity",
            "1_000",
            "0x1",
        ] {
            compare(json);
        }
    }

    #[test]
    fn so_is_a_number_of_many_digits() {
        for digits in [19, 20, 21, 300, 309, 310, 400] {
            let digits = "9".repeat(digits);
            for json in [format!("0.{digits}"), format!("1.{digits}e5"), digits] {
                compare(&json);
            }
        }
    }

    #[test]
    fn so_is_one_word_of_several() {
        #[derive(Debug, PartialEq, Eq, serde::Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Word {
            Plain,
            Number(u64),
        }

        for json in [
            r#""plain""#,
            r#""number""#,
            r#""other""#,
            r#"{"plain":null}"#,
            r#"{"number":7}"#,
            r#"{"number":7,"plain":null}"#,
            r#"{"number":"7"}"#,
            "{}",
            "7",
            "null",
        ] {
            let (ours, theirs) = (read::<Word>(json), serde_json::from_str::<Word>(json));
            assert_eq!(ours.ok(), theirs.ok(), "{json}");
        }
    }

    #[test]
    fn so_is_how_deep_it_may_be() {
        for depth in [1, 126, 127, 128, 129, 100_000] {
            compare(&("[".repeat(depth) + &"]".repeat(depth)));
            compare(&(r#"{"a":"#.repeat(depth) + "1" + &"}".repeat(depth)));
        }
    }

    proptest! {
        #[test]
        fn so_is_any_text_of_what_json_is_made_of(
            pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24),
        ) {
            compare(&pieces.concat());
        }

        #[test]
        fn so_is_any_text(text in any::<String>()) {
            compare(&text);
            compare(&Value::from(text).to_string());
        }
    }

    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        " ",
        "\n",
        "\"",
        "\"a\"",
        "\"a\":",
        "\\",
        "\\u",
        "\\ud800",
        "\\udfff",
        "00e9",
        "0",
        "1",
        "9",
        "-",
        ".",
        "e",
        "E",
        "+",
        "12345678901",
        "e30",
        "null",
        "true",
        "false",
        "é",
        "\u{1}",
    ];

    #[test]
    fn an_object_is_an_object() {
        let policy = r#"{"views":null,"expires_in":60}"#;
        assert!(read::<crate::manifest::SealedPolicy>(policy).is_ok());
        assert!(read::<crate::manifest::SealedPolicy>("[null,60]").is_err());
        assert!(read::<Manifest>("[]").is_err());
    }
}
