use granit_parser::{Event, Parser, ScalarStyle};
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The values that a reader of YAML takes a text for. Plain scalars are read as YAML 1.1 and 1.2 have them.
pub fn documents(text: &str) -> Vec<Value> {
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        events.push(event.expect("what is written can be read").0);
    }
    let mut events = events.into_iter();
    let mut documents = Vec::new();
    while let Some(event) = events.next() {
        match event {
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd => {}
            event => documents.push(value(event, &mut events)),
        }
    }
    documents
}

fn read(text: &str) -> Value {
    documents(text).remove(0)
}

fn value(event: Event<'_>, rest: &mut dyn Iterator<Item = Event<'_>>) -> Value {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, ..) => match &*text {
            "null" => Value::Null,
            "true" => true.into(),
            "false" => false.into(),
            text => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        },
        Event::Scalar(text, ..) => text.to_string().into(),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match rest.next().expect("a list ends") {
                    Event::SequenceEnd => return items.into(),
                    event => items.push(value(event, rest)),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Map::new();
            loop {
                let Value::String(key) = (match rest.next().expect("a map ends") {
                    Event::MappingEnd => return entries.into(),
                    event => value(event, rest),
                }) else {
                    panic!("a key is no text")
                };
                let event = rest.next().expect("a key has a value");
                entries.insert(key, value(event, rest));
            }
        }
        other => panic!("{other:?} is none of what is written"),
    }
}

#[test]
fn an_object_is_written_as_people_write_it() {
    let object = json!({
        "kind": "ConfigMap", "apiVersion": "v1", "metadata": { "name": "a" },
        "data": { "port": "5432", "on": "yes", "url": "https://x", "lines": "a:\n  b\n", "empty": "" },
        "items": [{ "b": 1, "a": [] }, ["x", {}], "1.33", true, null],
    });
    let expected = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  empty: \"\"\n  lines: |\n    a:\n      b\n  \"on\": \"yes\"\n  port: \"5432\"\n  url: \"https://x\"\nitems:\n  - a: []\n    b: 1\n  -\n    - x\n    - {}\n  - \"1.33\"\n  - true\n  - null\n";
    assert_eq!(document(&object), expected);
    assert_eq!(super::documents(&[json!({ "a": 1 }), json!([2])]), "a: 1\n---\n- 2\n");
}

/// Any value, with the texts that readers of YAML are known to stumble over.
fn values() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "\\PC*",
        "[ -~\n]*",
        "(a|b: c|#d|- e| )(\n[a-z :#-]*){0,3}\n{0,2}",
        Just("\u{2028}\u{85}\u{7f}\t\u{feff}\u{202e}\u{1f600}".to_owned()),
        proptest::sample::select(vec![
            "~",
            "no",
            "0o14",
            "1e3",
            "12:30",
            "=",
            "<<",
            "-",
            "?",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "{a}",
            "[a]",
            "a: b",
            "a #b",
            ".5",
            "0x1f",
            "1_000",
            "2026-11-29",
            "NaN",
            ".inf",
            "true ",
            " a",
            "\n",
            "|",
            ">",
            "'a'",
            "\"a\"",
            "---",
            "...",
            "null"
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.clone().prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(text.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_written_is_read_as_it_was(value in values()) {
        let text = document(&value);
        prop_assert!(text.chars().all(|c| c == '\n' || (' '..='~').contains(&c)), "{}", text);
        prop_assert_eq!(read(&text), value, "{}", text);
    }
}
