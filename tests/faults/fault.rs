//! The faults: what goes wrong with one call, and what may be expected of a run that meets it.
//! Knows nothing of the proxy that makes them happen.

use crate::http::Message;
use crate::operation::Operation;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Refused: asked too often.
    Throttled,
    /// 500, without acting.
    ServerError,
    /// 503, without acting.
    Unavailable,
    /// Refused: not allowed.
    Denied,
    /// Refused: the credentials have expired.
    Expired,
    /// The connection is reset before the server sees the call.
    ResetBefore,
    /// The server acts, and the connection is reset without an answer.
    LostAnswer,
    /// The server acts, and half of its answer arrives.
    Truncated,
    /// The server acts, and an answer without content arrives.
    Empty,
    /// The server acts, and what arrives is not what the protocol says.
    Garbled,
    /// The server acts, and some gateway answers with its own page.
    GatewayPage,
    /// The answer takes a second.
    Slow,
    /// A read answers with what is true, but with everything still on its way.
    Busy,
    /// A read finds nothing, though there is something.
    NotFound,
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

pub const MOMENTS: [Moment; 6] = [
    Moment::Arrived,
    Moment::BeforeForward,
    Moment::Forwarded,
    Moment::Answered,
    Moment::HalfReplied,
    Moment::Replied,
];

/// What can go wrong with a call that changes something.
pub const OF_CHANGES: [Fault; 12] = [
    Fault::Throttled,
    Fault::ServerError,
    Fault::Unavailable,
    Fault::Denied,
    Fault::Expired,
    Fault::ResetBefore,
    Fault::LostAnswer,
    Fault::Truncated,
    Fault::Empty,
    Fault::Garbled,
    Fault::GatewayPage,
    Fault::Slow,
];

/// What can go wrong with a call that only reads.
pub const OF_READS: [Fault; 13] = [
    Fault::Throttled,
    Fault::ServerError,
    Fault::Unavailable,
    Fault::Denied,
    Fault::Expired,
    Fault::ResetBefore,
    Fault::LostAnswer,
    Fault::Truncated,
    Fault::Garbled,
    Fault::GatewayPage,
    Fault::Slow,
    Fault::Busy,
    Fault::NotFound,
];

/// What a run that meets a fault must come to by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The same run does everything that it set out to do.
    Converges,
    /// The run ends with an error, or goes on where it can; the next one finishes.
    StopsOrConverges,
    /// The run is dead.
    Dies,
}

impl Fault {
    /// What may be expected of the run.
    pub fn expected(self, operation: &Operation) -> Expected {
        match self {
            Self::Kill(_) => Expected::Dies,
            Self::Denied | Self::Expired => Expected::StopsOrConverges,
            // Whoever asks cannot know that this read was not told the truth; what was planned on it is refused later,
            // or is harmless.
            Self::NotFound | Self::Truncated | Self::Empty | Self::Garbled | Self::GatewayPage
                if !operation.is_mutating() =>
            {
                Expected::StopsOrConverges
            }
            _ => Expected::Converges,
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

    /// The answer that the program gets instead of the server's, which does not see the call.
    pub fn instead(self, operation: &Operation) -> Option<Message> {
        match self {
            Self::Throttled => Some(operation.refusal(400, operation.throttling_code())),
            Self::ServerError => Some(operation.refusal(500, "InternalFailure")),
            Self::Unavailable => Some(operation.refusal(503, "ServiceUnavailable")),
            Self::Denied => Some(operation.refusal(403, operation.denial_code())),
            Self::Expired => Some(operation.refusal(403, "ExpiredToken")),
            _ => None,
        }
    }

    /// What becomes of the server's answer.
    pub fn spoil(self, mut answer: Message) -> Message {
        match self {
            Self::Empty => {
                answer.body = if is_json(&answer) { b"{}".to_vec() } else { Vec::new() };
            }
            Self::Garbled => answer.body = answer.body.iter().rev().copied().collect(),
            Self::GatewayPage => {
                return Message::answer(502, "text/html", "<html><body>Bad gateway</body></html>");
            }
            Self::Busy => {
                let text = String::from_utf8_lossy(&answer.body);
                answer.body = text
                    .replace("<DBInstanceStatus>available<", "<DBInstanceStatus>modifying<")
                    .replace(r#""LifeCycleState":"available""#, r#""LifeCycleState":"updating""#)
                    .replace(r#""LifeCycleState": "available""#, r#""LifeCycleState": "updating""#)
                    .into_bytes();
            }
            Self::NotFound => return nothing(answer),
            _ => {}
        }
        answer
    }
}

/// The same answer with nothing in its lists.
fn nothing(mut answer: Message) -> Message {
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    if is_json(&answer) {
        if let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_str(&text) {
            for value in fields.values_mut().filter(|value| value.is_array()) {
                *value = serde_json::json!([]);
            }
            answer.body = serde_json::Value::Object(fields).to_string().into_bytes();
        }
        return answer;
    }
    let lists = [
        "DBInstances",
        "DBSubnetGroups",
        "DBParameterGroups",
        "vpcSet",
        "subnetSet",
        "securityGroupInfo",
        "securityGroupRuleSet",
        "networkInterfaceSet",
    ];
    let mut text = text;
    for list in lists {
        let (open, close) = (format!("<{list}>"), format!("</{list}>"));
        if let (Some(from), Some(to)) = (text.find(&open), text.rfind(&close)) {
            text.replace_range(from + open.len()..to, "");
        }
    }
    answer.body = text.into_bytes();
    answer
}

fn is_json(answer: &Message) -> bool {
    answer.header("content-type").is_some_and(|kind| kind.contains("json"))
}
