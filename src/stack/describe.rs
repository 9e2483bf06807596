//! Objects that are there become entries of the stack file: the shortest ones that declare exactly what is there. Pure.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::blueprint::{Kept, blueprint_keeping};
use super::problem::Problem;
use super::section::{Others, Section, group, options};
use super::sections::SECTIONS;
use super::{Name, Stack, StackName, parse, write};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::{Document, resolve};
use crate::engine::kind::Registry;
use crate::engine::network::Network;
use crate::engine::resource::{Field, Id, Source};

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

/// The declarations of entries, or the reason why these cannot be read.
type Declared = Result<BTreeMap<Address, Document>, String>;

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

/// The options of a kind that say what an object has. What AWS would take without the option, and the stack file too, is left out.
pub(super) fn passed(registry: &Registry, kind: &str, inputs: &Document) -> Document {
    let Some(manager) = registry.managing(kind) else { return Document::new() };
    let says = |field: &&Field| matches!(field.source, Source::Option { .. }) && !field.is_read_once();
    let fields = options(manager).filter(says);
    let value = |field: &Field| {
        let value = inputs.get(field.name)?;
        let goes_without = match field.need.default() {
            Some(default) => default == *value,
            None => field.without.default().is_some_and(|without| same(&without, value)),
        };
        (!goes_without && !is_empty(value)).then(|| (field.name.to_owned(), value.clone()))
    };
    fields.filter_map(value).collect()
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Document::is_empty)
}

fn same(one: &Value, other: &Value) -> bool {
    one == other || one.as_f64().is_some() && one.as_f64() == other.as_f64()
}

/// A name for an entry or a part, made of the text by which AWS knows it. `taken` are those that others have.
pub fn name_of(text: &str, taken: &dyn Fn(&str) -> bool) -> Name {
    let mut words = String::new();
    for c in text.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' => words.push(c),
            _ if words.ends_with('-') => {}
            _ => words.push('-'),
        }
    }
    let words = words.trim_matches('-');
    let words = match words.chars().next() {
        Some('a'..='z') if !words.starts_with("sg-") && words != "self" => words.to_owned(),
        _ => format!("the-{words}").trim_end_matches('-').to_owned(),
    };
    let words: String = words.chars().take(56).collect();
    let words = words.trim_end_matches('-');
    let all = std::iter::once(words.to_owned()).chain((2..).map(|number| format!("{words}-{number}")));
    let free = all.into_iter().find(|one| !taken(one)).expect("there are more numbers than names");
    free.parse().expect("it is made of letters, digits and single hyphens")
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

/// The declarations of these entries alone, by address, with the ids of the network. Nothing where they are not read.
fn declared(
    registry: &Registry,
    stack: &Stack,
    scene: &Scene,
    entries: &[(&'static str, Name, Document)],
    bytes: &Cell<usize>,
) -> Declared {
    let text = text_alone(stack, entries);
    bytes.set(bytes.get() + text.len());
    let read = parse("what is there", text.clone(), registry).map_err(|error| {
        let problems: Vec<String> = error.problems().map(|problem| said_of(problem, &text)).collect();
        problems.join("; ")
    })?;
    let blueprint = blueprint_keeping(&read, scene.network.as_ref(), &Kept::default())
        .map_err(|error| error.to_string())?;
    let network = scene.network.as_ref().map(Network::addresses).unwrap_or_default();
    let managed = blueprint.declarations.into_iter().filter_map(|(address, declaration)| match declaration {
        Declaration::Managed { inputs } => Some((address, inputs)),
        Declaration::Watched { .. } => None,
    });
    let resolved = managed.map(|(address, inputs)| {
        let inputs = resolve(&inputs, &|reference| match reference.output.as_str() {
            "id" => network.get(&reference.address).map(|id| id.as_str().into()),
            _ => None,
        });
        (address, inputs)
    });
    Ok(resolved.collect())
}

/// The words on a problem, with the option that stands in its line: what is written here nobody sees.
fn said_of(problem: &Problem, text: &str) -> String {
    let said = problem.to_string();
    let line = problem.place().and_then(|place| {
        let start = text.get(..place.start)?.rfind('\n').map_or(0, |at| at + 1);
        text[start..].lines().next()
    });
    let is_name = |name: &&str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let option = line.and_then(|line| line.trim().split_once(':')).map(|(option, _)| option).filter(is_name);
    match option.map(|option| format!("`{option}`")).filter(|option| !said.contains(option)) {
        Some(option) => format!("{option}: {said}"),
        None => said,
    }
}

/// The text of a stack file of these entries, for this stack.
fn text_alone(stack: &Stack, entries: &[(&'static str, Name, Document)]) -> String {
    format!("stack: {}\n{}", write::scalar(stack.stack.as_str()), sections(entries))
}

/// The sections of these entries, as text.
pub fn sections(entries: &[(&'static str, Name, Document)]) -> String {
    let mut text = String::new();
    for section in SECTIONS {
        let mut its = entries.iter().filter(|(key, ..)| *key == section.key).peekable();
        if its.peek().is_some() {
            text.push_str(&format!("{}:\n", section.key));
        }
        its.for_each(|(_, name, options)| text.push_str(&entry(name, options)));
    }
    text
}

/// One entry below its section, as text.
pub fn entry(name: &Name, options: &Document) -> String {
    match options.is_empty() {
        true => format!("  {name}: {{}}\n"),
        false => format!("  {name}:\n{}", write::options(options, 2)),
    }
}

/// The options without those that change nothing of what is declared: what is another entry's too counts as well.
fn shortest(full: &Document, is_same: &dyn Fn(&Document) -> bool) -> Document {
    let mut kept = full.clone();
    for option in full.keys() {
        let mut without = kept.clone();
        without.remove(option);
        if is_same(&without) {
            kept = without;
            continue;
        }
        let Some(Value::Object(parts)) = kept.get(option).cloned() else { continue };
        kept.insert(option.clone(), Value::Object(shortest_parts(&kept, option, parts, is_same)));
    }
    for option in kept.clone().keys() {
        simplify(&mut kept, option, is_same);
    }
    kept
}

/// The parts of an option without those that change nothing, at every depth.
fn shortest_parts(
    options: &Document,
    option: &str,
    parts: Document,
    is_same: &dyn Fn(&Document) -> bool,
) -> Document {
    let with = |parts: &Document| {
        let mut options = options.clone();
        options.insert(option.to_owned(), Value::Object(parts.clone()));
        options
    };
    let mut kept = parts.clone();
    for (part, value) in &parts {
        let mut without = kept.clone();
        without.remove(part);
        if is_same(&with(&without)) {
            kept = without;
            continue;
        }
        let Value::Object(below) = value else { continue };
        for key in below.keys() {
            let Some(Value::Object(inner)) = kept.get(part).cloned() else { continue };
            let mut inner = inner;
            inner.remove(key);
            let mut without = kept.clone();
            without.insert(part.clone(), Value::Object(inner));
            if is_same(&with(&without)) {
                kept = without;
            }
        }
    }
    kept
}

/// A name alone, where nothing but the name is written.
fn simplify(options: &mut Document, option: &str, is_same: &dyn Fn(&Document) -> bool) {
    let Some(Value::Object(parts)) = options.get(option) else { return };
    let [("name", name)] = parts.iter().map(|(key, value)| (key.as_str(), value)).collect::<Vec<_>>()[..]
    else {
        return;
    };
    let mut simple = options.clone();
    simple.insert(option.to_owned(), name.clone());
    if is_same(&simple) {
        *options = simple;
    }
}

/// Holds that the entries declare what is there: nothing else, and nothing less.
fn verify(
    registry: &Registry,
    stack: &Stack,
    scene: &Scene,
    description: &Description,
    read: &Cell<usize>,
) -> Result<(), Unsayable> {
    let mut known = description.entries.clone();
    // Groups that are entries already are named, and not declared here: any entry will do for the reading.
    let of_groups = SECTIONS.iter().find(|section| section.is_of_groups());
    // An entry that needs no network names none of them, and none may be known.
    for name in scene.entries.values().filter(|_| scene.network.is_some()) {
        known.extend(of_groups.map(|section| (section.key, name.clone(), Document::new())));
    }
    let first = || description.objects.values().next().cloned().unwrap_or_else(|| Id::new("it"));
    let declared =
        declared(registry, stack, scene, &known, read).map_err(|why| Unsayable::new(&first(), why))?;
    let there: BTreeMap<Address, &Id> =
        scene.entries.iter().map(|(id, name)| (group::address_of(name.as_str()), id)).collect();
    let id_of = |address: &Address| {
        let id = description.objects.get(address).or(there.get(address).copied());
        id.map(|id| Value::from(id.as_str()))
    };
    for (address, id) in &description.objects {
        let Some(inputs) = declared.get(address) else {
            return Err(Unsayable::new(id, format!("nothing declares {address}")));
        };
        let Some(object) = scene.object(address.kind(), id.as_str()) else { continue };
        let Some(manager) = registry.managing(address.kind()) else { continue };
        let inputs = resolve(inputs, &|reference| match reference.output.as_str() {
            "id" => id_of(&reference.address),
            _ => None,
        });
        let inputs = manager.normalise(&inputs).map_err(|misfit| Unsayable::new(id, misfit.to_string()))?;
        for field in manager.fields() {
            if let Some(why) = differs(field, address, &inputs, object) {
                return Err(Unsayable::new(id, why));
            }
        }
    }
    let extra = declared.keys().filter(|address| !description.objects.contains_key(*address));
    let is_known = |address: &&Address| there.contains_key(*address);
    match extra.into_iter().find(|address| !is_known(address)) {
        Some(address) => Err(Unsayable::new(&first(), format!("with it, {address} would be made"))),
        None => Ok(()),
    }
}

/// The words on a field that is declared otherwise than it is.
fn differs(field: &Field, address: &Address, declared: &Document, object: &Object) -> Option<String> {
    // The tags of others are left alone, and what no option says stays as it is recorded.
    let is_left = field.name == "tags" || field.chosen_once && field.to_write().is_none();
    if is_left || field.is_recorded() || field.is_in_its_place(address, &object.outputs) {
        return None;
    }
    let wanted = declared.get(field.name)?;
    let there = object.inputs.get(field.name);
    match there {
        Some(there) if same(wanted, there) || (field.met)(wanted, there) => None,
        None if field.without.default().is_some_and(|without| without == *wanted) => None,
        there => {
            let there = there.map_or("nothing".to_owned(), ToString::to_string);
            Some(format!("its {} is {there}, and the stack file would say {wanted}", field.name))
        }
    }
}

/// The stack file of a stack that has nothing else yet.
pub fn whole_file(
    stack: &StackName,
    network: Option<&str>,
    region: Option<&str>,
    entries: &[(&'static str, Name, Document)],
) -> String {
    let mut text = format!("stack: {}\n", write::scalar(stack.as_str()));
    if let Some(region) = region {
        text.push_str(&format!("region: {}\n", write::scalar(region)));
    }
    text.push_str(network.unwrap_or_default());
    for line in sections(entries).lines() {
        // A line between the sections.
        if !line.starts_with(' ') {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The line of the stack file that names a cluster.
pub fn cluster_text(cluster: &str) -> String {
    format!("cluster: {}\n", write::scalar(cluster))
}

/// The part of the stack file that names a network.
pub fn network_text(network: &Network) -> String {
    let subnets: Vec<Value> = network.subnets.values().map(|id| id.as_str().into()).collect();
    let mut named = Document::from_iter([("vpc".to_owned(), network.vpc.as_str().into())]);
    if !subnets.is_empty() {
        named.insert("subnets".to_owned(), Value::Array(subnets));
    }
    let groups: Document = network
        .groups
        .iter()
        .filter_map(|(role, groups)| Some((role.name().to_owned(), groups.values().next()?.as_str().into())))
        .collect();
    if !groups.is_empty() {
        named.insert("groups".to_owned(), Value::Object(groups));
    }
    write::options(&Document::from_iter([("network".to_owned(), Value::Object(named))]), 0)
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
