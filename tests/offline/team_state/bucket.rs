//! A bucket in memory that keeps the promises of S3 (conditional writes above all), and breaks off where it is told to.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use provision::aws::Aws;

/// The fault of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed, and nothing was done.
    ResetBefore,
    /// It is done, and the answer is lost.
    LostAnswer,
    /// It is done, and half of the answer's content arrives.
    Truncated,
    /// It is done, and what arrives is some gateway's page.
    GatewayPage,
    /// It is done, and the answer lacks its ETag.
    NoEtag,
    /// 500.
    ServerError,
    /// 503.
    SlowDown,
    /// 409: another conditional write is under way.
    Conflict,
    /// 412 although no one else wrote.
    FalseRefusal,
    /// 403.
    Denied,
    /// 404 although it is there.
    FalseAbsence,
}

pub const FAULTS: [Fault; 11] = [
    Fault::ResetBefore,
    Fault::LostAnswer,
    Fault::Truncated,
    Fault::GatewayPage,
    Fault::NoEtag,
    Fault::ServerError,
    Fault::SlowDown,
    Fault::Conflict,
    Fault::FalseRefusal,
    Fault::Denied,
    Fault::FalseAbsence,
];

impl Fault {
    /// True if S3 can answer such a request so: only a conditional one can be refused for its condition.
    pub fn fits(self, request: &str) -> bool {
        request.starts_with("PUT") || !matches!(self, Self::Conflict | Self::FalseRefusal)
    }
}

/// The bucket. Its clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    inside: Arc<Mutex<Inside>>,
}

#[derive(Debug, Default)]
struct Inside {
    /// By key: the ETag, and the content.
    objects: BTreeMap<String, (String, Vec<u8>)>,
    writes: usize,
    /// Each request as its method and key.
    requests: Vec<String>,
    /// The faults, by the number of the request that they happen to, counted from 0.
    faults: BTreeMap<usize, Fault>,
    /// True if nothing gets through.
    is_cut_off: bool,
    /// The conditions of writes that are not looked at.
    ignored: &'static [&'static str],
    /// The headers without which the bucket's policy takes no write, with their values.
    demanded: &'static [(&'static str, &'static str)],
    /// The region that the bucket is in, if it is another one than the clients think.
    region: Option<&'static str>,
}

impl Bucket {
    /// AWS, as far as this bucket is concerned.
    pub fn aws(&self) -> Aws {
        let connector = SharedHttpConnector::new(self.clone());
        let credentials = Credentials::new("id", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Aws::from_config(&config).expect("the configuration has a region")
    }

    /// Lets a request go wrong: the n-th from the bucket's beginning, counted from 0.
    pub fn fault(&self, n: usize, fault: Fault) {
        self.inside().faults.insert(n, fault);
    }

    /// Lets nothing through, or everything again.
    pub fn cut_off(&self, is_cut_off: bool) {
        self.inside().is_cut_off = is_cut_off;
    }

    /// Puts the bucket into another region than the clients think.
    pub fn move_to(&self, region: &'static str) {
        self.inside().region = Some(region);
    }

    /// A bucket of a store that does not look at these conditions of a write.
    pub fn ignoring(conditions: &'static [&'static str]) -> Self {
        let bucket = Self::default();
        bucket.inside().ignored = conditions;
        bucket
    }

    /// A bucket whose policy takes no write without these headers, nor without a condition ("Enforce conditional writes on Amazon S3
    /// buckets", Amazon S3 User Guide).
    pub fn demanding(headers: &'static [(&'static str, &'static str)]) -> Self {
        let bucket = Self::default();
        bucket.inside().demanded = headers;
        bucket
    }

    /// The number of requests so far.
    pub fn requests(&self) -> usize {
        self.inside().requests.len()
    }

    /// Every request so far, as its method and key.
    pub fn asked(&self) -> Vec<String> {
        self.inside().requests.clone()
    }

    /// The content at a key.
    pub fn content(&self, key: &str) -> Option<Vec<u8>> {
        self.inside().objects.get(key).map(|(_, content)| content.clone())
    }

    /// Writes as another client would.
    pub fn put(&self, key: &str, content: Vec<u8>) {
        self.inside().write(key, content);
    }

    /// Deletes as another client would.
    pub fn delete(&self, key: &str) {
        self.inside().objects.remove(key);
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().expect("no test panics while it holds the bucket")
    }
}

impl Inside {
    fn write(&mut self, key: &str, content: Vec<u8>) -> String {
        self.writes += 1;
        let etag = format!("\"etag-{}\"", self.writes);
        self.objects.insert(key.to_owned(), (etag.clone(), content));
        etag
    }

    /// Handles a request as S3 does, and returns the status, the ETag and the content of its answer.
    fn answer(&mut self, request: &HttpRequest, key: &str) -> (u16, Option<String>, Vec<u8>) {
        let there = self.objects.get(key).cloned();
        let ignored = self.ignored;
        let header =
            |name: &str| request.headers().get(name).filter(|_| !ignored.contains(&name)).map(str::to_owned);
        if request.method() == "GET" {
            return match there {
                Some((etag, content)) => (200, Some(etag), content),
                None => refusal(404, "NoSuchKey"),
            };
        }
        let has = |(name, value): &(&str, &str)| request.headers().get(*name) == Some(*value);
        let has_a_condition =
            ["if-match", "if-none-match"].iter().any(|name| request.headers().contains_key(*name));
        let is_as_demanded = has_a_condition && self.demanded.iter().all(has);
        if !self.demanded.is_empty() && !is_as_demanded {
            return refusal(403, "AccessDenied");
        }
        let current = there.map(|(etag, _)| etag);
        match (header("if-match"), header("if-none-match"), current) {
            (Some(_), _, None) => refusal(404, "NoSuchKey"),
            (Some(held), _, Some(current)) if held != current => refusal(412, "PreconditionFailed"),
            (None, Some(_), Some(_)) => refusal(412, "PreconditionFailed"),
            _ => {
                let content = request.body().bytes().expect("a body in memory").to_vec();
                let etag = self.write(key, content);
                (200, Some(etag), Vec::new())
            }
        }
    }
}

fn refusal(status: u16, code: &str) -> (u16, Option<String>, Vec<u8>) {
    (status, None, format!("<Error><Code>{code}</Code><Message>said S3</Message></Error>").into_bytes())
}

/// The error that hyper makes of a connection that is closed in the middle of an answer.
fn broken_off() -> HttpConnectorFuture {
    let cause = "connection closed before message completed".into();
    HttpConnectorFuture::ready(Err(ConnectorError::other(cause, Some(ErrorKind::TransientError))))
}

impl HttpConnector for Bucket {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let path = request.uri().split_once("amazonaws.com/").map_or("", |(_, path)| path);
        let key = path.split('?').next().unwrap_or_default().to_owned();
        let mut inside = self.inside();
        let n = inside.requests.len();
        inside.requests.push(format!("{} {key}", request.method()));
        let fault = inside.faults.get(&n).copied();
        if inside.is_cut_off || fault == Some(Fault::ResetBefore) {
            return broken_off();
        }
        if let Some(region) = inside.region.filter(|region| !request.uri().contains(*region)) {
            let mut answer = HttpResponse::new(
                301.try_into().expect("a status"),
                SdkBody::from(refusal(301, "PermanentRedirect").2),
            );
            answer.headers_mut().insert("x-amz-bucket-region", region);
            return HttpConnectorFuture::ready(Ok(answer));
        }
        let (status, etag, content) = match fault {
            Some(Fault::ServerError) => refusal(500, "InternalError"),
            Some(Fault::SlowDown) => refusal(503, "SlowDown"),
            Some(Fault::Conflict) => refusal(409, "ConditionalRequestConflict"),
            Some(Fault::FalseRefusal) => refusal(412, "PreconditionFailed"),
            Some(Fault::Denied) => refusal(403, "AccessDenied"),
            Some(Fault::FalseAbsence) => refusal(404, "NoSuchKey"),
            _ => inside.answer(&request, &key),
        };
        let (status, etag, content) = match fault {
            Some(Fault::LostAnswer) => return broken_off(),
            Some(Fault::GatewayPage) => (502, None, b"<html>Bad gateway</html>".to_vec()),
            Some(Fault::Truncated) => (status, etag, content[..content.len() / 2].to_vec()),
            Some(Fault::NoEtag) => (status, None, content),
            _ => (status, etag, content),
        };
        let mut answer = HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(content));
        if let Some(etag) = etag {
            answer.headers_mut().insert("etag", etag);
        }
        HttpConnectorFuture::ready(Ok(answer))
    }
}
