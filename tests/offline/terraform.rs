//! `import --terraform` through the binary: states as people have them, and the blocks that a real Terraform reads.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use provision::stack::Name;
use provision::terraform::{read, sort};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::facts;
use crate::real_terraform::{Terraform, said};

fn import(folder: &Path, arguments: &[&str], input: Option<&[u8]>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    command.arg("import").args(arguments).current_dir(folder).env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = command.spawn().expect("the program starts");
    let mut stdin = run.stdin.take().expect("it is piped");
    // A program that has refused its options reads nothing.
    let _ = stdin.write_all(input.unwrap_or_default());
    drop(stdin);
    run.wait_with_output().expect("the program ends")
}

/// The states of the facts, by name; none, with words, where they are not there.
fn states() -> BTreeMap<String, PathBuf> {
    let Some(folder) = facts::part("terraform") else { return BTreeMap::new() };
    let entries = std::fs::read_dir(&folder).expect("the facts can be read");
    let name = |path: &Path| path.file_name().expect("it has a name").to_string_lossy().into_owned();
    entries.map(|entry| entry.expect("it can be read").path()).map(|path| (name(&path), path)).collect()
}

#[test]
fn each_state_that_people_have_is_taken_over_as_its_facts_say_and_its_password_is_nowhere() {
    let out = TempDir::new().expect("a folder");
    for (name, folder) in states() {
        let text = |file: &str| std::fs::read_to_string(folder.join(file)).expect(file);
        let facts: Value = serde_json::from_str(&text("facts.json")).expect("JSON");
        let mut files = vec!["terraform.tfstate"];
        files
            .extend(folder.join("state-pull-by-1.11.4.json").exists().then_some("state-pull-by-1.11.4.json"));
        for file in files {
            let state = folder.join(file);
            let state = state.to_str().expect("a path of text");
            let blocks = format!("{name}.tf");
            let run = import(out.path(), &["--terraform", state, "--json", "--removed", &blocks], None);
            assert_eq!(run.status.code(), Some(0), "{name}: {}", said(&run));
            let document: Value = serde_json::from_slice(&run.stdout).expect("JSON");
            let adoptable = document["adoptable"].as_array().expect("a list");
            let of = |kind: &str| {
                let found =
                    |one: &&Value| one["address"].as_str().is_some_and(|address| address.starts_with(kind));
                adoptable.iter().find(found)
            };
            let ours = &facts["ours"];
            let database = of("aws_db_instance.").map(|one| &one["id"]);
            assert_eq!(database, ours.get("database"), "{name}");
            let files = of("aws_efs_file_system.");
            assert_eq!(files.map(|one| &one["from"]), ours.get("file_system"), "{name}");
            let along = |kind: &str| {
                let parts = files.and_then(|one| one["along"].as_array()).into_iter().flatten();
                parts.filter(|part| part["from"].as_str().is_some_and(|from| from.contains(kind))).count()
            };
            let count = |what: &str| ours.get(what).and_then(Value::as_u64).unwrap_or_default() as usize;
            assert_eq!(along("aws_efs_mount_target."), count("mount_targets"), "{name}");
            assert_eq!(along("aws_efs_access_point."), count("access_points"), "{name}");
            let blocks = std::fs::read_to_string(out.path().join(&blocks)).expect("it is written");
            for never in facts["must_not_touch"].as_array().into_iter().flatten() {
                let left = document["left_out"].as_array().expect("a list");
                assert!(left.iter().any(|one| one["from"] == *never), "{name}: {never}");
                assert!(!blocks.contains(never.as_str().expect("a text")), "{name}: {never}");
            }
            let listed = import(out.path(), &["--terraform", state], None);
            for shown in [said(&run), said(&listed), blocks] {
                assert!(!shown.contains("CANARY"), "{name}: {shown}");
            }
        }
    }
}

/// A state with a file system in a module, a database and a network.
fn state() -> Value {
    let resource = |module: Option<&str>, kind: &str, name: &str, version: u64, instances: Vec<Value>| {
        let instances: Vec<Value> = instances
            .into_iter()
            .map(|mut one| {
                one["schema_version"] = json!(version);
                one
            })
            .collect();
        let mut all = json!({
            "mode": "managed", "type": kind, "name": name, "instances": instances,
            "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
        });
        if let Some(module) = module {
            all["module"] = json!(module);
        }
        all
    };
    let files = |id: &str| {
        let arn = format!("arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/{id}");
        json!({ "id": id, "arn": arn })
    };
    let target = |zone: &str| {
        let id = format!("fsmt-{zone}");
        json!({ "index_key": zone, "attributes": { "id": id, "file_system_id": "fs-0a1b2c3d", "subnet_id": "subnet-1" } })
    };
    let module = "module.files[\"a$${b}\"]";
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "5313d2ea-d942-0971-1f23-f8ed670d48a7", "outputs": {},
        "resources": [
            resource(None, "aws_vpc", "net", 1, vec![json!({ "attributes": { "id": "vpc-1", "cidr_block": "10.0.0.0/16" } })]),
            resource(None, "aws_db_instance", "main", 2, vec![json!({ "attributes": {
                "id": "db-ABC", "identifier": "gitlab-pgsql", "engine": "postgres", "password": "CANARY",
                "instance_class": "db.t4g.medium", "arn": "arn:aws:rds:eu-west-1:123456789012:db:gitlab-pgsql",
            } })]),
            resource(Some(module), "aws_efs_file_system", "this", 0, vec![
                json!({ "index_key": 0, "attributes": files("fs-0a1b2c3d") }),
                json!({ "index_key": 0, "deposed": "0123abcd", "attributes": files("fs-0a1b2c3e") }),
                json!({ "index_key": 1, "status": "tainted", "attributes": files("fs-0a1b2c3f") }),
            ]),
            resource(Some(module), "aws_efs_mount_target", "this", 0, vec![target("eu-west-1a"), target("eu-west-1b")]),
            resource(Some(module), "aws_kms_key", "this", 0, vec![json!({ "attributes": { "id": "k-1" } })]),
        ],
    })
}

/// The network alone, which Terraform keeps.
const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "nobody"
  secret_key                  = "nothing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}
resource "aws_vpc" "net" {
  cidr_block = "10.0.0.0/16"
  lifecycle { ignore_changes = all }
}
"#;

/// A folder with the configuration and the state, for a real Terraform.
fn terraform() -> Option<Terraform> {
    Terraform::with([("main.tf", CONFIGURATION), ("terraform.tfstate", state().to_string().as_str())])
}

#[test]
fn a_real_terraform_forgets_what_the_blocks_name_and_would_destroy_what_one_was_missing_for() {
    let Some(terraform) = terraform() else { return };
    let folder = terraform.folder();
    let arguments = ["--terraform", "terraform.tfstate", "--removed", "removed.tf"];
    let run = import(folder, &arguments, None);
    assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    terraform.succeeds(&["init", "-input=false"]);
    terraform.succeeds(&["validate"]);
    let of =
        |action: &str, all: &[(String, String)]| all.iter().filter(|(_, one)| one.contains(action)).count();
    let all = terraform.planned();
    assert_eq!((of("forget", &all), of("no-op", &all), all.len()), (7, 1, 8), "{all:#?}");
    // One block too few.
    let path = folder.join("removed.tf");
    let blocks = std::fs::read_to_string(&path).expect("it is written");
    let one = "removed {\n  from = aws_db_instance.main\n\n  lifecycle {\n    destroy = false\n  }\n}\n";
    assert!(blocks.contains(one), "{blocks}");
    std::fs::write(&path, blocks.replace(one, "")).expect("it can be written");
    let destroyed = terraform.planned();
    assert!(
        destroyed.contains(&("aws_db_instance.main".to_owned(), "\"delete\"".to_owned())),
        "{destroyed:#?}"
    );
    // The command writes over its own file, and Terraform lets go.
    assert_eq!(import(folder, &arguments, None).status.code(), Some(0));
    assert_eq!(terraform.planned(), all);
    let applied = terraform.succeeds(&["apply", "-input=false", "plan"]);
    assert!(applied.contains("0 destroyed"), "{applied}");
    assert_eq!(terraform.succeeds(&["state", "list"]).trim(), "aws_vpc.net");
}

#[test]
fn a_state_of_terraform_0_9_is_the_same_when_a_real_terraform_has_brought_it_up() {
    let Some(terraform) = terraform() else { return };
    let folder = terraform.folder();
    let flat = json!({ "id": "gitlab-pgsql", "identifier": "gitlab-pgsql", "engine": "postgres", "tags.%": "1", "tags.Name": "a" });
    let old = json!({
        "version": 3, "terraform_version": "0.9.4", "serial": 3, "lineage": "5313d2ea-d942-0971-1f23-f8ed670d48a7",
        "modules": [{ "path": ["root"], "outputs": {}, "resources": { "aws_db_instance.main": {
            "type": "aws_db_instance", "depends_on": [], "provider": "",
            "primary": { "id": "gitlab-pgsql", "attributes": flat, "meta": {}, "tainted": false }, "deposed": [],
        } }, "depends_on": [] }],
    })
    .to_string();
    std::fs::remove_file(folder.join("main.tf")).expect("it is there");
    for format in [3, 2] {
        let old = old.replace("\"version\":3", &format!("\"version\":{format}"));
        std::fs::write(folder.join("terraform.tfstate"), &old).expect("it can be written");
        let pulled = terraform.succeeds(&["state", "pull"]);
        let (old, new) = (read(old.as_bytes()).expect("a state"), read(pulled.as_bytes()).expect("a state"));
        assert_eq!((old.provider, sort(&old)), (new.provider, sort(&new)));
        assert_eq!(sort(&new).adoptable.len(), 1);
    }
}

#[test]
fn the_names_that_are_proposed_are_names_of_a_stack_file() {
    let state = read(state().to_string().as_bytes()).expect("a state");
    let adoptable = sort(&state).adoptable;
    assert_eq!(adoptable.len(), 2);
    for one in adoptable {
        assert!(one.address.name().parse::<Name>().is_ok(), "{}", one.address);
    }
}

#[test]
fn a_state_is_read_from_a_pipe_too_and_nothing_is_written_beside_the_blocks() {
    let folder = TempDir::new().expect("a folder");
    let text = state().to_string();
    let run = import(folder.path(), &["--terraform", "-", "--removed", "removed.tf"], Some(text.as_bytes()));
    let said = said(&run);
    assert_eq!(run.status.code(), Some(0), "{said}");
    for words in [
        "Standard input holds 8 objects, serial 1, written by Terraform 1.11.4.",
        "aws_db_instance.gitlab-pgsql=gitlab-pgsql, in Terraform aws_db_instance.main",
        "with module.files[\"a$${b}\"].aws_efs_mount_target.this[\"eu-west-1a\"]",
        "Wrote removed.tf: 3 blocks, and 1 for the rest of their modules",
        "warning: Terraform forgets module.files[\"a$${b}\"].aws_efs_file_system.this[0] (fs-0a1b2c3e) too",
        "provision import aws_db_instance.gitlab-pgsql=gitlab-pgsql aws_efs_file_system.files-a-b=fs-0a1b2c3d --out provision.yaml",
    ] {
        assert!(said.contains(words), "{words} is not in:\n{said}");
    }
    let names: Vec<_> =
        std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|one| one.file_name()).collect();
    assert_eq!(names, ["removed.tf"]);
}

#[test]
fn wrong_options_and_files_are_refused_before_anything_is_written() {
    let folder = TempDir::new().expect("a folder");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
    write("terraform.tfstate", &state().to_string());
    write("main.tf", "resource \"aws_vpc\" \"net\" {}\n");
    write("plan", "PK\u{3}\u{4}");
    let far = json!(state().to_string().replace("rds:eu-west-1", "rds:us-east-1"));
    write("far.tfstate", far.as_str().expect("a text"));
    let none = json!({ "version": 4, "serial": 1, "terraform_version": "1.11.4", "resources": [] });
    write("none.tfstate", &none.to_string());
    for (arguments, words) in [
        (&["--terraform", "nowhere"][..], "terraform state pull > pulled.json"),
        (&["--terraform", "."], "it is a folder"),
        (&["--terraform", "plan"], "it is a plan that Terraform saved"),
        (&["--terraform", "main.tf"], "it is not JSON (line 1, column 1)"),
        (
            &["--terraform", "terraform.tfstate", "--removed", "main.tf"],
            "holds more than blocks that provision wrote",
        ),
        (&["--terraform", "terraform.tfstate", "--removed", "removed.txt"], "end in .tf"),
        (&["--terraform", "terraform.tfstate", "vpc-1"], "cannot be used with"),
        (&["--removed", "removed.tf", "vpc-1"], "cannot be used with"),
        (&["--removed", "removed.tf"], "--terraform"),
        (&["--terraform", "far.tfstate", "--out", "new.yaml"], "several regions: eu-west-1, us-east-1"),
        (&["--terraform", "none.tfstate", "--out", "new.yaml"], "nothing in this state can be taken over"),
        (
            &["--terraform", "terraform.tfstate", "--out", "new.yaml", "--region", "eu-west-2"],
            "taken over in eu-west-2",
        ),
    ] {
        let run = import(folder.path(), arguments, None);
        let said = said(&run);
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(run.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(flat.contains(words), "{arguments:?}: {said}");
        for new in ["removed.tf", "removed.txt", "new.yaml", "state"] {
            assert!(!folder.path().join(new).exists(), "{arguments:?} wrote {new}");
        }
    }
}
