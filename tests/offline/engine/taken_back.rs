//! Adoptions that were taken back before anything was applied, and what is not to be taken for one.

use provision::engine::document::Document;
use provision::engine::plan::{Action, Mode};
use provision::engine::planner::Options;
use provision::engine::resource::{Claim, Id};
use provision::engine::state::{Edit, Predecessor, Record};

use super::world::{World, address, options};

const GROUP: &str = "fake_group.a";
const DISK: &str = "fake_disk.d";

async fn settled() -> World {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    world
}

fn id_of(world: &World, at: &str) -> String {
    let recorded = world.state().and_then(|state| state.resources[&address(at)].id.clone());
    recorded.expect("it is recorded").to_string()
}

/// An object like the one at an address, of nobody.
fn theirs(world: &World, at: &str) -> String {
    let (own, id) = (id_of(world, at), format!("{}-theirs", address(at).kind()));
    let mut cloud = world.shared.cloud();
    let mut object = cloud.objects[&own].clone();
    (object.key, object.stack) = ("theirs".to_owned(), String::new());
    cloud.objects.insert(id.clone(), object);
    id
}

fn without_mounts(world: &mut World) {
    for zone in ["x", "y"] {
        world.declarations.remove(&address(&format!("fake_group.m/{zone}")));
    }
}

#[tokio::test]
async fn what_was_adopted_over_a_begun_replacement_stays_and_what_that_was_to_replace_goes() {
    let mut world = settled().await;
    let (old, theirs) = (id_of(&world, GROUP), theirs(&world, GROUP));
    without_mounts(&mut world);
    world.declarations.remove(&address(GROUP));
    let before = world.state().expect("there is a state").resources[&address(GROUP)].clone();
    let predecessor = Predecessor {
        id: Id::new(old.as_str()),
        inputs: Document::new(),
        depends_on: before.depends_on.clone(),
        older: None,
    };
    let record = Record {
        id: Some(Id::new(theirs.as_str())),
        claimed: Some(Claim::default()),
        predecessor: Some(predecessor),
        ..before
    };
    world.edit_state(Edit::Put { address: address(GROUP), record }).await;
    let plan = world.plan(&options(Mode::Apply)).await;
    let change = plan.changes.iter().find(|change| change.address == address(GROUP)).expect("it is planned");
    let goes: Vec<&str> = change.goes.iter().map(|going| going.id.as_str()).collect();
    assert_eq!((change.action, goes), (Action::Delete, vec![old.as_str()]));
    world.must_apply().await;
    assert!(world.shared.cloud().objects.contains_key(&theirs), "nothing was ever applied to it");
    assert!(!world.state().expect("there is a state").resources.contains_key(&address(GROUP)));
}

#[tokio::test]
async fn what_lost_its_tags_and_is_imported_again_is_the_stack_s_own_and_not_let_go_of_in_silence() {
    let mut world = settled().await;
    let id = id_of(&world, DISK);
    world.shared.cloud().objects.get_mut(&id).expect("it is there").stack = String::new();
    for _ in 0..2 {
        world.take_over(DISK, &id, None).await.expect("it can be taken over");
    }
    without_mounts(&mut world);
    world.declarations.remove(&address(DISK));
    let plan = world.plan(&options(Mode::Apply)).await;
    let errors: Vec<&str> = plan.errors().map(|error| error.check.as_str()).collect();
    assert_eq!(errors, ["data-loss"]);
    let change = plan.changes.iter().find(|change| change.address == address(DISK)).expect("it is planned");
    assert_eq!(change.action, Action::Delete);
}

#[tokio::test]
async fn an_object_that_is_called_like_the_id_of_another_one_is_no_part_of_it() {
    let mut world = settled().await;
    let old = id_of(&world, DISK);
    world.declare("fake_group.c", serde_json::json!({"name": old, "parent": "${fake_group.network.id}"}));
    world.must_apply().await;
    let theirs = theirs(&world, DISK);
    let taken = world.look_to_take_over(DISK, &theirs, None).await.expect("it can be taken over");
    let parts = ["x", "y"].map(|zone| address(&format!("fake_group.m/{zone}")));
    assert_eq!(taken.forgotten, parts.into(), "its parts, and nothing else");
}

#[tokio::test]
async fn a_target_that_may_be_the_new_name_of_data_has_a_warning() {
    let mut world = settled().await;
    without_mounts(&mut world);
    let declaration = world.declarations.remove(&address(DISK)).expect("it is declared");
    world.declarations.insert(address("fake_disk.e"), declaration);
    let of = |targets: &[&str]| Options {
        targets: targets.iter().map(|one| address(one)).collect(),
        ..options(Mode::Apply)
    };
    let plan = world.plan(&of(&["fake_disk.e"])).await;
    let hints: Vec<&str> = plan.preflight.iter().filter_map(|finding| finding.hint.as_deref()).collect();
    assert_eq!(hints, ["if it was renamed: provision state move d e"]);
    assert!(world.plan(&of(&[GROUP])).await.preflight.is_empty());
}
