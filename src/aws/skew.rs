//! A call that was refused for the time of its signature was not carried out: it may be sent again, with the clock put right.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};

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

fn is_refused_for_its_time(response: &HttpResponse) -> bool {
    let in_header = response.headers().get("x-amzn-errortype").unwrap_or_default();
    let in_body = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let is_refusal = (400..500).contains(&response.status().as_u16());
    is_refusal && CODES.iter().any(|code| in_header.contains(code) || in_body.contains(code))
}
