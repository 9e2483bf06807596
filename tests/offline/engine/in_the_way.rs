//! The words of a plan on an object that no record has: by whose it is, by what it was found, and by whether the state is lost.

use std::collections::BTreeMap;

use provision::engine::address::Address;
use provision::engine::blueprint::{Blueprint, Declaration};
use provision::engine::kind::Live;
use provision::engine::network::Cluster;
use provision::engine::plan::{Level, Mode};
use provision::engine::planner::{self, Input, Options, Safeguards, Sighting, Sightings};
use provision::engine::resource::{Condition, Found, Id, Ownership, Told, Trace};
use provision::engine::state::{Phase, Record, State};
use serde_json::json;

use super::kinds::registry;
use super::world::{address, document, options};

const DISK: &str = "fake_disk.d";
const GROUP: &str = "fake_group.a";

fn tags(stack: &str, at: &str, lineage: &str, cluster: &str) -> Ownership {
    Ownership::Tagged {
        stack: stack.to_owned(),
        address: at.to_owned(),
        lineage: Some(lineage.to_owned()).filter(|lineage| !lineage.is_empty()),
        cluster: Some(cluster.to_owned()),
    }
}

fn ours(at: &str) -> Ownership {
    tags("test", at, "lineage", "cluster")
}

fn of_another_state(at: &str) -> Ownership {
    tags("test", at, "another", "cluster")
}

fn of_another_stack(at: &str) -> Ownership {
    tags("shop", at, "theirs", "cluster")
}

fn found(id: &str, trace: Trace, ownership: Ownership) -> Found {
    Found { trace, ..Found::new(Id::new(id), ownership) }
}

/// The state that a plan is made with.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    None,
    Empty,
    /// It manages something else.
    Others,
}

/// A state that manages one object, and knows of another one nothing but the intent.
fn others(sightings: &mut Sightings) -> BTreeMap<Address, Record> {
    let inputs = document(json!({"name": "b", "parent": "p"}));
    let live = Live {
        inputs: inputs.clone(),
        in_force: document(json!({})),
        outputs: document(json!({})),
        condition: Condition::Ready,
        remarks: Vec::new(),
        ownership: ours("fake_group.b"),
        vpc: None,
    };
    let id = Id::new("fake_group-b");
    let record = Record {
        phase: Phase::Ready,
        watched: false,
        inputs,
        ..Record::watched(id.clone(), document(json!({})))
    };
    let intent = Record { phase: Phase::Creating, id: None, ..record.clone() };
    sightings.insert(address("fake_group.b"), Sighting::Live { id, live });
    BTreeMap::from([(address("fake_group.b"), record), (address("fake_disk.e"), intent)])
}

/// The findings at an address where these objects stand.
fn findings(at: &str, found: &[Found], kept: Kept, options: &Options) -> String {
    let declared = [
        (DISK, json!({"name": "d", "parent": "p"})),
        ("fake_disk.e", json!({"name": "e", "parent": "p"})),
        (GROUP, json!({"name": "a", "parent": "p"})),
        ("fake_group.b", json!({"name": "b", "parent": "p"})),
    ];
    let declarations = BTreeMap::from(declared.map(|(at, inputs)| {
        let inputs = document(inputs);
        (address(at), Declaration::Managed { inputs })
    }));
    let is_destroyed = options.mode == Mode::Destroy;
    let safeguards = Safeguards { declared: declarations.keys().cloned().collect(), ..Safeguards::default() };
    let blueprint = Blueprint {
        stack: "test".to_owned(),
        cluster: Some(Cluster { name: Some("cluster".to_owned()), efs_names_resolve: true }),
        declarations: if is_destroyed { BTreeMap::new() } else { declarations },
        ..Blueprint::default()
    };
    let [first, beside @ ..] = found else { panic!("something is there") };
    let sighting = Sighting::InTheWay { found: first.clone(), beside: beside.to_vec() };
    let mut sightings = Sightings::from_iter([(address(at), sighting)]);
    let mut state = State::new("test", "lineage".to_owned(), "123456789012", "eu-west-1");
    if kept == Kept::Others {
        state.resources = others(&mut sightings);
    }
    let planning = planner::plan(&Input {
        registry: &registry(),
        blueprint: &blueprint,
        state: Some(&state).filter(|_| kept != Kept::None),
        sightings: &sightings,
        account: "123456789012",
        region: "eu-west-1",
        now: jiff::Timestamp::UNIX_EPOCH,
        options,
        safeguards: &if is_destroyed { safeguards } else { Safeguards::default() },
    });
    let here = address(at);
    let findings = planning.plan.preflight.iter().filter(|finding| finding.address.as_ref() == Some(&here));
    let said = findings.map(|finding| {
        let level = if finding.level == Level::Error { "error" } else { "warning" };
        let hint = finding.hint.as_deref().unwrap_or("nothing");
        format!("    {level} {}: {}\n      -> {hint}\n", finding.check, finding.message)
    });
    Some(said.collect::<String>()).filter(|said| !said.is_empty()).unwrap_or("    nothing\n".to_owned())
}

type Row = (&'static str, &'static str, Vec<Found>);

/// Every row as it is said in each of these scenes, with one text for those in which it is the same.
fn table(rows: &[Row], scenes: &[(&str, Kept, Options)]) -> String {
    let row = |(name, at, found): &Row| {
        let mut said: Vec<(String, String)> = Vec::new();
        for (scene, kept, options) in scenes {
            let text = findings(at, found, *kept, options);
            match said.iter_mut().find(|(_, known)| *known == text) {
                Some((scenes, _)) => *scenes = format!("{scenes}; {scene}"),
                None => said.push(((*scene).to_owned(), text)),
            }
        }
        let said = said.iter().map(|(scenes, text)| format!("  {scenes}\n{text}")).collect::<String>();
        format!("{at}, {name}\n{said}")
    };
    rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_object_in_the_way_is_told_of_by_whose_it_is_and_by_what_it_was_found() {
    use Trace::{Name, Tags, Use};
    let old = "fake_disk.old";
    let one = |trace, ownership| vec![found("id-1", trace, ownership)];
    let also = |trace, ownership| vec![found("id-2", trace, ownership)];
    let two = |trace, ownership: Ownership| {
        vec![found("id-1", trace, ownership.clone()), found("id-2", trace, ownership)]
    };
    let unfit = |trace, ownership| {
        let unfit = Some("it is no disk".to_owned());
        vec![Found { unfit, ..found("id-1", trace, ownership) }]
    };
    let told = |at: &str, ownership| {
        vec![Found { told: Some(Told::ByUsers(address(at))), ..found("id-1", Use, ownership) }]
    };
    let rows = [
        ("ours, by its name", DISK, one(Name, ours(DISK))),
        ("ours, by its tags", DISK, one(Tags, ours(DISK))),
        ("made for another key, by its name", DISK, one(Name, ours("fake_disk.e"))),
        ("made for a key that is gone, by its name", DISK, one(Name, ours(old))),
        ("made for a key that is gone, by its tags", DISK, one(Tags, ours(old))),
        ("of no address, by its tags", DISK, one(Tags, tags("test", "", "another", "cluster"))),
        ("of another state, by its name", DISK, one(Name, of_another_state(DISK))),
        ("of another state, by its tags", DISK, one(Tags, of_another_state(DISK))),
        ("of another state and key, by its name", DISK, one(Name, of_another_state("fake_disk.e"))),
        ("of another state and a key that is gone, by its tags", DISK, one(Tags, of_another_state(old))),
        ("of another cluster", DISK, one(Name, tags("test", DISK, "another", "elsewhere"))),
        ("of another stack, by its name", DISK, one(Name, of_another_stack(DISK))),
        (
            "of another stack without a lineage, by its name",
            DISK,
            one(Name, tags("shop", DISK, "", "cluster")),
        ),
        ("of another stack, by its tags", DISK, one(Tags, of_another_stack(DISK))),
        ("of another stack, by its use", DISK, one(Use, of_another_stack(DISK))),
        ("of another stack without a lineage, by its use", DISK, one(Use, tags("shop", DISK, "", "cluster"))),
        ("of no stack, by its tags", DISK, one(Tags, tags("none", DISK, "", "cluster"))),
        ("the cluster's", DISK, one(Name, Ownership::OfCluster { cluster: "cluster".to_owned() })),
        ("a part of ours", DISK, one(Name, Ownership::Inherited)),
        ("without tags, by its name", DISK, one(Name, Ownership::Untagged)),
        ("without tags, by its use", DISK, one(Use, Ownership::Untagged)),
        ("without tags, by its users", DISK, told(DISK, Ownership::Untagged)),
        ("tagged for another key than its users", DISK, told(DISK, ours("fake_disk.e"))),
        ("two of ours", DISK, two(Tags, ours(DISK))),
        ("two of a key that is gone", DISK, two(Tags, ours(old))),
        (
            "two of a key that is gone, of which one is used for this one",
            DISK,
            [also(Tags, ours(old)), told(DISK, ours(old))].concat(),
        ),
        (
            "ours and one of another state",
            DISK,
            [one(Tags, ours(DISK)), also(Tags, of_another_state(DISK))].concat(),
        ),
        ("two without tags, by their use", DISK, two(Use, Ownership::Untagged)),
        ("ours and one without tags", DISK, [one(Tags, ours(DISK)), also(Use, Ownership::Untagged)].concat()),
        ("one that does not fit, by its name", DISK, unfit(Name, Ownership::Untagged)),
        ("one of ours that does not fit", DISK, unfit(Tags, ours(DISK))),
        ("without data, ours", GROUP, one(Name, ours(GROUP))),
        ("without data, made for a key that is gone", GROUP, one(Tags, ours("fake_group.old"))),
        ("without data, of another stack", GROUP, one(Tags, of_another_stack(GROUP))),
        ("without data, tagged for another key than its users", GROUP, told(GROUP, ours("fake_group.b"))),
        (
            "without data, tagged for one key and used for another",
            GROUP,
            vec![Found {
                told: Some(Told::ByUsers(address("fake_group.c"))),
                ..found("id-1", Use, ours("fake_group.old"))
            }],
        ),
    ];
    let apply = options(Mode::Apply);
    let scenes = [("no state", Kept::None, apply.clone()), ("an empty state", Kept::Empty, apply.clone())];
    let table = table(&rows, &[&scenes[..], &[("a state of others", Kept::Others, apply)]].concat());
    insta::assert_snapshot!(table);
}

#[test]
fn a_destroy_tells_of_what_it_passes_over_and_where_it_was_named() {
    use Trace::{Name, Tags, Use};
    let one = |trace, ownership| vec![found("id-1", trace, ownership)];
    let unfit = Found { unfit: Some("it is no disk".to_owned()), ..found("id-1", Tags, ours(DISK)) };
    let rows = [
        ("ours, by its name", DISK, one(Name, ours(DISK))),
        ("ours, by its tags", DISK, one(Tags, ours(DISK))),
        ("ours, and does not fit", DISK, vec![unfit]),
        ("two of ours", DISK, [one(Tags, ours(DISK)), vec![found("id-2", Tags, ours(DISK))]].concat()),
        ("made for a key that is gone", DISK, one(Tags, ours("fake_disk.old"))),
        ("of another state, by its name", DISK, one(Name, of_another_state(DISK))),
        ("of another state and key, by its tags", DISK, one(Tags, of_another_state("fake_disk.old"))),
        ("of another cluster", DISK, one(Name, tags("test", DISK, "another", "elsewhere"))),
        ("of another stack, by its name", DISK, one(Name, of_another_stack(DISK))),
        ("of another stack, by its tags", DISK, one(Tags, of_another_stack(DISK))),
        ("without tags, by its name", DISK, one(Name, Ownership::Untagged)),
        ("without tags, by its use", DISK, one(Use, Ownership::Untagged)),
        ("what the state has an intent of", "fake_disk.e", one(Name, ours("fake_disk.e"))),
    ];
    let whole = options(Mode::Destroy);
    let named = Options { targets: [address(DISK)].into(), ..whole.clone() };
    let scenes = [
        ("no state", Kept::None, whole.clone()),
        ("no state, named", Kept::None, named.clone()),
        ("an empty state", Kept::Empty, whole.clone()),
        ("an empty state, named", Kept::Empty, named.clone()),
        ("a state of others", Kept::Others, whole),
        ("a state of others, named", Kept::Others, named),
    ];
    let table = table(&rows, &scenes);
    insta::assert_snapshot!(table);
}
