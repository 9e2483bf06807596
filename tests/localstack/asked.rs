//! Without a terminal nothing is asked, and looking changes nothing.

use crate::world::{NOTHING, World};

#[test]
fn without_a_terminal_the_option_that_answers_is_named() {
    let world = World::small();
    for command in [&["apply"][..], &["apply", "--no-input"], &["apply", "--json"]] {
        world.provision(command).exits(1).says(&["--auto-approve"]);
    }
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(world.cloud.count(), NOTHING);
    world.apply(&[]);
    let made = world.cloud.count();
    world.control.forget_calls();
    world.provision(&["destroy"]).exits(1).says(&["--auto-approve"]);
    assert_eq!(world.control.calls().mutating(), 0);
    assert_eq!(world.cloud.count(), made);
}

#[test]
fn looking_changes_nothing_and_writes_nothing() {
    let world = World::small();
    let looks = [
        &["plan"][..],
        &["plan", "--json"],
        &["plan", "--destroy"],
        &["plan", "--refresh-only"],
        &["plan", "--target", "aws_efs_file_system.files"],
        &["plan", "-vv"],
        &["plan", "--markdown"],
        &["graph"],
    ];
    let look = || {
        let before = world.files();
        world.control.forget_calls();
        for command in looks {
            world.provision(command).exits(0);
        }
        assert!(world.files() == before, "a plan has written something");
        assert_eq!(world.control.calls().mutating(), 0);
    };
    look();
    world.apply(&[]);
    look();
    world.provision(&["output"]).exits(0);
}

#[test]
fn init_writes_a_stack_file_once_that_plans() {
    let world = World::seeded(&[]);
    world.provision(&["init"]).exits(0).says(&["provision.yaml", "k8s.myzone.net"]);
    let written = std::fs::read_to_string(world.path("provision.yaml")).expect("it was written");
    assert!(written.contains("k8s.myzone.net"));
    world.provision(&["init"]).exits(1).says(&["exists already"]);
    assert_eq!(std::fs::read_to_string(world.path("provision.yaml")).expect("it is there"), written);
    world.provision(&["plan", "--detailed-exitcode"]).exits(2);
    assert_eq!(world.control.calls().mutating(), 0);
}
