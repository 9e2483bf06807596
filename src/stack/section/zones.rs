//! The zones that an entry chooses of those of its network.

use serde_json::Value;

use super::Entry;

/// The key of the option.
pub const ZONES: &str = "zones";

/// The zones that are written.
pub fn zones(entry: &Entry) -> Option<Vec<&str>> {
    let listed = entry.passed.values().find_map(|options| options.get(ZONES)?.as_array())?;
    Some(listed.iter().filter_map(Value::as_str).collect())
}
