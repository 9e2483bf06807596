//! The plan as a comment: what it says, and that no text can make it say, mention, link or show anything else.

use std::sync::LazyLock;

use proptest::prelude::*;
use provision::engine::address::Address;
use provision::engine::plan::{Action, Blocked, Change, Drift, Finding, Level, Plan, Response};
use provision::view::{Carried, Made, is_harmful};
use serde_json::json;

use super::hostile::comment_saying;
use super::{made, plan_markdown, plans};

/// The limit of GitHub: "body is too long (maximum is 65536 characters)".
const LONGEST: usize = 65_536;

#[test]
fn a_comment_shows_effects_at_a_glance_and_every_difference_open() {
    insta::assert_snapshot!("markdown_first", plan_markdown(&plans::agreed(plans::first())));
    insta::assert_snapshot!("markdown_update", plan_markdown(&plans::agreed(plans::update())));
    insta::assert_snapshot!("markdown_replace", plan_markdown(&plans::replace()));
    insta::assert_snapshot!("markdown_destroy", plan_markdown(&plans::destroy()));
    insta::assert_snapshot!("markdown_drifted", plan_markdown(&plans::drifted()));
    insta::assert_snapshot!("markdown_queued", plan_markdown(&plans::queued(false)));
    insta::assert_snapshot!("markdown_settled", plan_markdown(&plans::settled()));
}

#[test]
fn a_comment_on_a_plan_with_errors_says_so_first() {
    insta::assert_snapshot!("markdown_refused", plan_markdown(&plans::refused()));
}

#[test]
fn a_comment_shows_every_difference_without_a_click() {
    let folded = "<details><summary>";
    for plan in [plans::first(), plans::update(), plans::replace(), plans::drifted(), plans::queued(false)] {
        let comment = plan_markdown(&plan);
        let mut open = comment.as_str();
        if let Some((shown, rest)) = comment.split_once(folded) {
            assert!(
                rest.starts_with("6 to watch: AWS is not changed") && !rest.contains("<details"),
                "{rest}"
            );
            open = shown;
        }
        for field in plan.changes.iter().flat_map(|change| change.fields.iter().chain(&change.queued)) {
            assert!(open.contains(&format!(" {}", field.path)), "{} is open in {open}", field.path);
        }
    }
    assert!(plan_markdown(&plans::first()).contains(folded), "what is watched is folded");
}

#[test]
fn a_comment_says_when_and_by_whom_the_plan_was_made_and_from_which_file() {
    let plan = Plan { stack_file: "stacks/provision.yaml".to_owned(), ..plans::update() };
    let comment = plan_markdown(&plan);
    let by = "`arn:aws:sts::123456789012:assumed-role/plan/GitHubActions`";
    let said = format!("Made 2026-11-20 12:00 UTC by provision 0.1.0, with the credentials of {by}.");
    assert!(comment.starts_with("### Plan for `gitlab` (`stacks/provision.yaml`)\n"), "{comment}");
    assert!(comment.contains(&said), "{comment}");
    let unknown = Made { by: None, ..made() };
    let comment = provision::view::plan_markdown(&plan, &unknown, &Carried::default());
    assert!(comment.contains("Made 2026-11-20 12:00 UTC by provision 0.1.0.\n"), "{comment}");
}

#[test]
fn what_is_left_out_because_aws_would_refuse_it_is_in_a_comment_too() {
    let because = "AWS shows stopped".to_owned();
    let fields = vec![plans::field("instance_class", json!("db.t4g.medium"), json!("db.t4g.large"))];
    let blocked = Some(Blocked { action: Action::Update, fields, because, on: None });
    let change = plans::change("aws_db_instance.gitlab-pgsql", Action::NoOp, "instance_class differs");
    let comment = plan_markdown(&plans::plan(vec![Change { blocked, ..change }]));
    for said in [
        "| `aws_db_instance.gitlab-pgsql` | blocked |",
        "# update left out (AWS shows stopped)",
        "+   db.t4g.large",
    ] {
        assert!(comment.contains(said), "{said} is not in {comment}");
    }
}

/// The comment with all code taken out, by the rules of CommonMark: fenced blocks end with a fence that is as long as
/// the one they began with, spans with a run of backticks that is as long; and by the rules of HTML.
fn without_code(markdown: &str) -> String {
    let mut kept = String::new();
    let mut fence: Option<usize> = None;
    for line in markdown.lines() {
        let ticks = line.chars().take_while(|character| *character == '`').count();
        let indent = line.chars().take_while(|character| *character == ' ').count();
        match fence {
            Some(length) => {
                let closing = line.trim_matches(' ');
                if indent < 4 && closing.len() >= length && closing.chars().all(|tick| tick == '`') {
                    fence = None;
                }
            }
            None if ticks >= 3 => {
                fence = Some(ticks);
                kept += &format!("[block{}]\n", &line[ticks..]);
            }
            None => kept += &format!("{}\n", without_spans(line)),
        }
    }
    assert_eq!(fence, None, "every block of code ends");
    kept
}

fn without_spans(line: &str) -> String {
    let mut kept = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['`', '<']) {
        kept += &rest[..at];
        rest = &rest[at..];
        if let Some(code) = rest.strip_prefix("<code>") {
            let (inside, after) = code.split_once('<').expect("HTML's code ends");
            let plain = |character: char| character.is_alphanumeric() || " -_./&#;".contains(character);
            assert!(inside.chars().all(plain), "{inside}");
            rest = after.strip_prefix("/code>").expect("nothing else begins in HTML's code");
            kept += "[code]";
            continue;
        }
        let run = rest.chars().take_while(|character| *character == '`').count();
        if run == 0 {
            kept += "<";
            rest = &rest[1..];
            continue;
        }
        let mut inside = &rest[run..];
        rest = loop {
            let at = inside.find('`').unwrap_or_else(|| panic!("a span of code ends: {line}"));
            let closing = inside[at..].chars().take_while(|character| *character == '`').count();
            inside = &inside[at + closing..];
            if closing == run {
                break inside;
            }
        };
        kept += "[code]";
    }
    kept + rest
}

fn holds(text: &str) -> Result<(), TestCaseError> {
    let markdown = comment_saying(text);
    static PLAIN: LazyLock<String> = LazyLock::new(|| without_code(&comment_saying("plain")));
    prop_assert_eq!(without_code(&markdown), PLAIN.as_str());
    prop_assert!(!markdown.replace('\n', "").contains(is_harmful));
    let cells = |line: &&str| line.starts_with("| ");
    for line in markdown.lines().filter(cells).filter(|line| !line.starts_with("| |")) {
        prop_assert_eq!(line.matches('|').count(), 6, "{}", line);
    }
    // A runner of continuous integration takes such lines for commands.
    let commands = markdown
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with("::") || line.starts_with("##["));
    prop_assert_eq!(commands.count(), 0);
    prop_assert!(markdown.len() <= LONGEST);
    Ok(())
}

/// Everything that Markdown, HTML and code hosts read a meaning into.
fn hostile_text() -> impl Strategy<Value = String> {
    let tokens = [
        "`",
        "``",
        "```",
        "~~~",
        "|",
        "\\",
        "\\|",
        "@octocat",
        "@org/team",
        "#1",
        "GH-1",
        "org/repo#1",
        "<",
        ">",
        "<img src=x>",
        "<script>",
        "</code>",
        "</summary>",
        "</details>",
        "<!--",
        "-->",
        "![x](http://e.x/i.png)",
        "[x](javascript:x)",
        "[x]: http://e.x",
        "http://e.x",
        "www.e.x",
        "mail@e.x",
        "&#64;",
        "&",
        "*",
        "_",
        "# ",
        "- ",
        "> ",
        "    ",
        "\t",
        "\n",
        "\n\n",
        "\r\n",
        "\u{2028}",
        "\u{202e}",
        "\u{200b}",
        "\u{1b}[2J",
        "::error::x",
        "##[x]",
        "$x$",
        ":smile:",
        "+ ",
        "! ",
    ];
    let token = prop::sample::select(tokens.to_vec()).prop_map(str::to_owned);
    let piece = prop_oneof![4 => token, 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]
    #[test]
    fn whatever_a_text_says_only_code_says_it(text in hostile_text()) {
        holds(&text)?;
    }
}

#[test]
fn nasty_texts_stay_in_code() {
    for text in [
        "@octocat please merge #1, see https://evil.example",
        "``` </details><img src=x onerror=alert(1)> ```",
        "a | b \\| c",
        "![pixel](https://evil.example/p.png) [click](javascript:alert(1))",
        "\u{202e}txt.exe\n```\n# a heading\n::error::x",
    ] {
        holds(text).expect(text);
    }
    let text = "@octocat #1 `|` \\| <b>\n```\n![x](http://e.x/i.png)\u{202e}";
    insta::assert_snapshot!("markdown_hostile", comment_saying(text));
}

#[test]
fn a_comment_is_never_longer_than_github_takes_and_says_what_is_left_out() {
    let long = "`|@x&é".repeat(60);
    let plan = |count: usize| {
        let changes = (0..count).map(|n| Change {
            fields: (0..20).map(|n| plans::field(&format!("f{n}"), json!(long), json!(n))).collect(),
            ..plans::change(&format!("aws_efs_file_system.fs-{n}"), Action::Update, "20 fields differ")
        });
        plans::plan(changes.collect())
    };
    let ten = plan_markdown(&plan(10));
    let note = "_Left out, since a comment has room for 65536 characters: ";
    assert!(ten.len() <= LONGEST && ten.contains(note) && ten.contains(" details. "), "{}", ten.len());
    assert_eq!(ten.matches("\n| `~` |").count(), 10, "the effects come before the details");
    assert!(ten.matches("<details open>").count() >= 2, "there is room for some");
    without_code(&ten);

    let mut huge = plans::agreed(plan(3_000));
    let found = |n| Finding {
        check: "x".to_owned(),
        address: None,
        level: Level::Warning,
        message: format!("{n} {}", long.repeat(4)),
        hint: None,
        remedies: Vec::new(),
    };
    huge.preflight = (0..3_000).map(found).collect();
    huge.drift = (0..3_000)
        .map(|n| Drift {
            response: Response::Recorded,
            address: Address::new("aws_vpc", &format!("v{n}")),
            kind: "aws_vpc".to_owned(),
            gone: false,
            fields: vec![plans::field("x", json!(long), json!(long))],
            outputs: Vec::new(),
        })
        .collect();
    let comment = plan_markdown(&huge);
    assert!(comment.len() <= LONGEST && comment.contains(note), "{}", comment.len());
    let note = comment.lines().rev().nth(2).expect("there is a note");
    assert!(
        ["messages, ", "resources, ", "changes outside, ", "details. "]
            .iter()
            .all(|what| note.contains(what)),
        "{note}"
    );
    assert!(comment.ends_with("with the options that it was made with.\n"));
    without_code(&comment);
}
