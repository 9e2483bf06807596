//! A procedure: work on one object that takes several calls, each of which may be the last one of a run.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::resource::Id;

/// The procedures of a state: of each object one for each command, of which one at most is under way.
pub type Procedures = BTreeMap<Address, BTreeMap<String, Procedure>>;

/// A procedure as it is recorded before each of its calls. The state knows nothing of its steps but their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// A sentence on the work, to be read after the object's name: `is being restored beside the old one`.
    pub doing: String,
    /// The options of the command that go on with it, which stand behind the object's name: `--switch`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub goes_on: String,
    /// The options that give it up, where it can be given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gives_up: Option<String>,
    /// The step that it is in.
    pub step: String,
    /// When it began: UTC, RFC 3339.
    pub started: String,
    /// When it ended; absent while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// True while the object must stay as it is: no plan changes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub holds: bool,
    /// Other objects that must stay as they are along with it, such as a parameter group of which it makes another.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub along: BTreeSet<Address>,
    /// The objects that it has made, or keeps, and that stand at no address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keeps: Vec<Kept>,
    /// Choices, and facts from before each change: of the command's own form.
    pub facts: Document,
}

/// An object of the stack that stands at no address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Absent until AWS has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    pub name: String,
}

impl Procedure {
    /// True until it has come to its end.
    pub fn is_under_way(&self) -> bool {
        self.finished.is_none()
    }

    /// The command that goes on with it.
    pub fn to_go_on(&self, command: &str, address: &Address) -> String {
        typed(command, address, &self.goes_on)
    }

    /// The command that gives it up.
    pub fn to_give_up(&self, command: &str, address: &Address) -> Option<String> {
        self.gives_up.as_deref().map(|options| typed(command, address, options))
    }
}

fn typed(command: &str, address: &Address, options: &str) -> String {
    let text = format!("provision {command} {} {options}", address.title());
    text.trim_end().to_owned()
}

/// The command that gives an object its place at an address again, where a procedure has put it aside and keeps it.
pub fn way_back(procedures: &Procedures, address: &Address, id: &str) -> Option<String> {
    let keeps = |one: &Procedure| {
        one.keeps.iter().any(|kept| kept.id.as_ref().is_some_and(|kept| kept.as_str() == id))
    };
    // Other commands have no way back, though they keep what was before: an upgrade that has ended goes on with nothing.
    let goes_back = |one: &Procedure| !one.is_under_way() && one.goes_on.ends_with("--back");
    let mut ended = procedures.get(address)?.iter().filter(|(_, one)| goes_back(one) && keeps(one));
    ended.next().map(|(command, one)| one.to_go_on(command, address))
}

/// The procedure of an object that has not come to its end, with the command that it is of.
pub fn under_way<'a>(procedures: &'a Procedures, address: &Address) -> Option<(&'a str, &'a Procedure)> {
    let of_object = procedures.get(address)?;
    let mut under_way = of_object.iter().filter(|(_, one)| one.is_under_way());
    under_way.next().map(|(command, one)| (command.as_str(), one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_exchange_that_has_ended_and_keeps_the_object_has_a_way_back() {
        let address = Address::new("aws_db_instance", "main");
        let ended = |goes_on: &str, finished: Option<&str>| Procedure {
            doing: String::new(),
            goes_on: goes_on.to_owned(),
            gives_up: None,
            step: String::new(),
            started: String::new(),
            finished: finished.map(str::to_owned),
            holds: false,
            along: BTreeSet::new(),
            keeps: vec![Kept { id: Some(Id::new("db-1")), name: "main-old".to_owned() }],
            facts: Document::new(),
        };
        for (procedure, id, command) in [
            (ended("--switch --back", Some("now")), "db-1", Some("provision restore main --switch --back")),
            (ended("--switch --back", Some("now")), "db-2", None),
            (ended("--switch --back", None), "db-1", None),
            (ended("--switch", Some("now")), "db-1", None),
        ] {
            let procedures =
                Procedures::from([(address.clone(), BTreeMap::from([("restore".to_owned(), procedure)]))]);
            assert_eq!(way_back(&procedures, &address, id).as_deref(), command);
        }
    }
}
