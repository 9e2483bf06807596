//! A call that was refused for the time of its signature was not carried out: it may be sent again, with the clock put right.

use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// Forbids to repeat a call that changes something, but for one that says that the clock is wrong. The SDK takes AWS's time from
/// that answer, and signs the next attempt with it.
#[derive(Debug)]
pub(super) struct Skew;

/// "Troubleshoot Signature Version 4 signing for AWS API requests", IAM User Guide; and EC2's own ("Error codes for the Amazon EC2
/// API").
const CODES: [&str; 6] = [
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "AuthFailure",
];

impl ClassifyRetry for Skew {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response) if is_refused_for_its_time(response) => RetryAction::transient_error(),
            _ => RetryAction::RetryForbidden,
        }
    }

    fn name(&self) -> &'static str {
        "Skew"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// Repeats a read that was refused for its time where the clocks differ. By itself the SDK knows some of the codes, and not the one of
/// EC2, which stands for credentials that have expired too.
#[derive(Debug)]
pub(super) struct OfReads;

/// The difference from which AWS refuses a signature ("Troubleshoot Signature Version 4 signing for AWS API requests", IAM User Guide).
const TOO_FAR: Duration = Duration::from_secs(4 * 60);

impl ClassifyRetry for OfReads {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response)
                if is_refused_for_its_time(response) && is_far_from(response, SystemTime::now()) =>
            {
                RetryAction::transient_error()
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "OfReads"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// True where AWS's clock, as its answer says, is far from this one.
fn is_far_from(response: &HttpResponse, now: SystemTime) -> bool {
    let said = response.headers().get("date");
    let theirs = said.and_then(|text| DateTime::from_str(text, Format::HttpDate).ok());
    let theirs = theirs.and_then(|time| SystemTime::try_from(time).ok());
    theirs.is_some_and(|theirs| {
        let apart = now.duration_since(theirs).or_else(|_| theirs.duration_since(now)).unwrap_or_default();
        apart >= TOO_FAR
    })
}

fn is_refused_for_its_time(response: &HttpResponse) -> bool {
    let in_header = response.headers().get("x-amzn-errortype").unwrap_or_default();
    let in_body = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let is_refusal = (400..500).contains(&response.status().as_u16());
    is_refusal && CODES.iter().any(|code| in_header.contains(code) || in_body.contains(code))
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn a_clock_is_far_from_that_of_aws_after_some_minutes_only() {
        let mut answer = HttpResponse::new(StatusCode::try_from(400).expect("a status"), SdkBody::empty());
        assert!(!is_far_from(&answer, SystemTime::now()), "an answer without a date says nothing");
        answer.headers_mut().insert("date", "Sun, 29 Nov 2026 12:00:00 GMT");
        let theirs = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_953_600);
        for (minutes, is_far) in [(0, false), (3, false), (5, true), (20, true)] {
            let apart = Duration::from_secs(minutes * 60);
            assert_eq!(is_far_from(&answer, theirs + apart), is_far, "{minutes} minutes later");
            assert_eq!(is_far_from(&answer, theirs - apart), is_far, "{minutes} minutes earlier");
        }
    }
}
