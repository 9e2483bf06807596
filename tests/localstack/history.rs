//! The history of a state: who ran what, when, with which result; also of runs that were killed.

use serde_json::{Value, json};

use crate::world::{World, ended, eventually};

/// The runs that `history` names, the newest first: command, end, and what was made.
fn runs(world: &World) -> Vec<(String, Value, Value)> {
    let document = world.provision(&["history", "--json"]).exits(0).json();
    let runs = document["runs"].as_array().expect("a list").iter();
    let short = |run: &Value| {
        let end = &run["end"];
        (
            run["holder"]["command"].as_str().expect("a text").to_owned(),
            end["outcome"].clone(),
            end["done"]["create"].clone(),
        )
    };
    runs.map(short).collect()
}

#[test]
fn each_run_that_changed_something_is_in_the_history_with_who_had_it_and_how_it_ended() {
    let mut world = World::small();
    assert_eq!(world.provision(&["history"]).said().matches("there is no state").count(), 1);
    let planned = world.plan(&[]);
    let made = planned["summary"]["create"].clone();
    world.apply(&[]);
    world.plans_nothing();
    // Nothing to do is no run.
    world.apply(&[]);
    assert_eq!(runs(&world), [("apply".to_owned(), json!("done"), made.clone())]);
    let document = world.provision(&["history", "--json"]).exits(0).json();
    let run = &document["runs"][0];
    let caller = run["holder"]["caller"].as_str().expect("the credentials have an ARN");
    assert!(caller.contains(&world.account), "{caller}");
    let digest = run["plan"].as_str().expect("it carried out a plan");
    let text = world.provision(&["history"]).exits(0).out;
    for word in [caller, &digest[..12], "apply: done", "created", "by arn:aws"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    world.edit_stack("team: one", "team: two");
    world.control.refuse_always("efs.TagResource", "AccessDeniedException", 403);
    world.provision(&["apply", "--auto-approve"]).exits(1);
    world.control.forget_faults();
    let (command, outcome, _) = runs(&world).swap_remove(0);
    assert_eq!((command.as_str(), outcome), ("apply", json!("failed")));
    world.set("USER", "alice");
    let list = world.provision(&["state", "list"]).exits(0).out;
    let target = list.lines().find(|line| line.starts_with("aws_efs_mount_target.")).expect("there is one");
    world.provision(&["state", "forget", target, "--yes"]).exits(0);
    assert_eq!(runs(&world)[0], ("state forget".to_owned(), json!("done"), json!(0)));
    // It asked AWS nothing.
    world.provision(&["history", "-n", "1"]).exits(0).says(&["state forget: done", "by alice on"]);
}

#[test]
fn a_run_that_was_killed_is_in_the_history_as_one_that_did_not_end() {
    let world = World::small();
    world.control.settings(json!({ "db_creating": 600 }));
    let mut run = world.start(&["apply", "--auto-approve"]);
    eventually("the database is being made", || world.cloud.databases().len() == 1);
    world.provision(&["history"]).exits(0).says(&["apply: at work now"]);
    run.kill().expect("it can be killed");
    ended(run);
    world.provision(&["history"]).exits(0).says(&["apply: did not end", "plan "]);
    world.control.settings(json!({ "db_creating": 0.2 }));
    world.apply(&[]);
    let ends: Vec<Value> = runs(&world).into_iter().map(|(_, outcome, _)| outcome).collect();
    assert_eq!(ends, [json!("done"), Value::Null]);
}

#[test]
fn the_history_of_a_state_in_a_bucket_is_the_same_for_all() {
    let mut world = World::small();
    let bucket = format!("states-{}", world.account);
    world.cloud.make_bucket(&bucket);
    world.set("PROVISION_STATE", &format!("s3://{bucket}/shop.json"));
    world.apply(&[]);
    assert_eq!(runs(&world).len(), 1);
    assert!(runs(&world)[0].1 == json!("done"));
}
