//! The beginning of most commands: the stack file is read, AWS is configured, the state is found and looked at.

mod look;
mod network;
mod rendering;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::aws::Aws;
use crate::aws::checks::Purpose as PlanFor;
use crate::aws::kinds::AwsCloud;
use crate::engine::address::Address;
use crate::engine::cloud::{CloudError, KindError};
use crate::engine::executor::hint_for_code;
use crate::engine::kind::Registry;
use crate::engine::plan::Mode;
use crate::engine::planner::Options;
use crate::engine::refresh::RefreshError;
use crate::engine::state::{Sight, State, Store};
use crate::stack::{Sections, Stack};
use crate::view::Carried;
use crate::view::failure::{Failure, FailureKind};

pub use look::Outlook;
pub use network::wanted;

use super::neighbours;
use super::opening::{Meant, connect, of_stack, state_failure, store};
use super::options::{Global, StateAt};
use super::stack_file::{Chosen, Purpose, choose};
use super::written::Taken;

/// One stack in one account and region.
pub struct Session {
    pub stack: Stack,
    pub aws: Arc<Aws>,
    pub cloud: AwsCloud,
    pub registry: Registry,
    pub store: Store,
    /// The stack file as a user would type it, or `the built-in reference stack`.
    pub stack_file: String,
    /// The folder of the state and of saved plans, as an empty path where it is the current one.
    pub folder: PathBuf,
    endpoint_url: Option<String>,
    named_state: Option<StateAt>,
    stack_paths: Vec<PathBuf>,
    carried: Carried,
    purpose: PlanFor,
    /// The addresses whose objects are about to be adopted as they are.
    pub(super) adopted: BTreeSet<Address>,
}

impl Session {
    /// Reads the stack file and configures AWS. Nothing is sent yet.
    pub(super) async fn open(options: &Global, purpose: Purpose) -> Result<Self, Failure> {
        Self::open_with(options, purpose, Sections::Written).await
    }

    /// The same, for a command that needs these sections of the stack file.
    pub(super) async fn open_with(
        options: &Global,
        purpose: Purpose,
        sections: Sections,
    ) -> Result<Self, Failure> {
        Self::of(options, choose(options, purpose, sections)?, purpose).await
    }

    /// The same for a stack whose file is read already, or is to be written.
    pub(super) async fn open_new(options: &Global, chosen: Chosen) -> Result<Self, Failure> {
        Self::of(options, chosen, Purpose::Write).await
    }

    async fn of(options: &Global, chosen: Chosen, purpose: Purpose) -> Result<Self, Failure> {
        let aws = Arc::new(connect(options, Meant::by(&chosen)).await?);
        let cloud = AwsCloud::new(aws.clone());
        Ok(Self {
            store: store(options, &chosen, &aws).await?,
            named_state: chosen.named_state(options),
            stack_file: chosen.name(),
            stack_paths: chosen.paths().to_vec(),
            folder: chosen.folder(),
            stack: chosen.stack,
            registry: cloud.registry(),
            cloud,
            aws,
            endpoint_url: options.endpoint_url.clone(),
            carried: options.carried.clone(),
            purpose: match purpose {
                Purpose::Show => PlanFor::Review,
                Purpose::Write => PlanFor::CarryOut,
            },
            adopted: BTreeSet::new(),
        })
    }

    /// True where no stack file was found, so that the built-in stack is shown.
    pub(super) fn is_built_in(&self) -> bool {
        self.stack_paths.is_empty()
    }

    /// The files of the stack that nothing else is written to.
    pub(super) fn taken(&self) -> Taken<'_> {
        Taken { stack_files: &self.stack_paths, state: self.store.file() }
    }

    /// The place of the state, for a run that locks it: it says whose credentials it has, as far as they are known.
    pub fn store_to_lock(&self) -> Store {
        self.store.clone().for_caller(self.aws.known_caller())
    }

    /// Reads the state without locking it.
    pub async fn state(&self) -> Result<Option<State>, Failure> {
        let state = self.store.read().await.map_err(state_failure)?;
        self.check_state(state.as_ref())?;
        Ok(state)
    }

    /// The same, with the run that is at work on it.
    pub async fn sight(&self) -> Result<Sight, Failure> {
        let sight = self.store.look().await.map_err(state_failure)?;
        self.check_state(sight.state.as_ref())?;
        Ok(sight)
    }

    /// Checks that a state is the one of this stack and region.
    pub fn check_state(&self, state: Option<&State>) -> Result<(), Failure> {
        let Some(state) = state else { return Ok(()) };
        of_stack(state, &self.stack.stack.to_string(), &self.store)?;
        let path = &self.store;
        if state.region != self.aws.region() {
            let (recorded, region) = (&state.region, self.aws.region());
            let message = format!("{path} records resources in {recorded}, and the region now is {region}");
            return Err(Failure::message(FailureKind::Usage, message)
                .hint(format!("add --region {recorded}, or name another state with --state")));
        }
        Ok(())
    }

    /// The account of the credentials.
    pub async fn account(&self) -> Result<String, Failure> {
        self.aws.account().await.map_err(aws_failure)
    }

    /// The state that the stack begins with where there is none. What is wrong with the one that there is, is said before
    /// AWS is asked for anything.
    pub async fn first_state(&self) -> Result<State, Failure> {
        self.state().await?;
        let (stack, account) = (self.stack.stack.to_string(), self.account().await?);
        Ok(State::new(&stack, uuid::Uuid::new_v4().to_string(), &account, self.aws.region()))
    }

    /// Checks that a state records no resources of another account.
    pub fn check_account(&self, state: Option<&State>, account: &str) -> Result<(), Failure> {
        match state {
            Some(state) if state.account != account => {
                let recorded = &state.account;
                let message = format!(
                    "{} records resources in account {recorded}, and the credentials are of {account}",
                    self.store
                );
                Err(Failure::message(FailureKind::Usage, message).hint(
                    "use the other account's credentials (--profile), or name another state with --state",
                ))
            }
            _ => Ok(()),
        }
    }

    /// The folders in which states of this stack may be.
    fn places(&self, path: &Path) -> Vec<PathBuf> {
        neighbours::places(path, &self.stack_paths)
    }

    /// Refuses to record what the state of this stack records, where that has the new name of the stack already and the stack file
    /// has not.
    pub(super) async fn refuse_a_renamed_one(&self, state: &State) -> Result<(), Failure> {
        let (false, Some(path)) = (state.manages_anything(), self.store.file()) else { return Ok(()) };
        // A place that was named is one of its own.
        if self.named_state.is_some() {
            return Ok(());
        }
        let others = neighbours::beside(&self.places(path)).await;
        let stack = self.stack.stack.to_string();
        let recorded = neighbours::old_name(&others, &self.stack);
        match recorded.and_then(|_| neighbours::under_its_new_name(&others, &stack)) {
            Some(hint) => {
                let message =
                    format!("the state of the stack {stack} has another name by now, and is not lost");
                Err(Failure::message(FailureKind::Usage, message).hint(hint))
            }
            None => Ok(()),
        }
    }
}

/// The sections that a plan needs: what is deleted, or only looked at, is in the state.
pub(super) fn needed(options: &Options) -> Sections {
    match options.mode {
        Mode::Apply => Sections::Written,
        Mode::Destroy | Mode::RefreshOnly => Sections::Any,
    }
}

/// A read of AWS that failed, with what to do about it.
pub fn aws_failure(error: CloudError) -> Failure {
    let hint = hint_for_code(&error.code);
    Failure::failed(error).maybe_hint(hint)
}

/// A kind that could not be read, with what to do about it.
pub fn refresh_failure(error: RefreshError) -> Failure {
    let hint = match &error.source {
        KindError::Cloud(aws) => hint_for_code(&aws.code),
        KindError::Misfit(_) => None,
    };
    Failure::failed(error).maybe_hint(hint)
}
