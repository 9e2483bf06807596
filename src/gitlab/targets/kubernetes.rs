//! `kubernetes`: the objects by which a cluster uses what the stack makes, whatever runs there.

mod secrets;
mod volumes;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Service, ServiceSpec};
use serde_json::Value;

use super::gitlab;
use crate::gitlab::description::Description;
use crate::gitlab::objects::{metadata, object, of_cluster};
use crate::gitlab::target::{Members, Refused, Rendering, Target};
use crate::gitlab::yaml;
use crate::stack::parts::DATABASES;

pub(super) use volumes::{ZONE, in_zone};

pub(super) const TARGET: Target = Target {
    name: "kubernetes",
    doc: "Namespace, volumes and claims, a ConfigMap of outputs, names of databases, references to passwords.",
    file: "kubernetes.yaml",
    before: "",
    reads_state: true,
    members: |description| {
        if description.has_kubernetes() { Members::One } else { Members::None("`kubernetes: {}`") }
    },
    render,
};

fn render(description: &Description<'_>, _: &str) -> Result<Rendering, Refused> {
    let mut objects = vec![namespace(description)];
    let (mut warnings, mut notes) = (Vec::new(), Vec::new());
    for (name, volume) in &description.kubernetes.volumes {
        objects.extend(volumes::volume(description, name, volume));
    }
    warnings.extend(volumes::warnings(description));
    objects.push(outputs(description));
    let taken = |name: &&str| gitlab::SERVICES.contains(name);
    let (taken, named): (Vec<&str>, Vec<&str>) = description.entries(DATABASES).into_iter().partition(taken);
    objects.extend(named.into_iter().map(|name| database(description, name)));
    warnings.extend(taken.into_iter().map(|name| {
        format!("no Service is rendered for the database {name}, since GitLab's own has that name: use the database's host")
    }));
    objects.extend(secrets::objects(description));
    notes.extend(secrets::notes(description));
    only_once(&objects)?;
    Ok(Rendering { text: yaml::documents(&objects), warnings, notes, secrets: Vec::new() })
}

/// Of two objects of one name, a cluster has the one that was applied last.
fn only_once(objects: &[Value]) -> Result<(), Refused> {
    let mut seen = BTreeSet::new();
    let name = |object: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&object["kind"]), text(&object["metadata"]["name"]))
    };
    match objects.iter().map(name).find(|name| !seen.insert(name.clone())) {
        None => Ok(()),
        Some((kind, name)) => Err(Refused::new(
            format!("there would be two objects of the kind {kind} with the name `{name}`"),
            "give one of the two that it is made from, a volume or an entry, another name in the stack file",
        )),
    }
}

fn namespace(description: &Description<'_>) -> Value {
    let metadata = of_cluster(description, description.kubernetes.namespace.clone());
    object(&Namespace { metadata, ..Namespace::default() })
}

/// The name of the ConfigMap of outputs.
pub fn outputs_name(description: &Description<'_>) -> String {
    format!("{}-outputs", description.stack.stack)
}

/// A ConfigMap with every output, for pods that want to read them.
pub(in crate::gitlab) fn outputs(description: &Description<'_>) -> Value {
    let metadata = metadata(description, outputs_name(description));
    object(&ConfigMap { data: Some(description.everything()), metadata, ..ConfigMap::default() })
}

/// A name in the cluster for a database, which follows it to another endpoint. A client that verifies the name in the database's certificate
/// uses the endpoint itself.
fn database(description: &Description<'_>, name: &str) -> Value {
    let spec = ServiceSpec {
        type_: Some("ExternalName".to_owned()),
        external_name: Some(description.output(DATABASES, name, "host")),
        ..ServiceSpec::default()
    };
    object(&Service { metadata: metadata(description, name), spec: Some(spec), ..Service::default() })
}
