//! One option that was typed, with the commands that need it as well.

use super::super::commands::CLOSING;
use super::super::harmless::harmless;

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

impl CarriedOption {
    /// True if the command needs the option: its words begin with the name of the program.
    pub(super) fn is_for(&self, words: &[&str]) -> bool {
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
    pub(super) fn is_for_aws(&self, with_region: bool) -> bool {
        self.names.iter().any(|name| match *name {
            "--region" => with_region,
            other => ["--profile", "--endpoint-url"].contains(&other),
        })
    }

    /// True if a command has the option, or one that says the same in another way.
    pub(super) fn is_settled_by(&self, words: &[&str]) -> bool {
        let is_another = self.names_a_stack()
            && words.iter().any(|word| *word == REFERENCE || *word == "-c" || word.starts_with(CONFIG));
        is_another || self.is_among(words)
    }

    /// True for an option that says which stack is meant.
    pub(super) fn names_a_stack(&self) -> bool {
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

pub(super) const REFERENCE: &str = "--reference";

pub(super) const CONFIG: &str = "--config";

/// Names the one plan that is to be carried out, by its digest.
const THIS_PLAN: &str = "--expect";

/// Name an object whose data is let go of. They may stand several times.
const LETS_GO: [&str; 2] = [ALLOWS_LOSS, "--replace"];

const ALLOWS_LOSS: &str = "--allow-data-loss";
