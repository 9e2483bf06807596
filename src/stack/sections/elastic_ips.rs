//! `elastic_ips`: public addresses that stay the same, each perhaps on a machine.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::json;

use crate::engine::address::Address;
use crate::engine::kind::Registry;
use crate::engine::resource::{Id, Need, Property, Shape};
use crate::engine::state::{Record, State};
use crate::stack::Name;
use crate::stack::blueprint::{BlueprintError, Draft, id_of, with};
use crate::stack::describe::{Described, Scene, Unsayable, passed};
use crate::stack::outputs::{Output, id, text};
use crate::stack::section::{
    Conflict, Entries, Entry, Expand, IGNORE_CHANGES, NamesEntries, Others, Part, Section,
};

const ADDRESS: &str = "aws_eip";
const MACHINE: &str = "aws_instance";
/// The section whose entries an address names.
const OF_MACHINES: &str = "instances";

pub(super) const SECTION: Section = Section {
    key: "elastic_ips",
    doc: "Elastic IP addresses (Amazon EC2), by name.",
    one: "elastic IP address",
    several: "elastic IP addresses",
    entry: Part {
        doc: "One public address, which stays the same until it is released.",
        own: &[INSTANCE, IGNORE_CHANGES],
        parts: &[],
        passes: &[ADDRESS],
    },
    objects: &[],
    check,
    names: &[NamesEntries { option: INSTANCE.name, section: OF_MACHINES }],
    files: &[],
    spread: None,
    main: ADDRESS,
    others: Others::None,
    roles: |_| std::collections::BTreeMap::new(),
    expand: Expand::Alone(declare),
    belongings: &[],
    describe,
    output,
    output_schema: schema,
    short: &[],
};

const INSTANCE: Property = Property {
    name: "instance",
    doc: "The entry of `instances` that it leads to. It is never taken off a machine that is not the stack's. Where it is taken out,\n\
          the address is free again.",
    shape: Shape::Text(Name::RULE),
    need: Need::Optional,
};

/// One machine has one address: AWS takes a second one for another private address alone.
fn check(addresses: &Entries) -> Vec<Conflict> {
    let mut seen = std::collections::BTreeMap::new();
    let named = addresses.iter().filter_map(|(name, entry)| Some((name, entry.text(&INSTANCE)?)));
    let twice = named.filter_map(|(name, machine)| Some((name, machine, seen.insert(machine, name)?)));
    let conflict = |(name, machine, first): (&Name, &str, &Name)| {
        let message = format!("`{first}` leads to `{machine}` already");
        Conflict::new(name, &[INSTANCE.name], message, "name another instance")
    };
    twice.map(conflict).collect()
}

fn declare(draft: &mut Draft<'_>, name: &Name, entry: &Entry) -> Result<(), BlueprintError> {
    let address = Address::new(ADDRESS, name.as_str());
    let set = json!({
        "instance_id": machine(draft, name, entry).map(|machine| id_of(&Address::new(MACHINE, &machine))),
        "tags": draft.tags(&address, name.as_str()),
    });
    draft.declare(address, with(entry.of(ADDRESS), set))
}

/// The machine that an address leads to: the one that another part of the stack file decides, or the written one.
fn machine(draft: &Draft<'_>, name: &Name, entry: &Entry) -> Option<String> {
    let decided = draft.decided.machines.get(name.as_str()).cloned();
    decided.or_else(|| entry.text(&INSTANCE).map(str::to_owned))
}

fn describe(registry: &Registry, scene: &Scene, name: &Name, id: &Id) -> Result<Described, Unsayable> {
    let object = scene.object(ADDRESS, id.as_str());
    let inputs = &object.ok_or_else(|| Unsayable::new(id, "AWS shows no such address"))?.inputs;
    let mut described = Described { options: passed(registry, ADDRESS, inputs), ..Described::default() };
    described.objects.insert(Address::new(ADDRESS, name.as_str()), id.clone());
    Ok(described)
}

/// One address.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
struct ElasticIp {
    /// `eipalloc-…`
    id: String,
    public_ip: String,
}

fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<ElasticIp>()
}

fn output(_: &State, _: &str, record: &Record) -> Option<Output> {
    let address = ElasticIp { id: id(record)?, public_ip: text(&record.outputs, "public_ip")? };
    let mut output = Output::of(&address);
    let ElasticIp { id, public_ip } = address;
    output.texts.extend([("id", id), ("public_ip", public_ip)].map(|(field, text)| (field.to_owned(), text)));
    Some(output)
}

#[cfg(test)]
mod tests {
    use crate::aws::kinds::registry;
    use crate::stack::parse;

    #[test]
    fn a_machine_has_one_address_and_is_one_of_the_stack() {
        for (text, word) in [
            ("elastic_ips: { a: { instance: m } }", "no entry of `instances`"),
            (
                "elastic_ips: { a: { instance: m }, b: { instance: m } }\ninstances: { m: { ami: ami-1, instance_type: t3.large, zone: \
                 eu-west-1a, security_groups: [sg-1] } }",
                "`a` leads to `m` already",
            ),
        ] {
            let error = parse("x", text, &registry()).expect_err("it is wrong");
            let said: Vec<String> = error.problems().map(ToString::to_string).collect();
            assert!(said.iter().any(|one| one.contains(word)), "{text}: {said:?}");
        }
        assert!(parse("x", "elastic_ips: { a: {} }", &registry()).is_ok());
    }
}
