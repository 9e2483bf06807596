//! The network of what is described: one for all of it, found from the objects where nothing names it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::aws::network::{Discovery, DiscoveryError, Wanted, discover, look_at};
use crate::engine::cloud::{Cloud, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::network::{Named, Role};
use crate::engine::resource::Id;
use crate::stack::describe::{self, network_text};
use crate::stack::section::Section;
use crate::view::failure::{Failure, FailureKind};

use super::super::super::options::Global;
use super::super::super::session::{aws_failure, wanted};
use super::super::super::take_over::Request;
use super::super::in_vpc;
use super::{Gatherer, unread};

const SUBNET: &str = "aws_subnet";

impl Gatherer<'_> {
    /// Holds the objects to the network of the first: a stack has one.
    pub(super) fn in_one_network(
        &mut self,
        found: &mut Vec<(&'static Section, describe::Wanted)>,
        refusals: &mut Vec<Failure>,
    ) {
        // The network of an object is its own, or that of what names it.
        let mut networks: BTreeMap<&str, &Id> = BTreeMap::new();
        for ((_, id), live) in &self.lives {
            let Some(vpc) = &live.vpc else { continue };
            for name in std::iter::once(id.as_str()).chain(live.inputs.values().filter_map(Value::as_str)) {
                networks.entry(name).or_insert(vpc);
            }
        }
        let vpc_of = |wanted: &describe::Wanted| networks.get(wanted.id.as_str()).map(|vpc| (*vpc).clone());
        let vpcs: Vec<Option<Id>> = found.iter().map(|(_, wanted)| vpc_of(wanted)).collect();
        let first = vpcs.iter().flatten().next().cloned();
        let mut vpcs = vpcs.into_iter();
        found.retain(|(_, wanted)| match (vpcs.next().flatten(), &first) {
            (Some(vpc), Some(first)) if vpc != *first => {
                let message = format!("{} stands in {vpc}, and what comes before it in {first}", wanted.id);
                refusals.push(
                    Failure::message(FailureKind::Usage, message).hint(
                        "a stack has one network: write it into a stack file of its own, with --out FILE",
                    ),
                );
                false
            }
            _ => true,
        });
        self.vpc = first;
    }

    /// The network: the recorded one, the one that the stack file names, or the one that the objects stand in.
    pub(super) async fn network(
        &mut self,
        request: &Request,
        global: &Global,
    ) -> Result<(Option<Discovery>, Option<String>), Failure> {
        let Some(vpc) = self.vpc.clone() else { return Ok((None, None)) };
        let recorded = self.state.network();
        let asked = wanted(&request.discovery, global);
        let session = self.session;
        if recorded.is_some() || session.stack.network.is_some() {
            let (network, discovery) = session.network(recorded, asked).await?;
            let own = network.as_ref().map(|network| network.vpc.clone());
            if let Some(own) = own.filter(|own| *own != vpc) {
                let message = format!("these objects stand in {vpc}, and this stack in {own}");
                return Err(Failure::message(FailureKind::Usage, message)
                    .hint("a stack never leaves its network: write them into a stack file of their own, with --out FILE"));
            }
            // A stack file that is written says it again, as it did when it was found.
            let text = network.as_ref().map(|network| match &network.cluster.name {
                Some(cluster) => describe::cluster_text(cluster),
                None => network_text(network),
            });
            self.scene.network = network;
            return Ok((discovery, text));
        }
        let cluster =
            asked.cluster.clone().or_else(|| session.stack.cluster.as_ref().map(ToString::to_string));
        let not_needed = Role::ALL.into_iter().collect();
        let looked = Wanted { cluster, not_needed, ..in_vpc(asked, Some(&vpc)) };
        match discover(&session.aws, &looked).await {
            Ok(discovery) => {
                let cluster = discovery.network.cluster.name.clone();
                let text = cluster.map(|name| describe::cluster_text(&name));
                self.scene.network = Some(discovery.network.clone());
                Ok((Some(discovery), text))
            }
            Err(DiscoveryError::Aws(error)) => Err(aws_failure(error)),
            Err(DiscoveryError::NoCluster { .. } | DiscoveryError::NotKops { .. })
                if looked.cluster.is_none() =>
            {
                self.named_network(vpc).await
            }
            Err(error) => {
                let hint = error.hint();
                Err(Failure::message(FailureKind::Usage, error.to_string()).maybe_hint(hint))
            }
        }
    }

    /// A network without a cluster: the subnets that the objects stand in, one of each zone.
    async fn named_network(&mut self, vpc: Id) -> Result<(Option<Discovery>, Option<String>), Failure> {
        let mut zones: BTreeMap<String, Id> = BTreeMap::new();
        let text =
            |document: &Document, field: &str| document.get(field).and_then(Value::as_str).map(str::to_owned);
        for object in self.lives.values() {
            let (zone, subnet) =
                (text(&object.outputs, "availability_zone"), text(&object.inputs, "subnet_id"));
            if let (Some(zone), Some(subnet)) = (zone, subnet) {
                zones.entry(zone).or_insert_with(|| Id::new(subnet));
            }
        }
        let listed = self.lives.values().filter_map(|object| object.inputs.get("subnet_ids")?.as_array());
        let ids: BTreeSet<Id> = listed.flatten().filter_map(Value::as_str).map(Id::new).collect();
        let tracked: Vec<TrackedDocument> =
            ids.into_iter().map(|id| TrackedDocument { id, recorded: None }).collect();
        if !tracked.is_empty() {
            let seen = self.session.cloud.observe(SUBNET, &tracked).await;
            for (id, live) in seen.map_err(|source| unread(SUBNET, source))? {
                if tracked.iter().any(|one| one.id == id)
                    && let Some(zone) = text(&live.outputs, "availability_zone")
                {
                    zones.entry(zone).or_insert(id);
                }
            }
        }
        let named = Named { vpc, subnets: zones.into_values().collect(), groups: BTreeMap::new() };
        let looked = look_at(&self.session.aws, &named, None).await;
        let discovery = looked.map_err(|error| {
            let hint = error.hint_in_the_stack_file();
            Failure::message(FailureKind::Usage, error.to_string()).maybe_hint(hint)
        })?;
        let written = network_text(&discovery.network);
        self.scene.network = Some(discovery.network.clone());
        Ok((Some(discovery), Some(written)))
    }
}
