//! Why stack and network do not fit together.

use crate::engine::address::Address;

/// Why there is no blueprint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BlueprintError {
    #[error("the database `{database}` needs subnets in two zones at least, and the network has {}", listed(.zones))]
    TooFewZones { database: String, zones: Vec<String> },
    #[error("the file system `{file_system}` needs a subnet, and the network has none")]
    NoZone { file_system: String },
    #[error("{address} would be two resources")]
    SameAddress { address: Address },
}

fn listed(found: &[String]) -> String {
    match found {
        [] => "no usable one".to_owned(),
        some => format!("{} alone", some.join(", ")),
    }
}

impl BlueprintError {
    /// The hint on what to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::TooFewZones { .. } => {
                "name one more with --subnet-id, add a subnet in another zone to the cluster's network, or take the \
                 database out of the stack file"
                    .to_owned()
            }
            Self::NoZone { .. } => "add a subnet to the cluster's network".to_owned(),
            Self::SameAddress { address } => {
                format!("rename `{}` in the stack file: file systems and databases share their names", address.name())
            }
        }
    }
}
