//! Random stacks, random changes and random failures: what must hold of every one of them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use provision::engine::address::Address;
use provision::engine::plan::Action;
use provision::engine::steps::{Planned, Step, lay_out};
use serde_json::{Value, json};

use super::cloud::Fault;
use super::world::World;

/// A failing case is printed to be written down as a test of its own, not kept in a file.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::with_cases(cases) }
}

fn address(number: usize) -> Address {
    Address::new("k", &format!("v{number}"))
}

/// Objects 0 to n, each depending on some of those before it, each with an action.
fn graphs() -> impl Strategy<Value = BTreeMap<Address, Planned>> {
    let actions = prop_oneof![
        Just(Action::NoOp),
        Just(Action::Update),
        Just(Action::Replace),
        Just(Action::Delete),
        Just(Action::Create),
    ];
    proptest::collection::vec((actions, any::<u8>()), 2..=8).prop_map(|rows| {
        let deleted = |number: usize| rows[number].0 == Action::Delete;
        let created = |number: usize| rows[number].0 == Action::Create;
        rows.iter()
            .enumerate()
            .map(|(number, (action, mask))| {
                let on: BTreeSet<usize> = (0..number).filter(|other| mask & (1 << other) != 0).collect();
                let action = match action {
                    // A resource that loses what it depends on is changed at least.
                    Action::NoOp if on.iter().any(|other| rows[*other].0 != Action::NoOp) => Action::Update,
                    other => *other,
                };
                let refers = on.iter().filter(|other| !deleted(**other) && action != Action::Delete);
                let recorded = on.iter().filter(|other| !created(**other) && action != Action::Create);
                let planned = Planned {
                    action,
                    refers_to: refers.copied().map(address).collect(),
                    recorded_on: recorded.copied().map(address).collect(),
                    create_first: false,
                    goes_on: false,
                    in_two: false,
                    leads: BTreeSet::new(),
                    freed_of: BTreeSet::new(),
                    loose: BTreeSet::new(),
                };
                (address(number), planned)
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(config(2000))]

    /// In any order of the steps that the edges allow, no object goes while another one that exists was made or last
    /// changed to use it.
    #[test]
    fn nothing_in_use_is_deleted(planned in graphs(), order in proptest::collection::vec(any::<Index>(), 16)) {
        let steps = lay_out(&planned).expect("dependencies go one way only");
        // Each existing object with the versions of those that it uses; version 1 is the replacement.
        let mut existing: BTreeMap<(Address, u8), BTreeSet<(Address, u8)>> = planned
            .iter()
            .filter(|(_, one)| one.action != Action::Create)
            .map(|(at, one)| ((at.clone(), 0), one.recorded_on.iter().map(|on| (on.clone(), 0)).collect()))
            .collect();
        let version = |at: &Address| u8::from(planned[at].action == Action::Replace);
        let mut done: BTreeSet<Step> = BTreeSet::new();
        let mut turn = 0;
        while done.len() < steps.waits_for.len() {
            let ready: Vec<&Step> = steps
                .waits_for
                .iter()
                .filter(|(step, waits)| !done.contains(step) && waits.is_subset(&done))
                .map(|(step, _)| step)
                .collect();
            let step = order[turn % order.len()].get(&ready).to_owned().clone();
            turn += 1;
            match &step {
                Step::Up(at) => {
                    let uses: BTreeSet<(Address, u8)> =
                        planned[at].refers_to.iter().map(|on| (on.clone(), version(on))).collect();
                    for used in &uses {
                        prop_assert!(existing.contains_key(used), "{at} needs {used:?}");
                    }
                    existing.insert((at.clone(), version(at)), uses);
                }
                Step::Down(at) => {
                    let gone = (at.clone(), 0);
                    existing.remove(&gone);
                    let users: Vec<_> = existing.iter().filter(|(_, uses)| uses.contains(&gone)).collect();
                    prop_assert!(users.is_empty(), "{at} goes while {users:?} use it");
                }
            }
            done.insert(step);
        }
    }
}

/// A random stack: groups on groups and disks on groups, each referring to some of those before it.
#[derive(Clone, Debug)]
struct Row {
    uses: u8,
    /// Always there but for the first: what is not declared is not compared, so a kind's references are never optional.
    parent: Index,
    size: u32,
    name: u8,
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (any::<u8>(), any::<Index>(), 1..5u32, 0..2u8).prop_map(|(uses, parent, size, name)| Row {
        uses,
        parent,
        size,
        name,
    });
    proptest::collection::vec(row, 1..6)
}

fn declare(world: &mut World, rows: &[Row]) {
    world.declarations.retain(|address, _| address.name() == "network");
    for (number, row) in rows.iter().enumerate() {
        let reference = |other: usize| Value::String(format!("${{fake_group.g{other}.id}}"));
        let uses: Vec<Value> =
            (0..number).filter(|other| row.uses & (1 << other) != 0).map(reference).collect();
        let mut inputs = json!({
            "name": format!("g{number}-{}", row.name), "size": row.size, "uses": uses, "note": "late",
        });
        inputs["parent"] = match number {
            0 => json!("${fake_group.network.id}"),
            _ => reference(row.parent.index(number)),
        };
        world.declare(&format!("fake_group.g{number}"), inputs);
    }
}

fn faults() -> impl Strategy<Value = Vec<Option<Fault>>> {
    let fault = prop_oneof![
        4 => Just(None),
        1 => Just(Some(Fault::Refuse)),
        1 => Just(Some(Fault::Throttle)),
        1 => Just(Some(Fault::LoseAnswer)),
        1 => Just(Some(Fault::LoseRequest)),
    ];
    proptest::collection::vec(fault, 0..12)
}

proptest! {
    #![proptest_config(config(150))]

    /// Running again reaches the stack, no matter what fails on the way and what is wanted instead meanwhile: nothing is
    /// left behind, and each run does what its plan says.
    #[test]
    fn a_stack_is_reached_through_any_failures(
        first in rows(), second in rows(), third in proptest::option::of(rows()), faults in faults(),
        slowness in 0..3u32, fuse in proptest::option::of(0..30u32), runs in 0..3,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            let mut world = World::new();
            world.shared.cloud().slowness = slowness;
            declare(&mut world, &first);
            world.must_apply().await;
            declare(&mut world, &second);
            world.shared.cloud().faults = faults.into();
            world.shared.cloud().fuse = fuse;
            for run in 0..14 {
                if let (Some(third), true) = (&third, run == runs) {
                    declare(&mut world, third);
                }
                match world.apply().await {
                    Some(report) if report.failures.is_empty() => break,
                    Some(_) => {}
                    None => world.shared.cloud().fuse = None,
                }
            }
            world.shared.cloud().faults.clear();
            world.shared.cloud().fuse = None;
            world.must_apply().await;
            let objects = world.shared.cloud().objects.len();
            assert_eq!(objects, world.declarations.len(), "one object at each address");
        });
    }
}
