//! The emulator's control page: waiting times, the calls that were made, faults.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

/// The page, as far as it is about one account.
#[derive(Clone, Debug)]
pub struct Control {
    /// `127.0.0.1:4597`
    host: String,
    account: String,
}

/// The calls that were made.
#[derive(Debug)]
pub struct Calls {
    pub total: u64,
    /// By `rds.CreateDBInstance`.
    pub by_operation: BTreeMap<String, u64>,
    /// The operations as they came.
    pub order: Vec<String>,
}

impl Calls {
    /// The number of calls that changed something, or tried to.
    pub fn mutating(&self) -> u64 {
        self.by_operation.iter().filter(|(name, _)| is_mutating(name)).map(|(_, count)| count).sum()
    }

    /// The number of calls of an operation.
    pub fn of(&self, operation: &str) -> u64 {
        self.by_operation.get(operation).copied().unwrap_or_default()
    }
}

fn is_mutating(operation: &str) -> bool {
    // A rehearsal changes nothing, and a state that is kept in S3 is none of the stack's objects.
    if operation.ends_with(".DryRun") || operation.starts_with("s3.") {
        return false;
    }
    let verb = operation.split_once('.').map_or(operation, |(_, verb)| verb);
    !["Describe", "List", "Get"].iter().any(|read| verb.starts_with(read))
}

impl Control {
    /// The page at an endpoint, for one account.
    pub fn new(endpoint: &str, account: &str) -> Self {
        let host = endpoint.trim_start_matches("http://").trim_end_matches('/');
        Self { host: host.to_owned(), account: account.to_owned() }
    }

    /// Sets waiting times, in seconds; those that are not named are 0.
    pub fn settings(&self, settings: Value) {
        self.request("PUT", "settings", &settings);
    }

    /// Sets quotas: `rds/DBInstances`.
    pub fn quotas(&self, quotas: Value) {
        self.request("PUT", "quotas", &quotas);
    }

    /// The calls since the last [`Control::forget_calls`].
    pub fn calls(&self) -> Calls {
        let page = self.request("GET", "calls", &Value::Null);
        let by_operation = page["by_operation"].as_object().into_iter().flatten();
        Calls {
            total: page["total"].as_u64().expect("a count"),
            order: page["log"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|call| {
                    ["service", "operation"].map(|part| call[part].as_str().unwrap_or_default()).join(".")
                })
                .collect(),
            by_operation: by_operation
                .map(|(name, count)| (name.clone(), count.as_u64().expect("a count")))
                .collect(),
        }
    }

    /// The names of those calls, in the order in which they came.
    pub fn log(&self) -> Vec<String> {
        let page = self.request("GET", "calls", &Value::Null);
        let log = page["log"].as_array().into_iter().flatten();
        let text = |call: &Value, part: &str| call[part].as_str().expect("a text").to_owned();
        log.map(|call| format!("{}.{}", text(call, "service"), text(call, "operation"))).collect()
    }

    /// The number of calls that have come and not ended.
    pub fn at_work(&self) -> usize {
        let page = self.request("GET", "calls", &Value::Null);
        page["log"].as_array().into_iter().flatten().filter(|call| call["ended"].is_null()).count()
    }

    /// The most calls of which each came when the one before it had ended: the round trips that a run has waited for. It tells only
    /// where calls take their time (`latency`).
    pub fn rounds(&self) -> usize {
        let page = self.request("GET", "calls", &Value::Null);
        let log = page["log"].as_array().into_iter().flatten();
        let mut calls: Vec<(f64, f64)> =
            log.filter_map(|call| Some((call["at"].as_f64()?, call["ended"].as_f64()?))).collect();
        calls.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut ends: Vec<(f64, usize)> = Vec::new();
        for (at, ended) in calls {
            let before = ends.iter().filter(|(end, _)| *end <= at).map(|(_, length)| *length).max();
            ends.push((ended, before.unwrap_or_default() + 1));
        }
        ends.into_iter().map(|(_, length)| length).max().unwrap_or_default()
    }

    /// Counts from nothing again.
    pub fn forget_calls(&self) {
        self.request("DELETE", "calls", &Value::Null);
    }

    /// The next call of an operation is refused without acting.
    pub fn refuse(&self, operation: &str, code: &str, status: u16, message: &str) {
        let fault =
            json!({ "operation": operation, "code": code, "status": status, "message": message, "times": 1 });
        self.request("POST", "faults", &fault);
    }

    /// Every call of an operation is refused without acting, until the faults are forgotten.
    pub fn refuse_always(&self, operation: &str, code: &str, status: u16) {
        let fault = json!({ "operation": operation, "code": code, "status": status, "times": 1_000_000 });
        self.request("POST", "faults", &fault);
    }

    /// Drops the faults that have not happened yet.
    pub fn forget_faults(&self) {
        self.request("DELETE", "faults", &Value::Null);
    }

    /// The next call of an operation acts, and its answer is lost.
    pub fn lose_answer(&self, operation: &str) {
        self.request("POST", "faults", &json!({ "operation": operation, "times": 1, "after": true }));
    }

    /// The faults that have not happened yet.
    pub fn faults_left(&self) -> usize {
        self.request("GET", "faults", &Value::Null)["faults"].as_array().map_or(0, Vec::len)
    }

    /// The maintenance window: what waits for it is applied.
    pub fn advance_window(&self) -> u64 {
        self.request("POST", "advance_window", &json!({}))["applied"].as_u64().expect("a count")
    }

    /// Puts an object into a status that AWS puts it into by itself.
    pub fn status(&self, id: &str, status: &str) {
        self.request("POST", "status", &json!({ "id": id, "status": status }));
    }

    /// AWS Backup takes the backups of a database over.
    pub fn aws_backup(&self, id: &str, days: u32, window: &str) {
        self.request("POST", "aws_backup", &json!({ "id": id, "days": days, "window": window }));
    }

    /// Lets RDS's check refuse the next upgrade of a database, or the next switchover of a blue/green deployment.
    pub fn refuse_upgrade(&self, id: &str, reason: &str) {
        self.request("POST", "refuse_upgrade", &json!({ "id": id, "reason": reason }));
    }

    /// RDS has a maintenance of a database pending: in the first window after so many days, and so many days ahead in any case.
    pub fn maintenance(&self, id: &str, action: &str, description: &str, window: f64, forced: f64) {
        let pending = json!({ "id": id, "action": action, "description": description, "window": window, "forced": forced });
        self.request("POST", "maintenance", &pending);
    }

    /// AWS Backup has made a recovery point of a resource, so many hours ago.
    pub fn recovery_point(&self, arn: &str, hours: f64) -> String {
        let made = self.request("POST", "recovery_point", &json!({ "arn": arn, "hours": hours }));
        made["point"].as_str().expect("an ARN").to_owned()
    }

    /// The agent of a machine: `Online`, `ConnectionLost`, or `none`.
    pub fn agent(&self, id: &str, status: &str) {
        self.request("POST", "agent", &json!({ "id": id, "status": status }));
    }

    /// The answer of commands: `command` is a text in them; `id`, `status`, `output`, `serves` and more say the rest.
    pub fn answer(&self, answer: &Value) {
        self.request("POST", "answer", answer);
    }

    /// Watches a pair from now on: two machines that can write at once are noted.
    pub fn watch_pair(&self, machines: [&str; 2], open: &str) {
        let pair =
            json!({ "machines": machines, "open": open, "region": "eu-west-1", "serves": machines[0] });
        self.request("POST", "pair", &pair);
    }

    /// The pair that is watched: `serves` by machine, and `violations`.
    pub fn pair(&self) -> Value {
        self.request("GET", "pair", &Value::Null)
    }

    fn request(&self, method: &str, page: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let Self { host, account } = self;
        let mut stream = TcpStream::connect(host).expect("the emulator listens");
        write!(
            stream,
            "{method} /_provision/{page}?account={account} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("the emulator listens");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the emulator answers");
        let answer = String::from_utf8(answer).expect("UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.split(' ').nth(1) == Some("200"), "{method} {page}: {head}\n{body}");
        serde_json::from_str(body).expect("the page is JSON")
    }
}
