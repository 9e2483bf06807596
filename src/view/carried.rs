//! Puts the options that were typed into the commands that a text names, so that each can be typed as it stands.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::engine::plan::Plan;

use super::commands::{CLOSING, bare, pieces};
use super::harmless::harmless;
use super::style::PAINT;

/// An option of the command line that the next command needs as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedOption {
    /// The spellings, the one to write first: `-c`, `--config`.
    pub names: &'static [&'static str],
    /// Nothing for a flag.
    pub value: Option<String>,
    pub to: CarriedTo,
}

/// The commands that need an option as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarriedTo {
    /// All, but those that have no use for it.
    Every,
    /// Those that look for the network.
    Network,
    /// Those that make a plan to apply: a narrow one stays narrow.
    Apply,
    /// Those that make a plan to destroy.
    Destroy,
    /// The one that carries out this plan, and no other.
    ThisPlan,
    /// That one, and those that name more of what is let go of: to name one alone would be refused for the others.
    Naming,
}

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

const REFERENCE: &str = "--reference";
const CONFIG: &str = "--config";

/// Names the one plan that is to be carried out, by its digest.
const THIS_PLAN: &str = "--expect";
/// Name an object whose data is let go of. They may stand several times.
const LETS_GO: [&str; 2] = [ALLOWS_LOSS, "--replace"];
const ALLOWS_LOSS: &str = "--allow-data-loss";
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

impl CarriedOption {
    /// True if the command needs the option: its words begin with the name of the program.
    fn is_for(&self, words: &[&str]) -> bool {
        let has = |option: &str| words.contains(&option);
        let (command, below) = (words.get(1).copied(), words.get(2).copied().unwrap_or_default());
        let plans = matches!(command, Some("plan" | "apply" | "graph"));
        // A saved plan has its targets in it.
        let is_saved = command == Some("apply") && !below.is_empty() && !below.starts_with('-');
        match self.to {
            CarriedTo::Every => match command {
                Some("completions" | "schema") => false,
                Some("init") => !self.names.iter().any(|name| ["--state", REFERENCE].contains(name)),
                _ => true,
            },
            CarriedTo::Network => {
                plans
                    || matches!(command, Some("destroy" | "import"))
                    || (command, below) == (Some("state"), "rebuild")
            }
            CarriedTo::ThisPlan => has(THIS_PLAN),
            CarriedTo::Naming => {
                has(THIS_PLAN) || plans && !is_saved && LETS_GO.iter().any(|option| has(option))
            }
            CarriedTo::Apply => has(THIS_PLAN) || plans && !is_saved && !has("--destroy"),
            CarriedTo::Destroy => {
                has(THIS_PLAN) || command == Some("destroy") || plans && !is_saved && has("--destroy")
            }
        }
    }

    /// True if the AWS command line has an option of this name and meaning.
    fn is_for_aws(&self, with_region: bool) -> bool {
        self.names.iter().any(|name| match *name {
            "--region" => with_region,
            other => ["--profile", "--endpoint-url"].contains(&other),
        })
    }

    /// True if a command has the option, or one that says the same in another way.
    fn is_settled_by(&self, words: &[&str]) -> bool {
        let is_another = self.names_a_stack()
            && words.iter().any(|word| *word == REFERENCE || *word == "-c" || word.starts_with(CONFIG));
        is_another || self.is_among(words)
    }

    /// True for an option that says which stack is meant.
    fn names_a_stack(&self) -> bool {
        self.names.iter().any(|name| [REFERENCE, CONFIG].contains(name))
    }

    fn is_among(&self, words: &[&str]) -> bool {
        if self.to == CarriedTo::Naming {
            // A step that lets go of what an object holds comes before the object's replacement.
            let is_named = |name: &str| self.names.contains(&name) || name == ALLOWS_LOSS;
            let is_this = |pair: &[&str]| is_named(pair[0]) && Some(pair[1]) == self.value.as_deref();
            return words.windows(2).any(is_this);
        }
        words.iter().any(|word| {
            self.names.iter().any(|name| {
                word.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
            })
        })
    }

    /// The option as it is typed after a command, with a space before it.
    pub fn words(&self) -> String {
        let name = self.names.first().copied().unwrap_or_default();
        match &self.value {
            // Added to what is harmless already.
            Some(value) => format!(" {name} {}", harmless(&quoted(value))),
            None => format!(" {name}"),
        }
    }
}

/// A value as a shell reads it back.
pub fn quoted(value: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "_@%+=:,./-".contains(character);
    if !value.is_empty() && value.chars().all(is_plain) && !value.ends_with(CLOSING) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::style::{Ink, Style};

    fn carried(options: &[(&'static [&'static str], Option<&str>)]) -> Carried {
        let option = |&(names, value): &(_, Option<&str>)| CarriedOption {
            names,
            value: value.map(Into::into),
            to: CarriedTo::Every,
        };
        Carried::of(options.iter().map(option).collect())
    }

    #[test]
    fn what_was_named_already_is_named_again_by_the_command_that_names_more() {
        let option =
            |names, value: &str| CarriedOption { names, value: Some(value.into()), to: CarriedTo::Naming };
        let typed = [option(&["--allow-data-loss"], "a.one"), option(&["--replace"], "a.two")];
        let carried = Carried::of(typed.into());
        for (text, expected) in [
            ("provision apply", "provision apply"),
            ("provision plan", "provision plan"),
            (
                "provision apply --allow-data-loss a.three",
                "provision apply --allow-data-loss a.three --allow-data-loss a.one --replace a.two",
            ),
            (
                "provision apply --allow-data-loss a.one",
                "provision apply --allow-data-loss a.one --replace a.two",
            ),
        ] {
            assert_eq!(carried.on(text), expected);
            assert_eq!(carried.on(expected), expected, "twice");
        }
    }

    const FILE: &[&str] = &["-c", "--config"];

    #[test]
    fn commands_after_one_that_has_written_a_stack_file_are_about_that_file() {
        for (file, expected) in [
            (None, ["provision plan", "provision import a=b --out new.yaml"]),
            (Some("new.yaml"), ["provision plan --config new.yaml", "provision import a=b --out new.yaml"]),
        ] {
            let carried = carried(&[(&["--reference"], None), (FILE, Some("old.yaml"))]);
            carried.assume_the_built_in_stack();
            carried.set_file(file.map(str::to_owned));
            for expected in expected {
                let text = expected.replace(" --config new.yaml", "");
                assert_eq!(carried.on(&text), expected);
            }
        }
        let untyped = Carried::default();
        untyped.set_file(Some("new.yaml".to_owned()));
        assert_eq!(untyped.on("Next: provision plan"), "Next: provision plan --config new.yaml");
    }
    const STATE: &[&str] = &["--state"];

    #[test]
    fn each_command_of_a_text_has_the_options_once() {
        let carried =
            carried(&[(FILE, Some("s/my.yaml")), (&["--reference"], None), (STATE, Some("s/mine.json"))]);
        let all = "-c s/my.yaml --reference --state s/mine.json";
        for (text, expected) in [
            ("provision apply", format!("provision apply {all}")),
            (
                "it moved: provision state move a b; if it was not, undo it, then: provision apply.",
                format!(
                    "it moved: provision state move a b {all}; if it was not, undo it, then: provision apply {all}."
                ),
            ),
            (
                "ask for what `provision iam-policy` prints",
                format!("ask for what `provision iam-policy {all}` prints"),
            ),
            (
                "(provision plan --out a/b.json makes one)",
                format!("(provision plan --out a/b.json {all} makes one)"),
            ),
            ("provision init writes one", "provision init -c s/my.yaml writes one".to_owned()),
            ("provision schema stack lists them", "provision schema stack lists them".to_owned()),
            (
                "provision plan --config=x.yaml --state other.json",
                "provision plan --config=x.yaml --state other.json".to_owned(),
            ),
            (
                "update provision, then: aws efs x-y --id 1",
                "update provision, then: aws efs x-y --id 1".to_owned(),
            ),
            ("no command  at all", "no command  at all".to_owned()),
            (
                "  hint:  do this,\n      provision   apply\n      provision state show  a.b\n\nthen that\n",
                format!(
                    "  hint:  do this,\n      provision apply {all}\n      provision state show a.b {all}\n\nthen that\n"
                ),
            ),
        ] {
            let once = carried.on(text);
            assert_eq!(once, expected, "{text}");
            assert_eq!(carried.on(&once), expected, "{text}, twice");
        }
        assert_eq!(Carried::default().on("provision apply"), "provision apply");
    }

    #[test]
    fn a_command_has_its_options_in_colours_too_and_in_what_a_document_notes() {
        let carried = Carried::default();
        carried.set_region("eu-west-1");
        let command = "aws backup list-recovery-points-by-resource --resource-arn arn:aws:x:y";
        let style = Style { color: true, width: 64 };
        let painted = format!("see: {}\n", style.paint(Ink::Warning, command));
        let expected =
            format!("see: {}\n", style.paint(Ink::Warning, &format!("{command} --region eu-west-1")));
        assert_eq!(carried.on(&painted), expected);
        assert_eq!(carried.on(&expected), expected, "twice");
        let note = |note: String| serde_json::json!({ "data": { "notes": [note] } });
        let said = carried.on_document(note(format!("see: {command}")));
        assert_eq!(said, note(format!("see: {command} --region eu-west-1")));
    }

    #[test]
    fn a_way_that_follows_a_command_in_a_hint_keeps_its_own_words() {
        let carried = carried(&[(&["--region"], Some("us-east-1"))]);
        carried.assume_the_built_in_stack();
        let hint = "name the network: `provision import VPC-ID --cluster NAME`; without a stack file here, this is it";
        assert_eq!(
            carried.on(hint),
            "name the network: `provision import VPC-ID --cluster NAME --region us-east-1 --reference`; without a stack file \
             here, this is it"
        );
    }

    #[test]
    fn each_command_of_the_aws_command_line_is_for_the_profile_and_the_region_of_the_run() {
        const PROFILE: &[&str] = &["--profile"];
        let carried = carried(&[(FILE, Some("my.yaml")), (PROFILE, Some("my team"))]);
        // The region that a run is in is known once it has begun.
        let early = carried.on("aws kms list-aliases shows them");
        assert_eq!(early, "aws kms list-aliases --profile 'my team' shows them");
        carried.clone().set_region("eu-west-1");
        let all = "--region eu-west-1 --profile 'my team'";
        for (text, expected) in [
            ("aws kms list-aliases shows them", format!("aws kms list-aliases {all} shows them")),
            (
                "`aws sts get-caller-identity` shows who you are",
                format!("`aws sts get-caller-identity {all}` shows who you are"),
            ),
            (
                "aws efs delete-mount-target --mount-target-id fsmt-1; then: provision plan",
                format!(
                    "aws efs delete-mount-target --mount-target-id fsmt-1 {all}; then: provision plan -c my.yaml --profile \
                     'my team'"
                ),
            ),
            (
                "aws rds x-y --region eu-west-2 --id 1, then",
                "aws rds x-y --region eu-west-2 --id 1 --profile 'my team', then".to_owned(),
            ),
            (
                "aws s3 cp s3://b/a.backup s3://b/a, and",
                format!("aws s3 cp s3://b/a.backup s3://b/a {all}, and"),
            ),
            ("to make it: aws configure --profile my", "to make it: aws configure --profile my".to_owned()),
            ("log in: aws sso login --profile NAME", "log in: aws sso login --profile NAME".to_owned()),
            ("as aws says", "as aws says".to_owned()),
        ] {
            let once = carried.on(text);
            assert_eq!(once, expected, "{text}");
            assert_eq!(carried.on(&once), expected, "{text}, twice");
        }
    }

    #[test]
    fn a_region_that_was_typed_is_named_once() {
        let carried =
            carried(&[(&["--region"], Some("eu-west-1")), (&["--endpoint-url"], Some("http://127.0.0.1:1"))]);
        let expected = "aws sts get-caller-identity --region eu-west-1 --endpoint-url http://127.0.0.1:1";
        assert_eq!(carried.on("aws sts get-caller-identity"), expected);
        carried.set_region("eu-west-1");
        assert_eq!(carried.on("aws sts get-caller-identity"), expected);
    }

    #[test]
    fn without_a_stack_file_commands_that_write_ask_for_the_built_in_stack() {
        let carried = Carried::default();
        carried.clone().assume_the_built_in_stack();
        for (text, expected) in [
            ("provision apply --expect 0a", "provision apply --expect 0a --reference"),
            ("provision state rebuild, then", "provision state rebuild --reference, then"),
            ("provision import vpc-1, then", "provision import vpc-1 --reference, then"),
            ("provision state list", "provision state list"),
            ("provision plan", "provision plan"),
            ("provision init writes one", "provision init writes one"),
            ("provision apply --reference", "provision apply --reference"),
            ("provision apply -c a.yaml", "provision apply -c a.yaml"),
        ] {
            assert_eq!(carried.on(text), expected, "{text}");
        }
    }

    #[test]
    fn the_built_in_stack_is_never_asked_for_beside_a_file() {
        let file = carried(&[(FILE, Some("none.yaml"))]);
        assert_eq!(file.on("provision iam-policy --reference"), "provision iam-policy --reference");
        let reference = carried(&[(&[REFERENCE], None)]);
        assert_eq!(reference.on("provision plan --config a.yaml"), "provision plan --config a.yaml");
        assert_eq!(reference.on("provision plan -c a.yaml"), "provision plan -c a.yaml");
    }

    #[test]
    fn a_document_has_the_options_in_what_it_says_and_not_in_what_objects_have() {
        let carried = carried(&[(FILE, Some("my.yaml"))]);
        let said = serde_json::json!({
            "hint": "provision apply", "not_recorded": { "a.b": "to let go of it: provision state forget a.b" },
            "record": { "hint": "provision apply" }, "tag": "provision apply", "steps": [{ "command": "provision plan" }],
        });
        let expected = serde_json::json!({
            "hint": "provision apply -c my.yaml",
            "not_recorded": { "a.b": "to let go of it: provision state forget a.b -c my.yaml" },
            "record": { "hint": "provision apply" }, "tag": "provision apply",
            "steps": [{ "command": "provision plan -c my.yaml" }],
        });
        assert_eq!(carried.on_document(said), expected);
    }

    #[test]
    fn a_value_is_what_a_shell_reads_back() {
        for (value, expected) in [
            ("s3://bucket/a-b_c.json", "s3://bucket/a-b_c.json"),
            ("../zürich.json", "../zürich.json"),
            ("my state.json", "'my state.json'"),
            ("it's", r"'it'\''s'"),
            ("$HOME/x", "'$HOME/x'"),
            ("a.", "'a.'"),
            ("", "''"),
        ] {
            let carried = carried(&[(STATE, Some(value))]);
            let text = carried.on("type: provision state rebuild, then it goes on");
            assert_eq!(text, format!("type: provision state rebuild --state {expected}, then it goes on"));
            assert_eq!(carried.on(&text), text);
        }
    }
}
