//! Wrong stack files: each is refused with its place and a way out, and nothing harmful or secret is shown.

mod wrong_files;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use proptest::prelude::*;
use provision::aws::kinds::registry;
use provision::stack::{REFERENCE, Sections, Stack, StackError, StackFile, parse, parse_files};

use wrong_files::wrong_files;

fn rendered(error: &StackError, width: usize) -> String {
    let mut report = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(width)
        .render_report(&mut report, error)
        .expect("a string takes all that is written");
    report
}

fn error_of(text: &str) -> StackError {
    match parse("provision.yaml", text, &registry()) {
        Ok(_) => panic!("this was taken for a valid stack file:\n{text}"),
        Err(error) => error,
    }
}

/// Reads files that are laid over each other.
fn layered(files: &[(&str, &str)]) -> Result<Stack, StackError> {
    let file = |&(name, text): &(&str, &str)| StackFile { name: name.to_owned(), content: text.into() };
    parse_files(&files.iter().map(file).collect::<Vec<_>>(), Sections::Written, false, &registry())
}

fn file_system(options: &str) -> String {
    format!("stack: gitlab\nfile_systems:\n  nfs:\n    {options}\n")
}

fn database(options: &str) -> String {
    format!("stack: gitlab\ndatabases:\n  db:\n    {options}\n")
}

fn with_stack(line: &str) -> String {
    format!("{line}\nfile_systems: {{ nfs: {{}} }}\n")
}

/// The characters that change what a terminal shows without showing anything themselves.
fn is_harmful(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[test]
fn the_example_of_the_documents_is_a_stack_file() {
    let page = include_str!("../../docs/stack-file.md");
    let (_, example) = page.split_once("```yaml\n").expect("there is an example");
    let (example, _) = example.split_once("```").expect("it ends");
    parse("provision.yaml", example.as_bytes(), &registry()).expect("it is right");
}

#[test]
fn every_wrong_file_is_refused_at_its_place_with_a_way_out() {
    let wrong_files = wrong_files();
    assert!(wrong_files.len() > 100);
    for (text, line, says) in wrong_files {
        let start: String = text.chars().take(200).collect();
        let error = error_of(&text);
        let problem = error.problems().next().expect("there is a first problem");
        let report = rendered(&error, 400);
        assert!(report.contains(says), "`{says}` is missing for\n{start}\n{report}");
        if let Some(line) = line {
            assert_eq!(error.position(problem).map(|(line, _)| line), Some(line), "{start}\n{report}");
            assert!(report.contains(&format!("provision.yaml:{line}:")), "{start}\n{report}");
        }
        let in_message = problem.help().is_none();
        assert!(in_message || report.contains("help: "), "{start}\n{report}");
        for width in [20, 60, 120] {
            let report = rendered(&error, width);
            assert!(!report.chars().any(is_harmful), "{start}\n{report:?}");
            assert!(report.len() < 100_000, "{start}");
        }
    }
}

#[test]
fn what_takes_out_too_much_or_nothing_is_marked_in_its_own_file() {
    let base = ("base.yaml", "stack: a\nfile_systems: { a: {} }\n");
    for (text, marked, says) in [
        ("file_systems: null\n", "top.yaml:1:1", "there is no section"),
        ("file_systems:\n  nope: null\n", "top.yaml:2:3", "take the line out"),
        ("# nothing\n", "", "leave it out of the command"),
    ] {
        let error = layered(&[base, ("top.yaml", text)]).expect_err(text);
        let report = rendered(&error, 400);
        assert!(report.contains(marked) && report.contains(says), "{report}");
        assert!(!report.contains("provision init"), "{report}");
    }
}

#[test]
fn a_literal_password_is_shown_nowhere() {
    let secret = "hunter2-hunter2";
    for text in [
        database(&format!("password: {secret}")),
        database(&format!("password: \"{secret}\"  # mine")),
        database(&format!("password: |\n      {secret}\n      {secret}")),
        database(&format!("password:\n      {secret}")),
        database(&format!("password: [{secret}]")),
        database(&format!("password: {{ value: {secret} }}")),
        database(&format!("pasword: {secret}")),
        database(&format!("master_password: {secret}")),
        database(&format!("password: {secret}\n    port: 80")),
        database(&format!("port: 80\n    password: {secret}\n    iops: x")),
        database(&format!("password {secret}")),
        database(&format!("password: \"{secret}\n    port: 5432")),
        database(&format!("password: *{secret}")),
        database(&format!("password: &{secret} x")),
        database(&format!("password: !{secret} x")),
        database(&format!("password: @{secret}")),
        database(&format!("\"password\": {secret}: x")),
        database(&format!("{{ username: admin, password: {secret}, port: 80 }}")),
        database(&format!("password: {secret}\n    password: {secret}")),
        database(&format!("password: {secret}\u{1b}")),
        format!("password: {secret}\n{}", database("port: 1")),
    ] {
        let error = error_of(&text);
        for width in [40, 120] {
            let report = rendered(&error, width);
            assert!(!report.replace([' ', '\n', '│'], "").contains("hunter2"), "{text}\n{report}");
        }
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}");
    }
}

#[test]
fn what_an_object_that_is_there_may_make_right_is_not_refused_before_it_is_seen() {
    let file_system = |options: &str| format!("stack: gitlab\nfile_systems:\n  nfs: {options}\n");
    for text in [
        database("{ allocated_storage: 300, iops: 14000 }"),
        database("{ iops: 14000, storage_throughput: 600 }"),
        database("{ allocated_storage: 300, ignore_changes: [allocated_storage], iops: 14000 }"),
        database("{ allocated_storage: 400, iops: 12000, storage_throughput: 4000, ignore_changes: [iops] }"),
        database("{ storage_type: io2, allocated_storage: 400 }"),
        database("{ storage_type: gp2, iops: 14000, ignore_changes: [storage_type] }"),
        database("{ max_allocated_storage: 54, ignore_changes: [allocated_storage] }"),
        database(
            "{ backup_window: \"04:00-05:00\", maintenance_window: \"sun:04:30-sun:05:30\", ignore_changes: [backup_window] }",
        ),
        database("performance_insights_retention_period: 7"),
        database("{ database_insights_mode: advanced, performance_insights_retention_period: 465 }"),
        database("domain: d-0123456789"),
        file_system("{ throughput_mode: provisioned }"),
        file_system(
            "{ throughput_mode: elastic, provisioned_throughput_in_mibps: 64, ignore_changes: [throughput_mode] }",
        ),
        // Taken by AWS.
        database("{ max_allocated_storage: 50 }"),
        database("{ identifier: Main-DB, parameter_group: default.postgres16, kms_key_id: alias/storage }"),
        database("engine_version: \"12.22-rds.20250220\""),
        database("engine_version: \"9.6.24\""),
        database("{ storage_type: standard, allocated_storage: 5 }"),
        database("access: [{ group: 123456789012/sg-0123456789abcdef0 }]"),
        file_system("{ throughput_mode: provisioned, provisioned_throughput_in_mibps: 1.5 }"),
        "stack: gitlab\nbuckets: { assets: { bucket: assets.example.com } }\n".to_owned(),
    ] {
        if let Err(error) = parse("provision.yaml", &text, &registry()) {
            panic!("{text}\n{error:?}");
        }
    }
    for (text, said) in [
        (
            database("{ backup_window: \"04:00-05:00\", maintenance_window: \"sun:04:30-sun:05:30\" }"),
            "must not overlap",
        ),
        (
            file_system("{ throughput_mode: provisioned, provisioned_throughput_in_mibps: 0.5 }"),
            "out of range",
        ),
        (
            file_system("{ throughput_mode: provisioned, provisioned_throughput_in_mibps: 1. }"),
            "such as `50`",
        ),
        ("stack: gitlab\nbuckets: { a: { bucket: a..b } }\n".to_owned(), "single dots"),
        ("stack: gitlab\nbuckets: { a: { bucket: 10.0.0.1 } }\n".to_owned(), "no IP address"),
    ] {
        let report = rendered(&error_of(&text), 160);
        assert!(report.contains(said), "{text}\n{report}");
    }
}

#[test]
fn a_report_is_easy_to_read() {
    let typo = error_of(&REFERENCE.replace("    multi_az:", "    mutli_az:"));
    insta::assert_snapshot!("a_typo_in_a_wide_terminal", rendered(&typo, 120));
    insta::assert_snapshot!("a_typo_in_a_narrow_terminal", rendered(&typo, 60));
    let several = error_of(
        "stack: GitLab\nfile_systems:\n  nfs:\n    encryptd: true\n    throughput_mode: elastc\n\
         databases:\n  db:\n    port: 5432\n    password: hunter2hunter2\n    port: 5433\n",
    );
    insta::assert_snapshot!("several_problems_in_a_narrow_terminal", rendered(&several, 60));
    let conflict = error_of(&database("storage_type: gp2\n    allocated_storage: 100\n    iops: 3000"));
    insta::assert_snapshot!("two_options_that_do_not_go_together", rendered(&conflict, 80));
    let invisible = error_of("stack: gitlab\n# \u{202e}\u{1b}[31m\nfile_systems: {}\n");
    insta::assert_snapshot!("a_character_that_cannot_be_seen", rendered(&invisible, 80));
}

#[test]
fn files_are_laid_over_each_other_key_by_key() {
    let base = "stack: shop\ntags: { team: a, env: dev }\nfile_systems: { files: {} }\n\
                databases: { db: { port: 5433, access: [nodes, masters], iops: 3000 } }\n";
    let prod = "tags: { env: prod }\ndatabases: { db: { access: [nodes], iops: null, multi_az: false } }\n";
    let last = "file_systems: { files: null }\ntags: { team: ~ }\n";
    let same = "stack: shop\ntags: { env: prod }\nfile_systems: {}\n\
                databases: { db: { port: 5433, access: [nodes], multi_az: false } }\n";
    let expected = parse("same.yaml", same, &registry()).expect("valid");
    let files = [("base.yaml", base), ("prod.yaml", prod), ("last.yaml", last)];
    assert_eq!(layered(&files).expect("valid"), expected);
    let turned = [("last.yaml", last), ("base.yaml", base), ("prod.yaml", prod)];
    assert!(layered(&turned).is_ok_and(|stack| stack != expected), "the order counts");
}

#[test]
fn what_is_wrong_in_a_layer_is_shown_in_the_file_that_it_came_from() {
    let base = "stack: shop\ndatabases:\n  db:\n    instance_class: 5\n    multi_az: yes\n    iops: 3000\n    password: hunter2hunter2\n";
    let prod = "\u{feff}databases:\r\n  db:\r\n    # In production.\r\n    instance_class: db.t4g.medium\r\n    pot: 1\r\n    backup_window: null\r\n";
    let error = layered(&[("base.yaml", base), ("prod.yaml", prod)]).expect_err("all of this is wrong");
    let report = rendered(&error, 80);
    assert!(!report.contains("hunter2") && !report.contains("found a number"), "{report}");
    insta::assert_snapshot!("several_problems_in_two_files", report);

    let base = "databases: { db: { storage_type: gp2, allocated_storage: 100 } }\n";
    let error = layered(&[("base.yaml", base), ("prod.yaml", "\ndatabases:\n  db:\n    iops: 3000\n")]);
    insta::assert_snapshot!(
        "two_options_of_two_files_that_do_not_go_together",
        rendered(&error.expect_err("gp2 has no such option"), 80)
    );
}

#[test]
fn a_file_that_is_no_layer_is_named_and_nothing_of_it_is_passed_over() {
    let fine = "file_systems: { files: {} }\n";
    for (wrong, says) in [
        ("[file_systems]", "expected options, found a list"),
        ("text", "expected options, found text"),
        ("# nothing", "the file is empty"),
        ("a: [", "this is not YAML"),
        ("password: hunter2\u{1b}", "cannot be seen"),
    ] {
        for files in
            [[("wrong.yaml", wrong), ("fine.yaml", fine)], [("fine.yaml", fine), ("wrong.yaml", wrong)]]
        {
            let error = layered(&files).expect_err(wrong);
            let report = rendered(&error, 80);
            assert!(report.contains("wrong.yaml") && report.contains(says), "{report}");
            assert!(!report.contains("hunter2") && !report.contains("fine.yaml"), "{report}");
            assert_eq!(error.problems().count(), 1, "{report}");
        }
    }
}

#[test]
fn a_file_with_very_many_problems_gets_a_report_of_bearable_length() {
    let mut text = "file_systems:\n".to_owned();
    (0..5_000).for_each(|n| text.push_str(&format!("  Bad{n}: {{}}\n")));
    let error = error_of(&text);
    assert_eq!(error.problems().count(), 20);
    assert!(rendered(&error, 80).contains("more problems are not shown"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_shows_what_is_harmful(text in "(?s).{0,200}") {
        if let Err(error) = parse("any", &text, &registry()) {
            prop_assert!(!rendered(&error, 60).chars().any(is_harmful));
        }
    }

    #[test]
    fn no_text_over_or_under_a_valid_file_makes_it_panic(text in "(?s).{0,200}", turned: bool) {
        let mut files = [("any", text.as_str()), ("reference", REFERENCE)];
        if turned {
            files.reverse();
        }
        if let Err(error) = layered(&files) {
            prop_assert!(!rendered(&error, 60).chars().any(is_harmful));
        }
    }

    #[test]
    fn no_damage_to_a_valid_file_makes_it_panic(
        damages in prop::collection::vec((0usize..REFERENCE.len(), 0usize..20, "[\\PC\\n\\t{}\\[\\]:,&*!|>'\"#-]{0,6}"), 1..6)
    ) {
        let mut text: Vec<char> = REFERENCE.chars().collect();
        for (at, length, insert) in damages {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, insert.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(error) = parse("any", &text, &registry()) {
            prop_assert!(!rendered(&error, 60).chars().any(is_harmful));
        }
    }

    #[test]
    fn what_looks_like_yaml_does_not_make_it_panic(
        words in prop::collection::vec(prop::sample::select(vec![
            "stack", "file_systems", "databases", "nfs", "password", ":", ": ", "\n", "\n  ", "\n    ", "- ", "{", "}",
            "[", "]", ",", "\"", "'", "|\n", ">\n", "&a ", "*a", "!t ", "? ", "---\n", "...\n", "#", "true", "16", "~",
        ]), 0..60)
    ) {
        if let Err(error) = parse("any", words.concat(), &registry()) {
            prop_assert!(!rendered(&error, 60).chars().any(is_harmful));
        }
    }
}

#[test]
fn a_text_in_the_place_of_options_is_repeated_only_where_it_can_be_no_password() {
    for (text, never) in [
        (with_stack("state: hunter2"), "hunter2"),
        (with_stack("network: hunter2"), "hunter2"),
        (database("monitoring: hunter2"), "hunter2"),
    ] {
        let error = error_of(&text);
        let help = error.problems().filter_map(|problem| Some(problem.help()?.to_string()));
        let help: Vec<String> = help.collect();
        assert!(!help.is_empty() && help.iter().all(|one| !one.contains(never)), "{help:?}");
    }
}
