//! Closed enums whose variants are spelled one way everywhere: in JSON, configuration, metrics, and reports.

/// Defines an enum and how its variants are spelled, with `ALL`, `as_str`, `parse`, and serde's traits.
///
/// A variant that is not spelled as its name in that case has `#[strum(serialize = "…")]`.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident in $case:literal { $($variants:tt)+ }) => {
        $(#[$meta])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            strum::EnumString, strum::IntoStaticStr, strum::VariantArray, strum::VariantNames,
        )]
        #[strum(serialize_all = $case)]
        $visibility enum $name { $($variants)+ }

        impl $name {
            /// All of them, in the order of their definition.
            pub const ALL: &'static [Self] = <Self as strum::VariantArray>::VARIANTS;

            /// Its one spelling.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.into()
            }

            /// The one that is spelled so.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                word.parse().ok()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use serde::de::{EnumAccess, Error, VariantAccess, Visitor};

                const WORDS: &[&str] = <$name as strum::VariantNames>::VARIANTS;
                struct Word;
                impl<'de> Visitor<'de> for Word {
                    type Value = $name;

                    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(formatter, "one of {WORDS:?}")
                    }

                    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<$name, A::Error> {
                        let (word, rest) = access.variant::<String>()?;
                        rest.unit_variant()?;
                        $name::parse(&word).ok_or_else(|| Error::unknown_variant(&word, WORDS))
                    }
                }
                deserializer.deserialize_enum(stringify!($name), WORDS, Word)
            }
        }
    };
}
