//! Resources that will probably be made or changed, as far as stack and state tell before AWS has been looked at.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::scene::{Doing, Scene};
use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::diff;
use crate::engine::document::{Document, Reference, references, resolve};
use crate::engine::graph;
use crate::engine::ignored::leave_as_recorded;
use crate::engine::kind::Registry;
use crate::engine::owner::owner_by_tags;
use crate::engine::plan::Mode;
use crate::engine::planner::Options;
use crate::engine::refresh::recorded_value;
use crate::engine::resource::Owner;
use crate::engine::state::State;

/// A resource that will probably be made or changed.
#[derive(Clone, Debug)]
pub struct Prospect {
    pub address: Address,
    /// The desired inputs, with every reference resolved that the network or the state knows.
    pub inputs: Document,
    /// The desired inputs as they are declared, with their references.
    pub written: Document,
    /// The fields in which that is not what is recorded; all of them for a new object.
    pub differing: BTreeSet<String>,
    /// The version of the engine that is recorded, where one is.
    pub recorded_version: Option<String>,
    pub is_new: bool,
    /// For whom it would be made.
    pub owner: Owner,
    /// The subnets that its network interfaces may be in, its own and those of its subnet group.
    pub subnets: BTreeSet<String>,
    /// The database that a read replica follows.
    pub source: Option<Source>,
}

/// A database as it is declared, with the references that are known.
#[derive(Clone, Debug)]
pub struct Source {
    pub address: Address,
    pub inputs: Document,
}

impl Prospect {
    /// True if it is of this kind.
    pub(super) fn is_a(&self, kind: &str) -> bool {
        self.address.kind() == kind
    }

    /// True if any of the fields will be written.
    pub(super) fn touches(&self, fields: &[&str]) -> bool {
        fields.iter().any(|field| self.differing.contains(*field))
    }

    /// The inputs as a struct of those that are looked at. References that are not known yet are texts like others.
    pub(super) fn typed<R: DeserializeOwned>(&self) -> Option<R> {
        R::deserialize(&self.inputs).ok()
    }
}

/// The declarations that have no record, or are not as recorded. A stack that is as it was applied has none.
pub fn prospects(
    registry: &Registry,
    blueprint: &Blueprint,
    state: Option<&State>,
    options: &Options,
) -> Vec<Prospect> {
    if options.mode != Mode::Apply {
        return Vec::new();
    }
    let mut blueprint = blueprint.clone();
    leave_as_recorded(registry, &mut blueprint, |address| Some(&state?.resources.get(address)?.inputs));
    let around = Around { registry, blueprint: &blueprint, state };
    let selected = selected(&blueprint, options);
    let declared = blueprint.declarations.keys().filter(|address| selected.contains(*address));
    let differing = |address: &Address, desired: &Document| {
        let record =
            state.and_then(|state| state.resources.get(address)).filter(|record| record.id.is_some());
        let manager = registry.managing(address.kind())?;
        let is_new = record.is_none() || options.replace.contains(address);
        let differing: BTreeSet<String> = match record {
            Some(record) if !is_new => {
                let differing = diff::diff(manager.fields(), desired, &record.inputs);
                differing.into_iter().map(|field| field.path).collect()
            }
            _ => desired.keys().cloned().collect(),
        };
        Some((differing, is_new))
    };
    declared.filter_map(|address| around.prospect(address, |desired| differing(address, desired))).collect()
}

/// The planned work that nothing was asked about: AWS is not as the state records it, and the plan puts that right. A plan without such
/// changes has none.
pub fn late(scene: &Scene<'_>, asked: &[Prospect]) -> Vec<Prospect> {
    if scene.planning.plan.mode != Mode::Apply {
        return Vec::new();
    }
    let around = Around { registry: scene.registry, blueprint: scene.blueprint, state: scene.state };
    let differing = |address: &Address, desired: &Document| {
        let asked = asked.iter().find(|one| one.address == *address);
        let is_asked = |field: &String| asked.is_some_and(|asked| asked.differing.contains(field));
        let (all, is_new): (BTreeSet<String>, bool) = match scene.doing(address)? {
            Doing::Making(_) if asked.is_some_and(|asked| asked.is_new) => return None,
            Doing::Making(_) => (desired.keys().cloned().collect(), true),
            Doing::Changing(change) => {
                (change.fields.iter().map(|field| field.path.clone()).collect(), false)
            }
        };
        Some((all.into_iter().filter(|field| is_new || !is_asked(field)).collect(), is_new))
    };
    let planned = scene.changes().map(|change| &change.address);
    planned.filter_map(|address| around.prospect(address, |desired| differing(address, desired))).collect()
}

/// The declarations and records that a prospect is made from.
struct Around<'a> {
    registry: &'a Registry,
    blueprint: &'a Blueprint,
    state: Option<&'a State>,
}

impl Around<'_> {
    /// The prospect at an address, with the fields that will be written, if there are any; true beside them for a new object.
    fn prospect(
        &self,
        address: &Address,
        differing: impl FnOnce(&Document) -> Option<(BTreeSet<String>, bool)>,
    ) -> Option<Prospect> {
        let Self { registry, blueprint, state } = *self;
        let Declaration::Managed { inputs } = blueprint.declarations.get(address)? else { return None };
        let manager = registry.managing(address.kind())?;
        let known = |inputs: &Document| {
            resolve(inputs, &|reference| {
                recorded_value(blueprint, state, &reference.address, &reference.output)
                    .or_else(|| alias(blueprint, reference))
            })
        };
        // Inputs that do not fit their kind are for the planner to report.
        let desired = manager.normalise(&known(inputs)).ok()?;
        let (differing, is_new) = differing(&desired)?;
        let record =
            state.and_then(|state| state.resources.get(address)).filter(|record| record.id.is_some());
        let source = followed(registry, blueprint, inputs, &known);
        let of_source = source.as_ref().and_then(|source| blueprint.declarations.get(&source.address));
        let of_source = match of_source {
            Some(Declaration::Managed { inputs }) => group_subnets(blueprint, inputs, &known),
            _ => Vec::new(),
        };
        let version = record.and_then(|record| record.inputs.get("engine_version"));
        (!differing.is_empty()).then(|| Prospect {
            address: address.clone(),
            differing,
            recorded_version: version.and_then(Value::as_str).map(str::to_owned),
            is_new,
            owner: owner_by_tags(blueprint, state, address, record.map_or(0, |record| record.generation)),
            subnets: subnets(&desired)
                .chain(group_subnets(blueprint, inputs, &known))
                .chain(of_source)
                .collect(),
            source,
            written: inputs.clone(),
            inputs: desired,
        })
    }
}

/// The alias of a key, which stands for the key wherever one is asked about.
fn alias(blueprint: &Blueprint, reference: &Reference) -> Option<Value> {
    match blueprint.declarations.get(&reference.address) {
        Some(Declaration::Watched { id }) if reference.output == "target_key_arn" => Some(id.as_str().into()),
        _ => None,
    }
}

/// The targets with what they need; everything where none is named.
fn selected(blueprint: &Blueprint, options: &Options) -> BTreeSet<Address> {
    let refers_to = blueprint.references();
    if options.targets.is_empty() {
        refers_to.into_keys().collect()
    } else {
        graph::closure(&refers_to, options.targets.iter().cloned())
    }
}

fn subnets(inputs: &Document) -> impl Iterator<Item = String> + use<> {
    let one = inputs.get("subnet_id").and_then(Value::as_str).map(str::to_owned);
    let several: Vec<String> = inputs
        .get("subnet_ids")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|subnet| subnet.as_str().map(str::to_owned))
        .collect();
    one.into_iter().chain(several)
}

/// The database that a declaration follows, as read replicas do: they stand in its subnets.
fn followed(
    registry: &Registry,
    blueprint: &Blueprint,
    inputs: &Document,
    known: &dyn Fn(&Document) -> Document,
) -> Option<Source> {
    let address = references(inputs).into_iter().find(|address| address.kind() == "aws_db_instance")?;
    let Declaration::Managed { inputs } = blueprint.declarations.get(&address)? else { return None };
    let inputs = registry.managing(address.kind())?.normalise(&known(inputs)).ok()?;
    Some(Source { address, inputs })
}

/// The subnets of the subnet groups that a declaration refers to.
fn group_subnets(
    blueprint: &Blueprint,
    inputs: &Document,
    known: &dyn Fn(&Document) -> Document,
) -> Vec<String> {
    let groups = references(inputs).into_iter().filter(|address| address.kind() == "aws_db_subnet_group");
    groups
        .filter_map(|address| match blueprint.declarations.get(&address)? {
            Declaration::Managed { inputs } => Some(subnets(&known(inputs)).collect::<Vec<_>>()),
            Declaration::Watched { .. } => None,
        })
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::aws::kinds::registry;
    use crate::engine::resource::Id;
    use crate::engine::state::{Edit, Record};

    fn address(text: &str) -> Address {
        text.parse().expect("an address")
    }

    fn document(value: Value) -> Document {
        value.as_object().expect("an object").clone()
    }

    fn blueprint() -> Blueprint {
        let watched = |id: &str| Declaration::Watched { id: Id::new(id) };
        let managed = |inputs| Declaration::Managed { inputs: document(inputs) };
        let declarations = BTreeMap::from([
            (address("aws_subnet.a"), watched("subnet-a")),
            (address("aws_subnet.b"), watched("subnet-b")),
            (
                address("aws_db_subnet_group.g"),
                managed(json!({
                    "name": "g", "description": "x", "tags": {},
                    "subnet_ids": ["${aws_subnet.a.id}", "${aws_subnet.b.id}"],
                })),
            ),
            (
                address("aws_efs_mount_target.f/a"),
                managed(json!({
                    "file_system_id": "${aws_efs_file_system.f.id}", "subnet_id": "${aws_subnet.a.id}",
                    "security_groups": ["sg-1"],
                })),
            ),
        ]);
        Blueprint { stack: "s".to_owned(), declarations, ..Blueprint::default() }
    }

    fn recorded(at: &str, inputs: Value) -> State {
        let mut record = Record::watched(Id::new("g"), Document::new());
        record.watched = false;
        record.inputs = document(inputs);
        let mut state = State::new("s", "lineage".to_owned(), "123456789012", "eu-west-1");
        state.apply(Edit::Put { address: address(at), record });
        state
    }

    fn options(mode: Mode) -> Options {
        Options { mode, targets: BTreeSet::new(), replace: BTreeSet::new(), allow_data_loss: BTreeSet::new() }
    }

    #[test]
    fn what_has_no_record_is_a_prospect_with_the_subnets_that_it_may_be_in() {
        let found = prospects(&registry(), &blueprint(), None, &options(Mode::Apply));
        let said: Vec<(String, Vec<&str>)> = found
            .iter()
            .map(|one| (one.address.to_string(), one.subnets.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(
            said,
            [
                ("aws_db_subnet_group.g".to_owned(), vec!["subnet-a", "subnet-b"]),
                ("aws_efs_mount_target.f/a".to_owned(), vec!["subnet-a"]),
            ]
        );
        assert!(found.iter().all(|one| one.is_new));
    }

    #[test]
    fn only_the_targets_and_what_they_need_are_prospects() {
        let mut named = options(Mode::Apply);
        named.targets.insert(address("aws_db_subnet_group.g"));
        let found = prospects(&registry(), &blueprint(), None, &named);
        assert_eq!(
            found.iter().map(|one| one.address.to_string()).collect::<Vec<_>>(),
            ["aws_db_subnet_group.g"]
        );
    }

    #[test]
    fn what_is_as_recorded_is_none_and_what_differs_says_in_what() {
        let mut blueprint = blueprint();
        blueprint.declarations.remove(&address("aws_efs_mount_target.f/a"));
        let mut inputs = json!({
            "name": "g", "description": "x", "subnet_ids": ["subnet-b", "subnet-a"], "tags": {},
        });
        inputs["subnet_ids"] = json!(["subnet-a", "subnet-b"]);
        let same = recorded("aws_db_subnet_group.g", inputs.clone());
        assert!(prospects(&registry(), &blueprint, Some(&same), &options(Mode::Apply)).is_empty());
        inputs["description"] = json!("y");
        let other = recorded("aws_db_subnet_group.g", inputs);
        let found = prospects(&registry(), &blueprint, Some(&other), &options(Mode::Apply));
        assert_eq!(found.len(), 1);
        assert!(!found[0].is_new && found[0].touches(&["description"]) && !found[0].touches(&["name"]));
        assert!(prospects(&registry(), &blueprint, Some(&other), &options(Mode::RefreshOnly)).is_empty());
    }

    #[test]
    fn what_is_to_be_replaced_by_name_is_made_anew() {
        let mut blueprint = blueprint();
        blueprint.declarations.remove(&address("aws_efs_mount_target.f/a"));
        let inputs = json!({
            "name": "g", "description": "x", "subnet_ids": ["subnet-a", "subnet-b"], "tags": {},
        });
        let state = recorded("aws_db_subnet_group.g", inputs);
        let mut named = options(Mode::Apply);
        named.replace.insert(address("aws_db_subnet_group.g"));
        let found = prospects(&registry(), &blueprint, Some(&state), &named);
        assert!(found.len() == 1 && found[0].is_new && found[0].touches(&["name"]));
    }
}
