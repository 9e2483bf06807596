//! Objects that no state knows are listed, each with the command that adopts it.

use serde_json::json;

use super::adds_tags_alone;
use super::made_by_hand::{by_hand, office, text};
use crate::world::World;

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
