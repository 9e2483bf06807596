//! Objects as people make them by hand: what an adoption finds.

use aws_sdk_ec2::types::{IpPermission, IpRange, PrefixListId, UserIdGroupPair};
use serde_json::Value;

use crate::world::World;

/// The objects of a world that were made by hand.
pub(super) struct ByHand {
    pub(super) files: String,
    pub(super) group_of_files: String,
    pub(super) group_of_records: String,
}

/// A file system with mount targets and an access point, and a database with a group of each kind, as people make them.
pub(super) fn by_hand(world: &World) -> ByHand {
    use aws_sdk_efs::types::{PerformanceMode, PosixUser, RootDirectory, Tag, ThroughputMode};
    let cloud = &world.cloud;
    let nodes = text(&world.seed["security_groups"]["nodes"]);
    let list = cloud.make_prefix_list("offices");
    let prefixes = PrefixListId::builder().prefix_list_id(&list).description("offices").build();
    let all = IpPermission::builder().ip_protocol("-1").prefix_list_ids(prefixes).build();
    let group_of_files = group(world, "EFS_K8s", vec![from_group(2049, &nodes), all]);
    let range = IpRange::builder().cidr_ip("10.9.0.0/16").description("VPN").build();
    let vpn =
        IpPermission::builder().ip_protocol("tcp").from_port(5432).to_port(5432).ip_ranges(range).build();
    let group_of_records = group(world, "gitlab-pgsql", vec![vpn]);

    let create = cloud.efs.create_file_system().creation_token("by-hand").encrypted(true);
    let create =
        create.performance_mode(PerformanceMode::GeneralPurpose).throughput_mode(ThroughputMode::Bursting);
    let create = create.tags(Tag::builder().key("Name").value("The files").build().expect("a tag"));
    let files = cloud.run(create.send()).expect("a file system can be made").file_system_id;
    crate::world::eventually("the file system is there", || {
        let answer = cloud.run(cloud.efs.describe_file_systems().file_system_id(&files).send());
        answer.is_ok_and(|answer| {
            answer.file_systems().iter().all(|one| one.life_cycle_state().as_str() == "available")
        })
    });
    for (subnet, _) in subnets(world) {
        let create = cloud.efs.create_mount_target().file_system_id(&files).subnet_id(subnet);
        cloud.run(create.security_groups(&group_of_files).send()).expect("a mount target can be made");
    }
    crate::world::eventually("the mount targets are there", || {
        let answer = cloud.run(cloud.efs.describe_mount_targets().file_system_id(&files).send());
        answer.is_ok_and(|answer| {
            answer.mount_targets().iter().all(|one| one.life_cycle_state().as_str() == "available")
        })
    });
    let user = PosixUser::builder().uid(998).gid(997).build().expect("a user");
    let root = RootDirectory::builder().path("/git-data");
    let info =
        aws_sdk_efs::types::CreationInfo::builder().owner_uid(998).owner_gid(997).permissions("750").build();
    let root = root.creation_info(info.expect("an owner")).build();
    let create = cloud.efs.create_access_point().file_system_id(&files).client_token("point");
    cloud.run(create.posix_user(user).root_directory(root).send()).expect("an access point can be made");

    cloud.make_subnet_group("gitlab_pgsql", subnets(world).into_iter().map(|(id, _)| id).collect());
    cloud.make_parameter_group("tuned-postgres16", "postgres16");
    let parameter = aws_sdk_rds::types::Parameter::builder().parameter_name("log_min_duration_statement");
    let parameter = parameter.parameter_value("500").apply_method("immediate".into()).build();
    let modify = cloud.rds.modify_db_parameter_group().db_parameter_group_name("tuned-postgres16");
    cloud.run(modify.parameters(parameter).send()).expect("a parameter can be set");
    let create = cloud.rds.create_db_instance().db_instance_identifier("gitlab-pgsql").engine("postgres");
    let create = create.engine_version("16.4").db_instance_class("db.t4g.medium").allocated_storage(50);
    let create =
        create.storage_type("gp3").storage_encrypted(true).backup_retention_period(7).multi_az(false);
    let create = create.db_subnet_group_name("gitlab_pgsql").db_parameter_group_name("tuned-postgres16");
    let create = create.vpc_security_group_ids(&group_of_records).db_name("gitlab_production");
    let create = create.master_username("gitlab").master_user_password("of-the-original");
    cloud.run(create.send()).expect("a database can be made");
    crate::world::eventually("the database is there", || {
        let answer = cloud.run(cloud.rds.describe_db_instances().send()).expect("databases can be read");
        answer.db_instances().iter().all(|one| one.db_instance_status() == Some("available"))
    });
    ByHand { files, group_of_files, group_of_records }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The private subnets of the world, with their zones.
pub(super) fn subnets(world: &World) -> Vec<(String, String)> {
    let all = world.seed["subnets"].as_array().expect("the seed names its subnets").iter();
    let private = all.filter(|subnet| subnet["type"] == "Private");
    private.map(|subnet| (text(&subnet["id"]), text(&subnet["zone"]))).collect()
}

/// A permission for a port from a group.
pub(super) fn from_group(port: i32, group: &str) -> IpPermission {
    let pair = UserIdGroupPair::builder().group_id(group).build();
    IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port).user_id_group_pairs(pair).build()
}

/// A group with these rules.
pub(super) fn group(world: &World, name: &str, permissions: Vec<IpPermission>) -> String {
    let id = world.cloud.make_group(name, &text(&world.seed["vpc_id"]));
    let call = world.cloud.ec2.authorize_security_group_ingress().group_id(&id);
    world.cloud.run(call.set_ip_permissions(Some(permissions)).send()).expect("rules can be set");
    id
}

/// A group made by hand, with a rule for a port.
pub(super) fn office(world: &World, name: &str) -> String {
    let nodes = text(&world.seed["security_groups"]["nodes"]);
    group(world, name, vec![from_group(443, &nodes)])
}

/// All databases, those without tags too.
pub(super) fn databases(world: &World) -> Vec<aws_sdk_rds::types::DbInstance> {
    let answer = world.cloud.run(world.cloud.rds.describe_db_instances().send());
    answer.expect("databases can be read").db_instances.unwrap_or_default()
}

/// Waits until no database is on its way.
pub(super) fn databases_rest(world: &World, count: usize) {
    crate::world::eventually("the databases are there", || {
        let all = databases(world);
        all.len() == count && all.iter().all(|one| one.db_instance_status() == Some("available"))
    });
}
