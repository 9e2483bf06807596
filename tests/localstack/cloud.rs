//! The objects that AWS has, read by clients that have nothing to do with the crate.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_ec2::types::{Filter, SecurityGroup, Subnet};
use aws_sdk_efs::types::{AccessPointDescription, FileSystemDescription, MountTargetDescription};
use aws_sdk_elasticache::types::{CacheCluster, ReplicationGroup};
use aws_sdk_rds::types::{DbInstance, DbSubnetGroup};
use aws_smithy_http_client::Builder;
use tokio::runtime::Runtime;

/// The tag that says which stack an object is of.
const STACK: &str = "provision:stack";

/// One account.
pub struct Cloud {
    runtime: Runtime,
    pub ec2: aws_sdk_ec2::Client,
    pub efs: aws_sdk_efs::Client,
    pub elasticache: aws_sdk_elasticache::Client,
    pub iam: aws_sdk_iam::Client,
    pub kms: aws_sdk_kms::Client,
    pub rds: aws_sdk_rds::Client,
    pub s3: aws_sdk_s3::Client,
    pub secrets: aws_sdk_secretsmanager::Client,
}

impl Cloud {
    /// Clients of an account at an endpoint.
    pub fn new(endpoint: &str, account: &str) -> Self {
        let credentials = Credentials::new(account, "reader", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Builder::new().build_http())
            .build();
        Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be made"),
            ec2: aws_sdk_ec2::Client::new(&config),
            efs: aws_sdk_efs::Client::new(&config),
            elasticache: aws_sdk_elasticache::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            kms: aws_sdk_kms::Client::new(&config),
            rds: aws_sdk_rds::Client::new(&config),
            s3: {
                let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true);
                aws_sdk_s3::Client::from_conf(config.build())
            },
            secrets: aws_sdk_secretsmanager::Client::new(&config),
        }
    }

    /// Waits for one call.
    pub fn run<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    /// Makes a parameter group of caches.
    pub fn make_cache_parameter_group(&self, name: &str, family: &str) {
        let call = self.elasticache.create_cache_parameter_group().cache_parameter_group_name(name);
        let call = call.cache_parameter_group_family(family).description("of others");
        self.run(call.send()).expect("it can be made");
    }

    /// The caches that there are, with a node of each.
    pub fn caches(&self) -> Vec<(ReplicationGroup, CacheCluster)> {
        let groups = self.run(self.elasticache.describe_replication_groups().send());
        let nodes = self.run(self.elasticache.describe_cache_clusters().send()).expect("they can be read");
        let node = |group: &ReplicationGroup| {
            let id = group.replication_group_id();
            nodes.cache_clusters().iter().find(|node| node.replication_group_id() == id).cloned()
        };
        let groups = groups.expect("they can be read").replication_groups.unwrap_or_default();
        groups.into_iter().filter_map(|group| Some((group.clone(), node(&group)?))).collect()
    }

    /// The keys of the tags of something of ElastiCache.
    #[allow(dead_code, reason = "for the fault matrix")]
    pub fn cache_tags(&self, arn: &str) -> Vec<String> {
        let answer = self.run(self.elasticache.list_tags_for_resource().resource_name(arn).send());
        let tags = answer.expect("the object is there").tag_list.unwrap_or_default();
        tags.into_iter().filter_map(|tag| tag.key).collect()
    }

    /// The one cache.
    pub fn cache(&self) -> (ReplicationGroup, CacheCluster) {
        let mut caches = self.caches();
        assert_eq!(caches.len(), 1);
        caches.remove(0)
    }

    /// The content of a secret.
    pub fn secret(&self, name: &str) -> String {
        let answer = self.run(self.secrets.get_secret_value().secret_id(name).send());
        answer.expect("it can be read").secret_string.expect("it has a text")
    }

    /// The passwords in all secrets.
    #[allow(dead_code, reason = "for the fault matrix")]
    pub fn passwords(&self) -> Vec<String> {
        let answer = self.run(self.secrets.list_secrets().send()).expect("they can be read");
        let content =
            answer.secret_list().iter().map(|one| self.secret(one.arn().expect("a secret has an ARN")));
        let password = |content: String| {
            let content: serde_json::Value = serde_json::from_str(&content).expect("it is JSON");
            content["password"].as_str().expect("it has a password").to_owned()
        };
        content.map(password).collect()
    }

    /// Makes a bucket in this region.
    pub fn make_bucket(&self, name: &str) {
        use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
        let here =
            CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1);
        let call = self.s3.create_bucket().bucket(name).create_bucket_configuration(here.build());
        self.run(call.send()).expect("a bucket can be made");
    }

    /// Has a bucket keep what is overwritten and deleted.
    pub fn keep_versions(&self, bucket: &str) {
        use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
        let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let call = self.s3.put_bucket_versioning().bucket(bucket).versioning_configuration(on);
        self.run(call.send()).expect("a bucket can be versioned");
    }

    /// The number of versions of an object.
    pub fn versions(&self, bucket: &str, key: &str) -> usize {
        let call = self.s3.list_object_versions().bucket(bucket).prefix(key);
        let versions = self.run(call.send()).expect("versions can be listed");
        versions.versions().iter().filter(|version| version.key() == Some(key)).count()
    }

    /// The content of an object, if it is there.
    pub fn object(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        self.run(async {
            let object = self.s3.get_object().bucket(bucket).key(key).send().await.ok()?;
            Some(object.body.collect().await.expect("an object can be read").to_vec())
        })
    }

    /// Deletes an object.
    pub fn delete_object(&self, bucket: &str, key: &str) {
        self.run(self.s3.delete_object().bucket(bucket).key(key).send()).expect("an object can be deleted");
    }

    /// The number of security groups, file systems, mount targets, subnet groups and databases with ownership tags.
    pub fn count(&self) -> [usize; 5] {
        [
            self.groups().len(),
            self.file_systems().len(),
            self.mount_targets().len(),
            self.subnet_groups().len(),
            self.databases().len(),
        ]
    }

    /// The stack's security groups.
    pub fn groups(&self) -> Vec<SecurityGroup> {
        let ours = Filter::builder().name("tag-key").values(STACK).build();
        let answer = self.run(self.ec2.describe_security_groups().filters(ours).send());
        answer.expect("groups can be read").security_groups.unwrap_or_default()
    }

    /// The stack's group of this name.
    #[track_caller]
    pub fn group(&self, name: &str) -> SecurityGroup {
        let mut found: Vec<_> =
            self.groups().into_iter().filter(|group| group.group_name() == Some(name)).collect();
        assert_eq!(found.len(), 1, "groups called {name}");
        found.remove(0)
    }

    /// The stack's file systems.
    pub fn file_systems(&self) -> Vec<FileSystemDescription> {
        let answer = self.run(self.efs.describe_file_systems().send()).expect("file systems can be read");
        let all = answer.file_systems.unwrap_or_default();
        all.into_iter().filter(|found| found.tags().iter().any(|tag| tag.key() == STACK)).collect()
    }

    /// The one file system.
    #[track_caller]
    pub fn file_system(&self) -> FileSystemDescription {
        let mut found = self.file_systems();
        assert_eq!(found.len(), 1, "file systems");
        found.remove(0)
    }

    /// The mount targets of the stack's file systems, by zone.
    pub fn mount_targets(&self) -> Vec<MountTargetDescription> {
        let mut found = Vec::new();
        for file_system in self.file_systems() {
            let id = file_system.file_system_id();
            let answer = self.run(self.efs.describe_mount_targets().file_system_id(id).send());
            found.extend(answer.expect("mount targets can be read").mount_targets.unwrap_or_default());
        }
        found.sort_by(|one, other| one.availability_zone_name().cmp(&other.availability_zone_name()));
        found
    }

    /// Makes a group that is not ours; its id.
    pub fn make_group(&self, name: &str, vpc: &str) -> String {
        let call = self.ec2.create_security_group().group_name(name).description("of others").vpc_id(vpc);
        self.run(call.send()).expect("a group can be made").group_id.expect("it has an id")
    }

    /// Makes a parameter group that is not ours.
    pub fn make_parameter_group(&self, name: &str, family: &str) {
        let call = self.rds.create_db_parameter_group().db_parameter_group_name(name);
        let call = call.db_parameter_group_family(family).description("of others");
        self.run(call.send()).expect("a parameter group can be made");
    }

    /// Makes a subnet group that is not ours.
    pub fn make_subnet_group(&self, name: &str, subnets: Vec<String>) {
        let call = self.rds.create_db_subnet_group().db_subnet_group_name(name);
        let call = call.db_subnet_group_description("of others").set_subnet_ids(Some(subnets));
        self.run(call.send()).expect("a subnet group can be made");
    }

    /// Makes a prefix list of IPv4 for five networks; its id.
    pub fn make_prefix_list(&self, name: &str) -> String {
        let call = self.ec2.create_managed_prefix_list().prefix_list_name(name).max_entries(5);
        let made = self.run(call.address_family("IPv4").send()).expect("a prefix list can be made");
        made.prefix_list.and_then(|list| list.prefix_list_id).expect("it has an id")
    }

    /// The access points, ours or not.
    pub fn access_points(&self) -> Vec<AccessPointDescription> {
        let answer = self.run(self.efs.describe_access_points().send());
        answer.expect("access points can be read").access_points.unwrap_or_default()
    }

    /// Makes a key with an alias; the key's ARN.
    pub fn key(&self, alias: &str) -> String {
        let made = self.run(self.kms.create_key().send()).expect("a key can be made");
        let arn = made.key_metadata.and_then(|key| key.arn).expect("it has an ARN");
        let call = self.kms.create_alias().alias_name(alias).target_key_id(&arn).send();
        self.run(call).expect("an alias can be made");
        arn
    }

    /// Lets an alias stand for another key.
    pub fn point(&self, alias: &str, key: &str) {
        // By its id: LocalStack takes the ARN, and then finds no key behind the alias.
        let id = key.rsplit('/').next().unwrap_or(key);
        let call = self.kms.update_alias().alias_name(alias).target_key_id(id).send();
        self.run(call).expect("an alias can be changed");
    }

    /// The groups of a mount target.
    pub fn groups_of(&self, target: &MountTargetDescription) -> Vec<String> {
        let call =
            self.efs.describe_mount_target_security_groups().mount_target_id(target.mount_target_id()).send();
        self.run(call).expect("groups can be read").security_groups
    }

    /// The stack's subnet groups.
    pub fn subnet_groups(&self) -> Vec<DbSubnetGroup> {
        let answer = self.run(self.rds.describe_db_subnet_groups().send()).expect("they can be read");
        let mut all = answer.db_subnet_groups.unwrap_or_default();
        all.retain(|group| {
            self.rds_tags(group.db_subnet_group_arn().unwrap_or_default()).contains_key(STACK)
        });
        all
    }

    /// A database of others: PostgreSQL 16.4 with 50 encrypted GiB, of the user `postgres`.
    pub fn make_database(&self, identifier: &str) {
        let call = self.rds.create_db_instance().db_instance_identifier(identifier).engine("postgres");
        let call = call.engine_version("16.4").db_instance_class("db.t4g.medium").allocated_storage(50);
        let call = call.storage_type("gp3").storage_encrypted(true).backup_retention_period(1);
        let call = call.master_username("postgres").master_user_password("of-the-original");
        self.run(call.send()).expect("a database can be made");
    }

    /// A snapshot of a database.
    pub fn make_snapshot(&self, name: &str, of: &str) {
        let call = self.rds.create_db_snapshot().db_snapshot_identifier(name).db_instance_identifier(of);
        self.run(call.send()).expect("a snapshot can be made");
    }

    /// The tags of a database or subnet group.
    pub fn rds_tags(&self, arn: &str) -> BTreeMap<String, String> {
        let answer = self.run(self.rds.list_tags_for_resource().resource_name(arn).send());
        let tags = answer.expect("tags can be read").tag_list.unwrap_or_default();
        tags.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect()
    }

    /// The stack's databases.
    pub fn databases(&self) -> Vec<DbInstance> {
        let answer = self.run(self.rds.describe_db_instances().send()).expect("databases can be read");
        let all = answer.db_instances.unwrap_or_default();
        all.into_iter().filter(|found| found.tag_list().iter().any(|tag| tag.key() == Some(STACK))).collect()
    }

    /// The one database.
    #[track_caller]
    pub fn database(&self) -> DbInstance {
        let mut found = self.databases();
        assert_eq!(found.len(), 1, "databases");
        found.remove(0)
    }

    /// The id of the database that never changes, if there is one.
    pub fn database_id(&self) -> Option<String> {
        self.databases().pop().and_then(|database| database.dbi_resource_id)
    }

    /// The network as AWS shows it, in one text: VPCs, subnets, route tables, and the groups that are not ours.
    /// Without how many addresses are free: those that our interfaces take are no change of the network.
    pub fn network(&self) -> String {
        self.described(|subnet| subnet.available_ip_address_count = None)
    }

    /// The same with the free addresses of each subnet: what is left when nothing of ours is there.
    pub fn network_to_the_byte(&self) -> String {
        self.described(|_| {})
    }

    fn described(&self, without: impl Fn(&mut Subnet)) -> String {
        let mut parts: Vec<String> = Vec::new();
        let vpcs = self.run(self.ec2.describe_vpcs().send()).expect("VPCs can be read");
        parts.extend(vpcs.vpcs().iter().map(|vpc| format!("{vpc:#?}")));
        for vpc in vpcs.vpcs().iter().filter_map(|vpc| vpc.vpc_id()) {
            use aws_sdk_ec2::types::VpcAttributeName::{EnableDnsHostnames, EnableDnsSupport};
            for attribute in [EnableDnsHostnames, EnableDnsSupport] {
                let call = self.ec2.describe_vpc_attribute().vpc_id(vpc).attribute(attribute.clone()).send();
                let seen = self.run(call).expect("attributes can be read");
                parts.push(format!("{vpc} {:?} {:?}", seen.enable_dns_hostnames, seen.enable_dns_support));
            }
        }
        let subnets = self.run(self.ec2.describe_subnets().send()).expect("subnets can be read");
        parts.extend(subnets.subnets.unwrap_or_default().into_iter().map(|mut subnet| {
            without(&mut subnet);
            format!("{subnet:#?}")
        }));
        let tables = self.run(self.ec2.describe_route_tables().send()).expect("tables can be read");
        parts.extend(tables.route_tables.unwrap_or_default().into_iter().map(|mut table| {
            // The emulator keeps them in no order.
            let associations = table.associations.get_or_insert_default();
            associations.sort_by_key(|one| one.route_table_association_id.clone());
            format!("{table:#?}")
        }));
        let groups = self.run(self.ec2.describe_security_groups().send()).expect("groups can be read");
        let ours = |group: &&SecurityGroup| group.tags().iter().any(|tag| tag.key() == Some(STACK));
        parts.extend(
            groups.security_groups().iter().filter(|group| !ours(group)).map(|group| format!("{group:#?}")),
        );
        parts.sort();
        parts.join("\n")
    }
}
