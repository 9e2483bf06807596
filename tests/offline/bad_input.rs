//! Wrong stack files, plan files, states and options: each is refused with exit code 1, its place and a remedy, without
//! a panic, without an endless wait, and before AWS is asked for anything.

mod case;
mod fields;
mod files;
mod options;
mod plans;
mod stacks;
mod states;

use std::collections::HashSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::endpoint::Endpoint;
use case::{Case, Content};

/// Runs every case, several at once, and tells everything that is wrong. What was said is kept for people to read.
fn hold(family: &str, cases: &[Case]) {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from) * 2;
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let endpoint = Endpoint::new(&[]);
                while let Some((number, case)) = take(&next, cases) {
                    let result = case.run(&endpoint);
                    results.lock().expect("no worker panics").push((number, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no worker panics");
    results.sort();
    let mut said = String::new();
    let mut failures = String::new();
    for (number, (err, wrong)) in &results {
        let told = format!("{}\n{err}\n", described(&cases[*number]));
        said += &told;
        if !wrong.is_empty() {
            let _ = write!(failures, "{}{wrong:#?}\n\n", told.chars().take(2_000).collect::<String>());
        }
    }
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bad_input_{family}.txt"));
    std::fs::write(&kept, said).expect("the build's folder can be written");
    println!("{family}: {} cases; what was said: {}", results.len(), kept.display());
    assert_eq!(results.len(), cases.len());
    assert!(failures.is_empty(), "{failures}");
}

fn take<'a>(next: &AtomicUsize, cases: &'a [Case]) -> Option<(usize, &'a Case)> {
    let number = next.fetch_add(1, Ordering::Relaxed);
    cases.get(number).map(|case| (number, case))
}

/// A description by which a case can be tried by hand.
fn described(case: &Case) -> String {
    let mut text = String::from("#");
    for (name, value) in &case.environment {
        let _ = write!(text, " {name}={value:?}");
    }
    let _ = write!(text, " provision {:?}", case.arguments);
    for (name, content) in &case.files {
        let _ = match content {
            Content::Bytes(bytes) => {
                let start =
                    String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).escape_debug().to_string();
                write!(text, " {name}:\n{}", start.replace("\\n", "\n"))
            }
            other => write!(text, " {name}: {other:?}"),
        };
    }
    text
}

#[test]
fn every_field_of_a_stack_file_is_guarded() {
    hold("fields", &fields::cases());
}

#[test]
fn every_wrong_stack_file_is_refused() {
    hold("stacks", &stacks::cases());
}

#[test]
fn every_stack_file_that_is_too_large_or_no_text_is_refused() {
    hold("files", &files::cases());
}

#[test]
fn every_wrong_plan_file_is_refused() {
    hold("plans", &plans::cases());
}

#[test]
fn every_wrong_state_is_refused() {
    hold("states", &states::cases());
}

#[test]
fn every_wrong_option_is_refused() {
    hold("options", &options::cases());
}

#[test]
fn there_are_hundreds_of_cases_and_no_two_are_the_same() {
    let families =
        [fields::cases(), stacks::cases(), files::cases(), plans::cases(), states::cases(), options::cases()]
            .map(|cases| {
                let distinct: HashSet<_> =
                    cases.iter().map(|case| (&case.arguments, &case.environment, &case.files)).collect();
                assert_eq!(distinct.len(), cases.len());
                cases.len()
            });
    let all: usize = families.iter().sum();
    println!("{all} wrong inputs: {families:?}");
    assert!(all >= 200 && families.iter().all(|family| *family >= 20), "{families:?}");
}
