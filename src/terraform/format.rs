//! Reads a state in format 4, as Terraform writes it since 0.12, and finds out which format a text has.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use super::format3;
use super::loose::{Attributes, Flat, or_nothing};
use super::matching::is_known;
use super::object::{Facts, Object, Provider, Standing, State};
use super::reference::{Key, Reference, is_identifier};
use super::unreadable::Unreadable;

/// The members by which documents are told apart.
#[derive(Deserialize)]
struct Head {
    version: Option<u64>,
    serial: Option<IgnoredAny>,
    format_version: Option<IgnoredAny>,
    encrypted_data: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default, deserialize_with = "or_nothing")]
    serial: u64,
    #[serde(default, deserialize_with = "or_nothing")]
    terraform_version: String,
    #[serde(default, deserialize_with = "or_nothing")]
    outputs: BTreeMap<String, IgnoredAny>,
    #[serde(default, deserialize_with = "or_nothing")]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default, deserialize_with = "or_nothing")]
    module: String,
    mode: Mode,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default, deserialize_with = "or_nothing")]
    provider: String,
    #[serde(default, deserialize_with = "or_nothing")]
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Managed,
    Data,
}

#[derive(Deserialize)]
struct Instance {
    index_key: Option<IndexKey>,
    status: Option<String>,
    deposed: Option<IgnoredAny>,
    attributes: Option<Attributes>,
    /// In place of `attributes` where a current Terraform has brought up an old format.
    attributes_flat: Option<Flat>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum IndexKey {
    Number(u64),
    Text(String),
}

/// Reads a state, in the formats 2 to 4.
///
/// # Errors
/// [`Unreadable`], which repeats nothing of the text.
pub fn read(text: &[u8]) -> Result<State, Unreadable> {
    // Some programs begin a text with the mark of its encoding.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::Empty);
    }
    if text.starts_with(b"PK\x03\x04") {
        return Err(Unreadable::SavedPlan);
    }
    let head: Head = serde_json::from_slice(text).map_err(|error| match error.classify() {
        Category::Data => Unreadable::NoState,
        _ => Unreadable::NotJson { line: error.line(), column: error.column() },
    })?;
    match head {
        Head { encrypted_data: Some(_), .. } => Err(Unreadable::Encrypted),
        Head { format_version: Some(_), version: None, .. } => Err(Unreadable::Shown),
        Head { version: None, .. } | Head { serial: None, .. } => Err(Unreadable::NoState),
        Head { version: Some(4), .. } => format4(parse(text, 4)?),
        Head { version: Some(format @ 2..=3), .. } => format3::state(format, parse(text, format)?),
        Head { version: Some(0..=1), .. } => Err(Unreadable::Older),
        Head { version: Some(format), .. } => Err(Unreadable::Newer { format }),
    }
}

fn parse<T: DeserializeOwned>(text: &[u8], format: u64) -> Result<T, Unreadable> {
    serde_json::from_slice(text).map_err(|error| Unreadable::Malformed {
        format,
        line: error.line(),
        column: error.column(),
    })
}

fn format4(document: Document) -> Result<State, Unreadable> {
    let mut objects = Vec::new();
    let mut provider = Provider::Current;
    for (at, resource) in document.resources.into_iter().enumerate() {
        let Resource { module, mode, kind, name, provider: named, instances } = resource;
        let misnamed = Unreadable::Misnamed { number: at + 1 };
        let Some(modules) = Reference::modules(&module) else { return Err(misnamed) };
        if !is_identifier(&kind) || !is_identifier(&name) {
            return Err(misnamed);
        }
        // `provider.aws` of 0.12, and `…/-/aws` of what a current Terraform has brought up.
        let is_legacy = named.contains("provider.aws") || named.contains("/-/aws\"");
        if is_legacy && kind.starts_with("aws_") {
            provider = Provider::Legacy;
        }
        let is_data = matches!(mode, Mode::Data);
        for instance in instances {
            let key = instance.index_key.map(|key| match key {
                IndexKey::Number(number) => Key::Number(number),
                IndexKey::Text(text) => Key::Text(text),
            });
            let standing = match (instance.deposed, instance.status.as_deref()) {
                (Some(_), _) => Standing::Deposed,
                (None, Some("tainted")) => Standing::Tainted,
                (None, _) => Standing::Kept,
            };
            let attributes = instance.attributes.or(instance.attributes_flat.map(|flat| flat.0));
            let from =
                Reference { modules: modules.clone(), is_data, kind: kind.clone(), name: name.clone(), key };
            objects.push(object(from, standing, attributes));
        }
    }
    Ok(State {
        format: 4,
        terraform_version: document.terraform_version,
        serial: document.serial,
        outputs: document.outputs.into_keys().collect(),
        provider,
        objects,
    })
}

/// The object with the facts of its attributes, where its type is known.
pub(super) fn object(from: Reference, standing: Standing, attributes: Option<Attributes>) -> Object {
    let known = !from.is_data && is_known(&from.kind);
    let facts = attributes.filter(|_| known).map(|attributes| Facts::of(&from.kind, &attributes));
    Object { from, standing, facts }
}
