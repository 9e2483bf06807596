//! Puts the options that were typed into the commands that a text names, so that each can be typed as it stands.

mod option;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::engine::plan::Plan;

use super::commands::{bare, pieces};
use super::style::PAINT;

use option::{CONFIG, REFERENCE};
pub use option::{CarriedOption, CarriedTo, quoted};

/// The options that every command to type next needs as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    typed: Vec<CarriedOption>,
    /// In all copies, as soon as it is known.
    learnt: Arc<Learnt>,
}

/// What comes out about a run after it has begun.
#[derive(Debug, Default, PartialEq, Eq)]
struct Learnt {
    /// The region of the run: the AWS command line may take another one.
    region: OnceLock<String>,
    /// Set where the built-in stack is taken since there is no stack file: commands that write do that only when they are told to.
    is_built_in: OnceLock<()>,
    /// The stack file that this run has written, or adds to: nothing where commands here take it unasked.
    file: OnceLock<Option<String>>,
    /// The addresses that were typed and are none, with those that were meant. Nothing for what is not to be typed again.
    meant: OnceLock<BTreeMap<String, Option<String>>>,
}

impl Carried {
    /// The options that were typed.
    pub fn of(typed: Vec<CarriedOption>) -> Self {
        Self { typed, learnt: Arc::default() }
    }

    /// The first of these options that was typed.
    pub fn first_of(&self, names: &[&'static str]) -> Option<&'static str> {
        let typed = self.typed.iter().flat_map(|option| option.names);
        typed.copied().find(|name| names.contains(name))
    }

    /// Adds options that were typed.
    pub fn extend(&mut self, typed: Vec<CarriedOption>) {
        self.typed.extend(typed);
    }

    /// Makes the region of the run known. A run has one.
    pub fn set_region(&self, region: &str) {
        let _ = self.learnt.region.set(region.to_owned());
    }

    /// Makes known what was meant by addresses that were typed and that there are not.
    pub fn set_meant(&self, meant: BTreeMap<String, Option<String>>) {
        let _ = self.learnt.meant.set(meant);
    }

    /// Makes known which stack file the next commands are about, whatever was typed: nothing where they take it unasked.
    pub fn set_file(&self, file: Option<String>) {
        let _ = self.learnt.file.set(file);
    }

    /// Makes known that the built-in stack is taken, and that no option asks for it.
    pub fn assume_the_built_in_stack(&self) {
        let _ = self.learnt.is_built_in.set(());
    }

    /// True if no command needs anything.
    pub fn is_empty(&self) -> bool {
        let Learnt { region, is_built_in, file, meant: _ } = self.learnt.as_ref();
        self.typed.is_empty() && region.get().is_none() && is_built_in.get().is_none() && file.get().is_none()
    }

    /// The text with these options in each of its commands that does not have them, and takes them. Its lines and spaces stay as
    /// they are.
    pub fn on(&self, text: &str) -> String {
        if self.is_empty() || !["provision ", "aws "].iter().any(|program| text.contains(program)) {
            return text.to_owned();
        }
        text.split_inclusive('\n').flat_map(unpainted).map(|part| self.on_line(part)).collect()
    }

    /// One line, with its line break, or the part of one that has one colour.
    fn on_line(&self, line: &str) -> String {
        let mut written = String::new();
        let mut rest = line;
        for piece in pieces(line.trim_end_matches('\n')) {
            let (first, last) = (piece.text.split(' ').next(), piece.text.split(' ').next_back());
            let (Some(first), Some(last)) = (first, last) else { continue };
            let start = rest.find(first).unwrap_or_default();
            let end = match piece.text.matches(' ').count() {
                0 => start + first.len(),
                spaces => end_of_words(&rest[start..], spaces + 1).map_or(rest.len(), |end| start + end),
            };
            debug_assert!(rest[..end].ends_with(last), "a piece is made of words of its line");
            written.push_str(&rest[..start]);
            written.push_str(&match piece.is_command {
                true => self.on_command(&piece.text),
                false => rest[start..end].to_owned(),
            });
            rest = &rest[end..];
        }
        written + rest
    }

    /// A JSON document with these options in the commands that it names: in its hints, reasons and commands. What it says of objects
    /// stays as it is.
    pub fn on_document(&self, document: Value) -> Value {
        self.on_member("", document)
    }

    /// A plan with these options in the commands that it names: its findings, and the account of the data that goes.
    pub fn on_plan(&self, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        for finding in &mut plan.preflight {
            finding.message = self.on(&finding.message);
            finding.hint = finding.hint.as_deref().map(|hint| self.on(hint));
        }
        let notes = plan.changes.iter_mut().filter_map(|change| change.data.as_mut());
        notes.flat_map(|data| &mut data.notes).for_each(|note| *note = self.on(note));
        plan
    }

    fn on_member(&self, key: &str, value: Value) -> Value {
        match value {
            Value::String(text) if SAID.contains(&key) => Value::String(self.on(&text)),
            Value::Array(all) => all.into_iter().map(|one| self.on_member(key, one)).collect(),
            Value::Object(members) if !OBJECTS.contains(&key) => {
                let of = |name: &str| if key == NOT_RECORDED { "reason".to_owned() } else { name.to_owned() };
                let members = members
                    .into_iter()
                    .map(|(name, value)| (name.clone(), self.on_member(&of(&name), value)));
                Value::Object(members.collect())
            }
            other => other,
        }
    }

    /// A command in its punctuation.
    fn on_command(&self, piece: &str) -> String {
        let command = bare(piece);
        let words: Vec<&str> = command.split(' ').collect();
        let options = match words.as_slice() {
            ["provision", name, rest @ ..] => self.for_ours(&words, name, rest),
            // They ask nothing of the account.
            ["aws", "configure" | "sso", ..] => return piece.to_owned(),
            ["aws", ..] => self.for_aws(),
            _ => return piece.to_owned(),
        };
        let at = piece.find(command).unwrap_or_default();
        let (before, after) = (&piece[..at], &piece[at + command.len()..]);
        let missing = options.iter().filter(|option| !option.is_settled_by(&words));
        let options: String = missing.map(CarriedOption::words).collect();
        format!("{before}{command}{options}{after}")
    }

    fn for_ours(&self, words: &[&str], name: &str, rest: &[&str]) -> Vec<CarriedOption> {
        let mut typed: Vec<CarriedOption> = Vec::new();
        for option in self.typed.iter().filter_map(|option| self.as_meant(option)) {
            if option.is_for(words) && !typed.contains(&option) {
                typed.push(option);
            }
        }
        if let Some(file) = self.learnt.file.get() {
            typed.retain(|option| !option.names_a_stack());
            // With a stack file of its own it takes no other one.
            let has_its_own = name == "import" && rest.iter().any(|word| ["--out", "--into"].contains(word));
            let file = file.clone().filter(|_| !has_its_own && !["completions", "schema"].contains(&name));
            let names: &[&str] = &[CONFIG];
            let file = file.map(|file| CarriedOption { names, value: Some(file), to: CarriedTo::Every });
            return typed.into_iter().chain(file).collect();
        }
        let asks = self.learnt.is_built_in.get().filter(|()| writes(name, rest));
        let built_in =
            asks.map(|()| CarriedOption { names: &[REFERENCE], value: None, to: CarriedTo::Every });
        typed.into_iter().chain(built_in).collect()
    }

    /// The option with the address that was meant by it.
    fn as_meant(&self, option: &CarriedOption) -> Option<CarriedOption> {
        let names_addresses = !matches!(option.to, CarriedTo::Every | CarriedTo::Network);
        let meant = self.learnt.meant.get().filter(|_| names_addresses);
        match meant.zip(option.value.as_ref()).and_then(|(meant, value)| meant.get(value)) {
            None => Some(option.clone()),
            Some(None) => None,
            Some(meant) => Some(CarriedOption { value: meant.clone(), ..option.clone() }),
        }
    }

    fn for_aws(&self) -> Vec<CarriedOption> {
        let region = self.learnt.region.get().cloned();
        let region = region.map(|region| CarriedOption {
            names: &["--region"],
            value: Some(region),
            to: CarriedTo::Every,
        });
        let is_typed = region.is_none();
        let typed = self.typed.iter().filter(|option| option.is_for_aws(is_typed)).cloned();
        region.into_iter().chain(typed).collect()
    }
}

/// True for a command that takes the built-in stack only when it is told to.
fn writes(name: &str, rest: &[&str]) -> bool {
    match name {
        // With a stack file of its own it takes no other one.
        "import" => !rest.contains(&"--out"),
        "apply" | "destroy" => true,
        "state" => rest.first().is_some_and(|what| !["list", "show"].contains(what)),
        _ => false,
    }
}

/// The members of documents that say something to people.
const SAID: [&str; 5] = ["command", "hint", "message", "notes", "reason"];
/// The member whose members are reasons.
const NOT_RECORDED: &str = "not_recorded";
/// The members of documents that hold what objects have.
const OBJECTS: [&str; 5] = ["record", "before", "after", "inputs", "outputs"];

/// The parts of a line: its changes of colour, and what is between them. A command is painted as a whole.
fn unpainted(line: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(PAINT) {
        let end = rest[start..].find('m').map_or(rest.len(), |end| start + end + 1);
        let (before, after) = rest.split_at(start);
        let (paint, after) = after.split_at(end - start);
        parts.extend([before, paint]);
        rest = after;
    }
    parts.push(rest);
    parts
}

/// The end of a number of words, in bytes.
fn end_of_words(text: &str, count: usize) -> Option<usize> {
    let starts = |(at, _): &(usize, char)| text[..*at].chars().next_back().is_none_or(|c| c == ' ');
    let (start, _) = text.char_indices().filter(|(_, c)| *c != ' ').filter(starts).nth(count - 1)?;
    Some(text[start..].find(' ').map_or(text.trim_end_matches('\n').len(), |end| start + end))
}
