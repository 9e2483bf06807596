//! The executor: carries out a plan step by step, with the state written around every call.

mod absence;
mod accept;
mod arrange;
mod begin;
mod call;
mod claims;
mod deletion;
mod failure;
mod settle;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, sleep_until};

use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::cloud::{Cloud, KindError};
use crate::engine::document::Document;
use crate::engine::event::{Event, Queued, RunOutcome, RunSummary};
use crate::engine::interrupt::Interrupt;
use crate::engine::kind::{Live, Registry};
use crate::engine::plan::{Action, Change, Summary};
use crate::engine::planner::{Planning, Sightings};
use crate::engine::resource::Id;
use crate::engine::state::{Edit, Record, StateError, Writer};
use crate::engine::steps::Step;

pub use accept::{Accepted, accept_drift, note_ended, note_gone};
pub use claims::write_claims;
pub use failure::{StepError, hint_for_code};
use settle::Settling;

/// Everything that a run needs.
pub struct Run<'a> {
    pub cloud: &'a dyn Cloud,
    pub registry: &'a Registry,
    pub blueprint: &'a Blueprint,
    pub planning: &'a Planning,
    /// The sightings that the plan was made from.
    pub sightings: &'a Sightings,
    /// The largest number of calls under way at once.
    pub parallelism: usize,
    pub interrupt: Interrupt,
}

/// The result of a run.
#[derive(Debug)]
pub struct Report {
    pub summary: RunSummary,
    pub failures: Vec<(Address, Action, StepError)>,
    /// The actions that were not tried, each with the address because of which it was skipped.
    pub skipped: Vec<(Address, Action, Address)>,
}

/// Carries out the plan.
///
/// # Errors
/// [`StateError`] when the state cannot be written: nothing new is begun then, and what AWS was doing goes on. Failed
/// steps are no error of the run as a whole; they are in the report.
pub async fn execute(
    run: &Run<'_>,
    writer: &mut Writer,
    sink: &mut (dyn FnMut(Event) + Send),
) -> Result<Report, StateError> {
    let (refusals, refused) = mpsc::unbounded_channel();
    let mut execution = Execution {
        run,
        refusals,
        refused,
        writer,
        sink,
        started: Instant::now(),
        steps: run.planning.steps.waits_for.keys().map(|step| (step.clone(), Status::Waiting)).collect(),
        began: BTreeMap::new(),
        calls: FuturesUnordered::new(),
        looks: FuturesUnordered::new(),
        settling: Settling::default(),
        made: BTreeSet::new(),
        gone: BTreeSet::new(),
        lost: BTreeMap::new(),
        failures: Vec::new(),
        skipped: Vec::new(),
    };
    execution.record_what_stays();
    execution.work().await?;
    execution.say_what_was_left_out();
    let summary = execution.summary();
    execution.writer.ended(&summary);
    execution.make_whole().await?;
    Ok(execution.report(summary))
}

/// The progress of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Status {
    Waiting,
    /// A call is under way, or AWS is at work.
    Running,
    Done,
    Failed,
    Skipped,
}

/// A call that has returned.
struct Returned {
    step: Step,
    result: Result<Answer, StepError>,
}

/// The answer of a successful call.
enum Answer {
    Created { id: Id, desired: Document },
    Updated,
    Deleted,
}

/// A look at all settling objects of a kind that has returned.
struct Looked {
    kind: String,
    steps: BTreeSet<Step>,
    result: Result<BTreeMap<Id, Live>, KindError>,
}

struct Execution<'a> {
    run: &'a Run<'a>,
    writer: &'a mut Writer,
    sink: &'a mut (dyn FnMut(Event) + Send),
    started: Instant,
    steps: BTreeMap<Step, Status>,
    /// When the first step of an address began.
    began: BTreeMap<Address, Instant>,
    calls: FuturesUnordered<BoxFuture<'a, Returned>>,
    looks: FuturesUnordered<BoxFuture<'a, Looked>>,
    settling: Settling,
    /// Calls tell here what AWS says against them for now.
    refusals: UnboundedSender<call::Refusal>,
    refused: UnboundedReceiver<call::Refusal>,
    /// The addresses whose objects this run has made.
    made: BTreeSet<Address>,
    /// The objects that this run has deleted.
    gone: BTreeSet<Id>,
    /// The records of those of them that held data.
    lost: BTreeMap<Address, Record>,
    failures: Vec<(Address, Action, StepError)>,
    skipped: Vec<(Address, Action, Address)>,
}

/// The time that an interrupted run waits for calls that are under way; the next run finds their results.
/// With the end of the program, it is to be five seconds at most.
const GRACE: Duration = Duration::from_secs(3);

impl<'a> Execution<'a> {
    async fn work(&mut self) -> Result<(), StateError> {
        let interrupt = &self.run.interrupt;
        loop {
            let interrupted = interrupt.is_asked();
            if !interrupted {
                self.begin_ready_steps();
                self.look_where_it_is_time();
            }
            let idle = self.calls.is_empty() && (interrupted || self.settling.is_empty());
            let over = interrupt.is_over(GRACE);
            if idle {
                self.forget_the_lost();
            }
            // All that was staged since the last time. Calls that rest on it have not been polled yet.
            self.commit().await?;
            if idle || over {
                return Ok(());
            }
            let next_look = self.settling.next_look();
            tokio::select! {
                Some(returned) = self.calls.next() => self.returned(returned),
                Some(refusal) = self.refused.recv(), if !self.calls.is_empty() => self.refused_for_now(refusal),
                Some(looked) = self.looks.next(), if !interrupted => self.looked(looked),
                () = sleep_until(next_look.unwrap_or_else(Instant::now)), if next_look.is_some() && !interrupted => {}
                _ = interrupt.asked(), if !interrupted => {}
                () = interrupt.over(GRACE), if interrupted => {}
                lost = self.writer.lost() => return Err(lost),
            }
        }
    }

    /// The listeners of a call for an address.
    fn ears(&self, address: &Address) -> call::Ears {
        let (interrupt, refusals) = (self.run.interrupt.clone(), self.refusals.clone());
        call::Ears { address: address.clone(), interrupt, refusals }
    }

    /// A refusal is shown at once, though the call is tried again.
    fn refused_for_now(&mut self, refusal: call::Refusal) {
        let call::Refusal { address, status } = refusal;
        let (action, elapsed_seconds) = (self.action(&address), self.elapsed(&address));
        (self.sink)(Event::Settling { address, action, status, elapsed_seconds });
    }

    /// Makes what is staged durable; given up when an interrupted run has to end.
    async fn commit(&mut self) -> Result<(), StateError> {
        tokio::select! {
            biased;
            committed = self.writer.commit() => committed,
            () = self.run.interrupt.over(GRACE) => Err(StateError::Unsaved),
        }
    }

    /// Makes the state whole before it is said that the run is complete.
    async fn make_whole(&mut self) -> Result<(), StateError> {
        tokio::select! {
            biased;
            made = self.writer.make_whole() => made,
            () = self.run.interrupt.over(GRACE) => Err(StateError::Unsaved),
        }
    }

    /// Begins every step that waits for nothing any more, as many as may be under way.
    fn begin_ready_steps(&mut self) {
        loop {
            let waiting: Vec<Step> = self
                .steps
                .iter()
                .filter(|(_, status)| **status == Status::Waiting)
                .map(|(step, _)| step.clone())
                .collect();
            let mut moved = false;
            for step in waiting {
                let waits_for = &self.run.planning.steps.waits_for[&step];
                let blocker = waits_for
                    .iter()
                    .find(|other| matches!(self.steps[*other], Status::Failed | Status::Skipped))
                    .map(|other| other.address().clone());
                if let Some(because) = blocker {
                    self.skip(&step, because);
                    moved = true;
                } else if waits_for.iter().all(|other| self.steps[other] == Status::Done)
                    && self.calls.len() < self.run.parallelism
                {
                    self.begin(&step);
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn skip(&mut self, step: &Step, because: Address) {
        self.steps.insert(step.clone(), Status::Skipped);
        let address = step.address();
        let action = self.action(address);
        // Of the two steps of a replacement, one is enough to be told of.
        if because != *address && !self.skipped.iter().any(|(skipped, ..)| skipped == address) {
            self.skipped(address.clone(), action, because);
        }
    }

    fn skipped(&mut self, address: Address, action: Action, because: Address) {
        (self.sink)(Event::StepSkipped { address: address.clone(), action, because: because.clone() });
        self.skipped.push((address, action, because));
    }

    fn done(&mut self, step: &Step) {
        self.steps.insert(step.clone(), Status::Done);
        let address = step.address();
        let all_done = [Step::Up(address.clone()), Step::Down(address.clone())]
            .iter()
            .all(|step| self.steps.get(step).is_none_or(|status| *status == Status::Done));
        if all_done {
            let id = self.record(address).and_then(|record| record.id.as_ref()).map(Id::to_string);
            let event = Event::StepDone {
                address: address.clone(),
                action: self.action(address),
                id,
                queued: self.change(address).and_then(Queued::of),
                elapsed_seconds: self.elapsed(address),
            };
            (self.sink)(event);
        }
    }

    fn fail(&mut self, step: &Step, error: StepError) {
        self.steps.insert(step.clone(), Status::Failed);
        let address = step.address().clone();
        let action = self.action(&address);
        self.failed(address, action, error);
    }

    fn failed(&mut self, address: Address, action: Action, error: StepError) {
        let mut text = error.text();
        text.hint = self.foreseen(&address, &error).or(text.hint);
        let event = Event::StepFailed {
            address: address.clone(),
            action,
            error: text,
            elapsed_seconds: self.elapsed(&address),
            blocked: matches!(error, StepError::Blocked { .. }),
        };
        (self.sink)(event);
        self.failures.push((address, action, error));
    }

    /// The hint of the plan's finding on what AWS has refused now: the plan knew more than the answer says.
    fn foreseen(&self, address: &Address, error: &StepError) -> Option<String> {
        let StepError::Aws(error) = error else { return None };
        let check = failure::check_of_code(&error.code)?;
        let mut findings = self.run.planning.plan.preflight.iter();
        findings
            .find(|found| {
                found.check == check && found.address.as_ref() == Some(address) && found.hint.is_some()
            })?
            .hint
            .clone()
    }

    fn change(&self, address: &Address) -> Option<&'a Change> {
        self.run.planning.plan.change(address)
    }

    fn action(&self, address: &Address) -> Action {
        self.change(address).map_or(Action::NoOp, |change| change.action)
    }

    fn record(&self, address: &Address) -> Option<&Record> {
        self.writer.state().resources.get(address)
    }

    fn put(&mut self, address: &Address, record: Record) {
        self.writer.edit(Edit::Put { address: address.clone(), record });
    }

    fn elapsed(&self, address: &Address) -> f64 {
        self.began.get(address).map_or(0.0, |began| began.elapsed().as_secs_f64())
    }

    /// Says of everything that the plan left out that it is not done.
    fn say_what_was_left_out(&mut self) {
        for (change, blocked) in self.run.planning.plan.blocked() {
            let (address, action) = (change.address.clone(), blocked.action);
            match (self.run.planning.plan.blocking(&address), &blocked.on) {
                (Some(finding), _) => {
                    let (because, hint) = (finding.message.clone(), finding.hint.clone());
                    self.failed(address, action, StepError::Blocked { because, hint });
                }
                (None, Some(because)) => self.skipped(address, action, because.clone()),
                (None, None) => {}
            }
        }
    }

    fn summary(&self) -> RunSummary {
        let finished: Vec<Change> = self
            .run
            .planning
            .plan
            .changes
            .iter()
            .filter(|change| {
                let mut steps = self.steps.iter().filter(|(step, _)| *step.address() == change.address);
                steps.all(|(_, status)| *status == Status::Done)
            })
            .cloned()
            .collect();
        let queued: Vec<Queued> = finished.iter().filter_map(Queued::of).collect();
        let waits = |change: &Change| queued.iter().any(|one| one.entirely && one.address == change.address);
        let in_force: Vec<Change> = finished.iter().filter(|change| !waits(change)).cloned().collect();
        let in_flight: BTreeSet<Address> = self
            .steps
            .iter()
            .filter(|(_, status)| **status == Status::Running)
            .map(|(step, _)| step.address().clone())
            .collect();
        let interrupted = self.run.interrupt.is_asked();
        let outcome = match () {
            () if interrupted && self.steps.values().any(|status| *status != Status::Done) => {
                RunOutcome::Interrupted
            }
            () if self.failures.is_empty() => RunOutcome::Done,
            () => RunOutcome::Failed,
        };
        RunSummary {
            outcome,
            done: Summary::of(&in_force),
            queued,
            failed: self.failures.len(),
            skipped: self.skipped.len(),
            in_flight: in_flight.into_iter().collect(),
            not_recorded: BTreeMap::new(),
            elapsed_seconds: self.started.elapsed().as_secs_f64(),
        }
    }

    fn report(self, summary: RunSummary) -> Report {
        (self.sink)(Event::Summary(summary.clone()));
        Report { summary, failures: self.failures, skipped: self.skipped }
    }
}
