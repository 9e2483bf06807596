//! The command line as it is read: defaults, conflicts, complaints.

mod hinted;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::engine::plan::Mode;
use crate::engine::resource::Id;

fn parse_line(line: &str) -> Result<Cli, clap::Error> {
    parse(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
}

fn refused(line: &str) -> String {
    parse_line(line).expect_err(line).to_string()
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_is_known_to_be_one_where_it_stands_in_a_hint() {
    let known = crate::view::COMMANDS;
    let commands = Cli::command();
    let names: Vec<&str> = commands.get_subcommands().map(clap::Command::get_name).collect();
    assert_eq!(names.iter().copied().collect::<BTreeSet<_>>(), known.iter().copied().collect());
}

#[test]
fn options_of_every_command_stand_before_and_after_it() {
    for line in ["provision --json -vv plan", "provision plan --json -vv", "provision --json plan -v -v"] {
        let global = parse_line(line).expect(line).global;
        assert!(global.json && global.verbose == 2, "{line}");
    }
}

#[test]
fn all_stack_files_that_are_named_are_taken_in_their_order() {
    let none: [&str; 0] = [];
    for (line, files) in [
        ("provision plan", &none[..]),
        ("provision -c a plan", &["a"]),
        ("provision plan --config=a -cb", &["a", "b"]),
        ("provision -c a plan -c b", &["a", "b"]),
        ("provision -c a -c b plan --out x -c c", &["a", "b", "c"]),
        ("provision -c a plan -c a", &["a"]),
        ("provision -c a state -c b list -c c", &["a", "b", "c"]),
        ("provision state -c b show aws_vpc.network -c c", &["b", "c"]),
        ("provision -c a state -c b list", &["a", "b"]),
        ("provision -c a state list", &["a"]),
    ] {
        let global = parse_line(line).expect(line).global;
        assert_eq!(global.config, files.iter().map(std::path::PathBuf::from).collect::<Vec<_>>(), "{line}");
        let all: String = files.iter().map(|file| format!(" -c {file}")).collect();
        assert_eq!(global.carried.on("provision apply"), format!("provision apply{all}"), "{line}");
        assert_eq!(global.carried.on("provision apply -c other"), "provision apply -c other", "{line}");
    }
}

#[test]
fn a_plan_has_the_defaults_of_the_contract() {
    let Command::Plan(plan) = parse_line("provision plan").expect("a plan").command else {
        panic!("not a plan")
    };
    assert_eq!(plan.planning.mode(), Mode::Apply);
    assert_eq!(plan.parallelism.parallelism, 10);
    assert_eq!(plan.lock.lock_timeout, Duration::ZERO);
    assert_eq!((plan.out, plan.detailed_exitcode, plan.markdown, plan.html), (None, false, false, None));
}

#[test]
fn a_plan_is_saved_under_a_given_name_or_a_new_one() {
    for (line, expected) in [
        ("provision plan --out", Some(None)),
        ("provision plan --out --json", Some(None)),
        ("provision plan --out plans/a.json", Some(Some("plans/a.json"))),
    ] {
        let Command::Plan(plan) = parse_line(line).expect(line).command else { panic!("not a plan") };
        assert_eq!(plan.out, expected.map(|file| file.map(PathBuf::from)), "{line}");
    }
}

#[test]
fn a_comment_and_a_page_can_be_had_at_once_and_a_page_with_json() {
    for line in [
        "provision plan --markdown --html plan.html --out",
        "provision plan --json --html plan.html --destroy",
    ] {
        assert!(parse_line(line).is_ok(), "{line}");
    }
}

#[test]
fn what_is_planned_reaches_the_planner() {
    let line =
        "provision apply --target aws_vpc.network --target aws_subnet.eu-west-1a --replace aws_vpc.network";
    let Command::Apply(apply) = parse_line(line).expect(line).command else { panic!("not an apply") };
    let options = apply.planning.options();
    assert_eq!((options.mode, options.targets.len(), options.replace.len()), (Mode::Apply, 2, 1));
    for (flag, mode) in [("--destroy", Mode::Destroy), ("--refresh-only", Mode::RefreshOnly)] {
        let Command::Plan(plan) = parse_line(&format!("provision plan {flag}")).expect(flag).command else {
            panic!("not a plan")
        };
        assert_eq!(plan.planning.mode(), mode);
    }
}

#[test]
fn yes_and_auto_approve_are_one_option() {
    for line in [
        "provision apply --yes",
        "provision apply plans/a.json --auto-approve --expect 3f9a0b1c2d3e",
        "provision destroy --yes",
        "provision state forget aws_vpc.network --yes",
        "provision state move aws_vpc.a aws_vpc.b --auto-approve --lock-timeout 5m",
        "provision state unlock 0123 --yes",
    ] {
        assert!(parse_line(line).is_ok(), "{line}");
    }
}

#[test]
fn ids_of_the_network_are_given_one_by_one_or_in_a_list() {
    let line = "provision import vpc-1 --subnet-id subnet-1,subnet-2 --subnet-id subnet-3 \
                --node-security-group sg-1 --control-plane-security-group sg-2 --cluster k8s.myzone.net";
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let cli = parse_line(&line).expect("an import");
    let Command::Import(import) = cli.command else { panic!("not an import") };
    assert_eq!(import.what, [Importable::Network(Id::new("vpc-1"))]);
    assert_eq!(import.discovery.subnets, ["subnet-1", "subnet-2", "subnet-3"].map(Id::new));
    assert_eq!(import.discovery.node_groups, [Id::new("sg-1")]);
    assert_eq!(import.discovery.control_plane_groups, [Id::new("sg-2")]);
    assert_eq!(cli.global.cluster.as_deref(), Some("k8s.myzone.net"));
}

#[test]
fn objects_are_named_by_address_and_id() {
    let line = "provision import aws_efs_file_system.files=fs-1 aws_db_instance.db=db --take-over 0a1b";
    let cli = parse_line(line).expect("an import");
    let Command::Import(import) = cli.command else { panic!("not an import") };
    let texts: Vec<&str> =
        import.what.iter().filter_map(Importable::object).map(|wish| wish.text.as_str()).collect();
    assert_eq!((texts, import.take_over.as_deref()), (vec!["fs-1", "db"], Some("0a1b")));
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    for (line, part) in [
        ("provision plann", "plan"),
        ("provision plan --detailed-exit", "--detailed-exitcode"),
        ("provision plan --state gs://bucket/key", "gs://"),
        ("provision plan --parallelism 0", "from 1 to 100"),
        ("provision plan --parallelism 101", "from 1 to 100"),
        ("provision plan --lock-timeout soon", "90s"),
        ("provision plan --target nonsense", "kind.name"),
        ("provision plan --destroy --refresh-only", "cannot be used with"),
        ("provision plan --destroy --replace a.b", "cannot be used with"),
        ("provision plan --markdown --json", "cannot be used with"),
        ("provision graph --format svg", "mermaid"),
        ("provision apply --markdown", "--markdown"),
        ("provision apply a.json --target a.b", "cannot be used with"),
        ("provision apply --expect xyz", "8"),
        ("provision import sg-1", "vpc-"),
        ("provision import", "ADDRESS=ID"),
        ("provision import nonsense=fs-1", "kind.name"),
        ("provision import aws_efs_file_system.files=", "an id or a name"),
        ("provision upgrade a --to 17 --delete-copy", "cannot be used with"),
        ("provision upgrade a --to 17 --within 60", "cannot be used with"),
        ("provision upgrade a --switch --blue-green", "cannot be used with"),
        ("provision upgrade a --give-up --parameter-group b", "cannot be used with"),
        ("provision restore a --latest --back", "cannot be used with"),
        ("provision plan --color mauve", "always"),
        ("provision plan --endpoint-url localhost", "http://"),
    ] {
        assert!(refused(line).contains(part), "{line}: {}", refused(line));
    }
}

#[test]
fn exit_codes_of_success_are_those_of_the_contract() {
    assert_eq!((Exit::Done.code(), Exit::Changes.code()), (0, 2));
}

#[test]
fn every_command_and_option_has_a_help_text() {
    fn check(command: &clap::Command, path: &str) {
        let path = format!("{path} {}", command.get_name());
        assert!(command.get_about().is_some(), "{path}");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{path} {}", argument.get_id());
        }
        command.get_subcommands().filter(|sub| sub.get_name() != "help").for_each(|sub| check(sub, &path));
    }
    let mut command = Cli::command();
    command.build();
    check(&command, "");
}

#[test]
fn a_command_to_type_next_is_as_narrow_as_the_one_that_was_typed_and_in_the_same_network() {
    let db = "--target aws_db_instance.db";
    let named = "--subnet-id subnet-1 --subnet-id subnet-2 --node-security-group sg-1";
    for (line, text, expected) in [
        (
            format!("destroy {db}"),
            "provision state rebuild, then provision destroy; or: provision apply",
            format!("provision state rebuild, then provision destroy {db}; or: provision apply"),
        ),
        (
            format!("apply --destroy {db}"),
            "provision destroy, or: provision plan --destroy",
            format!("provision destroy {db}, or: provision plan --destroy {db}"),
        ),
        (
            format!("apply {db} --replace aws_db_instance.db"),
            "provision apply; provision plan; provision destroy; provision apply --target aws_vpc.network",
            format!(
                "provision apply {db}; provision plan {db}; provision destroy; provision apply --target aws_vpc.network"
            ),
        ),
        (
            format!("plan {db} --replace aws_db_instance.db --allow-data-loss aws_db_instance.other"),
            "provision apply --expect 0123456789ab",
            format!(
                "provision apply --expect 0123456789ab {db} --replace aws_db_instance.db \
                 --allow-data-loss aws_db_instance.other"
            ),
        ),
        (
            format!("plan --destroy {db}"),
            "provision apply --expect 0123456789ab",
            format!("provision apply --expect 0123456789ab --destroy {db}"),
        ),
        (
            "plan --refresh-only".to_owned(),
            "provision apply --expect 0123456789ab; provision apply",
            "provision apply --expect 0123456789ab --refresh-only; provision apply".to_owned(),
        ),
        (
            "plan --subnet-id subnet-1,subnet-2 --node-security-group sg-1".to_owned(),
            "provision apply --expect 0123456789ab; provision apply plans/a.json; provision import vpc-1; provision state list",
            format!(
                "provision apply --expect 0123456789ab {named}; provision apply plans/a.json {named}; \
                 provision import vpc-1 {named}; provision state list"
            ),
        ),
        (
            format!("plan {named} {db}"),
            "provision apply --subnet-id subnet-3; provision apply plans/a.json; provision state rebuild",
            format!(
                "provision apply --subnet-id subnet-3 --node-security-group sg-1 {db}; \
                 provision apply plans/a.json {named}; provision state rebuild {named}"
            ),
        ),
        (
            "state rebuild --node-security-group sg-1".to_owned(),
            "Next: provision plan",
            "Next: provision plan --node-security-group sg-1".to_owned(),
        ),
    ] {
        let carried = parse_line(&format!("provision {line}")).expect(&line).global.carried;
        let said = carried.on(text);
        assert_eq!(said, expected, "{line}");
        assert_eq!(carried.on(&said), expected, "{line}, twice");
        for command in crate::view::commands_in(&said) {
            assert!(parse_line(&command).is_ok(), "{command}");
        }
    }
}
