//! Objects of a state of Terraform are adopted by one command, and Terraform lets go of them.

use serde_json::{Value, json};

use super::made_by_hand::{ByHand, by_hand};
use super::{adds_tags_alone, commands};
use crate::world::World;

/// A state of Terraform that names what was made by hand, as Terraform would have it, and a key of which nothing is known here.
pub(super) fn terraform_state(world: &World, made: &ByHand) -> String {
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
