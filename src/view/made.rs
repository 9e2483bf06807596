//! The making of a plan, for people: it is no part of the plan, which has the same digest whenever it is made.

use jiff::Timestamp;

/// When a plan was made, by which version of this program, and with whose credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The time at which AWS had been looked at.
    pub at: Timestamp,
    pub version: String,
    /// The ARN of the credentials, where it is known.
    pub by: Option<String>,
}

impl Made {
    /// The time: `2026-11-20 12:00 UTC`.
    pub(super) fn time(&self) -> String {
        self.at.strftime("%Y-%m-%d %H:%M UTC").to_string()
    }
}
