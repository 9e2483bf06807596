//! The fuzzer's seeds are texts that its targets read: a seed that they refuse teaches it nothing.

use provision::aws::kinds::registry;
use std::path::PathBuf;

use provision::engine::saved::SavedPlan;
use provision::engine::state::{Edit, State};
use provision::stack;
use provision::terraform::{read, sort};
use serde_json::Value;

fn seed(path: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_seed_of_the_fuzzer_is_read_by_its_target() {
    let mut state: Value = serde_json::from_slice(&seed("state/small.json")).expect("JSON");
    state.as_object_mut().and_then(|fields| fields.remove("format_version")).expect("it has a version");
    assert_eq!(serde_json::from_value::<State>(state).expect("a state").resources.len(), 2);
    let journal = seed("journal/edits");
    let lines = journal[2..].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let edits: Vec<Edit> = lines.map(|line| serde_json::from_slice(line).expect("an edit")).collect();
    assert_eq!(edits.len(), 5);
    let plan: SavedPlan = serde_json::from_slice(&seed("plan/small.json")).expect("a saved plan");
    assert_eq!(plan.plan.changes.len(), 2);
    let reference = stack::parse("reference", seed("stack/reference.yaml"), &registry()).expect("a stack");
    assert_eq!(reference, stack::parse("built in", stack::REFERENCE, &registry()).expect("a stack"));
    for name in ["terraform/current.json", "terraform/old.json"] {
        assert!(!sort(&read(&seed(name)).expect(name)).adoptable.is_empty(), "{name}");
    }
    assert!(
        stack::parse("wrong", seed("stack/wrong.yaml"), &registry())
            .expect_err("it is wrong")
            .problems()
            .count()
            > 0
    );
}
