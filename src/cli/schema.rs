//! `provision schema`: what each document may contain, for editors and scripts.
//! Knows nothing of how the documents are made; the schemas come from the types that are read and written.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::event::Event;
use crate::failure::Failure;
use crate::plan::{FORMAT_VERSION, Plan};
use crate::{stack, state};

use super::Exit;
use super::screen::Screen;

/// A document that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Document {
    /// The stack file, `provision.yaml`
    Stack,
    /// What `plan --json` prints
    Plan,
    /// One line of what `apply --json` prints
    Event,
    /// The state file
    State,
}

/// Prints a schema.
pub(super) fn run(document: Document, screen: &mut Screen) -> Result<Exit, Failure> {
    screen.json(&schema(document));
    Ok(Exit::Done)
}

/// The JSON Schema (draft 2020-12) of a document.
pub fn schema(document: Document) -> Value {
    match document {
        Document::Stack => published("stack", "A stack file of provision", "1.0", stack::schema()),
        Document::Plan => published("plan", "A plan of provision", FORMAT_VERSION, of::<Plan>()),
        Document::Event => {
            published("event", "An event of a run of provision", FORMAT_VERSION, of::<Event>())
        }
        Document::State => {
            let mut schema = of::<state::State>();
            // The file carries one field more than the state has in memory.
            if let Some(Value::Object(properties)) = schema.get_mut("properties") {
                let checksum =
                    json!({ "type": "string", "description": "Over everything else in the file." });
                properties.insert("checksum".to_owned(), checksum);
            }
            published("state", "A state file of provision", &state::State::VERSION.to_string(), schema)
        }
    }
}

fn of<T: JsonSchema>() -> Value {
    SchemaGenerator::default().into_root_schema_for::<T>().to_value()
}

/// The schema under its published name and version.
fn published(name: &str, title: &str, version: &str, schema: Value) -> Value {
    let mut all = Map::new();
    if let Value::Object(fields) = schema {
        all.extend(fields);
    }
    all.insert("$id".to_owned(), json!(format!("urn:provision:schema:{name}:{version}")));
    all.insert("title".to_owned(), json!(title));
    all.insert("format_version".to_owned(), json!(version));
    Value::Object(all)
}

#[cfg(test)]
mod tests;
