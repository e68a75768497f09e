//! Enums that travel as one text each.
//!
//! Serde's derive would do, but writes each enum's texts out three times over, which is a tenth of
//! what a recipient's browser has to load.

/// Declares an enum whose variants each have a text, with `as_str`, `FromStr` and serde; with
/// `else Variant` at the end, unknown texts are that variant.
macro_rules! text_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }
        $(else $other:ident)?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            const ALL: &[(Self, &'static str)] = &[$((Self::$variant, $text),)+];

            /// The text it travels as.
            pub fn as_str(self) -> &'static str {
                Self::ALL[self as usize].1
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::text_enum::UnknownText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.iter().find(|(_, known)| *known == text);
                let found = found.map(|(variant, _)| *variant);
                $(let found = found.or(Some(Self::$other));)?
                found.ok_or($crate::text_enum::UnknownText)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{ObjectBuilder, Type};
                let texts = Self::ALL.iter().map(|(_, text)| *text);
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(texts)).into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

pub(crate) use text_enum;

/// The text stands for none of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("none of the values that are known here")]
pub struct UnknownText;
