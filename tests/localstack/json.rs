//! The whole story as a script sees it: every command with `--json`, every document held against its published schema.

#[path = "../../src/validator.rs"]
mod validator;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::world::{NOTHING, SMALL, SMALL_STACK, World};

/// A world whose documents are held against their schemas.
struct Script {
    world: World,
    schemas: BTreeMap<&'static str, Value>,
}

impl Script {
    fn new(world: World) -> Self {
        Self { world, schemas: BTreeMap::new() }
    }

    /// Holds one document, and returns it.
    #[track_caller]
    fn hold(&mut self, name: &'static str, document: Value) -> Value {
        let read = || self.world.provision(&["schema", name]).exits(0).json();
        let schema = self.schemas.entry(name).or_insert_with(read);
        assert!(validator::accepts(schema, &document), "{name} does not accept {document:#}");
        let undescribed = validator::undescribed(schema, &document);
        assert!(undescribed.is_empty(), "{name} does not describe {undescribed:?} of {document:#}");
        let version = if matches!(name, "state" | "shared-state") { "3.0" } else { "1.0" };
        assert_eq!(document["format_version"], version, "{name}");
        document
    }

    /// Runs a command that prints one document.
    #[track_caller]
    fn one(&mut self, name: &'static str, arguments: &[&str]) -> Value {
        let printed = self.world.provision(&[arguments, &["--json"]].concat()).exits(0).json();
        self.hold(name, printed)
    }

    /// Runs a command that prints one event a line, the summary last.
    #[track_caller]
    fn events(&mut self, code: i32, arguments: &[&str]) -> Vec<Value> {
        let events =
            self.world.provision(&[arguments, &["--auto-approve", "--json"]].concat()).exits(code).events();
        let last = events.last().expect("a run has a summary");
        assert_eq!(last["type"], "summary");
        for event in &events {
            self.hold("event", event.clone());
        }
        events
    }

    /// Reads a file as one document.
    #[track_caller]
    fn file(&mut self, name: &'static str, path: &str) -> Value {
        let text = std::fs::read_to_string(self.world.path(path)).expect("the file is there");
        self.hold(name, serde_json::from_str(&text).expect("it is JSON"))
    }
}

#[test]
fn every_document_of_the_story_is_of_its_published_schema() {
    let world = World::seeded(&[]);
    let vpc = world.seed["vpc_id"].as_str().expect("the seed names its VPC").to_owned();
    let mut script = Script::new(world);
    assert_eq!(script.one("init", &["init"])["path"], "provision.yaml");
    script.world.write_stack(SMALL);

    let plan = script.one("plan", &["plan"]);
    assert_eq!((&plan["summary"]["watch"], &plan["summary"]["create"]), (&6.into(), &8.into()));
    for change in plan["changes"].as_array().expect("a list") {
        assert_eq!(change["id"].is_string(), change["action"] == "watch", "{change:#}");
    }
    assert_eq!(script.one("import", &["import", &vpc])["watched"], 6);
    assert_eq!(script.one("import", &["import", &vpc])["watched"], 0);
    script.one("plan", &["plan", "--out", "first.json"]);
    script.file("saved-plan", "first.json");
    script.events(0, &["apply", "first.json"]);
    assert_eq!(script.world.cloud.count(), SMALL_STACK);
    script.file("state", "state/shop.json");
    assert_eq!(script.events(0, &["apply"]).len(), 2, "nothing was left to do");

    let listed = script.one("state-list", &["state", "list"]);
    let addresses: Vec<&str> =
        listed["addresses"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(addresses.len(), 14);
    for address in &addresses {
        let shown = script.one("state-show", &["state", "show", address]);
        assert_eq!(shown["address"], *address);
    }
    let outputs = script.one("output", &["output"]);
    let endpoint = script.one("output-value", &["output", "pgsql_endpoint"]);
    assert_eq!(endpoint["value"], outputs["pgsql_endpoint"]);

    script.world.edit_stack("allocated_storage: 50", "allocated_storage: 60\n    port: 5433");
    script.world.edit_stack("access: [nodes, masters]", "access: [nodes]");
    let plan = script.one("plan", &["plan"]);
    assert_eq!(plan["summary"]["update"], 3);
    script.events(0, &["apply"]);
    for mode in [&["plan", "--refresh-only"][..], &["plan", "--destroy"], &["plan", "--target", addresses[2]]]
    {
        script.one("plan", mode);
    }
    script.one("plan", &["plan", "--replace", "aws_efs_mount_target.files/eu-west-1a"]);
    script.events(0, &["apply", "--refresh-only"]);

    let (from, to) = (addresses[3], "aws_efs_mount_target.aside/eu-west-1a");
    script.one("state-change", &["state", "move", from, to, "--yes"]);
    script.one("state-change", &["state", "forget", to, "--yes"]);
    let rebuilt = script.one("state-rebuild", &["state", "rebuild", "--yes"]);
    assert_eq!(rebuilt["recorded"], serde_json::json!([from]));
    script.one("state-change", &["state", "unlock", "nobody", "--yes"]);
    assert_eq!(script.one("plan", &["plan"])["summary"]["no_op"], 14);

    let plan = script.one("plan", &["plan", "--destroy", "--out", "last.json"]);
    assert_eq!((&plan["summary"]["delete"], &plan["summary"]["forget"]), (&8.into(), &6.into()));
    script.file("saved-plan", "last.json");
    let changes = plan["changes"].as_array().expect("a list");
    assert!(changes.iter().all(|change| change["id"].is_string()), "whatever goes is named by its id");
    script.events(0, &["destroy"]);
    assert_eq!(script.world.cloud.count(), NOTHING);
    assert_eq!(script.one("state-list", &["state", "list"])["addresses"], serde_json::json!([]));
    script.one("output", &["output"]);
}

#[test]
fn what_fails_is_told_in_documents_and_the_errors_of_a_plan_in_words() {
    let mut script = Script::new(World::small());
    script.world.control.refuse(
        "rds.CreateDBInstance",
        "InsufficientDBInstanceCapacity",
        400,
        "none is left",
    );
    let events = script.events(1, &["apply"]);
    assert!(events.iter().any(|event| event["type"] == "step_failed"), "{events:#?}");
    script.file("state", "state/shop.json");

    script
        .world
        .edit_stack("access: [nodes, masters]", "performance_mode: maxIO\n    throughput_mode: bursting");
    let refused = script.world.provision(&["plan", "--json"]);
    let plan = refused.json();
    let plan = script.hold("plan", plan);
    assert_eq!(plan["preflight"][0]["check"], "data-loss");
    let refused = script.world.provision(&["apply", "--auto-approve", "--json"]);
    assert_eq!((refused.code, refused.out.as_str()), (1, ""));
    refused.says(&[
        "error: aws_efs_file_system.files: it would be replaced",
        "hint: write `performance_mode: generalPurpose`",
    ]);
}
