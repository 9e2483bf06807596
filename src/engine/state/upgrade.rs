//! Content that was written in an older format, brought along to the one that this program writes.

use serde_json::{Value, json};

/// The content of a state in the format of now; `from` is the version that it was written in.
pub(super) fn upgrade(mut content: Value, from: u64) -> Value {
    if from < 2 {
        kinds_have_versions(&mut content);
    }
    if from < 3 {
        facts_are_of_sections(&mut content);
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

/// Formats 1 and 2 had a field for the cluster alone.
fn facts_are_of_sections(content: &mut Value) {
    let Some(fields) = content.as_object_mut() else { return };
    if let Some(cluster) = fields.remove("cluster") {
        fields.insert("facts".to_owned(), json!({ "network": cluster }));
    }
}

/// The journal line of a change in the format of now. Formats 1 and 2 had one for the cluster alone.
pub(super) fn upgrade_edit(edit: Value) -> Value {
    match edit.pointer("/cluster/cluster") {
        Some(cluster) => json!({ "facts": { "facts": { "network": cluster } } }),
        None => edit,
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
        assert_eq!(upgrade(newer.clone(), 3), newer, "the format of now stays as it is");
    }

    #[test]
    fn the_cluster_of_the_older_formats_becomes_a_fact_of_its_section() {
        let cluster = json!({ "name": "k8s.myzone.net", "efs_names_resolve": true });
        let content = json!({ "version": 2, "cluster": cluster, "resources": {} });
        let facts = json!({ "network": cluster });
        assert_eq!(upgrade(content, 2), json!({ "version": 2, "facts": facts, "resources": {} }));
        let edit = upgrade_edit(json!({ "cluster": { "cluster": cluster } }));
        assert_eq!(edit, json!({ "facts": { "facts": facts } }));
        let other = json!({ "remove": { "address": "a.b" } });
        assert_eq!(upgrade_edit(other.clone()), other);
    }
}
