//! The small JSON documents that commands print beside plans and outputs: what was done, found or recorded.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use crate::aws::network::Evidence;
use crate::engine::address::Address;
use crate::engine::resource::Id;
use crate::engine::state::{PastRun, Record};
use crate::terraform::{Adoptable, Reference};

/// The document that `init --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Init {
    /// The stack file that was written.
    pub path: String,
    pub cluster: String,
    pub region: String,
}

/// The document that `import --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Import<'a> {
    /// The number of resources that were not watched before.
    pub watched: usize,
    /// Addresses that were watched before, and are not among those chosen now.
    pub forgotten: &'a [Address],
    pub choices: &'a [Evidence],
    /// The objects that are recorded now, with `import ADDRESS=ID`.
    pub taken_over: Vec<TakenOver<'a>>,
    /// The objects that no state knows, with `import --found`.
    pub found: Vec<FoundObject>,
    /// The stack file that describes the objects, with `--out` and `--into`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack_file: Option<String>,
    /// The things that objects use, or that belong to them, and that were left as they are.
    pub left: Vec<Left>,
    /// The `removed` blocks that were written, with `--terraform` and `--removed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<Removed<'a>>,
}

/// Something that was left as it is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Left {
    pub what: String,
    pub reason: String,
}

/// The document that `export terraform --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Exported<'a> {
    pub folder: String,
    pub files: Vec<&'a str>,
    /// The resources of the configuration, with the ids that Terraform imports them by.
    pub imports: Vec<ExportedImport<'a>>,
    /// A fact that the configuration does not say as it is.
    pub warnings: Vec<ExportedWarning<'a>>,
    /// The commands that let go of everything here, for when Terraform has it.
    pub commands: Vec<String>,
}

/// The document that `history --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct History<'a> {
    /// The newest first.
    pub runs: Vec<&'a PastRun>,
}

/// The document that `secret NAME --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SecretCommands<'a> {
    pub name: &'a str,
    /// For a POSIX shell.
    pub commands: &'a str,
}

/// The document that `render TARGET --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RenderedText<'a> {
    pub target: String,
    /// The file below the folder of rendered files.
    pub path: String,
    pub text: &'a str,
    /// Sentences on what is unsound.
    pub warnings: &'a [String],
    /// Sentences on what is to be done with the file, or beside it.
    pub notes: &'a [String],
}

/// The document that `render --out --json` and `render --check --json` print.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RenderedFiles<'a> {
    pub files: Vec<RenderedFile<'a>>,
    /// The files that were rendered before and are of no target now.
    pub left: Vec<String>,
}

/// One rendered file.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RenderedFile<'a> {
    pub target: String,
    pub path: String,
    /// True if it was not there, or was different: `--out` has written it.
    pub differs: bool,
    /// Sentences on what is unsound.
    pub warnings: &'a [String],
    /// Sentences on what is to be done with the file, or beside it.
    pub notes: &'a [String],
}

/// One `import` block.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ExportedImport<'a> {
    pub to: &'a str,
    pub id: &'a str,
}

/// Something that a configuration does not say as it is.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ExportedWarning<'a> {
    pub address: &'a Address,
    pub message: &'a str,
}

/// An object that no state knows.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FoundObject {
    pub kind: &'static str,
    pub id: Id,
    /// `fs-1 (files, 6144 bytes, made 2026-11-28T07:00:00Z)`
    pub described: String,
    /// The command that adopts it, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import: Option<String>,
    /// Why it cannot be adopted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfit: Option<String>,
}

/// An object that was recorded at an address.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TakenOver<'a> {
    pub address: &'a Address,
    pub id: Id,
    /// The object that was recorded there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<Id>,
    /// True if that is still in AWS, where it stays as it is.
    pub left_in_aws: bool,
    /// The objects that it uses, and that do not come along.
    pub apart: Vec<Apart<'a>>,
}

/// Objects that are used in the place of a declared one.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Apart<'a> {
    /// The declared address.
    pub address: &'a Address,
    /// The ids or names of what is used.
    pub used: &'a [String],
    /// The command that takes it over too, where it is one object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// The document that `import --terraform --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TerraformState<'a> {
    /// The format of the state.
    pub state_format: u64,
    /// The version of the Terraform that wrote it.
    pub terraform_version: &'a str,
    pub serial: u64,
    /// The objects that can be taken over.
    pub adoptable: &'a [Adoptable],
    /// The commands that take it over, one for each account and region.
    pub commands: Vec<Takes>,
    pub left_out: Vec<NotTaken<'a>>,
    /// The names of Terraform's outputs; one of what Terraform lets go of goes with it.
    pub outputs: &'a [String],
    /// The command that the state needs before a current Terraform plans with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<&'a str>,
    /// The `removed` blocks that were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<Removed<'a>>,
}

/// The command that takes over all of one account and region.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Takes {
    pub account: Option<String>,
    pub region: Option<String>,
    pub command: String,
}

/// An object of a state of Terraform that is not taken over.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NotTaken<'a> {
    pub from: &'a Reference,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a Id>,
    /// The reason as one word.
    pub code: &'static str,
    pub reason: String,
}

/// The file of `removed` blocks.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Removed<'a> {
    pub path: String,
    /// The resources that can be taken over, with what comes along.
    pub resources: &'a [Reference],
    /// The other resources of the same modules.
    pub rest: &'a [Reference],
    /// Objects that are not taken over, and are forgotten too: a block names all objects of a resource.
    pub forgotten: Vec<NotTaken<'a>>,
    /// Objects that were left as they are and have no block: they stay with Terraform, and so does their configuration.
    pub stays: Vec<NotTaken<'a>>,
    /// Objects that were left as they are, and have a block with the rest of their modules.
    pub of_modules: Vec<NotTaken<'a>>,
    /// What else is to be known before Terraform is told.
    pub warnings: Vec<String>,
}

/// The document that `restore --forget --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RestoreForgotten {
    pub address: Address,
    /// The databases that stay in AWS.
    pub kept: Vec<String>,
}

/// The document that `output NAME --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OutputValue<'a> {
    pub name: &'a str,
    /// The text that `output NAME` prints.
    pub value: String,
}

/// The document that `state list --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StateList<'a> {
    pub addresses: Vec<&'a Address>,
}

/// The document that `state show --json` prints: the record with its address.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StateShow<'a> {
    pub address: &'a Address,
    pub kind: &'a str,
    #[serde(flatten)]
    pub record: &'a Record,
}

/// The document of the commands that mend a state: `state forget`, `state move`, `state unlock`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum StateChange<'a> {
    /// The address or name that was asked for, and each record that went.
    Forgotten {
        address: String,
        addresses: Vec<&'a Address>,
    },
    /// The words of the command, and each record that went.
    Moved {
        from: String,
        to: String,
        moves: Vec<StateMove<'a>>,
    },
    Unlocked,
}

/// One record that was moved.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct StateMove<'a> {
    pub from: &'a Address,
    pub to: &'a Address,
}

/// The document that `state rebuild --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Rebuilt<'a> {
    /// Addresses that were found, and are recorded now.
    pub recorded: BTreeSet<&'a Address>,
    /// Addresses that are declared and were not found.
    pub absent: BTreeSet<&'a Address>,
    /// Addresses whose names belong to objects of others.
    pub foreign: BTreeSet<&'a Address>,
    /// The same, with the objects and whose they are.
    pub left_out: Vec<LeftOut<'a>>,
    /// Addresses for which several objects were found, and nothing says which one is meant: none was recorded.
    pub ambiguous: Vec<Ambiguous<'a>>,
    /// The parts of what was not recorded: they were not looked for.
    pub waiting: BTreeSet<&'a Address>,
    /// The lineages of the states that lost their objects to this one.
    pub fenced: BTreeSet<&'a str>,
    /// Objects that carry the tags of this stack, or of the state that made what was found, and are for nothing that is declared.
    pub undeclared: Vec<Undeclared<'a>>,
    /// The kinds whose objects AWS refused to list: what is not declared any more is not seen among them.
    pub unlisted: Vec<Unlisted<'a>>,
}

/// A kind whose objects AWS refused to list.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Unlisted<'a> {
    pub kind: &'a str,
    /// The operation as IAM policies name it.
    pub operation: &'a str,
    pub code: &'a str,
}

/// An object of the stack that no entry of the stack file is for.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Undeclared<'a> {
    pub id: &'a Id,
    /// The id, and what tells the object apart: its name, and when it was made.
    pub described: &'a str,
    /// The address in its tags.
    pub address: &'a Address,
    /// The stack in its tags, where that is another one.
    pub stack: Option<&'a str>,
}

/// Several objects that may be meant at one address.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Ambiguous<'a> {
    pub address: &'a Address,
    pub candidates: Vec<Candidate<'a>>,
}

/// One of several objects that may be meant.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Candidate<'a> {
    pub id: &'a Id,
    /// The id, and what tells the object apart: its name, and when it was made.
    pub described: &'a str,
    /// The command that takes it over.
    pub command: String,
}

/// An object that has a declared name, and was not recorded.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LeftOut<'a> {
    pub address: &'a Address,
    pub id: &'a Id,
    /// The stack, the state or the cluster that it belongs to, in words.
    pub belongs_to: &'a str,
}
