//! Content that was written in an older format, brought along to the one that this program writes.

use serde_json::Value;

/// The content of a state in the format of now; `from` is the version that it was written in.
pub(super) fn upgrade(mut content: Value, from: u64) -> Value {
    if from < 2 {
        kinds_have_versions(&mut content);
    }
    content
}

/// Format 1 said of no record in which version of its kind it was written: it was the first of each.
fn kinds_have_versions(content: &mut Value) {
    let Some(Value::Object(records)) = content.get_mut("resources") else { return };
    for record in records.values_mut() {
        if let Value::Object(fields) = record {
            fields.insert("kind_version".to_owned(), 1.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_of_the_first_format_were_written_in_the_first_version_of_their_kinds() {
        let content = json!({ "version": 1, "resources": { "a.b": { "id": "x" }, "a.c": {} } });
        let now = upgrade(content.clone(), 1);
        assert_eq!(
            now["resources"],
            json!({ "a.b": { "id": "x", "kind_version": 1 }, "a.c": { "kind_version": 1 } })
        );
        let mut newer = content;
        newer["resources"]["a.b"]["kind_version"] = json!(3);
        assert_eq!(upgrade(newer.clone(), 2), newer, "the format of now stays as it is");
    }
}
