//! Failovers of pairs: two machines of which one serves, and never both.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{PAIR, Ran, World, ended, eventually};

const WITHOUT_STOP: &str = " stop: pair stop,";

/// A pair whose first machine serves.
pub struct Pair {
    pub world: World,
    pub a: String,
    pub b: String,
    pub open: String,
    pub closed: String,
    pub allocation: String,
}

/// A machine as EC2 shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    pub state: String,
    pub groups: BTreeSet<String>,
}

impl Pair {
    pub fn of(text: &str) -> Self {
        let world = World::seeded(&[]);
        world.write_stack(text);
        world.apply(&[]);
        let id = |address: &str| world.record(address)["id"].as_str().expect("an id").to_owned();
        let (a, b) = (id("aws_instance.a"), id("aws_instance.b"));
        let (open, closed) = (id("aws_security_group.web-open"), id("aws_security_group.web-closed"));
        let allocation = id("aws_eip.web");
        for answer in [
            json!({ "command": "pair lag", "output": "12\n" }),
            json!({ "command": "pair stop", "serves": false }),
            json!({ "command": "pair stop-copy" }),
            json!({ "command": "pair start", "serves": true }),
        ] {
            world.control.answer(&answer);
        }
        world.control.watch_pair([&a, &b], &open);
        Self { world, a, b, open, closed, allocation }
    }

    pub fn new() -> Self {
        Self::of(PAIR)
    }

    pub fn machine(&self, id: &str) -> Machine {
        let cloud = &self.world.cloud;
        let all = cloud.run(cloud.ec2.describe_instances().instance_ids(id).send()).expect("a read");
        let one = all.reservations()[0].instances()[0].clone();
        let groups = one.network_interfaces().iter().flat_map(|one| one.groups());
        Machine {
            state: one.state().and_then(|state| state.name()).expect("a state").as_str().to_owned(),
            groups: groups.filter_map(|group| group.group_id().map(str::to_owned)).collect(),
        }
    }

    /// The machine that the address is at.
    pub fn reached(&self) -> Option<String> {
        let cloud = &self.world.cloud;
        let call = cloud.ec2.describe_addresses().allocation_ids(&self.allocation);
        let all = cloud.run(call.send()).expect("a read");
        all.addresses()[0].instance_id().filter(|id| !id.is_empty()).map(str::to_owned)
    }

    pub fn failover(&self, more: &[&str]) -> Ran {
        self.world.provision(&[&["failover", "web", "--auto-approve"], more].concat())
    }

    /// This machine serves, the other one does not, never both did, and a plan agrees.
    pub fn serves(&self, id: &str) {
        let other = if id == self.a { &self.b } else { &self.a };
        let (this, that) = (self.machine(id), self.machine(other));
        assert_eq!((this.state.as_str(), &this.groups), ("running", &[self.open.clone()].into()));
        assert_eq!(that.groups, [self.closed.clone()].into());
        assert_eq!(self.reached().as_deref(), Some(id));
        let seen = self.world.control.pair();
        assert_eq!(seen["violations"], json!([]));
        assert_eq!(seen["serves"][id], true);
        assert_ne!(seen["serves"][other.as_str()], true);
        self.world.plans_nothing();
    }

    /// By hand: the groups of a machine.
    fn set_groups(&self, id: &str, group: &str) {
        let cloud = &self.world.cloud;
        let call = cloud.ec2.modify_instance_attribute().instance_id(id).groups(group);
        cloud.run(call.send()).expect("groups can be changed");
    }

    fn procedure(&self) -> Value {
        let text = std::fs::read_to_string(self.world.path("state/shop.json")).expect("a state");
        let state: Value = serde_json::from_str(&text).expect("JSON");
        let state = state.get("state").unwrap_or(&state);
        state["procedures"]["pair.web"]["failover"].clone()
    }
}

/// A port of this machine that takes connections, at every address that stands for it (127.0.0.0/8), as the emulator's elastic ones do.
fn listener() -> (std::net::TcpListener, u16) {
    let listener = std::net::TcpListener::bind("0.0.0.0:0").expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    (listener, port)
}

#[test]
fn the_port_of_a_pair_is_tried_at_the_address_at_the_end_and_no_answer_is_no_failure() {
    let (listener, port) = listener();
    let pair =
        Pair::of(&PAIR.replace("    address: web\n", &format!("    address: web\n    port: {port}\n")));
    pair.failover(&[]).exits(0).says(&[&format!("Port {port} of 127."), "takes connections from here"]);
    pair.serves(&pair.b);
    drop(listener);
    pair.world.control.answer(&json!({ "command": "pair lag", "output": "0" }));
    let back = pair.failover(&["--back", "--json"]).exits(0);
    let summary = back.events().pop().expect("a summary");
    let notes = summary["notes"].to_string();
    assert!(
        notes.contains("takes no connection from here") && notes.contains("by AWS's word alone"),
        "{notes}"
    );
    pair.serves(&pair.a);
    let history = pair.world.provision(&["history"]).exits(0);
    history.says(&["failover --back: done", "failover: done"]);
}

#[test]
fn a_failover_makes_the_other_machine_serve_and_back_returns() {
    let pair = Pair::new();
    assert_eq!(pair.machine(&pair.b).groups, [pair.closed.clone()].into());
    pair.world.plans_nothing();
    let steps = pair.world.provision(&["failover", "web", "--plan"]).exits(0);
    steps.says(&["12 s behind", "a is closed", "the address", "moved to b"]);
    assert_eq!(pair.machine(&pair.a).groups, [pair.open.clone()].into());
    pair.world.provision(&["failover", "web"]).exits(1).says(&["--auto-approve"]);

    let ran = pair.failover(&[]).exits(0);
    ran.says(&[
        "was moved from a to b",
        "clients had no service for",
        "provision apply --replace aws_instance.a",
    ]);
    pair.serves(&pair.b);
    assert_eq!(pair.machine(&pair.a).state, "running", "its service is stopped, and it has said so");
    assert!(pair.procedure()["finished"].is_string());
    // A command that runs for a while is asked for again.
    pair.world.control.answer(&json!({ "command": "pair lag", "output": "12\n", "seconds": 1 }));
    let status = pair.world.provision(&["status", "--json"]).exits(0).json();
    let said = &status["pairs"]["web"];
    assert_eq!((said["active"].as_str(), said["standby"].as_str()), (Some("b"), Some("a")));
    assert_eq!(said["lag_seconds"], 12.0);

    // A command that ran twice by mistake does not go back and forth, and a copy from before is no copy.
    pair.failover(&[]).exits(1).says(&["has its data of then", "provision failover web --back"]);
    pair.world.control.answer(&json!({ "command": "pair lag", "output": "999999" }));
    pair.failover(&["--back"]).exits(1).says(&["copying was not turned round", "--accept-unknown-lag"]);
    pair.serves(&pair.b);
    pair.world.control.answer(&json!({ "command": "pair lag", "output": "0" }));
    pair.failover(&["--back"]).exits(0).says(&["was moved from b to a"]);
    pair.serves(&pair.a);
}

#[test]
fn a_failover_in_json_ends_with_a_summary() {
    let pair = Pair::new();
    let steps = pair.world.provision(&["failover", "web", "--plan", "--json"]).exits(0).json();
    assert_eq!((steps["command"].as_str(), steps["address"].as_str()), (Some("failover"), Some("pair.web")));
    let events = pair.failover(&["--json"]).exits(0).events();
    let last = events.last().expect("a line");
    assert_eq!((last["type"].as_str(), last["outcome"].as_str()), (Some("summary"), Some("done")));
    assert_eq!(last["facts"]["to"]["id"], pair.b.as_str());
}

#[test]
fn a_machine_whose_agent_is_offline_is_stopped_before_the_other_one_starts() {
    let pair = Pair::new();
    pair.world.control.agent(&pair.a, "ConnectionLost");
    pair.failover(&[]).exits(0);
    assert_eq!(pair.machine(&pair.a).state, "stopped");
    pair.serves(&pair.b);
    let order = pair.world.control.calls().order;
    let place = |operation: &str| order.iter().rposition(|call| call == operation).expect("it was called");
    assert!(place("ec2.StopInstances") < place("ssm.SendCommand"));
    // Its data is of before, and it cannot be asked.
    pair.failover(&["--back"]).exits(1).says(&["is not online", "--accept-unknown-lag"]);
    pair.world.control.agent(&pair.a, "Online");
    pair.failover(&["--back", "--accept-unknown-lag"]).exits(0);
    pair.serves(&pair.a);
}

#[test]
fn a_pair_without_a_command_that_stops_the_service_has_its_machine_stopped() {
    let pair = Pair::of(&PAIR.replace(WITHOUT_STOP, ""));
    pair.failover(&[]).exits(0);
    assert_eq!(pair.machine(&pair.a).state, "stopped");
    pair.serves(&pair.b);
}

#[test]
fn a_lag_that_is_unknown_has_to_be_accepted_by_name() {
    let pair = Pair::new();
    for answer in [
        json!({ "command": "pair lag", "output": "soon" }),
        json!({ "command": "pair lag", "status": "Failed", "code": 1, "error": "this machine does not copy" }),
    ] {
        pair.world.control.answer(&answer);
        pair.world.control.forget_calls();
        pair.failover(&[]).exits(1).says(&["is unknown", "--accept-unknown-lag"]);
        assert_eq!(pair.world.control.calls().of("ec2.ModifyInstanceAttribute"), 0);
    }
    assert_eq!(pair.procedure(), Value::Null);
    pair.world.edit_stack("    closed: web-closed\n", "    closed: web-closed\n    max_lag: 5\n");
    pair.world.control.answer(&json!({ "command": "pair lag", "output": "6" }));
    pair.failover(&[]).exits(1).says(&["`max_lag` is 5"]);
    pair.failover(&["--accept-unknown-lag"]).exits(0);
    pair.serves(&pair.b);
}

#[test]
fn what_cannot_be_failed_over_is_refused_with_the_reason_and_nothing_is_changed() {
    let pair = Pair::new();
    pair.world.provision(&["failover", "wep", "--auto-approve"]).exits(1).says(&["no pair wep", "web"]);
    pair.failover(&["--back"]).exits(1).says(&["no way back"]);
    pair.world.control.agent(&pair.b, "ConnectionLost");
    pair.failover(&["--accept-unknown-lag"]).exits(1).says(&["nothing could be started on it"]);
    pair.world.control.agent(&pair.b, "Online");
    pair.serves(&pair.a);
    assert_eq!(pair.procedure(), Value::Null);
}

#[test]
fn a_command_that_fails_on_the_one_that_is_to_serve_stops_it_and_either_way_goes_on() {
    let pair = Pair::new();
    pair.world
        .control
        .answer(&json!({ "command": "pair start", "status": "Failed", "code": 7, "error": "no disk" }));
    let refused = pair.failover(&[]).exits(1);
    refused.says(&["code 7: no disk", "provision failover web --back"]);
    pair.world.provision(&["plan"]).exits(0).says(&["is moving from a to b", "provision failover web"]);
    pair.world.apply(&[]);
    assert_eq!(pair.machine(&pair.a).groups, [pair.closed.clone()].into());
    pair.world.control.answer(&json!({ "command": "pair start", "serves": true }));
    let copy = PAIR.replace("pair stop-copy", "other");
    // A failover goes on as it was begun.
    pair.world.write_stack(&copy.replace("instances: [a, b]", "instances: [b, a]"));
    pair.failover(&["--back"]).exits(0).says(&["was moved from b to a"]);
    pair.serves(&pair.a);
}

#[test]
fn a_failover_whose_answers_are_lost_sends_nothing_twice() {
    let pair = Pair::new();
    for operation in [
        "ssm.SendCommand",
        "ec2.ModifyInstanceAttribute",
        "ec2.AssociateAddress",
        "ec2.ModifyInstanceAttribute",
    ] {
        pair.world.control.lose_answer(operation);
    }
    pair.world.control.forget_calls();
    // The first command reads the lag: that one is read anew by the next run.
    let first = pair.failover(&[]);
    if first.code != 0 {
        pair.failover(&[]).exits(0);
    }
    pair.serves(&pair.b);
    assert_eq!(pair.world.control.calls().of("ec2.AssociateAddress"), 1);
}

/// Starts a run with every call slow, and kills it when the emulator has seen this call.
fn killed(pair: &Pair, operation: &str) {
    let world = &pair.world;
    world.control.settings(json!({ "latency": 0.3 }));
    world.control.forget_calls();
    let mut child = world.start(&["failover", "web", "--auto-approve"]);
    eventually("the call is seen", || {
        world.control.log().iter().any(|call| call == operation)
            || child.try_wait().expect("a process").is_some()
    });
    let _ = child.kill();
    drop(ended(child));
    world.control.settings(json!({}));
    eventually("the calls have ended", || world.control.at_work() == 0);
}

#[test]
fn a_failover_that_is_killed_is_told_of_and_gone_on_with() {
    for operation in ["ec2.ModifyInstanceAttribute", "ec2.AssociateAddress"] {
        let pair = Pair::new();
        killed(&pair, operation);
        pair.world.provision(&["plan"]).exits(0).says(&["is moving from a to b", "provision failover web"]);
        pair.world.provision(&["status"]).exits(0).says(&["provision failover web --back"]);
        // A plan in the middle opens nothing.
        let before = [pair.machine(&pair.a), pair.machine(&pair.b)];
        pair.world.apply(&[]);
        assert_eq!([pair.machine(&pair.a), pair.machine(&pair.b)], before);
        pair.failover(&[]).exits(0).says(&["which is under way", "complete"]);
        pair.serves(&pair.b);
    }
}

#[test]
fn a_failover_that_is_killed_can_be_turned_round_and_loses_nothing() {
    let pair = Pair::new();
    killed(&pair, "ec2.ModifyInstanceAttribute");
    let ran = pair.failover(&["--back"]).exits(0);
    ran.says(&["was moved from b to a", "never served"]);
    pair.serves(&pair.a);
    // A failover is possible again.
    pair.failover(&[]).exits(0);
    pair.serves(&pair.b);
}

#[test]
fn no_plan_takes_back_what_others_made_of_a_pair() {
    let pair = Pair::new();
    pair.set_groups(&pair.a, &pair.closed);
    pair.set_groups(&pair.b, &pair.open);
    let cloud = &pair.world.cloud;
    let call = cloud.ec2.associate_address().allocation_id(&pair.allocation).instance_id(&pair.b);
    cloud.run(call.allow_reassociation(true).send()).expect("it can be moved");
    let before = [pair.machine(&pair.a), pair.machine(&pair.b)];
    pair.world.provision(&["plan"]).exits(0).says(&["no plan takes that back", "provision failover web"]);
    pair.world.provision(&["apply", "--auto-approve"]).exits(1).says(&["no plan takes that back"]);
    assert_eq!([pair.machine(&pair.a), pair.machine(&pair.b)], before);
    let recorded = pair.world.record("aws_instance.a")["inputs"]["vpc_security_group_ids"].clone();
    assert_eq!(recorded, json!([pair.open]), "an apply does not record it either");
    assert_eq!(pair.reached().as_deref(), Some(pair.b.as_str()));
    pair.world.provision(&["status"]).exits(0).says(&["its address is at b"]);
    // A failover goes on from what is there.
    pair.failover(&[]).exits(0);
    pair.serves(&pair.b);
}

#[test]
fn an_address_that_others_moved_away_is_left_where_it_is() {
    let pair = Pair::new();
    let cloud = &pair.world.cloud;
    let inputs = pair.world.record("aws_instance.a")["inputs"].clone();
    let text = |field: &str| inputs[field].as_str().expect("it is recorded").to_owned();
    let subnet = text("subnet_id");
    let outputs = pair.world.record("aws_instance.a")["outputs"].clone();
    let image = outputs["image_id"].as_str().expect("it is recorded");
    let run = cloud.ec2.run_instances().image_id(image).min_count(1).max_count(1).subnet_id(subnet);
    let other =
        cloud.run(run.send()).expect("it runs").instances()[0].instance_id().expect("an id").to_owned();
    let call = cloud.ec2.associate_address().allocation_id(&pair.allocation).instance_id(&other);
    cloud.run(call.allow_reassociation(true).send()).expect("it can be moved");
    pair.failover(&[]).exits(1).says(&[&other, "no machine of the pair"]);
    assert_eq!(pair.reached(), Some(other));
    assert_eq!(pair.machine(&pair.a).groups, [pair.open.clone()].into());
}

#[test]
fn of_two_failovers_at_once_one_goes_on() {
    let pair = Pair::new();
    pair.world.control.settings(json!({ "latency": 0.2 }));
    let arguments = ["failover", "web", "--auto-approve"];
    let two = [pair.world.start(&arguments), pair.world.start(&arguments)];
    let mut codes: Vec<i32> = two.map(|child| ended(child).code).into();
    codes.sort_unstable();
    assert_eq!(codes, [0, 3]);
    pair.world.control.settings(json!({}));
    pair.serves(&pair.b);
}

#[test]
fn a_new_standby_is_closed_and_a_failover_to_it_is_possible() {
    let pair = Pair::new();
    pair.failover(&[]).exits(0);
    pair.world.apply(&["--replace", "aws_instance.a"]);
    let new = pair.world.record("aws_instance.a")["id"].as_str().expect("an id").to_owned();
    assert_ne!(new, pair.a);
    let pair = Pair { a: new, ..pair };
    pair.serves(&pair.b);
    pair.failover(&[]).exits(0).says(&["was moved from b to a"]);
    pair.serves(&pair.a);
}

#[test]
fn what_others_change_after_a_failover_is_put_right_by_the_same_command() {
    let pair = Pair::new();
    pair.failover(&[]).exits(0);
    pair.set_groups(&pair.a, &pair.open);
    pair.world.provision(&["plan"]).exits(0).says(&["no plan takes that back"]);
    pair.world.control.watch_pair([&pair.b, &pair.a], "sg-none");
    pair.failover(&[]).exits(0).says(&["others have changed", "is lost to b"]);
    pair.serves(&pair.b);
    pair.failover(&[]).exits(1).says(&["has its data of then"]);
}

#[test]
fn groups_that_change_their_parts_in_the_file_fail_nothing_over() {
    let pair = Pair::new();
    pair.world.edit_stack(
        "    open: web-open\n    closed: web-closed\n",
        "    open: web-closed\n    closed: web-open\n",
    );
    let before = [pair.machine(&pair.a), pair.machine(&pair.b)];
    pair.failover(&[]).exits(1).says(&["the address is at a", "provision apply --refresh-only"]);
    pair.world.provision(&["apply", "--auto-approve"]);
    assert_eq!([pair.machine(&pair.a), pair.machine(&pair.b)], before);
    assert_eq!(pair.reached().as_deref(), Some(pair.a.as_str()));
}

impl Pair {
    /// By hand: this machine serves, open and with the address, and the other one is closed.
    fn serves_by_hand(&self, id: &str) {
        let other = if id == self.a { &self.b } else { &self.a };
        self.set_groups(other, &self.closed);
        self.set_groups(id, &self.open);
        let cloud = &self.world.cloud;
        let call = cloud.ec2.associate_address().allocation_id(&self.allocation).instance_id(id);
        cloud.run(call.allow_reassociation(true).send()).expect("it can be moved");
    }

    fn terminate(&self, ids: &[&str]) {
        let cloud = &self.world.cloud;
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        cloud.run(cloud.ec2.terminate_instances().set_instance_ids(Some(ids)).send()).expect("they can go");
    }

    fn id(&self, name: &str) -> String {
        self.world.record(&format!("aws_instance.{name}"))["id"].as_str().expect("an id").to_owned()
    }
}

/// A pair whose failover was killed when the machine that served was closed and its service stopped.
fn killed_behind_the_fence() -> Pair {
    let pair = Pair::new();
    pair.world.control.answer(&json!({ "command": "pair start", "status": "Failed", "code": 1 }));
    pair.failover(&[]).exits(1);
    pair.world.control.answer(&json!({ "command": "pair start", "serves": true }));
    pair
}

#[test]
fn a_service_that_others_started_again_is_stopped_again_by_the_run_that_goes_on() {
    let pair = killed_behind_the_fence();
    // By hand, the first machine serves again.
    pair.set_groups(&pair.a, &pair.open);
    pair.world.control.watch_pair([&pair.a, &pair.b], &pair.open);
    pair.failover(&[]).exits(0);
    pair.serves(&pair.b);
}

#[test]
fn a_pair_that_is_renamed_in_the_middle_is_failed_over_by_one_command_alone() {
    let pair = Pair::new();
    killed(&pair, "ec2.ModifyInstanceAttribute");
    pair.world.edit_stack("pairs:\n  web:\n", "pairs:\n  site:\n");
    let site =
        |more: &[&str]| pair.world.provision(&[&["failover", "site", "--auto-approve"], more].concat());
    site(&[]).exits(1).says(&["pair.web is moving from a to b", "provision failover web"]);
    pair.failover(&["--back"]).exits(0).says(&["never served"]);
    site(&[]).exits(0);
    pair.serves(&pair.b);
}

#[test]
fn a_record_of_the_middle_starts_no_second_writer_after_the_end() {
    let pair = Pair::new();
    killed(&pair, "ec2.ModifyInstanceAttribute");
    let (state, older) = (pair.world.path("state"), pair.world.path("older"));
    let copied = |from: &std::path::Path, to: &std::path::Path| {
        std::fs::create_dir_all(to).expect("a folder");
        for file in std::fs::read_dir(from).expect("a folder").flatten() {
            std::fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
        }
    };
    copied(&state, &older);
    pair.failover(&[]).exits(0);
    std::fs::remove_dir_all(&state).expect("it goes");
    copied(&older, &state);
    // It has served, and what was written on it is lost to the first one.
    pair.world.control.answer(&json!({ "command": "pair lag", "output": "999999" }));
    pair.failover(&["--back"]).exits(1).says(&["copying was not turned round", "--accept-unknown-lag"]);
    pair.failover(&["--back", "--accept-unknown-lag"]).exits(0);
    pair.serves(&pair.a);
}

#[test]
fn what_was_written_where_others_put_the_service_is_not_lost_unasked() {
    let pair = Pair::new();
    pair.failover(&[]).exits(0);
    pair.serves_by_hand(&pair.a);
    pair.world.control.watch_pair([&pair.a, &pair.b], &pair.open);
    let silent = json!({ "command": "pair lag", "status": "Failed", "code": 1, "error": "this machine does not copy" });
    pair.world.control.answer(&silent);
    pair.failover(&[]).exits(1).says(&["does not copy", "failover web --accept-unknown-lag"]);
    assert_eq!(pair.reached(), Some(pair.a.clone()));
    pair.failover(&["--accept-unknown-lag"]).exits(0).says(&["others have changed"]);
    pair.serves(&pair.b);
}

#[test]
fn a_machine_that_served_and_is_gone_is_not_made_anew_while_the_other_one_can_serve() {
    let pair = Pair::new();
    pair.terminate(&[&pair.a]);
    pair.world.provision(&["plan"]).exits(0).says(&[
        "aws_instance.a: it is gone",
        "aws_instance.b has the copy",
        "provision failover web",
        "provision apply --replace aws_instance.a",
    ]);
    pair.world.provision(&["apply", "--auto-approve"]).exits(1);
    pair.failover(&[]).exits(0);
    pair.world.apply(&[]);
    let pair = Pair { a: pair.id("a"), ..pair };
    pair.serves(&pair.b);

    // By name it is.
    pair.terminate(&[&pair.b]);
    pair.world.apply(&["--replace", "aws_instance.b"]);
    let pair = Pair { b: pair.id("b"), ..pair };
    assert_eq!(pair.machine(&pair.b).groups, [pair.open.clone()].into());
    assert_eq!(pair.reached(), Some(pair.b.clone()));
    pair.world.plans_nothing();
}

#[test]
fn after_a_failover_by_hand_no_new_machine_takes_the_address_of_the_one_that_serves() {
    let pair = Pair::new();
    pair.serves_by_hand(&pair.b);
    pair.terminate(&[&pair.a]);
    pair.world.provision(&["apply", "--auto-approve"]).exits(1).says(&["provision apply --refresh-only"]);
    assert_eq!(pair.reached(), Some(pair.b.clone()));
    pair.world.provision(&["apply", "--refresh-only", "--auto-approve"]).exits(0);
    pair.world.apply(&[]);
    assert_eq!(pair.machine(&pair.id("a")).groups, [pair.closed.clone()].into());
    assert_eq!(pair.machine(&pair.b).groups, [pair.open.clone()].into());
    assert_eq!(pair.reached(), Some(pair.b.clone()));
    pair.world.plans_nothing();
}

#[test]
fn a_failover_without_its_address_ends_and_the_next_apply_makes_another_one() {
    let pair = killed_behind_the_fence();
    let cloud = &pair.world.cloud;
    let all =
        cloud.run(cloud.ec2.describe_addresses().allocation_ids(&pair.allocation).send()).expect("a read");
    let association = all.addresses()[0].association_id().expect("it is at a machine").to_owned();
    cloud
        .run(cloud.ec2.disassociate_address().association_id(association).send())
        .expect("it can be taken off");
    cloud
        .run(cloud.ec2.release_address().allocation_id(&pair.allocation).send())
        .expect("it can be released");
    pair.failover(&[]).exits(0).says(&["is released", "provision apply"]);
    pair.world.apply(&[]);
    let allocation = pair.world.record("aws_eip.web")["id"].as_str().expect("an id").to_owned();
    assert_ne!(allocation, pair.allocation);
    let pair = Pair { allocation, ..pair };
    pair.serves(&pair.b);
    pair.failover(&[]).exits(1).says(&["has its data of then"]);
}

#[test]
fn a_failover_of_two_machines_that_are_gone_is_over() {
    let pair = killed_behind_the_fence();
    pair.terminate(&[&pair.a, &pair.b]);
    pair.failover(&[]).exits(1).says(&["b", "is gone", "and so is a", "provision apply"]);
    assert_eq!(pair.procedure(), Value::Null);
    pair.world.apply(&[]);
    pair.world.plans_nothing();
}
