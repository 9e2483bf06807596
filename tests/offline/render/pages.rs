//! The page for browsers: what is in it, held here; how it behaves, in `tests/browser`, on the pages written here.

use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use provision::engine::plan::{Mode, Plan};
use provision::view::{is_harmful, is_page};
use serde_json::{Value, json};

use super::hostile::plan_saying;
use super::{plan_page, plans};

/// Markup that would run, load or break something on a page that let it; `owned` is what the browser tests look for.
const MARKUP: &str = "</script><script>owned=1</script><img src=x onerror=owned=1><svg onload=owned=1>\
                      \"onclick=owned=1 '{{script}}&lt;b&gt;\u{2028}<!--\u{202e}";

/// The part of a page between two texts.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = page.split_once(from).expect(from);
    rest.split_once(to).expect(to).0
}

/// Every page that the browser tests open.
fn pages() -> Vec<(&'static str, Plan)> {
    let refresh = Plan { mode: Mode::RefreshOnly, changes: Vec::new(), ..plans::drifted() };
    let plans = vec![
        ("first", plans::first()),
        ("large", plans::large()),
        ("update", plans::update()),
        ("replace", plans::replace()),
        ("destroy", plans::destroy()),
        ("drifted", plans::drifted()),
        ("drift-only", refresh),
        ("queued", plans::queued(false)),
        ("refused", plans::refused()),
        ("settled", plans::settled()),
        ("hostile", plans::hostile()),
        ("markup", plan_saying(MARKUP)),
    ];
    plans.into_iter().map(|(name, plan)| (name, plans::agreed(plan))).collect()
}

#[test]
fn pages_for_the_browser_tests_are_written() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    for (name, plan) in pages() {
        let page = plan_page(&plan);
        assert_eq!(page, plan_page(&plan), "the same plan makes the same page");
        std::fs::write(folder.join(format!("{name}.html")), page).expect("the page can be written");
    }
}

#[test]
fn a_page_is_one_file_that_asks_for_nothing() {
    for (name, plan) in pages() {
        let page = plan_page(&plan);
        for loading in [" src=", "<link", "<iframe", "<base", "<form", "@import", "url(", "<object"] {
            // Text from outside may say so, where it is text.
            let text = if loading == " src=" { page.replace(" src=x onerror", "") } else { page.clone() };
            assert!(!text.contains(loading), "{name}: {loading}");
        }
        assert_eq!(page.matches("<script").count(), 2, "{name}: the data and the script");
        assert!(!page.contains("{{script}}") || name == "markup", "{name}");
        assert!(
            between(&page, "Content-Security-Policy\" content=\"", "\"").starts_with("default-src 'none';")
        );
    }
}

#[test]
fn the_data_of_a_page_is_json_with_every_resource_and_its_fields() {
    let page = plan_page(&plans::update());
    let data = between(&page, "<script type=\"application/json\" id=\"plan\">", "</script>");
    let data: Value = serde_json::from_str(data).expect("JSON");
    let database =
        data.as_array().expect("a list").iter().find(|one| one["address"] == "aws_db_instance.gitlab-pgsql");
    let database = database.expect("it is there");
    assert_eq!(database["costs"][1]["when"], "the window of Sun 2026-11-22 04:30 UTC");
    let field = &database["groups"][0]["fields"][1];
    let lines = json!([{ "mark": "-", "text": "16.3" }, { "mark": "+", "text": "16.8" }]);
    assert_eq!(
        (&field["path"], &field["note"], &field["lines"]),
        (&json!("engine_version"), &json!("reboots"), &lines)
    );
    let needs = database["needs"].as_array().expect("a list").iter().map(|place| {
        let place = usize::try_from(place.as_u64().expect("a place")).expect("a small one");
        data[place]["address"].as_str().expect("an address")
    });
    assert_eq!(
        needs.collect::<Vec<_>>(),
        ["aws_db_subnet_group.gitlab-pgsql", "aws_security_group.gitlab-pgsql"]
    );
}

#[test]
fn the_same_stack_looks_the_same_whatever_is_planned_for_it() {
    let places = |plan: &Plan| {
        let page = plan_page(plan);
        let nodes = page.split("<g class=\"node ").skip(1);
        let mut places: Vec<String> = nodes
            .map(|node| {
                let address = between(node, "<title>", "</title>");
                format!("{address} {}", between(node, "transform=\"", "\""))
            })
            .collect();
        places.sort();
        places
    };
    assert_eq!(places(&plans::first()).len(), 14);
    for plan in [plans::update(), plans::replace(), plans::drifted(), plans::destroy(), plans::settled()] {
        assert_eq!(places(&plan), places(&plans::first()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]
    #[test]
    fn whatever_a_text_says_the_markup_of_a_page_is_the_same(pieces in prop::collection::vec(prop_oneof![
        prop::sample::select(vec!["<", ">", "\"", "'", "&", "</script>", "<!--", "-->", "<script>", "{{", "}}", "{{data}}", "=", "/>"])
            .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ], 1..10)) {
        let text = pieces.concat();
        let page = plan_page(&plan_saying(&text));
        prop_assert!(!page.replace('\n', "").contains(is_harmful));
        static TAGS: LazyLock<usize> = LazyLock::new(|| plan_page(&plan_saying("plain")).matches('<').count());
        prop_assert_eq!(page.matches('<').count(), *TAGS);
        let data = between(&page, "<script type=\"application/json\" id=\"plan\">", "</script>");
        prop_assert!(!data.contains(['<', '>', '&']));
        prop_assert!(serde_json::from_str::<Value>(data).is_ok());
    }
}

#[test]
fn every_page_is_known_for_one_and_nothing_else_is() {
    for (name, plan) in pages() {
        assert!(is_page(plan_page(&plan).as_bytes()), "{name}");
    }
    let mark = "<meta name=\"generator\" content=\"provision\">";
    for other in ["", "<!doctype html><title>mine</title>", mark, "stack: a\n", "{}"] {
        assert!(!is_page(other.as_bytes()), "{other}");
    }
    // A word that stands far down in a file does not make it a page.
    assert!(!is_page(format!("<!doctype html>{}{mark}", " ".repeat(9_000)).as_bytes()));
}
