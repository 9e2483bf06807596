//! The parts of the next step: the results of commands, the waits, and the way to the fence.

use jiff::Timestamp;

use super::Failover;
use super::fence::{Fenced, Machine, Silence};
use super::record::{Asked, Call, Errand, Observed, Run};
use super::step::Step;
use crate::recovery::course::{Next, Refusal};
use crate::recovery::status::seconds_between;

/// A request whose answer was lost has shown itself by then.
const SHOWS_ITSELF: i64 = 20;
/// EC2 shows what it was told after a few seconds ("Eventual consistency", EC2 API reference).
const LAG: i64 = 5;
/// A machine that has not stopped by then is stopped by force: its operating system does not answer.
const STOPS_BY_ITSELF: i64 = 120;
/// The machine that serves is waited for so long where a command is sent to it: then it is stopped.
const ANSWERS_WITHIN: i64 = 180;
/// The agent of the machine that is to serve is waited for so long.
const COMES_WITHIN: i64 = 15 * 60;

/// The result of an errand.
enum Ran {
    /// It is done, or there is nothing to do.
    Done,
    Failed(String),
    Send,
    Wait(String),
}

impl Failover {
    /// A call to EC2, unless it was made a moment ago and may not show itself yet. Each of them may be made twice.
    pub(super) fn once(&self, step: Step, now: Timestamp, waiting: impl Into<String>) -> Next<Step> {
        let same = self.asked.filter(|asked| Some(asked.call) == step.call());
        match same.map(|asked| now.as_second() - asked.at.as_second()) {
            // Another machine's clock may be ahead of this one's.
            Some(since) if (0..LAG).contains(&since) => Next::Wait(waiting.into()),
            _ => Next::Do(step),
        }
    }

    /// The result of an errand so far.
    fn ran(&self, errand: Errand, observed: &Observed, now: Timestamp) -> Ran {
        if self.command(errand).is_none() {
            return Ran::Done;
        }
        let Some(sent) = self.sent.get(&errand) else { return Ran::Send };
        let since = seconds_between(sent.at, now);
        let name = self.machine(errand).name();
        if sent.unreachable {
            return match sent.of_before || since >= SHOWS_ITSELF {
                true => Ran::Failed(format!("{name} cannot be reached by Systems Manager")),
                false => Ran::Wait(format!("{name} is to be reached by Systems Manager")),
            };
        }
        match observed.runs.get(&errand).unwrap_or(&Run::Unseen) {
            // Others may have started since what it stopped for an earlier run.
            Run::Succeeded if sent.of_before => Ran::Send,
            Run::Succeeded => Ran::Done,
            Run::Failed(why) => Ran::Failed(why.clone()),
            Run::Going(status) => Ran::Wait(format!("the command on {name} is {status}")),
            // Without an answer it may never have been sent.
            Run::Unseen if sent.id.is_none() && since >= SHOWS_ITSELF => Ran::Send,
            Run::Unseen => Ran::Wait(format!("the command on {name} is to show itself")),
        }
    }

    /// An errand on the machine that is to serve: without it nothing goes on.
    pub(super) fn on_the_other(
        &self,
        (errand, step): (Errand, Step),
        to: &Machine,
        observed: &Observed,
        now: Timestamp,
    ) -> Option<Next<Step>> {
        let name = self.to.name();
        let is_of_before = self.sent.get(&errand).is_some_and(|sent| sent.of_before || sent.unreachable);
        let send = |step| match to.is_reachable {
            true => Next::Do(step),
            false => self.until_reached(now),
        };
        match self.ran(errand, observed, now) {
            Ran::Done => None,
            Ran::Wait(status) => Some(Next::Wait(status)),
            Ran::Send => Some(send(step)),
            Ran::Failed(_) if is_of_before => Some(send(step)),
            Ran::Failed(why) => Some(Next::Refuse(Refusal::midway(
                format!("{step} failed: {name}: {why}"),
                Some(self.again_or_back()),
            ))),
        }
    }

    /// The wait for the agent of the machine that is to serve.
    fn until_reached(&self, now: Timestamp) -> Next<Step> {
        let name = self.to.name();
        self.patiently(
            format!("{name} cannot be reached by Systems Manager: its agent is not online"),
            format!("the agent of {name} is to come online"),
            now,
        )
    }

    /// A wait for the machine that is to serve, which has an end.
    pub(super) fn patiently(&self, refused: String, waiting: String, now: Timestamp) -> Next<Step> {
        match self.since.is_some_and(|since| seconds_between(since, now) > COMES_WITHIN) {
            true => Next::Refuse(Refusal::midway(refused, Some(self.again_or_back()))),
            false => Next::Wait(waiting),
        }
    }

    fn again_or_back(&self) -> String {
        let name = &self.pair;
        match self.back {
            true => format!("when that is mended: provision failover {name} --back"),
            false => format!(
                "when that is mended: provision failover {name}; or, for the way back: provision failover {name} --back"
            ),
        }
    }

    /// True where a command was sent so long ago that its end is not waited for.
    fn is_late(&self, errand: Errand, now: Timestamp) -> bool {
        self.sent.get(&errand).is_some_and(|sent| seconds_between(sent.at, now) > ANSWERS_WITHIN)
    }

    /// The next step until the machine that served can write no more.
    fn silence(&self, from: &Machine, observed: &Observed, now: Timestamp) -> Next<Step> {
        let name = self.from.name();
        // The machine has to be stopped anyway where its copying may go on.
        let copies = !matches!(self.ran(Errand::StopCopy, observed, now), Ran::Done);
        if self.commands.stop.is_some() && !copies && from.is_running() {
            match self.ran(Errand::Stop, observed, now) {
                Ran::Send if from.is_reachable => return Next::Do(Step::StopService),
                Ran::Wait(status) if !self.is_late(Errand::Stop, now) => return Next::Wait(status),
                Ran::Done | Ran::Send | Ran::Wait(_) | Ran::Failed(_) => {}
            }
        }
        let waiting = || format!("{name} is {}", from.state);
        match from.state.as_str() {
            "pending" | "shutting-down" => Next::Wait(waiting()),
            "stopping" => {
                let patience = |asked: &Asked| match (asked.call, asked.answered) {
                    (Call::Stop, _) | (Call::StopByForce, true) => Some((asked.at, STOPS_BY_ITSELF)),
                    (Call::StopByForce, false) => Some((asked.at, SHOWS_ITSELF)),
                    _ => None,
                };
                // Others may have stopped it.
                let of_others = || self.shut.map(|at| (at, STOPS_BY_ITSELF));
                let waited = self.asked.as_ref().and_then(patience).or_else(of_others);
                let is_stuck = waited.is_some_and(|(at, most)| seconds_between(at, now) > most);
                match is_stuck {
                    true => Next::Do(Step::StopMachine { by_force: true }),
                    false => Next::Wait(waiting()),
                }
            }
            _ => self.once(Step::StopMachine { by_force: false }, now, waiting()),
        }
    }

    /// The proof that the machine that served writes no more, as far as there is one.
    fn fenced(&self, observed: &Observed, now: Timestamp) -> Option<Fenced> {
        let done = |errand| matches!(self.ran(errand, observed, now), Ran::Done);
        let is_confirmed = self.commands.stop.is_some() && done(Errand::Stop) && done(Errand::StopCopy);
        // The record may be older than what was done with a copy of it: the service is stopped where that can be.
        let can_be_stopped = match self.ran(Errand::Stop, observed, now) {
            Ran::Send => observed.from.as_ref().is_some_and(|from| from.is_running() && from.is_reachable),
            Ran::Wait(_) => !self.is_late(Errand::Stop, now),
            Ran::Done | Ran::Failed(_) => false,
        };
        let silence = match () {
            () if is_confirmed => Silence::Confirmed,
            () if self.idle && !(can_be_stopped && done(Errand::StopCopy)) => Silence::NeverStarted,
            () => Silence::Unknown,
        };
        Fenced::of(observed.from.as_ref(), &self.closed, silence)
    }

    /// The machine that is to serve is gone. With both gone there is nothing to go on with, and nothing that writes.
    pub(super) fn gone(&self, observed: &Observed) -> Next<Step> {
        let (name, from, pair) = (self.to.name(), self.from.name(), &self.pair);
        let is_other_gone = observed.from.as_ref().is_none_or(Machine::is_leaving);
        let what = match is_other_gone {
            true => format!("{name} ({}) is gone, and so is {from} ({})", self.to.id, self.from.id),
            false => format!("{name} ({}) is gone, and cannot serve", self.to.id),
        };
        let is_over = self.begun.is_none() || is_other_gone;
        let hint = match is_over {
            true => "for new ones in the place of those that are gone: provision apply".to_owned(),
            false if self.back => format!("for how the pair is: provision status; {}", self.again_or_back()),
            false => format!("{from} is there: provision failover {pair} --back"),
        };
        Next::Refuse(Refusal { is_over, ..Refusal::midway(what, Some(hint)) })
    }

    /// The address is at a machine of others.
    pub(super) fn moved_away(&self, other: &str) -> Next<Step> {
        let ip = &self.address.public_ip;
        let what =
            format!("the address {ip} is at {other}, which is no machine of the pair: someone has moved it");
        let hint = format!("for how the pair is: provision status; {}", self.again_or_back());
        Next::Refuse(Refusal { is_over: self.begun.is_none(), ..Refusal::midway(what, Some(hint)) })
    }

    /// The steps up to the fence.
    pub(super) fn fence(&self, observed: &Observed, now: Timestamp) -> Result<Fenced, Next<Step>> {
        let from = observed.from.as_ref().filter(|from| from.state != "terminated");
        if let Some(from) = from {
            let is_of_before = self.sent.get(&Errand::StopCopy).is_some_and(|sent| sent.of_before);
            let is_late = self.is_late(Errand::StopCopy, now);
            match self.ran(Errand::StopCopy, observed, now) {
                Ran::Send if from.is_running() && from.is_reachable && (is_of_before || !is_late) => {
                    return Err(Next::Do(Step::StopCopy));
                }
                Ran::Wait(status) if from.is_running() && !is_late => return Err(Next::Wait(status)),
                // It is stopped as a machine then.
                Ran::Done | Ran::Send | Ran::Wait(_) | Ran::Failed(_) => {}
            }
            if !from.has_groups(&self.shut()) {
                let waiting = format!("{} is to be closed", self.from.name());
                return Err(self.once(Step::Close, now, waiting));
            }
        }
        match (self.fenced(observed, now), from) {
            (Some(fenced), _) => Ok(fenced),
            (None, Some(from)) => Err(self.silence(from, observed, now)),
            (None, None) => Err(Next::Wait(format!("{} is to be gone", self.from.name()))),
        }
    }
}
