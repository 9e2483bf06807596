//! Subnet groups and parameter groups that databases or caches share, or that are there.

use super::kept::recorded;
use super::*;

#[test]
fn databases_that_write_one_subnet_group_share_it_at_the_address_at_which_it_is_made() {
    let group = |name: &str| Address::new("aws_db_subnet_group", name);
    let groups = |blueprint: &Blueprint| -> Vec<Address> {
        blueprint.declarations.keys().filter(|at| at.kind() == "aws_db_subnet_group").cloned().collect()
    };
    let used = |blueprint: &Blueprint, name: &str| {
        inputs(blueprint, &format!("aws_db_instance.{name}"))["db_subnet_group_name"].clone()
    };
    // The third one writes the name that the first one has by default.
    let before = stack(
        "databases: { a: {}, b: { subnet_group: shop }, c: { subnet_group: A }, d: { subnet_group: Shop } }",
    );
    let made = blueprint(&before, &network(2, 1, 1)).expect("they fit");
    assert_eq!(groups(&made), [group("a"), group("b")]);
    for (name, at) in [("a", "a"), ("b", "b"), ("c", "a"), ("d", "b")] {
        assert_eq!(used(&made, name), id_of(&group(at)), "{name}");
    }
    assert_eq!(inputs(&made, "aws_db_subnet_group.b")["description"], "Subnets of b");

    // The one that gave the address goes, and the group stays where it is, with all that it was made with.
    let recorded = recorded(&before, str::to_owned);
    let kept = Kept::of(&registry(), Some(&recorded));
    for (text, expected) in [
        ("databases: { c: { subnet_group: a }, d: { subnet_group: shop } }", vec!["a", "b"]),
        ("databases: { d: { subnet_group: shop } }", vec!["b"]),
        ("databases: { c: { subnet_group: a } }", vec!["a"]),
        // A new one under the old key has the group of that key.
        ("databases: { b: {}, d: { subnet_group: shop } }", vec!["b"]),
    ] {
        let after = blueprint_keeping(&stack(text), &network(2, 1, 1), &kept).expect("they fit");
        let expected: Vec<Address> = expected.into_iter().map(group).collect();
        assert_eq!(groups(&after), expected, "{text}");
        assert_eq!(after.words, [], "{text}");
        for at in &expected {
            assert_eq!(inputs(&after, &at.to_string()), inputs(&made, &at.to_string()), "{text}");
        }
    }
}

#[test]
fn a_parameter_group_that_is_named_is_referred_to_where_it_is_another_databases_own() {
    let text = "databases:
        a: { parameters: { work_mem: 65536, jit: false } }
        b: { parameter_group: A-postgres16 }
        c: { parameter_group: Tuned }
        d: { parameter_group: a-postgres16, engine_version: 17 }";
    let made = blueprint(&stack(text), &network(2, 1, 1)).expect("they fit");
    let used = |name: &str| inputs(&made, &format!("aws_db_instance.{name}"))["parameter_group_name"].clone();
    let own = id_of(&Address::new("aws_db_parameter_group", "a"));
    assert_eq!([used("a"), used("b"), used("c")], [own.clone().into(), own.into(), Value::from("tuned")]);
    // A group of another family is looked at by the plan, as those of others are.
    assert_eq!(used("d"), "a-postgres16");
    let parameters = &inputs(&made, "aws_db_parameter_group.a")["parameters"];
    assert_eq!(*parameters, serde_json::json!({ "work_mem": "65536", "jit": "false" }));
}

#[test]
fn a_group_that_a_cache_names_is_referred_to_where_it_is_another_caches_own() {
    let text = "caches:
        a: { parameters: { timeout: 300 } }
        b: { parameter_group: X-a-Valkey8, subnet_group: { existing: X-a-subnets } }
        c: { parameter_group: Tuned, subnet_group: { existing: Default } }
        d: { parameter_group: x-a-valkey8, engine: redis }";
    let text = format!("stack: x\n{text}");
    let stack = parse("x", text, &registry()).expect("they fit");
    let made = blueprint(&stack, &network(2, 1, 1)).expect("they fit");
    let used = |name: &str, field: &str| {
        inputs(&made, &format!("aws_elasticache_replication_group.{name}"))[field].clone()
    };
    let [group, subnets] = ["aws_elasticache_parameter_group", "aws_elasticache_subnet_group"]
        .map(|kind| Value::from(id_of(&Address::new(kind, "a"))));
    let groups = ["a", "b", "c", "d"].map(|name| used(name, "cache_parameter_group_name"));
    // One of another family is looked at by the plan, as those of others are.
    assert_eq!(groups, [group.clone(), group, "tuned".into(), "x-a-valkey8".into()]);
    let groups = ["a", "b", "c"].map(|name| used(name, "cache_subnet_group_name"));
    assert_eq!(groups, [subnets.clone(), subnets, "default".into()]);
}
