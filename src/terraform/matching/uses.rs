//! The types of Terraform's AWS provider that have a use here, and which.

/// The use of a type of Terraform's here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    Database,
    FileSystem,
    Bucket,
    Group,
    Cache,
    Machine,
    Address,
    /// A volume: it comes along with the machine that it is attached to.
    Volume,
    /// Named by databases.
    SubnetGroup,
    ParameterGroup,
    /// Named by caches.
    CacheSubnetGroup,
    CacheParameterGroup,
    PartOfFileSystem,
    PartOfBucket,
    PartOfMachine,
    PartOfAddress,
    Rule,
    Network,
    DefaultGroup,
    DatabaseCluster,
    CacheNode,
    Named,
}

/// The types of Terraform's AWS provider that have a use here. The ids of others are not read: they may be secrets.
const USES: [(&str, Use); 62] = [
    ("aws_db_instance", Use::Database),
    ("aws_efs_file_system", Use::FileSystem),
    ("aws_s3_bucket", Use::Bucket),
    ("aws_security_group", Use::Group),
    ("aws_elasticache_replication_group", Use::Cache),
    ("aws_instance", Use::Machine),
    ("aws_eip", Use::Address),
    ("aws_ebs_volume", Use::Volume),
    ("aws_db_subnet_group", Use::SubnetGroup),
    ("aws_db_parameter_group", Use::ParameterGroup),
    ("aws_elasticache_subnet_group", Use::CacheSubnetGroup),
    ("aws_elasticache_parameter_group", Use::CacheParameterGroup),
    ("aws_efs_mount_target", Use::PartOfFileSystem),
    ("aws_efs_access_point", Use::PartOfFileSystem),
    ("aws_efs_backup_policy", Use::PartOfFileSystem),
    ("aws_efs_file_system_policy", Use::PartOfFileSystem),
    ("aws_efs_replication_configuration", Use::PartOfFileSystem),
    ("aws_s3_bucket_versioning", Use::PartOfBucket),
    ("aws_s3_bucket_server_side_encryption_configuration", Use::PartOfBucket),
    ("aws_s3_bucket_public_access_block", Use::PartOfBucket),
    ("aws_s3_bucket_lifecycle_configuration", Use::PartOfBucket),
    ("aws_volume_attachment", Use::PartOfMachine),
    ("aws_eip_association", Use::PartOfAddress),
    ("aws_security_group_rule", Use::Rule),
    ("aws_vpc_security_group_ingress_rule", Use::Rule),
    ("aws_vpc_security_group_egress_rule", Use::Rule),
    ("aws_vpc_security_group_rules_exclusive", Use::Rule),
    ("aws_vpc", Use::Network),
    ("aws_default_vpc", Use::Network),
    ("aws_subnet", Use::Network),
    ("aws_default_subnet", Use::Network),
    ("aws_route", Use::Network),
    ("aws_route_table", Use::Network),
    ("aws_default_route_table", Use::Network),
    ("aws_main_route_table_association", Use::Network),
    ("aws_route_table_association", Use::Network),
    ("aws_internet_gateway", Use::Network),
    ("aws_egress_only_internet_gateway", Use::Network),
    ("aws_nat_gateway", Use::Network),
    ("aws_network_acl", Use::Network),
    ("aws_default_network_acl", Use::Network),
    ("aws_network_acl_rule", Use::Network),
    ("aws_vpc_dhcp_options", Use::Network),
    ("aws_vpc_dhcp_options_association", Use::Network),
    ("aws_vpc_ipv4_cidr_block_association", Use::Network),
    ("aws_vpc_endpoint", Use::Network),
    ("aws_vpc_peering_connection", Use::Network),
    ("aws_default_security_group", Use::DefaultGroup),
    ("aws_rds_cluster", Use::DatabaseCluster),
    ("aws_rds_cluster_instance", Use::DatabaseCluster),
    ("aws_rds_cluster_endpoint", Use::DatabaseCluster),
    ("aws_rds_cluster_parameter_group", Use::DatabaseCluster),
    ("aws_rds_global_cluster", Use::DatabaseCluster),
    ("aws_elasticache_cluster", Use::CacheNode),
    ("aws_db_option_group", Use::Named),
    ("aws_kms_key", Use::Named),
    ("aws_kms_alias", Use::Named),
    ("aws_iam_role", Use::Named),
    ("aws_iam_instance_profile", Use::Named),
    ("aws_key_pair", Use::Named),
    ("aws_db_snapshot", Use::Named),
    ("aws_directory_service_directory", Use::Named),
];

/// The use of a type; nothing for one that has none here.
pub(super) fn use_of(kind: &str) -> Option<Use> {
    USES.iter().find(|(name, _)| *name == kind).map(|(_, one)| *one)
}

/// True for a type whose attributes are read.
pub(in crate::terraform) fn is_known(kind: &str) -> bool {
    use_of(kind).is_some()
}
