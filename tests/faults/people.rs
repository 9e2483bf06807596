//! Others act meanwhile: between a run and the next one, the stack file, the cluster, objects, the state or the program
//! are changed. Every deed after every run, at every third of the calls that change something, and the ways in which a
//! run ends take turns; a clean run learns the calls. Nothing is picked by hand.

mod deed;
mod edit;
mod hand;
mod hints;
mod journey;
mod machines;
mod oracle;
mod others;
mod place;
mod promise;
mod records;
mod scenes;
mod typing;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use deed::Deed;
use hand::{Hand, Thing};
use journey::{ENDINGS, JOURNEYS, Journey, Stop};
use oracle::{Knowledge, Request, Trail, data_of, settle};
use others::others;
use place::Place;

use crate::proxy::Site;
use crate::{AT_ONCE, text_of};

const LOCK: &str = "no thread panics while it holds the lock";
/// `make test` runs one case in so many.
const ONE_IN: usize = 16;

/// A run and where it ended, and what others did then.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    stop: Stop,
    deed: Deed,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.stop, self.deed.name())
    }
}

/// The outcome of a case that did not fail.
enum Went {
    Well,
    Void(&'static str),
}

/// The outcomes of the cases.
#[derive(Default)]
struct Results {
    went_well: usize,
    failed: Vec<String>,
    void: BTreeMap<&'static str, usize>,
    /// The things that are there after each stop: a case that needs something else is void without being run.
    after: BTreeMap<Stop, BTreeSet<Thing>>,
    by_deed: BTreeMap<String, [usize; 2]>,
}

#[test]
fn whatever_others_do_meanwhile_nothing_is_lost_and_the_next_plan_is_true() {
    let upstream = crate::world::endpoint().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let started = Instant::now();
    let (cases, impossible) = cases(&learn(&upstream));
    let chosen = choose(&cases);
    println!(
        "{} cases of others, {} of them chosen; never possible: {impossible:?}",
        cases.len(),
        chosen.len()
    );
    // Networks of another size are kept together: an account serves many cases of one size.
    let (odd, even): (VecDeque<Case>, VecDeque<Case>) =
        chosen.iter().cloned().partition(|case| case.deed.zones() != 3);
    let queues = Mutex::new([even, odd]);
    let results = Mutex::new(Results::default());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| work(&upstream, &queues, &results));
        }
    });
    let results = results.into_inner().expect(LOCK);
    let report = report(&chosen, &results, started);
    println!("{report}");
    assert!(results.failed.is_empty(), "{report}\n{}", results.failed.join("\n\n"));
}

/// The calls that change something in each journey, each operation once.
fn learn(upstream: &str) -> BTreeMap<Journey, Vec<Site>> {
    let learned = JOURNEYS.into_iter().map(|journey| {
        let mut place = Place::new(upstream, 3);
        place.begin(journey);
        let ran = place.run(&["apply", "--auto-approve"], None);
        assert_eq!(ran.code, Some(0), "{journey:?} without a fault: {}", ran.err);
        let mut sites: Vec<Site> = Vec::new();
        for heard in place.changes() {
            let site = Site { operation: heard.call.operation, nth: 1 };
            if !sites.contains(&site) {
                sites.push(site);
            }
        }
        (journey, sites)
    });
    learned.collect()
}

/// Every deed after every journey that was finished, and at its calls: every third one, beginning with another one in turn, so
/// that each three deeds meet all of them. The three endings take turns too: each deed and each call meets each of them. With
/// the cases come the reasons why others can never come about, and the number of these.
fn cases(learned: &BTreeMap<Journey, Vec<Site>>) -> (Vec<Case>, BTreeMap<&'static str, usize>) {
    let mut cases = Vec::new();
    let mut impossible = BTreeMap::new();
    for (journey, sites) in learned {
        for (row, deed) in deed::all().into_iter().enumerate() {
            let taken = sites.iter().enumerate().filter(|(column, _)| (row + column) % 3 == 0);
            let stops = taken
                .map(|(column, site)| Some((ENDINGS[(row / 3 + column / 3) % ENDINGS.len()], site.clone())));
            for at in stops.chain([None]) {
                let stop = Stop { journey: *journey, at };
                match deed.is_void_after(&stop) {
                    Some(reason) => *impossible.entry(reason).or_default() += 1,
                    None => cases.push(Case { stop, deed }),
                }
            }
        }
    }
    cases.sort();
    (cases, impossible)
}

/// All of them, those that are named (by parts of their names, with commas between), or one in so many.
fn choose(all: &[Case]) -> Vec<Case> {
    if let Ok(names) = std::env::var("PROVISION_FAULT_CASE") {
        let is_named = |case: &&Case| names.split(',').any(|name| format!("people/{case}").contains(name));
        return all.iter().filter(is_named).cloned().collect();
    }
    match std::env::var("PROVISION_FAULT_CASES").as_deref() {
        Ok("all") => all.to_vec(),
        _ => all.iter().skip(4).step_by(ONE_IN).cloned().collect(),
    }
}

/// Runs cases until there are none left, as many as it can in one account.
fn work(upstream: &str, queues: &Mutex<[VecDeque<Case>; 2]>, results: &Mutex<Results>) {
    let next = || {
        let mut queues = queues.lock().expect(LOCK);
        let [even, odd] = &mut *queues;
        even.pop_front().or_else(|| odd.pop_front())
    };
    let mut place: Option<Place> = None;
    while let Some(case) = next() {
        let known = results.lock().expect(LOCK).after.get(&case.stop).cloned();
        if let (Some(known), Some(need)) = (known, case.deed.needs())
            && !known.contains(&need)
        {
            note(results, &case, Ok(Went::Void("what others would act on is not there")), 0.0, "");
            continue;
        }
        let begun = Instant::now();
        let mut here = match place.take().filter(|place| place.zones == case.deed.zones()) {
            Some(place) => place,
            None => Place::new(upstream, case.deed.zones()),
        };
        let mut trail = Trail::default();
        let went = catch_unwind(AssertUnwindSafe(|| survive(&mut here, &case, results, &mut trail)));
        let went = went.map_err(|cause| text_of(cause.as_ref()));
        let is_worn_out = went.is_err() || case.deed.wears_out();
        note(results, &case, went, begun.elapsed().as_secs_f32(), trail.text());
        let is_good = !is_worn_out
            && catch_unwind(AssertUnwindSafe(|| here.is_cleared())).is_ok_and(|is_cleared| is_cleared);
        place = is_good.then_some(here);
    }
}

/// Takes note of how a case went.
fn note(results: &Mutex<Results>, case: &Case, went: Result<Went, String>, seconds: f32, trail: &str) {
    let mut results = results.lock().expect(LOCK);
    let verdict = match &went {
        Ok(Went::Well) => "ok",
        Ok(Went::Void(_)) => "void",
        Err(_) => "FAILED",
    };
    println!("{seconds:6.1} s  {verdict:<6} people/{case}");
    let count = results.by_deed.entry(case.deed.name()).or_default();
    match went {
        Ok(Went::Well) => {
            count[0] += 1;
            results.went_well += 1;
        }
        Ok(Went::Void(reason)) => *results.void.entry(reason).or_default() += 1,
        Err(cause) => {
            count[1] += 1;
            let failure = format!("people/{case}\n{trail}{cause}");
            println!("{failure}\n");
            results.failed.push(failure);
        }
    }
}

/// One case: the run, what others do, and everything that comes of it.
fn survive(place: &mut Place, case: &Case, results: &Mutex<Results>, trail: &mut Trail) -> Went {
    place.begin(case.stop.journey);
    let first = place.run(&["apply", "--auto-approve"], case.stop.fault());
    trail.note(&format!("{}: exit code {:?}", case.stop, first.code));
    if case.stop.at.is_some() && place.proxy.hits() == 0 {
        return Went::Void("the call was not made");
    }
    if !results.lock().expect(LOCK).after.contains_key(&case.stop) {
        let there = there(place);
        results.lock().expect(LOCK).after.insert(case.stop.clone(), there);
    }
    let is_there = |need| match need {
        Thing::State => place.has_state(),
        need => Hand { cloud: &place.world.cloud }.sees(need),
    };
    if case.deed.needs().is_some_and(|need| !is_there(need)) {
        return Went::Void("what others would act on is not there");
    }
    if is_of_a_newer_program(case.deed) && !place.has_whole_state() {
        return Went::Void("a newer program would first have carried on from the journal");
    }
    let held = held(place);
    let done = case.deed.act(place, &case.stop);
    trail.note(&format!("others: {}", case.deed.name()));
    let request = Request::default();
    let known = Knowledge { held, data: data_of(place), others: others(&place.world.cloud), done, request };
    place.watch(&known.others);
    settle(place, &known, trail);
    Went::Well
}

fn is_of_a_newer_program(deed: Deed) -> bool {
    matches!(deed, Deed::NewerFormat | Deed::NewerKind | Deed::NewerField)
}

/// The things that others could act on now.
fn there(place: &Place) -> BTreeSet<Thing> {
    let hand = Hand { cloud: &place.world.cloud };
    let things = [
        Thing::Database,
        Thing::FileSystem,
        Thing::MountTarget,
        Thing::AccessPoint,
        Thing::Group,
        Thing::SubnetGroup,
        Thing::ParameterGroup,
    ];
    let mut there: BTreeSet<Thing> = things.into_iter().filter(|thing| hand.sees(*thing)).collect();
    there.extend(place.has_state().then_some(Thing::State));
    there
}

/// The addresses whose data was in use: recorded, and past their creation.
fn held(place: &Place) -> BTreeSet<String> {
    let addresses = ["aws_db_instance.records", "aws_efs_file_system.files"];
    let in_use = |address: &&str| place.phase(address).is_some_and(|phase| phase != "creating");
    addresses.into_iter().filter(in_use).map(str::to_owned).collect()
}

fn report(chosen: &[Case], results: &Results, started: Instant) -> String {
    let mut text = format!(
        "others: {} cases, {} well, {} failed, void {:?}\nseconds: {}\n",
        chosen.len(),
        results.went_well,
        results.failed.len(),
        results.void,
        started.elapsed().as_secs()
    );
    for (deed, [well, failed]) in &results.by_deed {
        let _ = writeln!(text, "{deed:<32} {well:>5} well {failed:>5} failed");
    }
    text
}

/// `DatabaseRenamed` as `database-renamed`.
fn dashed(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[test]
fn there_are_cases_enough_and_each_deed_is_after_each_ending() {
    let site = |name: &str| Site {
        operation: crate::operation::Operation { service: "rds".to_owned(), name: name.to_owned() },
        nth: 1,
    };
    let learned = JOURNEYS
        .map(|journey| (journey, ["A", "B", "C", "D", "E", "F", "G", "H", "I"].map(site).to_vec()))
        .into();
    let (cases, _) = cases(&learned);
    for deed in deed::all().into_iter().filter(|deed| *deed != Deed::EditTakenBack) {
        let endings: BTreeSet<_> = cases
            .iter()
            .filter(|case| case.deed == deed)
            .map(|case| case.stop.at.clone().map(|at| at.0))
            .collect();
        assert_eq!(endings.len(), 4, "{}", deed.name());
    }
}
