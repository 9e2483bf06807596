//! Passwords of databases: in the request alone, and managed by RDS.

use std::io::Write;
use std::sync::{Arc, Mutex};

use provision::engine::cloud::Outcome;
use serde_json::{Value, json};

use crate::wire::owner;
use crate::wire::rds::{
    answer, database, described, form, instance, modification, observe_one, refusal, sent, update,
};
use crate::wire::replay::Replay;

/// Collects everything that is traced.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_password_is_in_the_request_and_nowhere_else() {
    const CANARY: &str = "yellow-canary-4711";
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    writeln!(file, "{CANARY}").expect("it can be written");
    let path = file.path().display();

    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::level_filters::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let desired = database(json!({ "password": format!("file:{path}"), "password_version": 2 }));
    let unmanaged = described(&[instance(&[("MasterUserSecret", "")])]);
    let refused = refusal("InvalidParameterValue", "no");
    let replay = Replay::in_order(&[(400, &refused), (200, &unmanaged), (400, &refused)]);
    let owner = owner("aws_db_instance.gitlab-pgsql");
    let create = desired.create(&replay, &owner).await.expect_err("it is refused");
    let observed = database(json!({ "password": format!("file:{path}") }));
    let modify =
        update(&replay, &observed, &desired, &["password_version"]).await.expect_err("it is refused");

    let requests = replay.asked();
    assert_eq!(requests[0].parameters["MasterUserPassword"], CANARY);
    assert!(!requests[0].parameters.contains_key("ManageMasterUserPassword"));
    assert_eq!(requests[2].parameters["MasterUserPassword"], CANARY);
    let said = String::from_utf8_lossy(&log.0.lock().expect("no writer panics")).into_owned();
    assert!(said.contains("rds"), "the SDK says something at all");
    let document = serde_json::to_string(&desired.inputs).expect("plain data");
    for text in [said, document, format!("{desired:?} {create:?} {create} {modify:?} {modify}")] {
        assert!(!text.contains(CANARY));
    }
}

#[tokio::test]
async fn the_management_of_the_password_is_turned_on_and_off() {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    writeln!(file, "correct-horse").expect("it can be written");
    let own = database(json!({ "password": format!("file:{}", file.path().display()) }));
    let asked = modification(&[], &own, &["password"]).await;
    assert_eq!(
        asked,
        form(&[("ManageMasterUserPassword", "false"), ("MasterUserPassword", "correct-horse")])
    );

    let done = answer("ModifyDBInstance", &instance(&[]));
    let unmanaged = described(&[instance(&[("MasterUserSecret", "")])]);
    let replay = Replay::in_order(&[(200, &unmanaged), (200, &done)]);
    update(&replay, &own, &database(json!({})), &["password"]).await.expect("the change is taken");
    let form = sent(&replay, 1);
    assert_eq!(form["ManageMasterUserPassword"], "true");
    assert!(!form.contains_key("MasterUserPassword"));
}

#[tokio::test]
async fn a_password_that_is_left_alone_is_in_no_request() {
    let alone = database(json!({ "password": "unmanaged", "password_version": 2 }));
    for live in [json!({}), json!({ "password": "env:PROVISION_TEST_UNSET" })] {
        let replay = Replay::in_order(&[(200, &described(&[instance(&[])]))]);
        let fields = ["password", "password_version"];
        update(&replay, &database(live), &alone, &fields).await.expect("nothing is read and nothing is sent");
        assert_eq!(replay.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_password_that_cannot_be_read_stops_the_call_before_it_is_made() {
    let replay = Replay::in_order(&[]);
    let owner = owner("aws_db_instance.gitlab-pgsql");
    let desired = database(json!({ "password": "env:PROVISION_TEST_UNSET" }));
    let error = desired.create(&replay, &owner).await.expect_err("there is no password");
    assert_eq!((error.code.as_str(), error.outcome), ("Password", Outcome::Refused));
    assert!(error.message.contains("PROVISION_TEST_UNSET"), "{error}");
    assert_eq!(replay.asked().len(), 0);
}

#[tokio::test]
async fn who_manages_the_password_is_seen_and_the_rest_is_remembered() {
    let env = json!({ "password": "env:PGSQL_PASSWORD", "password_version": 3 });
    for (recorded, secret, expected) in [
        (json!({}), true, json!("managed")),
        (env.clone(), true, json!("managed")),
        (env, false, json!("env:PGSQL_PASSWORD")),
        // Someone turned the management off: the password is not known now.
        (json!({}), false, Value::Null),
    ] {
        let recorded = database(recorded);
        let changed: &[(&str, &str)] = if secret { &[] } else { &[("MasterUserSecret", "")] };
        let (seen, _) = observe_one(&recorded, changed).await;
        let password = seen.get("password").cloned().unwrap_or_default();
        assert_eq!(password, expected);
        assert_eq!(seen["password_version"], recorded.inputs["password_version"]);
    }
}
