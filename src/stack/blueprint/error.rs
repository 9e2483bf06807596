//! Why stack and network do not fit together.

use crate::engine::address::Address;
use crate::stack::rules::sharing_their_names;
use crate::stack::section::in_a_row;

/// Why there is no blueprint.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BlueprintError {
    #[error("{entry} needs {needs}, and the network has {has}")]
    TooFewSubnets {
        /// Such as "the database `records`".
        entry: String,
        needs: &'static str,
        has: String,
        hint: &'static str,
    },
    #[error("{entry} names the zone {zone}, and the network has {}", in_a_row(zones.iter().map(String::as_str), "and"))]
    NoZone { entry: String, zone: String, zones: Vec<String> },
    #[error("{entry} needs the network of a cluster, and none is chosen")]
    NoNetwork { entry: String },
    #[error(
        "{entry} has service accounts of a cluster, and the network that the stack file names is of none"
    )]
    NoCluster { entry: String },
    #[error("{entry}: {why}")]
    Unfit { entry: String, why: String, hint: String },
    #[error("{address} would be two resources")]
    SameAddress { address: Address },
}

impl BlueprintError {
    /// The hint on what to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::TooFewSubnets { hint, .. } => (*hint).to_owned(),
            Self::NoZone { zones, .. } => {
                format!(
                    "write zones of the network: [{}]; or leave `zones` out for all of them",
                    zones.join(", ")
                )
            }
            Self::NoNetwork { .. } => {
                "name the cluster with --cluster, or `cluster:` in the stack file".to_owned()
            }
            Self::NoCluster { .. } => {
                "write the ARN of the cluster's OIDC provider as `oidc_provider`; to see those that there are: aws iam \
                 list-open-id-connect-providers"
                    .to_owned()
            }
            Self::Unfit { hint, .. } => hint.clone(),
            Self::SameAddress { address } => format!(
                "rename `{}` in the stack file: {} share their names",
                address.name(),
                sharing_their_names()
            ),
        }
    }
}
