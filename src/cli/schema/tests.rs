//! The published schemas, held against documents as the program writes them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Document, schema};
use crate::address::Address;
use crate::event::{Event, FailureText, RunOutcome, RunSummary};
use crate::network::Cluster;
use crate::plan::{
    Action, Change, Drift, FORMAT_VERSION, FieldChange, Finding, Level, Mode, Plan, ReplaceOrder, Response,
    StateVersion, Summary, Window,
};
use crate::resource::{Effect, Id};
use crate::state::{Edit, Phase, Predecessor, Record, State};
use crate::validator;

fn accepts(document: Document, value: &Value) -> bool {
    validator::accepts(&schema(document), value)
}

fn at(address: &str) -> Address {
    address.parse().expect("a valid address")
}

fn plan() -> Plan {
    let field = FieldChange {
        path: "name".to_owned(),
        before: Some(json!("EFS_K8s")),
        after: None,
        unknown: true,
        sensitive: false,
        effect: Effect::NextMaintenanceWindow,
        calls: vec!["rds:ModifyDBInstance".to_owned()],
        window: Some(Window { opens: Some("2026-11-22T04:30:00Z".to_owned()), effect: Effect::Failover }),
    };
    let changes = vec![Change {
        address: at("aws_efs_mount_target.gitlab-nfs/eu-west-1a"),
        kind: "aws_efs_mount_target".to_owned(),
        action: Action::Replace,
        reason: "name differs".to_owned(),
        effect: Effect::Replacement,
        fields: vec![field.clone()],
        queued: vec![field.clone()],
        order: Some(ReplaceOrder::CreateFirst),
        depends_on: BTreeSet::from([at("aws_vpc.network")]),
    }];
    Plan {
        format_version: FORMAT_VERSION.to_owned(),
        stack: "gitlab".to_owned(),
        cluster: None,
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        state: StateVersion { lineage: String::new(), serial: 0 },
        mode: Mode::RefreshOnly,
        summary: Summary::of(&changes),
        changes,
        drift: vec![Drift {
            address: at("aws_vpc.network"),
            kind: "aws_vpc".to_owned(),
            gone: false,
            fields: vec![field],
            response: Response::Recorded,
        }],
        digest: Some("0123456789ab".to_owned()),
        preflight: vec![Finding {
            check: "inputs".to_owned(),
            address: None,
            level: Level::Warning,
            message: "look out".to_owned(),
            hint: None,
        }],
    }
}

fn state() -> State {
    let mut state = State::new("gitlab", "lineage".to_owned(), "123456789012", "eu-west-1");
    state.apply(Edit::Cluster {
        cluster: Cluster { name: "k8s.myzone.net".to_owned(), efs_names_resolve: true },
    });
    let mut record =
        Record::adopted(Id::new("sg-1"), serde_json::Map::from_iter([("arn".to_owned(), json!("arn:x"))]));
    record.phase = Phase::Updating;
    record.depends_on = BTreeSet::from([at("aws_vpc.network")]);
    record.predecessor = Some(Predecessor {
        id: Id::new("sg-0"),
        inputs: serde_json::Map::new(),
        depends_on: BTreeSet::new(),
    });
    let member = at("aws_efs_mount_target.gitlab-nfs/eu-west-1a");
    state.apply(Edit::Put { address: member, record });
    state
}

fn events() -> Vec<Event> {
    let (address, action) = (at("aws_vpc.network"), Action::NoOp);
    let error = FailureText {
        message: "no".to_owned(),
        operation: Some("ec2:DescribeVpcs".to_owned()),
        code: None,
        request_id: None,
        hint: None,
    };
    let summary = RunSummary {
        format_version: FORMAT_VERSION.to_owned(),
        outcome: RunOutcome::Interrupted,
        done: Summary::default(),
        failed: 1,
        skipped: 1,
        in_flight: vec![address.clone()],
        elapsed_seconds: 0.5,
    };
    vec![
        Event::StepStarted { address: address.clone(), action },
        Event::Settling {
            address: address.clone(),
            action,
            status: "creating".to_owned(),
            elapsed_seconds: 1.0,
        },
        Event::StepDone { address: address.clone(), action, id: None, elapsed_seconds: 1.0 },
        Event::StepFailed { address: address.clone(), action, error, elapsed_seconds: 1.0 },
        Event::StepSkipped { address: address.clone(), action, because: address },
        Event::Summary(summary),
    ]
}

fn value(document: &impl serde::Serialize) -> Value {
    serde_json::to_value(document).expect("documents are JSON")
}

#[test]
fn the_schemas_accept_what_the_program_writes() {
    assert!(accepts(Document::Plan, &value(&plan())));
    for event in events() {
        assert!(accepts(Document::Event, &value(&event)));
    }
    let mut file = value(&state());
    assert!(accepts(Document::State, &file));
    file["checksum"] = json!("sha256:00");
    assert!(accepts(Document::State, &file), "the file has a checksum");
}

#[test]
fn the_schemas_refuse_what_the_program_would_never_write() {
    let broken = |document: Document, mut whole: Value, pointer: &str, wrong: Value| {
        *whole.pointer_mut(pointer).expect(pointer) = wrong;
        !accepts(document, &whole)
    };
    let (plan, state, event) = (value(&plan()), value(&state()), value(&events()[0]));
    assert!(broken(Document::Plan, plan.clone(), "/changes/0/action", json!("explode")));
    assert!(broken(Document::Plan, plan.clone(), "/changes/0/address", json!("no address")));
    assert!(broken(Document::Plan, plan, "/summary/create", json!("many")));
    assert!(broken(Document::State, state.clone(), "/serial", json!(-1)));
    assert!(broken(Document::State, state, "/resources", json!({ "aws_vpc.network": {} })));
    assert!(broken(Document::Event, event, "/type", json!("step_imagined")));
}

#[test]
fn the_schema_of_the_stack_accepts_a_stack() {
    let stack = json!({ "stack": "gitlab", "file_systems": { "gitlab-nfs": { "access": ["nodes"] } } });
    assert!(accepts(Document::Stack, &stack));
    assert!(!accepts(Document::Stack, &json!({ "stack": "gitlab", "file_sistems": {} })));
}
