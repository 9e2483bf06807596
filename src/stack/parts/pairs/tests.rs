use serde_json::json;

use super::*;
use crate::aws::kinds::registry;
use crate::engine::network::{Cluster, Network};
use crate::engine::resource::Id;
use crate::engine::state::{Edit, Record, State};
use crate::stack::blueprint::{blueprint, blueprint_keeping};
use crate::stack::parse;

const TEXT: &str = "
stack: shop
security_groups: { web-open: { ingress: [] }, web-closed: { ingress: [] } }
instances:
  a: { ami: ami-12345678, instance_type: t3.large, zone: eu-west-1a }
  b: { ami: ami-12345678, instance_type: t3.large, zone: eu-west-1a }
elastic_ips: { web: {} }
pairs: { web: { instances: [b, a], address: web, open: web-open, closed: web-closed } }
";

fn stack(text: &str) -> Stack {
    parse("x", text, &registry()).unwrap_or_else(|error| panic!("{error:?}"))
}

fn network() -> Network {
    Network {
        cluster: Cluster { name: None, efs_names_resolve: true },
        vpc: Id::new("vpc-1"),
        subnets: [("eu-west-1a".to_owned(), Id::new("subnet-1"))].into(),
        groups: Default::default(),
    }
}

/// A state in which this machine serves.
fn serving(name: &str) -> State {
    let mut state = State::new("shop", "one".to_owned(), "123456789012", "eu-west-1");
    let mut put = |address: &str, id: &str, inputs: Value| {
        let Value::Object(inputs) = inputs else { panic!("inputs are an object") };
        let mut record = Record::watched(Id::new(id), Document::new());
        (record.watched, record.inputs) = (false, inputs);
        state.apply(Edit::Put { address: address.parse().expect("an address"), record });
    };
    put("aws_security_group.web-open", "sg-open", json!({}));
    put("aws_security_group.web-closed", "sg-closed", json!({}));
    for one in ["a", "b"] {
        let group = if one == name { "sg-open" } else { "sg-closed" };
        put(&format!("aws_instance.{one}"), &format!("i-{one}"), json!({ GROUPS: [group] }));
    }
    put("aws_eip.web", "eipalloc-1", json!({ AT: format!("i-{name}") }));
    state
}

/// The group of each machine, and the machine at the address, by what is declared.
fn declared(text: &str, state: Option<&State>) -> [String; 3] {
    let kept = Kept::of(&registry(), state);
    let made = blueprint_keeping(&stack(text), &network(), &kept).expect("they fit");
    [("aws_instance.a", GROUPS), ("aws_instance.b", GROUPS), ("aws_eip.web", AT)].map(|(address, field)| {
        let address: Address = address.parse().expect("an address");
        let declaration = &made.declarations[&address];
        let crate::engine::blueprint::Declaration::Managed { inputs } = declaration else {
            panic!("{address} is managed")
        };
        assert!(made.by_command[&address].contains_key(field));
        let value = &inputs[field];
        value.get(0).unwrap_or(value).as_str().expect("a text").to_owned()
    })
}

#[test]
fn the_first_machine_serves_at_the_beginning_and_then_the_recorded_one() {
    let of = |a: &str, b: &str, at: &str| {
        [
            format!("${{aws_security_group.web-{a}.id}}"),
            format!("${{aws_security_group.web-{b}.id}}"),
            format!("${{aws_instance.{at}.id}}"),
        ]
    };
    assert_eq!(declared(TEXT, None), of("closed", "open", "b"));
    for (name, expected) in [("a", of("open", "closed", "a")), ("b", of("closed", "open", "b"))] {
        assert_eq!(declared(TEXT, Some(&serving(name))), expected);
        // Their order counts at the beginning alone.
        let turned = TEXT.replace("[b, a]", "[a, b]");
        assert_eq!(declared(&turned, Some(&serving(name))), expected);
        let renamed = TEXT.replace("pairs: { web:", "pairs: { shop:");
        assert_eq!(declared(&renamed, Some(&serving(name))), expected);
    }
}

#[test]
fn groups_that_change_their_parts_in_the_file_tear_a_pair_and_move_nothing() {
    let turned = TEXT.replace("open: web-open, closed: web-closed", "open: web-closed, closed: web-open");
    let state = serving("a");
    let kept = Kept::of(&registry(), Some(&state));
    let pair = |text: &str| pairs(&stack(text)).remove("web").expect("it is there");
    assert!(
        pair(&turned).is_torn(&kept) && !pair(TEXT).is_torn(&kept) && !pair(TEXT).is_torn(&Kept::default())
    );
    let made = blueprint_keeping(&stack(&turned), &network(), &kept).expect("they fit");
    let by = &made.by_command[&pair(TEXT).elastic_ip()][AT];
    assert!(by.alone, "no plan moves the address");
}

#[test]
fn names_that_change_in_the_file_fail_nothing_over() {
    let active = |text: &str, serves: &str| {
        let pair = pairs(&stack(text)).remove("web").expect("it is there");
        let state = serving(serves);
        let (active, _) = pair.active(&Kept::of(&registry(), Some(&state)));
        active.to_owned()
    };
    let new = TEXT
        .replace("web-open: { ingress: [] }", "web-open: { ingress: [] }, web-new: { ingress: [] }")
        .replace("{ web: {} }", "{ web: {}, new: {} }");
    for serves in ["a", "b"] {
        let (group, address) =
            (new.replace("open: web-open", "open: web-new"), new.replace("address: web", "address: new"));
        let both = group.replace("address: web", "address: new");
        for text in [group, address, both] {
            assert_eq!(active(&text, serves), serves, "{text}");
        }
        for name in ["a", "b"] {
            // A renamed machine is not known by its new name before its record is moved.
            let renamed = TEXT
                .replace(&format!("  {name}: {{ ami"), "  c: { ami")
                .replace("[b, a]", if name == "a" { "[b, c]" } else { "[c, a]" });
            let expected = if name == serves { "c" } else { serves };
            assert_eq!(active(&renamed, serves), expected, "{renamed}");
        }
    }
}

#[test]
fn a_machine_that_does_not_serve_may_be_stopped() {
    let made = blueprint(&stack(TEXT), &network()).expect("they fit");
    let ignored = |name: &str| made.ignored.get(&Pair::machine(name)).cloned().unwrap_or_default();
    assert!(ignored("a").contains("running") && !ignored("b").contains("running"));
}

#[test]
fn the_commands_that_are_left_out_are_those_of_the_user_data_where_that_is_rendered() {
    let with = |more: &str| TEXT.replace("closed: web-closed", &format!("closed: web-closed, {more}"));
    let commands = |text: &str| pairs(&stack(text)).remove("web").expect("it is there").commands;
    assert_eq!(commands(TEXT), PairCommands::default());
    let gitlab = "gitlab: { image: \"gitlab/gitlab-ce:18.11.0-ce.0\", url: \"https://gitlab.example.com\" }";
    let all = commands(&with(&format!("{gitlab}, commands: {{ lag: mine }}")));
    assert_eq!(all.lag.as_deref(), Some("mine"));
    assert_eq!(all.start.as_deref(), Some("/usr/local/sbin/pair start"));
}

#[test]
fn what_a_pair_says_wrongly_is_refused_with_the_way_out() {
    for (from, to, message) in [
        ("[b, a]", "[b]", "a pair has two machines"),
        ("[b, a]", "[b, c]", "`c` is no entry of `instances`"),
        ("address: web", "address: wep", "did you mean `web`"),
        ("open: web-open", "open: web-closed", "would be as open"),
        ("open: web-open", "open: web-opne", "did you mean `web-open`"),
        ("web: {} }\n", "web: { instance: a } }\n", "the pair says what `instance` of `web` says"),
        (
            "zone: eu-west-1a }\n  b",
            "zone: eu-west-1a, security_groups: [web-open] }\n  b",
            "the pair says what `security_groups` of `a` says",
        ),
        (
            "zone: eu-west-1a }\n  b",
            "zone: eu-west-1a, running: false }\n  b",
            "`a` is stopped, and would be so when it serves",
        ),
        (
            "pairs: { web:",
            "pairs: { two: { instances: [a, b], address: web, open: web-open, closed: web-closed }, web:",
            "already",
        ),
        ("closed: web-closed }", "closed: web-closed, commands: { strat: x } }", "\"strat\""),
    ] {
        let text = TEXT.replace(from, to);
        assert_ne!(text, TEXT, "{from}");
        let error = parse("x", &text, &registry()).expect_err("it is wrong");
        let said = format!("{error:?}");
        assert!(said.contains(message), "{to}: {said}");
    }
}
