//! Ownership of objects: other states, other names, objects that others put in the place of ours, and taking over.

use provision::engine::plan::{Action, FieldChange, Level, Mode, Plan, Response};
use provision::engine::rebuild::Terms;
use provision::engine::resource::{Effect, Id, Owner, Ownership, Whose};
use provision::engine::state::{Edit, Phase, Predecessor, Record};
use provision::engine::take_over::{Apart, Refused};
use serde_json::json;

use super::world::{World, address, options};

const GROUP: &str = "fake_group.a";
const DISK: &str = "fake_disk.d";

async fn settled() -> World {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    world.clear_log();
    world
}

/// `supplanted fake_group.a: …; the hint` for every error.
fn errors(plan: &Plan) -> Vec<String> {
    let errors = plan.preflight.iter().filter(|finding| finding.level == Level::Error);
    errors
        .map(|finding| {
            let at = finding.address.as_ref().map(ToString::to_string).unwrap_or_default();
            format!(
                "{} {at}: {}; {}",
                finding.check,
                finding.message,
                finding.hint.clone().unwrap_or_default()
            )
        })
        .collect()
}

fn must_say(plan: &Plan, words: &[&str]) {
    let said = errors(plan).join("\n");
    for word in words {
        assert!(said.contains(word), "{word:?} is not said: {said}");
    }
}

/// The objects of the stack alone that plan changes.
fn changed(plan: &Plan) -> Vec<(String, Action)> {
    let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    changes.map(|change| (change.address.to_string(), change.action)).collect()
}

fn id_of(world: &World, at: &str) -> String {
    let cloud = world.shared.cloud();
    let mut found = cloud.objects.iter().filter(|(_, object)| object.address == at);
    found.next().map(|(id, _)| id.clone()).expect("the object exists")
}

/// Puts another object with the same name into the place of one that is deleted by hand.
fn remake(world: &World, at: &str, change: impl FnOnce(&mut super::cloud::Object)) -> String {
    let id = id_of(world, at);
    let mut cloud = world.shared.cloud();
    let mut object = cloud.objects.remove(&id).expect("it exists");
    change(&mut object);
    let other = format!("{id}-remade");
    cloud.objects.insert(other.clone(), object);
    other
}

#[tokio::test]
async fn an_object_that_another_state_took_over_is_left_to_it() {
    let world = settled().await;
    world.change_live(DISK, |disk| disk.lineage = Some("theirs".to_owned()));
    for mode in [Mode::Apply, Mode::Destroy] {
        let plan = world.plan(&options(mode)).await;
        must_say(
            &plan,
            &[
                "fenced fake_disk.d",
                "theirs",
                "this state's is lineage",
                "provision state forget fake_disk.d",
                "provision state rebuild --take-over theirs",
            ],
        );
    }
}

fn paths(fields: &[FieldChange]) -> Vec<&str> {
    fields.iter().map(|field| field.path.as_str()).collect()
}

#[tokio::test]
async fn ownership_tags_that_others_changed_are_drift_and_apply_writes_them_right() {
    let mut world = settled().await;
    world.change_live(DISK, |disk| disk.cluster = Some("elsewhere".to_owned()));
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(errors(&plan), Vec::<String>::new());
    assert_eq!(changed(&plan), [(DISK.to_owned(), Action::Update)]);
    let change = plan.change(&address(DISK)).expect("it is planned");
    assert_eq!(change.reason, "others changed provision:cluster; its ownership tags are written");
    assert_eq!((paths(&change.fields), change.effect), (vec!["ownership tags"], Effect::None));
    assert_eq!(change.fields[0].calls, ["fake:Tag"]);
    let [drift] = plan.drift.as_slice() else { panic!("one drift: {:?}", plan.drift) };
    assert_eq!((paths(&drift.fields), drift.response), (vec!["ownership tags"], Response::PutRight));
    let seen = drift.fields[0].after.clone().expect("what was seen");
    assert_eq!(seen.get("provision:cluster"), Some(&json!("elsewhere")));
    // A refresh changes nothing in AWS, and has no place for tags.
    let refresh = world.plan(&options(Mode::RefreshOnly)).await;
    assert_eq!(refresh.drift, []);
    let said = refresh.preflight.iter().find(|finding| finding.check == "left-to-do").expect("it is said");
    assert_eq!((said.level, said.hint.as_deref()), (Level::Warning, Some("provision apply")));
    world.must_apply().await;
    assert_eq!(world.log(), [format!("claim {DISK}")]);
    assert!(world.plan(&options(Mode::Apply)).await.drift.is_empty());
}

#[tokio::test]
async fn a_change_of_tags_says_what_they_say_now() {
    for (tagged, lineage, reason) in [
        ("fake_disk.x", Some("lineage"), "its tags name fake_disk.x"),
        ("", None, "its tag provision:address is missing"),
    ] {
        let world = settled().await;
        world.change_live(DISK, |disk| {
            disk.address = tagged.to_owned();
            disk.lineage = lineage.map(str::to_owned);
        });
        let plan = world.plan(&options(Mode::Apply)).await;
        let change = plan.change(&address(DISK)).expect("it is planned");
        assert_eq!(change.action, Action::Update);
        assert_eq!(change.reason, format!("{reason}; its ownership tags are written"));
    }
}

#[tokio::test]
async fn ownership_tags_are_written_right_only_where_the_lineage_proves_the_owner() {
    for lineage in [Some("theirs".to_owned()), None] {
        let world = settled().await;
        world.change_live(DISK, |disk| {
            disk.cluster = Some("elsewhere".to_owned());
            disk.lineage.clone_from(&lineage);
        });
        let plan = world.plan(&options(Mode::Apply)).await;
        assert_eq!((changed(&plan), plan.drift.len()), (vec![], 0), "{lineage:?}");
    }
    // As older versions made them.
    let world = settled().await;
    world.change_live(DISK, |disk| disk.cluster = None);
    assert_eq!(changed(&world.plan(&options(Mode::Apply)).await), []);
}

#[tokio::test]
async fn a_tag_that_was_changed_by_hand_is_named_where_writing_it_right_is_the_cure() {
    let right = "if its tags were changed by hand";
    for (change, cure) in [
        (
            (|disk: &mut super::cloud::Object| disk.lineage = Some("theirs".to_owned()))
                as fn(&mut super::cloud::Object),
            Some(", write them on it again: provision:lineage=lineage"),
        ),
        // The lineage says that it is ours.
        (|disk| disk.stack = "shop".to_owned(), Some(": provision import fake_disk.d=")),
        (
            |disk| {
                disk.stack = "shop".to_owned();
                disk.lineage = Some("theirs".to_owned());
            },
            None,
        ),
    ] {
        let world = settled().await;
        world.change_live(DISK, change);
        let plan = world.plan(&options(Mode::Apply)).await;
        let said = errors(&plan).join("\n");
        match cure {
            Some(cure) => assert!(said.contains(&format!("{right}{cure}")), "{said}"),
            None => assert!(!said.contains(right), "{said}"),
        }
    }
}

#[tokio::test]
async fn what_stands_beside_another_cluster_or_belongs_to_another_stack_is_not_changed() {
    for change in [
        |disk: &mut super::cloud::Object| {
            disk.lineage = Some("theirs".to_owned());
            disk.cluster = Some("elsewhere".to_owned());
        },
        |disk: &mut super::cloud::Object| {
            disk.lineage = Some("theirs".to_owned());
            disk.stack = "shop".to_owned();
        },
    ] {
        let world = settled().await;
        world.change_live(DISK, change);
        for mode in [Mode::Apply, Mode::Destroy] {
            must_say(&world.plan(&options(mode)).await, &["ownership fake_disk.d", "belongs to"]);
        }
    }
}

#[tokio::test]
async fn an_object_in_the_place_of_one_that_is_gone_is_named_and_not_made_again() {
    for (stack, word) in [("", "carries no tags of provision"), ("test", "carries this stack's tags")] {
        let mut world = settled().await;
        let old = id_of(&world, "fake_group.m/x");
        let new = remake(&world, "fake_group.m/x", |group| group.stack = stack.to_owned());
        let plan = world.plan(&options(Mode::Apply)).await;
        let import = format!("provision import fake_group.m/x={new}");
        must_say(&plan, &["supplanted fake_group.m/x", &old, &new, word, &import]);
        assert_eq!(changed(&plan), []);

        world.take_over("fake_group.m/x", &new, None).await.expect("it can be taken over");
        assert!(world.log().is_empty(), "nothing is changed by that: {:?}", world.log());
        let plan = world.plan(&options(Mode::Apply)).await;
        let expected =
            if stack.is_empty() { vec![("fake_group.m/x".to_owned(), Action::Update)] } else { vec![] };
        assert_eq!((changed(&plan), errors(&plan)), (expected, vec![]));
        assert!(plan.changes.iter().all(|change| change.effect == Effect::None));
        world.must_apply().await;
        let claims = usize::from(stack.is_empty());
        assert_eq!(world.log(), vec!["claim fake_group.m/x"; claims]);
    }
}

#[tokio::test]
async fn the_place_of_one_that_is_gone_is_left_alone_by_a_destroy() {
    let mut world = settled().await;
    let new = remake(&world, "fake_group.m/x", |group| group.stack = String::new());
    let plan = world.plan(&options(Mode::Destroy)).await;
    assert_eq!(errors(&plan), Vec::<String>::new());
    let warned = plan.preflight.iter().find(|finding| finding.check == "supplanted").expect("it is said");
    assert!(warned.message.contains(&new), "{}", warned.message);
    // The disk's parts are in the way of the disk alone.
    world.shared.cloud().objects.get_mut(&new).expect("it is there").inputs.clear();
    world.run(&options(Mode::Destroy)).await.expect("nothing kills this run");
    assert!(world.shared.cloud().objects.contains_key(&new), "it is not ours");
}

#[tokio::test]
async fn an_object_that_was_renamed_while_another_one_got_its_name_is_not_renamed_back() {
    let world = settled().await;
    let (old, copy) = {
        let id = id_of(&world, "fake_group.m/x");
        let mut cloud = world.shared.cloud();
        let object = cloud.objects.get_mut(&id).expect("it exists");
        let restored = object.clone();
        object.inputs.insert("name".to_owned(), json!("m-x-old"));
        object.key = format!("m-x-old@{}", object.inputs["parent"].as_str().unwrap_or_default());
        cloud.objects.insert("fake_group-restored".to_owned(), restored);
        (id, "fake_group-restored")
    };
    let plan = world.plan(&options(Mode::Apply)).await;
    must_say(&plan, &["supplanted fake_group.m/x", &old, copy, "m-x-old"]);
}

#[tokio::test]
async fn a_record_that_was_moved_takes_its_tags_along() {
    let mut world = settled().await;
    let (from, to) = (address("fake_disk.d"), address("fake_disk.e"));
    world.edit_state(Edit::Move { from: from.clone(), to: to.clone() }).await;
    let disk = world.declarations.remove(&from).expect("it is declared");
    world.declarations.insert(to, disk);
    for zone in ["x", "y"] {
        let inputs = json!({
            "name": format!("m-{zone}"), "parent": "${fake_disk.e.id}", "uses": ["${fake_group.a.id}"],
        });
        world.declare(&format!("fake_group.m/{zone}"), inputs);
    }
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(changed(&plan), [("fake_disk.e".to_owned(), Action::Update)]);
    let change = plan.change(&address("fake_disk.e")).expect("it is planned");
    let fields: Vec<&str> = change.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!((change.effect, fields), (Effect::None, vec!["ownership tags"]));
    world.must_apply().await;
    assert_eq!(world.log(), ["claim fake_disk.e"]);
}

#[tokio::test]
async fn an_object_of_a_renamed_stack_is_said_to_be_that_and_not_to_have_moved() {
    let world = settled().await;
    world.change_live(DISK, |disk| disk.stack = "before".to_owned());
    // Only the state that was renamed knows the old name.
    must_say(&world.plan(&options(Mode::Apply)).await, &["belongs to the stack before"]);
    let now = world.state().expect("there is a state").stack;
    for stack in ["before".to_owned(), now] {
        world.edit_state(Edit::Stack { stack }).await;
    }
    let plan = world.plan(&options(Mode::Apply)).await;
    let change = plan.change(&address(DISK)).expect("it is planned");
    assert_eq!(
        change.reason,
        "it was recorded when the stack was named before; its ownership tags are written"
    );
}

#[tokio::test]
async fn a_claim_that_is_cut_off_anywhere_is_finished_by_the_next_apply() {
    for moments in 0.. {
        let mut world = settled().await;
        world.change_live(DISK, |disk| disk.lineage = Some("lost".to_owned()));
        world.claim(DISK, "lost").await;
        world.shared.cloud().fuse = Some(moments);
        let lived = world.apply().await.is_some();
        world.shared.cloud().fuse = None;
        world.must_apply().await;
        let claimed = world.state().expect("there is a state").resources[&address(DISK)].claimed.clone();
        assert_eq!(claimed, None);
        if lived {
            assert!(moments > 1, "the fuse burnt");
            return;
        }
    }
}

#[tokio::test]
async fn what_was_taken_over_and_not_tagged_yet_can_be_deleted() {
    let mut world = settled().await;
    world.change_live(DISK, |disk| disk.lineage = Some("lost".to_owned()));
    world.claim(DISK, "lost").await;
    let report = world.run(&options(Mode::Destroy)).await.expect("nothing kills this run");
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert!(world.log().contains(&"claim fake_disk.d".to_owned()), "{:?}", world.log());
}

#[tokio::test]
async fn what_was_taken_over_and_belongs_to_somebody_else_by_now_is_neither_changed_nor_deleted() {
    let world = settled().await;
    world.claim(DISK, "lost").await;
    world.change_live(DISK, |disk| disk.lineage = Some("third".to_owned()));
    for mode in [Mode::Apply, Mode::Destroy] {
        let plan = world.plan(&options(mode)).await;
        let errors: Vec<_> = plan.errors().map(|finding| finding.check.as_str()).collect();
        assert_eq!(errors, ["fenced"], "{mode:?}");
    }
}

#[tokio::test]
async fn a_lost_state_is_put_together_with_a_new_lineage_and_the_old_one_is_fenced_out() {
    let world = settled().await;
    let old = std::fs::read(world.path()).expect("there is a state");
    world.lose_state();
    let found = world.rebuild("fresh", &Terms::default()).await.expect("it can be read");
    assert_eq!(found.fenced, ["lineage".to_owned()].into());
    assert_eq!((found.records.len(), found.foreign.len()), (5, 0));
    world.must_be_settled().await;
    world.lose_state();
    std::fs::write(world.path(), old).expect("the old state is put back");
    let plan = world.plan(&options(Mode::Apply)).await;
    let fenced: Vec<_> = plan.errors().map(|finding| finding.check.as_str()).collect();
    assert_eq!(fenced, ["fenced"; 4]);
}

#[tokio::test]
async fn what_another_state_made_is_taken_only_when_that_state_is_named() {
    let world = settled().await;
    world.change_live(GROUP, |group| group.lineage = Some("theirs".to_owned()));
    world.edit_state(Edit::Remove { address: address(GROUP) }).await;
    must_say(
        &world.plan(&options(Mode::Apply)).await,
        &["name-taken", "provision state rebuild --take-over theirs"],
    );
    for terms in [Terms::default(), Terms { take_over: Some("others"), only: None }] {
        let found = world.rebuild("lineage", &terms).await.expect("it can be read");
        assert!(matches!(found.foreign[&address(GROUP)].whose, Whose::OtherState { .. }), "{found:?}");
    }
    let found = world.rebuild("lineage", &Terms { take_over: Some("theirs"), only: None }).await;
    assert_eq!(found.expect("it can be read").records.len(), 1);
    world.must_be_settled().await;
}

#[tokio::test]
async fn what_kept_another_name_than_the_declared_one_is_found_through_what_uses_it() {
    let mut world = settled().await;
    let group = id_of(&world, GROUP);
    world.lose_state();
    world.declare(GROUP, json!({"name": "renamed", "parent": "${fake_group.network.id}", "note": "late"}));
    let found = world.rebuild("fresh", &Terms::default()).await.expect("it can be read");
    let record = &found.records[&address(GROUP)];
    assert_eq!(
        (record.id.as_ref().map(Id::as_str), &record.inputs["name"]),
        (Some(group.as_str()), &json!("a"))
    );
    assert!(found.absent.is_empty(), "{:?}", found.absent);
}

#[tokio::test]
async fn an_object_that_is_taken_over_comes_into_the_record_with_what_still_waits_to_be_deleted() {
    let world = settled().await;
    let theirs = "fake_disk-theirs";
    let own = id_of(&world, DISK);
    let mut object = world.shared.cloud().objects[&own].clone();
    (object.key, object.stack) = ("theirs".to_owned(), String::new());
    world.shared.cloud().objects.insert(theirs.to_owned(), object);
    let before = world.state().expect("there is a state").resources[&address(DISK)].clone();
    let old = Predecessor {
        id: Id::new("fake_disk-old"),
        inputs: before.inputs.clone(),
        depends_on: before.depends_on.clone(),
        older: None,
    };
    let record = Record { generation: 3, predecessor: Some(old.clone()), gone: true, ..before };
    world.edit_state(Edit::Put { address: address(DISK), record }).await;
    let taken = world.look_to_take_over(DISK, theirs, None).await.expect("it can be taken over");
    let record = &taken.records[&address(DISK)];
    assert_eq!(record.id.as_ref().map(Id::as_str), Some(theirs));
    assert_eq!((record.generation, &record.predecessor, record.gone), (3, &Some(old), false));
}

#[tokio::test]
async fn what_an_object_that_is_taken_over_uses_instead_of_something_declared_is_named() {
    let mut world = settled().await;
    world.declare("fake_group.b", json!({"name": "b", "parent": "${fake_group.network.id}"}));
    world.must_apply().await;
    let (mount, other) = (id_of(&world, "fake_group.m/x"), id_of(&world, "fake_group.b"));
    let taken = world.look_to_take_over("fake_group.m/x", &mount, None).await;
    assert!(taken.expect("it can be taken over").apart.is_empty());
    world.change_live("fake_group.m/x", |mount| drop(mount.inputs.insert("uses".to_owned(), json!([other]))));
    let taken = world.look_to_take_over("fake_group.m/x", &mount, None).await.expect("it can be taken over");
    let apart = Apart { address: address(GROUP), used: vec![other], is_fixed: false, left_to_others: None };
    assert_eq!(taken.apart, [(address("fake_group.m/x"), vec![apart])].into());
}

#[tokio::test]
async fn what_another_state_took_away_can_be_taken_back_at_once() {
    let world = settled().await;
    for at in [GROUP, DISK, "fake_group.m/x"] {
        world.change_live(at, |object| object.lineage = Some("theirs".to_owned()));
    }
    let found = world.rebuild("lineage", &Terms { take_over: Some("theirs"), only: None }).await;
    assert_eq!(found.expect("it can be read").records.len(), 3);
    world.must_be_settled().await;
}

#[tokio::test]
async fn a_rebuild_takes_nothing_that_stands_beside_another_cluster() {
    let world = settled().await;
    for at in [GROUP, DISK, "fake_group.m/x", "fake_group.m/y"] {
        world.change_live(at, |object| object.cluster = Some("elsewhere".to_owned()));
    }
    world.lose_state();
    let plan = world.plan(&options(Mode::Apply)).await;
    must_say(&plan, &["name-taken fake_group.a", "elsewhere", "another name: `stack:`"]);
    let found = world.rebuild("fresh", &Terms::default()).await.expect("it can be read");
    assert!(found.records.values().all(|record| record.watched), "{:?}", found.records);
}

#[tokio::test]
async fn what_cannot_be_taken_over_is_refused_with_the_reason() {
    let mut world = settled().await;
    let (group, disk) = (id_of(&world, GROUP), id_of(&world, DISK));
    let network = id_of(&world, "the cluster's");
    world.declare("fake_disk.e", json!({"name": "e", "size": 1}));
    let copy = |id: &str, change: &dyn Fn(&mut super::cloud::Object)| {
        let mut cloud = world.shared.cloud();
        let mut object = cloud.objects[&disk].clone();
        object.key = id.to_owned();
        change(&mut object);
        cloud.objects.insert(id.to_owned(), object);
    };
    copy("fake_disk-elsewhere", &|disk| {
        disk.cluster = Some("elsewhere".to_owned());
        disk.lineage = Some("theirs".to_owned());
    });
    copy("fake_disk-theirs", &|disk| {
        disk.stack = "shop".to_owned();
        disk.lineage = Some("theirs".to_owned());
    });
    for (at, id, lineage, expected) in [
        ("fake_disk.undeclared", disk.as_str(), None, "does not declare"),
        ("fake_disk.e", "fake_disk-9", None, "AWS has no fake_disk"),
        ("fake_disk.e", &disk, None, "recorded already, as fake_disk.d"),
        ("fake_group.a", &network, None, "belongs to the cluster"),
        ("fake_disk.e", "fake_disk-elsewhere", Some("theirs"), "beside the cluster elsewhere"),
        ("fake_disk.e", "fake_disk-theirs", None, "belongs to the stack shop"),
        ("fake_disk.e", "fake_disk-theirs", Some("others"), "belongs to the stack shop"),
        ("fake_group.m/x", &id_of(&world, "fake_group.m/y"), None, "recorded already"),
    ] {
        let refused = world.look_to_take_over(at, id, lineage).await.expect_err("it is refused");
        assert!(refused.to_string().contains(expected), "{at}={id}: {refused}");
    }
    // A group of another name would be replaced by the next apply.
    let named = {
        let mut cloud = world.shared.cloud();
        let mut object = cloud.objects[&group].clone();
        object.stack = String::new();
        object.inputs.insert("name".to_owned(), json!("other"));
        cloud.objects.insert("fake_group-other".to_owned(), object);
        "fake_group-other"
    };
    let refused = world.look_to_take_over(GROUP, named, None).await.expect_err("it has another name");
    assert!(matches!(&refused, Refused::OtherName { field, .. } if field == "name"), "{refused}");
    // One that is recorded there, and lost its tags, is taken back though another name is declared by now: it is to be replaced.
    world.declare(GROUP, json!({"name": "next", "parent": "${fake_group.network.id}"}));
    let recorded = id_of(&world, GROUP);
    world.shared.cloud().objects.get_mut(&recorded).expect("it is there").stack = String::new();
    let taken = world.look_to_take_over(GROUP, &recorded, None).await.expect("it is the recorded one");
    assert!(taken.records.contains_key(&address(GROUP)), "{:?}", taken.records.keys());
    let taken = world.look_to_take_over("fake_disk.e", "fake_disk-theirs", Some("theirs")).await;
    assert!(taken.expect("it was named").records[&address("fake_disk.e")].claimed.is_some());
}

#[tokio::test]
async fn the_parts_of_what_is_no_longer_managed_stay_with_it() {
    let world = settled().await;
    let (old, group) = (id_of(&world, DISK), id_of(&world, GROUP));
    {
        let mut cloud = world.shared.cloud();
        let mut disk = cloud.objects[&old].clone();
        (disk.key, disk.stack) = ("restored".to_owned(), String::new());
        cloud.objects.insert("fake_disk-restored".to_owned(), disk);
        let part = id_of_part("m-x", "fake_disk-restored", &group, &cloud.objects);
        cloud.objects.insert("fake_group-part".to_owned(), part);
    }
    let taken = world.take_over(DISK, "fake_disk-restored", None).await.expect("it can be taken over");
    let before = &taken.instead_of[&address(DISK)];
    assert!(before.is_there && before.id == Id::new(old.as_str()));
    assert_eq!(taken.records[&address("fake_group.m/x")].id, Some(Id::new("fake_group-part")));
    assert_eq!(taken.forgotten, [address("fake_group.m/y")].into());
    let plan = world.plan(&options(Mode::Apply)).await;
    assert_eq!(
        changed(&plan),
        [("fake_disk.d".to_owned(), Action::Update), ("fake_group.m/y".to_owned(), Action::Create)]
    );
    assert_eq!(plan.summary.delete + plan.summary.replace, 0, "the old one and its parts are left alone");
}

fn id_of_part(
    name: &str,
    parent: &str,
    uses: &str,
    objects: &std::collections::BTreeMap<String, super::cloud::Object>,
) -> super::cloud::Object {
    let like = objects.values().find(|object| object.address == "fake_group.m/x").expect("there is one");
    let mut part = like.clone();
    part.key = format!("{name}@{parent}");
    part.inputs.insert("parent".to_owned(), json!(parent));
    part.inputs.insert("uses".to_owned(), json!([uses]));
    part
}

#[tokio::test]
async fn an_object_is_never_its_own_replacement() {
    let mut world = settled().await;
    let old = id_of(&world, GROUP);
    // To the cloud both names are one, which the kind does not know.
    world.change_live(GROUP, |group| group.key = group.key.replacen('a', "A", 1));
    world.declare(GROUP, json!({"name": "A", "parent": "${fake_group.network.id}", "note": "late"}));
    let report = world.apply().await.expect("nothing kills this run");
    let (_, action, error) = report.failures.first().expect("it fails");
    assert_eq!(*action, Action::Replace, "{error}");
    assert!(world.shared.cloud().objects.contains_key(&old), "the old one is still there");
    assert!(!world.log().contains(&"delete fake_group.a".to_owned()), "{:?}", world.log());
    let state = world.state().expect("there is a state");
    let record = &state.resources[&address(GROUP)];
    assert_eq!((record.phase, &record.id), (Phase::Creating, &None));
    assert_eq!(record.predecessor.as_ref().map(|old| old.id.to_string()), Some(old));
}

#[test]
fn tags_of_ours_are_ours_again_when_they_are_read() {
    let owner = Owner {
        stack: "test".to_owned(),
        address: address(DISK),
        formerly: Default::default(),
        lineage: "lineage".to_owned(),
        cluster: None,
        vpc: None,
        generation: 3,
        others: Default::default(),
        named_with: Default::default(),
    };
    assert_eq!(owner.whose(&Ownership::of_tags(&owner.tags()), None), Whose::Ours);
}
