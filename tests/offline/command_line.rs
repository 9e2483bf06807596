//! The program as a shell sees it: exit codes, streams, colours.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::endpoint::Endpoint;

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
        (&["iam-policy", "--part", "1"], 0),
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
    let nowhere =
        ["iam-policy", "--part", "1", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:1"];
    let policy = run(&nowhere).stdout;
    assert_eq!(run(&[&nowhere[..], &["--json"]].concat()).stdout, policy);
    let document: serde_json::Value = serde_json::from_slice(&policy).expect("JSON");
    assert_eq!(document["Version"], "2012-10-17");
    assert!(document.get("format_version").is_none(), "the format is IAM's");
    // A stack that needs more than one has an array of them.
    let all = run(&[&["iam-policy"], &nowhere[3..]].concat()).stdout;
    let all: serde_json::Value = serde_json::from_slice(&all).expect("JSON");
    assert_eq!((all.as_array().map(Vec::len), &all[0]), (Some(2), &document));
    let with_state =
        run(&[&["iam-policy"], &nowhere[3..], &["--state", "s3://a-bucket/gitlab.json"]].concat()).stdout;
    assert!(text(&with_state).contains("arn:aws:s3:::a-bucket/gitlab.json.backup"));
}

#[test]
fn the_place_of_the_state_is_what_the_options_say_and_else_what_the_stack_file_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    std::fs::create_dir_all(root.join("eu/deep")).expect("it can be made");
    std::fs::create_dir(root.join(".git")).expect("it can be made");
    let write = |file: &str, text: &str| std::fs::write(root.join(file), text).expect("it can be written");
    let base =
        "stack: shop\nregion: eu-west-1\nbuckets: { a: {} }\nstate: { sse: aws:kms, kms_key: alias/base }\n";
    write("base.yaml", base);
    write("eu/provision.yaml", "stack: shop\nbuckets: { a: {} }\nstate: { location: kept/shop.json }\n");
    write("eu/team.yaml", "state: { location: s3://our-states/shop.json, kms_key: alias/team }\n");
    write("plain.yaml", "stack: shop\nregion: eu-west-1\nbuckets: { a: {} }\n");
    let said = |at: &str, arguments: &[&str], state: Option<&str>| {
        let mut one = provision(arguments);
        one.current_dir(root.join(at));
        if let Some(state) = state {
            one.env("PROVISION_STATE", state);
        }
        let output = one.output().expect("the program starts");
        format!("{}{}", text(&output.stdout), flat(&output))
    };
    let list = &["state", "list"];
    // A path counts from the folder of its file, wherever the command is typed.
    assert!(said("eu", list, None).contains("there is no state at kept/shop.json"));
    assert!(said("eu/deep", list, None).contains("there is no state at ../kept/shop.json"));
    let named = said("", &["state", "list", "-c", "plain.yaml", "-c", "eu/provision.yaml"], None);
    assert!(named.contains("there is no state at eu/kept/shop.json"), "{named}");
    // The environment wins over the file, and the command line over both.
    assert!(said("eu", list, Some("mine.json")).contains("there is no state at mine.json"));
    let typed = said("eu", &["state", "list", "--state", "typed.json"], Some("mine.json"));
    assert!(typed.contains("there is no state at typed.json"), "{typed}");
    // Key by key of several files, and so is what is allowed.
    let team = &["iam-policy", "-c", "base.yaml", "-c", "eu/team.yaml"];
    let policy = said("", team, None);
    assert!(
        policy.contains("arn:aws:s3:::our-states/shop.json.backup") && policy.contains("alias/team"),
        "{policy}"
    );
    let other = [&team[..], &["--state-sse", "AES256"]].concat();
    let other = said("", &other, None);
    assert!(
        other.contains("our-states/shop.json") && !other.contains("alias/team"),
        "AES256 has no key: {other}"
    );
    let local = said("", &[&team[..], &["--state", "x.json"]].concat(), None);
    assert!(!local.contains("our-states") && !local.contains("alias/team"), "{local}");
    // Encryption is of no use where the state is a file, and says so with its place.
    for arguments in [&["-c", "base.yaml"][..], &["-c", "base.yaml", "-c", "eu/provision.yaml"]] {
        let base = said("", &[&["state", "list"], arguments].concat(), None);
        assert!(base.contains("`sse` is for a state in S3") && base.contains("base.yaml:4"), "{base}");
    }
    let named = said("", &["iam-policy", "-c", "base.yaml", "--state", "s3://our-states/x.json"], None);
    assert!(named.contains("our-states/x.json") && named.contains("alias/base"), "{named}");
    // A variable that is empty is not set.
    assert!(said("eu", list, Some("")).contains("there is no state at kept/shop.json"));
    let typed = said("eu", &["state", "list", "--state", "typed.json"], Some(""));
    assert!(typed.contains("there is no state at typed.json"), "{typed}");
    write("eu/team.yaml", "state: { location: s3://our-states/shop.json, profile: nobody }\n");
    let nobody = said("", &["state", "list", "-c", "base.yaml", "-c", "eu/team.yaml"], None);
    assert!(nobody.contains("nobody") && nobody.contains("`state` in the stack file names it"), "{nobody}");
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
        ("state", "2"),
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

/// Runs the program in a folder, away from AWS.
fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = provision(arguments);
    command.current_dir(folder).env("AWS_EC2_METADATA_DISABLED", "true");
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").env("AWS_REGION", "eu-west-1");
    command.output().expect("the program starts")
}

/// The text on standard error, without line breaks.
fn flat(output: &Output) -> String {
    text(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

const STACK: &str = "stack: shop\nfile_systems: { files: {} }\n";

const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/a</Arn>\
    <UserId>a</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

#[test]
fn a_cluster_is_looked_for_only_where_something_stands_in_its_network() {
    let endpoint = Endpoint::new(&[("GetCallerIdentity", IDENTITY)]);
    let folder = tempfile::tempdir().expect("a folder");
    for (stack, code, looks) in [
        ("stack: shop\ndatabases: {}\n", 0, false),
        // S3 refuses the read.
        ("stack: shop\nbuckets: { logs: {} }\n", 1, false),
        (STACK, 1, true),
    ] {
        std::fs::write(folder.path().join("provision.yaml"), stack).expect("it can be written");
        for arguments in
            [&["plan"][..], &["plan", "--cluster", "k8s.myzone.net"], &["apply", "--auto-approve"]]
        {
            let mut command = provision(arguments);
            command.current_dir(folder.path()).env("AWS_ENDPOINT_URL", &endpoint.url);
            command
                .env("AWS_ACCESS_KEY_ID", "a")
                .env("AWS_SECRET_ACCESS_KEY", "b")
                .env("AWS_REGION", "eu-west-1");
            let output = command.output().expect("the program starts");
            assert_eq!(output.status.code(), Some(code), "{arguments:?} {}", flat(&output));
            let asked = endpoint.take();
            let of_s3 = asked.iter().any(|operation| operation.contains("/shop-logs"));
            assert_eq!(of_s3, stack.contains("buckets"), "{arguments:?} asked {asked:?}");
            let found = asked.iter().any(|operation| operation.starts_with("Describe"));
            assert_eq!(found, looks, "{arguments:?} asked {asked:?}");
        }
        let policy = run_in(folder.path(), &["iam-policy"]);
        assert_eq!(text(&policy.stdout).contains("ec2:DescribeVpcs"), looks);
    }
}

#[test]
fn what_writes_refuses_without_a_stack_file_and_names_the_ways_to_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [
        &["apply", "--auto-approve"][..],
        &["apply", "plan.json"],
        &["destroy", "--auto-approve"],
        &["import", "vpc-0a1b2c3d"],
        &["state", "rebuild", "--auto-approve"],
        &["state", "move", "aws_vpc.a", "aws_vpc.b", "--auto-approve"],
        &["state", "forget", "aws_vpc.a", "--auto-approve"],
        &["state", "unlock", "0123", "--auto-approve"],
    ] {
        std::fs::write(folder.path().join("plan.json"), "{}").expect("it can be written");
        let output = run_in(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = flat(&output);
        // A plan that cannot be read is said first.
        if arguments[1..] == ["plan.json"] {
            continue;
        }
        for part in ["there is no stack file", "provision init", "--config", "--reference"] {
            assert!(said.contains(part), "{arguments:?}: {said}");
        }
        let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").collect();
        assert_eq!(left.len(), 1, "{arguments:?} left something behind");
    }
}

#[test]
fn what_only_shows_says_that_it_takes_the_built_in_stack() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [&["iam-policy"][..], &["state", "list"], &["output"], &["iam-policy", "--reference"]] {
        let said = flat(&run_in(folder.path(), arguments));
        assert!(said.starts_with("Stack: the built-in reference stack"), "{arguments:?}: {said}");
    }
    std::fs::write(folder.path().join("provision.yml"), STACK).expect("it can be written");
    let output = run_in(folder.path(), &["iam-policy"]);
    assert_eq!(text(&output.stderr), "");
    assert!(
        text(&output.stdout).contains("elasticfilesystem") && !text(&output.stdout).contains("rds:Create")
    );
}

#[test]
fn a_stack_file_is_found_from_every_folder_of_the_repository_with_the_same_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let (root, below) = (folder.path(), folder.path().join("a/b"));
    std::fs::create_dir_all(&below).expect("it can be made");
    std::fs::create_dir(root.join(".git")).expect("it can be made");
    std::fs::write(root.join("provision.yml"), STACK).expect("it can be written");
    let here = flat(&run_in(root, &["state", "list"]));
    assert!(here.contains("there is no state at state/shop.json"), "{here}");
    let there = flat(&run_in(&below, &["state", "list"]));
    assert!(there.contains("there is no state at ../../state/shop.json"), "{there}");
    // With `--config`, paths count from the current folder.
    let named = flat(&run_in(&below, &["state", "list", "--config", "../../provision.yml"]));
    assert!(named.contains("there is no state at state/shop.json"), "{named}");
    std::fs::write(root.join("provision.yaml"), STACK).expect("it can be written");
    for arguments in [&["state", "list"][..], &["iam-policy"], &["apply"]] {
        let both = run_in(&below, arguments);
        assert_eq!(both.status.code(), Some(1), "{arguments:?}");
        assert!(flat(&both).contains("../../provision.yaml and ../../provision.yml"), "{}", flat(&both));
    }
}

#[test]
fn several_stack_files_are_named_together_and_each_where_it_is_meant() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    std::fs::create_dir_all(root.join("eu/state")).expect("it can be made");
    std::fs::write(root.join("base.yaml"), STACK).expect("it can be written");
    std::fs::write(root.join("eu/prod.yaml"), "stack: store\n").expect("it can be written");
    let run = |arguments: &[&str]| {
        let output = run_in(root, &[arguments, &["-c", "base.yaml", "--config", "eu/prod.yaml"]].concat());
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        flat(&output)
    };
    let all = "-c base.yaml -c eu/prod.yaml";
    let list = run(&["state", "list"]);
    assert!(list.contains("there is no state at state/store.json"), "{list}");
    assert!(list.contains(&format!("provision apply {all}")), "{list}");
    let init = run(&["init"]);
    assert!(init.contains("init writes one stack file, and several are named"), "{init}");
    for (option, file) in [("--out", "base.yaml"), ("--html", "eu/prod.yaml")] {
        let plan = run(&["plan", option, file]);
        assert!(plan.contains("is the stack file"), "{plan}");
    }
    // Of two places with a state neither is passed over, whichever file it is beside.
    std::fs::write(root.join("eu/state/store.json"), "").expect("it can be written");
    let beside = run(&["state", "list"]);
    assert!(beside.contains("eu/state/store.json"), "{beside}");
    std::fs::create_dir(root.join("state")).expect("it can be made");
    std::fs::write(root.join("state/store.json"), "").expect("it can be written");
    let both = run(&["state", "list"]);
    assert!(both.contains("has two states") && both.contains("--state eu/state/store.json"), "{both}");
    let missing = flat(&run_in(root, &["plan", "-c", "base.yaml", "-c", "none.yaml"]));
    assert!(
        missing.contains("cannot read the stack file none.yaml") && !missing.contains("init"),
        "{missing}"
    );
    let mut one = provision(&["state", "list"]);
    one.current_dir(root).env("PROVISION_CONFIG", "base.yaml");
    let one = flat(&one.output().expect("the program starts"));
    assert!(one.contains("there is no state at state/shop.json") && !one.contains("-c base.yaml"), "{one}");
}

#[test]
fn the_built_in_stack_and_a_named_file_are_not_taken_together() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("provision.yml"), STACK).expect("it can be written");
    let both = run_in(folder.path(), &["plan", "--reference", "--config", "provision.yml"]);
    assert_eq!(both.status.code(), Some(1));
    assert!(flat(&both).contains("cannot be used together"), "{}", flat(&both));
    // A second stack file would only be refused.
    let init = run_in(folder.path(), &["init"]);
    assert_eq!(init.status.code(), Some(1));
    assert!(flat(&init).contains("provision.yml is a stack file already"), "{}", flat(&init));
}

#[test]
fn init_writes_no_second_stack_file_below_one_that_counts_there() {
    let root = tempfile::tempdir().expect("a folder");
    let below = root.path().join("a/b");
    std::fs::create_dir_all(&below).expect("folders");
    std::fs::create_dir(root.path().join(".git")).expect("a folder");
    std::fs::write(root.path().join("provision.yml"), "databases: { db: {} }\n").expect("a file");
    let output = run_in(&below, &["init"]);
    assert_eq!(output.status.code(), Some(1));
    let said = flat(&output);
    assert!(said.contains("../../provision.yml is the stack file that commands take here"), "{said}");
    assert!(said.contains("provision init --config provision.yaml"), "{said}");
    // Said so, it goes on to look for the cluster, which is not to be reached here.
    let named = flat(&run_in(&below, &["init", "--config", "provision.yaml"]));
    assert!(!named.contains("is the stack file"), "{named}");
    assert_eq!(std::fs::read_dir(&below).expect("a folder").count(), 0, "nothing was written");
}

#[test]
fn in_a_pipe_no_line_is_broken() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join(".git")).expect("a folder");
    let output = run_in(folder.path(), &["apply"]);
    let lines: Vec<&str> = text(&output.stderr).lines().collect();
    assert_eq!(
        lines,
        [
            "error: there is no stack file: no provision.yaml and no provision.yml here",
            "hint: to write one for the cluster that it finds:",
            "    provision init",
            "  or name another one with --config",
            "  or take the built-in reference stack with --reference",
        ]
    );
}

#[test]
fn the_options_that_were_typed_are_in_every_command_to_type_next() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("my states")).expect("a folder");
    std::fs::write(folder.path().join("shop.yaml"), STACK).expect("it can be written");
    let typed = ["-c", "shop.yaml", "--state", "my states/shop.json", "--region", "eu-west-2"];
    let all = "-c shop.yaml --state 'my states/shop.json' --region eu-west-2";
    let before = run_in(folder.path(), &[&typed[..], &["state", "list"]].concat());
    let after = run_in(folder.path(), &[&["state", "list"][..], &typed[..]].concat());
    for output in [before, after] {
        let said = flat(&output);
        for command in ["provision apply", "provision state rebuild"] {
            assert!(said.contains(&format!("{command} {all}")), "{said}");
        }
    }
    let reference = flat(&run_in(folder.path(), &["output", "--reference", "--profile=me"]));
    assert!(reference.contains("provision apply --reference --profile me"), "{reference}");
    let mut found = provision(&["state", "list"]);
    found.current_dir(folder.path()).env("PROVISION_CONFIG", "shop.yaml").env("PROVISION_STATE", "x.json");
    let said = flat(&found.output().expect("the program starts"));
    assert!(said.contains("there is no state at x.json"), "{said}");
    assert!(!said.contains("-c ") && !said.contains("--state x.json"), "not typed: {said}");
}

#[test]
fn in_a_pipe_no_line_of_a_help_or_of_an_error_in_a_file_is_broken() {
    let help = run(&["apply", "--help"]);
    let sentence = "With a saved plan, carries out exactly that plan, or nothing if anything has changed since it was made";
    assert!(text(&help.stdout).lines().any(|line| line.contains(sentence)), "{}", text(&help.stdout));
    assert!(text(&help.stdout).contains("  provision apply --refresh-only  "), "{}", text(&help.stdout));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("provision.yaml"), "# nothing\n").expect("a file can be written");
    let said = run_in(folder.path(), &["state", "list"]);
    let said = text(&said.stderr);
    assert!(
        said.lines().any(|line| line.contains("`provision init` writes a stack file to start from")),
        "{said}"
    );
}

#[test]
fn missing_credentials_say_where_they_may_come_from() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config");
    std::fs::write(&config, "[profile team]\nregion = eu-central-1\n").expect("it can be written");
    let sso = "[profile sso]\nregion = eu-central-1\nsso_start_url = https://example.awsapps.com/start\nsso_region = \
               eu-central-1\nsso_account_id = 123456789012\nsso_role_name = admin\n";
    std::fs::write(&config, format!("[profile team]\nregion = eu-central-1\n{sso}"))
        .expect("it can be written");
    let said = |profile: Option<&str>, variables: &[(&str, &str)]| {
        let profile = profile.map_or(Vec::new(), |name| vec!["--profile", name]);
        let arguments = [&["plan", "--reference", "--region", "eu-central-1"], profile.as_slice()].concat();
        let mut command = provision(&arguments);
        command.current_dir(folder.path()).env_clear().env("HOME", folder.path());
        command.env("AWS_CONFIG_FILE", &config).env("AWS_EC2_METADATA_DISABLED", "true");
        command.envs(variables.iter().copied());
        flat(&command.output().expect("it starts"))
    };
    let team = said(Some("team"), &[]);
    assert!(
        team.contains("the profile `team` gives no credentials") && !team.contains("--profile"),
        "{team}"
    );
    for sso in [said(Some("sso"), &[]), said(None, &[("AWS_PROFILE", "sso")])] {
        assert!(sso.contains("aws sso login --profile sso"), "{sso}");
    }
    let none = said(None, &[]);
    for way in ["AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "--profile", "aws sso login"] {
        assert!(none.contains(way) && !none.contains("get-caller-identity"), "{none}");
    }
    let half = said(None, &[("AWS_ACCESS_KEY_ID", "a")]);
    assert!(half.contains("set AWS_SECRET_ACCESS_KEY too"), "{half}");
    let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_PROFILE", "nope")];
    assert!(said(None, &keys).contains("there is no AWS profile `nope`"));
}

#[test]
fn without_a_stack_file_what_is_named_to_be_typed_next_works_without_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let output = provision(arguments).current_dir(folder.path()).output().expect("it starts");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        text(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for arguments in [
        &["output"][..],
        &["output", "pgsql_endpoint"],
        &["state", "list"],
        &["state", "show", "aws_vpc.network"],
    ] {
        let said = run(arguments);
        for words in [
            "there is no state",
            "provision init",
            "provision apply --reference",
            "provision state rebuild --reference",
        ] {
            assert!(said.contains(words), "{arguments:?}: {said}");
        }
    }
    // Where the built-in stack was asked for, nothing else is offered.
    let asked = run(&["state", "list", "--reference"]);
    assert!(
        asked.contains("provision apply --reference") && !asked.contains("no stack file either"),
        "{asked}"
    );
}

#[test]
fn a_link_to_a_file_that_is_not_there_is_no_stack_file_and_is_not_said_to_be_one() {
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("nowhere.yaml", folder.path().join("mine.yaml")).expect("a link");
    for command in ["plan", "init"] {
        let said = flat(&run_in(folder.path(), &[command, "--config", "mine.yaml"]));
        assert!(said.contains("a link to a file that is not there"), "{command}: {said}");
        assert!(!said.contains("exists already") && !said.contains("provision init"), "{command}: {said}");
    }
}

#[test]
fn a_plan_that_is_looked_for_among_states_is_not_to_be_written_there() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("provision.yaml"), "stack: x\nfile_systems: {}\n").expect("a file");
    let said = flat(&run_in(folder.path(), &["apply", "state/x.json"]));
    assert!(said.contains("provision plan --out") && !said.contains("--out state"), "{said}");
    let said = flat(&run_in(folder.path(), &["apply", "plans/x.json"]));
    assert!(said.contains("provision plan --out plans/x.json"), "{said}");
}

#[test]
fn the_parts_of_a_policy_are_counted_from_1_and_a_wrong_number_is_told_so() {
    let said = flat(&run(&["iam-policy", "--reference", "--part", "0"]));
    assert!(said.contains("1 is the first") && !said.contains("zero"), "{said}");
}

#[test]
fn only_what_is_possible_at_a_place_is_named_there() {
    let folder = tempfile::tempdir().expect("a folder");
    for (text, possible) in [
        ("stack: x\nstate: { qqq: 1 }\ndatabases: {}\n", "`location`"),
        ("stack: x\nnetwork: { qqq: 1 }\ndatabases: {}\n", "`subnets`"),
    ] {
        std::fs::write(folder.path().join("provision.yaml"), text).expect("a file");
        let said = flat(&run_in(folder.path(), &["iam-policy"]));
        assert!(said.contains("possible here") && said.contains(possible), "{said}");
        assert!(!said.contains("`file_systems`"), "{said}");
    }
}

#[test]
fn the_pair_of_the_documents_gets_its_user_data_before_the_first_apply() {
    let page = std::fs::read_to_string("docs/machines.md").expect("it is there");
    let (_, rest) = page.split_once("## A pair\n").expect("there is one");
    let (_, example) = rest.split_once("```yaml\n").expect("there is an example");
    let (example, _) = example.split_once("```\n").expect("it ends");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("provision.yaml"), example).expect("it can be written");
    let run = |arguments: &[&str]| {
        let mut one = provision(arguments);
        one.current_dir(folder.path()).output().expect("the program starts")
    };
    // A value that is made of outputs waits for the first apply.
    let other = run(&["render", "kubernetes"]);
    assert!(!other.status.success() && flat(&other).contains("there is no state"), "{}", flat(&other));
    let ran = run(&["render", "pair-user-data/gitlab", "--out", "deploy"]);
    assert!(ran.status.success(), "{}", flat(&ran));
    let written = std::fs::read_to_string(folder.path().join("deploy/pair-user-data/gitlab.yaml"));
    let written = written.expect("it is written");
    assert!(
        written.starts_with("#cloud-config\n") && written.contains("ADDRESS=aws_eip.gitlab"),
        "{written}"
    );
    assert!(!folder.path().join("state").exists(), "no state is made");
}
