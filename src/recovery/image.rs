//! The build of a machine image: a machine is made like one of the stack, says that its user data is done, is stopped, and becomes an image.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::document::Document;
use crate::engine::resource::Id;
use crate::engine::state::Kept;

use super::course::{Course, Next, Refusal};
use super::failover::Run;
use super::status::seconds_between;

/// A request whose answer was lost has shown itself by then.
const SHOWS_ITSELF: i64 = 20;
/// EC2 shows what it was told after a few seconds ("Eventual consistency", EC2 API reference).
const LAG: i64 = 5;
/// The agent of a new machine is waited for so long.
const COMES_WITHIN: i64 = 15 * 60;

/// The command that ends when user data is done, and fails where that failed.
pub const SIGNAL: &str = "cloud-init status --wait";

/// The fields of a machine that its image is made of: with other values, it is another image.
pub const CONTENT: [&str; 3] = ["ami", "user_data", "root_volume_size"];

/// The record of a build.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The instance's name in the stack file.
    pub instance: String,
    /// The image's name, which has the digest of its content.
    pub name: String,
    /// The inputs of the machine that it is made of.
    pub inputs: Document,
    /// The beginning of the comment of its command.
    pub journal: String,
    /// Absent until EC2 has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Id>,
    /// The command that waits for the user data, once it is sent, with its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<Signal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The image's id, at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

/// The command that waits for the user data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The last call, when it was made, and whether EC2 answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    pub step: Step,
    pub at: Timestamp,
    #[serde(default)]
    pub answered: bool,
}

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Make,
    Signal,
    Stop,
    Create,
    Terminate,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Make => "make a machine",
            Self::Signal => "wait for its user data",
            Self::Stop => "stop it",
            Self::Create => "make the image",
            Self::Terminate => "terminate the machine",
        })
    }
}

/// The machine and the image as EC2 shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The state of the machine, and true where its agent is online.
    pub machine: Option<(String, bool)>,
    pub signal: Run,
    /// The id and the state of the image of this name.
    pub image: Option<(String, String)>,
}

impl Build {
    /// Notes the answer of the last call.
    pub fn answered(&mut self) {
        if let Some(asked) = &mut self.asked {
            asked.answered = true;
        }
    }

    fn once(&self, step: Step, now: Timestamp, waiting: String) -> Next<Step> {
        let same = self.asked.filter(|asked| asked.step == step);
        match same.map(|asked| (asked.answered, seconds_between(asked.at, now))) {
            Some((true, since)) if since < LAG => Next::Wait(waiting),
            Some((false, since)) if since < SHOWS_ITSELF => Next::Wait(waiting),
            _ => Next::Do(step),
        }
    }

    fn again(&self) -> String {
        format!("when that is mended: provision image {}", self.instance)
    }

    /// The machine goes first, and then the failure is told: the next run makes another one.
    fn fail(&self, state: &str, why: &str, now: Timestamp) -> Next<Step> {
        match state {
            "terminated" | "shutting-down" => Next::Refuse(Refusal::new(why, Some(self.again()))),
            _ => self.once(Step::Terminate, now, "the machine is to go".to_owned()),
        }
    }

    /// The steps with a machine that is there, until there is an image.
    fn with_machine(&self, state: &str, is_reached: bool, signal: &Run, now: Timestamp) -> Next<Step> {
        let status = || format!("the machine is {state}");
        if let Run::Failed(why) = signal {
            return self.fail(state, &format!("the user data of {} has failed: {why}", self.instance), now);
        }
        let is_done = *signal == Run::Succeeded;
        match state {
            "running" if is_done => self.once(Step::Stop, now, status()),
            "running" => match (&self.signal, signal) {
                (_, Run::Going(status)) => Next::Wait(format!("its user data is {status}")),
                (Some(sent), _) if sent.id.is_some() || seconds_between(sent.at, now) < SHOWS_ITSELF => {
                    Next::Wait("the command that waits for its user data is to show itself".to_owned())
                }
                _ if is_reached => Next::Do(Step::Signal),
                _ if self.since.is_some_and(|since| seconds_between(since, now) > COMES_WITHIN) => {
                    let why = "the agent of Systems Manager does not come online: the machine needs a role with AmazonSSMManagedInstanceCore and a way \
                               out on port 443";
                    self.fail(state, why, now)
                }
                _ => Next::Wait("the agent of the machine is to come online".to_owned()),
            },
            "stopped" if is_done => self.once(Step::Create, now, "the image is to show itself".to_owned()),
            "stopped" => self.fail(state, "the machine was stopped before its user data was done", now),
            "terminated" | "shutting-down" => {
                Next::Refuse(Refusal::new("the machine of the image is gone", Some(self.again())))
            }
            _ => Next::Wait(status()),
        }
    }
}

impl Course for Build {
    const COMMAND: &'static str = "image";
    type Observed = Observed;
    type Step = Step;

    fn next(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        let machine = observed.machine.as_ref().filter(|(state, _)| state != "terminated");
        match &observed.image {
            Some((_, state)) if state == "available" => match machine {
                Some((state, _)) if state != "shutting-down" => {
                    self.once(Step::Terminate, now, "the machine is to go".to_owned())
                }
                _ => Next::Done,
            },
            Some((id, state)) if matches!(state.as_str(), "failed" | "error" | "invalid") => {
                let name = &self.instance;
                let hint = format!(
                    "take it away: aws ec2 deregister-image --image-id {id}; then: provision image {name}"
                );
                Next::Refuse(Refusal::midway(format!("the image {id} is {state}"), Some(hint)))
            }
            Some((id, state)) => Next::Wait(format!("the image {id} is {state}")),
            None => match (machine, &self.machine) {
                (Some((state, reached)), _) => self.with_machine(state, *reached, &observed.signal, now),
                (None, None) => self.once(Step::Make, now, "the machine is to show itself".to_owned()),
                (None, Some(_)) => match &observed.signal {
                    Run::Failed(why) => Next::Refuse(Refusal::new(
                        format!("the user data of {} has failed: {why}", self.instance),
                        Some(self.again()),
                    )),
                    _ => Next::Refuse(Refusal::new("the machine of the image is gone", Some(self.again()))),
                },
            },
        }
    }

    fn intend(&mut self, step: &Step, now: Timestamp) {
        self.since = Some(now);
        if *step == Step::Signal {
            self.signal = Some(Signal { at: now, id: None });
        }
        self.asked = Some(Asked { step: *step, at: now, answered: false });
    }

    fn steps(&self) -> Vec<String> {
        vec![
            format!("a machine is made like {}, without its volumes", self.instance),
            "its user data is waited for, up to 50 min: `cloud-init status --wait`, by Systems Manager. The machine is charged until the end".to_owned(),
            format!("it is stopped, and becomes the image {}: some minutes, and more for a large root volume", self.name),
            "the machine is terminated".to_owned(),
        ]
    }

    fn doing(&self) -> String {
        match &self.image {
            None => format!("is becoming the image {}", self.name),
            Some(image) => format!("became the image {} ({image})", self.name),
        }
    }

    fn keeps(&self) -> Vec<Kept> {
        match &self.image {
            None => vec![Kept { id: self.machine.clone(), name: format!("{}/image", self.instance) }],
            Some(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).expect("a time")
    }

    fn build() -> Build {
        Build {
            instance: "web".to_owned(),
            name: "shop-web-0123456789ab".to_owned(),
            inputs: Document::new(),
            journal: "j".to_owned(),
            machine: None,
            signal: None,
            asked: None,
            since: None,
            image: None,
        }
    }

    fn nothing() -> Observed {
        Observed { machine: None, signal: Run::Unseen, image: None }
    }

    /// Changes what EC2 shows as a step does.
    fn carried_out(step: Step, observed: &mut Observed, ends: &Run) {
        match step {
            Step::Make => observed.machine = Some(("running".to_owned(), true)),
            Step::Signal => observed.signal = ends.clone(),
            Step::Stop => observed.machine = Some(("stopped".to_owned(), false)),
            Step::Create => observed.image = Some(("ami-1".to_owned(), "available".to_owned())),
            Step::Terminate => observed.machine = Some(("terminated".to_owned(), false)),
        }
    }

    /// Carries a build out; the run ends at a step, before the call or after it without its answer.
    fn steps(ends: &Run, stopped: Option<(Step, bool)>) -> (Vec<Step>, Result<(), String>) {
        let (mut build, mut observed, mut stopped) = (build(), nothing(), stopped);
        let mut steps = Vec::new();
        for second in 0..1_000 {
            match build.next(&observed, at(second)) {
                Next::Done => return (steps, Ok(())),
                Next::Wait(_) => {}
                Next::Refuse(refusal) => return (steps, Err(refusal.message)),
                Next::Do(step) => {
                    build.intend(&step, at(second));
                    let stop = stopped.take_if(|(at, _)| *at == step);
                    if stop.is_none_or(|(_, after)| after) {
                        carried_out(step, &mut observed, ends);
                        steps.push(step);
                    }
                    if stop.is_none() {
                        match step {
                            Step::Make => build.machine = Some(Id::new("i-1")),
                            Step::Signal => {
                                build.signal.as_mut().expect("it is sent").id = Some("c".to_owned())
                            }
                            _ => {}
                        }
                        build.answered();
                    }
                }
            }
        }
        panic!("it has no end: {steps:?}")
    }

    const ALL: [Step; 5] = [Step::Make, Step::Signal, Step::Stop, Step::Create, Step::Terminate];

    #[test]
    fn a_run_that_ends_at_any_step_is_gone_on_with_and_no_step_is_done_twice() {
        assert_eq!(steps(&Run::Succeeded, None), (ALL.to_vec(), Ok(())));
        for step in ALL {
            for after in [false, true] {
                assert_eq!(
                    steps(&Run::Succeeded, Some((step, after))),
                    (ALL.to_vec(), Ok(())),
                    "{step:?} {after}"
                );
            }
        }
    }

    #[test]
    fn user_data_that_fails_makes_no_image_and_leaves_no_machine() {
        let (steps, told) = steps(&Run::Failed("code 1".to_owned()), None);
        assert_eq!(steps, [Step::Make, Step::Signal, Step::Terminate]);
        assert!(told.expect_err("it is told").contains("code 1"));
    }
}
