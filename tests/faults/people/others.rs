//! Everything in an account that is not the stack's: the network, and the objects without its tags.

use std::collections::BTreeMap;

use crate::cloud::Cloud;

/// The names that the stack may have: one of the edits renames it.
const STACKS: [&str; 2] = ["shop", "store"];
const STACK: &str = "provision:stack";

/// Objects by id, each as others see it.
pub type Others = BTreeMap<String, String>;

/// The beginning of the text of a part that has no tags of its own, before the id of the whole.
const PART_OF: &str = "part of ";

/// The object that this one is a part of: naming it names its parts.
pub fn whole_of(text: &str) -> Option<&str> {
    text.strip_prefix(PART_OF)?.split(' ').next()
}

fn is_ours<'t>(tags: impl IntoIterator<Item = (Option<&'t str>, Option<&'t str>)>) -> bool {
    tags.into_iter()
        .any(|(key, value)| key == Some(STACK) && value.is_some_and(|value| STACKS.contains(&value)))
}

/// All that there is.
pub fn others(cloud: &Cloud) -> Others {
    let mut found = Others::new();
    network(cloud, &mut found);
    file_systems(cloud, &mut found);
    databases(cloud, &mut found);
    machines(cloud, &mut found);
    found
}

fn machines(cloud: &Cloud, found: &mut Others) {
    let ec2 = &cloud.ec2;
    let tags = |tags: &[aws_sdk_ec2::types::Tag]| is_ours(tags.iter().map(|tag| (tag.key(), tag.value())));
    let machines = cloud.run(ec2.describe_instances().send()).expect("machines can be read");
    let machines = machines.reservations().iter().flat_map(|one| one.instances());
    for one in machines.filter(|one| !tags(one.tags())) {
        let text = format!("{:?} {:?} {:?}", one.state(), one.instance_type(), one.tags());
        found.insert(one.instance_id().unwrap_or_default().to_owned(), text);
    }
    let addresses = cloud.run(ec2.describe_addresses().send()).expect("addresses can be read");
    for one in addresses.addresses().iter().filter(|one| !tags(one.tags())) {
        let text = format!("{:?} {:?}", one.instance_id(), one.tags());
        found.insert(one.allocation_id().unwrap_or_default().to_owned(), text);
    }
}

fn network(cloud: &Cloud, found: &mut Others) {
    let ec2 = &cloud.ec2;
    let vpcs = cloud.run(ec2.describe_vpcs().send()).expect("VPCs can be read");
    for vpc in vpcs.vpcs() {
        found.insert(vpc.vpc_id().unwrap_or_default().to_owned(), format!("{vpc:?}"));
    }
    let subnets = cloud.run(ec2.describe_subnets().send()).expect("subnets can be read");
    for mut subnet in subnets.subnets.unwrap_or_default() {
        subnet.available_ip_address_count = None;
        found.insert(subnet.subnet_id().unwrap_or_default().to_owned(), format!("{subnet:?}"));
    }
    let groups = cloud.run(ec2.describe_security_groups().send()).expect("groups can be read");
    let tags = |tags: &[aws_sdk_ec2::types::Tag]| is_ours(tags.iter().map(|tag| (tag.key(), tag.value())));
    for group in groups.security_groups().iter().filter(|group| !tags(group.tags())) {
        found.insert(group.group_id().unwrap_or_default().to_owned(), format!("{group:?}"));
    }
}

fn file_systems(cloud: &Cloud, found: &mut Others) {
    let efs = &cloud.efs;
    let ours = |tags: &[aws_sdk_efs::types::Tag]| {
        is_ours(tags.iter().map(|tag| (Some(tag.key()), Some(tag.value()))))
    };
    let answer = cloud.run(efs.describe_file_systems().send()).expect("file systems can be read");
    for one in answer.file_systems().iter().filter(|one| !ours(one.tags())) {
        let id = one.file_system_id();
        let text = format!("{:?} {:?} {:?}", one.name(), one.tags(), one.throughput_mode());
        found.insert(id.to_owned(), text);
        let targets = cloud.run(efs.describe_mount_targets().file_system_id(id).send());
        for target in targets.expect("mount targets can be read").mount_targets() {
            let text = format!("{PART_OF}{id} {:?} {:?}", target.subnet_id(), cloud.groups_of(target));
            found.insert(target.mount_target_id().to_owned(), text);
        }
    }
    for point in cloud.access_points().iter().filter(|point| !ours(point.tags())) {
        found.insert(point.access_point_id().unwrap_or_default().to_owned(), format!("{:?}", point.tags()));
    }
}

fn databases(cloud: &Cloud, found: &mut Others) {
    let rds = &cloud.rds;
    let answer = cloud.run(rds.describe_db_instances().send()).expect("databases can be read");
    let ours = |tags: &[aws_sdk_rds::types::Tag]| is_ours(tags.iter().map(|tag| (tag.key(), tag.value())));
    for one in answer.db_instances().iter().filter(|one| !ours(one.tag_list())) {
        let groups: Vec<_> =
            one.vpc_security_groups().iter().map(|one| one.vpc_security_group_id()).collect();
        let text = format!(
            "{:?} {:?} {:?} {groups:?} {:?}",
            one.db_instance_identifier(),
            one.allocated_storage(),
            one.backup_retention_period(),
            one.tag_list(),
        );
        found.insert(one.dbi_resource_id().unwrap_or_default().to_owned(), text);
    }
    let by_name = |arn: Option<&str>| {
        let tags = cloud.rds_tags(arn.unwrap_or_default());
        let ours = is_ours(tags.iter().map(|(key, value)| (Some(key.as_str()), Some(value.as_str()))));
        (!ours).then_some(tags)
    };
    let groups = cloud.run(rds.describe_db_subnet_groups().send()).expect("they can be read");
    for one in groups.db_subnet_groups() {
        if let Some(tags) = by_name(one.db_subnet_group_arn()) {
            let subnets: Vec<_> = one.subnets().iter().map(|subnet| subnet.subnet_identifier()).collect();
            let name = format!("subnet group {}", one.db_subnet_group_name().unwrap_or_default());
            found.insert(name, format!("{tags:?} {subnets:?}"));
        }
    }
    let groups = cloud.run(rds.describe_db_parameter_groups().send()).expect("they can be read");
    for one in groups.db_parameter_groups() {
        if let Some(tags) = by_name(one.db_parameter_group_arn()) {
            let name = format!("parameter group {}", one.db_parameter_group_name().unwrap_or_default());
            found.insert(name, format!("{tags:?} {:?}", one.description()));
        }
    }
}
