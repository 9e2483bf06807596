//! JSON whose fields stay in the order in which they were written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::stack::section::Without;

/// A value whose fields have an order.
#[derive(Clone, Debug, PartialEq)]
pub enum Ordered {
    /// A value without fields.
    Single(Value),
    List(Vec<Ordered>),
    Fields(Vec<(String, Ordered)>),
}

impl Ordered {
    /// The value as it would be printed.
    pub fn of(value: &impl Serialize) -> Self {
        let written =
            serde_json::to_string(value).expect("documents have text as keys, so that all are JSON");
        serde_json::from_str(&written).expect("what was just written can be read")
    }

    /// The value of an output that has none.
    pub fn without(without: Without) -> Self {
        match without {
            Without::Null => Self::Single(Value::Null),
            Without::EmptyList => Self::List(Vec::new()),
        }
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Fields(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
            Self::Single(_) | Self::List(_) => None,
        }
    }
}

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Single(value) => value.serialize(serializer),
            Self::List(items) => items.serialize(serializer),
            Self::Fields(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                fields.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Ordered;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Ordered, E> {
        Ok(Ordered::Single(Value::Null))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Ordered, E> {
        Ok(Ordered::Single(flag.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Ordered, E> {
        Ok(Ordered::Single(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Ordered, E> {
        Ok(Ordered::Single(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Ordered, E> {
        Ok(Ordered::Single(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Ordered, E> {
        Ok(Ordered::Single(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Ordered, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Ordered::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Ordered, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = entries.next_entry()? {
            fields.push(field);
        }
        Ok(Ordered::Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stay_in_their_order() {
        let text = r#"{"z":[{"b":1,"a":-2.5}],"a":null,"m":true,"k":"x"}"#;
        let read: Ordered = serde_json::from_str(text).expect("it is JSON");
        assert_eq!(serde_json::to_string(&read).expect("it is JSON"), text);
        assert_eq!(read.get("k"), Some(&Ordered::Single("x".into())));
    }
}
