//! Objects that are there become entries of the stack file: the shortest ones that declare exactly what is there. Pure.

mod declared;
mod options;
mod shortest;
mod text;
mod verify;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::section::{Others, Section, group};
use super::sections::SECTIONS;
use super::{Name, Stack};
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::kind::Registry;
use crate::engine::network::Network;
use crate::engine::resource::Id;
use declared::declared;
use shortest::shortest;
use verify::verify;

pub use options::name_of;
pub(super) use options::passed;
pub use text::{cluster_text, entry, network_text, sections, whole_file};

/// One object as AWS shows it, with all its fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    pub inputs: Document,
    pub outputs: Document,
}

/// Everything that is known of what is to be described.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// What comes along, by kind and id. What is used and not in it is left to whom it belongs to.
    pub objects: BTreeMap<(String, Id), Object>,
    /// Security groups that come along, with the names that they have as entries of their own.
    pub groups: BTreeMap<Id, Name>,
    /// Those that cannot be the own group of one entry: several have them, or they are entries themselves.
    pub shared: BTreeSet<Id>,
    pub network: Option<Network>,
    /// The entries that groups are already: they are named, and not described.
    pub entries: BTreeMap<Id, Name>,
    /// The objects that stand at an address already, by kind and id.
    pub placed: BTreeSet<(String, Id)>,
}

/// One entry of the stack file, and the objects that it stands for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Described {
    pub options: Document,
    pub objects: BTreeMap<Address, Id>,
    /// The security groups that it names as entries: those that come along, and those that are entries already.
    pub groups: BTreeSet<Id>,
    /// Options by which it names what another entry makes: the name stays written, whatever goes without saying.
    pub names: Vec<&'static str>,
    /// Sentences on what is left to others, each with the id that it is about.
    pub left: Vec<Left>,
}

/// Something that is used and left to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub id: String,
    pub because: String,
}

/// An object that the stack file cannot say as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{id} cannot be written into the stack file as it is: {why}")]
pub struct Unsayable {
    pub id: String,
    pub why: String,
}

/// The entries for everything that was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Description {
    /// By section and name, in the order of the sections.
    pub entries: Vec<(&'static str, Name, Document)>,
    pub objects: BTreeMap<Address, Id>,
    pub left: Vec<Left>,
    /// The bytes of stack files that were read for it: what it costs.
    pub read: usize,
}

/// One object that is wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub section: &'static str,
    pub name: Name,
    pub id: Id,
}

impl Scene {
    /// The object of a kind with this id, where it comes along.
    pub fn object(&self, kind: &str, id: &str) -> Option<&Object> {
        self.objects.get(&(kind.to_owned(), Id::new(id)))
    }

    /// The objects of a kind that have this value in a field.
    pub fn having<'a>(
        &'a self,
        kind: &'a str,
        field: &'a str,
        value: &'a str,
    ) -> impl Iterator<Item = (&'a Id, &'a Object)> {
        let all = self.objects.iter().filter(move |((its, _), _)| its == kind);
        let all = all.map(|((_, id), object)| (id, object));
        all.filter(move |(_, object)| object.inputs.get(field).and_then(Value::as_str) == Some(value))
    }

    /// The name that a group has as an entry.
    pub fn entry(&self, id: &Id) -> Option<&Name> {
        self.entries.get(id).or_else(|| self.groups.get(id))
    }
}

impl Unsayable {
    pub(super) fn new(id: &Id, why: impl Into<String>) -> Self {
        Self { id: id.to_string(), why: why.into() }
    }
}

/// The key of the section whose entries are security groups.
pub fn key_of_groups() -> Option<&'static str> {
    SECTIONS.iter().find(|section| section.is_of_groups()).map(|section| section.key)
}

/// Describes all that is wanted, with the groups that these entries name.
///
/// # Errors
/// [`Unsayable`] for the first object that the stack file cannot say as it is.
pub fn describe(
    registry: &Registry,
    stack: &Stack,
    scene: &Scene,
    wanted: &[Wanted],
) -> Result<Description, Unsayable> {
    let mut description = Description::default();
    let mut groups = BTreeSet::new();
    let mut entries: Vec<(&'static Section, Name, Described)> = Vec::new();
    let mut scene = scene.clone();
    // One that is wished for itself is an entry, and no group of another one's own.
    scene.shared.extend(wanted.iter().map(|one| one.id.clone()));
    // An object of several of them stands at the address of the first, by its name.
    let mut sorted: Vec<&Wanted> = wanted.iter().collect();
    sorted.sort_by_key(|one| &one.name);
    for one in sorted {
        let section = section(one.section);
        let mut described = (section.describe)(registry, &scene, &one.name, &one.id)?;
        groups.extend(described.groups.iter().cloned());
        described.objects.retain(|address, id| scene.placed.insert((address.kind().to_owned(), id.clone())));
        entries.push((section, one.name.clone(), described));
    }
    let scene = &scene;
    let of_groups = SECTIONS.iter().find(|section| section.is_of_groups());
    let wished: BTreeSet<&Id> = wanted.iter().map(|one| &one.id).collect();
    let is_wanted = |id: &Id| wished.contains(id);
    for id in groups.into_iter().filter(|id| !scene.entries.contains_key(id) && !is_wanted(id)) {
        let (Some(section), Some(name)) = (of_groups, scene.groups.get(&id)) else { continue };
        entries.push((section, name.clone(), (section.describe)(registry, scene, name, &id)?));
    }
    let read = Cell::new(0);
    for (section, name, described) in &entries {
        // The groups that it names are there, whatever they say: each entry is read with these alone.
        let named = described.groups.iter().filter_map(|id| Some((id, scene.entry(id)?)));
        let named = named.filter(|(_, other)| *other != name);
        let around: Vec<(&'static str, Name, Document)> = named
            .filter_map(|(id, other)| {
                let its = scene.object(group::KIND, id.as_str()).and_then(|object| object.inputs.get("name"));
                let options = its.map(|its| ("name".to_owned(), its.clone())).into_iter().collect();
                Some((of_groups?.key, other.clone(), options))
            })
            .collect();
        let in_a_stack = |options: &Document| {
            let mut alone = around.clone();
            alone.push((section.key, name.clone(), options.clone()));
            declared(registry, stack, scene, &alone, &read)
        };
        let whole = in_a_stack(&described.options).map_err(|why| {
            let of_section = wanted.iter().find(|one| one.section == section.key && one.name == *name);
            let its = described.objects.get(&Address::new(section.main, name.as_str()));
            Unsayable::new(of_section.map(|one| &one.id).or(its).unwrap_or(&Id::new(name.as_str())), why)
        })?;
        let names_it = |options: &Document, option: &str| match options.get(option) {
            Some(Value::Object(parts)) => parts.contains_key("name"),
            written => written.is_some(),
        };
        let is_same = |options: &Document| {
            described.names.iter().all(|option| names_it(options, option))
                && in_a_stack(options).is_ok_and(|declared| declared == whole)
        };
        let options = shortest(&described.options, &is_same);
        description.entries.push((section.key, name.clone(), options));
        description.objects.extend(described.objects.clone());
        description.left.extend(described.left.iter().cloned());
    }
    let order = |key: &str| SECTIONS.iter().position(|section| section.key == key);
    description.entries.sort_by_key(|(key, name, _)| (order(key), name.clone()));
    description.left.dedup();
    verify(registry, stack, scene, &description, &read)?;
    description.read = read.get();
    Ok(description)
}

fn section(key: &str) -> &'static Section {
    SECTIONS.iter().find(|section| section.key == key).expect("it is one of the list")
}

/// The section whose entries are about objects of a kind.
pub fn section_of(kind: &str) -> Option<&'static Section> {
    SECTIONS.iter().copied().find(|section| section.main == kind)
}

/// True for a kind of which other entries have objects too.
pub fn is_shared(section: &Section) -> bool {
    section.others == Others::Some
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::kinds::registry;

    #[test]
    fn what_cannot_be_written_is_told_of_with_its_option_on_the_object_that_has_it() {
        let kind = "aws_efs_file_system";
        let inputs = Document::from_iter([
            ("throughput_mode".to_owned(), "provisioned".into()),
            ("provisioned_throughput_in_mibps".to_owned(), "much".into()),
        ]);
        let object = Object { inputs, ..Object::default() };
        let scene = Scene {
            objects: BTreeMap::from([((kind.to_owned(), Id::new("fs-1")), object)]),
            ..Scene::default()
        };
        let name: Name = "files".parse().expect("a name");
        let stack = Stack { stack: "shop".parse().expect("a name"), ..Stack::default() };
        let wanted = Wanted { section: "file_systems", name, id: Id::new("fs-1") };
        let error = describe(&registry(), &stack, &scene, &[wanted]).expect_err("it cannot be said");
        assert_eq!(error.id, "fs-1");
        assert!(error.why.starts_with("`provisioned_throughput_in_mibps`: expected "), "{error}");
    }
}
