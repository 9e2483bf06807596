//! A pair in memory: faults at every call, random changes by others, and never two machines that write.

use std::fmt;

use proptest::prelude::*;

use super::*;
use crate::engine::resource::Id;

const COMMANDS: [bool; 3] = [true; 3];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a time")
}

fn side(name: &str) -> Side {
    let address = Address::new("aws_instance", name);
    Side { address, id: Id::new(format!("i-{name}")), before: BTreeMap::new() }
}

fn failover([stop_copy, stop, start]: [bool; 3]) -> Failover {
    let some = |is_there: bool, text: &str| is_there.then(|| text.to_owned());
    Failover {
        pair: "web".to_owned(),
        from: side("a"),
        to: side("b"),
        address: Elastic {
            address: Address::new("aws_eip", "web"),
            id: Id::new("eipalloc-1"),
            public_ip: "192.0.2.1".to_owned(),
            association: None,
            instance: Some("i-a".to_owned()),
        },
        open: "sg-open".to_owned(),
        closed: "sg-closed".to_owned(),
        commands: Commands {
            lag: None,
            stop_copy: some(stop_copy, "copy stop"),
            stop: some(stop, "service stop"),
            start: some(start, "service start"),
        },
        lag: Lag::Known(1.0),
        back: false,
        journal: "j".to_owned(),
        sent: BTreeMap::new(),
        asked: None,
        serves: false,
        opened: false,
        idle: false,
        begun: None,
        since: None,
        shut: None,
        moved: None,
        ended: None,
        recorded: false,
        is_released: false,
        notes: Vec::new(),
    }
}

/// A machine of the pair in memory.
#[derive(Clone, Debug)]
struct One {
    machine: Machine,
    serves: bool,
    /// Its operating system does not stop by itself.
    hangs: bool,
}

/// A command that was sent.
#[derive(Clone, Debug)]
struct Command {
    id: String,
    comment: String,
    run: Run,
}

#[derive(Clone, Debug)]
struct World {
    machines: BTreeMap<String, One>,
    place: Place,
    commands: Vec<Command>,
}

impl World {
    fn new() -> Self {
        let one = |group: &str, serves| {
            let groups = [("eni".to_owned(), BTreeSet::from([group.to_owned()]))].into();
            let machine = Machine { state: "running".to_owned(), groups, is_reachable: true };
            One { machine, serves, hangs: false }
        };
        let machines =
            [("i-a".to_owned(), one("sg-open", true)), ("i-b".to_owned(), one("sg-closed", false))];
        Self { machines: machines.into(), place: Place::At("i-a".to_owned()), commands: Vec::new() }
    }

    fn one(&mut self, side: &Side) -> &mut One {
        self.machines.get_mut(side.id.as_str()).expect("both are there")
    }

    fn observed(&self, course: &Failover) -> Observed {
        let of = |side: &Side| {
            let one = &self.machines[side.id.as_str()];
            let is_reachable = one.machine.is_reachable && one.machine.is_running();
            Some(Machine { is_reachable, ..one.machine.clone() })
        };
        let shown = |errand: &Errand, sent: &Sent| {
            let comment = course.comment(*errand);
            let mut all = self.commands.iter();
            let found = match &sent.id {
                Some(id) => all.find(|one| one.id == *id),
                None => all.find(|one| one.comment == comment),
            };
            found.map_or(Run::Unseen, |one| one.run.clone())
        };
        let runs = course.sent.iter().map(|(errand, sent)| (*errand, shown(errand, sent))).collect();
        Observed { from: of(&course.from), to: of(&course.to), place: self.place.clone(), runs }
    }

    /// Carries a step out; the answer of Systems Manager where it sends a command.
    fn act(&mut self, course: &Failover, step: &Step) -> Option<Option<String>> {
        let groups = |one: &mut One, group: &str| {
            for groups in one.machine.groups.values_mut() {
                *groups = [group.to_owned()].into();
            }
        };
        match step {
            Step::Close => groups(self.one(&course.from), "sg-closed"),
            Step::StopMachine { by_force } => {
                let one = self.one(&course.from);
                if !matches!(one.machine.state.as_str(), "terminated" | "stopped") {
                    let stops = *by_force || !one.hangs;
                    one.machine.state = if stops { "stopped" } else { "stopping" }.to_owned();
                    one.serves &= !stops;
                }
            }
            Step::StartMachine(_) => {
                let by_itself = course.commands.start.is_none();
                let one = self.one(&course.to);
                one.machine.state = "running".to_owned();
                one.serves |= by_itself;
            }
            Step::Open(_) => {
                let by_itself = course.commands.start.is_none();
                let one = self.one(&course.to);
                groups(one, "sg-open");
                one.serves |= by_itself;
            }
            Step::MoveAddress(_) => self.place = Place::At(course.to.id.to_string()),
            Step::Record(_) => {}
            Step::StopCopyThere | Step::StopCopy | Step::StopService | Step::StartService(_) => {
                let errand = step.errand().expect("it sends a command");
                let one = self.one(course.machine(errand));
                if !one.machine.is_reachable || !one.machine.is_running() {
                    return Some(None);
                }
                match errand {
                    Errand::Stop => one.serves = false,
                    Errand::Start => one.serves = true,
                    Errand::StopCopy | Errand::StopCopyThere => {}
                }
                let id = format!("c{}", self.commands.len());
                let comment = course.comment(errand);
                self.commands.push(Command { id: id.clone(), comment, run: Run::Succeeded });
                return Some(Some(id));
            }
        }
        None
    }

    fn holds(&self, step: &dyn fmt::Debug) {
        let writes = |one: &&One| one.serves && !one.machine.is_leaving() && one.machine.state != "stopped";
        let writers = self.machines.values().filter(writes).count();
        assert!(writers < 2, "two write after {step:?}: {self:#?}");
        let open = |one: &&One| one.machine.is_running() && one.machine.has_group("sg-open");
        let serving: Vec<_> = self.machines.values().filter(open).filter(|one| one.serves).collect();
        assert!(serving.len() < 2, "two serve after {step:?}");
    }
}

/// The fate of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Fine,
    /// The run ends before the call, or after it without its answer.
    KilledBefore,
    KilledAfter,
    /// The answer is lost, and the call was made or not.
    Lost,
    LostBefore,
    Refused,
}

const FATES: [Fate; 6] =
    [Fate::Fine, Fate::KilledBefore, Fate::KilledAfter, Fate::Lost, Fate::LostBefore, Fate::Refused];

/// A change by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meddling {
    Nothing,
    /// The machine that served loses its agent, hangs, stops, is gone, or is opened by hand.
    Silent,
    Hangs,
    Stops,
    Gone,
    Opened,
    /// The address is let go of, or put back.
    Freed,
    PutBack,
    /// The run goes on with the way back.
    TurnedRound,
    /// The run ends, others have the machine serve again that served, and the next run goes on.
    Restored,
    /// The run ends, and one with a copy of its record comes to the end; the next one knows nothing of that, and takes the way back.
    DoneByOthers,
}

const MEDDLING: [Meddling; 11] = [
    Meddling::Nothing,
    Meddling::Silent,
    Meddling::Hangs,
    Meddling::Stops,
    Meddling::Gone,
    Meddling::Opened,
    Meddling::Freed,
    Meddling::PutBack,
    Meddling::TurnedRound,
    Meddling::Restored,
    Meddling::DoneByOthers,
];

fn meddle(world: &mut World, course: &mut Failover, meddling: Meddling, now: Timestamp) {
    let from = course.from.clone();
    match meddling {
        Meddling::Nothing => {}
        Meddling::Silent => world.one(&from).machine.is_reachable = false,
        Meddling::Hangs => world.one(&from).hangs = true,
        Meddling::Stops | Meddling::Gone => {
            let state = if meddling == Meddling::Stops { "stopped" } else { "terminated" };
            let one = world.one(&from);
            (one.machine.state, one.serves) = (state.to_owned(), false);
        }
        Meddling::Opened => {
            for groups in world.one(&from).machine.groups.values_mut() {
                groups.insert("sg-open".to_owned());
            }
        }
        Meddling::Freed => world.place = Place::Free,
        Meddling::PutBack => world.place = Place::At(from.id.to_string()),
        Meddling::TurnedRound => {
            if !course.back {
                let observed = world.observed(course);
                course.turn(&observed, now);
            }
        }
        Meddling::Restored => {
            if world.one(&from).machine.is_running() && !world.one(&course.to.clone()).serves {
                meddle(world, course, Meddling::Opened, now);
                world.one(&from).serves = true;
            }
            course.resume(&world.observed(course), now);
        }
        Meddling::DoneByOthers => {
            let is_there = |world: &mut World, side: &Side| world.one(side).machine.is_running();
            if !course.back && is_there(world, &from) && is_there(world, &course.to.clone()) {
                let mut copy = course.clone();
                copy.resume(&world.observed(&copy), now);
                let done = carried_out(copy, world, std::iter::empty(), std::iter::empty());
                if done.is_ok() {
                    let observed = world.observed(course);
                    course.turn(&observed, now);
                }
            }
        }
    }
}

/// Carries a failover out, with these fates of its calls and these changes before them; its steps, each as often as it was sent.
fn carried_out(
    mut course: Failover,
    world: &mut World,
    mut fates: impl Iterator<Item = Fate>,
    mut meddling: impl Iterator<Item = Meddling>,
) -> Result<(Failover, Vec<Step>), String> {
    let mut durable = course.clone();
    let mut steps = Vec::new();
    let mut second = 0;
    for _ in 0..2_000 {
        second += 1;
        let observed = world.observed(&course);
        match course.next(&observed, at(second)) {
            Next::Done => {
                course.end(&observed, at(second));
                return Ok((course, steps));
            }
            Next::Wait(_) => second += 9,
            Next::Refuse(refusal) => return Err(refusal.message),
            Next::Do(step) => {
                let before = course.clone();
                course.intend(&step, at(second));
                durable.clone_from(&course);
                let fate = fates.next().unwrap_or(Fate::Fine);
                if matches!(fate, Fate::Fine | Fate::KilledAfter | Fate::Lost) {
                    let is_fenced = match &step {
                        Step::StartMachine(_)
                        | Step::StartService(_)
                        | Step::Open(_)
                        | Step::MoveAddress(_) => {
                            let from = &world.machines[course.from.id.as_str()];
                            !from.serves || !from.machine.is_running()
                        }
                        _ => true,
                    };
                    assert!(is_fenced, "{step:?} before the fence: {world:#?}");
                    let answer = world.act(&course, &step);
                    world.holds(&step);
                    steps.push(step.clone());
                    if fate == Fate::Fine {
                        if let (Some(errand), Some(id)) = (step.errand(), answer) {
                            course.sent(errand, id);
                        }
                        course.answered();
                        course.recorded |= matches!(step, Step::Record(_));
                        durable.clone_from(&course);
                    }
                }
                match fate {
                    Fate::KilledBefore | Fate::KilledAfter => {
                        course.clone_from(&durable);
                        course.resume(&world.observed(&course), at(second));
                    }
                    Fate::Refused => {
                        course = before;
                        course.resume(&world.observed(&course), at(second));
                    }
                    Fate::Fine | Fate::Lost | Fate::LostBefore => {}
                }
                meddle(world, &mut course, meddling.next().unwrap_or(Meddling::Nothing), at(second));
                durable.clone_from(&course);
            }
        }
    }
    panic!("it has no end: {steps:#?} {course:#?} {world:#?}");
}

fn names(steps: &[Step]) -> Vec<String> {
    steps.iter().map(ToString::to_string).collect()
}

/// The machine that is to serve does, and the other one does not.
fn is_over(course: &Failover, world: &World) {
    let (to, from) = (&world.machines[course.to.id.as_str()], &world.machines[course.from.id.as_str()]);
    assert!(to.serves && to.machine.has_group("sg-open") && to.machine.is_running(), "{world:#?}");
    assert_eq!(world.place, Place::At(course.to.id.to_string()));
    assert!(!from.serves || !from.machine.is_running(), "{world:#?}");
}

#[test]
fn a_failover_has_these_steps() {
    for (commands, expected) in [
        (
            COMMANDS,
            &[
                "stop copying on the one that is to serve",
                "stop copying on the one that serves",
                "close the one that serves",
                "stop its service",
                "start the service on the other one",
                "open the other one",
                "move the address",
                "record the one that serves now",
            ][..],
        ),
        (
            [false; 3],
            &[
                "close the one that serves",
                "stop its machine",
                "open the other one",
                "move the address",
                "record the one that serves now",
            ],
        ),
    ] {
        let mut world = World::new();
        let (course, steps) =
            carried_out(failover(commands), &mut world, std::iter::empty(), std::iter::empty())
                .expect("it goes on");
        assert_eq!(names(&steps), expected);
        is_over(&course, &world);
    }
}

#[test]
fn a_machine_that_cannot_be_reached_is_stopped_and_by_force_where_it_hangs() {
    let mut world = World::new();
    let one = world.machines.get_mut("i-a").expect("it is there");
    (one.machine.is_reachable, one.hangs) = (false, true);
    let (course, steps) = carried_out(failover(COMMANDS), &mut world, std::iter::empty(), std::iter::empty())
        .expect("it goes on");
    let steps = names(&steps);
    let place =
        |name: &str| steps.iter().position(|one| one == name).unwrap_or_else(|| panic!("{name}: {steps:?}"));
    assert!(place("stop its machine") < place("stop its machine by force"));
    assert!(place("stop its machine by force") < place("start the service on the other one"));
    is_over(&course, &world);
}

#[test]
fn a_run_that_ends_at_any_step_is_gone_on_with() {
    for commands in [COMMANDS, [false; 3], [true, false, true], [false, true, true]] {
        for fate in FATES {
            for step in 0..8 {
                let mut world = World::new();
                let fates = std::iter::repeat_n(Fate::Fine, step).chain([fate]);
                let (course, _) = carried_out(failover(commands), &mut world, fates, std::iter::empty())
                    .unwrap_or_else(|why| panic!("{fate:?} {step}: {why}"));
                is_over(&course, &world);
            }
        }
    }
}

#[test]
fn the_way_back_can_be_taken_after_any_step() {
    for commands in [COMMANDS, [false; 3], [true, false, true], [false, true, true]] {
        for step in 0..8 {
            let mut world = World::new();
            let before = world.machines["i-a"].machine.groups.clone();
            let mut course = failover(commands);
            course.from.before.clone_from(&before);
            let meddling = std::iter::repeat_n(Meddling::Nothing, step).chain([Meddling::TurnedRound]);
            let (course, steps) = carried_out(course, &mut world, std::iter::empty(), meddling)
                .unwrap_or_else(|why| panic!("{step}: {why}"));
            is_over(&course, &world);
            if course.back {
                assert_eq!(course.to.name(), "a", "{steps:?}");
                assert_eq!(world.machines["i-a"].machine.groups, before);
            }
        }
    }
}

#[test]
fn an_address_at_a_third_machine_is_left_where_it_is() {
    let mut world = World::new();
    world.place = Place::At("i-other".to_owned());
    let refused = carried_out(failover(COMMANDS), &mut world, std::iter::empty(), std::iter::empty());
    assert!(refused.expect_err("it is refused").contains("no machine of the pair"));
    assert!(world.machines["i-a"].serves);
}

#[test]
fn a_command_that_fails_on_the_one_that_is_to_serve_is_told_and_sent_again_by_the_next_run() {
    let mut course = failover(COMMANDS);
    course.intend(&Step::StopCopyThere, at(0));
    course.sent(Errand::StopCopyThere, Some("c0".to_owned()));
    let mut observed = World::new().observed(&course);
    observed.runs.insert(Errand::StopCopyThere, Run::Failed("exit code 1".to_owned()));
    let Next::Refuse(refusal) = course.next(&observed, at(5)) else { panic!("it is refused") };
    assert!(!refusal.is_over && refusal.message.contains("exit code 1"), "{refusal:?}");
    course.resume(&observed, at(5));
    assert_eq!(course.next(&observed, at(5)), Next::Do(Step::StopCopyThere));
    course.intend(&Step::StopCopyThere, at(6));
    assert!(course.comment(Errand::StopCopyThere).ends_with(" 1"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn there_are_never_two_writers_whatever_happens(
        commands in any::<[bool; 3]>(),
        fates in prop::collection::vec(prop::sample::select(FATES.to_vec()), 0..14),
        meddling in prop::collection::vec(prop::sample::select(MEDDLING.to_vec()), 0..10),
    ) {
        let mut world = World::new();
        // A machine that is gone or silent cannot serve again, and that is told.
        if let Ok((course, _)) = carried_out(failover(commands), &mut world, fates.into_iter(), meddling.into_iter()) {
            is_over(&course, &world);
        }
    }
}

#[test]
fn what_a_command_stopped_for_an_earlier_run_is_no_proof_for_the_next_one() {
    for step in 0..8 {
        let mut world = World::new();
        let meddling = std::iter::repeat_n(Meddling::Nothing, step).chain([Meddling::Restored]);
        let (course, _) = carried_out(failover(COMMANDS), &mut world, std::iter::empty(), meddling)
            .unwrap_or_else(|why| panic!("{step}: {why}"));
        is_over(&course, &world);
    }
}

#[test]
fn a_record_that_is_older_than_what_was_done_starts_no_second_writer() {
    for commands in [COMMANDS, [false; 3], [true, false, true], [false, true, true]] {
        for step in 0..8 {
            let mut world = World::new();
            let meddling = std::iter::repeat_n(Meddling::Nothing, step).chain([Meddling::DoneByOthers]);
            let (course, _) = carried_out(failover(commands), &mut world, std::iter::empty(), meddling)
                .unwrap_or_else(|why| panic!("{step}: {why}"));
            is_over(&course, &world);
        }
    }
}

#[test]
fn without_its_address_a_failover_comes_to_its_end_and_without_its_machines_it_is_over() {
    let mut world = World::new();
    world.place = Place::Gone;
    let (course, steps) = carried_out(failover(COMMANDS), &mut world, std::iter::empty(), std::iter::empty())
        .expect("it goes on");
    assert!(course.is_released && !names(&steps).contains(&"move the address".to_owned()));
    assert!(world.machines["i-b"].serves && !world.machines["i-a"].serves);

    let mut course = failover(COMMANDS);
    course.intend(&Step::Close, at(0));
    let mut observed = World::new().observed(&course);
    observed.to = None;
    let Next::Refuse(refusal) = course.next(&observed, at(5)) else { panic!("it is refused") };
    assert!(!refusal.is_over && refusal.hint.is_some_and(|hint| hint.contains("failover web --back")));
    observed.from = None;
    let Next::Refuse(refusal) = course.next(&observed, at(5)) else { panic!("it is refused") };
    assert!(refusal.is_over && refusal.hint.is_some_and(|hint| hint.contains("provision apply")));
}

#[test]
fn a_clock_that_is_behind_the_last_runs_waits_for_nothing() {
    let mut course = failover(COMMANDS);
    for errand in [Errand::StopCopyThere, Errand::StopCopy] {
        course.commands.stop_copy = None;
        course.sent.remove(&errand);
    }
    course.intend(&Step::Close, at(3_600));
    let observed = World::new().observed(&course);
    assert_eq!(course.next(&observed, at(0)), Next::Do(Step::Close));
}
