//! Names and descriptions that AWS cannot change stay as they are recorded, also under a renamed key or stack.

use super::*;
use crate::engine::state::{Edit, Record, State};

#[test]
fn names_and_descriptions_that_are_written_are_those_that_objects_are_made_with() {
    let text = "
        stack: shop
        databases:
          pgsql:
            security_group: { description: for the shop }
            subnet_group: { name: Shop_pgsql, description: Of the shop }
          other: { security_group: { name: other }, subnet_group: alone }";
    let made = blueprint(&stack(text), &network(2, 1, 1)).expect("they fit");
    for (address, name, description) in [
        ("aws_security_group.pgsql", "shop-pgsql", "for the shop"),
        ("aws_db_subnet_group.pgsql", "Shop_pgsql", "Of the shop"),
        ("aws_security_group.other", "other", "PostgreSQL access to other"),
        ("aws_db_subnet_group.other", "alone", "Subnets of other"),
    ] {
        let inputs = inputs(&made, address);
        assert_eq!(
            (inputs["name"].as_str(), inputs["description"].as_str()),
            (Some(name), Some(description))
        );
    }
    assert_eq!(made.words, []);
}

#[test]
fn what_aws_cannot_change_stays_as_it_was_made_and_the_plan_says_so() {
    let before = stack(
        "databases: { db: { security_group: { name: sg, description: a }, subnet_group: { name: n, description: b } } }",
    );
    let recorded = recorded(&before, str::to_owned);
    let after = |text: &str| {
        let kept = Kept::of(&registry(), Some(&recorded));
        blueprint_keeping(&stack(text), &network(3, 1, 1), &kept).expect("they fit")
    };
    let edited = after(
        "databases: { db: { security_group: { name: sg, description: c }, subnet_group: { name: m, description: d } } }",
    );
    let group = inputs(&edited, "aws_security_group.db");
    assert_eq!(group["description"], "a");
    let subnets = inputs(&edited, "aws_db_subnet_group.db");
    // RDS changes the description of a subnet group.
    assert_eq!((&subnets["name"], &subnets["description"]), (&"n".into(), &"d".into()));
    let words: Vec<String> = edited.words.iter().map(|(at, word)| format!("{at} {word}")).collect();
    assert!(
        words.len() == 2
            && words[0].starts_with("aws_security_group.db security_group: the description stays `a`")
    );
    assert!(words[1].starts_with("aws_db_subnet_group.db subnet_group: the name stays `n`"), "{words:?}");

    // A value that is written as it was made, or not at all, needs no word.
    for text in [
        "databases: { db: { security_group: { name: sg, description: a }, subnet_group: N } }",
        "databases: { db: { security_group: sg } }",
    ] {
        let same = after(text);
        assert_eq!(same.words, [], "{text}");
        assert_eq!(inputs(&same, "aws_db_subnet_group.db")["name"], "n");
        assert_eq!(inputs(&same, "aws_security_group.db")["description"], "a");
    }
    // Another group is made with what is written.
    let other = after("databases: { db: { security_group: { name: new, description: c } } }");
    assert_eq!(inputs(&other, "aws_security_group.db")["description"], "c");
    assert_eq!(other.words, []);
}

const BOTH: &str = "
    stack: shop
    file_systems: { files: { access_points: { git: { uid: 998 } } } }
    databases: { records: { parameters: { work_mem: \"64MB\" } } }
";

/// A state that records the managed declarations of a stack, with their names changed.
pub(super) fn recorded(stack: &Stack, rename: impl Fn(&str) -> String) -> State {
    let mut state = State::new(stack.stack.as_str(), "one".to_owned(), "123456789012", "eu-west-1");
    for (address, declaration) in blueprint(stack, &network(2, 1, 1)).expect("they fit").declarations {
        if let Declaration::Managed { inputs } = declaration {
            let mut record = Record::watched(Id::new("x"), Document::new());
            (record.watched, record.inputs) = (false, inputs);
            state.apply(Edit::Put { address: address.with_name(&rename(address.name())), record });
        }
    }
    state
}

/// The fields in which declarations differ from what is recorded at their addresses, references left out.
fn differing(blueprint: &Blueprint, state: &State) -> Vec<String> {
    let mut found = Vec::new();
    for (address, declaration) in &blueprint.declarations {
        let Declaration::Managed { inputs } = declaration else { continue };
        for (field, value) in inputs {
            let is_reference = value.to_string().contains("${");
            if !is_reference && state.resources[address].inputs.get(field) != Some(value) {
                found.push(format!("{} {field}", address.kind()));
            }
        }
    }
    found.dedup();
    found
}

#[test]
fn a_renamed_key_and_a_renamed_stack_change_nothing_that_only_a_new_object_can_have() {
    let before = stack(BOTH);
    for (text, rename) in [
        (BOTH.replace("records", "main-db").replace("files:", "media:"), true),
        (BOTH.replace("stack: shop", "stack: store"), false),
    ] {
        let state = recorded(&before, |name| match (rename, name) {
            (true, "records") => "main-db".to_owned(),
            (true, "files") => "media".to_owned(),
            _ => name.to_owned(),
        });
        let registry = crate::aws::kinds::registry();
        let kept = Kept::of(&registry, Some(&state));
        // `file_systems` has the word in it, too.
        let after = stack(&text.replace("file_systemedia:", "file_systems:"));
        let blueprint = blueprint_keeping(&after, &network(2, 1, 1), &kept).expect("they fit");
        let found = differing(&blueprint, &state);
        let expected: &[&str] = if rename {
            &[
                "aws_db_instance identifier",
                "aws_db_instance tags",
                "aws_db_parameter_group tags",
                "aws_db_subnet_group tags",
                "aws_efs_file_system tags",
            ]
        } else {
            &[]
        };
        assert_eq!(found, expected, "{text}");
        for one in found {
            let (kind, field) = one.split_once(' ').expect("both were written");
            let fields = registry.managing(kind).expect("a kind").fields();
            let field = fields.iter().find(|known| known.name == field).expect("a field");
            assert!(!field.is_fixed(), "{one} can only be changed by a replacement");
        }
    }
}

#[test]
fn what_is_written_is_wanted_whatever_was_recorded() {
    let state = recorded(&stack(BOTH), str::to_owned);
    let kept = Kept::of(&crate::aws::kinds::registry(), Some(&state));
    let text = BOTH.replace("records: {", "records: { security_group: other, identifier: main-db,");
    let text = text.replace("git: { uid: 998 }", "git: { uid: 998, path: /other }");
    let blueprint = blueprint_keeping(&stack(&text), &network(2, 1, 1), &kept).expect("they fit");
    for (address, field, expected) in [
        ("aws_security_group.records", "name", "other"),
        ("aws_security_group.files", "name", "shop-files"),
        ("aws_db_instance.records", "identifier", "main-db"),
        ("aws_db_subnet_group.records", "name", "records"),
        ("aws_efs_access_point.files/git", "path", "/other"),
    ] {
        assert_eq!(inputs(&blueprint, address)[field], expected, "{address}");
    }
}

#[test]
fn a_parameter_group_keeps_its_name_but_for_the_family_of_the_version() {
    let state = recorded(&stack(BOTH), |name| name.replace("records", "main-db"));
    let kept = Kept::of(&crate::aws::kinds::registry(), Some(&state));
    for (version, expected) in [("16", "records-postgres16"), ("17", "records-postgres17")] {
        let text = BOTH.replace("records: {", &format!("main-db: {{ engine_version: \"{version}\","));
        let blueprint = blueprint_keeping(&stack(&text), &network(2, 1, 1), &kept).expect("they fit");
        let inputs = inputs(&blueprint, "aws_db_parameter_group.main-db");
        assert_eq!(
            (&inputs["name"], &inputs["description"]),
            (&expected.into(), &"Parameters of records".into())
        );
    }
    // A new database of the old name takes none of the names that are kept.
    let text = BOTH.replace("databases: {", "databases: { main-db: { parameters: { work_mem: \"64MB\" } }, ");
    let blueprint = blueprint_keeping(&stack(&text), &network(2, 1, 1), &kept).expect("they fit");
    for (address, expected) in [
        ("aws_db_parameter_group.records", "records-2-postgres16"),
        ("aws_db_subnet_group.records", "records-2"),
        ("aws_security_group.records", "shop-records-2"),
        ("aws_security_group.main-db", "shop-records"),
    ] {
        assert_eq!(inputs(&blueprint, address)["name"], expected, "{address}");
    }
}
