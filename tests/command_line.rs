//! The program as a shell sees it: exit codes, streams, colours.

use std::fs::File;
use std::process::{Command, Output, Stdio};

fn provision(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    command.args(arguments).stdin(Stdio::null());
    for variable in
        ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PROVISION_CONFIG", "PROVISION_STATE", "PROVISION_CLUSTER"]
    {
        command.env_remove(variable);
    }
    command
}

fn run(arguments: &[&str]) -> Output {
    provision(arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("text is printed")
}

#[test]
fn help_and_version_succeed_and_wrong_usage_exits_with_1() {
    for (arguments, code) in [
        (&["--version"][..], 0),
        (&["--help"], 0),
        (&["plan", "-h"], 0),
        (&["help", "apply"], 0),
        (&["completions", "bash"], 0),
        (&["schema", "plan"], 0),
        (&["iam-policy"], 0),
        (&[], 1),
        (&["plann"], 1),
        (&["plan", "--no-such-option"], 1),
        (&["plan", "--state", "s3://bucket/key"], 1),
        (&["--json", "plan", "--markdown"], 1),
        (&["graph", "--refresh-only"], 1),
        (&["state"], 1),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert_eq!(code == 0, !output.stdout.is_empty(), "{arguments:?}: results go to standard output");
        assert_eq!(
            code == 0,
            output.stderr.is_empty(),
            "{arguments:?}: what is wrong goes to standard error"
        );
    }
}

#[test]
fn a_policy_is_printed_without_asking_aws_and_is_json_in_any_case() {
    let nowhere = ["iam-policy", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:1"];
    let policy = run(&nowhere).stdout;
    assert_eq!(run(&[&nowhere[..], &["--json"]].concat()).stdout, policy);
    let document: serde_json::Value = serde_json::from_slice(&policy).expect("JSON");
    assert_eq!(document["Version"], "2012-10-17");
    assert!(document.get("format_version").is_none(), "the format is IAM's");
    let with_state = run(&[&nowhere[..], &["--state", "s3://a-bucket/gitlab.json"]].concat()).stdout;
    assert!(text(&with_state).contains("arn:aws:s3:::a-bucket/gitlab.json.backup"));
}

#[test]
fn the_nearest_name_is_offered() {
    assert!(text(&run(&["plan", "--detailed-exit"]).stderr).contains("--detailed-exitcode"));
    assert!(text(&run(&["aply"]).stderr).contains("apply"));
}

#[test]
fn color_decides_over_help_and_errors_too() {
    assert!(!text(&run(&["--help"]).stdout).contains('\u{1b}'));
    assert!(text(&run(&["--color", "always", "--help"]).stdout).contains('\u{1b}'));
    assert!(text(&run(&["--color=always", "plann"]).stderr).contains('\u{1b}'));
    let forced =
        provision(&["--color=never", "--help"]).env("CLICOLOR_FORCE", "1").output().expect("it starts");
    assert!(!text(&forced.stdout).contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for arguments in [&["schema", "plan"][..], &["--help"], &["completions", "zsh"]] {
        let mut child =
            provision(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    for arguments in [&["schema", "plan"][..], &["--help"]] {
        let full = File::options().write(true).open("/dev/full").expect("Linux has a full device");
        let output = provision(arguments).stdout(full).output().expect("it starts");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    }
}

#[test]
fn every_schema_names_itself_and_its_version() {
    for (document, version) in [
        ("stack", "1.0"),
        ("plan", "1.0"),
        ("saved-plan", "1.0"),
        ("event", "1.0"),
        ("output", "1.0"),
        ("output-value", "1.0"),
        ("state", "1"),
        ("state-list", "1.0"),
        ("state-show", "1.0"),
        ("state-change", "1.0"),
        ("state-rebuild", "1.0"),
        ("import", "1.0"),
        ("init", "1.0"),
    ] {
        let schema: serde_json::Value =
            serde_json::from_slice(&run(&["schema", document]).stdout).expect("a schema is JSON");
        assert_eq!(schema["$id"], format!("urn:provision:schema:{document}:{version}"));
        assert_eq!(schema["format_version"], version);
        assert!(schema["title"].is_string());
    }
}

#[test]
fn a_password_in_an_endpoint_is_refused_and_not_repeated() {
    const ENDPOINT: &str = "http://user:canary@127.0.0.1:1";
    let option = run(&["plan", "--endpoint-url", ENDPOINT]);
    let variable = provision(&["plan"]).env("AWS_ENDPOINT_URL", ENDPOINT).output().expect("it starts");
    for output in [option, variable] {
        assert_eq!(output.status.code(), Some(1));
        assert!(!text(&output.stderr).contains("canary"), "{}", text(&output.stderr));
    }
}
