//! The reverse of the security groups behind an entry: which of them is its own, and which it names.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::group;
use super::super::source::ACCESS;
use super::{ENTRY, EXTRA_SECURITY_GROUPS, SECURITY_GROUP};
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::network::{Network, Role};
use crate::engine::resource::Id;
use crate::stack::Name;
use crate::stack::describe::{Described, Object, Scene, Unsayable};

/// Adds the options that say which groups an object has. The first that can be said by `access` alone is its own; others that come
/// along are entries, and what is left is named by its id.
pub(in crate::stack) fn describe(
    scene: &Scene,
    (name, id): (&Name, &Id),
    ids: &[Id],
    port: i64,
    described: &mut Described,
) -> Result<(), Unsayable> {
    let own =
        ids.iter().filter(|id| scene.groups.contains_key(id) && !scene.shared.contains(id)).find_map(|id| {
            let object = scene.object(group::KIND, id.as_str())?;
            Some((id, object, access(scene.network.as_ref()?, object, port)?))
        });
    let mut others: Vec<&Id> =
        ids.iter().filter(|id| own.as_ref().is_none_or(|(own, ..)| own != id)).collect();
    // An entry comes first: its rules are the stack's.
    others.sort_by_key(|id| scene.entry(id).is_none());
    let word = |id: &Id| scene.entry(id).map_or_else(|| id.to_string(), Name::to_string);
    for id in &others {
        if scene.entry(id).is_some() {
            described.groups.insert((*id).clone());
        }
    }
    let mut others = others.into_iter();
    let options = &mut described.options;
    match own {
        Some((id, object, access)) => {
            let text = |field: &str| object.inputs.get(field).cloned().unwrap_or_default();
            let titled = json!({ "name": text("name"), "description": text("description") });
            options.insert(SECURITY_GROUP.name.to_owned(), titled);
            options.insert(ACCESS.to_owned(), Value::Array(access));
            described.objects.insert(Network::beside(group::address_of(name.as_str())), id.clone());
        }
        None => {
            let Some(first) = others.next() else {
                return Err(Unsayable::new(
                    id,
                    "AWS shows no security group of it, and the stack file needs one",
                ));
            };
            let value = match scene.entry(first) {
                Some(entry) => json!({ (ENTRY): entry.as_str() }),
                None => json!(first.as_str()),
            };
            options.insert(SECURITY_GROUP.name.to_owned(), value);
        }
    }
    let extra: Vec<Value> = others.map(|id| word(id).into()).collect();
    if !extra.is_empty() {
        options.insert(EXTRA_SECURITY_GROUPS.name.to_owned(), Value::Array(extra));
    }
    Ok(())
}

/// The sources of a group whose rules `access` can say: the port alone or everything, with a description, and everything may go out.
fn access(network: &Network, group: &Object, port: i64) -> Option<Vec<Value>> {
    let rules = |field: &str| group.inputs.get(field).and_then(Value::as_array);
    let egress: Vec<Document> =
        rules("egress")?.iter().filter_map(|rule| rule.as_object().cloned()).collect();
    let all_out = |rule: &Document| {
        rule == &Document::from_iter([
            ("protocol".to_owned(), json!("-1")),
            ("source".to_owned(), json!("0.0.0.0/0")),
        ])
    };
    if !matches!(egress.as_slice(), [one] if all_out(one)) {
        return None;
    }
    rules("ingress")?.iter().map(|rule| source(network, rule, port)).collect()
}

fn source(network: &Network, rule: &Value, port: i64) -> Option<Value> {
    let text = |field: &str| rule.get(field).and_then(Value::as_str);
    let number = |field: &str| rule.get(field).and_then(Value::as_i64);
    let is_all = text("protocol") == Some("-1");
    let is_port = text("protocol") == Some("tcp")
        && number("from_port") == Some(port)
        && number("to_port") == Some(port);
    let peer = text("source")?;
    let key = match role_of(network, peer) {
        Some(_) => "role",
        None if peer == "self" || peer.contains("/sg-") => return None,
        None if peer.starts_with("sg-") => "group",
        None if peer.starts_with("pl-") => "prefix_list",
        None => "cidr",
    };
    let mut source = BTreeMap::from([
        (key, role_of(network, peer).map_or(peer, |role| role.name())),
        ("description", text("description").filter(|text| !text.is_empty())?),
    ]);
    if is_all {
        source.insert("ports", "all");
    }
    (is_all || is_port).then(|| json!(source))
}

/// The role whose one group this is.
pub(in crate::stack) fn role_of(network: &Network, group: &str) -> Option<Role> {
    let is_its = |role: &Role| {
        let groups: Vec<(&Address, &Id)> = network.group_addresses(*role).collect();
        matches!(groups.as_slice(), [(_, id)] if id.as_str() == group)
    };
    Role::ALL.into_iter().find(is_its)
}
