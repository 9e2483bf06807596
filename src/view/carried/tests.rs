//! Commands of texts, with the options that they need.

use super::*;
use crate::view::style::{Ink, Style};

fn carried(options: &[(&'static [&'static str], Option<&str>)]) -> Carried {
    let option = |&(names, value): &(_, Option<&str>)| CarriedOption {
        names,
        value: value.map(Into::into),
        to: CarriedTo::Every,
    };
    Carried::of(options.iter().map(option).collect())
}

#[test]
fn what_was_named_already_is_named_again_by_the_command_that_names_more() {
    let option =
        |names, value: &str| CarriedOption { names, value: Some(value.into()), to: CarriedTo::Naming };
    let typed = [option(&["--allow-data-loss"], "a.one"), option(&["--replace"], "a.two")];
    let carried = Carried::of(typed.into());
    for (text, expected) in [
        ("provision apply", "provision apply"),
        ("provision plan", "provision plan"),
        (
            "provision apply --allow-data-loss a.three",
            "provision apply --allow-data-loss a.three --allow-data-loss a.one --replace a.two",
        ),
        (
            "provision apply --allow-data-loss a.one",
            "provision apply --allow-data-loss a.one --replace a.two",
        ),
    ] {
        assert_eq!(carried.on(text), expected);
        assert_eq!(carried.on(expected), expected, "twice");
    }
}

const FILE: &[&str] = &["-c", "--config"];

#[test]
fn commands_after_one_that_has_written_a_stack_file_are_about_that_file() {
    for (file, expected) in [
        (None, ["provision plan", "provision import a=b --out new.yaml"]),
        (Some("new.yaml"), ["provision plan --config new.yaml", "provision import a=b --out new.yaml"]),
    ] {
        let carried = carried(&[(&["--reference"], None), (FILE, Some("old.yaml"))]);
        carried.assume_the_built_in_stack();
        carried.set_file(file.map(str::to_owned));
        for expected in expected {
            let text = expected.replace(" --config new.yaml", "");
            assert_eq!(carried.on(&text), expected);
        }
    }
    let untyped = Carried::default();
    untyped.set_file(Some("new.yaml".to_owned()));
    assert_eq!(untyped.on("Next: provision plan"), "Next: provision plan --config new.yaml");
}
const STATE: &[&str] = &["--state"];

#[test]
fn each_command_of_a_text_has_the_options_once() {
    let carried =
        carried(&[(FILE, Some("s/my.yaml")), (&["--reference"], None), (STATE, Some("s/mine.json"))]);
    let all = "-c s/my.yaml --reference --state s/mine.json";
    for (text, expected) in [
        ("provision apply", format!("provision apply {all}")),
        (
            "it moved: provision state move a b; if it was not, undo it, then: provision apply.",
            format!(
                "it moved: provision state move a b {all}; if it was not, undo it, then: provision apply {all}."
            ),
        ),
        (
            "ask for what `provision iam-policy` prints",
            format!("ask for what `provision iam-policy {all}` prints"),
        ),
        (
            "(provision plan --out a/b.json makes one)",
            format!("(provision plan --out a/b.json {all} makes one)"),
        ),
        ("provision init writes one", "provision init -c s/my.yaml writes one".to_owned()),
        ("provision schema stack lists them", "provision schema stack lists them".to_owned()),
        (
            "provision plan --config=x.yaml --state other.json",
            "provision plan --config=x.yaml --state other.json".to_owned(),
        ),
        (
            "update provision, then: aws efs x-y --id 1",
            "update provision, then: aws efs x-y --id 1".to_owned(),
        ),
        ("no command  at all", "no command  at all".to_owned()),
        (
            "  hint:  do this,\n      provision   apply\n      provision state show  a.b\n\nthen that\n",
            format!(
                "  hint:  do this,\n      provision apply {all}\n      provision state show a.b {all}\n\nthen that\n"
            ),
        ),
    ] {
        let once = carried.on(text);
        assert_eq!(once, expected, "{text}");
        assert_eq!(carried.on(&once), expected, "{text}, twice");
    }
    assert_eq!(Carried::default().on("provision apply"), "provision apply");
}

#[test]
fn a_command_has_its_options_in_colours_too_and_in_what_a_document_notes() {
    let carried = Carried::default();
    carried.set_region("eu-west-1");
    let command = "aws backup list-recovery-points-by-resource --resource-arn arn:aws:x:y";
    let style = Style { color: true, width: 64 };
    let painted = format!("see: {}\n", style.paint(Ink::Warning, command));
    let expected = format!("see: {}\n", style.paint(Ink::Warning, &format!("{command} --region eu-west-1")));
    assert_eq!(carried.on(&painted), expected);
    assert_eq!(carried.on(&expected), expected, "twice");
    let note = |note: String| serde_json::json!({ "data": { "notes": [note] } });
    let said = carried.on_document(note(format!("see: {command}")));
    assert_eq!(said, note(format!("see: {command} --region eu-west-1")));
}

#[test]
fn a_way_that_follows_a_command_in_a_hint_keeps_its_own_words() {
    let carried = carried(&[(&["--region"], Some("us-east-1"))]);
    carried.assume_the_built_in_stack();
    let hint =
        "name the network: `provision import VPC-ID --cluster NAME`; without a stack file here, this is it";
    assert_eq!(
        carried.on(hint),
        "name the network: `provision import VPC-ID --cluster NAME --region us-east-1 --reference`; without a stack file \
         here, this is it"
    );
}

#[test]
fn each_command_of_the_aws_command_line_is_for_the_profile_and_the_region_of_the_run() {
    const PROFILE: &[&str] = &["--profile"];
    let carried = carried(&[(FILE, Some("my.yaml")), (PROFILE, Some("my team"))]);
    // The region that a run is in is known once it has begun.
    let early = carried.on("aws kms list-aliases shows them");
    assert_eq!(early, "aws kms list-aliases --profile 'my team' shows them");
    carried.clone().set_region("eu-west-1");
    let all = "--region eu-west-1 --profile 'my team'";
    for (text, expected) in [
        ("aws kms list-aliases shows them", format!("aws kms list-aliases {all} shows them")),
        (
            "`aws sts get-caller-identity` shows who you are",
            format!("`aws sts get-caller-identity {all}` shows who you are"),
        ),
        (
            "aws efs delete-mount-target --mount-target-id fsmt-1; then: provision plan",
            format!(
                "aws efs delete-mount-target --mount-target-id fsmt-1 {all}; then: provision plan -c my.yaml --profile \
                 'my team'"
            ),
        ),
        (
            "aws rds x-y --region eu-west-2 --id 1, then",
            "aws rds x-y --region eu-west-2 --id 1 --profile 'my team', then".to_owned(),
        ),
        ("aws s3 cp s3://b/a.backup s3://b/a, and", format!("aws s3 cp s3://b/a.backup s3://b/a {all}, and")),
        ("to make it: aws configure --profile my", "to make it: aws configure --profile my".to_owned()),
        ("log in: aws sso login --profile NAME", "log in: aws sso login --profile NAME".to_owned()),
        ("as aws says", "as aws says".to_owned()),
    ] {
        let once = carried.on(text);
        assert_eq!(once, expected, "{text}");
        assert_eq!(carried.on(&once), expected, "{text}, twice");
    }
}

#[test]
fn a_region_that_was_typed_is_named_once() {
    let carried =
        carried(&[(&["--region"], Some("eu-west-1")), (&["--endpoint-url"], Some("http://127.0.0.1:1"))]);
    let expected = "aws sts get-caller-identity --region eu-west-1 --endpoint-url http://127.0.0.1:1";
    assert_eq!(carried.on("aws sts get-caller-identity"), expected);
    carried.set_region("eu-west-1");
    assert_eq!(carried.on("aws sts get-caller-identity"), expected);
}

#[test]
fn without_a_stack_file_commands_that_write_ask_for_the_built_in_stack() {
    let carried = Carried::default();
    carried.clone().assume_the_built_in_stack();
    for (text, expected) in [
        ("provision apply --expect 0a", "provision apply --expect 0a --reference"),
        ("provision state rebuild, then", "provision state rebuild --reference, then"),
        ("provision import vpc-1, then", "provision import vpc-1 --reference, then"),
        ("provision state list", "provision state list"),
        ("provision plan", "provision plan"),
        ("provision init writes one", "provision init writes one"),
        ("provision apply --reference", "provision apply --reference"),
        ("provision apply -c a.yaml", "provision apply -c a.yaml"),
    ] {
        assert_eq!(carried.on(text), expected, "{text}");
    }
}

#[test]
fn the_built_in_stack_is_never_asked_for_beside_a_file() {
    let file = carried(&[(FILE, Some("none.yaml"))]);
    assert_eq!(file.on("provision iam-policy --reference"), "provision iam-policy --reference");
    let reference = carried(&[(&[REFERENCE], None)]);
    assert_eq!(reference.on("provision plan --config a.yaml"), "provision plan --config a.yaml");
    assert_eq!(reference.on("provision plan -c a.yaml"), "provision plan -c a.yaml");
}

#[test]
fn a_document_has_the_options_in_what_it_says_and_not_in_what_objects_have() {
    let carried = carried(&[(FILE, Some("my.yaml"))]);
    let said = serde_json::json!({
        "hint": "provision apply", "not_recorded": { "a.b": "to let go of it: provision state forget a.b" },
        "record": { "hint": "provision apply" }, "tag": "provision apply", "steps": [{ "command": "provision plan" }],
    });
    let expected = serde_json::json!({
        "hint": "provision apply -c my.yaml",
        "not_recorded": { "a.b": "to let go of it: provision state forget a.b -c my.yaml" },
        "record": { "hint": "provision apply" }, "tag": "provision apply",
        "steps": [{ "command": "provision plan -c my.yaml" }],
    });
    assert_eq!(carried.on_document(said), expected);
}

#[test]
fn a_value_is_what_a_shell_reads_back() {
    for (value, expected) in [
        ("s3://bucket/a-b_c.json", "s3://bucket/a-b_c.json"),
        ("../zürich.json", "../zürich.json"),
        ("my state.json", "'my state.json'"),
        ("it's", r"'it'\''s'"),
        ("$HOME/x", "'$HOME/x'"),
        ("a.", "'a.'"),
        ("", "''"),
    ] {
        let carried = carried(&[(STATE, Some(value))]);
        let text = carried.on("type: provision state rebuild, then it goes on");
        assert_eq!(text, format!("type: provision state rebuild --state {expected}, then it goes on"));
        assert_eq!(carried.on(&text), text);
    }
}
