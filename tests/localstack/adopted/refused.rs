//! Objects that cannot be adopted are refused with the reason and with a command that works, and nothing is written.

use serde_json::json;

use super::made_by_hand::{by_hand, databases, databases_rest, office, text};
use super::{adds_tags_alone, commands};
use crate::world::World;

#[test]
fn what_is_not_to_be_adopted_is_refused_with_its_reason_and_nothing_is_written() {
    let world = World::applied();
    let nodes = text(&world.seed["security_groups"]["nodes"]);
    world.control.forget_calls();
    let files = world.cloud.file_system().file_system_id;
    for (wish, words) in [
        (format!("aws_security_group.theirs={nodes}"), "the cluster"),
        ("aws_db_instance.new=nowhere".to_owned(), "AWS has no aws_db_instance with the id or name nowhere"),
        (format!("aws_efs_mount_target.new/eu-west-1a={nodes}"), "is no entry of a stack file by itself"),
        (format!("aws_efs_file_system.new={files}"), "another stack"),
    ] {
        let out = ["import", &wish, "--out", "other.yaml", "--stack", "other"];
        let said = world.provision(&out).exits(1).said();
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words) || flat.contains("belongs to"), "{wish}: {said}");
        assert!(
            !world.path("other.yaml").exists() && !world.path("state/other.json").exists(),
            "{wish}: {said}"
        );
    }
    world
        .provision(&["import", "aws_s3_bucket.a=b", "--out", "provision.yaml"])
        .exits(1)
        .says(&["is not written over"]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.plans_nothing();
}

#[test]
fn one_refused_object_keeps_all_others_out_and_the_refusal_has_the_command_for_these() {
    let world = World::seeded(&["--topology", "private"]);
    let (first, second) = (office(&world, "first"), office(&world, "second"));
    let nodes = text(&world.seed["security_groups"]["nodes"]);
    let wishes = [
        format!("aws_security_group.first={first}"),
        format!("aws_security_group.theirs={nodes}"),
        "aws_db_instance.gone=nowhere".to_owned(),
        format!("aws_security_group.second={second}"),
    ];
    let mut import: Vec<&str> = vec!["import"];
    import.extend(wishes.iter().map(String::as_str));
    import.extend(["--out", "provision.yaml", "--stack", "shop"]);
    world.control.forget_calls();
    let command = format!(
        "provision import aws_security_group.first={first} aws_security_group.second={second} --out provision.yaml --stack shop"
    );
    let said = world.provision(&import).exits(1);
    let said =
        said.says(&["the cluster", "nowhere", "nothing was written", "to adopt the others:", &command]);
    assert!(
        !world.path("provision.yaml").exists() && !world.path("state").join("shop.json").exists(),
        "{said:?}"
    );
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    world.provision(&words).exits(0);
    assert_eq!(world.control.calls().mutating(), 0);
    adds_tags_alone(&world);
    // The same with a stack file that is there, and what is refused only when it is to be said.
    let third = office(&world, "third");
    let odd = world.cloud.efs.create_file_system().creation_token("odd").encrypted(true);
    let odd = odd.performance_mode(aws_sdk_efs::types::PerformanceMode::GeneralPurpose);
    let odd = odd.availability_zone_name("eu-west-1a");
    let odd = world.cloud.run(odd.send()).expect("a file system can be made").file_system_id;
    crate::world::eventually("the file system is there", || {
        let answer = world.cloud.run(world.cloud.efs.describe_file_systems().file_system_id(&odd).send());
        answer.is_ok_and(|answer| {
            answer.file_systems().iter().all(|one| one.life_cycle_state().as_str() == "available")
        })
    });
    let wishes = [format!("aws_efs_file_system.odd={odd}"), format!("aws_security_group.third={third}")];
    let before = std::fs::read_to_string(world.path("provision.yaml")).expect("it is written");
    world.provision(&["import", &wishes[0], &wishes[1], "--into"]).exits(1).says(&[
        "its storage is in eu-west-1a alone",
        &format!("provision import aws_security_group.third={third} --into"),
    ]);
    assert_eq!(std::fs::read_to_string(world.path("provision.yaml")).expect("it is written"), before);
    world.provision(&["import", &wishes[1], "--into"]).exits(0);
}

#[test]
fn what_no_stack_can_have_is_refused_with_the_reason_of_its_own() {
    let world = World::seeded(&["--topology", "private"]);
    let nodes = text(&world.seed["security_groups"]["nodes"]);
    let create = world.cloud.rds.create_db_instance().db_instance_identifier("mine").engine("mysql");
    let create = create.db_instance_class("db.t4g.medium").allocated_storage(50);
    let create = create.master_username("app").master_user_password("of-the-original");
    let is_mysql = world.cloud.run(create.send()).is_ok();
    let groups =
        world.cloud.run(world.cloud.ec2.describe_security_groups().send()).expect("groups can be read");
    let default = groups.security_groups().iter().find(|one| one.group_name() == Some("default"));
    let default = default.and_then(|one| one.group_id()).expect("each VPC has one").to_owned();
    let elsewhere = world.cloud.ec2.create_vpc().cidr_block("10.77.0.0/16");
    let elsewhere = world.cloud.run(elsewhere.send()).expect("a VPC can be made").vpc.expect("it is shown");
    let far = world.cloud.make_group("far", elsewhere.vpc_id().expect("an id"));
    let near = office(&world, "near");
    let mut all = vec![
        (vec![format!("aws_security_group.d={default}")], "it is the default group of"),
        (vec![format!("aws_security_group.n={nodes}")], "what is the cluster's is never taken over"),
        (vec!["aws_db_subnet_group.s=x".to_owned()], "is no entry of a stack file by itself"),
        (
            vec![format!("aws_security_group.near={near}"), format!("aws_security_group.far={far}")],
            "a stack has one network",
        ),
        (vec!["aws_efs_file_system.f=fs-0123456789abcdef0".to_owned()], "look in this account and region"),
    ];
    if is_mysql {
        all.push((vec!["aws_db_instance.m=mine".to_owned()], "its engine is mysql, not postgres"));
    }
    world.control.forget_calls();
    for (wishes, words) in all {
        let mut import: Vec<&str> = vec!["import"];
        import.extend(wishes.iter().map(String::as_str));
        import.extend(["--out", "other.yaml", "--stack", "other"]);
        world.provision(&import).exits(1).says(&[words]);
        assert!(!world.path("other.yaml").exists(), "{wishes:?}");
    }
    assert_eq!(world.control.calls().mutating(), 0);
}

#[test]
fn buckets_that_a_stack_cannot_have_are_refused_with_what_they_are() {
    use aws_sdk_s3::types::{
        BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
        LifecycleRuleFilter, Tag,
    };
    let world = World::empty();
    let [far, odd, fine] = ["far", "odd", "fine"].map(|name| format!("{name}-{}", world.account));
    let config = world.cloud.s3.config().to_builder().region(aws_sdk_s3::config::Region::new("us-east-1"));
    let there = aws_sdk_s3::Client::from_conf(config.build());
    world.cloud.run(there.create_bucket().bucket(&far).send()).expect("a bucket can be made");
    world.cloud.make_bucket(&odd);
    world.cloud.make_bucket(&fine);
    let tag = Tag::builder().key("class").value("old").build().expect("a tag");
    let rule = LifecycleRule::builder().id("by-tag").status(ExpirationStatus::Enabled);
    let rule = rule.filter(LifecycleRuleFilter::builder().tag(tag).build());
    let rule = rule.expiration(LifecycleExpiration::builder().days(9).build()).build().expect("a rule");
    let rules = BucketLifecycleConfiguration::builder().rules(rule).build().expect("rules");
    let call =
        world.cloud.s3.put_bucket_lifecycle_configuration().bucket(&odd).lifecycle_configuration(rules);
    world.cloud.run(call.send()).expect("rules can be set");
    let wishes = [("far", &far), ("odd", &odd), ("fine", &fine)]
        .map(|(name, id)| format!("aws_s3_bucket.{name}={id}"));
    let mut import = vec!["import"];
    import.extend(wishes.iter().map(String::as_str));
    import.extend(["--out", "provision.yaml", "--stack", "shop"]);
    world.control.forget_calls();
    let rest = format!("provision import {} --out provision.yaml --stack shop", wishes[2]);
    world.provision(&import).exits(1).says(&[
        "it is in us-east-1, and this stack in eu-west-1",
        &format!("{odd} cannot be written into the stack file as it is: its lifecycle rule `by-tag`"),
        &rest,
    ]);
    assert!(!world.path("provision.yaml").exists());
    world.provision(&["import", &wishes[0], "--region", "us-east-1", "--out", "far.yaml"]).exits(0);
    // Without a stack file to write it is the same.
    world.write_stack(&format!("stack: shop\nbuckets:\n  far: {{ bucket: {far} }}\n"));
    world
        .provision(&["import", &wishes[0]])
        .exits(1)
        .says(&["it is in us-east-1, and this stack in eu-west-1"]);
    assert_eq!(world.control.calls().mutating(), 0);
}

#[test]
fn a_name_that_an_entry_of_another_section_has_is_refused_with_a_command_that_works() {
    let world = World::seeded(&["--topology", "private"]);
    let wish = format!("aws_security_group.one={}", office(&world, "office"));
    world.provision(&["import", &wish, "--out", "provision.yaml", "--stack", "shop"]).exits(0);
    let bucket = format!("by-hand-{}", world.account);
    world.cloud.make_bucket(&bucket);
    let wish = format!("aws_s3_bucket.one={bucket}");
    let said = world
        .provision(&["import", &wish, "--into"])
        .exits(1)
        .says(&["the security group `one` already"])
        .said();
    let commands = commands(&said);
    let [command] = commands.as_slice() else { panic!("{said}") };
    world
        .provision(&command.iter().map(String::as_str).collect::<Vec<_>>())
        .exits(0)
        .says(&["aws_s3_bucket.one-2"]);
    adds_tags_alone(&world);
}

#[test]
fn what_is_being_deleted_is_neither_added_to_a_stack_file_nor_written_into_one() {
    let world = World::seeded(&["--topology", "private"]);
    by_hand(&world);
    let wish = format!("aws_security_group.office={}", office(&world, "office"));
    world.provision(&["import", &wish, "--out", "provision.yaml", "--stack", "shop"]).exits(0);
    world.control.settings(json!({ "db_deleting": 600 }));
    let delete = world.cloud.rds.delete_db_instance().db_instance_identifier("gitlab-pgsql");
    world.cloud.run(delete.skip_final_snapshot(true).send()).expect("it can be deleted");
    let wish = "aws_db_instance.records=gitlab-pgsql";
    for place in [&["--into"][..], &["--out", "other.yaml"]] {
        let import: Vec<&str> = ["import", wish].iter().chain(place).copied().collect();
        world.provision(&import).exits(1).says(&["gitlab-pgsql is not adopted: it is being deleted"]);
    }
}

#[test]
fn what_belongs_to_an_object_and_cannot_be_written_is_left_as_it_is_and_the_object_is_adopted() {
    use aws_sdk_efs::types::{PosixUser, RootDirectory};
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    let user = PosixUser::builder().uid(1).gid(1).build().expect("a user");
    let create = world.cloud.efs.create_access_point().file_system_id(&made.files).client_token("ownerless");
    let create = create.posix_user(user).root_directory(RootDirectory::builder().path("/plain").build());
    let point = world.cloud.run(create.send()).expect("an access point can be made");
    let point = point.access_point_id.expect("it has an id");
    let other = office(&world, "of-copies");
    let copy = |name: &str| {
        let create = world.cloud.rds.create_db_instance_read_replica().db_instance_identifier(name);
        create.source_db_instance_identifier("gitlab-pgsql")
    };
    let near = copy("gitlab-pgsql-near").vpc_security_group_ids(&made.group_of_records);
    let apart = copy("gitlab-pgsql-apart").vpc_security_group_ids(&other);
    let tag = |key: &str, value: &str| aws_sdk_rds::types::Tag::builder().key(key).value(value).build();
    let foreign = copy("gitlab-pgsql-theirs")
        .vpc_security_group_ids(&made.group_of_records)
        .tags(tag("provision:stack", "mall"));
    let foreign = foreign.tags(tag("provision:lineage", "11111111-1111-1111-1111-111111111111"));
    for copy in [near, apart, foreign.tags(tag("provision:address", "aws_db_replica.x/r"))] {
        world.cloud.run(copy.send()).expect("a replica can be made");
    }
    databases_rest(&world, 4);
    let files = format!("aws_efs_file_system.files={}", made.files);
    let import = ["import", &files, "aws_db_instance.records=gitlab-pgsql", "--out", "provision.yaml"];
    world.control.forget_calls();
    let said = world.provision(&import).exits(0).says(&[
        &point,
        "it says no owner and permissions of its directory",
        "gitlab-pgsql-apart has other security groups",
        "aws_db_replica gitlab-pgsql-theirs",
        "it belongs to the stack mall",
        "aws_db_replica.records/near",
    ]);
    let said = said.said();
    assert!(!said.contains("aws_db_replica.records/theirs") && !said.contains("records/apart"), "{said}");
    assert_eq!(world.control.calls().mutating(), 0);
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
    // They stay what they were.
    let tags = |name: &str| {
        let all = databases(&world);
        let one = all.iter().find(|one| one.db_instance_identifier() == Some(name)).expect("it is there");
        one.tag_list().iter().filter_map(|tag| tag.value()).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(tags("gitlab-pgsql-theirs").contains(&"mall".to_owned()));
    assert!(tags("gitlab-pgsql-apart").is_empty());
}

#[test]
fn what_is_adopted_already_is_not_adopted_again_at_another_name() {
    let world = World::seeded(&["--topology", "private"]);
    let group = office(&world, "office");
    let wish = format!("aws_security_group.office={group}");
    world.provision(&["import", &wish, "--out", "provision.yaml"]).exits(0);
    let before = std::fs::read_to_string(world.path("provision.yaml")).expect("it is written");
    let again = format!("aws_security_group.again={group}");
    world
        .provision(&["import", &again, "--into"])
        .exits(1)
        .says(&["is recorded already, as aws_security_group.office"]);
    let both = ["import", &wish.replace("office=", "a="), &wish.replace("office=", "b="), "--out", "c.yaml"];
    world.provision(&both).exits(1);
    assert_eq!(std::fs::read_to_string(world.path("provision.yaml")).expect("it is written"), before);
    assert!(!world.path("c.yaml").exists());
}

#[test]
fn a_group_is_asked_for_by_its_id_and_not_by_a_pattern() {
    let world = World::seeded(&["--topology", "private"]);
    let group = office(&world, "office");
    let wish = format!("aws_security_group.office={}*", &group[..6]);
    world.provision(&["import", &wish, "--out", "provision.yaml"]).exits(1).says(&["AWS has no"]);
    assert!(!world.path("provision.yaml").exists());
}
