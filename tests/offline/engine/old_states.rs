//! States, journals and plans as released versions of the program wrote them, kept as they were: each is read, planned from and
//! gone on from for ever. `tests/states/version_1` was written by the program before its states had versions of kinds, `version_2` by
//! the one that has them, `version_3` is that content in the format in which sections have facts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt;
use provision::aws::kinds::registry;
use provision::engine::document::Document;
use provision::engine::kind::Live;
use provision::engine::plan::{Action, Mode, Plan};
use provision::engine::planner::{self, Input, Sighting, Sightings};
use provision::engine::resource::{Condition, Ownership};
use provision::engine::saved::{SavedPlan, SavedPlanError};
use provision::engine::state::{Edit, Phase, State, Store, format};
use provision::stack;
use provision::stack::blueprint::blueprint;

use super::world::{address, options};

const STATES: [&str; 8] =
    ["creating", "deleting", "intended", "replacing", "settled", "shared", "shared.locked", "updating"];

/// The formats, the newest last.
const VERSIONS: [u32; 3] = [1, 2, 3];

/// Every state of every format.
fn states() -> impl Iterator<Item = (u32, &'static str)> {
    VERSIONS.into_iter().flat_map(|version| STATES.into_iter().map(move |name| (version, name)))
}

fn frozen(version: u32, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/states/version_{version}")).join(name)
}

/// A copy of a state with the journal beside it, in a folder of its own.
fn copied(version: u32, name: &str) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    std::fs::copy(frozen(version, &format!("{name}.json")), &path).expect("it is kept");
    let journal = frozen(version, &format!("{name}.json.journal"));
    if journal.exists() {
        std::fs::copy(journal, folder.path().join("state.json.journal")).expect("it is kept");
    }
    (folder, Store::local(path))
}

fn read(store: &Store) -> State {
    let read = store.read().now_or_never().expect("a file needs no waiting");
    read.expect("the state is whole").expect("there is one")
}

/// A state as AWS would show it, with all its objects there as they were recorded.
fn as_recorded(state: &State) -> Sightings {
    let live = |at: &provision::engine::address::Address, record: &provision::engine::state::Record| Live {
        inputs: record.inputs.clone(),
        in_force: Document::new(),
        outputs: record.outputs.clone(),
        condition: Condition::Ready,
        remarks: Vec::new(),
        ownership: Ownership::Tagged {
            stack: state.stack.clone(),
            address: at.to_string(),
            lineage: Some(state.lineage.clone()),
            cluster: None,
        },
        vpc: None,
    };
    let seen = state.resources.iter().map(|(at, record)| {
        let sighting = match &record.id {
            Some(id) => Sighting::Live { id: id.clone(), live: live(at, record) },
            None => Sighting::Gone,
        };
        (at.clone(), sighting)
    });
    seen.collect()
}

fn plan(state: &State, version: u32, stack_file: &str, mode: Mode) -> Plan {
    let content = std::fs::read(frozen(version, stack_file)).expect("it is kept");
    let stack = stack::parse(stack_file, content, &registry()).expect("a stack file of then is one of now");
    // As the program reads one.
    let state = &provision::engine::newer::up_to_date(&registry(), state);
    let network = state.network().expect("the network is recorded");
    let blueprint = blueprint(&stack, &network).expect("the stack fits its network");
    planner::plan(&Input {
        registry: &registry(),
        blueprint: &blueprint,
        state: Some(state),
        sightings: &as_recorded(state),
        account: &state.account,
        region: &state.region,
        now: "2026-11-28T10:00:00Z".parse().expect("a time"),
        options: &options(mode),
        safeguards: &Default::default(),
    })
    .plan
}

#[test]
fn every_state_that_a_release_wrote_can_be_read() {
    let mut kinds: BTreeMap<String, u32> = BTreeMap::new();
    let mut phases: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    let mut predecessors = BTreeSet::new();
    for (version, name) in states() {
        let (_folder, store) = copied(version, name);
        let state = read(&store);
        for (at, record) in &state.resources {
            kinds.entry(at.kind().to_owned()).or_insert(version);
            let phase = format!("{:?}, with an id: {}", record.phase, record.id.is_some());
            phases.entry(phase).or_default().insert(version);
            predecessors.extend(record.predecessors().map(|_| version));
            assert_eq!(record.kind_version, 1, "{name}: {at}");
            assert_eq!(provision::engine::newer::newer(&registry(), at, record), None, "{name}: {at}");
        }
    }
    // Each with the format in which it was recorded first.
    let known: Vec<(&str, u32)> = kinds.iter().map(|(kind, version)| (kind.as_str(), *version)).collect();
    assert_eq!(
        known,
        [
            ("aws_db_instance", 1),
            ("aws_db_parameter_group", 1),
            ("aws_db_subnet_group", 1),
            ("aws_efs_access_point", 1),
            ("aws_efs_file_system", 1),
            ("aws_efs_mount_target", 1),
            ("aws_kms_alias", 1),
            ("aws_s3_bucket", 2),
            ("aws_security_group", 1),
            ("aws_subnet", 1),
            ("aws_vpc", 1),
        ]
    );
    assert_eq!(predecessors, BTreeSet::from(VERSIONS));
    for (phase, versions) in &phases {
        assert_eq!(*versions, BTreeSet::from(VERSIONS), "{phase}");
    }
    let phases: Vec<&str> = phases.keys().map(String::as_str).collect();
    assert_eq!(
        phases,
        [
            "Creating, with an id: false",
            "Creating, with an id: true",
            "Deleting, with an id: true",
            "Ready, with an id: true",
            "Updating, with an id: true",
        ]
    );
}

#[test]
fn what_an_old_state_is_changed_to_is_written_in_the_format_of_now() {
    for (version, name) in states() {
        let (folder, store) = copied(version, name);
        let mut expected = read(&store);
        let open = store.open("test", Duration::ZERO, || unreachable!("there is a state"));
        let mut writer = open.now_or_never().expect("nobody holds it").expect("it can be locked");
        let edit = Edit::Remove { address: address("aws_vpc.network") };
        writer.edit(edit.clone());
        writer.commit().now_or_never().expect("a file needs no waiting").expect("it can be written");
        // The run dies: its journal, if there is one, must go on from a snapshot that older programs refuse.
        drop(writer);
        if version < State::VERSION {
            let snapshot = std::fs::read_to_string(folder.path().join("state.json")).expect("it is there");
            let snapshot: serde_json::Value = serde_json::from_str(&snapshot).expect("it is JSON");
            let format = (&snapshot["version"], &snapshot["format_version"]);
            assert_eq!(format, (&State::VERSION.into(), &format!("{}.0", State::VERSION).into()), "{name}");
        }
        expected.apply(edit);
        expected.version = State::VERSION;
        // The run is in the history, which is an edit too.
        let found = read(&store);
        assert_eq!(found.runs.len(), expected.runs.len() + 1, "{name}");
        expected.runs.clone_from(&found.runs);
        expected.serial += 1;
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn the_newest_states_are_byte_for_byte_what_the_program_writes() {
    let version = *VERSIONS.last().expect("there is a newest");
    assert_eq!(version, State::VERSION);
    for name in ["creating", "deleting", "intended", "replacing", "settled", "updating"] {
        let bytes = std::fs::read(frozen(version, &format!("{name}.json"))).expect("it is kept");
        let state = format::decode(&bytes).expect("the state is whole");
        assert!(format::encode(&state) == bytes, "{name}");
        assert!(state.cluster().is_some(), "{name}");
    }
}

#[test]
fn a_stack_that_an_old_program_had_settled_is_settled() {
    for version in VERSIONS {
        let (_folder, store) = copied(version, "settled");
        let state = read(&store);
        let apply = plan(&state, version, "stack.yaml", Mode::Apply);
        let changes: Vec<_> = apply.changes.iter().filter(|change| change.action != Action::NoOp).collect();
        assert!(changes.is_empty() && apply.drift.is_empty(), "{changes:#?} {:#?}", apply.drift);
        assert_eq!(apply.errors().count(), 0, "{:#?}", apply.preflight);
    }
}

#[test]
fn what_an_old_program_had_left_unfinished_is_gone_on_with() {
    for version in VERSIONS {
        for (name, stack_file) in [("updating", "stack.yaml"), ("deleting", "stack.yaml")] {
            let (_folder, store) = copied(version, name);
            let plan = plan(&read(&store), version, stack_file, Mode::Apply);
            assert!(plan.is_empty(), "{name}: everything lives, as it is declared: {:#?}", plan.changes);
        }
        let (_folder, store) = copied(version, "intended");
        let state = read(&store);
        let plan = plan(&state, version, "stack.yaml", Mode::Apply);
        let intents = state.resources.values().filter(|record| record.id.is_none()).count();
        assert!(intents > 0 && plan.summary.create > intents, "{:?}", plan.summary);
        assert!(state.resources.values().any(|record| record.phase == Phase::Creating));
    }
}

#[test]
fn a_plan_that_an_old_program_saved_is_told_from_one_that_was_changed() {
    let path = frozen(1, "plan.json");
    let refused = SavedPlan::read(&path).expect_err("its words are other ones");
    assert!(matches!(refused, SavedPlanError::OtherBuild { .. }), "{refused}");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let changed = folder.path().join("plan.json");
    let text = std::fs::read_to_string(&path).expect("it is there").replace("410000382171", "410000382172");
    std::fs::write(&changed, text).expect("it can be written");
    let refused = SavedPlan::read(&changed).expect_err("it was changed");
    assert!(matches!(refused, SavedPlanError::Changed { .. }), "{refused}");
}
