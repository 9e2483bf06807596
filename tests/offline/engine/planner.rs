//! Plans as values: a world that agrees with the stack, perturbed once per case.

use std::time::Duration;

use provision::engine::plan::{Action, Level, Mode, Plan, Response};
use provision::engine::planner::Options;
use provision::engine::resource::Effect;
use provision::engine::state::{Edit, Store};
use serde_json::json;

use super::world::{World, address, options};

async fn settled() -> World {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    world
}

/// `update fake_disk.d (size differs)` for everything that is not a no-op.
fn said(plan: &Plan) -> Vec<String> {
    plan.changes
        .iter()
        .filter(|change| change.action != Action::NoOp)
        .map(|change| format!("{} {} ({})", change.action.name(), change.address, change.reason))
        .collect()
}

fn checks(plan: &Plan) -> Vec<String> {
    plan.preflight
        .iter()
        .filter(|finding| finding.level == Level::Error)
        .map(|finding| {
            format!(
                "{} {}",
                finding.check,
                finding.address.as_ref().map(ToString::to_string).unwrap_or_default()
            )
        })
        .collect()
}

#[tokio::test]
async fn no_op() {
    let world = settled().await;
    let plan = world.plan(&options(Mode::Apply)).await;
    assert!(plan.is_empty() && plan.drift.is_empty() && plan.preflight.is_empty(), "{plan:#?}");
    assert_eq!(plan.summary.no_op, 5);
}

#[tokio::test]
async fn a_first_plan_creates_and_watches_and_knows_what_it_can() {
    let world = World::new().with_stack();
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!((plan.summary.create, plan.summary.watch), (4, 1));
    assert!(plan.state.lineage.is_empty() && !world.path().exists());
    let mount = plan.change(&address("fake_group.m/x")).expect("it is planned");
    let unknown: Vec<&str> =
        mount.fields.iter().filter(|field| field.unknown).map(|field| field.path.as_str()).collect();
    assert_eq!(unknown, ["parent", "uses"]);
    let group = plan.change(&address("fake_group.a")).expect("it is planned");
    assert!(group.fields.iter().all(|field| !field.unknown), "the network is known");
}

#[tokio::test]
async fn a_change_names_the_object_that_is_there() {
    let first = World::new().with_stack().plan(&options(Mode::Apply)).await;
    for change in &first.changes {
        assert_eq!(change.id.is_some(), change.action == Action::Watch, "{}", change.address);
    }
    let mut world = settled().await;
    let going = world.plan(&options(Mode::Destroy)).await;
    assert!(going.changes.iter().all(|change| change.id.is_some()), "{going:#?}");
    world.declare("fake_disk.d", json!({"name": "d", "size": 2, "deletion_protection": false}));
    let plan = world.plan(&options(Mode::Apply)).await;
    for change in &plan.changes {
        let gone = going.change(&change.address).and_then(|gone| gone.id.clone());
        assert_eq!(change.id, gone.filter(|_| change.action == Action::Update), "{}", change.address);
    }
    // A new one in the place of one that is gone is another object.
    world.shared.cloud().objects.retain(|_, object| object.address != "fake_group.m/x");
    let plan = world.plan(&options(Mode::Apply)).await;
    let change = plan.change(&address("fake_group.m/x")).expect("it is planned");
    assert_eq!((change.action, &change.id), (Action::Create, &None));
}

#[tokio::test]
async fn a_deletion_says_by_which_word_of_the_user_it_is() {
    let mut world = settled().await;
    let reason = async |world: &World, options: &Options| {
        let plan = world.plan(options).await;
        plan.change(&address("fake_group.m/x")).expect("it is planned").reason.clone()
    };
    let mut destroy = options(Mode::Destroy);
    assert_eq!(reason(&world, &destroy).await, "everything that the stack owns is deleted");
    destroy.targets.insert(address("fake_disk.d"));
    assert_eq!(reason(&world, &destroy).await, "named by --target, or in need of what is");
    let mount = address("fake_group.m/x");
    let declaration = world.declarations.remove(&mount).expect("it is declared");
    assert_eq!(reason(&world, &options(Mode::Apply)).await, "no longer declared");
    world.declarations.insert(mount.clone(), declaration);
    // Its tags were another state's when it was adopted.
    world.claim("fake_group.m/x", "another").await;
    let adopted = "deleted with the stack, though it was adopted and never applied";
    assert_eq!(reason(&world, &destroy).await, adopted);
}

#[tokio::test]
async fn a_change_in_place_names_the_field_and_its_effect() {
    let mut world = settled().await;
    world.declare("fake_disk.d", json!({"name": "d", "size": 2, "deletion_protection": false}));
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(said(&plan), ["update fake_disk.d (size differs)"]);
    let change = plan.change(&address("fake_disk.d")).expect("it is planned");
    assert_eq!(change.effect, Effect::NextMaintenanceWindow);
    assert_eq!((&change.fields[0].before, &change.fields[0].after), (&Some(json!(1)), &Some(json!(2))));
}

#[tokio::test]
async fn what_aws_may_refuse_is_a_warning_that_forbids_nothing() {
    let mut world = settled().await;
    for (size, warned) in [(2, false), (0, true), (1, false)] {
        world.declare("fake_disk.d", json!({"name": "d", "size": size, "deletion_protection": false}));
        let plan = world.plan(&options(Mode::Apply)).await;
        let doubts: Vec<_> = plan.preflight.iter().filter(|finding| finding.check == "inputs").collect();
        assert_eq!(doubts.len(), usize::from(warned), "{size}: {doubts:?}");
        for doubt in doubts {
            assert_eq!((doubt.level, &doubt.address), (Level::Warning, &Some(address("fake_disk.d"))));
            assert_eq!((doubt.message.as_str(), &doubt.hint), ("size: may not shrink today", &None));
        }
        assert_eq!(checks(&plan), [""; 0]);
    }
}

#[tokio::test]
async fn data_is_never_replaced_without_being_named() {
    let mut world = settled().await;
    world.declare("fake_disk.d", json!({"name": "other", "size": 1, "deletion_protection": false}));
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(checks(&plan), ["data-loss fake_disk.d"]);
    let mut named = options(Mode::Apply);
    named.replace.insert(address("fake_disk.d"));
    let plan = world.plan(&named).await;
    assert!(checks(&plan).is_empty());
    assert_eq!(plan.summary.replace, 3, "the disk and its two mounts");
}

#[tokio::test]
async fn data_that_is_no_longer_declared_is_not_deleted_by_an_apply() {
    let mut world = settled().await;
    world.declarations.retain(|address, _| address.name() != "m" && address.name() != "d");
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(checks(&plan), ["data-loss fake_disk.d"]);
}

#[tokio::test]
async fn protection_holds_until_an_applied_change_turns_it_off() {
    let mut world = settled().await;
    world.declare("fake_disk.d", json!({"name": "d", "size": 1, "deletion_protection": true}));
    world.must_apply().await;
    // Turned off in the stack, but not applied.
    world.declare("fake_disk.d", json!({"name": "d", "size": 1, "deletion_protection": false}));
    let plan = world.plan(&options(Mode::Destroy)).await;
    assert_eq!(checks(&plan), ["protected fake_disk.d"]);
    world.must_apply().await;
    assert!(checks(&world.plan(&options(Mode::Destroy)).await).is_empty());
}

#[tokio::test]
async fn what_was_changed_outside_is_drift_and_is_put_right() {
    let world = settled().await;
    world.change_live("fake_disk.d", |disk| {
        disk.inputs.insert("size".to_owned(), json!(9));
    });
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(said(&plan), ["update fake_disk.d (size differs)"]);
    let drift = &plan.drift[0].fields[0];
    assert_eq!((&drift.before, &drift.after), (&Some(json!(1)), &Some(json!(9))));
    assert_eq!(plan.drift[0].response, Response::PutRight);
    let only = world.plan(&options(Mode::RefreshOnly)).await;
    assert!(only.changes.is_empty() && !only.is_empty());
    assert_eq!(only.drift[0].response, Response::Recorded);
}

#[tokio::test]
async fn what_was_changed_both_outside_and_in_the_stack_is_only_recorded() {
    let mut world = settled().await;
    world.change_live("fake_disk.d", |disk| {
        disk.inputs.insert("size".to_owned(), json!(9));
    });
    world.declare("fake_disk.d", json!({"name": "d", "size": 9, "deletion_protection": false}));
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!((said(&plan), plan.drift[0].response), (vec![], Response::Recorded));
    world.must_apply().await;
    assert!(world.plan(&options(Mode::Apply)).await.drift.is_empty());
}

#[tokio::test]
async fn an_output_that_aws_changed_is_told_and_only_recorded() {
    for mode in [Mode::Apply, Mode::RefreshOnly] {
        let mut world = settled().await;
        world.change_live("fake_disk.d", |disk| {
            disk.inputs.insert("moved".to_owned(), json!("elsewhere"));
        });
        let plan = world.plan(&options(mode)).await;
        assert_eq!(said(&plan), [""; 0]);
        let [drift] = plan.drift.as_slice() else { panic!("one drift: {:?}", plan.drift) };
        assert_eq!((drift.response, drift.fields.len(), drift.gone), (Response::Recorded, 0, false));
        let output = &drift.outputs[0];
        let id = &world.state().expect("a state").resources[&address("fake_disk.d")].outputs["arn"];
        assert_eq!((output.path.as_str(), output.before.as_ref()), ("arn", Some(id)));
        assert_eq!(plan.changed_outputs().count(), 1);
        // Nothing is to be done in AWS, unless the plan is about drift alone.
        assert_eq!(plan.is_empty(), mode == Mode::Apply);
        if mode == Mode::Apply {
            world.clear_log();
            world.must_apply().await;
            assert_eq!(world.log(), [""; 0], "recording changes nothing");
            assert!(world.plan(&options(mode)).await.drift.is_empty());
        }
    }
}

#[tokio::test]
async fn an_update_records_the_outputs_that_aws_changed() {
    let mut world = settled().await;
    world.change_live("fake_disk.d", |disk| {
        disk.inputs.insert("moved".to_owned(), json!("elsewhere"));
    });
    world.declare("fake_disk.d", json!({"name": "d", "size": 2, "deletion_protection": false}));
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(plan.drift[0].response, Response::Recorded, "an output is not put right");
    world.must_apply().await;
    assert!(world.plan(&options(Mode::Apply)).await.drift.is_empty());
}

#[tokio::test]
async fn drift_outside_the_targets_is_told_and_left_alone() {
    let world = settled().await;
    world.change_live("fake_disk.d", |disk| {
        disk.inputs.insert("size".to_owned(), json!(9));
    });
    let targeted = Options { targets: [address("fake_group.a")].into(), ..options(Mode::Apply) };
    let plan = world.plan(&targeted).await;
    assert_eq!((said(&plan), plan.drift[0].response), (vec![], Response::LeftAlone));
}

#[tokio::test]
async fn what_one_look_does_not_see_is_not_taken_for_gone() {
    for address in ["fake_disk.d", "fake_group.a", "fake_group.m/x"] {
        let world = settled().await;
        world.shared.cloud().unseen.insert(address.to_owned());
        let plan = world.plan(&options(Mode::Destroy)).await;
        assert_eq!((plan.summary.delete, plan.summary.forget), (4, 1), "{address}");
        world.shared.cloud().unseen.insert(address.to_owned());
        assert!(world.plan(&options(Mode::Apply)).await.is_empty(), "{address}");
        assert!(world.shared.cloud().unseen.is_empty(), "the look was made");
    }
}

#[tokio::test]
async fn what_is_gone_is_made_again_with_what_referred_to_it() {
    let mut world = settled().await;
    {
        let mut cloud = world.shared.cloud();
        cloud.objects.retain(|_, object| object.address != "fake_group.a");
    }
    let plan = world.plan(&options(Mode::Apply)).await;
    assert!(plan.drift.iter().any(|drift| drift.gone));
    let mounts = "uses differs";
    assert_eq!(
        said(&plan),
        [
            "create fake_group.a (it is gone from AWS)".to_owned(),
            format!("update fake_group.m/x ({mounts})"),
            format!("update fake_group.m/y ({mounts})"),
        ]
    );
    world.must_apply().await;
}

#[tokio::test]
async fn an_object_of_somebody_else_under_our_name_is_refused_and_named() {
    let world = World::new().with_stack();
    {
        let mut cloud = world.shared.cloud();
        let mut foreign = cloud.objects.values().next().expect("the network").clone();
        foreign.key = "a@fake_group-1".to_owned();
        cloud.create(foreign).expect("the name is free");
    }
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(checks(&plan), ["name-taken fake_group.a"]);
    assert!(plan.preflight[0].message.contains("carries no tags of provision"));
}

#[tokio::test]
async fn an_object_that_lost_its_ownership_tags_is_not_touched() {
    let mut world = settled().await;
    world.change_live("fake_disk.d", |disk| disk.stack.clear());
    world.declare("fake_disk.d", json!({"name": "d", "size": 2, "deletion_protection": false}));
    assert_eq!(checks(&world.plan(&options(Mode::Apply)).await), ["ownership fake_disk.d"]);
    assert_eq!(checks(&world.plan(&options(Mode::Destroy)).await), ["ownership fake_disk.d"]);
}

#[tokio::test]
async fn the_clusters_own_are_safe_from_a_state_and_a_stack_that_claim_them() {
    let mut world = settled().await;
    let network = address("fake_group.network");
    world.declare("fake_group.network", json!({"name": "network", "note": "changed"}));
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(checks(&plan), ["ownership fake_group.network"]);
    assert_eq!(plan.change(&network).expect("it is planned").action, Action::NoOp);
    // A state that says it is ours.
    let mut record = world.state().expect("the state").resources[&network].clone();
    record.watched = false;
    let store = Store::local(world.path());
    let opened = store.open("test", Duration::ZERO, || unreachable!("there is a state")).await;
    let mut writer = opened.expect("the state");
    writer.edit(Edit::Put { address: network, record });
    writer.close().await.expect("it can be written");
    for mode in [Mode::Apply, Mode::Destroy] {
        let plan = world.plan(&options(mode)).await;
        assert!(checks(&plan).contains(&"ownership fake_group.network".to_owned()), "{mode:?}: {plan:#?}");
    }
}

#[tokio::test]
async fn a_target_brings_what_it_needs_and_a_destroyed_one_what_needs_it() {
    let world = World::new().with_stack();
    let mut targeted = options(Mode::Apply);
    targeted.targets.insert(address("fake_group.m/x"));
    let plan = world.plan(&targeted).await;
    let addresses: Vec<String> = plan.changes.iter().map(|change| change.address.to_string()).collect();
    assert_eq!(addresses, ["fake_disk.d", "fake_group.a", "fake_group.m/x", "fake_group.network"]);
    let world = settled().await;
    let mut targeted = options(Mode::Destroy);
    targeted.targets.insert(address("fake_disk.d"));
    let plan = world.plan(&targeted).await;
    let addresses: Vec<String> = plan.changes.iter().map(|change| change.address.to_string()).collect();
    assert_eq!(addresses, ["fake_disk.d", "fake_group.m/x", "fake_group.m/y"]);
    targeted.targets.insert(address("fake_disk.e"));
    let plan = world.plan(&targeted).await;
    assert_eq!(plan.preflight[0].hint.as_deref(), Some("did you mean fake_disk.d?"));
}

#[tokio::test]
async fn data_that_stands_on_what_is_destroyed_by_name_is_to_be_named_itself() {
    let mut world = World::new();
    world.declare("fake_group.a", json!({"name": "a", "parent": "${fake_group.network.id}"}));
    world.declare("fake_disk.d", json!({"name": "d", "uses": ["${fake_group.a.id}"]}));
    world.must_apply().await;
    let mut targeted = options(Mode::Destroy);
    targeted.targets.insert(address("fake_group.a"));
    let plan = world.plan(&targeted).await;
    assert_eq!((plan.summary.delete, checks(&plan)), (2, vec!["data-loss fake_disk.d".to_owned()]));
    targeted.targets.insert(address("fake_disk.d"));
    assert_eq!(checks(&world.plan(&targeted).await), [""; 0]);
}

#[tokio::test]
async fn what_aws_would_refuse_is_an_error_before_anything_is_done() {
    let mut world = settled().await;
    world.declare("fake_disk.d", json!({"name": "d", "size": 5000, "deletion_protection": false}));
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(plan.preflight[0].message, "size: must be at most 1000");
}

#[tokio::test]
async fn a_replacement_that_would_collide_with_itself_is_refused() {
    let mut world = settled().await;
    let mut named = options(Mode::Apply);
    named.replace.insert(address("fake_group.a"));
    let plan = world.plan(&named).await;
    assert_eq!(checks(&plan), ["name-taken fake_group.a"]);
    let hint = plan.errors().next().and_then(|finding| finding.hint.as_deref()).unwrap_or_default();
    assert!(hint.starts_with("leave --replace fake_group.a out"), "{hint}");
    world.declare(
        "fake_group.a",
        json!({"name": "fresh", "parent": "${fake_group.network.id}", "note": "late"}),
    );
    assert!(checks(&world.plan(&named).await).is_empty());
}

#[tokio::test]
async fn declarations_in_a_circle_are_named() {
    let mut world = World::new();
    world.declare("fake_group.a", json!({"name": "a", "parent": "${fake_group.b.id}"}));
    world.declare("fake_group.b", json!({"name": "b", "parent": "${fake_group.a.id}"}));
    let plan = world.plan(&options(Mode::Apply)).await;
    assert!(plan.preflight[0].message.contains("in a circle"), "{:?}", plan.preflight);
}

#[tokio::test]
async fn a_destroy_without_a_state_is_refused_where_objects_of_the_stack_are() {
    let world = settled().await;
    std::fs::remove_file(world.path()).expect("there was a state");
    let destroy = options(Mode::Destroy);
    let plan = world.planned_from(None, &world.blueprint(Mode::Apply), &destroy).await;
    assert_eq!(
        checks(&plan),
        ["unrecorded fake_disk.d", "unrecorded fake_group.a"],
        "what can be told by its tags; the rest depends on it"
    );
    let hint = plan.preflight[0].hint.as_deref().unwrap_or_default();
    assert!(hint.contains("--state") && hint.contains("provision state rebuild"), "{hint}");
    assert!(plan.changes.is_empty());
}

#[tokio::test]
async fn a_destroy_without_a_state_has_nothing_to_do_where_nothing_of_the_stack_is() {
    let world = World::new().with_stack();
    let plan = world.planned_from(None, &world.blueprint(Mode::Apply), &options(Mode::Destroy)).await;
    assert!(plan.is_empty() && plan.preflight.is_empty(), "{plan:#?}");
}
