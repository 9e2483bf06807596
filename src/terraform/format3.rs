//! Reads a state in the formats 2 and 3, as Terraform 0.7 to 0.11 wrote it: a list of modules, and flat attributes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::format::object;
use super::loose::{Flat, Loose, or_nothing};
use super::object::{Provider, Standing, State};
use super::reference::{Key, Reference, Step, is_identifier};
use super::unreadable::Unreadable;

#[derive(Deserialize)]
pub(super) struct Document {
    #[serde(default, deserialize_with = "or_nothing")]
    serial: u64,
    #[serde(default, deserialize_with = "or_nothing")]
    terraform_version: String,
    #[serde(default, deserialize_with = "or_nothing")]
    modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Module {
    /// The first is `root`.
    #[serde(default, deserialize_with = "or_nothing")]
    path: Vec<String>,
    #[serde(default, deserialize_with = "or_nothing")]
    outputs: BTreeMap<String, IgnoredAny>,
    #[serde(default, deserialize_with = "or_nothing")]
    resources: BTreeMap<String, Resource>,
}

#[derive(Deserialize)]
struct Resource {
    primary: Option<Instance>,
    #[serde(default, deserialize_with = "or_nothing")]
    deposed: Vec<Option<Instance>>,
}

#[derive(Deserialize)]
struct Instance {
    #[serde(default)]
    id: Loose,
    #[serde(default)]
    attributes: Flat,
    #[serde(default, deserialize_with = "or_nothing")]
    tainted: bool,
}

/// The state that such a document holds.
pub(super) fn state(format: u64, document: Document) -> Result<State, Unreadable> {
    let mut objects = Vec::new();
    let mut outputs = BTreeSet::new();
    let mut number = 0;
    for module in document.modules {
        let names = module.path.iter().skip(1);
        let modules: Vec<Step> = names.map(|name| Step { name: name.clone(), key: None }).collect();
        if modules.is_empty() {
            outputs.extend(module.outputs.into_keys());
        }
        for (name, resource) in module.resources {
            number += 1;
            let misnamed = Unreadable::Misnamed { number };
            let Some(from) = reference(&modules, &name) else { return Err(misnamed) };
            let primary = resource.primary.map(|one| (one.tainted, one));
            let kept = primary.map(|(tainted, one)| match tainted {
                true => (Standing::Tainted, one),
                false => (Standing::Kept, one),
            });
            let deposed = resource.deposed.into_iter().flatten().map(|one| (Standing::Deposed, one));
            for (standing, instance) in kept.into_iter().chain(deposed) {
                let Instance { id, attributes: Flat(mut attributes), .. } = instance;
                if attributes.id.text().is_none() {
                    attributes.id = id;
                }
                objects.push(object(from.clone(), standing, Some(attributes)));
            }
        }
    }
    Ok(State {
        format,
        terraform_version: document.terraform_version,
        serial: document.serial,
        outputs: outputs.into_iter().collect(),
        provider: Provider::Legacy,
        objects,
    })
}

/// The address of `aws_efs_mount_target.files.2`, or `data.aws_vpc.main`, in these modules.
fn reference(modules: &[Step], text: &str) -> Option<Reference> {
    let (is_data, rest) = match text.strip_prefix("data.") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut parts = rest.split('.');
    let (kind, name) = (parts.next()?, parts.next()?);
    let key = match parts.next() {
        Some(number) => Some(Key::Number(number.parse().ok()?)),
        None => None,
    };
    let names = modules.iter().map(|step| step.name.as_str()).chain([kind, name]);
    (parts.next().is_none() && names.into_iter().all(is_identifier)).then(|| Reference {
        modules: modules.to_vec(),
        is_data,
        kind: kind.to_owned(),
        name: name.to_owned(),
        key,
    })
}
