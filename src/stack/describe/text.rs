//! Entries and networks as the text of a stack file.

use serde_json::Value;

use crate::engine::document::Document;
use crate::engine::network::Network;
use crate::stack::sections::SECTIONS;
use crate::stack::{Name, Stack, StackName, write};

/// The text of a stack file of these entries, for this stack.
pub(super) fn text_alone(stack: &Stack, entries: &[(&'static str, Name, Document)]) -> String {
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
