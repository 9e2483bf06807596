//! States as a newer program would leave them: whole, with the right checksum, and more in them than is known.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The whole format is another one.
pub fn of_a_newer_format(mut state: Value) -> Value {
    state["version"] = json!(99);
    state
}

/// A resource of a kind that is not known yet.
pub fn with_a_newer_kind(mut state: Value) -> Value {
    let known = state["resources"]["aws_security_group.records"].clone();
    let mut newer = if known.is_null() { state["resources"]["aws_vpc.network"].clone() } else { known };
    newer["id"] = json!("cache-0a1b2c3d");
    newer["watched"] = json!(false);
    newer["depends_on"] = json!([]);
    newer["inputs"] = json!({ "engine": "redis" });
    newer["outputs"] = json!({ "endpoint": "cache.example" });
    state["resources"]["aws_elasticache_replication_group.cache"] = newer;
    state
}

/// An input that is not known yet, in every record of ours.
pub fn with_a_newer_field(mut state: Value) -> Value {
    for record in state["resources"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        if record["watched"] == json!(false) && record["phase"] == json!("ready") {
            record["inputs"]["storage_temperature"] = json!("cool");
        }
    }
    state
}

/// The checksum put right: over the compact form, with sorted keys.
pub fn sealed(mut state: Value) -> Vec<u8> {
    if let Some(fields) = state.as_object_mut() {
        fields.remove("checksum");
    }
    let digest = Sha256::digest(state.to_string());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    state["checksum"] = json!(format!("sha256:{digest}"));
    serde_json::to_vec_pretty(&state).expect("a JSON value can always be written")
}
