//! Puts the options that were typed into the commands that a text names, so that each can be typed as it stands.

use serde_json::Value;

use super::commands::{CLOSING, bare, pieces};
use super::harmless::harmless;

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
}

/// The options that were typed, and that every command to type next needs as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried(pub Vec<CarriedOption>);

impl Carried {
    /// The text with these options in each of its commands of this program that does not have them. Its lines and spaces stay as
    /// they are.
    pub fn on(&self, text: &str) -> String {
        if self.0.is_empty() || !text.contains("provision ") {
            return text.to_owned();
        }
        text.split_inclusive('\n').map(|line| self.on_line(line)).collect()
    }

    /// One line, with its line break.
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
        if words.first() != Some(&"provision") || words.len() < 2 {
            return piece.to_owned();
        }
        let at = piece.find(command).unwrap_or_default();
        let (before, after) = (&piece[..at], &piece[at + command.len()..]);
        let options = self.0.iter().filter(|option| option.is_for(&words) && !option.is_among(&words));
        let options: String = options.map(CarriedOption::words).collect();
        format!("{before}{command}{options}{after}")
    }
}

/// Names the one plan that is to be carried out, by its digest.
const THIS_PLAN: &str = "--expect";
/// The members of documents that say something to people.
const SAID: [&str; 4] = ["command", "hint", "message", "reason"];
/// The member whose members are reasons.
const NOT_RECORDED: &str = "not_recorded";
/// The members of documents that hold what objects have.
const OBJECTS: [&str; 5] = ["record", "before", "after", "inputs", "outputs"];

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
                Some("init") => !self.names.iter().any(|name| ["--state", "--reference"].contains(name)),
                _ => true,
            },
            CarriedTo::Network => {
                plans
                    || matches!(command, Some("destroy" | "import"))
                    || (command, below) == (Some("state"), "rebuild")
            }
            CarriedTo::ThisPlan => has(THIS_PLAN),
            CarriedTo::Apply => has(THIS_PLAN) || plans && !is_saved && !has("--destroy"),
            CarriedTo::Destroy => {
                has(THIS_PLAN) || command == Some("destroy") || plans && !is_saved && has("--destroy")
            }
        }
    }

    fn is_among(&self, words: &[&str]) -> bool {
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

    fn carried(options: &[(&'static [&'static str], Option<&str>)]) -> Carried {
        let option = |&(names, value): &(_, Option<&str>)| CarriedOption {
            names,
            value: value.map(Into::into),
            to: CarriedTo::Every,
        };
        Carried(options.iter().map(option).collect())
    }

    const FILE: &[&str] = &["-c", "--config"];
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
                "provision plan --config=x.yaml --state other.json --reference".to_owned(),
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
