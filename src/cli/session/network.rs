//! The network of a stack: recorded, named by the stack file, or discovered.

use crate::aws::Aws;
use crate::aws::kinds::subnet::Subnet;
use crate::aws::network::{self, Discovery, DiscoveryError, Wanted, discover, look_at};
use crate::aws::watched::Watched;
use crate::engine::blueprint::Blueprint;
use crate::engine::network::{Named, Network};
use crate::engine::plan::{Finding, Level};
use crate::engine::refresh::Beside;
use crate::engine::resource::Remark;
use crate::engine::state::State;
use crate::stack::Stack;
use crate::stack::blueprint::{Kept, blueprint_keeping};
use crate::view::failure::{Failure, FailureKind};

use super::super::options::{self, Global};
use super::{Session, aws_failure};

impl Session {
    /// The blueprint of the stack in its network, with the names that were chosen before.
    pub async fn blueprint(
        &self,
        state: Option<&State>,
        wanted: Wanted,
    ) -> Result<(Blueprint, Option<Discovery>), Failure> {
        let (network, discovery) = self.network(state.and_then(State::network), wanted).await?;
        let kept = Kept::of(&self.registry, state).tagging_none_of(self.adopted.iter().cloned());
        let blueprint = blueprint_keeping(&self.stack, network.as_ref(), &kept).map_err(|error| {
            let hint = error.hint();
            Failure::usage(error).hint(hint)
        })?;
        Ok((blueprint, discovery))
    }

    /// The network, if the stack needs one or stands in one: what was decided once is not decided again, unless something is
    /// named now.
    pub(in crate::cli) async fn network(
        &self,
        recorded: Option<Network>,
        wanted: Wanted,
    ) -> Result<(Option<Network>, Option<Discovery>), Failure> {
        if recorded.is_none() && !self.stack.needs_a_network() && !names_a_part(&wanted) {
            return Ok((None, None));
        }
        if let Some(named) = &self.stack.network {
            return self.named_network(&named.named(), recorded, wanted).await;
        }
        let not_needed = self.stack.roles_without_access();
        let wanted = Wanted { cluster: self.named_cluster(&wanted), not_needed, ..wanted };
        match recorded {
            Some(network) if is_settled(&network, &wanted) => Ok((Some(network), None)),
            recorded => {
                let stands = recorded.clone().filter(|network| names_another(network, &wanted));
                let discovery = discover(&self.aws, &Wanted { recorded, ..wanted }).await;
                let discovery = discovery.map_err(|error| match (&error, stands) {
                    (DiscoveryError::Aws(_), _) | (_, None) => self.discovery_failure(error),
                    (_, Some(network)) => {
                        let message = error.in_region(self.aws.region());
                        Failure::message(FailureKind::Usage, message).hint(to_stay(&network))
                    }
                })?;
                Ok((Some(discovery.network.clone()), Some(discovery)))
            }
        }
    }

    /// The network that the stack file names. What is recorded of it is not looked at again but by an import.
    async fn named_network(
        &self,
        named: &Named,
        recorded: Option<Network>,
        wanted: Wanted,
    ) -> Result<(Option<Network>, Option<Discovery>), Failure> {
        let Wanted { vpc, .. } = &wanted;
        let is_other_vpc = vpc.as_ref().is_some_and(|vpc| *vpc != named.vpc);
        let names_parts = names_a_part(&Wanted { vpc: None, ..wanted.clone() });
        let recorded_cluster = recorded.as_ref().and_then(|network| network.cluster.name.as_ref());
        let is_other_cluster = wanted.cluster.is_some() && wanted.cluster.as_ref() != recorded_cluster;
        if is_other_vpc || names_parts || is_other_cluster {
            let message = format!(
                "the stack file names the network of the stack, in {}, and another one is named",
                named.vpc
            );
            return Err(Failure::message(FailureKind::Usage, message).hint(
                "leave out --cluster (PROVISION_CLUSTER) and the options that name subnets and groups, or take `network` out of \
                 the stack file",
            ));
        }
        match recorded {
            Some(network) if vpc.is_none() && named.is(&network) => Ok((Some(network), None)),
            recorded => {
                let discovery = look_at(&self.aws, named, recorded).await.map_err(|error| match error {
                    DiscoveryError::Aws(error) => aws_failure(error),
                    error => {
                        let hint = error.hint_in_the_stack_file();
                        let message = error.in_region(self.aws.region());
                        Failure::message(FailureKind::Usage, message).maybe_hint(hint)
                    }
                })?;
                Ok((Some(discovery.network.clone()), Some(discovery)))
            }
        }
    }

    /// The failure of a discovery; where the built-in stack was taken, with that.
    fn discovery_failure(&self, error: DiscoveryError) -> Failure {
        let (message, hint) = match error {
            DiscoveryError::Aws(error) => return aws_failure(error),
            error => (error.in_region(self.aws.region()), error.hint()),
        };
        let built_in = self.stack_paths.is_empty().then(|| OF_THE_BUILT_IN_STACK.to_owned());
        // Each on its own: a hint is one text, whose ways are told apart by semicolons.
        let hints: Vec<String> = hint.into_iter().chain(built_in).collect();
        Failure::message(FailureKind::Usage, message)
            .maybe_hint(Some(hints.join("; ")).filter(|hint| !hint.is_empty()))
    }

    /// The cluster that an option, the environment or the stack file names.
    pub(super) fn named_cluster(&self, wanted: &Wanted) -> Option<String> {
        wanted.cluster.clone().or_else(|| self.stack.cluster.as_ref().map(ToString::to_string))
    }
}

/// Said beside a network that was not found for the stack that is built in.
const OF_THE_BUILT_IN_STACK: &str = "without a stack file here, this is the built-in reference stack; to write a file of your own: provision init";

/// The network that the options ask for.
pub fn wanted(named: &options::Discovery, global: &Global) -> Wanted {
    Wanted {
        cluster: global.cluster.clone(),
        vpc: None,
        subnets: named.subnets.clone(),
        node_groups: named.node_groups.clone(),
        master_groups: named.control_plane_groups.clone(),
        ..Wanted::default()
    }
}

/// True if a recorded network answers what is wanted without another look.
fn is_settled(network: &Network, wanted: &Wanted) -> bool {
    !names_another(network, wanted) && !names_a_part(wanted)
}

/// True if a part of the network is named. A cluster alone is none: a setting of the shell may name it for every stack.
fn names_a_part(wanted: &Wanted) -> bool {
    let Wanted { cluster: _, vpc, subnets, node_groups, master_groups, not_needed: _, recorded: _ } = wanted;
    vpc.is_some() || !(subnets.is_empty() && node_groups.is_empty() && master_groups.is_empty())
}

/// True if another cluster than the recorded one is named.
fn names_another(network: &Network, wanted: &Wanted) -> bool {
    wanted.cluster.as_ref().is_some_and(|cluster| Some(cluster) != network.cluster.name.as_ref())
}

fn to_stay(network: &Network) -> String {
    let Network { vpc, cluster, .. } = network;
    let cluster = cluster.name.as_ref().map(|name| format!(" (cluster {name})")).unwrap_or_default();
    format!(
        "the stack is in {vpc}{cluster}; to go on there, do not name another cluster (with --cluster, PROVISION_CLUSTER, or \
         `cluster:` in the stack file)"
    )
}

/// A warning of the zones in which nodes can run by now, and entries of the stack have no part.
pub(super) fn new_zones(aws: &Aws, stack: &Stack, network: &Network, beside: &Beside) -> Option<Finding> {
    if stack.network.is_some() {
        return None;
    }
    let lacking = stack.in_a_new_zone();
    let subnets = beside.get(Subnet::KIND).into_iter().flatten().filter_map(|(id, live)| {
        let [Remark::Beside { tags, free }] = live.remarks.as_slice() else { return None };
        let zone = live.outputs.get("availability_zone")?.as_str()?.to_owned();
        Some(network::Beside { id: id.clone(), zone, tags: tags.clone(), free: *free })
    });
    let new = network::new_zones(network, aws.region(), subnets.collect());
    (!new.is_empty() && !lacking.is_empty()).then(|| {
        let zones: Vec<String> = new.iter().map(|new| format!("{} ({})", new.zone, new.subnet)).collect();
        Finding {
            check: "new-zone".to_owned(),
            address: None,
            level: Level::Warning,
            message: format!(
                "the cluster has a subnet for nodes in {}, and {}: the network was recorded before",
                zones.join(", "),
                lacking.join(", and ")
            ),
            hint: Some(format!("provision import {}, then: provision apply", network.vpc)),
            remedies: Vec::new(),
        }
    })
}
