//! A transport that answers from a script and keeps what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use provision::aws::Aws;
use provision::aws::kinds::AwsCloud;

/// The script: answers by operation, each given once and in order. An operation is the `Action` of a query
/// protocol, the target of a JSON one, else method and path: `POST /2015-02-01/file-systems`.
///
/// Small and of our own: the one in the SDK brings 23 crates, and a second build of every client.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    answers: BTreeMap<String, VecDeque<(u16, String)>>,
    /// Gives the answers that the script has not.
    otherwise: Option<fn(&Asked) -> Option<String>>,
    asked: Vec<Asked>,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub operation: String,
    /// The body as it was sent.
    pub body: String,
    /// The parameters of a query protocol.
    pub parameters: BTreeMap<String, String>,
    /// The time of the signature: `20261128T212345Z`.
    pub signed: String,
    /// The account that a bucket must belong to.
    pub expected_owner: Option<String>,
}

/// The status of an answer that breaks off before it can be read.
pub const BROKEN_OFF: u16 = 0;

/// Stands for every operation that has no answers of its own.
const WHATEVER: &str = "*";

impl Replay {
    /// A script of answers that are given in this order, no matter what is asked.
    pub fn in_order(answers: &[(u16, &str)]) -> Self {
        answers.iter().fold(Self::default(), |script, (status, body)| script.answer(WHATEVER, *status, *body))
    }

    /// The script with one more answer to `operation`.
    #[must_use]
    pub fn answer(self, operation: &str, status: u16, body: impl Into<String>) -> Self {
        self.script
            .lock()
            .expect("no test panics while it holds the script")
            .answers
            .entry(operation.to_owned())
            .or_default()
            .push_back((status, body.into()));
        self
    }

    /// A script that takes its answers from a function, as often as they are asked for.
    pub fn from(answer: fn(&Asked) -> Option<String>) -> Self {
        let replay = Self::default();
        replay.script.lock().expect("no test panics while it holds the script").otherwise = Some(answer);
        replay
    }

    /// The script with one more error of EC2.
    #[must_use]
    pub fn ec2_error(self, operation: &str, code: &str) -> Self {
        let body = format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>said AWS</Message></Error></Errors></Response>"
        );
        self.answer(operation, 400, body)
    }

    /// AWS, played by the script. The account is the one that the answers give; the region is `eu-west-1`.
    pub fn aws(&self) -> Aws {
        self.aws_until(None)
    }

    /// The same as the engine asks it.
    pub fn cloud(&self) -> AwsCloud {
        AwsCloud::new(Arc::new(self.aws()))
    }

    /// The same with credentials that end.
    pub fn aws_until(&self, end: Option<SystemTime>) -> Aws {
        let connector = SharedHttpConnector::new(self.clone());
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-west-1"))
            .credentials_provider(aws_sdk_ec2::config::SharedCredentialsProvider::new(
                aws_sdk_ec2::config::Credentials::new("id", "secret", None, end, "test"),
            ))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Aws::from_config(&config).expect("the configuration has a region")
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.script.lock().expect("no test panics while it holds the script").asked.clone()
    }

    /// The operations of every request so far.
    pub fn operations(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.operation).collect()
    }
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let asked = Asked::of(&request);
        let mut script = self.script.lock().expect("no test panics while it holds the script");
        let own = script.answers.contains_key(&asked.operation);
        let key = if own { asked.operation.as_str() } else { WHATEVER };
        let answer = script.answers.get_mut(key).and_then(VecDeque::pop_front);
        let otherwise = || Some((200, script.otherwise.and_then(|answer| answer(&asked))?));
        let answer = answer.or_else(otherwise);
        // A request that is not in the script is refused, and so fails the test.
        let (status, body) = answer.unwrap_or_else(|| (400, format!("unexpected: {asked:?}")));
        script.asked.push(asked);
        if status == BROKEN_OFF {
            // The error that hyper makes of a connection that is closed in the middle of an answer.
            let cause = "connection closed before message completed".into();
            return HttpConnectorFuture::ready(Err(ConnectorError::other(
                cause,
                Some(ErrorKind::TransientError),
            )));
        }
        // Such an answer shows the time of AWS, here an hour ahead of this machine's.
        let date = body.contains("RequestExpired").then(in_an_hour);
        let status = status.try_into().expect("a status code");
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        response.headers_mut().insert("x-amzn-requestid", "request-1");
        if let Some(date) = date {
            response.headers_mut().insert("date", date);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn in_an_hour() -> String {
    let later = SystemTime::now() + std::time::Duration::from_secs(3_600);
    let later = aws_smithy_types::DateTime::from(later);
    later.fmt(aws_smithy_types::date_time::Format::HttpDate).expect("a date")
}

impl Asked {
    fn of(request: &HttpRequest) -> Self {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let parameters: BTreeMap<String, String> = body
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(key, value)| (decoded(key), decoded(value)))
            .collect();
        let path = request.uri().split_once("amazonaws.com").map_or(request.uri(), |(_, path)| path);
        let target = request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next());
        let rest = || target.map_or_else(|| format!("{} {path}", request.method()), str::to_owned);
        let operation = parameters.get("Action").cloned().unwrap_or_else(rest);
        let signed = request.headers().get("x-amz-date").unwrap_or_default().to_owned();
        let expected_owner = request.headers().get("x-amz-expected-bucket-owner").map(str::to_owned);
        Self { operation, body, parameters, signed, expected_owner }
    }

    /// The body of a JSON protocol.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    /// A parameter of a query protocol; empty where it was not sent.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// Undoes the encoding of a form.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|c| char::from(c).to_digit(16)).expect("a hex digit");
                u8::try_from(digit() * 16 + digit()).expect("two hex digits are a byte")
            }
            other => other,
        });
    }
    String::from_utf8(bytes).expect("requests are UTF-8")
}
