//! The texts that people read, held verbatim.

mod account;
mod doors;
mod hostile;
mod markdown;
mod pages;
mod plans;

use provision::engine::address::Address;
use provision::engine::document::Document;
use provision::engine::plan::{Action, Finding, Level, Mode, Plan, Rendered};
use provision::engine::resource::Id;
use provision::engine::state::{Phase, Record};
use provision::view::{
    Carried, CarriedOption, CarriedTo, GraphView, Style, dot, is_harmful, mermaid, plan_text, state_show,
};
use serde_json::{Value, json};

/// The comment of a plan that was made without options.
fn plan_markdown(plan: &Plan) -> String {
    provision::view::plan_markdown(plan, &Carried::default())
}

/// The page of a plan that was made without options.
fn plan_page(plan: &Plan) -> String {
    provision::view::plan_page(plan, &Carried::default())
}

const PLAIN: Style = Style { color: false, width: 80 };

fn at(address: &str) -> Address {
    address.parse().expect("a valid address")
}

fn document(value: Value) -> Document {
    serde_json::from_value(value).expect("a test document is an object")
}

/// The text with the start of every colour made visible.
fn visible(text: &str) -> String {
    text.replace('\u{1b}', "␛")
}

#[test]
fn the_first_plan_of_the_reference_stack_has_a_line_for_each_field_and_fewer_than_ninety() {
    let text = plan_text(&plans::first(), &PLAIN);
    assert!(text.lines().count() < 90, "{} lines", text.lines().count());
    insta::assert_snapshot!(text);
}

#[test]
fn a_narrow_terminal_gets_shorter_lines() {
    let style = Style { width: 50, ..PLAIN };
    insta::assert_snapshot!("narrow_first", plan_text(&plans::first(), &style));
    insta::assert_snapshot!("narrow_update", plan_text(&plans::update(), &style));
}

#[test]
fn a_plan_without_changes_is_one_sentence() {
    insta::assert_snapshot!(plan_text(&plans::settled(), &PLAIN));
}

#[test]
fn an_output_that_aws_changed_is_shown_as_what_it_is() {
    let plan = plans::with_another_host();
    let text = plan_text(&plan, &PLAIN);
    for words in
        ["old.rds.amazonaws.com", "new.rds.amazonaws.com", "recorded by apply", "Apply records 1 output"]
    {
        assert!(text.contains(words), "{words} is not in:\n{text}");
        assert!(plan_markdown(&plan).contains(words), "{words} is not in:\n{}", plan_markdown(&plan));
    }
    assert!(!text.contains("is put right"), "{text}");
    let page = plan_page(&plan);
    assert!(page.contains("Outputs that AWS changed") && page.contains("new.rds.amazonaws.com"), "{page}");
    assert!(plan.is_empty(), "AWS is not changed");
}

#[test]
fn updates_show_before_and_after_and_what_they_cost() {
    insta::assert_snapshot!(plan_text(&plans::update(), &PLAIN));
}

#[test]
fn what_is_queued_is_shown_with_when_and_what_it_will_cost() {
    insta::assert_snapshot!("queued_waits", plan_text(&plans::queued(false), &PLAIN));
    insta::assert_snapshot!("queued_goes_along", plan_text(&plans::queued(true), &PLAIN));
}

#[test]
fn a_queued_change_that_is_taken_back_is_not_called_queued() {
    let plan = plans::taken_back();
    let note = "instance_class: db.t4g.large → db.t4g.medium";
    for text in [plan_text(&plan, &Style { width: 400, ..PLAIN }), plan_markdown(&plan), plan_page(&plan)] {
        assert!(text.contains("taken out of the queue; nothing happens to clients"), "{text}");
        assert!(!text.contains("waits for") && !text.contains("fails over"), "{text}");
    }
    assert!(plan_text(&plan, &Style { width: 400, ..PLAIN }).contains(note));
}

#[test]
fn replacements_show_their_order_and_what_forces_them() {
    insta::assert_snapshot!(plan_text(&plans::replace(), &PLAIN));
}

#[test]
fn a_destroy_names_everything_that_goes() {
    insta::assert_snapshot!(plan_text(&plans::destroy(), &PLAIN));
}

#[test]
fn nothing_is_said_to_be_as_recorded_that_is_not_recorded() {
    let finding = Finding {
        check: "fenced".to_owned(),
        address: Some("aws_db_instance.gitlab-pgsql".parse().expect("a valid address")),
        level: Level::Warning,
        message: "it was taken over; what AWS shows of it is not recorded".to_owned(),
        hint: None,
        remedies: Vec::new(),
    };
    let refresh = Plan { mode: Mode::RefreshOnly, preflight: vec![finding], ..plans::settled() };
    let text = plan_text(&refresh, &PLAIN);
    assert!(!text.contains("are as recorded"), "{text}");
    assert!(text.contains("No drift of what is this state's"), "{text}");
}

#[test]
fn the_way_to_carry_a_plan_out_has_the_options_that_were_typed() {
    let option = |names, value: &str, to| CarriedOption { names, value: Some(value.to_owned()), to };
    let state = option(&["--state"], "s3://b/`x` y.json", CarriedTo::Every);
    let replaced = option(&["--replace"], "aws_db_instance.db", CarriedTo::ThisPlan);
    let plan = plans::agreed(plans::first());
    let carried = Carried::of(vec![replaced, state]);
    let comment = provision::view::plan_markdown(&plan, &carried);
    let line = comment.lines().find(|line| line.starts_with("Digest")).expect("it has a digest");
    assert!(
        line.contains("--expect")
            && line.contains("--replace aws_db_instance.db")
            && line.contains("--state 's3://b/`x` y.json'``"),
        "{line}"
    );
    let page = provision::view::plan_page(&plan, &carried);
    assert!(page.contains("--state &#39;s3://b/`x` y.json&#39;</code>"));
}

#[test]
fn drift_comes_first() {
    insta::assert_snapshot!("drift", plan_text(&plans::drifted(), &PLAIN));
    let refresh = Plan { mode: Mode::RefreshOnly, drift: plans::drifted().drift, ..plans::settled() };
    insta::assert_snapshot!("drift_only", plan_text(&refresh, &PLAIN));
    let none = Plan { mode: Mode::RefreshOnly, ..plans::settled() };
    insta::assert_snapshot!("no_drift", plan_text(&none, &PLAIN));
}

#[test]
fn rendered_files_are_listed_with_their_reasons_in_every_form() {
    let file = |path: &str, reason: &str| Rendered {
        path: path.to_owned(),
        reason: reason.to_owned(),
        unknown: false,
        is_new: reason == "it is not there",
    };
    let rendered = vec![
        file("deploy/gitlab.yaml", "`databases.gitlab-pgsql.host` known after apply"),
        file("deploy/kubernetes.yaml", "it is not there"),
    ];
    let plan = Plan { rendered, ..plans::settled() };
    insta::assert_snapshot!(plan_text(&plan, &PLAIN));
    let forms = [
        provision::view::plan_markdown(&plan, &Carried::default()),
        provision::view::plan_page(&plan, &Carried::default()),
    ];
    for form in forms {
        for said in ["deploy/gitlab.yaml", "known after apply", "Apply writes 2 rendered files."] {
            assert!(form.contains(said), "{said} is not in\n{form}");
        }
    }
}

#[test]
fn what_was_checked_takes_few_lines() {
    insta::assert_snapshot!(plan_text(&plans::checked(), &PLAIN));
}

#[test]
fn errors_come_before_warnings_and_say_what_to_write() {
    insta::assert_snapshot!(plan_text(&plans::refused(), &PLAIN));
}

#[test]
fn a_plan_with_nothing_but_errors_does_not_say_that_all_is_well() {
    let text = plan_text(&plans::nothing_but_an_error(), &PLAIN);
    assert!(text.contains("error: aws_db_instance.gitlab-pgsql") && !text.contains("No changes"), "{text}");
}

#[test]
fn one_record_of_the_state_is_shown_in_full() {
    let mut record = Record::watched(
        Id::new("fs-0123\u{1b}[2J"),
        document(json!({ "arn": "arn:aws:elasticfilesystem:x" })),
    );
    record.watched = false;
    record.phase = Phase::Updating;
    record.generation = 1;
    record.inputs = document(json!({ "encrypted": true, "tags": { "Name": "gitlab nfs" } }));
    record.depends_on.insert(at("aws_security_group.gitlab-nfs"));
    insta::assert_snapshot!(state_show(&at("aws_efs_file_system.gitlab-nfs"), &record, &PLAIN), @r#"
    aws_efs_file_system.gitlab-nfs
      id: "fs-0123\u{1b}[2J"
      phase: updating
      replacements: 1
      inputs:
        encrypted: true
        tags:      { Name: "gitlab nfs" }
      outputs:
        arn: arn:aws:elasticfilesystem:x
      depends on:
        aws_security_group.gitlab-nfs
    "#);
}

#[test]
fn a_graph_is_drawn_with_its_planned_actions_and_escaped_labels() {
    let hostile = Address::new("aws_vpc", "a\"]; x -> y [\\n<b>\u{1b}");
    let graph = GraphView {
        nodes: vec![
            (at("aws_efs_mount_target.nfs/eu-west-1a"), Some(Action::Create)),
            (at("aws_security_group.nfs"), Some(Action::NoOp)),
            (hostile.clone(), None),
        ],
        edges: vec![
            (at("aws_efs_mount_target.nfs/eu-west-1a"), at("aws_security_group.nfs")),
            (at("aws_security_group.nfs"), hostile),
        ],
    };
    insta::assert_snapshot!(dot(&graph), @r#"
    digraph provision {
      rankdir = "BT";
      node [shape = box];
      "aws_efs_mount_target.nfs/eu-west-1a" [label = "aws_efs_mount_target.nfs/eu-west-1a\ncreate", color = green];
      "aws_security_group.nfs";
      "aws_vpc.a\"]; x -> y [\\n<b>\\u{1b}";
      "aws_efs_mount_target.nfs/eu-west-1a" -> "aws_security_group.nfs";
      "aws_security_group.nfs" -> "aws_vpc.a\"]; x -> y [\\n<b>\\u{1b}";
    }
    "#);
    insta::assert_snapshot!(mermaid(&graph), @r#"
    flowchart BT
      n0["aws_efs_mount_target.nfs/eu-west-1a<br>create"]
      style n0 stroke:green
      n1["aws_security_group.nfs"]
      n2["aws_vpc.a#quot;]; x -#gt; y [\n#lt;b#gt;\u{1b}"]
      n0 --> n1
      n1 --> n2
    "#);
}

#[test]
fn colours_change_nothing_but_the_colour() {
    let style = Style { color: true, ..PLAIN };
    for plan in [plans::first(), plans::update(), plans::replace(), plans::drifted(), plans::refused()] {
        let colored = plan_text(&plan, &style);
        assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plan_text(&plan, &PLAIN));
    }
    insta::assert_snapshot!("colored_update", visible(&plan_text(&plans::update(), &style)));
    insta::assert_snapshot!("colored_replace", visible(&plan_text(&plans::replace(), &style)));
}

#[test]
fn text_from_outside_can_neither_steer_the_terminal_nor_forge_a_line() {
    let text = plan_text(&plans::hostile(), &PLAIN);
    assert!(!text.replace('\n', "").contains(is_harmful));
    assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
    assert!(!text.contains("\nerror: all is lost"));
    insta::assert_snapshot!(text);
}
