//! `provision output`: prints what other tools need of the stack, from the state alone.

use std::collections::BTreeMap;

use clap::ValueEnum;

use crate::cli::report::OutputValue;
use crate::gitlab::{Description, config_map};
use crate::stack::Sections;
use crate::stack::outputs::{Missing, Outputs, outputs_of};
use crate::view::failure::{Failure, FailureKind};
use crate::view::{harmless, quoted};

use super::opening::existing_state;
use super::options::Global;
use super::screen::Screen;
use super::stack_file::{Purpose, choose};
use super::{Exit, Output};

/// The form of the outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// NAME = VALUE, one a line; the value alone where NAME is given
    Text,
    /// The document that --json prints
    Json,
    /// NAME='VALUE', one a line, for a POSIX shell: the names in capitals, with `_` for `.` and `-`
    Env,
    /// A ConfigMap of Kubernetes, called STACK-outputs
    Configmap,
}

/// Prints one output, or all of them.
pub(super) async fn run(request: &Output, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let (store, state) = existing_state(global, Purpose::Show, screen).await?;
    let stack = choose(global, Purpose::Show, Sections::Any)?.stack;
    let outputs = outputs_of(&state, &stack);
    let is_json = global.json || request.format == Format::Json;
    match &request.name {
        Some(_) if request.format == Format::Configmap => {
            let message = "a ConfigMap has all outputs, and not one alone";
            return Err(Failure::message(FailureKind::Usage, message).hint("leave the name out"));
        }
        Some(name) => {
            let text = match outputs.text(name) {
                Ok(text) => text,
                Err(error) => {
                    let error = error.as_declared(&stack);
                    let hint = error.hint();
                    return Err(Failure::usage(error).hint(hint));
                }
            };
            match request.format {
                _ if is_json => screen.report(OutputValue { name, value: text }),
                Format::Env => screen.out.line(&harmless(&assigned(&variable(name), &text))),
                _ => screen.out.line(&harmless(&text)),
            }
        }
        None => {
            match request.format {
                _ if is_json => screen.json(&outputs),
                Format::Env => {
                    for (name, text) in variables(&outputs)? {
                        screen.out.line(&harmless(&assigned(&name, text)));
                    }
                }
                Format::Configmap => {
                    screen.out.as_it_is(&config_map(&Description::new(&stack, &state)));
                }
                _ => print(&outputs, screen),
            }
            if !state.manages_anything() {
                let nothing = format!("There are no outputs: {store} manages nothing");
                screen.say_with_hint(&nothing, "provision apply");
                return Ok(Exit::Done);
            }
            let said =
                |missing: &Missing| format!("warning: {} has no value: {}", missing.output, missing.reason);
            for (warnings, hint) in by_hint(&outputs.missing) {
                let warnings: Vec<String> = warnings.into_iter().map(said).collect();
                screen.say_with_hint(&warnings.join("\n"), hint);
            }
        }
    }
    Ok(Exit::Done)
}

/// Prints all outputs that have a value.
pub(super) fn print(outputs: &Outputs, screen: &mut Screen) {
    for (name, text) in outputs.texts() {
        screen.out.line(&format!("{name} = {}", harmless(text)));
    }
}

/// The outputs by the names of variables.
///
/// # Errors
/// Where two outputs would be one variable.
fn variables(outputs: &Outputs) -> Result<BTreeMap<String, &str>, Failure> {
    let mut of: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for (name, text) in outputs.texts() {
        if let Some((other, _)) = of.insert(variable(name), (name, text)) {
            let message = format!("{other} and {name} would both be the variable {}", variable(name));
            return Err(Failure::message(FailureKind::Failed, message)
                .hint(format!("provision output {name} --format env")));
        }
    }
    Ok(of.into_iter().map(|(name, (_, text))| (name, text)).collect())
}

/// The name of the variable for an output: `DATABASES_GITLAB_PGSQL_HOST`.
fn variable(output: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let name: String = output.chars().map(letter).collect();
    // A variable's name does not begin with a digit ("Name", POSIX, Base Definitions).
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

fn assigned(name: &str, text: &str) -> String {
    format!("{name}={}", quoted(text))
}

/// What is missing, by what to do about it, each thing where it is first said.
fn by_hint(missing: &[Missing]) -> Vec<(Vec<&Missing>, &str)> {
    let mut groups: Vec<(Vec<&Missing>, &str)> = Vec::new();
    for one in missing {
        match groups.iter_mut().find(|(_, hint)| *hint == one.hint) {
            Some((group, _)) => group.push(one),
            None => groups.push((vec![one], &one.hint)),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_a_variable_that_a_shell_takes_with_any_value() {
        for (output, value, expected) in [
            ("nfs_dns_name", "fs-1.efs", "NFS_DNS_NAME=fs-1.efs"),
            ("databases.gitlab-pgsql.host", "h", "DATABASES_GITLAB_PGSQL_HOST=h"),
            ("nfs_mount_points", "a b", "NFS_MOUNT_POINTS='a b'"),
            ("9.a", "$(id) it's", "_9_A='$(id) it'\\''s'"),
        ] {
            assert_eq!(assigned(&variable(output), value), expected);
        }
    }
}
