//! `provision apply` and `provision destroy`: plan under the lock, show, ask, carry out.

use std::time::Duration;

use crate::aws::network::Wanted;
use crate::engine::event::{Event, RunOutcome, RunSummary};
use crate::engine::executor::{Accepted, Run, accept_drift, execute, note_ended, note_gone};
use crate::engine::interrupt::Interrupt;
use crate::engine::newer::upgrades;
use crate::engine::plan::{Mode, Plan, Summary};
use crate::engine::planner::{self, Options};
use crate::engine::saved::SavedPlan;
use crate::engine::state::{State, StateError, Writer};
use crate::stack::outputs::outputs_of;
use crate::view::failure::{Failure, FailureKind};
use crate::view::{RunWords, harmless};

use super::carried::{shaping, typed};
use super::confirm::{Question, confirm};
use super::locked::{Locking, locked, unless_interrupted};
use super::opening::{saved_plan, state_failure, to_be_written};
use super::options::{Approval, Global};
use super::screen::Screen;
use super::session::{Outlook, Session, needed, wanted};
use super::show::Shown;
use super::stack_file::Purpose;
use super::{Apply, Destroy, Exit, output, rebuild, show};

/// The task of one run.
struct Request {
    options: Options,
    wanted: Wanted,
    /// The saved plan that is to be carried out, and nothing else.
    saved: Option<SavedPlan>,
    /// The text that the plan's digest must begin with.
    expected: Option<String>,
    parallelism: usize,
    lock_timeout: Duration,
    approval: Approval,
}

/// `provision apply`.
pub(super) async fn apply(request: Apply, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let saved = request.plan.as_deref().map(saved_plan).transpose()?;
    let options = saved.as_ref().map_or_else(|| request.planning.options(), SavedPlan::options);
    let mut global = global.clone();
    if saved.is_some() {
        global.carried.extend(shaping(&options));
        screen.carry(&global.carried);
    }
    let global = &global;
    let request = Request {
        options,
        wanted: wanted(&request.planning.discovery, global),
        saved,
        expected: request.expect,
        parallelism: request.parallelism.parallelism.into(),
        lock_timeout: request.lock.lock_timeout,
        approval: request.approval,
    };
    run(request, global, screen).await
}

/// `provision destroy`.
pub(super) async fn destroy(request: Destroy, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let options = request.options();
    let request = Request {
        options,
        wanted: wanted(&request.discovery, global),
        saved: None,
        expected: None,
        parallelism: request.parallelism.parallelism.into(),
        lock_timeout: request.lock.lock_timeout,
        approval: request.approval,
    };
    run(request, global, screen).await
}

async fn run(request: Request, global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let session = &Session::open_with(global, Purpose::Write, needed(&request.options)).await?;
    let first = session.first_state().await?;
    let command = command(&request.options);
    let store = &session.store_to_lock();
    let locking = Locking { store, command, timeout: request.lock_timeout, waited: None };
    locked(locking, first, screen, async |writer, screen, interrupt| {
        let mut outlook =
            unless_interrupted(interrupt, prepare(session, &request, global, writer, screen)).await?;
        match request.options.mode {
            Mode::RefreshOnly => {
                let accepted = accept_drift(&session.registry, &outlook.sightings, writer);
                // Recorded first, and said then.
                writer.commit().await.map_err(state_failure)?;
                if global.json {
                    let mut progress = screen.progress(words(&request.options));
                    progress.event(&Event::RunStarted(Box::new(writer.run().clone())));
                    progress.event(&Event::Summary(nothing_done(accepted)));
                    progress.finish().map_err(Failure::undelivered)?;
                } else {
                    if accepted.recorded > 0 {
                        screen.say("Recorded. Nothing in AWS was changed.");
                    }
                    for (address, reason) in &accepted.left {
                        let not = format!("Not recorded: {address}: {reason}");
                        screen.say(&harmless(&not));
                    }
                }
                Ok(Exit::Done)
            }
            Mode::Apply | Mode::Destroy => {
                let digest = session.bind(&mut outlook, &request.options).digest;
                writer.carries_out(digest);
                carry_out(session, &request, &outlook, writer, screen, interrupt).await
            }
        }
    })
    .await
}

/// Plans, shows and asks: nothing is changed yet.
async fn prepare(
    session: &Session,
    request: &Request,
    global: &Global,
    writer: &mut Writer,
    screen: &mut Screen,
) -> Result<Outlook, Failure> {
    let state = (!writer.is_new()).then(|| writer.state().clone());
    session.check_state(state.as_ref())?;
    let mut outlook = session.look(state.as_ref(), &request.options, request.wanted.clone()).await?;
    let mut is_rebuilt = false;
    let manages_nothing = !state.as_ref().is_some_and(State::manages_anything);
    if manages_nothing && is_lost(&outlook.planning.plan) && !global.json && screen.can_ask(request.approval)
    {
        screen.say(&format!(
            "AWS has objects of this stack that the state here ({}) does not know. If another state records them, stop and \
             name it with --state. If that is lost, they are recorded here now:",
            session.store
        ));
        let wanted = request.wanted.clone();
        let finding = rebuild::Finding { wanted, approval: request.approval, take_over: None };
        let rebuilt = rebuild::find(session, finding, global, writer, screen).await?;
        rebuild::refuse_ambiguous(&rebuilt)?;
        is_rebuilt = true;
        outlook = session.look(Some(writer.state()), &request.options, request.wanted.clone()).await?;
    }
    // Also where the plan is refused or not agreed to: what is gone, or follows nothing any more, has no outputs, and these are read from
    // the state alone.
    let note = |writer: &mut Writer| {
        let ended = note_ended(&session.registry, &outlook.sightings, writer);
        note_gone(&outlook.sightings, writer) + ended
    };
    if request.options.mode != Mode::RefreshOnly && note(writer) > 0 {
        writer.commit().await.map_err(state_failure)?;
    }
    check_commitments(session, request, &mut outlook)?;
    let plan = &outlook.planning.plan;
    // Without progress, a plan is only shown to a person who is asked about it.
    if global.json || global.quiet && !screen.can_ask(request.approval) {
        show::problems(plan, screen);
    } else {
        show::plan(plan, outlook.discovery.as_ref(), screen);
    }
    show::refuse_errors(plan, Shown::Above)?;
    if !plan.is_empty() {
        confirm(screen, request.approval, question(plan)).await.map_err(|cancelled| match is_rebuilt {
            true => {
                let message = "cancelled: the state was put together again, and the plan was not carried out";
                Failure::message(FailureKind::Failed, message).hint("provision plan")
            }
            false => cancelled,
        })?;
    }
    Ok(outlook)
}

/// True if the only thing wrong with a plan is that the state does not know what AWS has of the stack.
fn is_lost(plan: &Plan) -> bool {
    let mut errors = plan.errors().peekable();
    errors.peek().is_some() && errors.all(|finding| finding.check == planner::UNRECORDED)
}

/// The end of a run that changed nothing in AWS.
fn nothing_done(accepted: Accepted) -> RunSummary {
    RunSummary {
        outcome: RunOutcome::Done,
        done: Summary::default(),
        queued: Vec::new(),
        failed: 0,
        skipped: 0,
        in_flight: Vec::new(),
        not_recorded: accepted.left,
        elapsed_seconds: 0.0,
    }
}

fn command(options: &Options) -> &'static str {
    match options.mode {
        Mode::Destroy => "destroy",
        Mode::Apply | Mode::RefreshOnly => "apply",
    }
}

fn question(plan: &Plan) -> Question<'_> {
    match plan.mode {
        Mode::Destroy => Question::Destroy { stack: &plan.stack },
        Mode::Apply => Question::Apply,
        Mode::RefreshOnly => Question::State { change: "record what changed outside" },
    }
}

/// A plan that was reviewed is the only one that may be carried out.
fn check_commitments(session: &Session, request: &Request, outlook: &mut Outlook) -> Result<(), Failure> {
    if request.saved.is_none() && request.expected.is_none() {
        return Ok(());
    }
    let now = &session.bind(outlook, &request.options);
    if let Some(saved) = &request.saved {
        if let Some((made, here)) = saved.of_another(now) {
            let message = format!("the saved plan was made from {made}; here is {here}");
            return Err(Failure::message(FailureKind::Stale, harmless(&message).into_owned()).hint(
                "name the stack file and the state that it was made from, with -c and --state, and the profile of that account",
            ));
        }
        let moved = saved.moved(now);
        if !moved.is_empty() {
            let message =
                format!("the saved plan is stale: since it was made, this has changed: {}", moved.join(", "));
            return Err(Failure::message(FailureKind::Stale, message)
                .hint(format!("provision plan{} --out", typed(&request.options))));
        }
    }
    match &request.expected {
        Some(expected) if !now.digest.starts_with(expected.as_str()) => {
            let message = format!("the plan's digest is {}, and not {expected}", now.short_digest());
            Err(Failure::message(FailureKind::Stale, message).hint(format!(
                "to review it, and expect its digest: provision plan{}",
                typed(&request.options)
            )))
        }
        _ => Ok(()),
    }
}

async fn carry_out(
    session: &Session,
    request: &Request,
    outlook: &Outlook,
    writer: &mut Writer,
    screen: &mut Screen,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    for edit in upgrades(&session.registry, writer.state()) {
        writer.edit(edit);
    }
    let mut progress = screen.progress(words(&request.options));
    progress.event(&Event::RunStarted(Box::new(writer.run().clone())));
    let run = Run {
        cloud: &session.cloud,
        registry: &session.registry,
        blueprint: &outlook.blueprint,
        planning: &outlook.planning,
        sightings: &outlook.sightings,
        parallelism: request.parallelism,
        interrupt: interrupt.clone(),
    };
    // A failure to write the state is said last and loudest: AWS has acted, and the record may be behind.
    let report = execute(&run, writer, &mut |event| progress.event(&event)).await.map_err(unrecorded)?;
    let delivered = progress.finish();
    match report.summary.outcome {
        RunOutcome::Done => {
            delivered.map_err(Failure::undelivered)?;
            if request.options.mode == Mode::Apply {
                let is_of_targets = !request.options.targets.is_empty();
                session.write_rendered(writer.state(), is_of_targets, screen)?;
                if screen.shows_results() {
                    let outputs = outputs_of(writer.state(), &session.stack);
                    if !outputs.texts().is_empty() {
                        screen.out.line("");
                        screen.out.line("Outputs:");
                        output::print(&outputs, screen);
                    }
                }
            }
            Ok(Exit::Done)
        }
        RunOutcome::Failed => Err(Failure::said(FailureKind::Failed)),
        RunOutcome::Interrupted => Err(Failure::said(FailureKind::Interrupted)),
    }
}

/// AWS has acted, and what it did could not be recorded.
fn unrecorded(error: StateError) -> Failure {
    let hint = match &error {
        StateError::LockLost { .. } | StateError::Vanished { .. } | StateError::Unsaved => None,
        StateError::InJournalAlone { source, .. } => Some(format!(
            "nothing is lost: all that was done is there; {}, then run the same command again: it makes the state whole",
            to_be_written(source)
        )),
        _ => Some(
            "mend that, then run the same command again: it reads AWS and carries on where this run stopped"
                .to_owned(),
        ),
    };
    let failure = state_failure(error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn words(options: &Options) -> RunWords {
    match options.mode {
        Mode::Destroy => RunWords { title: "Destroy", again: "provision destroy".to_owned() },
        Mode::Apply | Mode::RefreshOnly => RunWords { title: "Apply", again: "provision apply".to_owned() },
    }
}
