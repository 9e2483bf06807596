//! The topic of a statement of a policy: its name, and the topics that it can be put together with.

use std::fmt;

use super::statement::{Conditions, Texts};
use super::{OWNED, TAGGING};

/// The topic of a statement. The order is that of the statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Topic {
    service: &'static str,
    verb: Verb,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verb {
    /// Everything, under no condition.
    Read,
    Make,
    /// Make something inside of what is the stack's.
    Add,
    Change,
    Use,
}

impl Topic {
    pub(super) fn of(action: &'static str, conditions: &Conditions, resources: &Texts) -> Self {
        let has = |key| conditions.values().any(|values| values.contains_key(key));
        let everything = resources.iter().eq(["*"]);
        let verb = match (has(TAGGING), has(OWNED)) {
            (false, false) if everything && conditions.is_empty() => Verb::Read,
            (true, false) => Verb::Make,
            (true, true) => Verb::Add,
            (false, true) => Verb::Change,
            (false, false) => Verb::Use,
        };
        // All reads of everything are one statement.
        let service = if verb == Verb::Read { "" } else { action.split(':').next().unwrap_or_default() };
        Self { service, verb }
    }

    /// True if the stack's tag decides.
    pub(super) fn is_by_tag(self) -> bool {
        matches!(self.verb, Verb::Make | Verb::Add | Verb::Change)
    }
}

/// A statement's id has letters and digits alone.
impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = match self.service {
            "elasticfilesystem" => "Efs",
            "secretsmanager" => "Secrets",
            "ec2" => "Ec2",
            "iam" => "Iam",
            "kms" => "Kms",
            "rds" => "Rds",
            other => other,
        };
        write!(f, "{service}{:?}", self.verb)
    }
}
