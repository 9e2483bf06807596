//! The least AWS policy that a stack needs, made from what kinds, discovery and checks say of their own calls. Pure.

mod place;
mod state;
mod statement;
mod topic;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::aws::IDENTITY;
use crate::aws::checks;
use crate::aws::network;
use crate::aws::recovery;
use crate::aws::state_s3::CALLS as S3_CALLS;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::call::{Call, Grant, When};
use crate::engine::document::{Document, resolve};
use crate::engine::kind::{Manager, Reader, Registry};
use crate::engine::network::{Cluster, Network, Role};
use crate::engine::resource::Id;
use crate::stack::Stack;
use crate::stack::blueprint::{BlueprintError, blueprint};
use place::Place;
use topic::Topic;

pub(super) use place::partition;
pub use state::{state_key, state_on_s3};
pub use statement::{Conditions, Effect, MOST_CHARACTERS, Policy, Statement, Texts};

/// Condition keys: the owner of a resource that exists, and of one that is asked for (IAM User Guide, global condition keys).
const OWNED: &str = "aws:ResourceTag/provision:stack";
const TAGGING: &str = "aws:RequestTag/provision:stack";

/// The resources of the cluster: never changed, even if the caller may do everything else.
const NETWORK: &[&str] =
    &["ec2:vpc/*", "ec2:subnet/*", "ec2:route-table/*", "ec2:internet-gateway/*", "ec2:natgateway/*"];

/// The actions that only refer to a VPC or a subnet.
const REFERRING: &[&str] = &["ec2:CreateNetworkInterface", "ec2:CreateSecurityGroup"];

/// The policy for everything that `provision` does with a stack, in a region or in whichever.
///
/// # Errors
/// [`BlueprintError`] when the stack could be built in no network.
pub fn policy(registry: &Registry, stack: &Stack, region: Option<&str>) -> Result<Policy, BlueprintError> {
    let network = stack.needs_a_network().then(|| any_network(stack));
    let blueprint = blueprint(stack, network.as_ref())?;
    let mut needs = Needs { stack: &blueprint.stack, place: Place { region }, allowed: BTreeMap::new() };
    let looking = if stack.network.is_some() { network::CALLS_FOR_NAMED } else { network::CALLS };
    let discovery = network.iter().flat_map(|_| looking);
    discovery.for_each(|call| needs.call(call, &Document::new()));
    for (address, declaration) in &blueprint.declarations {
        let kind = address.kind();
        match declaration {
            Declaration::Watched { id } => {
                let inputs = Document::from_iter([("id".to_owned(), Value::from(id.as_str()))]);
                let calls = registry.reader(kind).map(Reader::calls).unwrap_or_default();
                calls.iter().filter(|call| call.is_read()).for_each(|call| needs.call(call, &inputs));
            }
            Declaration::Managed { inputs } => {
                let inputs = with_known(registry, inputs, &blueprint, needs.place);
                calls_for(registry, kind, &inputs).iter().for_each(|call| needs.call(call, &inputs));
            }
        }
    }
    recovery::calls_of(stack).iter().for_each(|call| needs.call(call, &Document::new()));
    Ok(Policy::new(needs.statements()))
}

/// Every call that `provision` makes for one stack or another, with all that AWS checks because of it. A call that is
/// made for several things is there several times.
pub fn all_calls(registry: &Registry) -> Vec<Call> {
    let of_kinds = registry.all().flat_map(|kind| {
        let fields = registry.managing(kind.kind()).map(Manager::fields).unwrap_or_default();
        let changing = fields.iter().flat_map(|field| field.calls);
        let beside = checks::calls(kind.kind()).chain(recovery::calls(kind.kind()));
        kind.calls().iter().chain(changing).copied().chain(beside)
    });
    let beside = network::CALLS.iter().chain(recovery::pairs::CALLS).copied();
    of_kinds.chain(beside).chain(S3_CALLS).chain([IDENTITY]).collect()
}

/// A network to think of: which one it is makes no difference to what may be done beside it.
fn any_network(stack: &Stack) -> Network {
    let id = |text: &str| Id::new(text);
    Network {
        cluster: Cluster { name: Some("any".to_owned()), efs_names_resolve: true },
        vpc: id("vpc"),
        subnets: ["a", "b"]
            .into_iter()
            .chain(stack.zones())
            .map(|zone| (zone.to_owned(), id(zone)))
            // A subnet that is named is in one zone or another.
            .chain(stack.subnets_of_entries().into_iter().map(|subnet| (format!("of {subnet}"), id(subnet))))
            .collect(),
        groups: Role::ALL.map(|role| (role, role.placed(&[id(role.name())], None))).into(),
    }
}

/// The inputs, in which what is watched stands for what is referred to of it, such as an alias for its key, and what will be known of new
/// objects for that, such as the name of a role.
fn with_known(registry: &Registry, inputs: &Document, blueprint: &Blueprint, place: Place<'_>) -> Document {
    resolve(inputs, &|reference| match blueprint.declarations.get(&reference.address)? {
        Declaration::Watched { id } => Some(Value::from(id.as_str())),
        Declaration::Managed { inputs } => {
            let manager = registry.managing(reference.address.kind())?;
            manager.foreseen(inputs, &reference.output, place.region.unwrap_or_default())
        }
    })
}

/// The calls for an object: those of its kind, those that change what is written of it, and those that check it.
fn calls_for(registry: &Registry, kind: &str, inputs: &Document) -> Vec<Call> {
    let of_kind = registry.reader(kind).map(Reader::calls).unwrap_or_default();
    let fields = registry.managing(kind).map(Manager::fields).unwrap_or_default();
    let written = fields.iter().filter(|field| inputs.contains_key(field.name));
    let changing = written.flat_map(|field| field.calls);
    let beside = checks::calls_for(kind, inputs).chain(recovery::calls(kind));
    of_kind.iter().chain(changing).copied().chain(beside).collect()
}

/// The actions that have to be allowed.
struct Needs<'a> {
    stack: &'a str,
    place: Place<'a>,
    /// The resources of each action, under each set of conditions.
    allowed: BTreeMap<(&'static str, Conditions), Texts>,
}

impl Needs<'_> {
    fn call(&mut self, call: &Call, inputs: &Document) {
        if !(call.concerns)(inputs) {
            return;
        }
        for grant in call.grants {
            self.grant(call.name, grant, inputs);
        }
        for check in call.checks.iter().filter(|check| (check.concerns)(inputs)) {
            self.grant(check.action, &check.grant, inputs);
        }
    }

    fn grant(&mut self, action: &'static str, grant: &Grant, inputs: &Document) {
        for named in grant.on.iter().filter_map(|pattern| self.place.named(pattern, inputs)) {
            let mut conditions = self.conditions(grant.when);
            if let Some(alias) = named.alias {
                let keys = conditions.entry("ForAnyValue:StringEquals").or_default();
                keys.insert("kms:ResourceAliases", Texts::from_iter([alias]));
            }
            self.allowed.entry((action, conditions)).or_default().insert(named.arn);
        }
    }

    fn conditions(&self, when: &[When]) -> Conditions {
        let mut conditions = Conditions::new();
        for one in when {
            let (key, value) = match one {
                When::Tagging => (TAGGING, self.stack.to_owned()),
                When::Owned => (OWNED, self.stack.to_owned()),
                When::Is(key, value) => (*key, self.place.value(value)),
                When::Holds(key) => (*key, "true".to_owned()),
            };
            let operator = match one {
                When::Holds(_) => "Bool",
                _ if value.contains('*') => "StringLike",
                _ => "StringEquals",
            };
            conditions.entry(operator).or_default().insert(key, Texts::from_iter([value]));
        }
        conditions
    }

    /// As few statements as say the same, and one that keeps from the network what other policies may allow.
    fn statements(mut self) -> Vec<Statement> {
        self.leave_out_conditions_without_effect();
        self.put_alternatives_together();
        let denied = self.never_the_network();
        let mut groups: BTreeMap<(Topic, Conditions, Texts), (Texts, Texts)> = BTreeMap::new();
        for ((action, conditions), resources) in self.allowed {
            let topic = Topic::of(action, &conditions, &resources);
            // A resource with the stack's tag is told by that: actions and resources of a service can be put together. Without
            // it, an action would be allowed on what only another is meant for.
            let is_named = !resources.iter().eq(["*"]);
            let apart = if topic.is_by_tag() && is_named { Texts::default() } else { resources.clone() };
            let (actions, all) = groups.entry((topic, conditions, apart)).or_default();
            actions.insert(action);
            all.extend(&resources);
        }
        let mut counts: BTreeMap<Topic, usize> = BTreeMap::new();
        let allowed = groups.into_iter().map(|((topic, condition, _), (action, resource))| {
            let count = counts.entry(topic).or_default();
            *count += 1;
            let sid = if *count == 1 { topic.to_string() } else { format!("{topic}{count}") };
            Statement {
                sid,
                effect: Effect::Allow,
                action,
                not_action: Texts::default(),
                resource,
                condition,
            }
        });
        allowed.chain([denied]).collect()
    }

    /// An action that is allowed anyway needs no conditions.
    fn leave_out_conditions_without_effect(&mut self) {
        let anyway: BTreeMap<&str, Texts> = self
            .allowed
            .iter()
            .filter(|((_, conditions), _)| conditions.is_empty())
            .map(|((action, _), resources)| (*action, resources.clone()))
            .collect();
        self.allowed.retain(|(action, conditions), resources| {
            let anyway = anyway.get(action).filter(|_| !conditions.is_empty());
            anyway.is_none_or(|anyway| !resources.is_within(anyway))
        });
    }

    /// The values of a condition are alternatives (IAM User Guide, multiple values for a condition key), as statements are:
    /// what differs in the value of its only condition is one statement.
    fn put_alternatives_together(&mut self) {
        let mut together: BTreeMap<_, Texts> = BTreeMap::new();
        let mut rest = BTreeMap::new();
        for ((action, conditions), resources) in std::mem::take(&mut self.allowed) {
            let keys =
                conditions.iter().flat_map(|(operator, keys)| keys.iter().map(move |key| (operator, key)));
            match keys.collect::<Vec<_>>()[..] {
                [(operator, (key, values))] => {
                    together.entry((action, *operator, *key, resources)).or_default().extend(values);
                }
                _ => {
                    rest.insert((action, conditions), resources);
                }
            }
        }
        for ((action, operator, key, resources), values) in together {
            let conditions = Conditions::from([(operator, BTreeMap::from([(key, values)]))]);
            rest.insert((action, conditions), resources);
        }
        self.allowed = rest;
    }

    /// Nothing but what only refers to the network.
    fn never_the_network(&self) -> Statement {
        let nothing = Document::new();
        let network = NETWORK.iter().filter_map(|pattern| self.place.named(pattern, &nothing));
        let allowed: BTreeSet<&str> = self.allowed.keys().map(|(action, _)| *action).collect();
        let refer = REFERRING.iter().copied().filter(|action| allowed.contains(action));
        Statement {
            sid: "NeverTheNetwork".to_owned(),
            effect: Effect::Deny,
            action: Texts::default(),
            not_action: refer.chain(["ec2:Describe*"]).collect(),
            resource: network.map(|named| named.arn).collect(),
            condition: Conditions::new(),
        }
    }
}

#[cfg(test)]
mod tests;
