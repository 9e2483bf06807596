//! Opens what a command line names: the stack file, the state, AWS. Every failure says what to type instead.
//! Knows nothing of single commands.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::aws::{Aws, NoRegion, Settings};
use crate::failure::{Failure, FailureKind};
use crate::file;
use crate::render::harmless;
use crate::saved::{SavedPlan, SavedPlanError};
use crate::stack::{self, Region, Stack};
use crate::state::local::{self, StateError};
use crate::state::{Damage, State};

use super::options::Global;
use super::values;

/// The stack file that is taken when none is named.
pub(super) const STACK_FILE: &str = "provision.yaml";

/// A file that was named and cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the stack file {}", path.display())]
struct Unreadable {
    path: PathBuf,
    source: std::io::Error,
}

/// Reads the stack file that is named, or the usual one, or the built-in stack.
pub(super) fn read_stack(named: Option<&Path>) -> Result<Stack, Failure> {
    let path = named.unwrap_or(Path::new(STACK_FILE));
    let (name, content) = match file::read(path) {
        Ok(content) => (path.display().to_string(), content),
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {
            ("the built-in stack".to_owned(), stack::REFERENCE.as_bytes().to_vec())
        }
        Err(source) => {
            let writes = match source.kind() {
                ErrorKind::NotFound => format!("; provision init --config {} writes one", path.display()),
                _ => String::new(),
            };
            let hint = format!("--config or PROVISION_CONFIG names the stack file{writes}");
            return Err(Failure::usage(Unreadable { path: path.to_owned(), source }).hint(hint));
        }
    };
    stack::parse(&name, content).map_err(|error| Failure::diagnostic(FailureKind::Usage, error))
}

/// Whether AWS can be where the option or the environment says; what may hold a password is not repeated.
fn check_endpoint(option: Option<&str>) -> Result<(), Failure> {
    let environment = || std::env::var("AWS_ENDPOINT_URL").ok();
    let (url, whose) = match option {
        Some(url) => (url.to_owned(), "--endpoint-url says so"),
        None => match environment() {
            Some(url) => (url, "AWS_ENDPOINT_URL says so, and --endpoint-url would override it"),
            None => return Ok(()),
        },
    };
    values::whole_endpoint(&url).map(drop).map_err(|problem| {
        let message = match url.as_str() {
            "" => "the endpoint is empty".to_owned(),
            url if url.contains('@') => "an endpoint cannot have a user or a password".to_owned(),
            url => format!("`{}` is not an endpoint", harmless(url)),
        };
        Failure::message(FailureKind::Usage, message).hint(format!("{whose}: {problem}"))
    })
}

/// Configures AWS. Nothing is sent yet.
pub(super) async fn connect(options: &Global, region: Option<String>) -> Result<Aws, Failure> {
    check_endpoint(options.endpoint_url.as_deref())?;
    let settings = Settings {
        region: options.region.clone().or(region),
        profile: options.profile.clone(),
        endpoint_url: options.endpoint_url.clone(),
    };
    let aws = Aws::connect(&settings).await.map_err(no_region)?;
    if aws.region().is_empty() {
        return Err(no_region(NoRegion));
    }
    // What no option says comes from the environment or the profile.
    match aws.region().parse::<Region>() {
        Ok(_) => Ok(aws),
        Err(wrong) => Err(Failure::usage(wrong)
            .hint("AWS_REGION, AWS_DEFAULT_REGION or the profile says so; --region overrides them")),
    }
}

fn no_region(error: NoRegion) -> Failure {
    Failure::usage(error).hint("name one with --region, AWS_REGION, or `region:` in the stack file")
}

/// Where the state of a stack is.
pub(super) fn state_path(options: &Global, stack: &str) -> PathBuf {
    options.state.clone().unwrap_or_else(|| PathBuf::from(format!("state/{stack}.json")))
}

/// The state and its place, for commands that need nothing else.
pub(super) fn existing_state(options: &Global) -> Result<(PathBuf, State), Failure> {
    let stack = read_stack(options.config.as_deref())?.stack.to_string();
    let path = state_path(options, &stack);
    match local::read(&path).map_err(state_failure)? {
        Some(state) => {
            of_stack(&state, &stack, &path)?;
            Ok((path, state))
        }
        None => {
            let message = format!("there is no state at {}", path.display());
            Err(Failure::message(FailureKind::Failed, message).hint(
                "--state names another one; provision apply makes one, provision state rebuild a lost one",
            ))
        }
    }
}

/// Whether a state is the one of this stack.
pub(super) fn of_stack(state: &State, stack: &str, path: &Path) -> Result<(), Failure> {
    if state.stack == stack {
        return Ok(());
    }
    let message = format!("{} is the state of the stack {}, not of {stack}", path.display(), state.stack);
    Err(Failure::message(FailureKind::Usage, message)
        .hint("name the right one with --state, or the right stack file with --config"))
}

/// A state that cannot be used, with what to do about it.
pub(super) fn state_failure(error: StateError) -> Failure {
    match &error {
        StateError::Locked { holder, .. } => {
            let hint = match holder {
                Some(holder) => format!(
                    "wait for it with --lock-timeout 10m; if that run is lost: provision state unlock {}",
                    holder.id
                ),
                None => "wait for it with --lock-timeout 10m".to_owned(),
            };
            Failure::new(FailureKind::Locked, error).hint(hint)
        }
        StateError::Damaged { path, source } => {
            let hint = match source {
                Damage::Newer { .. } => "install a newer version of provision".to_owned(),
                _ if local::has_backup(path) => format!(
                    "the previous version is kept as {0}.backup: look at both, then cp {0}.backup {0}",
                    path.display()
                ),
                _ => format!(
                    "--state names another file, if this is not the one; if it is, put a copy of {0} back, or move it \
                     away and have it made anew: provision state rebuild",
                    path.display()
                ),
            };
            Failure::failed(error).hint(hint)
        }
        StateError::Io { source, .. } => {
            let hint = match source.kind() {
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                    "make it readable and writable for you, or name another file with --state"
                }
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on that disk",
                _ => "name the state's file with --state",
            };
            Failure::failed(error).hint(hint)
        }
    }
}

/// Reads a saved plan.
pub(super) fn saved_plan(path: &Path) -> Result<SavedPlan, Failure> {
    SavedPlan::read(path).map_err(|error| {
        let again = match &error {
            SavedPlanError::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
                format!("provision plan --out {} makes one", path.display())
            }
            SavedPlanError::Io { .. } => "name a file that `provision plan --out FILE` wrote".to_owned(),
            _ => format!("make it anew and review that: provision plan --out {}", path.display()),
        };
        Failure::usage(error).hint(again)
    })
}
