//! A run as the proxy knows it: its calls, their answers, and which of them something goes wrong with.

use std::collections::BTreeMap;

use crate::fault::{Does, Fault, Lasts};
use crate::http::Message;
use crate::operation::{Call, Operation};

/// One call of a run: the n-th of its operation, from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    pub operation: Operation,
    pub nth: usize,
}

/// The call of a run that a fault happens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    Site(Site),
    /// The first call that changes something.
    FirstChange,
    /// Every call of an operation, and of its rehearsal.
    Every(Operation),
}

/// A call, and what the program heard.
#[derive(Clone, Debug)]
pub struct Heard {
    pub call: Call,
    pub answer: Message,
}

/// One run, as it is seen from the proxy.
#[derive(Default)]
pub struct Transcript {
    armed: Option<(Trigger, Fault)>,
    pub hits: usize,
    counts: BTreeMap<Operation, usize>,
    pub calls: Vec<Call>,
    /// In the order of the answers.
    pub heard: Vec<Heard>,
    /// The last answer to each question, until the site of the fault.
    before: BTreeMap<Call, Message>,
    /// The number of times each question was asked after the site of the fault; absent before it.
    after: Option<BTreeMap<Call, usize>>,
}

impl Transcript {
    /// A run in which this goes wrong.
    pub fn armed(fault: Option<(Trigger, Fault)>) -> Self {
        Self { armed: fault, ..Self::default() }
    }

    /// Counts a call, and says what is to go wrong with it.
    pub fn fault_of(&mut self, call: &Call) -> Option<Fault> {
        self.calls.push(call.clone());
        *self.counts.entry(call.operation.clone()).or_default() += 1;
        let (trigger, fault) = self.armed.clone()?;
        let is_site = self.is_site(&trigger, call);
        let same_operation = matches!(&trigger, Trigger::Site(site) if site.operation == call.operation);
        let happens = match fault.behaviour().lasts {
            Lasts::Once => is_site,
            Lasts::Calls(most) => is_site || (self.hits > 0 && self.hits < most && same_operation),
            Lasts::Rest => is_site || self.hits > 0,
            Lasts::ReadsAfter(most) => self.is_in_the_aftermath(call, most, fault),
            Lasts::ReadsOfWhatIsNew(most) => {
                let is_of_it = matches!(&trigger, Trigger::Site(site)
                    if site.operation.makes_what_is_read_by(&call.operation));
                is_of_it && self.is_in_the_aftermath(call, most, fault)
            }
        };
        self.hits += usize::from(happens);
        happens.then_some(fault)
    }

    /// True if the call that was just counted is the one that is meant.
    fn is_site(&self, trigger: &Trigger, call: &Call) -> bool {
        match trigger {
            Trigger::Site(site) => {
                site.operation == call.operation && self.counts[&call.operation] == site.nth
            }
            Trigger::FirstChange => call.is_mutating() && self.hits == 0,
            Trigger::Every(operation) => operation.covers(&call.operation),
        }
    }

    /// True if a read after the site is one of those that are not told the truth.
    fn is_in_the_aftermath(&mut self, call: &Call, most: usize, fault: Fault) -> bool {
        let Some(after) = &mut self.after else { return false };
        let is_answerable =
            !matches!(fault.behaviour().does, Does::AnswerAsBefore) || self.before.contains_key(call);
        if call.is_mutating() || !is_answerable {
            return false;
        }
        let asked = after.entry(call.clone()).or_default();
        *asked += 1;
        *asked <= most
    }

    /// The server has answered a call. If that was the site of a fault with an aftermath, it begins.
    pub fn answered(&mut self, call: &Call) {
        let Some((trigger, fault)) = &self.armed else { return };
        let is_past = match trigger {
            Trigger::Site(site) => {
                site.operation == call.operation && self.counts[&call.operation] >= site.nth
            }
            Trigger::FirstChange => call.is_mutating(),
            Trigger::Every(operation) => operation.covers(&call.operation),
        };
        let has_one = matches!(fault.behaviour().lasts, Lasts::ReadsAfter(_) | Lasts::ReadsOfWhatIsNew(_));
        if is_past && has_one {
            self.after.get_or_insert_default();
        }
    }

    /// True if the run came to the site. After it, there may have been no question for the fault to happen to: two calls that are
    /// made at once are answered sometimes before and sometimes after the questions about the first of them.
    pub fn is_past_the_site(&self) -> bool {
        self.hits > 0 || self.after.is_some()
    }

    /// The last answer to a question before the site.
    pub fn before(&self, question: &Call) -> Option<Message> {
        self.before.get(question).cloned()
    }

    /// Notes what the program heard.
    pub fn note(&mut self, call: Call, answer: Message) {
        if self.after.is_none() {
            self.before.insert(call.clone(), answer.clone());
        }
        self.heard.push(Heard { call, answer });
    }
}
