//! Objects that were taken over: from whom they may be taken, until the next apply has written their ownership tags.

use std::ops::Not;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Ownership, Whose};

/// A claim to an object that was taken over, with the owner that its tags named by then. Whoever else has it since keeps it: the
/// user has named that one owner, and no other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// None where its tags named no stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<String>,
    /// True where the state had it as its own before: others took its tags off.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub again: bool,
}

impl Claim {
    /// The claim to an object with these tags.
    pub fn from(ownership: &Ownership) -> Self {
        match ownership {
            Ownership::Tagged { stack, lineage, .. } => {
                Self { stack: Some(stack.clone()), lineage: lineage.clone(), again: false }
            }
            Ownership::OfCluster { .. } | Ownership::Untagged | Ownership::Inherited => Self::default(),
        }
    }

    /// The claim to an object that is this state's, and whose tags name another place.
    pub fn own(stack: &str, lineage: &str) -> Self {
        Self { stack: Some(stack.to_owned()), lineage: Some(lineage.to_owned()), again: false }
    }

    /// True where the object may be taken from its owner of now.
    pub fn holds_against(&self, whose: &Whose) -> bool {
        match whose {
            Whose::Ours | Whose::Moved { .. } | Whose::Inherited | Whose::Untagged => true,
            Whose::OtherState { lineage, .. } => self.lineage.as_ref() == Some(lineage),
            Whose::OtherStack { lineage: Some(lineage), .. } => self.lineage.as_ref() == Some(lineage),
            Whose::OtherStack { stack, lineage: None } => self.stack.as_ref() == Some(stack),
            // Nobody can name those.
            Whose::Elsewhere { .. } | Whose::OfCluster { .. } => false,
        }
    }
}

/// A claim as states have it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Written {
    /// True for one to an object that was nobody's. Older programs wrote no other.
    Plain(bool),
    From(Claim),
}

pub(crate) fn serialize<S: Serializer>(claim: &Option<Claim>, to: S) -> Result<S::Ok, S::Error> {
    let written = match claim {
        None => Written::Plain(false),
        Some(claim) if *claim == Claim::default() => Written::Plain(true),
        Some(claim) => Written::From(claim.clone()),
    };
    written.serialize(to)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Claim>, D::Error> {
    Ok(match Written::deserialize(from)? {
        Written::Plain(false) => None,
        Written::Plain(true) => Some(Claim::default()),
        Written::From(claim) => Some(claim),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(stack: &str, lineage: &str) -> Ownership {
        let (stack, lineage) = (stack.to_owned(), Some(lineage.to_owned()));
        Ownership::Tagged { stack, address: "aws_db_instance.a".to_owned(), lineage, cluster: None }
    }

    #[test]
    fn a_claim_holds_against_nobody_and_against_the_owner_that_was_named() {
        let of = |stack: &str, lineage: &str| Whose::OtherStack {
            stack: stack.to_owned(),
            lineage: Some(lineage.to_owned()),
        };
        let (free, shops) = (Claim::from(&Ownership::Untagged), Claim::from(&tagged("shop", "one")));
        for (claim, whose, holds) in [
            (&free, Whose::Untagged, true),
            (&free, Whose::Ours, true),
            (&free, of("shop", "one"), false),
            (&free, Whose::OfCluster { cluster: "k".to_owned() }, false),
            (&shops, of("shop", "one"), true),
            (&shops, of("shop", "two"), false),
            (&shops, of("mall", "two"), false),
            (&shops, Whose::Untagged, true),
            (&shops, Whose::Elsewhere { cluster: None, vpc: None }, false),
        ] {
            assert_eq!(claim.holds_against(&whose), holds, "{claim:?} {whose:?}");
        }
    }

    #[test]
    fn a_state_has_a_claim_to_what_was_nobodys_as_a_truth_value() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Record(#[serde(with = "super")] Option<Claim>);
        for (claim, text) in [
            (None, "false"),
            (Some(Claim::default()), "true"),
            (Some(Claim::from(&tagged("shop", "one"))), r#"{"stack":"shop","lineage":"one"}"#),
        ] {
            let record = Record(claim);
            assert_eq!(serde_json::to_string(&record).expect("it can be written"), text);
            assert_eq!(serde_json::from_str::<Record>(text).expect("it can be read"), record);
        }
    }
}
