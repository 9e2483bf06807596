//! The failover of a pair: the machine that serves is fenced, and the other one serves in its place.

mod fence;
pub mod lag;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::address::Address;
use crate::engine::resource::Id;

use super::course::{Course, Next, Refusal};
use super::status::seconds_between;
pub use fence::{Fenced, Groups, Machine, Silence};
use lag::Lag;

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

/// The kind of the addresses of pairs: they stand for no object in AWS.
pub const PAIR: &str = "pair";

/// The record of a failover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failover {
    /// The pair's name in the stack file.
    pub pair: String,
    /// The machine that serves, and is fenced.
    pub from: Side,
    /// The machine that is to serve.
    pub to: Side,
    pub address: Elastic,
    /// The ids of the groups.
    pub open: String,
    pub closed: String,
    #[serde(default)]
    pub commands: Commands,
    pub lag: Lag,
    /// True on the way back to the machine that served before.
    #[serde(default)]
    pub back: bool,
    /// The beginning of the comments of its commands, by which they are found again.
    pub journal: String,
    /// The commands that were sent.
    #[serde(default)]
    pub sent: BTreeMap<Errand, Sent>,
    /// The last call to EC2, when it was made, and whether EC2 answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// True once the machine that is to serve may have been started, or opened.
    #[serde(default)]
    pub serves: bool,
    /// True once clients may have reached it.
    #[serde(default)]
    pub opened: bool,
    /// True on a way back before the other machine ever served.
    #[serde(default)]
    pub idle: bool,
    /// The first call, the one that closed the machine before, the one that moved the address, and the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
    /// The beginning of the last wait for the machine that is to serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shut: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// True once the state records the groups and the address as they are now.
    #[serde(default)]
    pub recorded: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One machine of the pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    pub address: Address,
    pub id: Id,
    /// The groups of its interfaces before the first change.
    #[serde(default)]
    pub before: BTreeMap<String, BTreeSet<String>>,
}

impl Side {
    /// The name in the stack file.
    pub fn name(&self) -> String {
        self.address.title()
    }
}

/// The elastic IP address of the pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elastic {
    pub address: Address,
    /// The id of its allocation.
    pub id: Id,
    pub public_ip: String,
    /// The association, and the machine, before the first change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub association: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// The commands of a pair, which Systems Manager runs on a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commands {
    /// Prints the seconds that the copy is behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_copy: Option<String>,
    /// Stops the service; it must stay so over a restart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
}

/// A command of a failover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// Copying is stopped on the machine that is to serve.
    StopCopyThere,
    /// Copying is stopped on the machine that serves.
    StopCopy,
    /// The service is stopped on the machine that serves.
    Stop,
    /// The service is started on the other one.
    Start,
}

impl Errand {
    pub const ALL: [Self; 4] = [Self::StopCopyThere, Self::StopCopy, Self::Stop, Self::Start];
}

/// A command that was sent, or is about to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    pub at: Timestamp,
    /// The number of the attempt, which is in the comment.
    pub attempt: u32,
    /// The id of the command, where Systems Manager has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// True where Systems Manager said that the machine cannot be reached.
    #[serde(default)]
    pub unreachable: bool,
    /// True in a run after the one that sent it: it is sent again where it has failed.
    #[serde(default)]
    pub of_before: bool,
}

/// A command as Systems Manager shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// It is not shown (yet).
    Unseen,
    /// It waits, or runs.
    Going(String),
    Succeeded,
    /// It failed, or was never delivered: the reason, with the end of what it printed.
    Failed(String),
}

/// The last call to EC2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    pub call: Call,
    pub at: Timestamp,
    #[serde(default)]
    pub answered: bool,
}

/// A call to EC2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    Close,
    Stop,
    StopByForce,
    StartMachine,
    Open,
    MoveAddress,
}

/// One step. Those that let the other machine serve take the proof that the first one writes no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    StopCopyThere,
    StopCopy,
    Close,
    StopService,
    StopMachine { by_force: bool },
    StartMachine(Fenced),
    StartService(Fenced),
    Open(Fenced),
    MoveAddress(Fenced),
    Record(Fenced),
}

impl Step {
    /// The command that it sends.
    pub fn errand(&self) -> Option<Errand> {
        match self {
            Self::StopCopyThere => Some(Errand::StopCopyThere),
            Self::StopCopy => Some(Errand::StopCopy),
            Self::StopService => Some(Errand::Stop),
            Self::StartService(_) => Some(Errand::Start),
            _ => None,
        }
    }

    /// The call to EC2 that it makes.
    fn call(&self) -> Option<Call> {
        match self {
            Self::Close => Some(Call::Close),
            Self::StopMachine { by_force: false } => Some(Call::Stop),
            Self::StopMachine { by_force: true } => Some(Call::StopByForce),
            Self::StartMachine(_) => Some(Call::StartMachine),
            Self::Open(_) => Some(Call::Open),
            Self::MoveAddress(_) => Some(Call::MoveAddress),
            _ => None,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StopCopyThere => "stop copying on the one that is to serve",
            Self::StopCopy => "stop copying on the one that serves",
            Self::Close => "close the one that serves",
            Self::StopService => "stop its service",
            Self::StopMachine { by_force: false } => "stop its machine",
            Self::StopMachine { by_force: true } => "stop its machine by force",
            Self::StartMachine(_) => "start the other machine",
            Self::StartService(_) => "start the service on the other one",
            Self::Open(_) => "open the other one",
            Self::MoveAddress(_) => "move the address",
            Self::Record(_) => "record the one that serves now",
        })
    }
}

/// The place of the elastic IP address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// It is released.
    Gone,
    #[default]
    Free,
    /// A machine has it, or an interface without one.
    At(String),
}

/// The pair as AWS shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Absent where EC2 does not know it any more.
    pub from: Option<Machine>,
    pub to: Option<Machine>,
    pub place: Place,
    /// The commands that were sent.
    pub runs: BTreeMap<Errand, Run>,
}

/// The result of an errand.
enum Ran {
    /// It is done, or there is nothing to do.
    Done,
    Failed(String),
    Send,
    Wait(String),
}

impl Failover {
    /// The command of an errand.
    pub fn command(&self, errand: Errand) -> Option<&str> {
        match errand {
            Errand::StopCopyThere | Errand::StopCopy => self.commands.stop_copy.as_deref(),
            Errand::Stop => self.commands.stop.as_deref(),
            Errand::Start => self.commands.start.as_deref(),
        }
    }

    /// The machine that an errand runs on.
    pub fn machine(&self, errand: Errand) -> &Side {
        match errand {
            Errand::StopCopyThere | Errand::Start => &self.to,
            Errand::StopCopy | Errand::Stop => &self.from,
        }
    }

    /// The comment of an errand's command, by which it is found where the answer was lost.
    pub fn comment(&self, errand: Errand) -> String {
        let attempt = self.sent.get(&errand).map_or(0, |sent| sent.attempt);
        let errand = match errand {
            Errand::StopCopyThere => "stop-copy-there",
            Errand::StopCopy => "stop-copy",
            Errand::Stop => "stop",
            Errand::Start => "start",
        };
        format!("provision {} {errand} {attempt}", self.journal)
    }

    /// The groups that the machine gets which is to serve: on the way back, those that it had when it served.
    pub fn groups_of_the_open_one(&self) -> Groups {
        let had = self.to.before.values().any(|groups| groups.contains(&self.open));
        match had {
            true => Groups::as_before(self.to.before.clone(), &self.open),
            false => Groups::only(&self.open),
        }
    }

    /// The groups of the machine that is fenced.
    pub fn shut(&self) -> Groups {
        Groups::only(&self.closed)
    }

    /// Notes that a run goes on with it: a command that failed is sent again.
    pub fn resume(&mut self, now: Timestamp) {
        self.since = Some(now);
        self.sent.values_mut().for_each(|sent| sent.of_before = true);
    }

    /// Turns round in the middle: the machine that served is to serve again.
    pub fn turn(&mut self, now: Timestamp) {
        self.since = Some(now);
        std::mem::swap(&mut self.from, &mut self.to);
        (self.idle, self.serves, self.opened) = (!self.serves, false, false);
        (self.back, self.recorded, self.asked) = (true, false, None);
        self.sent.clear();
        self.journal.push_str("-back");
        self.notes.clear();
    }

    /// True if AWS shows the end of it: the one that serves is open and has the address, and the other one is closed.
    pub fn is_as_left(&self, observed: &Observed) -> bool {
        let is_shut =
            observed.from.as_ref().is_none_or(|from| from.is_leaving() || from.has_groups(&self.shut()));
        let is_open = observed.to.as_ref().is_some_and(|to| to.has_groups(&self.groups_of_the_open_one()));
        is_shut && is_open && observed.place == Place::At(self.to.id.to_string())
    }

    /// Does all of it again, after others have changed what it made.
    pub fn again(&mut self, journal: String) {
        self.sent.clear();
        (self.journal, self.recorded, self.asked) = (journal, false, None);
        (self.begun, self.since, self.shut, self.moved, self.ended) = (None, None, None, None, None);
        (self.serves, self.opened) = (true, true);
        let (from, to) = (self.from.name(), self.to.name());
        self.notes = vec![format!(
            "others have changed what the last failover made; what was written on {from} since is lost to {to}"
        )];
    }

    /// Notes the answer of Systems Manager, which names the command, or says that the machine cannot be reached.
    pub fn sent(&mut self, errand: Errand, id: Option<String>) {
        if let Some(sent) = self.sent.get_mut(&errand) {
            sent.unreachable = id.is_none();
            sent.id = id;
        }
    }

    /// Notes the answer of EC2.
    pub fn answered(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.answered = true;
        }
    }

    /// Notes the end.
    pub fn end(&mut self, now: Timestamp) {
        (self.ended, self.asked) = (Some(now), None);
    }

    /// The seconds from the first call to the end.
    pub fn seconds(&self) -> Option<i64> {
        Some(seconds_between(self.begun?, self.ended?))
    }

    /// The seconds for which no machine took new connections at the address.
    pub fn silent_seconds(&self) -> Option<i64> {
        Some(seconds_between(self.shut?, self.moved?))
    }

    /// A call to EC2, unless it was made a moment ago and may not show itself yet. Each of them may be made twice.
    fn once(&self, step: Step, now: Timestamp, waiting: impl Into<String>) -> Next<Step> {
        let same = self.asked.filter(|asked| Some(asked.call) == step.call());
        match same.map(|asked| seconds_between(asked.at, now)) {
            Some(since) if since < LAG => Next::Wait(waiting.into()),
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
            Run::Succeeded => Ran::Done,
            Run::Failed(why) => Ran::Failed(why.clone()),
            Run::Going(status) => Ran::Wait(format!("the command on {name} is {status}")),
            // Without an answer it may never have been sent.
            Run::Unseen if sent.id.is_none() && since >= SHOWS_ITSELF => Ran::Send,
            Run::Unseen => Ran::Wait(format!("the command on {name} is to show itself")),
        }
    }

    /// An errand on the machine that is to serve: without it nothing goes on.
    fn on_the_other(
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
    fn patiently(&self, refused: String, waiting: String, now: Timestamp) -> Next<Step> {
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

    /// The next step until the machine that served can write no more.
    fn silence(&self, from: &Machine, observed: &Observed, now: Timestamp) -> Next<Step> {
        let name = self.from.name();
        let is_late = |errand| {
            self.sent.get(&errand).is_some_and(|sent| seconds_between(sent.at, now) > ANSWERS_WITHIN)
        };
        // The machine has to be stopped anyway where its copying may go on.
        let copies = !matches!(self.ran(Errand::StopCopy, observed, now), Ran::Done);
        if self.commands.stop.is_some() && !copies && from.is_running() {
            match self.ran(Errand::Stop, observed, now) {
                Ran::Send if from.is_reachable => return Next::Do(Step::StopService),
                Ran::Wait(status) if !is_late(Errand::Stop) => return Next::Wait(status),
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
        let silence = match () {
            () if self.idle => Silence::NeverStarted,
            () if self.commands.stop.is_some() && done(Errand::Stop) && done(Errand::StopCopy) => {
                Silence::Confirmed
            }
            () => Silence::Unknown,
        };
        Fenced::of(observed.from.as_ref(), &self.closed, silence)
    }

    fn gone(&self, what: &str) -> Next<Step> {
        let hint = format!("for how the pair is: provision status; {}", self.again_or_back());
        Next::Refuse(Refusal { is_over: self.begun.is_none(), ..Refusal::midway(what, Some(hint)) })
    }

    /// The steps up to the fence.
    fn fence(&self, observed: &Observed, now: Timestamp) -> Result<Fenced, Next<Step>> {
        let from = observed.from.as_ref().filter(|from| from.state != "terminated");
        if let Some(from) = from {
            let is_late = self
                .sent
                .get(&Errand::StopCopy)
                .is_some_and(|sent| seconds_between(sent.at, now) > ANSWERS_WITHIN);
            match self.ran(Errand::StopCopy, observed, now) {
                Ran::Send if from.is_running() && from.is_reachable && !is_late => {
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

impl Course for Failover {
    const COMMAND: &'static str = "failover";
    type Observed = Observed;
    type Step = Step;

    fn next(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        let name = self.to.name();
        let Some(to) = observed.to.as_ref().filter(|to| !to.is_leaving()) else {
            return self.gone(&format!("{name} ({}) is gone, and cannot serve", self.to.id));
        };
        match &observed.place {
            Place::Gone => return self.gone(&format!("the address {} is released", self.address.public_ip)),
            Place::At(other) if *other != *self.from.id.as_str() && *other != *self.to.id.as_str() => {
                let ip = &self.address.public_ip;
                return self.gone(&format!(
                    "the address {ip} is at {other}, which is no machine of the pair: someone has moved it"
                ));
            }
            Place::Free | Place::At(_) => {}
        }
        let copying = (Errand::StopCopyThere, Step::StopCopyThere);
        if to.is_running()
            && let Some(next) = self.on_the_other(copying.clone(), to, observed, now)
        {
            return next;
        }
        let fenced = match self.fence(observed, now) {
            Ok(fenced) => fenced,
            Err(next) => return next,
        };
        if !to.is_running() {
            let waiting = format!("{name} is {}", to.state);
            return match to.is_stopped() {
                true => self.once(Step::StartMachine(fenced), now, waiting),
                false => self.patiently(format!("{waiting}, and does not come to run"), waiting, now),
            };
        }
        if let Some(next) = self.on_the_other(copying, to, observed, now) {
            return next;
        }
        let starting = (Errand::Start, Step::StartService(fenced.clone()));
        if let Some(next) = self.on_the_other(starting, to, observed, now) {
            return next;
        }
        match () {
            () if !to.has_groups(&self.groups_of_the_open_one()) => {
                self.once(Step::Open(fenced), now, format!("{name} is to be open"))
            }
            () if observed.place != Place::At(self.to.id.to_string()) => {
                let waiting = format!("{} is to be at {name}", self.address.public_ip);
                self.once(Step::MoveAddress(fenced), now, waiting)
            }
            () if !self.recorded => Next::Do(Step::Record(fenced)),
            () => Next::Done,
        }
    }

    fn intend(&mut self, step: &Step, now: Timestamp) {
        self.begun.get_or_insert(now);
        self.since = Some(now);
        if let Some(errand) = step.errand() {
            let before = self.sent.get(&errand);
            let attempt = before.map_or(0, |sent| match sent.id.is_some() || sent.unreachable {
                true => sent.attempt + 1,
                false => sent.attempt,
            });
            let sent = Sent { at: now, attempt, id: None, unreachable: false, of_before: false };
            self.sent.insert(errand, sent);
        }
        if let Some(call) = step.call() {
            self.asked = Some(Asked { call, at: now, answered: false });
        }
        match step {
            Step::Close => {
                self.shut.get_or_insert(now);
            }
            Step::StartMachine(_) | Step::StartService(_) => self.serves = true,
            Step::Open(_) => (self.serves, self.opened) = (true, true),
            Step::MoveAddress(_) => self.moved = Some(now),
            _ => {}
        }
    }

    fn steps(&self) -> Vec<String> {
        let (from, to, ip) = (self.from.name(), self.to.name(), &self.address.public_ip);
        let mut steps = Vec::new();
        if self.commands.stop_copy.is_some() {
            steps.push(format!("copying is stopped on {to}, and on {from} where it can be reached"));
        }
        steps.push(format!("{from} is closed: its groups become {} alone", self.closed));
        steps.push(match (self.idle, &self.commands.stop) {
            (true, _) => format!("{from} has not served yet, and stays as it is"),
            (false, Some(_)) => {
                format!("its service is stopped; the machine is stopped where that is not confirmed")
            }
            (false, None) => format!(
                "{from} is stopped, since connections from before outlive a change of groups and it could still write"
            ),
        });
        if self.commands.start.is_some() {
            steps.push(format!("the service is started on {to}, while it is still closed"));
        }
        steps.push(format!("{to} is opened: its groups become {}", self.open));
        steps.push(format!("the address {ip} is moved to {to}"));
        steps.push(format!("{to} is recorded as the one that serves: a plan is empty afterwards"));
        steps
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn doing(&self) -> String {
        let (from, to) = (self.from.name(), self.to.name());
        match self.seconds() {
            None if self.ended.is_none() => format!("moves from {from} to {to}"),
            Some(seconds) if seconds > 0 => format!("was moved from {from} to {to} in {seconds} s"),
            _ => format!("was moved from {from} to {to}"),
        }
    }

    fn goes_on(&self) -> String {
        if self.back { "--back".to_owned() } else { String::new() }
    }

    fn gives_up(&self) -> Option<String> {
        (self.ended.is_none() && !self.back).then(|| "--back".to_owned())
    }

    fn holds(&self) -> bool {
        true
    }

    fn holds_along(&self) -> BTreeSet<Address> {
        [&self.from.address, &self.to.address, &self.address.address].into_iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests;
