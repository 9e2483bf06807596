//! Names and descriptions that the stack file writes, and groups of others that it names.

use serde_json::Value;

use crate::world::World;

const STACK: &str = "stack: shop
file_systems:
  files:
    security_group: { name: shop-files, description: NFS of the shop }
    deletion_protection: false
databases:
  records:
    security_group: { name: shop-records, description: of the shop }
    subnet_group: { name: Shop_records, description: Of the shop }
    deletion_protection: false
    final_snapshot: false
";

fn vpc(world: &World) -> &str {
    world.seed["vpc_id"].as_str().expect("the seed names its VPC")
}

fn warnings(plan: &Value) -> Vec<&str> {
    let all = plan["preflight"].as_array().into_iter().flatten();
    all.filter(|one| one["level"] == "warning").filter_map(|one| one["message"].as_str()).collect()
}

#[test]
fn written_names_and_descriptions_are_made_and_kept() {
    let world = World::seeded(&[]);
    world.write_stack(STACK);
    world.apply(&[]);
    world.plans_nothing();
    let group = || world.cloud.group("shop-records");
    assert_eq!(group().description(), Some("of the shop"));
    let subnets = || world.cloud.subnet_groups().pop().expect("there is one");
    let shown = |group: &aws_sdk_rds::types::DbSubnetGroup| {
        [group.db_subnet_group_name(), group.db_subnet_group_description()]
            .map(|text| text.unwrap_or_default().to_owned())
    };
    assert_eq!(shown(&subnets()), ["shop_records", "Of the shop"]);

    // What AWS cannot change stays, with a word; what it can change is changed.
    world.edit_stack("description: of the shop", "description: of the new shop");
    world.edit_stack(
        "{ name: Shop_records, description: Of the shop }",
        "{ name: shop_new, description: Of the new shop }",
    );
    let plan = world.plan(&[]);
    let said = warnings(&plan);
    assert!(
        said.iter().any(|word| word.contains("security_group: the description stays `of the shop`")),
        "{said:?}"
    );
    assert!(said.iter().any(|word| word.contains("subnet_group: the name stays `shop_records`")), "{said:?}");
    assert_eq!(plan["summary"]["replace"], 0);
    world.apply(&[]);
    world.provision(&["plan", "--detailed-exitcode"]).exits(0).says(&["the name stays"]);
    assert_eq!(shown(&subnets()), ["shop_records", "Of the new shop"]);
    assert_eq!(group().description(), Some("of the shop"));
}

#[test]
fn groups_of_others_are_attached_in_place_of_ours_or_besides_and_never_changed() {
    let world = World::seeded(&[]);
    let (one, other) =
        (world.cloud.make_group("one", vpc(&world)), world.cloud.make_group("other", vpc(&world)));
    let theirs = |id: &str| {
        let call = world.cloud.ec2.describe_security_groups().group_ids(id);
        format!("{:?}", world.cloud.run(call.send()).expect("groups can be read").security_groups)
    };
    let before = (theirs(&one), theirs(&other));
    world.write_stack(STACK);
    world.edit_stack(
        "    deletion_protection: false\ndatabases",
        &format!("    extra_security_groups: [{one}]\n    deletion_protection: false\ndatabases"),
    );
    world.apply(&[]);
    world.plans_nothing();
    let ours = || world.cloud.group("shop-files").group_id.expect("an id");
    let of_targets = || -> Vec<Vec<String>> {
        let targets = world.cloud.mount_targets();
        targets.iter().map(|target| world.cloud.groups_of(target)).collect()
    };
    let mut both = vec![one.clone(), ours()];
    both.sort();
    for mut groups in of_targets() {
        groups.sort();
        assert_eq!(groups, both);
    }

    // One more costs nothing; theirs in the place of ours takes ours off, which goes.
    world.edit_stack("    subnet_group", &format!("    extra_security_groups: [{other}]\n    subnet_group"));
    assert_eq!(world.plan(&[])["summary"]["update"], 1);
    world.apply(&[]);
    assert_eq!(world.cloud.database().vpc_security_groups().len(), 2);
    world.edit_stack("{ name: shop-records, description: of the shop }", &one);
    world.apply(&[]);
    world.plans_nothing();
    let database = world.cloud.database();
    let mut groups: Vec<&str> =
        database.vpc_security_groups().iter().filter_map(|group| group.vpc_security_group_id()).collect();
    groups.sort_unstable();
    let mut expected = vec![one.as_str(), other.as_str()];
    expected.sort_unstable();
    assert_eq!(groups, expected);
    assert!(!world.cloud.groups().iter().any(|group| group.group_name() == Some("shop-records")));
    world.destroy();
    assert_eq!((theirs(&one), theirs(&other)), before);
}

#[test]
fn a_group_that_is_not_in_the_vpc_is_refused_before_anything_is_made() {
    let world = World::seeded(&[]);
    let made = world.cloud.run(world.cloud.ec2.create_vpc().cidr_block("10.77.0.0/16").send());
    let other = made.expect("a VPC can be made").vpc.and_then(|vpc| vpc.vpc_id).expect("it has an id");
    let group = world.cloud.make_group("theirs", &other);
    world.write_stack(&STACK.replace(
        "    subnet_group",
        &format!("    extra_security_groups: [{group}, sg-0123456789abcdef0]\n    subnet_group"),
    ));
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        &format!("the security group {group} (theirs) is in {other}"),
        "there is no security group sg-0123456789abcdef0",
        "aws ec2 describe-security-groups",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
}

/// Options of two databases, which are made and given up without ado.
fn two(one: &str, other: &str) -> String {
    let rest = "deletion_protection: false, final_snapshot: false, apply_immediately: true";
    format!("stack: shop\ndatabases:\n  one: {{ {one}, {rest} }}\n  two: {{ {other}, {rest} }}\n")
}

#[test]
fn a_shared_subnet_group_goes_with_its_last_database() {
    let world = World::seeded(&[]);
    world.write_stack(&two("subnet_group: shop", "subnet_group: Shop"));
    world.apply(&[]);
    world.plans_nothing();
    let names = || -> Vec<String> {
        world.cloud.subnet_groups().into_iter().filter_map(|group| group.db_subnet_group_name).collect()
    };
    assert_eq!(names(), ["shop"]);
    let both = std::fs::read_to_string(world.path("provision.yaml")).expect("the stack file");

    // The first one gave the group its address, and goes: the group stays.
    let second =
        both.lines().filter(|line| !line.starts_with("  one:")).collect::<Vec<_>>().join("\n") + "\n";
    world.provision(&["destroy", "--auto-approve", "--target", "aws_db_instance.one"]).exits(0);
    world.write_stack(&second);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!((names(), world.cloud.databases().len()), (vec!["shop".to_owned()], 1));

    world.provision(&["destroy", "--auto-approve", "--target", "aws_db_instance.two"]).exits(0);
    world.write_stack("stack: shop\ndatabases: {}\n");
    world.apply(&[]);
    assert_eq!((names(), world.cloud.databases().len()), (Vec::new(), 0));
}

#[test]
fn a_parameter_group_that_is_there_is_taken_given_up_and_never_changed() {
    let world = World::seeded(&[]);
    world.cloud.make_parameter_group("tuned", "postgres16");
    world.cloud.make_parameter_group("old", "postgres15");
    let attached = || {
        let database = world.cloud.database();
        database.db_parameter_groups()[0].db_parameter_group_name().unwrap_or_default().to_owned()
    };
    let one = |options: &str| {
        let rest = "deletion_protection: false, final_snapshot: false, apply_immediately: true";
        world.write_stack(&format!("stack: shop\ndatabases: {{ db: {{ {options}{rest} }} }}\n"));
    };
    for (name, word) in [("old", "is of the family postgres15"), ("none", "there is no parameter group none")]
    {
        one(&format!("parameter_group: {name}, "));
        world.control.forget_calls();
        world
            .provision(&["apply", "--auto-approve"])
            .exits(1)
            .says(&[word, "aws rds describe-db-parameter-groups"]);
        assert_eq!(world.control.calls().mutating(), 0);
    }
    one("parameter_group: Tuned, publicly_accessible: true, ");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(attached(), "tuned");
    assert_eq!(world.cloud.database().publicly_accessible(), Some(true));
    one("");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(attached(), "default.postgres16");
    assert_eq!(world.cloud.database().publicly_accessible(), Some(false));
    let left = world
        .cloud
        .run(world.cloud.rds.describe_db_parameter_groups().db_parameter_group_name("tuned").send());
    assert!(left.is_ok());
}

#[test]
fn a_database_can_share_the_parameters_of_another_one() {
    let world = World::seeded(&[]);
    world
        .write_stack(&two("parameters: { rds.force_ssl: 1, jit: false }", "parameter_group: one-postgres16"));
    world.apply(&[]);
    world.plans_nothing();
    for database in world.cloud.databases() {
        let group = database.db_parameter_groups()[0].db_parameter_group_name();
        assert_eq!(group, Some("one-postgres16"));
    }
}

#[test]
fn a_database_can_take_the_subnet_group_of_another_one_as_it_is() {
    let world = World::seeded(&[]);
    world.write_stack(&two("multi_az: true", "subnet_group: { existing: one }"));
    world.apply(&[]);
    world.plans_nothing();
    for database in world.cloud.databases() {
        let group = database.db_subnet_group().and_then(|group| group.db_subnet_group_name());
        assert_eq!(group, Some("one"));
    }
    world.destroy();
}

#[test]
fn a_file_system_has_mount_targets_in_the_zones_that_are_written() {
    let world = World::seeded(&[]);
    let zones = || -> Vec<String> {
        let targets = world.cloud.mount_targets();
        let mut zones: Vec<String> =
            targets.into_iter().filter_map(|target| target.availability_zone_name).collect();
        zones.sort();
        zones
    };
    let write = |zones: &str| {
        world.write_stack(&format!("stack: shop\nfile_systems: {{ files: {{ zones: [{zones}] }} }}\n"))
    };
    write("eu-west-1z");
    world.provision(&["plan"]).exits(1).says(&["eu-west-1z", "eu-west-1a, eu-west-1b, eu-west-1c"]);
    write("eu-west-1b, eu-west-1a");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(zones(), ["eu-west-1a", "eu-west-1b"]);
    world.provision(&["output", "nfs_mount_points"]).exits(0);
    write("eu-west-1a, eu-west-1c");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(zones(), ["eu-west-1a", "eu-west-1c"]);
}

#[test]
fn the_cluster_s_and_aws_s_words_are_names_like_any_other() {
    let world = World::seeded(&[]);
    world.write_stack(
        "stack: shop\nfile_systems:\n  nodes: {}\ndatabases:\n  default: { apply_immediately: true }\n  masters: {}\n",
    );
    world.apply(&[]);
    world.plans_nothing();
    let listed = world.provision(&["state", "list"]).exits(0).out;
    for address in ["aws_security_group.nodes", "aws_security_group.nodes/own", "aws_security_group.default"]
    {
        assert!(listed.lines().any(|line| line == address), "{address}: {listed}");
    }
    let watched = |address: &str| world.record(address)["watched"] == true;
    assert!(watched("aws_security_group.nodes") && !watched("aws_security_group.nodes/own"));

    // A name of this kind is given up, and taken, with the same objects.
    let group = world.record("aws_security_group.nodes/own")["id"].clone();
    world.edit_stack("  nodes: {}", "  files: {}");
    world.provision(&["plan"]).exits(1).says(&["provision state move nodes files"]);
    world.provision(&["state", "move", "nodes", "files", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.record("aws_security_group.files/own")["id"], group);
    world.edit_stack("  default: {", "  nodes: {");
    world.provision(&["state", "move", "default", "nodes", "--auto-approve"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();

    // The state is lost: everything is found again, the cluster's own among it.
    std::fs::remove_dir_all(world.path("state")).expect("there is a state");
    world.provision(&["state", "rebuild", "--auto-approve"]).exits(0);
    world.plans_nothing();
}
