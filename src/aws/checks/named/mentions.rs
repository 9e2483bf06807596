//! The objects that declarations name by id or name, each with the purpose for which it is named.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::prospect::Prospect;
use super::GROUP;
use crate::aws::kinds::security_group::{EGRESS, INGRESS};
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::stack::postgres::Version;

/// An object that is named by its id.
#[derive(Clone, Debug)]
pub(super) struct NamedBy {
    pub(super) address: Address,
    pub(super) id: String,
    pub(super) use_of_it: Use,
}

/// The purpose for which an object is named.
#[derive(Clone, Debug)]
pub(super) enum Use {
    /// The source of a rule of a group in this VPC, where that is known.
    Source { vpc: Option<String> },
    /// A group that the object itself has.
    Attached,
    /// The parameter group of a database of this family.
    Parameters { family: String },
}

/// The field with the parameter group of a database, and the one with its version.
pub(super) const PARAMETER_GROUP: &str = "parameter_group_name";

const VERSION: &str = "engine_version";

/// The parameter group that a database names; one of the stack's own is a reference.
pub(super) fn parameter_group(inputs: &Document) -> Option<&str> {
    inputs.get(PARAMETER_GROUP).and_then(Value::as_str).filter(|name| !name.contains("${"))
}

/// The fields with the rules of a group: the other side of a rule is its source, whichever way it goes.
const RULES: [&str; 2] = [INGRESS.name, EGRESS.name];

/// The fields with the groups that an object has.
pub(super) const ATTACHED: [&str; 3] = ["vpc_security_group_ids", "security_groups", "security_group_ids"];

/// The groups that an object has, as they are written.
pub(super) fn attached(inputs: &Document) -> impl Iterator<Item = &str> {
    let listed = ATTACHED.iter().filter_map(|field| inputs.get(*field)?.as_array()).flatten();
    listed.filter_map(Value::as_str)
}

/// The sources of a group's rules, as they are written.
pub(super) fn sources(inputs: &Document) -> impl Iterator<Item = &str> {
    let rules = RULES.iter().filter_map(|field| inputs.get(*field)?.as_array()).flatten();
    rules.filter_map(|rule| rule.get("source").and_then(Value::as_str))
}

pub(super) fn named(prospect: &Prospect) -> Vec<NamedBy> {
    let one = |id: &str, use_of_it: Use| NamedBy {
        address: prospect.address.clone(),
        id: id.to_owned(),
        use_of_it,
    };
    if prospect.touches(&ATTACHED) {
        let ids = attached(&prospect.written).filter(|id| id.starts_with("sg-"));
        return ids.map(|id| one(id, Use::Attached)).collect();
    }
    if !prospect.is_a(GROUP) || !prospect.touches(&RULES) {
        return Vec::new();
    }
    let vpc = prospect.inputs.get("vpc_id").and_then(Value::as_str).filter(|vpc| vpc.starts_with("vpc-"));
    let is_an_id = |source: &&str| source.starts_with("sg-") || source.starts_with("pl-");
    // One group or list can be the source of several rules.
    let ids: BTreeSet<&str> = sources(&prospect.written).filter(is_an_id).collect();
    ids.into_iter().map(|id| one(id, Use::Source { vpc: vpc.map(str::to_owned) })).collect()
}

/// The parameter group that a database will have, which has to be of the family of its version.
pub(super) fn parameters(prospect: &Prospect) -> Option<NamedBy> {
    let name = parameter_group(&prospect.written)?;
    // A replica has the version of its source.
    let inputs = prospect.source.as_ref().map_or(&prospect.inputs, |source| &source.inputs);
    let version = Version::parse(inputs.get(VERSION)?.as_str()?)?;
    prospect.touches(&[PARAMETER_GROUP, VERSION]).then(|| NamedBy {
        address: prospect.address.clone(),
        id: name.to_owned(),
        use_of_it: Use::Parameters { family: version.family() },
    })
}

/// "Security groups per network interface" is 5, and can be raised ("Amazon VPC quotas", Amazon VPC User Guide).
pub(super) const ALWAYS: usize = 5;

/// The groups of an object that has more of them than every account may give one network interface.
pub(super) fn crowded(prospect: &Prospect) -> Option<(Address, usize)> {
    let count = attached(&prospect.written).count();
    (count > ALWAYS && prospect.touches(&ATTACHED)).then(|| (prospect.address.clone(), count))
}
