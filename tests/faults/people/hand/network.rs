//! Changes that others make to security groups and to the cluster's network.

use aws_sdk_ec2::types::{
    Filter, IpPermission, ResourceType, SecurityGroup, TagSpecification, UserIdGroupPair,
};

use super::{ANOTHER_LINEAGE, Hand, OWNERSHIP};

/// The groups that the seed and the VPC itself have.
const OF_THE_CLUSTER: [&str; 6] = ["default", "nodes.", "masters.", "bastion.", "api-elb.", "k8s-elb-"];

impl Hand<'_> {
    /// The group of the file system: what the stack files call it begins with `shop-`.
    pub(super) fn group(&self) -> Option<SecurityGroup> {
        let is_of_files = |group: &SecurityGroup| {
            let of = group.tags().iter().find(|tag| tag.key() == Some(OWNERSHIP[1]));
            of.and_then(|tag| tag.value()) == Some("aws_security_group.files")
        };
        self.cloud.groups().into_iter().find(is_of_files)
    }

    fn all_groups(&self) -> Vec<SecurityGroup> {
        let answer = self.cloud.run(self.cloud.ec2.describe_security_groups().send());
        answer.expect("groups can be read").security_groups.unwrap_or_default()
    }

    /// Deletes the group of the file system, after what uses it was given the VPC's default group.
    pub fn deletes_group(&self) {
        let group = self.group().expect("it was looked for before");
        let id = group.group_id().unwrap_or_default();
        let in_vpc = |one: &&SecurityGroup| one.vpc_id == group.vpc_id;
        let all = self.all_groups();
        let default = all.iter().filter(in_vpc).find(|one| one.group_name() == Some("default"));
        let default = default.and_then(|one| one.group_id()).expect("a VPC has a default group");
        for target in self.cloud.mount_targets() {
            if self.cloud.groups_of(&target).iter().any(|used| used == id) {
                let call = self.cloud.efs.modify_mount_target_security_groups();
                let call = call.mount_target_id(target.mount_target_id()).security_groups(default);
                self.cloud.run(call.send()).expect("a mount target can be given another group");
            }
        }
        let call = self.cloud.ec2.delete_security_group().group_id(id);
        self.cloud.run(call.send()).expect("a group can be deleted");
    }

    /// Deletes the group and makes another one with its name.
    pub fn remakes_group(&self) {
        let old = self.group().expect("it was looked for before");
        self.deletes_group();
        let call = self.cloud.ec2.create_security_group().description("made by hand");
        let call = call.set_group_name(old.group_name).set_vpc_id(old.vpc_id);
        self.cloud.run(call.send()).expect("a group can be made");
    }

    pub fn untags_group(&self) {
        let group = self.group().expect("it was looked for before");
        let mut call = self.cloud.ec2.delete_tags().set_resources(group.group_id.map(|id| vec![id]));
        for key in OWNERSHIP {
            call = call.tags(tag(key, None));
        }
        self.cloud.run(call.send()).expect("tags can be taken away");
    }

    pub fn takes_the_lineage_of_the_group(&self) {
        let group = self.group().expect("it was looked for before");
        let call = self.cloud.ec2.delete_tags().set_resources(group.group_id.map(|id| vec![id]));
        self.cloud.run(call.tags(tag(OWNERSHIP[2], None)).send()).expect("tags can be taken away");
    }

    /// Another state has taken the group over.
    pub fn takes_group_over(&self) {
        let group = self.group().expect("it was looked for before");
        let call = self.cloud.ec2.create_tags().set_resources(group.group_id.map(|id| vec![id]));
        let call = call.tags(tag(OWNERSHIP[2], Some(ANOTHER_LINEAGE)));
        self.cloud.run(call.send()).expect("tags can be written");
    }

    /// kops adds a group for new nodes beside the one that there is.
    pub fn adds_node_group(&self, vpc: &str, cluster: &str) {
        self.makes_node_group(vpc, cluster, &format!("nodes-b.{cluster}"));
    }

    fn makes_node_group(&self, vpc: &str, cluster: &str, name: &str) {
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::SecurityGroup)
            .tags(tag("Name", Some(name)))
            .tags(tag("KubernetesCluster", Some(cluster)))
            .tags(tag(&format!("kubernetes.io/cluster/{cluster}"), Some("owned")));
        let call = self.cloud.ec2.create_security_group().group_name(name).vpc_id(vpc);
        let call = call.description("Security group for nodes").tag_specifications(tags.build());
        self.cloud.run(call.send()).expect("a group can be made");
    }

    /// The nodes' group is deleted and made anew, as when a cluster is rebuilt.
    pub fn remakes_node_group(&self, vpc: &str, cluster: &str, id: &str) {
        self.deletes_cluster_groups(&[id]);
        self.makes_node_group(vpc, cluster, &format!("nodes.{cluster}"));
    }

    /// The cluster is deleted as far as AWS lets it be: its groups go, and the tags of its network. VPC and subnets stay,
    /// since they are used.
    pub fn deletes_cluster(&self, ids: &[&str], network: &[&str], cluster: &str) {
        self.deletes_cluster_groups(ids);
        let mut call = self.cloud.ec2.delete_tags();
        call = call.set_resources(Some(network.iter().map(|id| (*id).to_owned()).collect()));
        for key in ["KubernetesCluster", "Name", &format!("kubernetes.io/cluster/{cluster}")] {
            call = call.tags(tag(key, None));
        }
        self.cloud.run(call.send()).expect("tags can be taken away");
    }

    /// Deletes groups, after every rule that names them was taken away by hand.
    fn deletes_cluster_groups(&self, ids: &[&str]) {
        for id in ids {
            for group in self.all_groups() {
                let pairs = |one: &IpPermission| -> Vec<UserIdGroupPair> {
                    let named = one.user_id_group_pairs().iter();
                    named.filter(|pair| pair.group_id() == Some(id)).cloned().collect()
                };
                for rule in group.ip_permissions().iter().filter(|one| !pairs(one).is_empty()) {
                    let only = IpPermission::builder()
                        .set_ip_protocol(rule.ip_protocol.clone())
                        .set_from_port(rule.from_port)
                        .set_to_port(rule.to_port)
                        .set_user_id_group_pairs(Some(pairs(rule)));
                    let call = self.cloud.ec2.revoke_security_group_ingress();
                    let call = call.set_group_id(group.group_id.clone()).ip_permissions(only.build());
                    self.cloud.run(call.send()).expect("a rule can be taken away");
                }
            }
        }
        for id in ids {
            let call = self.cloud.ec2.delete_security_group().group_id(*id);
            self.cloud.run(call.send()).expect("a group can be deleted");
        }
    }

    /// Deletes every group that is not the cluster's, rules first: they may name each other.
    pub(super) fn removes_groups(&self) {
        let ec2 = &self.cloud.ec2;
        let is_of_cluster = |group: &SecurityGroup| {
            let name = group.group_name().unwrap_or_default();
            OF_THE_CLUSTER.iter().any(|start| name.starts_with(start))
        };
        let mut others = self.all_groups();
        others.retain(|group| !is_of_cluster(group));
        for id in others.iter().filter_map(|group| group.group_id()) {
            let of_one = Filter::builder().name("group-id").values(id).build();
            let rules = self.cloud.run(ec2.describe_security_group_rules().filters(of_one).send());
            let rules = rules.expect("rules can be read").security_group_rules.unwrap_or_default();
            let ingress = rules.iter().filter(|rule| rule.is_egress() == Some(false));
            let ids: Vec<String> = ingress.filter_map(|rule| rule.security_group_rule_id.clone()).collect();
            if !ids.is_empty() {
                let call = ec2.revoke_security_group_ingress().group_id(id);
                let call = call.set_security_group_rule_ids(Some(ids));
                self.cloud.run(call.send()).expect("rules can be taken away");
            }
        }
        for id in others.iter().filter_map(|group| group.group_id()) {
            let call = ec2.delete_security_group().group_id(id);
            self.cloud.run(call.send()).expect("a group can be deleted");
        }
    }
}

fn tag(key: &str, value: Option<&str>) -> aws_sdk_ec2::types::Tag {
    let tag = aws_sdk_ec2::types::Tag::builder().key(key);
    tag.set_value(value.map(str::to_owned)).build()
}
