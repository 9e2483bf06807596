//! Objects that somebody else made are described by a stack file and recorded as they are: nothing in AWS changes but ownership tags.

use aws_sdk_ec2::types::{IpPermission, IpRange, PrefixListId, UserIdGroupPair};
use serde_json::{Value, json};

use crate::world::World;

/// The objects of a world that were made by hand.
struct ByHand {
    files: String,
    group_of_files: String,
    group_of_records: String,
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The private subnets of the world, with their zones.
fn subnets(world: &World) -> Vec<(String, String)> {
    let all = world.seed["subnets"].as_array().expect("the seed names its subnets").iter();
    let private = all.filter(|subnet| subnet["type"] == "Private");
    private.map(|subnet| (text(&subnet["id"]), text(&subnet["zone"]))).collect()
}

/// A permission for a port from a group.
fn from_group(port: i32, group: &str) -> IpPermission {
    let pair = UserIdGroupPair::builder().group_id(group).build();
    IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port).user_id_group_pairs(pair).build()
}

/// A group with these rules.
fn group(world: &World, name: &str, permissions: Vec<IpPermission>) -> String {
    let id = world.cloud.make_group(name, &text(&world.seed["vpc_id"]));
    let call = world.cloud.ec2.authorize_security_group_ingress().group_id(&id);
    world.cloud.run(call.set_ip_permissions(Some(permissions)).send()).expect("rules can be set");
    id
}

/// A file system with mount targets and an access point, and a database with a group of each kind, as people make them.
fn by_hand(world: &World) -> ByHand {
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
fn what_no_state_knows_is_listed_with_the_command_that_adopts_it() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    world.control.forget_calls();
    let found = world.provision(&["import", "--found", "--json"]).exits(0).json();
    let found = found["found"].as_array().expect("a list").clone();
    let command = |id: &str| {
        let one =
            found.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id} is not in {found:?}"));
        text(&one["import"])
    };
    assert_eq!(
        command(&made.files),
        format!("provision import aws_efs_file_system.the-files={} --out provision.yaml", made.files)
    );
    command(&made.group_of_files);
    // Neither the cluster's own nor what each VPC has.
    let nodes = &world.seed["security_groups"]["nodes"];
    assert!(found.iter().all(|one| one["id"] != *nodes && one["described"] != "default"), "{found:?}");
    // A command is typed as it was printed, and the object is not listed after that.
    let line = command(&made.files);
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    world.provision(&words).exits(0);
    assert_eq!(world.control.calls().mutating(), 0);
    let again = world.provision(&["import", "--found"]).exits(0).said();
    assert!(!again.contains(&made.files) && again.contains("--into"), "{again}");
    // What the stack has tagged and let go of is known to no state either.
    world.apply(&[]);
    world.provision(&["state", "forget", "the-files", "--auto-approve"]).exits(0);
    world.write_stack("stack: the-files\nfile_systems: {}\n");
    let found = world.provision(&["import", "--found", "--json"]).exits(0).json();
    let all = found["found"].as_array().expect("a list");
    let one = all.iter().find(|one| one["id"] == *made.files).expect("it is listed");
    assert!(text(&one["described"]).ends_with("with the tags of this stack"), "{one}");
    let line = text(&one["import"]);
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    world.provision(&words).exits(0);
    // Of another stack only the number is said.
    world.write_stack("stack: mall\nfile_systems: {}\n");
    let said = world.provision(&["import", "--found", "--state", "mall.json"]).exits(0);
    said.says(&["what carries the tags of other stacks: the-files ("]);
}

#[test]
fn what_is_found_without_a_stack_file_is_adopted_by_one_command_too() {
    let world = World::seeded(&["--topology", "private"]);
    let (first, second) = (office(&world, "first"), office(&world, "second"));
    let said = world.provision(&["import", "--found"]).exits(0).out;
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| line.starts_with("All by one command")).expect("it is offered");
    let words: Vec<&str> = lines[at + 1].split_whitespace().skip(1).collect();
    world.provision(&words).exits(0).says(&[&first, &second]);
    world.apply(&[]);
    world.plans_nothing();
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

/// A state of Terraform that names what was made by hand, as Terraform would have it, and a key of which nothing is known here.
fn terraform_state(world: &World, made: &ByHand) -> String {
    let one = |kind: &str, name: &str, instances: Value| {
        json!({ "mode": "managed", "type": kind, "name": name, "instances": instances,
                "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]" })
    };
    let of = |attributes: Value| json!([{ "schema_version": 0, "attributes": attributes }]);
    let read = world.cloud.efs.describe_mount_targets().file_system_id(&made.files).send();
    let read = world.cloud.run(read).expect("mount targets can be read").mount_targets.unwrap_or_default();
    let targets = read.into_iter().map(|target| {
        json!({ "index_key": target.availability_zone_name, "attributes": {
            "id": target.mount_target_id, "file_system_id": made.files, "security_groups": [made.group_of_files] } })
    });
    let targets: Vec<Value> = targets.collect();
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 3, "lineage": "a-lineage", "outputs": {},
        "resources": [
            one("aws_efs_file_system", "files", of(json!({ "id": made.files }))),
            one("aws_efs_mount_target", "files", json!(targets)),
            one("aws_security_group", "files", of(json!({ "id": made.group_of_files, "name": "EFS_K8s" }))),
            one("aws_security_group", "db", of(json!({ "id": made.group_of_records, "name": "gitlab-pgsql" }))),
            one("aws_db_subnet_group", "db", of(json!({ "id": "gitlab_pgsql" }))),
            one("aws_db_parameter_group", "db", of(json!({ "id": "tuned-postgres16" }))),
            one("aws_db_instance", "db", of(json!({
                "id": "db-ABC", "identifier": "gitlab-pgsql", "engine": "postgres", "password": "of-the-original",
                "db_subnet_group_name": "gitlab_pgsql", "parameter_group_name": "tuned-postgres16",
                "vpc_security_group_ids": [made.group_of_records],
            }))),
            one("aws_kms_key", "k", of(json!({ "id": "k-1" }))),
        ],
    })
    .to_string()
}

#[test]
fn everything_of_a_terraform_state_that_is_ours_is_adopted_by_one_command() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    std::fs::write(world.path("terraform.tfstate"), terraform_state(&world, &made))
        .expect("it can be written");
    world.control.forget_calls();
    let command =
        ["import", "--terraform", "terraform.tfstate", "--out", "provision.yaml", "--removed", "removed.tf"];
    let run = world.provision(&[&command[..], &["--stack", "gitlab"]].concat()).exits(0);
    run.says(&[
        "aws_kms_key.k (k-1)",
        &made.group_of_files,
        "Nothing in AWS was changed",
        "Wrote removed.tf: 7 blocks",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.record("aws_efs_file_system.files")["id"], json!(made.files));
    assert_eq!(world.record("aws_db_instance.gitlab-pgsql")["inputs"]["identifier"], "gitlab-pgsql");
    let blocks = std::fs::read_to_string(world.path("removed.tf")).expect("it is written");
    assert_eq!(blocks.matches("destroy = false").count(), 7, "{blocks}");
    for (path, content) in world.files() {
        let is_theirs = path.ends_with("terraform.tfstate");
        let text = String::from_utf8_lossy(&content);
        assert!(is_theirs || !text.contains("of-the-original"), "{}", path.display());
    }
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
fn objects_of_a_terraform_state_of_another_account_are_not_taken_for_what_has_their_names_here() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    let elsewhere = terraform_state(&world, &made)
        .replace("\"db-ABC\"", "\"db-ABC\",\"arn\":\"arn:aws:rds:eu-west-1:210987654321:db:gitlab-pgsql\"");
    std::fs::write(world.path("terraform.tfstate"), &elsewhere).expect("it can be written");
    let import =
        ["import", "--terraform", "terraform.tfstate", "--out", "provision.yaml", "--stack", "gitlab"];
    world.provision(&import).exits(1).says(&[
        "these objects are in account 210987654321, and the credentials are of",
        &world.account,
        "--profile",
    ]);
    assert!(!world.path("provision.yaml").exists() && !world.path("state/gitlab.json").exists());
    let here = elsewhere.replace("210987654321", &world.account);
    std::fs::write(world.path("terraform.tfstate"), here).expect("it can be written");
    world.provision(&import).exits(0);
    adds_tags_alone(&world);
}

/// A folder of a second person, who works in the same account.
fn second(world: &World) -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().expect("a folder");
    std::fs::create_dir_all(folder.path()).expect("a folder");
    assert!(world.path("provision.yaml").exists(), "the first has begun");
    folder
}

/// Runs the binary in another folder of the same account.
fn in_folder(world: &World, folder: &std::path::Path, arguments: &[&str]) -> crate::world::Ran {
    let mut command = world.command(arguments);
    command.current_dir(folder);
    crate::world::ended(command.spawn().expect("the binary can be run"))
}

/// All databases, those without tags too.
fn databases(world: &World) -> Vec<aws_sdk_rds::types::DbInstance> {
    let answer = world.cloud.run(world.cloud.rds.describe_db_instances().send());
    answer.expect("databases can be read").db_instances.unwrap_or_default()
}

/// A group made by hand, with a rule for a port.
fn office(world: &World, name: &str) -> String {
    let nodes = text(&world.seed["security_groups"]["nodes"]);
    group(world, name, vec![from_group(443, &nodes)])
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
fn each_command_that_is_printed_for_what_is_found_works_without_a_stack_file() {
    let world = World::seeded(&["--topology", "private"]);
    let long = format!("a-name-that-is-longer-than-that-of-a-stack-{}", "x".repeat(20));
    let group = office(&world, &long);
    let found = world.provision(&["import", "--found", "--json", "--region", "eu-west-1"]).exits(0).json();
    let found =
        found["found"].as_array().expect("a list").iter().find(|one| one["id"] == json!(group)).cloned();
    let line = text(&found.expect("it is found")["import"]);
    assert!(line.contains("--region eu-west-1") && line.contains("--stack "), "{line}");
    world.provision(&["import", "--found", "--region", "eu-west-1"]).exits(0).says(&[&line]);
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    world.provision(&words).exits(0);
    adds_tags_alone(&world);
}

#[test]
fn a_state_that_is_lost_before_the_first_apply_is_not_put_together_and_the_objects_are_imported_again() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    let files = format!("aws_efs_file_system.files={}", made.files);
    let import = ["import", &files, "aws_db_instance.records=gitlab-pgsql", "--out", "provision.yaml"];
    world.provision(&import).exits(0);
    world.lose_the_state();
    world.control.forget_calls();
    // There are no tags yet by which a rebuild could tell them.
    let rebuilt = world.provision(&["state", "rebuild", "--auto-approve"]);
    let said = rebuilt.said();
    for (address, id) in
        [("aws_efs_file_system.files", made.files.as_str()), ("aws_db_instance.records", "db-")]
    {
        assert!(said.contains(&format!("provision import {address}={id}")), "{said}");
    }
    // Nothing is made beside them, and nothing is taken unasked.
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert_eq!(world.control.calls().mutating(), 0);
    // The same command goes on where the file is as it wrote it.
    world.provision(&import).exits(0);
    assert_eq!(world.control.calls().mutating(), 0);
    adds_tags_alone(&world);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(world.record("aws_efs_file_system.files")["id"], json!(made.files));
    assert_eq!(world.cloud.databases().len(), 1);
    assert_eq!(world.cloud.file_systems().len(), 1);
}

#[test]
fn of_two_stacks_that_adopt_the_same_the_second_one_is_refused_when_it_applies() {
    let world = World::seeded(&["--topology", "private"]);
    let group = office(&world, "office");
    let wish = format!("aws_security_group.office={group}");
    world.provision(&["import", &wish, "--out", "provision.yaml", "--stack", "one"]).exits(0);
    let other = second(&world);
    // Without tags nothing tells the second one of the first.
    in_folder(&world, other.path(), &["import", &wish, "--out", "provision.yaml", "--stack", "two"]).exits(0);
    world.apply(&[]);
    world.control.forget_calls();
    let refused = in_folder(&world, other.path(), &["apply", "--auto-approve"]).exits(1);
    refused.says(&["one", &group]);
    assert_eq!(world.control.calls().mutating(), 0);
    // Once the tags are there, a third one is told at once.
    let third = second(&world);
    let import = ["import", &wish, "--out", "provision.yaml", "--stack", "three"];
    in_folder(&world, third.path(), &import).exits(1).says(&["belongs to", "one"]);
    world.plans_nothing();
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
fn what_is_renamed_or_deleted_between_adoption_and_apply_is_told_of_and_nothing_empty_is_made() {
    let world = World::seeded(&["--topology", "private"]);
    by_hand(&world);
    let import = ["import", "aws_db_instance.records=gitlab-pgsql", "--out", "provision.yaml"];
    world.provision(&import).exits(0);
    let rename = world.cloud.rds.modify_db_instance().db_instance_identifier("gitlab-pgsql");
    let rename = rename.new_db_instance_identifier("renamed").apply_immediately(true);
    world.cloud.run(rename.send()).expect("it can be renamed");
    crate::world::eventually("it has its new name", || {
        databases(&world).iter().any(|one| {
            one.db_instance_identifier() == Some("renamed") && one.db_instance_status() == Some("available")
        })
    });
    // It is known by its id: the file says the old name, and the plan says so.
    let plan = world.plan(&[]);
    let changes = plan["changes"].as_array().expect("a list").iter();
    let change = changes.clone().find(|change| change["address"] == "aws_db_instance.records");
    assert_eq!(change.map(|change| change["action"].clone()), Some(json!("update")), "{plan}");
    let delete =
        world.cloud.rds.delete_db_instance().db_instance_identifier("renamed").skip_final_snapshot(true);
    world.cloud.run(delete.send()).expect("it can be deleted");
    crate::world::eventually("it is gone", || databases(&world).is_empty());
    world.control.forget_calls();
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["aws_db_instance.records", "empty"]);
    assert_eq!(world.control.calls().of("rds.CreateDBInstance"), 0);
}

#[test]
fn killed_between_the_stack_file_and_the_records_the_objects_are_recorded_without_an_option() {
    let world = World::seeded(&["--topology", "private"]);
    let group = office(&world, "office");
    let wish = format!("aws_security_group.office={group}");
    world.provision(&["import", &wish, "--out", "provision.yaml"]).exits(0);
    // A run that died there has written the file, and no record.
    world.lose_the_state();
    world.control.forget_calls();
    // An entry that says something else is not taken for it.
    world.edit_stack("port: 443", "port: 8443");
    let told = world.provision(&["import", &wish, "--into"]).exits(1);
    told.says(&["has the security group `office` already", &format!("provision import {wish}")]);
    world.edit_stack("port: 8443", "port: 443");
    world.provision(&["import", &wish]).exits(0);
    adds_tags_alone(&world);
    // One that says exactly what would be written is gone on with.
    world.lose_the_state();
    let before = std::fs::read_to_string(world.path("provision.yaml")).expect("it is there");
    world.provision(&["import", &wish, "--into"]).exits(0).says(&["Recorded"]);
    assert_eq!(std::fs::read_to_string(world.path("provision.yaml")).expect("it is there"), before);
    adds_tags_alone(&world);
    // The same command goes on too, as long as the file is as it wrote it.
    world.lose_the_state();
    world.provision(&["import", &wish, "--out", "provision.yaml"]).exits(0);
    assert_eq!(world.control.calls().mutating(), 0);
    adds_tags_alone(&world);
    world.lose_the_state();
    world.edit_stack("port: 443", "port: 8443");
    world.provision(&["import", &wish, "--out", "provision.yaml"]).exits(1).says(&["is not written over"]);
    world.edit_stack("port: 8443", "port: 443");
    world.provision(&["import", &wish, "--out", "provision.yaml"]).exits(0);
    world.apply(&[]);
    world.plans_nothing();
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
fn what_two_stacks_have_adopted_belongs_to_the_one_that_has_applied() {
    let world = World::seeded(&["--topology", "private"]);
    let files = by_hand(&world).files;
    let wish = format!("aws_efs_file_system.files={files}");
    let import = ["import", &wish, "--out"];
    let stack = |name: &'static str| ["--stack", name];
    world.provision(&[&import[..], &["provision.yaml"], &stack("shop")].concat()).exits(0);
    let other = world.path("mall.yaml");
    let other = other.to_str().expect("a path of text");
    world.provision(&[&import[..], &[other], &stack("mall")].concat()).exits(0);
    world.provision(&["apply", "--auto-approve"]).exits(0);
    for command in [&["apply", "--auto-approve"][..], &["destroy", "--auto-approve"]] {
        let ran = world.provision(&[command, &["--config", other]].concat()).exits(1);
        ran.says(&["aws_efs_file_system.files", "belongs to the stack shop"]);
    }
    assert_eq!(world.cloud.file_system().file_system_id(), files);
    world.plans_nothing();
}

/// As with `git checkout` of the stack file: what was nobody's is not deleted with its entry.
#[test]
fn an_adoption_that_is_taken_back_before_an_apply_leaves_the_object_as_it_is() {
    let world = World::small();
    let before = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    world.apply(&[]);
    let id = world.cloud.make_group("door", &text(&world.seed["vpc_id"]));
    world.provision(&["import", &format!("aws_security_group.door={id}"), "--into"]).exits(0);
    world.write_stack(&before);
    let plan = world.plan(&[]);
    let actions: Vec<(&Value, &Value)> = plan["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (&one["address"], &one["action"]))
        .collect();
    assert!(actions.contains(&(&json!("aws_security_group.door"), &json!("forget"))), "{actions:?}");
    world.control.forget_calls();
    world.apply(&[]);
    assert_eq!(world.control.calls().mutating(), 0);
    world.plans_nothing();
    // What was applied is the stack's, and goes with its entry.
    world.provision(&["import", &format!("aws_security_group.door={id}"), "--into"]).exits(0);
    world.apply(&[]);
    world.write_stack(&before);
    world.apply(&[]);
    let groups = world.cloud.run(world.cloud.ec2.describe_security_groups().group_ids(&id).send());
    assert!(groups.is_err(), "it is deleted");
}

#[test]
fn the_parts_of_an_adoption_that_is_taken_back_stay_too() {
    let world = World::seeded(&["--topology", "private"]);
    let before = "stack: shop\nfile_systems:\n  files:\n    deletion_protection: false\n";
    world.write_stack(before);
    world.apply(&[]);
    let made = by_hand(&world);
    let import = format!("aws_efs_file_system.theirs={}", made.files);
    let targets = || {
        let all = world.cloud.efs.describe_mount_targets().file_system_id(&made.files).send();
        world.cloud.run(all).expect("they can be read").mount_targets().len()
    };
    let there = targets();
    for options in [&[][..], &["--target", "aws_efs_file_system.theirs"]] {
        world.provision(&["import", &import, "--into"]).exits(0);
        let with = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
        // Under another name it would be made anew, and empty.
        world.write_stack(&with.replace("  theirs:", "  renamed:"));
        let said = world.provision(&["apply", "--auto-approve"]).exits(1);
        said.says(&["it was adopted and never applied", "provision state move theirs renamed"]);
        world.write_stack(before);
        world.control.forget_calls();
        world.apply(options);
        assert_eq!((world.control.calls().mutating(), targets()), (0, there), "{options:?}");
    }
    world.apply(&[]);
    world.plans_nothing();
    // So does a part that is taken out while the whole is still to be applied.
    world.provision(&["import", &import, "--into"]).exits(0);
    let with = std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    world.write_stack(&with.replace("  theirs:", "  theirs:\n    zones: [eu-west-1a]"));
    let plan = world.plan(&[]);
    let gone = plan["changes"].as_array().into_iter().flatten().filter(|one| one["action"] != "no-op");
    let targets_of = |one: &&Value| text(&one["address"]).starts_with("aws_efs_mount_target.theirs/");
    let actions: Vec<&Value> = gone.filter(targets_of).map(|one| &one["action"]).collect();
    assert_eq!(actions, vec![&json!("forget"); there - 1]);
}

#[test]
fn a_group_that_became_the_clusters_after_it_was_adopted_is_neither_tagged_nor_deleted() {
    use aws_sdk_ec2::types::Tag;
    let world = World::seeded(&[]);
    let id = world.cloud.make_group("door", &text(&world.seed["vpc_id"]));
    world
        .provision(&[
            "import",
            &format!("aws_security_group.door={id}"),
            "--out",
            "provision.yaml",
            "--stack",
            "shop",
        ])
        .exits(0);
    let cluster = text(&world.seed["cluster"]);
    let tag = Tag::builder().key(format!("kubernetes.io/cluster/{cluster}")).value("owned").build();
    let also = Tag::builder().key("KubernetesCluster").value(&cluster).build();
    let call = world.cloud.ec2.create_tags().resources(&id).tags(tag).tags(also);
    world.cloud.run(call.send()).expect("it can be tagged");
    for command in ["apply", "destroy"] {
        world.provision(&[command, "--auto-approve"]).exits(1).says(&["belongs to the cluster"]);
    }
    let groups = world.cloud.run(world.cloud.ec2.describe_security_groups().group_ids(&id).send());
    assert_eq!(groups.expect("it is there").security_groups()[0].tags().len(), 2);
}

/// The stack file was brought back to an older version, or is lost: the command that was typed before writes the entry again.
#[test]
fn what_is_recorded_and_has_no_entry_any_more_is_described_once_more_by_the_same_command() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    let files = format!("aws_efs_file_system.theirs={}", made.files);
    world.provision(&["import", &files, "--out", "provision.yaml", "--stack", "shop"]).exits(0);
    let written = || std::fs::read_to_string(world.path("provision.yaml")).expect("there is a stack file");
    let before = written();
    std::fs::remove_file(world.path("provision.yaml")).expect("it was written");
    world.provision(&["import", &files, "--out", "provision.yaml", "--stack", "shop"]).exits(0);
    assert_eq!(written(), before);
    world.write_stack("stack: shop\nregion: eu-west-1\nfile_systems: {}\n");
    world.provision(&["import", &files, "--into"]).exits(0);
    assert!(written().contains("theirs:"));
    world.control.forget_calls();
    let plan = world.plan(&[]);
    assert_eq!(plan["summary"]["delete"], 0);
    // A new file for objects of another one would have the next plan delete these.
    let records = "aws_db_instance.records=gitlab-pgsql";
    world
        .provision(&["import", records, "--out", "other.yaml", "--stack", "shop"])
        .exits(1)
        .says(&["manages objects of the stack shop already", "--into"]);
    assert!(!world.path("other.yaml").exists());
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

/// Waits until no database is on its way.
fn databases_rest(world: &World, count: usize) {
    crate::world::eventually("the databases are there", || {
        let all = databases(world);
        all.len() == count && all.iter().all(|one| one.db_instance_status() == Some("available"))
    });
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
fn what_a_terraform_state_has_and_aws_has_not_is_refused_with_the_command_for_the_rest() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    let mut state: Value = serde_json::from_str(&terraform_state(&world, &made)).expect("it is JSON");
    for one in state["resources"].as_array_mut().expect("a list") {
        if one["type"] == "aws_db_instance" {
            one["instances"][0]["attributes"]["identifier"] = json!("gone");
        }
    }
    std::fs::write(world.path("t.tfstate"), state.to_string()).expect("the folder can be written");
    let import = ["import", "--terraform", "t.tfstate", "--out", "provision.yaml", "--stack", "shop"];
    let said = world
        .provision(&import)
        .exits(1)
        .says(&["AWS has no aws_db_instance with the id or name gone"])
        .said();
    let commands = commands(&said);
    let command = commands.iter().find(|command| command[0] == "import").unwrap_or_else(|| panic!("{said}"));
    assert!(!command.iter().any(|word| word.contains("gone")), "{said}");
    world.provision(&command.iter().map(String::as_str).collect::<Vec<_>>()).exits(0);
    adds_tags_alone(&world);
}

#[test]
fn what_the_import_leaves_as_it_is_stays_with_terraform_and_a_killed_run_goes_on() {
    let world = World::seeded(&["--topology", "private"]);
    let made = by_hand(&world);
    // A database of others uses the group of the first one.
    let create = world.cloud.rds.create_db_instance().db_instance_identifier("others").engine("mysql");
    let create = create.db_instance_class("db.t4g.medium").allocated_storage(20).master_username("u");
    let create = create.master_user_password("of-the-others").db_subnet_group_name("gitlab_pgsql");
    world.cloud.run(create.vpc_security_group_ids(&made.group_of_records).send()).expect("it can be made");
    let state = terraform_state(&world, &made);
    std::fs::write(world.path("terraform.tfstate"), &state).expect("it can be written");
    world.write_stack("stack: gitlab\nsecurity_groups: {}\n");
    let command = ["import", "--terraform", "terraform.tfstate", "--into", "--removed", "removed.tf"];
    let said = world.provision(&command).exits(0);
    said.says(&[
        "aws_security_group.db",
        "aws_db_subnet_group.db",
        "they stay with Terraform, and their configuration stays in its .tf files",
    ]);
    let blocks = std::fs::read_to_string(world.path("removed.tf")).expect("it is written");
    for (from, has_block) in [
        ("aws_db_instance.db", true),
        ("aws_db_parameter_group.db", true),
        ("aws_efs_file_system.files", true),
        ("aws_security_group.files", true),
        ("aws_security_group.db", false),
        ("aws_db_subnet_group.db", false),
    ] {
        assert_eq!(blocks.contains(&format!("from = {from}\n")), has_block, "{from}: {blocks}");
    }
    adds_tags_alone(&world);
    // Killed before the blocks, and before the records.
    let lost = |name: &str| std::fs::remove_file(world.path(name)).expect("it is there");
    lost("removed.tf");
    world.provision(&command).exits(0).says(&["recorded already"]);
    assert_eq!(std::fs::read_to_string(world.path("removed.tf")).expect("it is written"), blocks);
    lost("removed.tf");
    world.lose_the_state();
    let run = world.provision(&[&command[..], &["--json"]].concat()).exits(0);
    let document: Value = serde_json::from_str(&run.out).expect("one document");
    assert_eq!(document["stack_file"], "provision.yaml");
    assert_eq!(document["removed"]["path"], "removed.tf");
    assert!(document["removed"]["stays"].as_array().is_some_and(|all| all.len() == 2), "{document:#}");
    assert_eq!(std::fs::read_to_string(world.path("removed.tf")).expect("it is written"), blocks);
    adds_tags_alone(&world);
}

#[test]
fn a_group_is_asked_for_by_its_id_and_not_by_a_pattern() {
    let world = World::seeded(&["--topology", "private"]);
    let group = office(&world, "office");
    let wish = format!("aws_security_group.office={}*", &group[..6]);
    world.provision(&["import", &wish, "--out", "provision.yaml"]).exits(1).says(&["AWS has no"]);
    assert!(!world.path("provision.yaml").exists());
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
