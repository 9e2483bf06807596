//! The zones that an entry chooses of those of its network.

use serde_json::Value;

use super::Entry;

/// The key of the option.
pub const ZONES: &str = "zones";

/// The key of the option with the one zone of an entry that stands in one alone.
pub const ZONE: &str = "zone";
/// The key of the option with its subnet.
pub const SUBNET: &str = "subnet";

/// The zone of an entry that stands in one alone.
pub fn zone(entry: &Entry) -> Option<&str> {
    entry.own.get(ZONE).and_then(Value::as_str)
}

/// The zones that are written.
pub fn zones(entry: &Entry) -> Option<Vec<&str>> {
    let listed = entry.passed.values().find_map(|options| options.get(ZONES)?.as_array())?;
    Some(listed.iter().filter_map(Value::as_str).collect())
}
