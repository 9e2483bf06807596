//! Objects that somebody else made are described by a stack file and recorded as they are: nothing in AWS changes but ownership tags.

mod before_apply;
mod found;
mod made_by_hand;
mod refused;
mod terraform;

use serde_json::{Value, json};

use crate::world::World;

use made_by_hand::{by_hand, databases, databases_rest, from_group, group, office, subnets, text};
use terraform::terraform_state;

/// Holds that a plan adds ownership tags, at no cost, and does nothing else.
#[track_caller]
pub fn adds_tags_alone(world: &World) {
    let plan = world.plan(&[]);
    let errors: Vec<&Value> =
        plan["preflight"].as_array().into_iter().flatten().filter(|one| one["level"] == "error").collect();
    assert!(errors.is_empty(), "{errors:?}");
    let changes = plan["changes"].as_array().expect("a list of changes").iter();
    let changes: Vec<&Value> = changes
        .filter(|change| !["no-op", "watch"].contains(&change["action"].as_str().unwrap_or_default()))
        .collect();
    assert!(!changes.is_empty());
    for change in changes {
        let fields = change["fields"].as_array().into_iter().flatten();
        let paths: Vec<&str> = fields.filter_map(|field| field["path"].as_str()).collect();
        assert_eq!((change["action"].as_str(), paths), (Some("update"), vec!["ownership tags"]), "{change}");
        assert_eq!(change["effect"], "none", "{change}");
    }
}

#[test]
fn a_file_system_and_a_database_are_adopted_as_they_are_with_what_belongs_to_them() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    let files = format!("aws_efs_file_system.files={}", made.files);
    let import = [
        "import",
        &files,
        "aws_db_instance.records=gitlab-pgsql",
        "--out",
        "provision.yaml",
        "--stack",
        "gitlab",
    ];
    world.control.forget_calls();
    let said = world.provision(&import).exits(0);
    said.says(&[
        &made.group_of_files,
        &made.group_of_records,
        "nothing else uses it",
        "aws_db_subnet_group gitlab_pgsql",
        "Nothing in AWS was changed",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    let written = std::fs::read_to_string(world.path("provision.yaml")).expect("it is written");
    for words in [
        "stack: gitlab",
        "cluster: k8s.myzone.net",
        "throughput_mode: bursting",
        "git-data:",
        "password: unmanaged",
        "log_min_duration_statement: \"500\"",
        "prefix_list: pl-",
        "role: nodes",
        "multi_az: false",
        "deletion_protection: false",
        "gitlab_pgsql",
    ] {
        assert!(written.contains(words), "`{words}` is not in:\n{written}");
    }
    assert!(!written.contains("encrypted") && !written.contains("of-the-original"), "{written}");
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
    // The same command goes on to say that it is done.
    world.provision(&["import", &files]).exits(0).says(&["Nothing to do"]);
    assert_eq!(world.record("aws_efs_file_system.files")["id"], json!(made.files));
    let names = world.cloud.run(world.cloud.efs.list_tags_for_resource().resource_id(&made.files).send());
    let names = names.expect("tags can be read");
    assert!(names.tags().iter().any(|tag| tag.key() == "Name" && tag.value() == "The files"), "{names:?}");
}

#[test]
fn an_entry_is_added_to_the_stack_file_that_is_there_and_its_comments_stay() {
    let world = World::applied();
    let before = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    let before = format!("# the shop\n{before}# the end\n");
    world.write_stack(&before);
    let nodes = text(&world.seed["security_groups"]["nodes"]);
    let group = group(&world, "office", vec![from_group(443, &nodes)]);
    world.control.forget_calls();
    // Without an option the entry has to be written first, and the refusal says how.
    let wish = format!("aws_security_group.office={group}");
    world.provision(&["import", &wish]).exits(1).says(&["--into"]);
    world.provision(&["import", &wish, "--into"]).exits(0).says(&[&group, "Nothing in AWS was changed"]);
    assert_eq!(world.control.calls().mutating(), 0);
    let after = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    assert!(after.starts_with(&before), "{after}");
    assert!(after[before.len()..].contains("security_groups:\n  office:\n"), "{after}");
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
    world.provision(&["import", &wish, "--into"]).exits(1).says(&["has the security group `office` already"]);
    // It is one of the stack's own from now on, and is changed like any other one.
    let text = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    world.write_stack(&text.replace("port: 443", "port: 8443"));
    world.apply(&[]);
    world.plans_nothing();
    let rules = world.cloud.run(world.cloud.ec2.describe_security_groups().group_ids(&group).send());
    let rules = rules.expect("it can be read");
    assert_eq!(rules.security_groups()[0].ip_permissions()[0].from_port(), Some(8443));
}

#[test]
fn what_stands_in_no_cluster_and_in_the_default_groups_is_adopted_in_its_own_network() {
    let world = World::empty();
    let (vpcs, subnets) = (world.cloud.ec2.describe_vpcs(), world.cloud.ec2.describe_subnets());
    let vpcs = world.cloud.run(vpcs.send()).expect("VPCs can be read");
    let vpc = vpcs.vpcs().iter().find(|vpc| vpc.is_default() == Some(true)).and_then(|vpc| vpc.vpc_id());
    let vpc = vpc.expect("each account has one").to_owned();
    assert!(!world.cloud.run(subnets.send()).expect("subnets can be read").subnets().is_empty());
    // Without groups a database is in those that the default VPC has.
    world.cloud.make_database("records");
    crate::world::eventually("the database is there", || {
        let answer =
            world.cloud.run(world.cloud.rds.describe_db_instances().send()).expect("databases can be read");
        answer.db_instances().iter().all(|one| one.db_instance_status() == Some("available"))
    });
    world.control.forget_calls();
    let import = ["import", "aws_db_instance.records=records", "--out", "provision.yaml"];
    world
        .provision(&import)
        .exits(0)
        .says(&["each VPC has one of this name", "AWS makes it, and nobody changes it"]);
    assert_eq!(world.control.calls().mutating(), 0);
    let written = std::fs::read_to_string(world.path("provision.yaml")).expect("it is written");
    assert!(written.contains(&vpc) && written.contains("existing: default"), "{written}");
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
}

/// The requests and the round trips of a command, where each request takes longer than all of a round need to be sent.
#[track_caller]
fn takes(world: &World, command: &[&str]) -> (u64, usize) {
    world.control.settings(json!({ "latency": 1.0 }));
    world.control.forget_calls();
    world.provision(command).exits(0);
    let calls = world.control.calls();
    let rounds = world.control.rounds();
    world.control.settings(json!({}));
    assert_eq!(calls.mutating(), 0);
    eprintln!("{command:?}: {} requests in {rounds} round trips: {:?}", calls.total, calls.by_operation);
    (calls.total, rounds)
}

#[test]
fn a_whole_stack_is_adopted_in_three_round_trips() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    let files = format!("aws_efs_file_system.files={}", made.files);
    let import = ["import", &files, "aws_db_instance.records=gitlab-pgsql"];
    let out = ["--out", "provision.yaml", "--stack", "gitlab"];
    let (requests, rounds) = takes(&world, &[&import[..], &out].concat());
    assert!(rounds <= 3 && requests <= 40, "{requests} requests in {rounds} round trips");
    adds_tags_alone(&world);
    // The same out of a state of Terraform.
    let forgotten = |world: &World| {
        world.lose_the_state();
        std::fs::remove_file(world.path("provision.yaml")).expect("it is there");
    };
    forgotten(&world);
    std::fs::write(world.path("terraform.tfstate"), terraform_state(&world, &made))
        .expect("it can be written");
    let import = ["import", "--terraform", "terraform.tfstate"];
    let (requests, rounds) = takes(&world, &[&import[..], &out].concat());
    assert!(rounds <= 3 && requests <= 40, "{requests} requests in {rounds} round trips");
    adds_tags_alone(&world);
    // As what a stack file declares already, which is how a lost state is found again before the first apply.
    world.lose_the_state();
    let import = ["import", &files, "aws_db_instance.gitlab-pgsql=gitlab-pgsql"];
    let (requests, rounds) = takes(&world, &import);
    assert!(rounds <= 3 && requests <= 40, "{requests} requests in {rounds} round trips");
    // Objects that no state knows.
    world.lose_the_state();
    let (requests, rounds) = takes(&world, &["import", "--found"]);
    assert!(rounds <= 3 && requests <= 40, "{requests} requests in {rounds} round trips");
}

#[test]
fn with_json_an_adoption_prints_one_document_and_nothing_else() {
    let world = World::seeded(&["--topology", "private"]);
    let office = office(&world, "office");
    let wish = format!("aws_security_group.office={office}");
    let document = world.provision(&["import", &wish, "--out", "provision.yaml", "--json"]).exits(0).json();
    assert_eq!(document["taken_over"][0]["id"], json!(office));
    let other = self::office(&world, "other");
    let wish = format!("aws_security_group.other={other}");
    let document = world.provision(&["import", &wish, "--into", "--json"]).exits(0).json();
    assert_eq!(document["taken_over"][0]["id"], json!(other));
}

#[test]
fn replicas_and_buckets_are_adopted_as_they_are() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    let replica = world.cloud.rds.create_db_instance_read_replica();
    let replica = replica.vpc_security_group_ids(&made.group_of_records);
    let replica =
        replica.db_instance_identifier("gitlab-pgsql-reports").source_db_instance_identifier("gitlab-pgsql");
    world.cloud.run(replica.send()).expect("a replica can be made");
    crate::world::eventually("the replica is there", || {
        let all = databases(&world);
        all.len() == 2 && all.iter().all(|one| one.db_instance_status() == Some("available"))
    });
    // By itself it is none.
    world
        .provision(&["import", "aws_db_instance.copy=gitlab-pgsql-reports", "--out", "other.yaml"])
        .exits(1)
        .says(&["it is a copy of", "comes along where that is imported"]);
    let bucket = format!("by-hand-{}", world.account);
    world.cloud.make_bucket(&bucket);
    world.cloud.keep_versions(&bucket);
    let wish = format!("aws_s3_bucket.uploads={bucket}");
    let import = [
        "import",
        "aws_db_instance.records=gitlab-pgsql",
        &wish,
        "--out",
        "provision.yaml",
        "--stack",
        "shop",
    ];
    world.control.forget_calls();
    world.provision(&import).exits(0).says(&["aws_db_replica.records/reports", "aws_s3_bucket.uploads"]);
    assert_eq!(world.control.calls().mutating(), 0);
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn a_replication_comes_along_with_its_file_system_and_its_copy_stays_what_it_is() {
    use aws_sdk_efs::types::DestinationToCreate;
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    let destination = DestinationToCreate::builder().region("eu-central-1").build();
    let create = world.cloud.efs.create_replication_configuration().source_file_system_id(&made.files);
    world.cloud.run(create.destinations(destination).send()).expect("a replication can be made");
    let files = format!("aws_efs_file_system.files={}", made.files);
    world.control.forget_calls();
    world.provision(&["import", &files, "--out", "provision.yaml"]).exits(0).says(&["aws_efs_replication"]);
    assert_eq!(world.control.calls().mutating(), 0);
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
}

#[test]
fn an_object_that_is_to_be_left_alone_is_adopted_where_it_is_named() {
    let world = World::small();
    world.apply(&[]);
    let id = world.cloud.make_group("door", &text(&world.seed["vpc_id"]));
    let tag = aws_sdk_ec2::types::Tag::builder().key("provision:stack").value("none").build();
    world.cloud.run(world.cloud.ec2.create_tags().resources(&id).tags(tag).send()).expect("it can be tagged");
    world.provision(&["import", &format!("aws_security_group.door={id}"), "--into"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
}

/// The commands below the lines of what was said.
fn commands(said: &str) -> Vec<Vec<String>> {
    let lines = said.lines().filter_map(|line| line.trim().strip_prefix("provision "));
    lines.map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

#[test]
fn after_another_stack_file_was_written_the_next_command_names_it() {
    let world = World::small();
    let before = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    let [first, second] = ["first", "second"].map(|name| (name, office(&world, name)));
    let wish = |(name, id): &(&str, String)| format!("aws_security_group.{name}={id}");
    let out = ["import", &wish(&first), "--out", "new.yaml", "--stack", "new"];
    world.provision(&out).exits(0).says(&["Next: provision plan --config new.yaml"]);
    world
        .provision(&["plan", "--config", "new.yaml"])
        .exits(0)
        .says(&["Plan for new", "aws_security_group.first: update"]);
    let into = ["import", &wish(&second), "--into", "new.yaml"];
    world.provision(&into).exits(0).says(&["Next: provision plan --config new.yaml"]);
    world.provision(&["plan", "--config", "new.yaml"]).exits(0).says(&["aws_security_group.second: update"]);
    // A refusal is told of with the same file.
    let again =
        world.provision(&["import", &format!("aws_security_group.first={}", first.1), "--into", "new.yaml"]);
    again.exits(1).says(&[
        &format!("provision import aws_security_group.first={} --config new.yaml", first.1),
        "aws_security_group.first-2=",
    ]);
    assert_eq!(std::fs::read_to_string(world.path("provision.yaml")).expect("it is there"), before);
}

#[test]
fn the_next_command_takes_the_new_stack_file_and_not_the_built_in_stack() {
    let world = World::seeded(&["--topology", "private"]);
    let wish = format!("aws_security_group.office={}", office(&world, "office"));
    let said = world.provision(&["import", &wish, "--out", "provision.yaml", "--reference"]).exits(0).said();
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("Next: provision plan") && !said.contains("--reference"), "{said}");
    adds_tags_alone(&world);
}

#[test]
fn databases_that_share_their_groups_are_adopted_by_one_command() {
    for name in ["gitlab_pgsql", "records", "one-zone-short"] {
        let world = World::seeded(&["--topology", "private"]);
        let mut subnets: Vec<String> = subnets(&world).into_iter().map(|(id, _)| id).collect();
        if name == "one-zone-short" {
            subnets.pop();
        }
        world.cloud.make_subnet_group(name, subnets);
        world.cloud.make_parameter_group("tuned-postgres16", "postgres16");
        let parameter = aws_sdk_rds::types::Parameter::builder().parameter_name("work_mem");
        let parameter = parameter.parameter_value("5000").apply_method("immediate".into()).build();
        let modify = world.cloud.rds.modify_db_parameter_group().db_parameter_group_name("tuned-postgres16");
        world.cloud.run(modify.parameters(parameter).send()).expect("a parameter can be set");
        let all = ["records", "archive", "zeta"];
        for database in all {
            let create = world.cloud.rds.create_db_instance().db_instance_identifier(database);
            let create = create.engine("postgres").engine_version("16.4").db_instance_class("db.t4g.medium");
            let create = create.allocated_storage(50).db_subnet_group_name(name);
            let create = create.db_parameter_group_name("tuned-postgres16");
            let create = create.master_username("postgres").master_user_password("of-the-original");
            world.cloud.run(create.send()).expect("a database can be made");
        }
        databases_rest(&world, all.len());
        let wishes = all.map(|database| format!("aws_db_instance.{database}={database}"));
        let mut import = vec!["import"];
        import.extend(wishes.iter().map(String::as_str));
        import.extend(["--out", "provision.yaml", "--stack", "shop"]);
        world.control.forget_calls();
        world.provision(&import).exits(0).says(&[&format!("aws_db_subnet_group.archive {name}")]);
        assert_eq!(world.control.calls().mutating(), 0);
        adds_tags_alone(&world);
        world.apply(&[]);
        world.plans_nothing();
    }
}

#[test]
fn entries_are_added_to_one_of_several_files_that_are_named_together() {
    let world = World::seeded(&["--topology", "private"]);
    let group = office(&world, "office");
    std::fs::write(world.path("a.yaml"), "stack: shop\n").expect("it can be written");
    std::fs::write(world.path("b.yaml"), "security_groups:\n  web: {}\n").expect("it can be written");
    let wish = format!("aws_security_group.office={group}");
    let both = ["--config", "a.yaml", "--config", "b.yaml"];
    world.provision(&[&["import", &wish, "--into"][..], &both].concat()).exits(1).says(&["--into b.yaml"]);
    world.provision(&["import", &wish, "--into", "b.yaml"]).exits(1).says(&["names no stack", "--config"]);
    world.provision(&[&["import", &wish, "--into", "b.yaml"][..], &both].concat()).exits(0);
    assert!(world.path("state/shop.json").exists() && !world.path("state/storage.json").exists());
    let written = std::fs::read_to_string(world.path("b.yaml")).expect("it is there");
    assert!(written.contains("  office:"), "{written}");
}
