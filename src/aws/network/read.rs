//! Asks AWS for what discovery needs, and turns it into plain values.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{Filter, VpcAttributeName};
use futures_util::TryFutureExt;
use futures_util::future::{try_join3, try_join4};
use ipnet::IpNet;
use tokio::try_join;

use super::seen::{
    Addresses, Dns, Group, Instance, LEGACY_TAG, Resolver, RouteTable, Scene, Subnet, Survey, Switch,
    TAG_PREFIX, TableScope, Vpc,
};
use super::{DiscoveryError, Wanted, cluster};
use crate::aws::ec2::{self, filter, patterns};
use crate::aws::{Aws, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::resource::Id;

const ROUTE_TABLES: Call = Call::read("ec2:DescribeRouteTables");
const INSTANCES: Call = Call::read("ec2:DescribeInstances");
const ZONES: Call = Call::read("ec2:DescribeAvailabilityZones");
const VPC_ATTRIBUTE: Call = Call::read("ec2:DescribeVpcAttribute");
const DHCP_OPTIONS: Call = Call::read("ec2:DescribeDhcpOptions");

/// The calls of discovery.
pub const CALLS: &[Call] = &[
    ec2::VPCS,
    ec2::SUBNETS,
    ec2::SECURITY_GROUPS,
    ROUTE_TABLES,
    INSTANCES,
    ZONES,
    VPC_ATTRIBUTE,
    DHCP_OPTIONS,
];

/// The calls that look at a network whose parts are named.
pub const CALLS_FOR_NAMED: &[Call] =
    &[ec2::VPCS, ec2::SUBNETS, ec2::SECURITY_GROUPS, ZONES, VPC_ATTRIBUTE, DHCP_OPTIONS];

/// The parts of a network that are named, in two rounds: attributes can be asked of a VPC that is there alone.
pub async fn named_scene(aws: &Aws, vpc: &Id, wanted: &Wanted) -> Result<Scene, DiscoveryError> {
    let named_groups = wanted.node_groups.iter().chain(&wanted.master_groups);
    let (is_there, named_subnets, named_groups, zones) = try_join4(
        vpc_exists(aws, vpc),
        by_ids("subnet-id", &wanted.subnets, |filters| subnets(aws, filters)),
        by_ids("group-id", named_groups, |filters| groups(aws, filters)),
        zones(aws),
    )
    .await?;
    if !is_there {
        return Err(DiscoveryError::VpcNotFound { vpc: vpc.clone() });
    }
    let dns = dns(aws, vpc).await?;
    Ok(Scene { named_subnets, named_groups, zones, dns, ..Scene::default() })
}

/// Everything in the region that may belong to a cluster, in one round.
pub async fn survey_region(aws: &Aws) -> Result<Survey, CloudError> {
    // One filter with both tags is their union; the star stands for any cluster.
    let tagged = || vec![patterns("tag-key", [LEGACY_TAG.to_owned(), format!("{TAG_PREFIX}*")])];
    let named = vec![patterns("group-name", ["nodes.*", "masters.*"])];
    let (vpcs, subnets, groups) =
        try_join3(vpcs(aws, tagged()), subnets(aws, tagged()), groups(aws, named)).await?;
    Ok(Survey { vpcs, subnets, groups, instances: Vec::new() })
}

/// The same of one VPC, with its instances: they show a cluster that left no tags on the network.
pub async fn survey_vpc(aws: &Aws, vpc: &Id) -> Result<Survey, CloudError> {
    let here = || filter("vpc-id", [vpc.as_str()]);
    let named = vec![here(), patterns("group-name", ["nodes.*", "masters.*"])];
    let (vpcs, subnets, groups, instances) = try_join4(
        vpcs(aws, vec![here()]),
        subnets(aws, vec![here()]),
        groups(aws, named),
        instances(aws, here()),
    )
    .await?;
    Ok(Survey { vpcs, subnets, groups, instances })
}

/// The running instances of a cluster, wherever they are.
pub async fn instances_of(aws: &Aws, cluster: &str) -> Result<Vec<Instance>, CloudError> {
    instances(aws, filter(&format!("tag:{LEGACY_TAG}"), [cluster])).await
}

/// Everything in the VPC that the choice depends on, in one round.
pub async fn scene(aws: &Aws, cluster: &str, vpc: &Id, wanted: &Wanted) -> Result<Scene, CloudError> {
    let here = || filter("vpc-id", [vpc.as_str()]);
    let names = [format!("nodes.{cluster}"), format!("masters.{cluster}")];
    let recorded = wanted
        .recorded_in(vpc)
        .into_iter()
        .flat_map(|network| network.groups.values().flat_map(|groups| groups.values()));
    let named_groups = wanted.node_groups.iter().chain(&wanted.master_groups).chain(recorded);
    let (subnets, named_subnets, groups, named_groups, tables, instances, zones, dns) = try_join!(
        subnets(aws, vec![here()]),
        by_ids("subnet-id", &wanted.subnets, |filters| subnets(aws, filters)),
        groups(aws, vec![here(), filter("group-name", names)]),
        by_ids("group-id", named_groups, |filters| groups(aws, filters)),
        tables(aws, here()),
        instances(aws, here()),
        zones(aws),
        dns(aws, vpc),
    )?;
    Ok(Scene { subnets, named_subnets, groups, named_groups, tables, instances, zones, dns })
}

/// Asks nothing where nothing was named.
async fn by_ids<'a, T>(
    name: &str,
    ids: impl IntoIterator<Item = &'a Id>,
    read: impl AsyncFnOnce(Vec<Filter>) -> Result<Vec<T>, CloudError>,
) -> Result<Vec<T>, CloudError> {
    let ids: BTreeSet<&str> = ids.into_iter().map(Id::as_str).collect();
    if ids.is_empty() { Ok(Vec::new()) } else { read(vec![filter(name, ids)]).await }
}

/// True if the VPC is there.
pub async fn vpc_exists(aws: &Aws, vpc: &Id) -> Result<bool, CloudError> {
    vpcs(aws, vec![filter("vpc-id", [vpc.as_str()])]).await.map(|found| !found.is_empty())
}

async fn vpcs(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Vpc>, CloudError> {
    let found = ec2::vpcs(aws, filters).await?;
    let plain =
        |vpc: &aws_sdk_ec2::types::Vpc| Some(Vpc { id: Id::new(vpc.vpc_id()?), tags: ec2::tags(vpc.tags()) });
    Ok(found.iter().filter_map(plain).collect())
}

async fn subnets(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Subnet>, CloudError> {
    let found = ec2::subnets(aws, filters).await?;
    let plain = |subnet: &aws_sdk_ec2::types::Subnet| {
        Some(Subnet {
            id: Id::new(subnet.subnet_id()?),
            vpc: Id::new(subnet.vpc_id()?),
            zone: subnet.availability_zone()?.to_owned(),
            tags: ec2::tags(subnet.tags()),
            free: subnet.available_ip_address_count().unwrap_or_default(),
            state: subnet.state().map(|state| state.as_str()).unwrap_or_default().to_owned(),
            addresses: match subnet.ipv6_native() {
                Some(true) => Addresses::Ipv6Only,
                Some(false) | None => Addresses::Ipv4,
            },
            outpost: subnet.outpost_arn().map(str::to_owned),
        })
    };
    Ok(found.iter().filter_map(plain).collect())
}

async fn groups(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Group>, CloudError> {
    let found = ec2::security_groups(aws, filters).await?;
    let plain = |group: &aws_sdk_ec2::types::SecurityGroup| {
        Some(Group {
            id: Id::new(group.group_id()?),
            name: group.group_name()?.to_owned(),
            vpc: Id::new(group.vpc_id()?),
            tags: ec2::tags(group.tags()),
        })
    };
    Ok(found.iter().filter_map(plain).collect())
}

async fn tables(aws: &Aws, here: Filter) -> Result<Vec<RouteTable>, CloudError> {
    let pages = aws.read.ec2.describe_route_tables().filters(here).into_paginator().items().send();
    let found: Vec<_> = pages.collect::<Result<_, _>>().await.map_err(aws_error(ROUTE_TABLES))?;
    let plain = |table: &aws_sdk_ec2::types::RouteTable| RouteTable {
        subnets: table.associations().iter().filter_map(|one| one.subnet_id()).map(Id::new).collect(),
        scope: if table.associations().iter().any(|one| one.main() == Some(true)) {
            TableScope::Main
        } else {
            TableScope::Named
        },
        gateway: table
            .routes()
            .iter()
            .filter(|route| {
                route.destination_cidr_block() == Some("0.0.0.0/0")
                    || route.destination_ipv6_cidr_block() == Some("::/0")
            })
            .filter_map(|route| route.gateway_id())
            .find(|gateway| gateway.starts_with("igw-"))
            .map(str::to_owned),
        tags: ec2::tags(table.tags()),
    };
    Ok(found.iter().map(plain).collect())
}

async fn instances(aws: &Aws, which: Filter) -> Result<Vec<Instance>, CloudError> {
    let filters = vec![
        which,
        filter("instance-state-name", ["pending", "running"]),
        patterns("tag-key", [cluster::INSTANCE_GROUP_TAG, "k8s.io/role/*"]),
    ];
    let pages = aws.read.ec2.describe_instances().set_filters(Some(filters)).into_paginator().items().send();
    let found: Vec<_> = pages.collect::<Result<_, _>>().await.map_err(aws_error(INSTANCES))?;
    let plain = |instance: &aws_sdk_ec2::types::Instance| {
        Some(Instance {
            vpc: Id::new(instance.vpc_id()?),
            subnet: Id::new(instance.subnet_id()?),
            groups: instance
                .security_groups()
                .iter()
                .filter_map(|group| Some((Id::new(group.group_id()?), group.group_name()?.to_owned())))
                .collect(),
            tags: ec2::tags(instance.tags()),
        })
    };
    Ok(found.iter().flat_map(|reservation| reservation.instances()).filter_map(plain).collect())
}

async fn zones(aws: &Aws) -> Result<BTreeMap<String, String>, CloudError> {
    let answer = aws.read.ec2.describe_availability_zones().send().await;
    let answer = answer.map_err(aws_error(ZONES))?;
    let plain = |zone: &aws_sdk_ec2::types::AvailabilityZone| {
        Some((zone.zone_name()?.to_owned(), zone.zone_type()?.to_owned()))
    };
    Ok(answer.availability_zones().iter().filter_map(plain).collect())
}

async fn dns(aws: &Aws, vpc: &Id) -> Result<Dns, CloudError> {
    // One attribute a call: that is all the API gives.
    let attribute = |name| {
        let call = aws.read.ec2.describe_vpc_attribute().vpc_id(vpc.as_str()).attribute(name);
        call.send().map_err(aws_error(VPC_ATTRIBUTE))
    };
    let (support, hostnames, resolver) = try_join3(
        attribute(VpcAttributeName::EnableDnsSupport),
        attribute(VpcAttributeName::EnableDnsHostnames),
        resolver(aws, vpc),
    )
    .await?;
    let switch = |value: Option<bool>| if value == Some(true) { Switch::On } else { Switch::Off };
    Ok(Dns {
        support: switch(support.enable_dns_support().and_then(|value| value.value())),
        hostnames: switch(hostnames.enable_dns_hostnames().and_then(|value| value.value())),
        resolver,
    })
}

/// Which name server the VPC's DHCP options name.
async fn resolver(aws: &Aws, vpc: &Id) -> Result<Resolver, CloudError> {
    let found = ec2::vpcs(aws, vec![filter("vpc-id", [vpc.as_str()])]).await?;
    let Some(options) = found.iter().find_map(|vpc| vpc.dhcp_options_id()) else {
        return Ok(Resolver::Amazon);
    };
    let call = aws.read.ec2.describe_dhcp_options().filters(filter("dhcp-options-id", [options]));
    let answer = call.send().await.map_err(aws_error(DHCP_OPTIONS))?;
    let servers: Vec<&str> = answer
        .dhcp_options()
        .iter()
        .flat_map(|options| options.dhcp_configurations())
        .filter(|one| one.key() == Some("domain-name-servers"))
        .flat_map(|one| one.values())
        .filter_map(|server| server.value())
        .collect();
    let blocks: Vec<&str> = found
        .iter()
        .flat_map(|vpc| vpc.cidr_block_association_set())
        .filter_map(|one| one.cidr_block())
        .collect();
    Ok(resolver_of(&servers, &blocks))
}

/// Amazon's resolver goes by its name, by two fixed addresses, and by the third address of each of the VPC's blocks
/// (VPC user guide, "DNS attributes").
fn resolver_of(servers: &[&str], blocks: &[&str]) -> Resolver {
    let third = |block: &&str| Some(block.parse::<IpNet>().ok()?.hosts().nth(1)?.to_string());
    let own: BTreeSet<String> = blocks.iter().filter_map(third).collect();
    let is_amazon = |server: &&str| {
        ["AmazonProvidedDNS", "169.254.169.253", "fd00:ec2::253"].contains(server) || own.contains(*server)
    };
    // Options that name no server leave the choice to AWS.
    if servers.is_empty() || servers.iter().any(is_amazon) { Resolver::Amazon } else { Resolver::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazons_resolver_has_several_names() {
        let blocks = ["172.20.0.0/16"];
        for (servers, expected) in [
            (&["AmazonProvidedDNS"][..], Resolver::Amazon),
            (&["169.254.169.253"], Resolver::Amazon),
            (&["172.20.0.2"], Resolver::Amazon),
            (&["10.0.0.53", "AmazonProvidedDNS"], Resolver::Amazon),
            (&[], Resolver::Amazon),
            (&["10.0.0.53"], Resolver::Other),
            (&["172.20.0.53"], Resolver::Other),
        ] {
            assert_eq!(resolver_of(servers, &blocks), expected, "{servers:?}");
        }
    }
}
