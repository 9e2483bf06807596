//! AWS with answers written beforehand, which keeps every request.

use std::collections::BTreeMap;
use std::future::ready;

use aws_config::SdkConfig;
use aws_sdk_rds::config::{
    AsyncSleep, BehaviorVersion, Credentials, Region, SharedCredentialsProvider, Sleep, retry::RetryConfig,
};
use aws_smithy_http_client::test_util::{ReplayEvent, StaticReplayClient};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use provision::address::Address;
use provision::aws::Aws;
use provision::resource::Owner;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// AWS that gives the answers in their order.
pub struct Replay {
    pub aws: Aws,
    client: StaticReplayClient,
}

/// A request that was sent.
#[derive(Debug)]
pub struct Request {
    /// `POST /2015-02-01/file-systems`.
    pub line: String,
    pub body: String,
}

impl Request {
    /// The body's JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// The body's form, as the query protocol has it.
    pub fn form(&self) -> BTreeMap<String, String> {
        self.body
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect()
    }
}

fn decoded(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        bytes.push(u8::from_str_radix(&piece[..2], 16).expect("two hexadecimal digits"));
        bytes.extend(piece[2..].bytes());
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// Pauses that take no time.
#[derive(Debug)]
struct NoPause;

impl AsyncSleep for NoPause {
    fn sleep(&self, _: std::time::Duration) -> Sleep {
        Sleep::new(ready(()))
    }
}

impl Replay {
    /// AWS that answers so: status and body.
    pub fn new(answers: &[(u16, &str)]) -> Self {
        let events = answers.iter().map(|(status, body)| {
            let status = StatusCode::try_from(*status).expect("a valid status");
            ReplayEvent::new(HttpRequest::empty(), HttpResponse::new(status, SdkBody::from(*body)))
        });
        let client = StaticReplayClient::new(events.collect());
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "a", "b", None, None, "test",
            )))
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .sleep_impl(NoPause)
            .http_client(client.clone())
            .build();
        Self { aws: Aws::from_config(&config).expect("a region is set"), client }
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.client
            .actual_requests()
            .map(|request| Request {
                line: format!(
                    "{} {}",
                    request.method(),
                    request.uri().split_once(".com").map_or("", |(_, path)| path)
                ),
                body: request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default().into_owned(),
            })
            .collect()
    }
}

/// The owner of `kind.name` in the stack `gitlab`.
pub fn owner(kind: &str, name: &str) -> Owner {
    Owner {
        stack: "gitlab".to_owned(),
        address: Address::new(kind, name),
        lineage: "lineage-1".to_owned(),
        generation: 0,
    }
}

/// Inputs from JSON.
pub fn inputs<R: DeserializeOwned>(document: Value) -> R {
    serde_json::from_value(document).expect("the document fits the kind")
}
