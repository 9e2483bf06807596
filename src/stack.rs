//! The stack file: everything that its author wants, typed and checked.

pub mod blueprint;
pub mod describe;
mod files;
pub mod insert;
mod mask;
mod network;
pub mod outputs;
mod parse;
pub mod parts;
pub mod password;
pub mod postgres;
mod problem;
mod read;
mod report;
mod rules;
pub mod section;
pub mod sections;
mod state_place;
mod tags;
pub mod valkey;
mod values;
mod write;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::kind::Registry;
use crate::engine::network::Role;

pub use network::{NamedGroups, NamedNetwork};
pub use parse::{Sections, StackFile, parse, parse_files};
use parts::StackParts;
use password::PasswordSource;
pub use problem::{Fault, Form, Problem};
pub(crate) use problem::{nearest, shown};
pub use report::StackError;
use section::{Entries, Entry, Passed, Section, all_to_json, zones};
use sections::SECTIONS;
pub use state_place::{NoPlace, S3Place, StatePlace};
pub use tags::{InvalidTag, TagKey, TagValue};
pub use values::{
    ClusterName, GroupId, InvalidText, Name, ProfileName, Region, StackName, StateEncryption, StateKey,
    StateLocation, SubnetId, VpcId,
};

/// The built-in stack: what is built when there is no stack file.
pub const REFERENCE: &str = include_str!("../provision.yaml");

/// The whole desired set: the stack file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "The stack file of provision")]
pub struct Stack {
    /// The stack's name: it names the state file, is in the ownership tags, and starts the names of security groups.
    pub stack: StackName,
    /// The full name of the kops cluster; needed only where several are found.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ClusterName")]
    pub cluster: Option<ClusterName>,
    /// A network that is named by its ids, in place of that of a kops cluster. Nothing is looked for by tags, and nothing but these
    /// parts is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NamedNetwork")]
    pub network: Option<NamedNetwork>,
    /// The region; without it, the usual AWS settings decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Region")]
    pub region: Option<Region>,
    /// The place of the state; without it, `state/<stack>.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "StatePlace")]
    pub state: Option<StatePlace>,
    /// Tags that are put on everything that is created.
    // AWS allows 50 tags on a resource; `Name` and the ownership tags take four.
    #[schemars(extend(
        "maxProperties" = rules::MOST_TAGS,
        "propertyNames" = {
            "minLength": 1,
            "maxLength": 128,
            "not": { "pattern": "^([aA][wW][sS]:|provision:|kubernetes\\.io/cluster/|(KubernetesCluster|Name)$)" },
        },
    ))]
    pub tags: BTreeMap<TagKey, TagValue>,
    /// The entries of all sections.
    #[serde(skip)]
    pub sections: StackSections,
    /// The parts that say what is rendered, as they are written.
    #[serde(skip)]
    pub parts: StackParts,
    /// The texts of the files that options name, by their paths as they are written, or why there is none.
    #[serde(skip)]
    pub files: BTreeMap<String, Result<String, String>>,
}

/// The entries of each section, by its key.
pub type StackSections = BTreeMap<&'static str, Entries>;

impl Default for Stack {
    fn default() -> Self {
        Self {
            stack: "storage".parse().expect("a default is valid"),
            cluster: None,
            network: None,
            region: None,
            state: None,
            tags: BTreeMap::new(),
            sections: BTreeMap::new(),
            parts: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }
}

impl Stack {
    /// The stack with the entries that others are short for in their places.
    fn spread(mut self) -> Self {
        for section in SECTIONS {
            let (Some(spread), Some(entries)) = (section.spread, self.sections.get_mut(section.key)) else {
                continue;
            };
            let all = std::mem::take(entries).into_iter();
            entries.extend(all.flat_map(|(name, entry)| match spread(&name, &entry) {
                several if several.is_empty() => vec![(name, entry)],
                several => several,
            }));
        }
        self
    }

    /// The entries of a section.
    pub fn entries(&self, section: &Section) -> &Entries {
        static NONE: Entries = Entries::new();
        self.sections.get(section.key).unwrap_or(&NONE)
    }

    /// The folder that rendered files are written in, as the stack file names it.
    pub fn render_folder(&self) -> Option<&str> {
        self.parts.get(parts::RENDER)?.get("out")?.as_str()
    }

    /// Every entry with its section.
    fn all(&self) -> impl Iterator<Item = (&'static Section, &Name, &Entry)> {
        SECTIONS.iter().flat_map(|section| {
            self.entries(section).iter().map(move |(name, entry)| (*section, name, entry))
        })
    }

    /// The options that were passed on to kinds: where they are, the kind, and the values.
    fn passed(&self) -> Vec<Passed<'_>> {
        self.all()
            .flat_map(|(section, name, entry)| entry.all_passed(&[section.key, name.as_str()]))
            .collect()
    }

    /// True if an entry stands in the network of a cluster.
    pub fn needs_a_network(&self) -> bool {
        self.all().any(|(section, _, entry)| section.is_in_the_network(entry))
    }

    /// The zones that entries name.
    pub fn zones(&self) -> BTreeSet<&str> {
        let of = |entry| zones::zones(entry).into_iter().flatten().chain(zones::zone(entry));
        self.all().flat_map(|(.., entry)| of(entry)).collect()
    }

    /// The subnets that entries name in the place of a zone.
    pub fn subnets_of_entries(&self) -> BTreeSet<&str> {
        let of = |entry: &'_ Entry| zones::zone(entry).is_none();
        let alone = self.all().map(|(.., entry)| entry).filter(|entry| of(entry));
        alone.filter_map(|entry| entry.own.get(zones::SUBNET)?.as_str()).collect()
    }

    /// Sentences on entries without a part in a zone that the network has got since: `files, media cannot be mounted there`.
    pub fn in_a_new_zone(&self) -> Vec<String> {
        let lacking = SECTIONS.iter().filter_map(|section| {
            // An entry that names its zones has no part in another one, as it is meant to be.
            let entries = self.entries(section).iter().filter(|(_, entry)| zones::zones(entry).is_none());
            let names: Vec<&str> = entries.map(|(name, _)| name.as_str()).collect();
            let sentence = section.in_a_new_zone().filter(|_| !names.is_empty())?;
            Some(format!("{} {sentence} there", names.join(", ")))
        });
        lacking.collect()
    }

    /// The object that each entry of the sections is about, and its options.
    pub fn main_objects(&self) -> Vec<(Address, &Document)> {
        let main = |section: &Section, name: &Name| Address::new(section.main, name.as_str());
        self.all().map(|(section, name, entry)| (main(section, name), entry.of(section.main))).collect()
    }

    /// The variables of the environment that passwords come from.
    pub fn password_variables(&self) -> BTreeSet<String> {
        let passed = self.passed();
        let options = passed.iter().flat_map(|one| one.options.iter());
        let passwords = options.filter(|(option, _)| mask::is_secret_key(option));
        let sources = passwords.filter_map(|(_, value)| value.as_str()?.parse().ok());
        let variables = sources.filter_map(|source| match source {
            PasswordSource::Env(name) => Some(name),
            _ => None,
        });
        variables.collect()
    }

    /// The stack as a document, as it would be written.
    pub fn to_json(&self) -> Value {
        let mut json = serde_json::to_value(self).expect("a stack has text as keys");
        for section in SECTIONS {
            json[section.key] = all_to_json(self.entries(section));
        }
        for (key, part) in parts::to_json(&self.parts) {
            json[key] = part;
        }
        json
    }

    /// The roles that nothing of the stack gives access to.
    pub fn roles_without_access(&self) -> BTreeSet<Role> {
        let used: BTreeSet<Role> =
            self.all().flat_map(|(section, _, entry)| (section.roles)(entry).into_keys()).collect();
        Role::ALL.into_iter().filter(|role| !used.contains(role)).collect()
    }
}

/// The JSON Schema of the stack file, for editors: all that can be said of each value by itself.
pub fn schema(kinds: &Registry) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Stack>().to_value();
    section::publish(kinds, &mut schema);
    parts::publish(&mut schema);
    schema
}

#[cfg(test)]
mod tests;
