//! Passwords: they reach AWS, and nothing else.

use serde_json::json;

use crate::world::{Ran, SECRET_KEY, World, ended, eventually};

const FROM_ENVIRONMENT: &str = "canary-Of-The-Environment-1";
const FROM_FILE: &str = "canary-Of-The-File-22";
const SESSION_TOKEN: &str = "canary-Of-The-Session-Token-333";

fn is_in(text: &[u8]) -> Option<&'static str> {
    let canaries = [FROM_ENVIRONMENT, FROM_FILE, SECRET_KEY, SESSION_TOKEN];
    canaries.into_iter().find(|canary| text.windows(canary.len()).any(|window| window == canary.as_bytes()))
}

#[track_caller]
fn said_nothing(ran: &Ran) {
    assert_eq!(is_in(ran.said().as_bytes()), None, "{ran:?}");
}

/// Holds that no file but the password file itself has a password.
#[track_caller]
fn wrote_nothing(world: &World) {
    for (path, content) in world.files() {
        assert!(path.ends_with("password") || is_in(&content).is_none(), "{} has a password", path.display());
    }
}

#[test]
fn a_password_is_nowhere_but_in_aws() {
    let mut world = World::small();
    world.edit_stack("allocated_storage: 50", "allocated_storage: 50\n    password: env:PASSWORD");
    let unset = world.provision(&["apply", "--auto-approve", "--target", "aws_db_instance.records"]);
    unset.exits(1).says(&["PASSWORD", "not set"]);
    assert_eq!(world.control.calls().of("rds.CreateDBInstance"), 0);

    world.set("PASSWORD", FROM_ENVIRONMENT);
    // These would have the SDK write down what it sends, if its log were listened to.
    for (name, value) in
        [("LOG_SIGNABLE_BODY", "true"), ("LOG_SENSITIVE_BODIES", "true"), ("RUST_LOG", "trace")]
    {
        world.set(name, value);
    }
    world.set("AWS_SESSION_TOKEN", SESSION_TOKEN);
    said_nothing(&world.provision(&["plan", "-vv", "--out", "review.json"]).exits(0));
    said_nothing(&world.provision(&["plan", "--json", "-vv"]).exits(0));
    wrote_nothing(&world);

    // While AWS is at work: the journal, the lock, the arguments.
    world.control.settings(json!({ "db_creating": 3600 }));
    let run = world.start(&["apply", "--auto-approve", "--json", "-vv"]);
    eventually("the database is recorded", || {
        world.provision(&["state", "show", "aws_db_instance.records", "--json"]).out.contains("\"db-")
    });
    wrote_nothing(&world);
    let arguments = std::fs::read(format!("/proc/{}/cmdline", run.id())).expect("the run goes on");
    assert_eq!(is_in(&arguments), None);
    world.control.settings(json!({}));
    said_nothing(&ended(run).exits(0));
    wrote_nothing(&world);
    let database = world.cloud.database();
    assert!(database.master_user_secret().is_none(), "this password is not RDS's own");
    world.plans_nothing();

    // From a file, and sent again only when its version is raised.
    std::fs::write(world.path("password"), format!("{FROM_FILE}\n")).expect("the folder can be written");
    world.edit_stack("password: env:PASSWORD", "password: file:password");
    world.control.forget_calls();
    said_nothing(&world.apply(&["-vv"]));
    world.edit_stack("password: file:password", "password: file:password\n    password_version: 2");
    let sent = world.control.calls().of("rds.ModifyDBInstance");
    said_nothing(&world.apply(&["-vv", "--json"]));
    assert_eq!(world.control.calls().of("rds.ModifyDBInstance"), sent + 1);
    world.plans_nothing();

    // A password that AWS would refuse, and an error while one is sent.
    std::fs::write(world.path("password"), "canary/Of\n").expect("the folder can be written");
    world.edit_stack("password_version: 2", "password_version: 3");
    let unfit = world.provision(&["apply", "--auto-approve", "-vv"]).exits(1);
    assert!(!unfit.said().contains("canary/Of"), "{unfit:?}");
    std::fs::write(world.path("password"), FROM_FILE).expect("the folder can be written");
    world.control.refuse("rds.ModifyDBInstance", "InvalidParameterValue", 400, "no");
    said_nothing(&world.provision(&["apply", "--auto-approve", "-vv"]).exits(1));
    said_nothing(&world.provision(&["state", "show", "aws_db_instance.records", "--json"]).exits(0));
    said_nothing(&world.provision(&["output", "--json"]).exits(0));
    said_nothing(&world.destroy());
    wrote_nothing(&world);
}

#[test]
fn a_literal_password_is_refused_and_not_repeated() {
    let world = World::empty();
    let literal = format!("stack: shop\ndatabases:\n  records:\n    password: {FROM_ENVIRONMENT}\n");
    world.write_stack(&literal);
    said_nothing(&world.provision(&["plan", "-vv"]).exits(1).says(&["password"]));
}

#[test]
fn a_password_that_is_left_alone_is_never_asked_for_and_never_sent() {
    let mut world = World::small();
    let unmanaged = "allocated_storage: 50\n    password: unmanaged";
    world.edit_stack("allocated_storage: 50", unmanaged);
    let refused = world.provision(&["apply", "--auto-approve"]).exits(1);
    refused.says(&[
        "a new database needs a password, and `unmanaged` gives it none",
        "write `password: managed`",
    ]);
    assert_eq!(world.control.calls().mutating(), 0);

    for first in ["managed", "env:PASSWORD"] {
        let written = format!("allocated_storage: 50\n    password: {first}");
        world.edit_stack(unmanaged, &written);
        world.set("PASSWORD", FROM_ENVIRONMENT);
        world.apply(&[]);
        // Nobody has it any more.
        world.set("PASSWORD", "");
        world.edit_stack(&written, unmanaged);
        world.plans_nothing();
        world.edit_stack(
            unmanaged,
            &format!("{unmanaged}\n    password_version: 2\n    backup_retention_period: 35"),
        );
        world.control.forget_calls();
        world.apply(&[]);
        world.plans_nothing();
        assert_eq!(world.control.calls().of("rds.ModifyDBInstance"), 1);
        assert_eq!(world.cloud.database().master_user_secret().is_some(), first == "managed");
        world.edit_stack("\n    password_version: 2\n    backup_retention_period: 35", "");
        world.destroy().exits(0);
    }
}
