//! The document of a values file, filled in by the names of keys as the chart's documentation writes them.

use serde_json::{Map, Value};

/// Values of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(Map<String, Value>);

impl Values {
    /// Sets a key: `global.hosts.domain`. None has a value twice, or a value and keys below it.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        let (way, last) = key.rsplit_once('.').unwrap_or(("", key));
        let mut at = &mut self.0;
        for step in way.split('.').filter(|step| !step.is_empty()) {
            let below = at.entry(step).or_insert_with(|| Value::Object(Map::new()));
            at = below.as_object_mut().expect("a key with others below it has no value of its own");
        }
        let before = at.insert(last.to_owned(), value.into());
        debug_assert!(before.is_none(), "{key} is set twice");
    }

    /// Sets a key where there is a value.
    pub fn set_some(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.set(key, value);
        }
    }

    /// The whole document.
    pub fn document(self) -> Value {
        Value::Object(self.0)
    }
}
