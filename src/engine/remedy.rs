//! A remedy as data: the command to type or the line to write, so that a test can type it too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::address::Address;

/// One thing to do about a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Options of this object, to be written into the stack file.
    Write { address: Address, options: BTreeMap<String, String> },
    /// `provision apply`
    Apply,
    /// `provision apply --refresh-only`: what others changed is recorded.
    Accept,
    /// `provision apply --target ADDRESS …`
    Make { addresses: BTreeSet<Address> },
    /// `provision apply --replace ADDRESS`
    Replace { address: Address },
    /// `provision destroy --target ADDRESS`
    Destroy { address: Address },
    /// `provision import ADDRESS=ID`
    Import { address: Address, id: String },
    /// `provision import ADDRESS=ID --take-over LINEAGE`
    TakeOver { address: Address, id: String, lineage: String },
    /// `provision state forget ADDRESS`
    Forget { address: Address },
    /// `provision state forget NAME`: an object with its parts and everything that was made for it.
    ForgetName { name: String },
    /// `provision state move FROM TO`
    Move { from: Address, to: Address },
    /// A command of the AWS command line, in full.
    Aws { command: String },
    /// Work outside of both command lines, in words.
    ByHand { what: String },
    /// Only AWS Support can do it.
    Support { what: String },
}

/// One way out of a finding: its steps, in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Way {
    /// The aim, where there are several ways: `to lose the data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aim: Option<String>,
    pub steps: Vec<Remedy>,
}

impl Way {
    /// The way that helps.
    pub fn of(steps: impl IntoIterator<Item = Remedy>) -> Self {
        Self { aim: None, steps: steps.into_iter().collect() }
    }

    /// A way for those who want this: `to lose the data`.
    pub fn to(aim: &str, steps: impl IntoIterator<Item = Remedy>) -> Self {
        Self { aim: Some(aim.to_owned()), steps: steps.into_iter().collect() }
    }
}

impl Remedy {
    /// One option with its value, to be written into the stack file.
    pub fn write(address: &Address, option: &str, value: impl fmt::Display) -> Self {
        let options = BTreeMap::from([(option.to_owned(), value.to_string())]);
        Self::Write { address: address.clone(), options }
    }

    /// The command that takes an object over; `lineage` is that of another state that has it.
    pub fn import(address: &Address, id: impl fmt::Display, lineage: Option<&str>) -> Self {
        let (address, id) = (address.clone(), id.to_string());
        match lineage {
            Some(lineage) => Self::TakeOver { address, id, lineage: lineage.to_owned() },
            None => Self::Import { address, id },
        }
    }

    /// A command of the AWS command line from its words, each quoted where a shell would take it apart.
    pub fn aws<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let words: Vec<String> = std::iter::once("aws").chain(words).map(quoted).collect();
        Self::Aws { command: words.join(" ") }
    }

    /// AWS refuses both to delete a protected object and to change one that it has given up.
    pub fn unprotected_by_support(id: impl fmt::Display) -> Self {
        let what =
            format!("turn the deletion protection of {id} off, since AWS takes no change of it any more");
        Self::Support { what }
    }

    /// Something to be done elsewhere.
    pub fn by_hand(what: impl Into<String>) -> Self {
        Self::ByHand { what: what.into() }
    }
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// All ways as one text: the first, and after it the others with their aims.
pub fn hint_of(ways: &[Way]) -> Option<String> {
    let said: Vec<String> = ways.iter().map(ToString::to_string).collect();
    (!said.is_empty()).then(|| said.join("; or, "))
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(aim) = &self.aim {
            write!(f, "{aim}: ")?;
        }
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        f.write_str(&steps.join(", then: "))
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { options, .. } => {
                let lines: Vec<String> =
                    options.iter().map(|(option, value)| format!("`{option}: {value}`")).collect();
                write!(f, "write {} into the stack file", lines.join(" and "))
            }
            Self::Apply => f.write_str("provision apply"),
            Self::Accept => f.write_str("provision apply --refresh-only"),
            Self::Make { addresses } => {
                f.write_str("provision apply")?;
                addresses.iter().try_for_each(|address| write!(f, " --target {address}"))
            }
            Self::Replace { address } => write!(f, "provision apply --replace {address}"),
            Self::Destroy { address } => write!(f, "provision destroy --target {address}"),
            Self::Import { address, id } => write!(f, "provision import {address}={id}"),
            Self::TakeOver { address, id, lineage } => {
                write!(f, "provision import {address}={id} --take-over {lineage}")
            }
            Self::Forget { address } => write!(f, "provision state forget {address}"),
            Self::ForgetName { name } => write!(f, "provision state forget {name}"),
            Self::Move { from, to } => write!(f, "provision state move {from} {to}"),
            Self::Aws { command } => f.write_str(command),
            Self::ByHand { what } => f.write_str(what),
            Self::Support { what } => write!(f, "ask AWS Support to {what}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address::new("aws_db_instance", "db")
    }

    #[test]
    fn a_way_reads_like_a_sentence_and_others_follow_with_their_aims() {
        let first = Way::of([Remedy::write(&address(), "deletion_protection", false), Remedy::Apply]);
        let other = Way::to("to lose the data", [Remedy::Replace { address: address() }]);
        assert_eq!(
            hint_of(&[first, other]).as_deref(),
            Some(
                "write `deletion_protection: false` into the stack file, then: provision apply; or, to lose the data: \
                 provision apply --replace aws_db_instance.db"
            )
        );
        assert_eq!(hint_of(&[]), None);
    }

    #[test]
    fn words_from_outside_stay_one_word_for_a_shell() {
        for (word, expected) in
            [("db-1", "db-1"), ("a b", "'a b'"), ("$(x)", "'$(x)'"), ("it's", r"'it'\''s'")]
        {
            let Remedy::Aws { command } = Remedy::aws(["rds", word]) else { panic!("a command") };
            assert_eq!(command, format!("aws rds {expected}"));
        }
    }
}
