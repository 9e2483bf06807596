//! The dependencies of resources, as a drawing for Graphviz or Mermaid.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::address::Address;
use crate::engine::plan::{Action, Plan};

use super::harmless::harmless;

/// Resources with their planned actions, and which of them depends on which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphView {
    pub nodes: Vec<(Address, Option<Action>)>,
    /// From what depends to what it depends on.
    pub edges: Vec<(Address, Address)>,
}

impl GraphView {
    /// Every resource of a plan, and what it depends on among them.
    pub fn of(plan: &Plan) -> Self {
        let nodes = plan.changes.iter().map(|change| (change.address.clone(), Some(change.action))).collect();
        let edges = plan.changes.iter().flat_map(|change| {
            let planned = change.depends_on.iter().filter(|on| plan.change(on).is_some());
            planned.map(|on| (change.address.clone(), on.clone()))
        });
        Self { nodes, edges: edges.collect() }
    }
}

/// The graph as a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GraphDocument {
    pub nodes: Vec<GraphNode>,
    pub edges: Vec<GraphEdge>,
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GraphNode {
    pub address: Address,
    /// The planned action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
}

/// A resource that depends on another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GraphEdge {
    pub from: Address,
    /// The one that it depends on.
    pub to: Address,
}

impl From<&GraphView> for GraphDocument {
    fn from(view: &GraphView) -> Self {
        let node = |(address, action): &(Address, Option<Action>)| GraphNode {
            address: address.clone(),
            action: *action,
        };
        let edge = |(from, to): &(Address, Address)| GraphEdge { from: from.clone(), to: to.clone() };
        Self { nodes: view.nodes.iter().map(node).collect(), edges: view.edges.iter().map(edge).collect() }
    }
}

/// The graph in the DOT language of Graphviz.
pub fn dot(graph: &GraphView) -> String {
    let escaped =
        |address: &Address| harmless(&address.to_string()).replace('\\', "\\\\").replace('"', "\\\"");
    let mut text = String::from("digraph provision {\n  rankdir = \"BT\";\n  node [shape = box];\n");
    for (address, action) in &graph.nodes {
        let name = escaped(address);
        text += &match action.filter(|action| *action != Action::NoOp) {
            // A backslash and an `n` are Graphviz's own line break.
            Some(action) => {
                let (word, color) = (action.name(), color(action));
                format!("  \"{name}\" [label = \"{name}\\n{word}\", color = {color}];\n")
            }
            None => format!("  \"{name}\";\n"),
        };
    }
    for (from, to) in &graph.edges {
        text += &format!("  \"{}\" -> \"{}\";\n", escaped(from), escaped(to));
    }
    text + "}\n"
}

/// The graph as a Mermaid flowchart, which code hosts draw inside Markdown.
pub fn mermaid(graph: &GraphView) -> String {
    // Mermaid reads labels as HTML, and writes its own entities with a hash.
    let label = |text: &str| {
        let entities = [('#', "#35;"), ('&', "#amp;"), ('"', "#quot;"), ('<', "#lt;"), ('>', "#gt;")];
        let escaped = entities.iter().fold(text.to_owned(), |text, (from, to)| text.replace(*from, to));
        harmless(&escaped).into_owned()
    };
    let mut ids: Vec<&Address> = graph.nodes.iter().map(|(address, _)| address).collect();
    ids.extend(graph.edges.iter().flat_map(|(from, to)| [from, to]));
    ids.sort();
    ids.dedup();
    let id = |address: &Address| ids.binary_search(&address).map(|n| format!("n{n}")).unwrap_or_default();
    let mut text = String::from("flowchart BT\n");
    for address in &ids {
        let action = graph.nodes.iter().find(|(node, _)| node == *address).and_then(|(_, action)| *action);
        let planned = match action.filter(|action| *action != Action::NoOp) {
            Some(action) => format!("<br>{}", action.name()),
            None => String::new(),
        };
        text += &format!("  {}[\"{}{planned}\"]\n", id(address), label(&address.to_string()));
        if let Some(action) = action.filter(|action| *action != Action::NoOp) {
            text += &format!("  style {} stroke:{}\n", id(address), color(action));
        }
    }
    for (from, to) in &graph.edges {
        text += &format!("  {} --> {}\n", id(from), id(to));
    }
    text
}

/// Names that both languages know.
fn color(action: Action) -> &'static str {
    match action {
        Action::Create => "green",
        Action::Update => "orange",
        Action::Replace => "purple",
        Action::Delete => "red",
        Action::Watch | Action::Forget => "teal",
        Action::NoOp => "gray",
    }
}
