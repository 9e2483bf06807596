//! All objects in an account of the kinds that a stack makes, no matter who made them.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::Cloud;

/// The tags that say whose an object is.
const OWNERSHIP: [&str; 4] =
    ["provision:stack", "provision:address", "provision:lineage", "provision:cluster"];

/// Objects by kind and id, told apart by whether they carry the tags of ownership.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    pub owned: BTreeSet<(&'static str, String)>,
    pub others: BTreeSet<(&'static str, String)>,
}

impl Inventory {
    /// Reads an account.
    pub fn of(cloud: &Cloud) -> Self {
        let mut found = Self::default();
        found.read_network(cloud);
        found.read_file_systems(cloud);
        found.read_databases(cloud);
        found.read_buckets(cloud);
        found.read_caches(cloud);
        found.read_roles(cloud);
        found.read_machines(cloud);
        found
    }

    /// The number of owned objects of each kind.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (kind, _) in &self.owned {
            *counts.entry(*kind).or_default() += 1;
        }
        counts
    }

    fn add<'t>(
        &mut self,
        kind: &'static str,
        id: Option<&str>,
        tags: impl Iterator<Item = Option<&'t str>>,
    ) -> bool {
        let tags: BTreeSet<&str> = tags.flatten().collect();
        let is_owned = OWNERSHIP.iter().all(|tag| tags.contains(tag));
        let whose = if is_owned { &mut self.owned } else { &mut self.others };
        whose.insert((kind, id.expect("everything has an id").to_owned()));
        is_owned
    }

    fn read_network(&mut self, cloud: &Cloud) {
        let groups = cloud.run(cloud.ec2.describe_security_groups().send()).expect("groups can be read");
        for group in groups.security_groups() {
            self.add("security group", group.group_id(), group.tags().iter().map(|tag| tag.key()));
        }
    }

    fn read_file_systems(&mut self, cloud: &Cloud) {
        let answer = cloud.run(cloud.efs.describe_file_systems().send()).expect("file systems can be read");
        for file_system in answer.file_systems() {
            let id = file_system.file_system_id();
            let is_owned =
                self.add("file system", Some(id), file_system.tags().iter().map(|tag| Some(tag.key())));
            // A mount target has no tags: it is whose the file system is.
            let tags = if is_owned { &OWNERSHIP[..] } else { &[] };
            let targets = cloud.run(cloud.efs.describe_mount_targets().file_system_id(id).send());
            for target in targets.expect("mount targets can be read").mount_targets() {
                self.add("mount target", Some(target.mount_target_id()), tags.iter().copied().map(Some));
            }
        }
        // A replication has no tags either.
        let answer = cloud.run(cloud.efs.describe_replication_configurations().send());
        for one in answer.expect("replications can be read").replications() {
            let tags = OWNERSHIP.iter().copied().map(Some);
            self.add("replication", Some(one.source_file_system_id()), tags);
        }
        for point in cloud.access_points() {
            self.add("access point", point.access_point_id(), point.tags().iter().map(|tag| Some(tag.key())));
        }
    }

    fn read_buckets(&mut self, cloud: &Cloud) {
        let answer = cloud.run(cloud.s3.list_buckets().send()).expect("buckets can be listed");
        for name in answer.buckets().iter().filter_map(|bucket| bucket.name()) {
            let tags = cloud.run(cloud.s3.get_bucket_tagging().bucket(name).send());
            // One without tags is refused.
            let tags = tags.map(|answer| answer.tag_set).unwrap_or_default();
            self.add("bucket", Some(name), tags.iter().map(|tag| Some(tag.key())));
        }
    }

    fn read_caches(&mut self, cloud: &Cloud) {
        let tags = |arn: Option<&str>| cloud.cache_tags(arn.expect("everything of ElastiCache has an ARN"));
        let caches = cloud.run(cloud.elasticache.describe_replication_groups().send());
        for one in caches.expect("they can be read").replication_groups() {
            let tags = tags(one.arn());
            self.add("cache", one.replication_group_id(), tags.iter().map(|key| Some(key.as_str())));
        }
        let groups = cloud.run(cloud.elasticache.describe_cache_subnet_groups().send());
        for one in groups.expect("they can be read").cache_subnet_groups() {
            let tags = tags(one.arn());
            let name = one.cache_subnet_group_name();
            self.add("cache subnet group", name, tags.iter().map(|key| Some(key.as_str())));
        }
        let groups = cloud.run(cloud.elasticache.describe_cache_parameter_groups().send());
        for one in groups.expect("they can be read").cache_parameter_groups() {
            let name = one.cache_parameter_group_name();
            if name.is_some_and(|name| name.starts_with("default.")) {
                continue;
            }
            let tags = tags(one.arn());
            self.add("cache parameter group", name, tags.iter().map(|key| Some(key.as_str())));
        }
        // The secret that RDS makes for a managed password would be among the others.
        let secrets = cloud.run(cloud.secrets.list_secrets().send()).expect("they can be read");
        for one in secrets.secret_list() {
            self.add("secret", one.arn(), one.tags().iter().map(|tag| tag.key()));
        }
    }

    fn read_roles(&mut self, cloud: &Cloud) {
        let listed = cloud.run(cloud.iam.list_roles().send()).expect("roles can be listed");
        for name in listed.roles().iter().map(|role| role.role_name()) {
            let tags =
                cloud.run(cloud.iam.list_role_tags().role_name(name).send()).expect("they can be read");
            self.add("role", Some(name), tags.tags().iter().map(|tag| Some(tag.key())));
        }
        let listed = cloud.run(cloud.iam.list_instance_profiles().send()).expect("profiles can be listed");
        for name in listed.instance_profiles().iter().map(|one| one.instance_profile_name()) {
            let call = cloud.iam.list_instance_profile_tags().instance_profile_name(name);
            let tags = cloud.run(call.send()).expect("they can be read");
            self.add("instance profile", Some(name), tags.tags().iter().map(|tag| Some(tag.key())));
        }
    }

    fn read_machines(&mut self, cloud: &Cloud) {
        let answer = cloud.run(cloud.ec2.describe_instances().send()).expect("machines can be read");
        for one in answer.reservations().iter().flat_map(|one| one.instances()) {
            // One that is terminated is shown on for a while.
            if one.state().and_then(|state| state.name()).is_some_and(|name| name.as_str() == "terminated") {
                continue;
            }
            self.add("machine", one.instance_id(), one.tags().iter().map(|tag| tag.key()));
        }
        let answer = cloud.run(cloud.ec2.describe_volumes().send()).expect("volumes can be read");
        for one in answer.volumes() {
            self.add("volume", one.volume_id(), one.tags().iter().map(|tag| tag.key()));
        }
        let answer = cloud.run(cloud.ec2.describe_addresses().send()).expect("addresses can be read");
        for one in answer.addresses() {
            self.add("address", one.allocation_id(), one.tags().iter().map(|tag| tag.key()));
        }
    }

    fn read_databases(&mut self, cloud: &Cloud) {
        let tags = |arn: Option<&str>| cloud.rds_tags(arn.expect("everything of RDS has an ARN"));
        let databases = cloud.run(cloud.rds.describe_db_instances().send()).expect("they can be read");
        for one in databases.db_instances() {
            self.add("database", one.dbi_resource_id(), one.tag_list().iter().map(|tag| tag.key()));
        }
        let groups = cloud.run(cloud.rds.describe_db_subnet_groups().send()).expect("they can be read");
        for group in groups.db_subnet_groups() {
            let tags = tags(group.db_subnet_group_arn());
            self.add("subnet group", group.db_subnet_group_name(), tags.keys().map(|key| Some(key.as_str())));
        }
        let groups = cloud.run(cloud.rds.describe_db_parameter_groups().send()).expect("they can be read");
        let made = |name: Option<&str>| name.is_some_and(|name| !name.starts_with("default."));
        for group in groups.db_parameter_groups().iter().filter(|group| made(group.db_parameter_group_name()))
        {
            let tags = tags(group.db_parameter_group_arn());
            self.add(
                "parameter group",
                group.db_parameter_group_name(),
                tags.keys().map(|key| Some(key.as_str())),
            );
        }
        // RDS makes its own as it likes; those go with the database.
        let snapshots = cloud
            .run(cloud.rds.describe_db_snapshots().snapshot_type("manual").send())
            .expect("they can be read");
        for one in snapshots.db_snapshots() {
            self.add("snapshot", one.db_snapshot_identifier(), one.tag_list().iter().map(|tag| tag.key()));
        }
    }
}
