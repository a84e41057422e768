//! Values that reports write as names.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Variables;
use crate::smtp::visible;

/// A module for `#[serde(with = …)]`: a value by its name.
macro_rules! by_name {
    ($module:ident, $type:ty, $what:literal, $name:expr, $read:expr) => {
        pub(super) mod $module {
            use super::*;

            pub(in super::super) fn serialize<S: Serializer>(
                value: &$type,
                to: S,
            ) -> Result<S::Ok, S::Error> {
                to.serialize_str($name(value))
            }

            pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
                from: D,
            ) -> Result<$type, D::Error> {
                struct Name;
                impl Visitor<'_> for Name {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("the name of a ", $what))
                    }

                    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<$type, E> {
                        let unknown =
                            || E::custom(format!(concat!("unknown ", $what, " `{}`"), visible(name)));
                        $read(name).ok_or_else(unknown)
                    }
                }
                from.deserialize_str(Name)
            }
        }
    };
}

by_name!(
    outcome,
    crate::verdict::Outcome,
    "outcome",
    |outcome: &crate::verdict::Outcome| outcome.as_str(),
    crate::verdict::Outcome::from_name
);
by_name!(stage, crate::smtp::Stage, "stage", |stage: &crate::smtp::Stage| stage.as_str(), |name: &str| name
    .parse()
    .ok());
by_name!(
    direction,
    crate::session::Direction,
    "direction",
    |direction: &crate::session::Direction| direction.as_str(),
    crate::session::Direction::from_mark
);

/// An enhanced code as its text, or null.
pub(super) mod enhanced {
    use super::*;
    use crate::smtp::EnhancedStatus;

    pub(in super::super) fn serialize<S: Serializer>(
        status: &Option<EnhancedStatus>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match status {
            Some(status) => to.collect_str(status),
            None => to.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<EnhancedStatus>, D::Error> {
        let Some(text) = Option::<Cow<'_, str>>::deserialize(from)? else { return Ok(None) };
        let status = EnhancedStatus::parse(text.as_bytes());
        status.map(Some).ok_or_else(|| D::Error::custom(format!("`{}` is no enhanced code", visible(&text))))
    }
}

impl Serialize for Variables<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Variables<'_> {
    /// In the order of the text.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(Cow<'static, str>, Cow<'static, str>)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of names and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    all.push((name.into(), value.into()));
                }
                Ok(all)
            }
        }
        from.deserialize_map(InOrder).map(Variables)
    }
}
