//! One Zone storage: the data is in one zone, and so is the one mount target (CreateFileSystem and CreateMountTarget, EFS API
//! reference).

use aws_sdk_efs::types::FileSystemDescription;

use super::{PERFORMANCE, STORAGE, ZONES};
use crate::engine::document::Document;
use crate::engine::resource::Invalid;

/// The data is in several zones.
pub(super) const REGIONAL: &str = "regional";
/// The data is in one zone.
pub(super) const ONE_ZONE: &str = "one-zone";

/// The storage of a file system, which EFS shows by its zone: that is "valid only for One Zone file systems".
pub(super) fn storage(live: &FileSystemDescription) -> &'static str {
    if live.availability_zone_name.is_some() { ONE_ZONE } else { REGIONAL }
}

/// One zone has to be named, and "maxIO mode is not supported on One Zone file systems".
pub(super) fn check(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    if STORAGE.of(wanted).is_none_or(|storage| storage != ONE_ZONE) {
        return Vec::new();
    }
    let mut invalid = Vec::new();
    let count = ZONES.of(wanted).map(|zones| zones.len());
    if count != Some(1) {
        let has = if count.unwrap_or_default() == 0 { "none" } else { "more than one" };
        let message =
            format!("must name the one zone of `storage: one-zone`, which is in no other, and names {has}");
        invalid.push(
            Invalid::new(ZONES.name, message)
                .with(&["storage"])
                .remedy("name one zone, such as `zones: [eu-west-1a]`, or leave `storage` out"),
        );
    }
    if PERFORMANCE.of(wanted).is_some_and(|performance| performance == "maxIO") {
        invalid.push(
            Invalid::new(PERFORMANCE.name, "of `maxIO` cannot have `storage: one-zone`")
                .with(&["storage"])
                .remedy("write `performance_mode: generalPurpose`, or leave `storage` out"),
        );
    }
    invalid
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{found, sample};

    #[test]
    fn one_zone_is_named_for_one_zone_storage_and_max_io_does_not_go_with_it() {
        for (storage, zones, performance, expected) in [
            (json!("regional"), json!(null), "generalPurpose", vec![]),
            (json!("regional"), json!(["eu-west-1a", "eu-west-1b"]), "generalPurpose", vec![]),
            (json!(null), json!(null), "generalPurpose", vec![]),
            (json!("one-zone"), json!(["eu-west-1a"]), "generalPurpose", vec![]),
            (json!("one-zone"), json!(null), "generalPurpose", vec!["zones"]),
            (json!("one-zone"), json!(["eu-west-1a", "eu-west-1b"]), "generalPurpose", vec!["zones"]),
            (json!("one-zone"), json!(["eu-west-1a"]), "maxIO", vec!["performance_mode"]),
        ] {
            let file_system = sample(json!({
                "storage": storage, "zones": zones, "performance_mode": performance, "throughput_mode": "bursting",
            }));
            let found: Vec<&str> = found(&file_system, None).iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{storage} {zones} {performance}");
        }
    }
}
