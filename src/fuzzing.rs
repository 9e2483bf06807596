//! The properties of the readers that the fuzz targets under `fuzz/` check, for any bytes that come in. Compiled for
//! them, and for the tests, which run them over the seeds.
//!
//! Checksums would keep a fuzzer out of everything behind them, so each input is also tried with the right ones put in.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::aws::kinds::registry;
use crate::engine::plan::Plan;
use crate::engine::saved;
use crate::stack::{self, Stack};
use crate::terraform;
use crate::view::failure::{Failure, FailureKind};
use crate::view::{self, GraphView, Made, Style, is_harmful};

pub use crate::engine::state::fuzzing::{journal, state};

/// The style of text for a terminal, a pipe and a code host.
const STYLE: Style = Style { color: false, width: 80 };

/// A saved plan that is accepted is written as it was read, has the same digest, and can be shown.
pub fn plan(bytes: &[u8]) {
    for accepted in saved::fuzzing::accepted(bytes) {
        shown(&accepted);
    }
}

fn shown(plan: &Plan) {
    let graph = GraphView::of(plan);
    let made = Made { at: Timestamp::UNIX_EPOCH, version: String::new(), by: None };
    for text in [
        view::plan_text(plan, &STYLE),
        view::plan_markdown(plan, &made, &view::Carried::default()),
        view::dot(&graph),
        view::mermaid(&graph),
        view::problems_text(&plan.preflight, &STYLE),
        view::json_pretty(plan),
    ] {
        holds_no_harm(&text);
    }
    let _ = view::plan_page(plan, &made, &view::Carried::default());
}

/// A stack file that is accepted reads the same once more as it is written out; one that is not has a report fit to be
/// shown.
pub fn stack(bytes: &[u8]) {
    match stack::parse("provision.yaml", bytes, &registry()) {
        Ok(accepted) => {
            let (written, again) = written_out(&accepted);
            assert!(again.as_ref().ok() == Some(&accepted), "{accepted:#?}\n{written}\n{again:#?}");
        }
        Err(error) => holds_no_harm(&Failure::diagnostic(FailureKind::Usage, error).text(&STYLE)),
    }
}

/// YAML holds all of JSON; a value stands on a line of its own, since lines have a limit.
fn written_out(stack: &Stack) -> (String, Result<Stack, stack::StackError>) {
    let json = serde_json::to_string_pretty(&stack.to_json()).expect("a stack is JSON");
    let text = json.replace("\": \"", "\":\n \"");
    let again = stack::parse("again.yaml", &text, &registry());
    (text, again)
}

/// A state of Terraform that is read has each of its objects in one place, names that an entry can have, and blocks that stay blocks.
pub fn terraform(bytes: &[u8]) {
    let state = match terraform::read(bytes) {
        Ok(state) => state,
        Err(error) => {
            let hint = error.hint();
            return holds_no_harm(&Failure::usage(error).hint(hint).text(&STYLE));
        }
    };
    let sorted = terraform::sort(&state);
    let mut named = BTreeSet::new();
    for one in &sorted.adoptable {
        assert!(one.address.name().parse::<stack::Name>().is_ok(), "{}", one.address);
        assert!(named.insert(&one.address), "{} is there twice", one.address);
    }
    let along = sorted.adoptable.iter().flat_map(|one| &one.along);
    let shared = along.clone().filter(|part| part.shared).count();
    let all = sorted.adoptable.len() + sorted.left_out.len() + along.count();
    assert!(all >= state.objects() && all - shared <= state.objects(), "{sorted:#?}");
    let blocks = terraform::removal(&sorted);
    let begins = |word: &str| blocks.text.lines().filter(|line| line.starts_with(word)).count();
    let count = blocks.resources.len() + blocks.rest.len();
    assert_eq!((begins("removed {"), begins("    destroy = false"), begins("}")), (count, count, count));
    let known = ["#", "removed {", "  from = ", "  lifecycle {", "    destroy = false", "  }", "}"];
    let is_known = |line: &str| line.is_empty() || known.iter().any(|start| line.starts_with(start));
    assert!(blocks.text.lines().all(is_known), "{}", blocks.text);
    holds_no_harm(&view::json_line(&sorted.adoptable));
}

/// Text from outside never steers what shows it, wherever it is put.
pub fn harmless(bytes: &[u8]) {
    let Some((width, rest)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let safe = view::harmless(&text);
    assert!(!safe.contains(is_harmful), "{safe:?}");
    let kept = text.chars().filter(|character| !is_harmful(*character));
    let mut left = safe.chars();
    assert!(kept.into_iter().all(|wanted| left.any(|found| found == wanted)), "{text:?} became {safe:?}");
    let style = Style { color: false, width: 40 + usize::from(width % 71) };
    holds_no_harm(&Failure::message(FailureKind::Failed, text.clone()).hint(text.clone()).text(&style));
    let line = view::json_line(&text);
    holds_no_harm(&line);
    assert_eq!(serde_json::from_str::<String>(&line).ok().as_deref(), Some(&*text));
}

/// Holds that a text has nothing in it that steers a terminal but line breaks.
fn holds_no_harm(text: &str) {
    let hostile = text.chars().find(|character| *character != '\n' && is_harmful(*character));
    assert_eq!(hostile, None, "{text:?}");
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn every_seed(of: &str, holds: impl Fn(&[u8])) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(of);
        let seeds =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for seed in seeds {
            let path = seed.expect("a seed").path();
            holds(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        }
    }

    #[test]
    fn the_seeds_and_their_beginnings_have_the_properties() {
        every_seed("state", state);
        every_seed("journal", journal);
        every_seed("plan", plan);
        every_seed("harmless", harmless);
        every_seed("terraform", |bytes| (0..=bytes.len()).for_each(|end| terraform(&bytes[..end])));
        // What is left out of a stack file has its default, wherever the file ends.
        every_seed("stack", |bytes| {
            let ends = (0..bytes.len()).filter(|at| bytes[*at] == b'\n');
            ends.for_each(|end| stack(&bytes[..=end]));
        });
    }
}
