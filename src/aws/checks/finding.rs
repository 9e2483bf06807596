//! The result of a check as a finding, and the time limit of a check.

use std::time::Duration;

use crate::engine::address::Address;
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::plan::{Finding, Level};

/// The result of a check, before it is known whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub level: Level,
    pub message: String,
    pub hint: Option<String>,
}

impl Verdict {
    /// Looked at, and in order.
    pub(super) fn passed(message: impl Into<String>) -> Self {
        Self { level: Level::Passed, message: message.into(), hint: None }
    }

    /// In the way of the plan.
    pub(super) fn error(message: impl Into<String>) -> Self {
        Self { level: Level::Error, message: message.into(), hint: None }
    }

    /// Not in the way, and yet to be known.
    pub(super) fn warning(message: impl Into<String>) -> Self {
        Self { level: Level::Warning, message: message.into(), hint: None }
    }

    /// `what` could not be looked at, and why: `the quota of DB instances (rds:Describe…: AccessDenied)`.
    pub(super) fn not_checked(what: &str, why: &CloudError) -> Self {
        Self::cannot_be_checked(what, &format!("{}: {}", why.operation, why.code))
    }

    /// `what` cannot be looked at, in words.
    pub(super) fn cannot_be_checked(what: &str, why: &str) -> Self {
        Self { level: Level::NotChecked, message: format!("{what} ({why})"), hint: None }
    }

    /// The verdict with what to do about it.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The finding of a check about one address.
    pub(super) fn of(self, check: &str, address: &Address) -> Finding {
        Finding { address: Some(address.clone()), ..self.of_all(check) }
    }

    /// The finding of a check about nothing in particular.
    pub(super) fn of_all(self, check: &str) -> Finding {
        let Self { level, message, hint } = self;
        Finding { check: check.to_owned(), address: None, level, message, hint, remedies: Vec::new() }
    }
}

/// The time that a check is waited for: a plan does not stand still for one.
const PATIENCE: Duration = Duration::from_secs(10);

/// The answer of a call, or that there was none in time.
pub(super) async fn in_time<T>(
    operation: Call,
    call: impl Future<Output = Result<T, CloudError>>,
) -> Result<T, CloudError> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(answer) => answer,
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            Err(CloudError::refused(operation, "TimedOut", format!("no answer within {seconds} seconds")))
        }
    }
}

/// `one`, `one and two`, `one, two and three`.
pub(super) fn list<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// `1 database`, `2 databases`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_check_without_an_answer_is_not_waited_for() {
        const CALL: Call = Call::read("kms:DescribeKey");
        let never = std::future::pending::<Result<(), CloudError>>();
        let error = in_time(CALL, never).await.expect_err("there is no answer");
        let verdict = Verdict::not_checked("key k-1", &error);
        assert_eq!(
            (verdict.level, verdict.message.as_str()),
            (Level::NotChecked, "key k-1 (kms:DescribeKey: TimedOut)")
        );
        assert_eq!(in_time(CALL, async { Ok(1) }).await, Ok(1));
    }

    #[test]
    fn lists_read_like_sentences() {
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(counted(1, "subnet"), "1 subnet");
        assert_eq!(counted(2, "subnet"), "2 subnets");
    }
}
