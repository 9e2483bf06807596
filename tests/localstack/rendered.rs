//! Rendered files in a plan and after an apply.

use serde_json::{Value, json};

use crate::world::{SMALL, World};

/// The small stack, and what a cluster reads of it.
fn world() -> World {
    let world = World::small();
    world.write_stack(&format!(
        "{SMALL}kubernetes: {{ volumes: {{ data: {{ file_system: files }} }} }}\nrender: {{ out: deploy }}\n"
    ));
    world
}

fn rendered(world: &World) -> Value {
    world.plan(&[])["rendered"].clone()
}

fn text(world: &World) -> String {
    std::fs::read_to_string(world.path("deploy/kubernetes.yaml")).unwrap_or_default()
}

#[test]
fn a_plan_tells_of_the_files_that_an_apply_writes_after_everything_has_settled() {
    let world = world();
    let planned = rendered(&world);
    assert_eq!(
        (&planned[0]["path"], &planned[0]["unknown"]),
        (&json!("deploy/kubernetes.yaml"), &json!(true))
    );
    let reason = planned[0]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("databases.records") && reason.ends_with("known after apply"), "{reason}");
    assert_eq!(text(&world), "", "a plan writes nothing");
    for (words, said) in
        [(&["plan"][..], "deploy/kubernetes.yaml:"), (&["plan", "--markdown"], "deploy/kubernetes.yaml:")]
    {
        world.provision(words).exits(0).says(&["Rendered files", said]);
    }

    world.apply(&[]).says(&["Wrote deploy/kubernetes.yaml"]);
    let host = world.record("aws_db_instance.records")["outputs"]["host"].clone();
    assert!(
        text(&world).contains(&format!("externalName: {}", host.as_str().unwrap_or_default())),
        "{}",
        text(&world)
    );
    world.plans_nothing();
    assert_eq!(rendered(&world), Value::Null);
    world.provision(&["render", "--check", "deploy"]).exits(0);

    let written = text(&world);
    let edited = written.replace("100Gi", "1Gi");
    std::fs::write(world.path("deploy/kubernetes.yaml"), &edited).expect("it can be written");
    let reason = rendered(&world)[0]["reason"].to_string();
    assert!(reason.contains("is to be `storage: ") && reason.contains("100Gi"), "{reason}");
    world.provision(&["plan", "--detailed-exitcode"]).exits(2).says(&["Apply writes 1 rendered file."]);
    world.apply(&[]);
    assert_eq!(text(&world), written);
}

#[test]
fn a_file_of_somebody_else_stops_the_plan_before_anything_is_made() {
    let world = world();
    std::fs::create_dir(world.path("deploy")).expect("it can be made");
    std::fs::write(world.path("deploy/kubernetes.yaml"), "mine: true\n").expect("it can be written");
    world
        .provision(&["apply", "--auto-approve"])
        .exits(1)
        .says(&["deploy/kubernetes.yaml is there and was not rendered"]);
    assert_eq!(text(&world), "mine: true\n");
    assert!(!world.path("state/shop.json").exists() || world.provision(&["state", "list"]).out.is_empty());
}

#[test]
fn a_folder_of_rendered_files_that_is_a_link_or_a_file_stops_the_plan() {
    let world = world();
    let elsewhere = tempfile::tempdir().expect("a folder can be made");
    let deploy = world.path("deploy");
    std::os::unix::fs::symlink(elsewhere.path(), &deploy).expect("it can be made");
    world
        .provision(&["apply", "--auto-approve"])
        .exits(1)
        .says(&["deploy is a symlink", "as `out` of `render`"]);
    assert_eq!(std::fs::read_dir(elsewhere.path()).expect("it is there").count(), 0);
    // The same folder, written otherwise, from another one.
    world.edit_stack("out: deploy", "out: ./deploy");
    let stack = world.path("provision.yaml").display().to_string();
    let refused = world.provision(&["plan", "-c", &stack]).exits(1);
    refused.says(&["deploy is a symlink"]);
    world.edit_stack("out: ./deploy", "out: deploy");
    std::fs::remove_file(&deploy).expect("it is there");
    std::fs::write(&deploy, "mine").expect("it can be written");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["deploy is no folder"]);
    assert_eq!(world.control.calls().mutating(), 0);
    std::fs::remove_file(&deploy).expect("it is there");
    world.apply(&[]).says(&["Wrote deploy/kubernetes.yaml"]);
}

#[test]
fn a_plan_of_targets_names_no_file_that_needs_more_than_these() {
    let world = world();
    let targets = ["--target", "aws_efs_file_system.files"];
    let plan = world.plan(&targets);
    assert_eq!(plan["rendered"], Value::Null, "{plan:#}");
    let applied = world.apply(&targets);
    applied.says(&["Not written, since they need more than the targets of this run: kubernetes.yaml"]);
    assert_eq!(text(&world), "");
    world.apply(&[]).says(&["Wrote deploy/kubernetes.yaml"]);
    world.plans_nothing();
}

#[test]
fn two_secrets_of_one_name_stop_the_plan_and_the_rendering() {
    let world = World::small();
    let stack = SMALL.replace("  records:", "  gitlab-secrets:").replace("    password: env:PASSWORD\n", "");
    assert_ne!(stack, SMALL);
    world.write_stack(&format!(
        "{stack}kubernetes: {{ volumes: {{ data: {{ file_system: files }} }} }}\ngitlab: {{ version: \"18.11\", domain: example.com, \
         database: gitlab-secrets, file_system: files }}\nrender: {{ out: deploy }}\n"
    ));
    world.provision(&["plan"]).exits(1).says(&["two Secrets would be called `gitlab-secrets`"]);
}

#[test]
fn a_gitlab_that_needs_a_newer_database_stops_the_plan() {
    let world = World::small();
    let gitlab = "gitlab: { version: \"19.2\", domain: example.com, database: records }\n";
    world.write_stack(&format!(
        "{}{gitlab}",
        SMALL.replace("allocated_storage: 50\n", "allocated_storage: 50\n    engine_version: \"16\"\n")
    ));
    let plan = world.plan(&[]);
    let found: Vec<&Value> = plan["preflight"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["check"] == "gitlab-version")
        .collect();
    assert_eq!(found.len(), 1, "{plan:#}");
    assert_eq!(
        (&found[0]["level"], &found[0]["address"]),
        (&json!("error"), &json!("aws_db_instance.records"))
    );
    world
        .provision(&["apply", "--auto-approve"])
        .exits(1)
        .says(&["GitLab 19.2 needs PostgreSQL 17, and records has 16"]);
}
