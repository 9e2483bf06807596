//! The common parts of Kubernetes objects.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;

use super::description::Description;

/// Names and labels of an object in the namespace.
pub fn metadata(description: &Description<'_>, name: impl Into<String>) -> ObjectMeta {
    ObjectMeta { namespace: Some(description.kubernetes.namespace.clone()), ..of_cluster(description, name) }
}

/// Names and labels of an object that is in no namespace.
pub fn of_cluster(description: &Description<'_>, name: impl Into<String>) -> ObjectMeta {
    ObjectMeta { name: Some(name.into()), labels: Some(labels(description)), ..ObjectMeta::default() }
}

/// The labels of every object.
pub fn labels(description: &Description<'_>) -> BTreeMap<String, String> {
    texts([
        ("app.kubernetes.io/managed-by", "provision"),
        ("app.kubernetes.io/part-of", &description.stack.stack.to_string()),
    ])
}

/// A map of texts.
pub fn texts<const N: usize>(entries: [(&str, &str); N]) -> BTreeMap<String, String> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// An object as a document, with its version and kind.
pub fn object(typed: &impl Serialize) -> Value {
    serde_json::to_value(typed).expect("objects of Kubernetes have text as keys")
}
