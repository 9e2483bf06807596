//! Why an object that the user names is not recorded, and what to type instead.

use crate::engine::address::Address;
use crate::engine::refresh::RefreshError;
use crate::engine::resource::{Id, Whose};

/// Why an object is not recorded.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("the stack file does not declare {address}")]
    Undeclared { address: Address, nearest: Option<Address>, text: String },
    #[error("{address} is a part of the network, which is watched as a whole")]
    Network { address: Address },
    #[error("there is no kind {}", address.kind())]
    UnknownKind { address: Address, kinds: Vec<&'static str> },
    #[error("AWS has no {} with the id or name {text}", address.kind())]
    Absent { address: Address, text: String },
    #[error("{id} cannot be {address}: {why}")]
    Unfit { address: Address, id: Id, why: String },
    #[error("{id} is recorded already, as {other}")]
    Recorded {
        address: Address,
        id: Id,
        other: Address,
        /// True if it could be recorded here instead: nothing else is.
        is_free: bool,
    },
    #[error("{id} belongs to {owner}")]
    Foreign { address: Address, id: Id, owner: String, whose: Whose },
    #[error("the {field} of {id} is {live}, and that of {address} is declared as {declared}")]
    OtherName {
        address: Address,
        id: Id,
        field: String,
        live: String,
        declared: String,
        /// The option of the stack file that says it, if one does.
        option: Option<&'static str>,
        /// The resource that it is a part of, where that is declared and can be taken over.
        part_of: Option<Address>,
    },
    #[error("{id} stands in {place}, and {address} does not")]
    Elsewhere {
        address: Address,
        id: Id,
        place: String,
        /// The declared address of its place.
        right: Option<Address>,
    },
    #[error(transparent)]
    Unread(#[from] RefreshError),
}

impl Refused {
    /// The text to type instead.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Undeclared { nearest: Some(nearest), .. } => {
                Some(format!("did you mean {nearest}? a new one is declared in the stack file first, then imported"))
            }
            Self::Undeclared { address, text, .. } => Some(format!(
                "declare it in the stack file first, then import it; or have it described there as it is: provision import \
                 {address}={text} --into"
            )),
            Self::Network { .. } => Some("name the network by the id of its VPC: provision import VPC-ID".to_owned()),
            Self::UnknownKind { kinds, .. } => Some(format!("one of these: {}", kinds.join(", "))),
            Self::Absent { .. } => Some(
                "look in this account and region; an id is what AWS shows: fs-…, fsmt-…, sg-…, a database's identifier or \
                 db-…, a group's or a role's name with its capitals"
                    .to_owned(),
            ),
            Self::Unfit { .. } => Some(
                "leave it as it is, and choose another object, or another name in the stack file: provision plan says the rest"
                    .to_owned(),
            ),
            Self::Unread(_) => None,
            Self::Elsewhere { id, right: Some(right), .. } => Some(format!("provision import {right}={id}")),
            Self::Elsewhere { place, .. } => {
                Some(format!("the stack has nothing in {place}: leave it as it is, and go on with provision plan"))
            }
            Self::Recorded { address, other, is_free: true, .. } => {
                Some(format!("provision state move {other} {address}"))
            }
            Self::Recorded { other, .. } => Some(format!(
                "both addresses have their objects, and the plan says how they go on: provision plan; to have {other} managed \
                 no more: provision state forget {other}"
            )),
            Self::Foreign { whose: Whose::Elsewhere { .. }, .. } => {
                Some("what stands beside another cluster is never taken over; create another one here".to_owned())
            }
            Self::Foreign { whose: Whose::OfCluster { .. }, .. } => {
                Some("what is the cluster's is never taken over".to_owned())
            }
            Self::Foreign { address, id, whose, .. } => lineage(whose).map(|lineage| {
                format!(
                    "if that state is lost, or is to give it up: provision import {address}={id} --take-over {lineage}"
                )
            }),
            Self::OtherName { option: Some(option), live, .. } => {
                Some(format!("write `{option}: {live}` into the stack file, then import it"))
            }
            Self::OtherName { part_of: Some(whole), live, .. } => Some(format!(
                "it is part of {live}, and comes along where that is taken over: provision import {whole}={live}"
            )),
            Self::OtherName { .. } => None,
        }
    }
}

/// The lineage of the state that owns an object, where another one does.
pub fn lineage(whose: &Whose) -> Option<&str> {
    match whose {
        Whose::OtherState { lineage, .. } => Some(lineage),
        Whose::OtherStack { lineage, .. } => lineage.as_deref(),
        _ => None,
    }
}
