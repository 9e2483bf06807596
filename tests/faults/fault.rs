//! The faults: what goes wrong with one call, and what may be expected of a run that meets it.
//! A new fault is one variant, one line of [`ALL`], and one arm of [`Fault::behaviour`].

use std::time::Duration;

use crate::answers::{busy, garbled, gateway_page, half, nothing, with_a_wrong_length, without_content};
use crate::http::Message;
use crate::operation::Operation;
use crate::proxy::Heard;

/// A way in which one call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Refused: asked too often.
    Throttled,
    /// The same, and the next two calls of the operation are refused as well.
    ThrottledAgain,
    /// 500, without acting.
    ServerError,
    /// 503, without acting.
    Unavailable,
    /// Refused: not allowed.
    Denied,
    /// Refused: the credentials have expired.
    Expired,
    /// The credentials have expired, for this call and all that follow.
    ExpiredForGood,
    /// The connection is reset before the server sees the call.
    ResetBefore,
    /// Every connection is reset, and for a moment nothing listens: new ones are refused.
    Outage,
    /// The server acts, and the connection is reset without an answer.
    LostAnswer,
    /// The server acts, and half of its answer arrives.
    Truncated,
    /// The server acts, and its answer is shorter than its head says.
    WrongLength,
    /// The server acts, and an answer without content arrives.
    Empty,
    /// The server acts, and what arrives is not what the protocol says.
    Garbled,
    /// The server acts, and some gateway answers with its own page.
    GatewayPage,
    /// The answer takes a second.
    Slow,
    /// The server gets the call twice, and what arrives is its second answer.
    Twice,
    /// The server acts, and for a while what was asked before is answered as before.
    Stale,
    /// The server makes something, and for a while reads of such objects find nothing.
    Unseen,
    /// A read answers with what is true, but with everything still on its way.
    Busy,
    /// The same for this read and the next three of its operation.
    BusyForLong,
    /// A read finds nothing, though there is something.
    NotFound,
    /// The server acts, the program is asked to stop, and then it gets the answer.
    Interrupted,
    /// The server acts, the program is asked to stop, and the answer never comes.
    InterruptedInVain,
    /// The server acts; the program is suspended, and has no connection any more when it goes on.
    Asleep,
    /// The server acts, and the answer waits until it is let go. Not in the matrix: for stories with two runs.
    Withheld,
    /// The program is killed.
    Kill(Moment),
}

/// When the program is killed, seen from one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// The call has arrived at the proxy.
    Arrived,
    /// The server is about to get it.
    BeforeForward,
    /// The server has it, and has not answered.
    Forwarded,
    /// The server has answered, and the program has not got the answer.
    Answered,
    /// The program has half of the answer.
    HalfReplied,
    /// The program has the answer.
    Replied,
}

/// The faults of the matrix.
pub const ALL: &[Fault] = &[
    Fault::Throttled,
    Fault::ThrottledAgain,
    Fault::ServerError,
    Fault::Unavailable,
    Fault::Denied,
    Fault::Expired,
    Fault::ExpiredForGood,
    Fault::ResetBefore,
    Fault::Outage,
    Fault::LostAnswer,
    Fault::Truncated,
    Fault::WrongLength,
    Fault::Empty,
    Fault::Garbled,
    Fault::GatewayPage,
    Fault::Slow,
    Fault::Twice,
    Fault::Stale,
    Fault::Unseen,
    Fault::Busy,
    Fault::BusyForLong,
    Fault::NotFound,
    Fault::Interrupted,
    Fault::InterruptedInVain,
    Fault::Asleep,
    Fault::Kill(Moment::Arrived),
    Fault::Kill(Moment::BeforeForward),
    Fault::Kill(Moment::Forwarded),
    Fault::Kill(Moment::Answered),
    Fault::Kill(Moment::HalfReplied),
    Fault::Kill(Moment::Replied),
];

/// The result that a run which meets a fault must come to by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The same run does everything that it set out to do.
    Converges,
    /// The run ends with an error, or goes on where it can; the next one finishes.
    Stops,
    /// The same, and the error names the operation.
    StopsByName,
    /// The same, and the error says this.
    Says(&'static str),
    /// The run ends within five seconds, with the exit code of an interrupt unless there was nothing left to do.
    EndsSoon,
    /// The run is dead.
    Dies,
}

/// A fault as the proxy carries it out and the oracle judges it.
#[derive(Clone, Copy)]
pub struct Behaviour {
    pub does: Does,
    pub lasts: Lasts,
    /// The result of a run in which it happens to a change; absent where it cannot.
    of_changes: Option<Expected>,
    /// The same of a read.
    of_reads: Option<Expected>,
}

/// The treatment that a call gets.
#[derive(Clone, Copy)]
pub enum Does {
    /// The server does not see it; this is the answer.
    Refuse(fn(&Operation) -> Message),
    /// The server does not see it, and the connection is closed.
    Reset,
    /// The same for every connection, and for this long nothing listens.
    Outage(Duration),
    /// The server acts, and this is made of its answer.
    Spoil(fn(&Message) -> Message),
    /// The server acts, these bytes are made of its answer, and then the connection is closed.
    Cut(fn(&Message) -> Vec<u8>),
    Delay(Duration),
    /// The server gets it twice.
    Repeat,
    /// The answer that the same question got before.
    AnswerAsBefore,
    /// The server acts, the program is interrupted, and gets the answer or never does.
    Interrupt {
        answered: bool,
    },
    /// The server acts, and the program sleeps until its connections are closed.
    Suspend,
    /// The server acts, and the answer waits.
    Withhold,
    Kill(Moment),
}

/// To how many calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    Once,
    /// To so many calls of the operation, from the site on.
    Calls(usize),
    /// To every call from the site on.
    Rest,
    /// Not to the site itself, but to so many reads of each question after it.
    ReadsAfter(usize),
    /// The same, of questions for what the site makes.
    ReadsOfWhatIsNew(usize),
}

impl Behaviour {
    const fn new(does: Does, of_changes: Option<Expected>, of_reads: Option<Expected>) -> Self {
        Self { does, lasts: Lasts::Once, of_changes, of_reads }
    }

    const fn both(does: Does, expected: Expected) -> Self {
        Self::new(does, Some(expected), Some(expected))
    }

    const fn lasting(self, lasts: Lasts) -> Self {
        Self { lasts, ..self }
    }

    /// The result that may be expected of the run; absent when the fault cannot happen to such a call.
    pub fn expected(&self, operation: &Operation) -> Option<Expected> {
        if operation.is_mutating() { self.of_changes } else { self.of_reads }
    }
}

impl Fault {
    /// All that there is to know of a fault.
    pub fn behaviour(self) -> Behaviour {
        use Expected::{Converges, Dies, EndsSoon, Says, Stops, StopsByName};
        let second = Duration::from_secs(1);
        let throttled = Does::Refuse(|operation| operation.refusal(400, operation.throttling_code()));
        let expired = Does::Refuse(|operation| operation.refusal(403, "ExpiredToken"));
        // The program cannot know that this read was not told the truth; what was planned on it is refused later, or is
        // harmless. After a change whose answer is not understood, the object is read back.
        let misread = |does| Behaviour::new(does, Some(Converges), Some(Stops));
        let of_changes = |does, expected| Behaviour::new(does, Some(expected), None);
        let of_reads = |does, expected| Behaviour::new(does, None, Some(expected));
        match self {
            Self::Throttled => Behaviour::both(throttled, Converges),
            Self::ThrottledAgain => Behaviour::both(throttled, Converges).lasting(Lasts::Calls(3)),
            Self::ServerError => {
                Behaviour::both(Does::Refuse(|o| o.refusal(500, "InternalFailure")), Converges)
            }
            Self::Unavailable => {
                Behaviour::both(Does::Refuse(|o| o.refusal(503, "ServiceUnavailable")), Converges)
            }
            Self::Denied => Behaviour::both(Does::Refuse(|o| o.refusal(403, o.denial_code())), StopsByName),
            Self::Expired => Behaviour::both(expired, StopsByName),
            // The first call that cannot be made again is named.
            Self::ExpiredForGood => Behaviour::both(expired, Says("ExpiredToken")).lasting(Lasts::Rest),
            Self::ResetBefore => Behaviour::both(Does::Reset, Converges),
            Self::Outage => Behaviour::both(Does::Outage(second), Converges),
            Self::LostAnswer => Behaviour::both(Does::Cut(|_| Vec::new()), Converges),
            Self::Truncated => misread(Does::Cut(half)),
            Self::WrongLength => misread(Does::Cut(with_a_wrong_length)),
            Self::Empty => of_changes(Does::Spoil(without_content), Converges),
            Self::Garbled => misread(Does::Spoil(garbled)),
            Self::GatewayPage => misread(Does::Spoil(gateway_page)),
            Self::Slow => Behaviour::both(Does::Delay(second), Converges),
            Self::Twice => of_changes(Does::Repeat, Converges),
            Self::Stale => of_changes(Does::AnswerAsBefore, Converges).lasting(Lasts::ReadsAfter(3)),
            Self::Unseen => of_changes(Does::Spoil(nothing), Converges).lasting(Lasts::ReadsOfWhatIsNew(3)),
            Self::Busy => of_reads(Does::Spoil(busy), Converges),
            Self::BusyForLong => of_reads(Does::Spoil(busy), Converges).lasting(Lasts::Calls(4)),
            Self::NotFound => of_reads(Does::Spoil(nothing), Stops),
            Self::Interrupted => of_changes(Does::Interrupt { answered: true }, EndsSoon),
            Self::InterruptedInVain => of_changes(Does::Interrupt { answered: false }, EndsSoon),
            Self::Asleep => of_changes(Does::Suspend, Converges),
            Self::Withheld => Behaviour::both(Does::Withhold, Converges),
            Self::Kill(moment) => of_changes(Does::Kill(moment), Dies),
        }
    }

    /// True if the fault can happen to this call of a run, and makes a difference to what the program hears.
    pub fn fits(self, run: &[Heard], place: usize) -> bool {
        let behaviour = self.behaviour();
        let Heard { call, answer } = &run[place];
        if behaviour.expected(&call.operation).is_none() {
            return false;
        }
        let is_spoilt = |spoil: fn(&Message) -> Message, answer: &Message| spoil(answer).body != answer.body;
        let reads_after = || run[place + 1..].iter().filter(|heard| !heard.call.is_mutating());
        match (behaviour.does, behaviour.lasts) {
            (Does::Spoil(spoil), Lasts::ReadsOfWhatIsNew(_)) => reads_after().any(|heard| {
                call.operation.makes_what_is_read_by(&heard.call.operation) && is_spoilt(spoil, &heard.answer)
            }),
            // Questions before the first change were asked for the plan, in every run; the order of the calls after that is
            // chance.
            (Does::AnswerAsBefore, _) => reads_after().any(|after| {
                let mut planned = run.iter().take_while(|heard| !heard.call.is_mutating());
                let before = planned.find(|heard| heard.call == after.call);
                before.is_some_and(|before| !before.answer.says_the_same(&after.answer))
            }),
            (Does::Spoil(spoil), _) => is_spoilt(spoil, answer),
            _ => true,
        }
    }

    /// The name in a case's name: `lost-answer`, `kill-forwarded`.
    pub fn name(self) -> String {
        let words = |text: String| {
            let mut name = String::new();
            for (place, letter) in text.char_indices() {
                if letter.is_ascii_uppercase() && place > 0 {
                    name.push('-');
                }
                name.push(letter.to_ascii_lowercase());
            }
            name
        };
        match self {
            Self::Kill(moment) => format!("kill-{}", words(format!("{moment:?}"))),
            other => words(format!("{other:?}")),
        }
    }
}
