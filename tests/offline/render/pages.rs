//! The page for browsers: what is in it, held here; how it behaves, in `tests/browser`, on the pages written here.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use provision::engine::plan::{Action, Mode, Plan};
use provision::view::{is_harmful, is_page};

use super::hostile::{page_saying, plan_saying};
use super::{plan_markdown, plan_page, plans};

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
    let written = |plan| Plan { stack_file: "provision.yaml".to_owned(), ..plans::agreed(plan) };
    plans.into_iter().map(|(name, plan)| (name, written(plan))).collect()
}

#[test]
fn pages_for_the_browser_tests_are_written() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    for (name, plan) in pages() {
        let page = plan_page(&plan);
        assert_eq!(page, plan_page(&plan), "the same plan makes the same page");
        let write = |form: &str, text: String| std::fs::write(folder.join(format!("{name}.{form}")), text);
        write("html", page).expect("the page can be written");
        write("md", plan_markdown(&plan)).expect("the comment can be written");
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
        assert_eq!(page.matches("<script").count(), 1, "{name}");
        assert!(!page.contains("{{script}}") || name == "markup", "{name}");
        assert!(
            between(&page, "Content-Security-Policy\" content=\"", "\"").starts_with("default-src 'none';")
        );
    }
}

/// The page without what is folded, and without its script.
fn unfolded(page: &str) -> String {
    let (text, _) = page.split_once("<script>").expect("the script is at the end");
    let mut pieces = text.split("<details");
    let first = pieces.next().unwrap_or_default().to_owned();
    first
        + &pieces
            .map(|piece| piece.split_once("</details>").expect("none is in another").1)
            .collect::<String>()
}

#[test]
fn every_difference_is_in_the_page_itself_and_open() {
    let field = |path: &str, note: &str, lines: [&str; 2]| {
        let note =
            if note.is_empty() { String::new() } else { format!(" <span class=\"note\">{note}</span>") };
        let line = |class: &str, mark: &str, text: &str| {
            format!("<dd class=\"line {class}\"><span class=\"mark\">{mark}</span> <code>{text}</code></dd>")
        };
        let lines = line("before", "-", lines[0]) + &line("after", "+", lines[1]);
        format!("<div class=\"field\"><dt><span class=\"path\">{path}</span>{note}</dt>{lines}</div>\n")
    };
    let page = unfolded(&plan_page(&plans::update()));
    for expected in [
        field("backup_retention_period", "", ["7", "30"]),
        field("engine_version", "reboots", ["16.3", "16.8"]),
        field("multi_az", "fails over", ["false", "true"]),
        "<b>fails over</b> <span class=\"when\">the window of Sun 2026-11-22 04:30 UTC</span>".to_owned(),
        "<p class=\"ways\">Depends on <a class=\"to\" href=\"#aws_db_subnet_group.gitlab-pgsql\">".to_owned(),
    ] {
        assert!(page.contains(&expected), "{expected} is not in {page}");
    }
    for plan in [plans::first(), plans::replace(), plans::drifted(), plans::destroy(), plans::queued(false)] {
        let page = unfolded(&plan_page(&plan));
        for change in &plan.changes {
            for field in change.fields.iter().chain(&change.queued) {
                assert!(page.contains(&format!("<span class=\"path\">{}</span>", field.path)), "{field:?}");
            }
            let is_calm = matches!(change.action, Action::Watch | Action::Forget | Action::NoOp);
            let is_open = page.contains(&format!("id=\"{}\"", change.address));
            let is_told =
                !change.queued.is_empty() || plan.drift.iter().any(|one| one.address == change.address);
            assert_eq!(is_open, !is_calm || is_told, "{}: what is only watched is folded", change.address);
        }
    }
}

#[test]
fn a_value_that_the_stack_file_does_not_say_is_faint() {
    let mut plan = plans::first();
    let changes = plan.changes.iter_mut().filter(|change| change.action == Action::Create);
    changes.for_each(|change| {
        change.fields.iter_mut().for_each(|field| field.is_default = field.path == "port")
    });
    let page = plan_page(&plan);
    let port = "<div class=\"field default\"><dt><span class=\"path\">port</span>";
    assert_eq!((page.matches("field default").count(), page.matches(port).count()), (1, 1));
}

#[test]
fn every_resource_is_on_the_page_once_and_every_link_leads_somewhere() {
    for (name, plan) in pages() {
        let page = plan_page(&plan);
        let cards: BTreeSet<&str> =
            page.split("<article").skip(1).map(|card| between(card, " id=\"", "\"")).collect();
        let told = plan
            .changes
            .iter()
            .map(|change| &change.address)
            .chain(plan.drift.iter().map(|one| &one.address));
        assert_eq!(cards.len(), told.collect::<BTreeSet<_>>().len(), "{name}");
        if name != "hostile" && name != "markup" {
            for link in page.split("href=\"#").skip(1).map(|link| link.split('"').next().unwrap_or_default())
            {
                assert!(link == "list" || cards.contains(link), "{name}: {link}");
            }
        }
    }
}

#[test]
fn a_page_says_when_and_by_whom_the_plan_was_made_and_from_which_file() {
    let page = plan_page(&Plan { stack_file: "a.yaml, b.yaml".to_owned(), ..plans::update() });
    for (name, value) in [
        ("Stack file", "a.yaml, b.yaml"),
        ("Made", "2026-11-20 12:00 UTC"),
        ("With", "provision 0.1.0"),
        ("By", "arn:aws:sts::123456789012:assumed-role/plan/GitHubActions"),
    ] {
        assert!(page.contains(&format!("<dt>{name}</dt><dd>{value}</dd>")), "{name}");
    }
}

#[test]
fn the_same_stack_looks_the_same_whatever_is_planned_for_it() {
    let places = |plan: &Plan| {
        let page = plan_page(plan);
        let nodes = page.split("<a class=\"node ").skip(1);
        let mut places: Vec<String> = nodes
            .map(|node| {
                let address = between(node, "<title>", "</title>");
                format!("{address} {}", between(node, "transform=\"", "\""))
            })
            .collect();
        places.sort();
        places
    };
    assert_eq!(places(&plans::first()).len(), 28, "in columns, and in one column");
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
        // These are values of the plan already, and would be no difference.
        prop_assume!(text != "x" && text != "a");
        let page = page_saying(&text);
        prop_assert!(!page.replace('\n', "").contains(is_harmful));
        static TAGS: LazyLock<usize> = LazyLock::new(|| page_saying("plain").matches('<').count());
        prop_assert_eq!(page.matches('<').count(), *TAGS);
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
