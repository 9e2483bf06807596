//! The one loop that carries procedures out: what comes next is recorded, called, waited for and recorded again.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::aws::recovery::DATABASE;
use crate::engine::address::Address;
use crate::engine::cloud::{CloudError, KindError, Outcome};
use crate::engine::event::RunOutcome;
use crate::engine::executor::hint_for_code;
use crate::engine::interrupt::Interrupt;
use crate::engine::state::{Edit, Place, Procedure, Record, State, Writer, meant, under_way};
use crate::recovery::course::{Course, Event, Next, Steps, Summary, read, recorded};
use crate::view::failure::{Failure, FailureKind};
use crate::view::progress::Show;
use crate::view::{end_text, step_text, steps_text};

use super::Exit;
use super::confirm::{Question, confirm};
use super::moving::not_moved;
use super::opening::{existing_state, state_failure};
use super::options::{Approval, Global};
use super::screen::Screen;
use super::session::Session;
use super::stack_file::Purpose;
use crate::stack::Sections;

/// The hands of a course: they look at AWS, and make its calls.
pub(super) trait Hands<C: Course> {
    /// Reads AWS.
    async fn look(&mut self, course: &C) -> Result<C::Observed, Failure>;
    /// Makes one call, and notes its answer in the course.
    async fn act(&mut self, course: &mut C, step: &C::Step, writer: &mut Writer) -> Result<(), KindError>;
    /// Notes the end.
    fn end(&mut self, course: &mut C, observed: &C::Observed, now: Timestamp);
    /// The sentences at the end, with the commands to type next.
    fn next(&self, course: &C) -> Vec<String>;
}

/// The object that a procedure is about.
pub(super) struct At<'a> {
    pub(super) address: &'a Address,
    /// When it began, where an earlier run did that.
    pub(super) began: Option<Timestamp>,
}

/// Opens the stack and its state, which must be there and of this account.
pub(super) async fn opened(
    global: &Global,
    purpose: Purpose,
    screen: &mut Screen,
) -> Result<(Session, State), Failure> {
    let (_, state) = existing_state(global, purpose, screen).await?;
    let session = Session::open_with(global, purpose, Sections::Any).await?;
    session.check_state(Some(&state))?;
    let account = session.account().await?;
    session.check_account(Some(&state), &account)?;
    Ok((session, state))
}

/// The database that is meant, with its record.
pub(super) fn database<'a>(state: &'a State, place: &Place) -> Result<(Address, &'a Record), Failure> {
    let mut meant = meant(state, place)
        .map_err(|error| no_longer_recorded(state, place).unwrap_or_else(|| not_moved(error)))?;
    meant.retain(|address| address.kind() == DATABASE);
    let [address] = meant.as_slice() else {
        if let Some(failure) = no_longer_recorded(state, place) {
            return Err(failure);
        }
        let databases: Vec<String> =
            state.resources.keys().filter(|one| one.kind() == DATABASE).map(Address::title).collect();
        let hint = match databases.as_slice() {
            [] => "for what is recorded: provision state list".to_owned(),
            there => format!("the databases are: {}", there.join(", ")),
        };
        return Err(Failure::message(FailureKind::Usage, format!("{place} is no database")).hint(hint));
    };
    let record = &state.resources[address];
    // An object that is kept beside can take the place of one that is gone.
    let keeps =
        state.procedures.get(address).is_some_and(|all| all.values().any(|one| !one.keeps.is_empty()));
    match (&record.id, record.gone) {
        (Some(_), gone) if !gone || keeps => Ok((address.clone(), record)),
        _ => {
            let message = format!("{address} is not there: nothing can be done to it");
            Err(Failure::message(FailureKind::Failed, message).hint("provision plan"))
        }
    }
}

/// The failure where a procedure of a database is recorded, and the database is not any more.
fn no_longer_recorded(state: &State, place: &Place) -> Option<Failure> {
    let mut of_databases = state.procedures.iter().filter(|(address, _)| address.kind() == DATABASE);
    let (address, procedures) = of_databases.find(|(address, _)| place.means(address))?;
    let commands = procedures.keys().filter(|command| matches!(command.as_str(), "restore" | "upgrade"));
    let forget: Vec<String> =
        commands.map(|command| format!("provision {command} {} --forget", address.title())).collect();
    let message = format!("the state does not record {address} any more, and a procedure of it");
    let record = format!("to record it again: provision import {address}=ID");
    let hint = match forget.is_empty() {
        true => record,
        false => format!("{record}; or, to let go of what is kept: {}", forget.join("; and ")),
    };
    Some(Failure::message(FailureKind::Failed, message).hint(hint))
}

/// Refuses to begin while another procedure is under way.
pub(super) fn refuse_beside_another(state: &State, address: &Address, command: &str) -> Result<(), Failure> {
    match under_way(&state.procedures, address) {
        Some((other, procedure)) if other != command => {
            let message = format!("{address} {} (begun {})", procedure.doing, procedure.started);
            let mut hint = format!("to go on with that: {}", procedure.to_go_on(other, address));
            if let Some(give_up) = procedure.to_give_up(other, address) {
                hint = format!("{hint}; or, to give it up: {give_up}");
            }
            Err(Failure::message(FailureKind::Failed, message).hint(hint))
        }
        _ => Ok(()),
    }
}

/// The procedure of a command that is recorded, with its course.
pub(super) fn found<C: Course>(state: &State, address: &Address) -> Result<Option<(Procedure, C)>, Failure> {
    let procedure = state.procedures.get(address).and_then(|of_object| of_object.get(C::COMMAND));
    let Some(procedure) = procedure else { return Ok(None) };
    let Some(course) = read::<C>(procedure) else {
        let message = format!("a newer version of provision has begun with the {} of {address}", C::COMMAND);
        return Err(Failure::message(FailureKind::Failed, message)
            .hint("update provision, then run the same command again"));
    };
    Ok(Some((procedure.clone(), course)))
}

/// The address of which a procedure of a command is recorded: its record may have been forgotten since.
pub(super) fn kept<C: Course>(state: &State, place: &Place) -> Result<Address, Failure> {
    let recorded = state.procedures.iter().filter(|(_, all)| all.contains_key(C::COMMAND));
    let mut recorded = recorded.map(|(address, _)| address);
    recorded.find(|address| place.means(address)).cloned().ok_or_else(|| {
        Failure::message(FailureKind::Failed, format!("no {} of {place} is recorded", C::COMMAND))
            .hint("provision status")
    })
}

/// Shows the steps, and asks unless an earlier run has begun with them.
pub(super) async fn agree<C: Course>(
    course: &C,
    at: &At<'_>,
    (approval, global): (Approval, &Global),
    screen: &mut Screen,
) -> Result<(), Failure> {
    let is_under_way = at.began.is_some();
    if !global.json && (!global.quiet || screen.can_ask(approval)) {
        show(course, at, screen);
    }
    match is_under_way {
        true => Ok(()),
        false => confirm(screen, approval, Question::Steps).await,
    }
}

/// Shows the steps, as they are wanted, and leaves it at that.
pub(super) fn only_shown<C: Course>(course: &C, at: &At<'_>, global: &Global, screen: &mut Screen) -> Exit {
    match global.json {
        true => screen.report(steps_of(course, at)),
        false => {
            show(course, at, screen);
            screen.tell("Nothing was changed: the same command without `--plan` carries these steps out.");
        }
    }
    Exit::Done
}

/// Shows the steps on standard output.
fn show<C: Course>(course: &C, at: &At<'_>, screen: &mut Screen) {
    let text = steps_text(&steps_of(course, at), &screen.styles.out);
    screen.out.write(&text);
}

/// The steps as a document.
fn steps_of<C: Course>(course: &C, at: &At<'_>) -> Steps {
    Steps {
        address: at.address.clone(),
        command: C::COMMAND.to_owned(),
        steps: course.steps(),
        notes: course.notes(),
        is_under_way: at.began.is_some(),
    }
}

/// A run that AWS keeps waiting for longer ends; the same command goes on.
const PATIENCE: Duration = Duration::from_secs(4 * 60 * 60);
/// So often a call is made again that AWS did not take for now, or whose answer was lost.
const ATTEMPTS: u32 = 60;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The time that a wait without news stays silent.
const SILENCE: Duration = Duration::from_secs(30);

/// Carries a procedure out to its end. Each call is recorded before it is made, so that the next run goes on wherever this one stops.
pub(super) async fn carry_out<C: Course + Clone>(
    at: &At<'_>,
    mut course: C,
    hands: &mut impl Hands<C>,
    writer: &mut Writer,
    screen: &mut Screen,
    interrupt: &Interrupt,
) -> Result<C, Failure> {
    let began = at.began.unwrap_or_else(Timestamp::now);
    let mut is_recorded = at.began.is_some();
    // The end of an earlier one or of its first part, with the objects that it keeps: that stays, where AWS takes nothing of this one.
    let earlier = writer.state().procedures.get(at.address).and_then(|all| all.get(C::COMMAND)).cloned();
    let earlier = earlier.filter(|earlier| at.began.is_none() || !earlier.is_under_way());
    let mut told = Told { at, begun: Instant::now(), since: Instant::now(), last: None };
    let mut attempts = 0;
    let mut step = "begun".to_owned();
    let observed = loop {
        if interrupt.is_asked() {
            return Err(interrupted(&course, at, is_recorded));
        }
        let observed = hands.look(&course).await?;
        let now = Timestamp::now();
        match course.next(&observed, now) {
            Next::Done => break observed,
            Next::Refuse(refusal) => {
                if refusal.is_over && is_recorded {
                    record::<C>(writer, at, earlier).await?;
                }
                return Err(Failure::message(FailureKind::Failed, refusal.message).maybe_hint(refusal.hint));
            }
            Next::Wait(status) => told.wait(&status, screen),
            Next::Do(call) => {
                let before = course.clone();
                let began_step = Instant::now();
                course.intend(&call, now);
                step = call.to_string();
                record::<C>(writer, at, Some(recorded(&course, &step, began, None))).await?;
                told.event(&Event::StepStarted { address: at.address.clone(), step: step.clone() }, screen);
                match hands.act(&mut course, &call, writer).await {
                    Ok(()) => {
                        (attempts, is_recorded) = (0, true);
                        record::<C>(writer, at, Some(recorded(&course, &step, began, None))).await?;
                        let elapsed_seconds = began_step.elapsed().as_secs_f64();
                        let (address, step) = (at.address.clone(), step.clone());
                        told.event(&Event::StepDone { address, step, elapsed_seconds }, screen);
                        told.since = Instant::now();
                        continue;
                    }
                    Err(error) if may_pass(&error) && attempts < ATTEMPTS => {
                        (attempts, is_recorded) = (attempts + 1, true);
                        told.wait(&said(&error), screen);
                    }
                    Err(error) => {
                        // AWS said no: it is as it was before.
                        let before =
                            if is_recorded { Some(recorded(&before, &step, began, None)) } else { earlier };
                        record::<C>(writer, at, before).await?;
                        return Err(refused(error, &course, at, is_recorded));
                    }
                }
            }
        }
        if told.begun.elapsed() > PATIENCE {
            let message = format!("AWS is still at work on {}", at.address);
            return Err(Failure::message(FailureKind::Failed, message).hint(to_go_on(&course, at)));
        }
        pause(told.since.elapsed().max(Duration::from_secs(20) * attempts), writer, interrupt).await?;
    };
    let now = Timestamp::now();
    hands.end(&mut course, &observed, now);
    let finished = Some(now).filter(|_| !course.rests());
    record::<C>(writer, at, Some(recorded(&course, &step, began, finished))).await?;
    let summary = Summary {
        address: at.address.clone(),
        command: C::COMMAND.to_owned(),
        outcome: RunOutcome::Done,
        done: course.doing(),
        elapsed_seconds: told.begun.elapsed().as_secs_f64(),
        notes: hands.next(&course).into_iter().map(|note| screen.carried.on(&note)).collect(),
        facts: recorded(&course, &step, began, finished).facts,
    };
    match screen.show {
        Show::Json => told.event(&Event::Summary(summary), screen),
        Show::Live | Show::Lines | Show::End => {
            let text = end_text(&summary, course.ending(), &screen.styles.out);
            screen.out.write(&text);
        }
    }
    Ok(course)
}

/// Records a procedure, or that there is none, and makes it durable.
pub(super) async fn record<C: Course>(
    writer: &mut Writer,
    at: &At<'_>,
    procedure: Option<Procedure>,
) -> Result<(), Failure> {
    forget_or_put(writer, at.address, C::COMMAND, procedure).await
}

/// The same by the command's name.
pub(super) async fn forget_or_put(
    writer: &mut Writer,
    address: &Address,
    command: &str,
    procedure: Option<Procedure>,
) -> Result<(), Failure> {
    let (address, command) = (address.clone(), command.to_owned());
    writer.edit(Edit::Procedure { address, command, procedure: procedure.map(Box::new) });
    writer.commit().await.map_err(state_failure)
}

/// Waits a moment, unless the run is to end, or the lock is lost.
async fn pause(waited: Duration, writer: &Writer, interrupt: &Interrupt) -> Result<(), Failure> {
    let pause = (waited / 20).clamp(FIRST_PAUSE, LONGEST_PAUSE);
    tokio::select! {
        biased;
        _ = interrupt.asked() => Ok(()),
        lost = writer.lost() => Err(state_failure(lost)),
        () = tokio::time::sleep(pause) => Ok(()),
    }
}

/// True where the same call may do a moment later, or was carried out without its answer: what AWS shows decides.
fn may_pass(error: &KindError) -> bool {
    match error {
        KindError::Cloud(error) => match error.outcome {
            Outcome::Busy | Outcome::Throttled | Outcome::Unknown | Outcome::Exists => !error.is_unreached(),
            Outcome::NotFound | Outcome::Refused => false,
        },
        KindError::Misfit(_) => false,
    }
}

fn said(error: &KindError) -> String {
    match error {
        KindError::Cloud(CloudError { operation, code, .. }) => format!("{operation} answered {code}"),
        KindError::Misfit(misfit) => misfit.to_string(),
    }
}

fn refused<C: Course>(error: KindError, course: &C, at: &At<'_>, is_recorded: bool) -> Failure {
    let hint = match &error {
        KindError::Cloud(aws) => hint_for_code(&aws.code),
        KindError::Misfit(_) => None,
    };
    let again = is_recorded.then(|| to_go_on(course, at));
    let hint = [hint, again].into_iter().flatten().collect::<Vec<_>>().join("; then, ");
    Failure::failed(error).maybe_hint(Some(hint).filter(|hint| !hint.is_empty()))
}

fn interrupted<C: Course>(course: &C, at: &At<'_>, is_recorded: bool) -> Failure {
    let failure = |message| Failure::message(FailureKind::Interrupted, message);
    match is_recorded {
        true => failure("interrupted: what was done is recorded").hint(to_go_on(course, at)),
        false => failure("interrupted: nothing was changed"),
    }
}

fn to_go_on<C: Course>(course: &C, at: &At<'_>) -> String {
    let options = course.goes_on();
    format!("to go on: provision {} {} {options}", C::COMMAND, at.address.title()).trim_end().to_owned()
}

/// The lines that were shown, and their times.
struct Told<'a> {
    at: &'a At<'a>,
    begun: Instant,
    /// The end of the last call.
    since: Instant,
    last: Option<(String, Instant)>,
}

impl Told<'_> {
    fn event(&mut self, event: &Event, screen: &mut Screen) {
        match screen.show {
            Show::Json => screen.event(event),
            Show::End => {}
            Show::Live | Show::Lines => screen.err.line(&step_text(event)),
        }
    }

    /// Says what is waited for, where that is news.
    fn wait(&mut self, status: &str, screen: &mut Screen) {
        let is_news =
            self.last.as_ref().is_none_or(|(last, when)| last != status || when.elapsed() >= SILENCE);
        if is_news {
            self.last = Some((status.to_owned(), Instant::now()));
            let elapsed_seconds = self.begun.elapsed().as_secs_f64();
            let (address, status) = (self.at.address.clone(), status.to_owned());
            self.event(&Event::Settling { address, status, elapsed_seconds }, screen);
        }
    }
}
