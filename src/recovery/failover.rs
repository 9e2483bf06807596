//! The failover of a pair: the machine that serves is fenced, and the other one serves in its place.

mod fence;
pub mod lag;
mod next;
mod record;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::address::Address;

use super::course::{Course, Next};
use super::status::seconds_between;
pub use fence::{Fenced, Groups, Machine, Silence};
use lag::Lag;
pub use record::{Asked, Call, Commands, Elastic, Errand, Observed, Place, Run, Sent, Side};
pub use step::Step;

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
    /// True where the address was released at the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_released: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
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

    /// True where clients reach the machine that is to serve, or did: also through others, whom the record knows nothing of.
    pub fn may_be_used(&self, observed: &Observed) -> bool {
        let is_reached = observed.place == Place::At(self.to.id.to_string());
        self.opened || is_reached || observed.to.as_ref().is_some_and(|to| to.has_group(&self.open))
    }

    /// True where the machine that serves since the last failover is open and has the address.
    pub fn serves_as_left(&self, observed: &Observed) -> bool {
        let is_open = observed.to.as_ref().is_some_and(|to| to.has_group(&self.open));
        is_open && observed.place == Place::At(self.to.id.to_string())
    }

    /// Notes that a run goes on with it. What a command did for an earlier run may be undone by now: all are sent again.
    pub fn resume(&mut self, observed: &Observed, now: Timestamp) {
        self.since = Some(now);
        let is_reached = observed.place == Place::At(self.from.id.to_string());
        if is_reached || observed.from.as_ref().is_some_and(|from| from.has_group(&self.open)) {
            self.idle = false;
        }
        self.sent.values_mut().for_each(|sent| sent.of_before = true);
    }

    /// Turns round in the middle: the machine that served is to serve again.
    pub fn turn(&mut self, observed: &Observed, now: Timestamp) {
        self.since = Some(now);
        let is_idle = !self.serves && !self.may_be_used(observed);
        std::mem::swap(&mut self.from, &mut self.to);
        (self.idle, self.serves, self.opened) = (is_idle, false, false);
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
        (self.idle, self.back) = (false, false);
        self.sent.clear();
        (self.journal, self.recorded, self.asked) = (journal, false, None);
        (self.begun, self.since, self.shut, self.moved, self.ended) = (None, None, None, None, None);
        (self.serves, self.opened) = (true, true);
        let (from, to) = (self.from.name(), self.to.name());
        self.notes = vec![format!(
            "others have changed what the last failover made; what was written on {from} since is lost to {to}"
        )];
        self.is_released = false;
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
    pub fn end(&mut self, observed: &Observed, now: Timestamp) {
        (self.ended, self.asked) = (Some(now), None);
        self.is_released = observed.place == Place::Gone;
    }

    /// The seconds from the first call to the end.
    pub fn seconds(&self) -> Option<i64> {
        Some(seconds_between(self.begun?, self.ended?))
    }

    /// The seconds for which no machine took new connections at the address.
    pub fn silent_seconds(&self) -> Option<i64> {
        Some(seconds_between(self.shut?, self.moved?))
    }
}

impl Course for Failover {
    const COMMAND: &'static str = "failover";
    type Observed = Observed;
    type Step = Step;

    fn next(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        let name = self.to.name();
        let Some(to) = observed.to.as_ref().filter(|to| !to.is_leaving()) else {
            return self.gone(observed);
        };
        if let Place::At(other) = &observed.place
            && *other != *self.from.id.as_str()
            && *other != *self.to.id.as_str()
        {
            return self.moved_away(other);
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
            // Of an address that is released, the next apply makes another one.
            () if observed.place != Place::Gone && observed.place != Place::At(self.to.id.to_string()) => {
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
            // The one of an earlier run may be found by its comment, and says nothing of now.
            let is_another = |sent: &Sent| sent.id.is_some() || sent.unreachable || sent.of_before;
            let attempt = before.map_or(0, |sent| sent.attempt + u32::from(is_another(sent)));
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
        steps.push(format!("{from} is closed: its groups become the closed one alone ({}). Clients have no service until the address is moved", self.closed));
        steps.push(match (self.idle, &self.commands.stop) {
            (true, Some(_)) => format!("{from} has not served yet; it is told to stop all the same"),
            (true, None) => format!("{from} has not served yet, and stays as it is"),
            (false, Some(_)) => {
                "its service is stopped; the machine is stopped where that is not confirmed".to_owned()
            }
            (false, None) => format!(
                "{from} is stopped, since connections from before outlive a change of groups and it could still write"
            ),
        });
        if self.commands.start.is_some() {
            steps.push(format!("the service is started on {to}, while it is still closed: 15 min at most"));
        }
        steps.push(format!("{to} is opened: its groups become the open one ({})", self.open));
        steps.push(format!("the address {ip} is moved to {to}"));
        steps.push(format!(
            "{to} is recorded as the one that serves: a plan is empty afterwards; then its port is tried at the address, where the pair has one"
        ));
        steps
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn doing(&self) -> String {
        let (from, to) = (self.from.name(), self.to.name());
        match self.seconds() {
            None if self.ended.is_none() => format!("is moving from {from} to {to}"),
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
