//! Completion in shells: the names of this stack, from its file and its state; asked as the shells' scripts ask, and in the shells that are installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder with a stack file and its state beside it, and one with a state elsewhere.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/states/version_3");
    let copy = |from: &str, to: &str| {
        let to = folder.path().join(to);
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder can be made");
        std::fs::copy(fixtures.join(from), to).expect("a file can be copied");
    };
    copy("stack.yaml", "provision.yaml");
    copy("settled.json", "elsewhere.json");
    folder
}

/// The program alone, with none of the variables that would change its answers.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    command.current_dir(folder).stdin(Stdio::null());
    for variable in ["PROVISION_CONFIG", "PROVISION_STATE", "COMPLETE"] {
        command.env_remove(variable);
    }
    command
}

/// The candidates for the last word of a line.
fn candidates(folder: &Path, line: &[&str]) -> Vec<String> {
    let mut command = program(folder);
    command.args(["--", "provision"]).args(line);
    command
        .env("COMPLETE", "bash")
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_INDEX", line.len().to_string());
    command.env("_CLAP_COMPLETE_COMP_TYPE", "9").env("_CLAP_COMPLETE_SPACE", "false");
    let answer = command.output().expect("the program starts");
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    String::from_utf8_lossy(&answer.stdout).lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn commands_options_and_values_are_completed() {
    let folder = folder();
    assert!(candidates(folder.path(), &["his"]).contains(&"history".to_owned()));
    assert!(candidates(folder.path(), &["plan", "--detailed"]).contains(&"--detailed-exitcode".to_owned()));
    assert!(candidates(folder.path(), &["schema", "saved"]).contains(&"saved-plan".to_owned()));
}

#[test]
fn addresses_names_databases_and_outputs_are_those_of_the_stack() {
    let folder = folder();
    let state = ["--state", "elsewhere.json"];
    let of = |line: &[&str]| candidates(folder.path(), &[&state[..], line].concat());
    assert!(of(&["state", "show", "aws_db_i"]).contains(&"aws_db_instance.records".to_owned()));
    assert!(of(&["state", "forget", "rec"]).contains(&"records".to_owned()));
    assert!(of(&["plan", "--replace", "aws_db_instance."]).contains(&"aws_db_instance.records".to_owned()));
    assert_eq!(
        of(&["drill", ""]).iter().filter(|name| !name.starts_with('-')).collect::<Vec<_>>(),
        ["records"]
    );
    assert!(of(&["output", "databases.records.h"]).contains(&"databases.records.host".to_owned()));
}

#[test]
fn without_a_state_the_stack_file_says_what_can_be_named() {
    let folder = folder();
    let there = candidates(folder.path(), &["plan", "--target", "aws_db_instance."]);
    assert!(there.contains(&"aws_db_instance.records".to_owned()), "{there:?}");
}

#[test]
fn a_broken_file_is_no_reason_to_complain_while_a_line_is_written() {
    let folder = folder();
    std::fs::write(folder.path().join("provision.yaml"), "stack: [").expect("a file can be written");
    let there = candidates(folder.path(), &["plan", "--target", ""]);
    assert!(there.iter().all(|name| name.starts_with('-')), "{there:?}");
}

/// The path of a shell, where it is installed.
fn installed(shell: &str) -> Option<PathBuf> {
    let found = ["/usr/bin", "/bin", "/usr/local/bin"].iter().map(|folder| Path::new(folder).join(shell));
    let found = found.into_iter().find(|path| path.exists());
    if found.is_none() {
        eprintln!("SKIPPED: {shell} is not installed");
    }
    found
}

/// Runs a script in a shell that finds the program by its name.
fn in_shell(shell: &Path, options: &[&str], script: &str) -> String {
    let folder = folder();
    let program = Path::new(env!("CARGO_BIN_EXE_provision")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(shell);
    command
        .args(options)
        .arg("-c")
        .arg(script)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .env("PATH", path);
    command.env("HOME", folder.path()).env_remove("PROVISION_CONFIG").env_remove("PROVISION_STATE");
    let answer = command.output().expect("the shell starts");
    format!("{}{}", String::from_utf8_lossy(&answer.stdout), String::from_utf8_lossy(&answer.stderr))
}

#[test]
fn bash_completes_an_address() {
    let Some(bash) = installed("bash") else { return };
    let script = "source <(provision completions bash)
        COMP_WORDS=(provision --state elsewhere.json state show aws_db_i); COMP_CWORD=5; COMP_TYPE=9
        function=$(complete -p provision | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        \"$function\" provision aws_db_i show
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    let said = in_shell(&bash, &["--norc"], script);
    assert!(said.lines().any(|line| line.trim() == "aws_db_instance.records"), "{said}");
}

#[test]
fn fish_completes_an_address() {
    let Some(fish) = installed("fish") else { return };
    let script = "provision completions fish | source
        complete -C 'provision --state elsewhere.json state show aws_db_i'";
    let said = in_shell(&fish, &["--no-config"], script);
    assert!(said.lines().any(|line| line.trim() == "aws_db_instance.records"), "{said}");
}

#[test]
fn zsh_completes_an_address() {
    let Some(zsh) = installed("zsh") else { return };
    // What zsh would offer goes by `compadd` or `_describe`: both are taken down here.
    let script = "autoload -Uz compinit; compinit -D -u
        eval \"$(provision completions zsh)\"
        compadd() { print -l -- \"$@\" }
        _describe() { print -l -- ${(P)${@[-1]}} \"$@\" }
        words=(provision --state elsewhere.json state show aws_db_i); CURRENT=6
        ${_comps[provision]}";
    let said = in_shell(&zsh, &["-f"], script);
    assert!(said.contains("aws_db_instance.records"), "{said}");
}
