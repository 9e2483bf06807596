//! The fault matrix: every fault at every call of an apply, a change and a destroy, through the binary against the
//! emulator. A clean run learns the calls; nothing is picked by hand.

#[path = "../localstack/cloud.rs"]
#[allow(dead_code, reason = "shared with the tests against the emulator")]
mod cloud;
#[path = "../localstack/control.rs"]
#[allow(dead_code, reason = "shared with the tests against the emulator")]
mod control;
#[path = "../localstack/world.rs"]
#[allow(dead_code, reason = "shared with the tests against the emulator")]
mod world;

mod adoption;
mod answers;
mod case;
mod fault;
mod http;
mod images;
mod interrupts;
mod inventory;
mod operation;
mod pairs;
mod people;
mod policy;
mod procedures;
mod program;
mod proxy;
mod rivals;
mod rounds;
mod stacks;
mod transcript;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use case::{Bench, Case, Keeps, SCENARIOS, Scenario};
use fault::ALL;
use operation::Operation;
use proxy::{Heard, Site};

/// The number of accounts at work side by side: most of the time is waiting.
const AT_ONCE: usize = 6;
/// A read is asked over and over while AWS is at work; its first two calls stand for all.
const READS: usize = 2;
/// The number of tries for a case whose fault has something to happen to only in some orders of the calls.
const TRIES: usize = 8;

/// The outcomes of the cases.
#[derive(Default)]
struct Results {
    failed: Vec<String>,
    void: usize,
    /// The number of times a case had to be tried again: its call was made, and nothing was asked that could be answered wrongly.
    again: BTreeMap<Case, usize>,
    run: BTreeMap<String, usize>,
}

impl Results {
    /// Takes note of a case whose fault did not happen. One that has been tried often enough is void.
    fn may_try_again(&mut self, case: &Case) -> bool {
        let tries = self.again.entry(case.clone()).or_default();
        *tries += 1;
        let may = *tries < TRIES;
        if !may {
            self.void += 1;
            self.failed.push(format!("{case}\nvoid: nothing was asked that could be answered wrongly"));
        }
        may
    }
}

#[test]
fn whatever_happens_nothing_is_lost_doubled_or_replaced() {
    hold(Keeps::File, 32);
}

#[test]
fn whatever_happens_to_a_state_in_a_bucket_nothing_is_lost_doubled_or_replaced() {
    hold(Keeps::Bucket, 40);
}

/// Runs all cases, or one in so many.
fn hold(keeps: Keeps, one_in: usize) {
    let upstream = world::endpoint().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let started = Instant::now();
    let all = learn(&upstream, keeps);
    let chosen = choose(&all, one_in);
    let sites: BTreeSet<(Scenario, Site)> =
        all.iter().map(|case| (case.scenario, case.site.clone())).collect();
    println!("{} sites, {} cases, {} of them chosen", sites.len(), all.len(), chosen.len());
    let queues: BTreeMap<Scenario, Mutex<VecDeque<Case>>> = SCENARIOS
        .into_iter()
        .map(|scenario| {
            let queue = chosen.iter().filter(|case| case.scenario == scenario).cloned().collect();
            (scenario, Mutex::new(queue))
        })
        .collect();
    let results = Mutex::new(Results::default());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| work(&upstream, keeps, &queues, &results));
        }
    });
    let results = results.into_inner().expect("no thread panics while it holds the lock");
    let report = report(&sites, &chosen, &results, started);
    println!("{report}");
    let failed = results.failed.join("\n\n");
    assert!(results.failed.is_empty(), "{report}\n{failed}");
}

/// The cases of each scenario, learned twice: a call that only one of two clean runs makes is no site.
fn learn(upstream: &str, keeps: Keeps) -> Vec<Case> {
    let learned = || {
        let bench = Bench::new(upstream, keeps);
        let cases = SCENARIOS.into_iter().flat_map(|scenario| {
            let run = bench.learn(scenario);
            let mut counts: BTreeMap<Operation, usize> = BTreeMap::new();
            let mut cases = Vec::new();
            for (place, Heard { call, .. }) in run.iter().enumerate() {
                let nth = counts.entry(call.operation.clone()).or_default();
                *nth += 1;
                if keeps.concerns(&call.operation) && (call.is_mutating() || *nth <= READS) {
                    let site = Site { operation: call.operation.clone(), nth: *nth };
                    let faults = ALL.iter().filter(|fault| fault.fits(&run, place));
                    cases.extend(faults.map(|fault| Case { scenario, site: site.clone(), fault: *fault }));
                }
            }
            cases
        });
        cases.collect::<BTreeSet<_>>()
    };
    learned().intersection(&learned()).cloned().collect()
}

/// All of them, those that are named (by parts of their names, with commas between), or one in so many.
fn choose(all: &[Case], one_in: usize) -> Vec<Case> {
    if let Ok(names) = std::env::var("PROVISION_FAULT_CASE") {
        let is_named = |case: &&Case| names.split(',').any(|name| case.to_string().contains(name));
        return all.iter().filter(is_named).cloned().collect();
    }
    match std::env::var("PROVISION_FAULT_CASES").as_deref() {
        Ok("all") => all.to_vec(),
        _ => all.iter().skip(4).step_by(one_in).cloned().collect(),
    }
}

/// Goes through apply, update and destroy in one account, with one fault in each, until there are no cases left.
fn work(
    upstream: &str,
    keeps: Keeps,
    queues: &BTreeMap<Scenario, Mutex<VecDeque<Case>>>,
    results: &Mutex<Results>,
) {
    let next = |scenario: &Scenario| {
        queues[scenario].lock().expect("no thread panics while it holds the lock").pop_front()
    };
    let mut bench = Bench::new(upstream, keeps);
    loop {
        let round: Vec<(Scenario, Option<Case>)> =
            SCENARIOS.into_iter().map(|scenario| (scenario, next(&scenario))).collect();
        if round.iter().all(|(_, case)| case.is_none()) {
            return;
        }
        for (scenario, case) in round {
            let name =
                case.as_ref().map_or_else(|| format!("{scenario:?} without a fault"), ToString::to_string);
            let begun = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                let happened = match &case {
                    Some(case) => bench.survive(case),
                    None => {
                        bench.learn(scenario);
                        true
                    }
                };
                if scenario == Scenario::Destroy {
                    bench.network_is_untouched();
                }
                happened
            }));
            let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
            println!("{:6.1} s  {verdict:<6} {name}", begun.elapsed().as_secs_f32());
            let mut results = results.lock().expect("no thread panics while it holds the lock");
            if let Some(case) = &case {
                *results.run.entry(case.fault.name()).or_default() += 1;
            }
            if let (Some(case), Ok(false)) = (&case, &outcome)
                && results.may_try_again(case)
            {
                let mut queue = queues[&scenario].lock().expect("no thread panics while it holds the lock");
                queue.push_back(case.clone());
            }
            if let Err(cause) = outcome {
                let cause = text_of(cause.as_ref());
                results.void += usize::from(cause.starts_with("void"));
                results.failed.push(format!("{name}\n{cause}"));
                drop(results);
                bench = Bench::new(upstream, keeps);
                // The rest of the round rests on things that are not there.
                for earlier in SCENARIOS.into_iter().take_while(|earlier| *earlier <= scenario) {
                    bench.learn(earlier);
                }
            }
        }
    }
}

fn text_of(cause: &(dyn Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_default()
}

fn report(
    sites: &BTreeSet<(Scenario, Site)>,
    chosen: &[Case],
    results: &Results,
    started: Instant,
) -> String {
    let changes = sites.iter().filter(|(_, site)| site.operation.is_mutating()).count();
    let mut text = format!(
        "sites: {} ({changes} changes, {} reads)\ncases: {}\ntried again: {}\nvoid: {}\nfailed: {}\nseconds: {}\n",
        sites.len(),
        sites.len() - changes,
        chosen.len(),
        results.again.len(),
        results.void,
        results.failed.len(),
        started.elapsed().as_secs()
    );
    for (fault, count) in &results.run {
        let _ = writeln!(text, "{fault:<22} {count:>5}");
    }
    text
}
