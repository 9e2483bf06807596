//! `provision schema`: what each document may contain, for editors and scripts.

use crate::aws::kinds::registry;
use clap::ValueEnum;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::cli::report::{self, OutputValue, Rebuilt, StateChange, StateList, StateShow};
use crate::engine::event::Event;
use crate::engine::plan::{FORMAT_VERSION, Plan};
use crate::engine::saved::SavedPlan;
use crate::engine::state;
use crate::recovery::course;
use crate::recovery::status::Status;
use crate::stack;
use crate::stack::outputs::{self, Outputs};
use crate::view::failure::ErrorDocument;
use crate::view::failure::Failure;
use crate::view::{GraphDocument, Timed, Versioned};

use super::Exit;
use super::screen::Screen;

/// A document that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Document {
    /// The stack file, `provision.yaml`
    Stack,
    /// What `plan --json` prints
    Plan,
    /// What `plan --out` writes
    SavedPlan,
    /// One line of what `apply --json` and `destroy --json` print
    Event,
    /// What `output --json` prints
    Output,
    /// What `output NAME --json` prints
    OutputValue,
    /// The state file
    State,
    /// What a state in S3 is kept in, with its lock
    SharedState,
    /// What `state list --json` prints
    StateList,
    /// What `state show --json` prints
    StateShow,
    /// What `state forget --json`, `state move --json` and `state unlock --json` print
    StateChange,
    /// What `state rebuild --json` prints
    StateRebuild,
    /// What `import --json` prints
    Import,
    /// What `import --terraform --json` prints
    ImportTerraform,
    /// What `export terraform --json` prints
    ExportTerraform,
    /// What `history --json` prints
    History,
    /// The document of `secret NAME --json`
    SecretCommands,
    /// The document of `render TARGET --json`
    RenderedText,
    /// The document of `render --out --json` and `render --check --json`
    RenderedFiles,
    /// What `init --json` prints
    Init,
    /// The document of `status --json`
    Status,
    /// The document of `restore --plan --json`, `drill --plan --json` and `failover --plan --json`
    ProcedureSteps,
    /// One line of what `restore --json`, `drill --json` and `failover --json` print
    ProcedureEvent,
    /// The document of `restore --forget --json`
    RestoreForgotten,
    /// The document of `graph --json`
    Graph,
    /// What a command that failed prints to standard error with `--json`
    Error,
}

/// Prints a schema.
pub(super) fn run(document: Document, screen: &mut Screen) -> Result<Exit, Failure> {
    screen.json(&schema(document));
    Ok(Exit::Done)
}

/// The JSON Schema (draft 2020-12) of a document.
pub fn schema(document: Document) -> Value {
    let name = document.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let (title, version, schema) = match document {
        Document::Stack => ("A stack file", "1.0", stack::schema(&registry())),
        Document::Plan => ("A plan", FORMAT_VERSION, of::<Plan>()),
        Document::SavedPlan => ("A saved plan", FORMAT_VERSION, of::<SavedPlan>()),
        Document::Event => ("An event of a run", FORMAT_VERSION, of::<Versioned<Timed<Event>>>()),
        Document::Output => ("The outputs of a stack", outputs::FORMAT_VERSION, of::<Outputs>()),
        Document::OutputValue => ("An output", FORMAT_VERSION, of::<Versioned<OutputValue<'_>>>()),
        Document::State => ("A state file", "2", sealed(of::<state::State>())),
        Document::SharedState => ("A shared state", "1", sealed(of::<state::Shared>())),
        Document::StateList => ("The addresses of a state", FORMAT_VERSION, of::<Versioned<StateList<'_>>>()),
        Document::StateShow => ("A record of a state", FORMAT_VERSION, of::<Versioned<StateShow<'_>>>()),
        Document::StateChange => ("A change of a state", FORMAT_VERSION, of::<Versioned<StateChange<'_>>>()),
        Document::StateRebuild => ("What was found again", FORMAT_VERSION, of::<Versioned<Rebuilt<'_>>>()),
        Document::Import => ("A watched network", FORMAT_VERSION, of::<Versioned<report::Import<'_>>>()),
        Document::ImportTerraform => {
            ("A sorted state of Terraform", FORMAT_VERSION, of::<Versioned<report::TerraformState<'_>>>())
        }
        Document::ExportTerraform => {
            ("An export to Terraform", FORMAT_VERSION, of::<Versioned<report::Exported<'_>>>())
        }
        Document::History => ("The runs of a state", FORMAT_VERSION, of::<Versioned<report::History<'_>>>()),
        Document::SecretCommands => {
            ("The commands of a Secret", FORMAT_VERSION, of::<Versioned<report::SecretCommands<'_>>>())
        }
        Document::RenderedText => {
            ("A rendered text", FORMAT_VERSION, of::<Versioned<report::RenderedText<'_>>>())
        }
        Document::RenderedFiles => {
            ("Rendered files", FORMAT_VERSION, of::<Versioned<report::RenderedFiles<'_>>>())
        }
        Document::Status => ("The health of a stack", FORMAT_VERSION, of::<Versioned<Status>>()),
        Document::ProcedureSteps => {
            ("The steps of a procedure", FORMAT_VERSION, of::<Versioned<course::Steps>>())
        }
        Document::ProcedureEvent => {
            ("An event of a procedure", FORMAT_VERSION, of::<Versioned<Timed<course::Event>>>())
        }
        Document::RestoreForgotten => {
            ("A restore that was let go of", FORMAT_VERSION, of::<Versioned<report::RestoreForgotten>>())
        }
        Document::Graph => ("What depends on what", FORMAT_VERSION, of::<Versioned<GraphDocument>>()),
        Document::Error => ("An error", FORMAT_VERSION, of::<Versioned<ErrorDocument>>()),
        Document::Init => ("A new stack file", FORMAT_VERSION, of::<Versioned<report::Init>>()),
    };
    published(&name, &format!("{title} of provision"), version, schema)
}

/// Adds the two fields that a document has only where it is kept, not in memory.
fn sealed(mut schema: Value) -> Value {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let texts =
            [("checksum", "Over everything else in the file."), ("format_version", "`version`, as a text.")];
        properties.extend(
            texts.map(|(name, text)| (name.to_owned(), json!({ "type": "string", "description": text }))),
        );
    }
    schema
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
