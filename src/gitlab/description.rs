//! The description that a target is rendered from: the parts of the stack file and the outputs.

mod parts;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::engine::document::Document;
use crate::engine::state::State;
use crate::stack::Stack;
use crate::stack::outputs::{NoOutput, Outputs, outputs_of};
use crate::stack::parts::{self as stack_parts, FILE_SYSTEMS, GITLAB, KUBERNETES, RENDER};
use crate::stack::sections::SECTIONS;

pub use parts::{
    Backup, Driver, Executor, Flux, GitLab, Gitaly, Ingress, Kubernetes, LoginLimit, MailTls, Omnibus,
    Pipeline, Redis, Registry, Render, Runner, Secrets, Smtp, Volume,
};

/// Everything that a target is rendered from.
#[derive(Debug)]
pub struct Description<'a> {
    pub stack: &'a Stack,
    pub region: &'a str,
    pub kubernetes: Kubernetes,
    /// None where the stack file describes no GitLab.
    pub gitlab: Option<GitLab>,
    pub render: Option<Render>,
    /// False where the names of file systems do not resolve in the network, and addresses stand in for them.
    pub names_resolve: bool,
    outputs: Outputs,
    /// The outputs that were asked for since [`Description::take_asked`], each with its value, if it has one.
    asked: RefCell<BTreeMap<String, Option<String>>>,
}

/// The mount target of a file system in one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    pub zone: String,
    /// The name or the address that clients mount.
    pub server: String,
}

impl<'a> Description<'a> {
    /// The description of a stack with what a state records of it.
    pub fn new(stack: &'a Stack, state: &'a State) -> Self {
        Self {
            stack,
            region: &state.region,
            kubernetes: typed(stack, KUBERNETES),
            gitlab: stack.parts.contains_key(GITLAB).then(|| typed(stack, GITLAB)),
            render: stack.parts.contains_key(RENDER).then(|| typed(stack, RENDER)),
            names_resolve: state.cluster().is_none_or(|cluster| cluster.efs_names_resolve),
            outputs: outputs_of(state, stack),
            asked: RefCell::default(),
        }
    }

    /// True if the stack file has the part about Kubernetes.
    pub fn has_kubernetes(&self) -> bool {
        self.stack.parts.contains_key(KUBERNETES)
    }

    /// An output of an entry, as `provision output SECTION.ENTRY.FIELD` prints it; a placeholder where it is not known before an apply.
    pub fn output(&self, section: &str, entry: &str, field: &str) -> String {
        let name = format!("{section}.{entry}.{field}");
        let value = self.outputs.text(&name).ok();
        let text = value.clone().unwrap_or_else(|| format!("${{{name}}}"));
        self.asked.borrow_mut().insert(name, value);
        text
    }

    /// An output that an entry may be without; a placeholder where the entry itself is not known yet, and is declared to have it.
    pub fn optional(&self, section: &str, entry: &str, field: &str, declared: bool) -> Option<String> {
        let has = match self.is_made(section, entry) {
            true => self.outputs.texts().contains_key(&format!("{section}.{entry}.{field}")),
            false => declared,
        };
        has.then(|| self.output(section, entry, field))
    }

    /// The mount targets of a file system, in the order of their zones; none where they are not known before an apply.
    pub fn zones(&self, file_system: &str) -> Vec<Zone> {
        const TARGETS: &str = "mount_targets";
        let servers = self.output(FILE_SYSTEMS, file_system, TARGETS);
        let is_known = self.outputs.texts().contains_key(&format!("{FILE_SYSTEMS}.{file_system}.{TARGETS}"));
        let targets =
            self.document(FILE_SYSTEMS, file_system).and_then(|mut all| Some(all.get_mut(TARGETS)?.take()));
        let names: Vec<String> = match targets {
            Some(Value::Array(all)) if is_known => {
                all.iter().filter_map(|one| Some(one.get("zone")?.as_str()?.to_owned())).collect()
            }
            _ => Vec::new(),
        };
        let pairs = names.into_iter().zip(servers.split(' '));
        pairs.map(|(zone, server)| Zone { zone, server: server.to_owned() }).collect()
    }

    /// True if an entry is made, so that all its outputs are known.
    fn is_made(&self, section: &str, entry: &str) -> bool {
        self.document(section, entry).is_some()
    }

    /// The outputs of an entry as a document.
    fn document(&self, section: &str, entry: &str) -> Option<Value> {
        let entries = self.outputs.sections.iter().find(|(key, _)| *key == section).map(|(_, all)| all)?;
        serde_json::to_value(entries.get(entry)?).ok()
    }

    /// Every output of the stack by its name. What the next apply makes is a placeholder.
    pub fn everything(&self) -> BTreeMap<String, String> {
        let known = self.outputs.texts().clone();
        let of_entry = |name: &&str| name.contains('.');
        // A value that no apply makes is not still to come.
        let coming = self.outputs.missing.iter().filter(|missing| missing.hint == "provision apply");
        let unknown = coming.map(|missing| missing.output.as_str()).filter(of_entry);
        let mut asked = self.asked.borrow_mut();
        asked.extend(known.iter().map(|(name, value)| (name.clone(), Some(value.clone()))));
        asked.extend(unknown.map(|name| (name.to_owned(), None)));
        known
    }

    /// The option of an entry as the stack file has it, with its default.
    pub fn declared(&self, section: &str, entry: &str, option: &str) -> Option<&Value> {
        let section = SECTIONS.iter().find(|one| one.key == section)?;
        let entry = self.stack.entries(section).iter().find(|(name, _)| name.as_str() == entry)?.1;
        entry.own.get(option).or_else(|| entry.passed.values().find_map(|options| options.get(option)))
    }

    /// The names of a section's entries.
    pub fn entries(&self, section: &str) -> Vec<&str> {
        let section = SECTIONS.iter().find(|one| one.key == section);
        let entries = section.map(|section| self.stack.entries(section));
        entries.into_iter().flatten().map(|(name, _)| name.as_str()).collect()
    }

    /// The outputs that were asked for since the last call, each with its value, if it has one.
    pub fn take_asked(&self) -> BTreeMap<String, Option<String>> {
        self.asked.take()
    }

    /// Why these outputs have no value, each once.
    pub fn without_value(&self, names: &BTreeSet<String>) -> Vec<NoOutput> {
        names.iter().filter_map(|name| self.outputs.text(name).err()).collect()
    }
}

/// A part as its type.
fn typed<T: DeserializeOwned>(stack: &Stack, key: &str) -> T {
    let document = stack_parts::complete(stack_parts::part(key), stack.parts.get(key));
    serde_json::from_value(Value::Object(document))
        .expect("the rows of the part are the fields of the type: a test holds it")
}

/// Options below a part of which nothing is written, with their defaults.
fn default_of<T: DeserializeOwned>(part: &str, option: &str) -> T {
    let mut document = Document::new();
    document.insert(option.to_owned(), Value::Object(Document::new()));
    let mut whole = stack_parts::complete(stack_parts::part(part), Some(&document));
    let below = whole.remove(option).unwrap_or_default();
    serde_json::from_value(below).expect("all that is required has a default: a test holds it")
}
