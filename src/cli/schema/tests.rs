//! The published schemas, held against documents as the program writes them.

use std::collections::{BTreeMap, BTreeSet};

use clap::ValueEnum;
use serde_json::{Value, json};

use super::{Document, schema};
use crate::aws::network::{Choice, Evidence, Rejected};
use crate::cli::report::{self, OutputValue, Rebuilt, StateChange, StateList, StateMove, StateShow};
use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::event::{Event, FailureText, Queued, RunOutcome, RunSummary};
use crate::engine::network::{Cluster, Role};
use crate::engine::plan::{
    Action, Blocked, Change, Consequence, Drift, FORMAT_VERSION, FieldChange, Finding, Going, Level, Mode,
    Plan, Rendered, ReplaceOrder, Response, StateVersion, Summary, Turn, What, When, Window,
};
use crate::engine::planner::{Options, Sighting, Sightings};
use crate::engine::remedy::{Remedy, Way};
use crate::engine::resource::{Effect, Holdings, Id};
use crate::engine::saved::SavedPlan;
use crate::engine::state::{
    Edit, Holder, Kept, PastRun, Phase, Predecessor, Procedure, Record, RunEnd, State,
};
use crate::engine::state::{Lease, Shared};
use crate::recovery::course;
use crate::recovery::maintenance::Maintenance;
use crate::recovery::status::{
    Backups, Certificate, Database, FileSystem, Health, MountTarget, Pair, PairMachine, Replication, Risk,
    Status, Unread,
};
use crate::stack::outputs;
use crate::terraform::{Adoptable, Reference, read, sort};
use crate::validator;
use crate::view::failure::{CommandFailure, ErrorDocument, FailureKind, Problem};
use crate::view::{GraphDocument, GraphView, Timed, Versioned};

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
        is_default: true,
        effect: Effect::NextMaintenanceWindow,
        calls: vec!["rds:ModifyDBInstance".to_owned()],
        window: Some(Window { opens: Some("2026-11-22T04:30:00Z".to_owned()), effect: Effect::Failover }),
        takes_back: false,
    };
    let changes = vec![Change {
        address: at("aws_efs_mount_target.gitlab-nfs/eu-west-1a"),
        kind: "aws_efs_mount_target".to_owned(),
        action: Action::Replace,
        id: Some(Id::new("fsmt-1")),
        reason: "name differs".to_owned(),
        effect: Effect::Replacement,
        account: vec![Consequence {
            what: What::Failover,
            when: When::Window,
            opens: Some("2026-11-22T04:30:00Z".to_owned()),
            fields: vec!["name".to_owned()],
        }],
        fields: vec![field.clone()],
        queued: vec![field.clone()],
        data: Some(Holdings {
            size_bytes: Some(1),
            final_snapshot: Some("a-final-1".to_owned()),
            notes: vec!["its backups stay".to_owned()],
        }),
        order: Some(ReplaceOrder::CreateFirst),
        keeps: Some(Id::new("fsmt-1")),
        goes: vec![Going { id: Id::new("fsmt-0"), turn: Turn::After }],
        depends_on: BTreeSet::from([at("aws_vpc.network")]),
        blocked: Some(Blocked {
            action: Action::Update,
            fields: vec![field.clone()],
            because: "AWS shows stopped".to_owned(),
            on: Some(at("aws_vpc.network")),
        }),
    }];
    Plan {
        format_version: FORMAT_VERSION.to_owned(),
        stack: "gitlab".to_owned(),
        stack_file: "provision.yaml".to_owned(),
        cluster: None,
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        state: StateVersion { lineage: String::new(), serial: 0 },
        mode: Mode::RefreshOnly,
        summary: Summary::of(&changes),
        rendered: vec![Rendered {
            path: "deploy/kubernetes.yaml".to_owned(),
            reason: "it is not there".to_owned(),
            unknown: false,
            is_new: true,
        }],
        changes,
        drift: vec![Drift {
            address: at("aws_vpc.network"),
            kind: "aws_vpc".to_owned(),
            gone: false,
            fields: vec![field.clone()],
            outputs: vec![field],
            response: Response::Recorded,
        }],
        digest: Some("0123456789ab".to_owned()),
        preflight: vec![Finding {
            check: "inputs".to_owned(),
            address: None,
            level: Level::Warning,
            message: "look out".to_owned(),
            hint: None,
            remedies: vec![Way::to("to lose the data", [Remedy::Apply])],
        }],
    }
}

fn state() -> State {
    let mut state = State::new("gitlab", "lineage".to_owned(), "123456789012", "eu-west-1");
    let cluster = Cluster { name: Some("k8s.myzone.net".to_owned()), efs_names_resolve: true };
    state.apply(Edit::Began { run: past_run() });
    state.apply(Edit::Facts { facts: cluster.facts() });
    let kept = Kept { id: Some(Id::new("db-2")), name: "records-restored".to_owned() };
    let procedure = Procedure {
        doing: "is restored".to_owned(),
        goes_on: "--latest".to_owned(),
        gives_up: Some("--forget".to_owned()),
        step: "restore".to_owned(),
        started: "2026-11-29T05:00:00Z".to_owned(),
        finished: None,
        holds: true,
        along: [at("aws_eip.gitlab")].into(),
        keeps: vec![kept],
        facts: Default::default(),
    };
    let (address, command) = (at("aws_db_instance.records"), "restore".to_owned());
    state.apply(Edit::Procedure { address, command, procedure: Some(Box::new(procedure)) });
    let mut record =
        Record::watched(Id::new("sg-1"), serde_json::Map::from_iter([("arn".to_owned(), json!("arn:x"))]));
    record.phase = Phase::Updating;
    record.depends_on = BTreeSet::from([at("aws_vpc.network")]);
    record.predecessor = Some(Predecessor {
        id: Id::new("sg-0"),
        inputs: serde_json::Map::new(),
        depends_on: BTreeSet::new(),
        older: None,
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
    let queued = Queued {
        address: address.clone(),
        fields: vec!["instance_class".to_owned()],
        opens: Some("2026-11-29T04:30:00Z".to_owned()),
        entirely: true,
    };
    let summary = RunSummary {
        outcome: RunOutcome::Interrupted,
        done: Summary::default(),
        queued: vec![queued.clone(), Queued { opens: None, ..queued.clone() }],
        failed: 1,
        skipped: 1,
        in_flight: vec![address.clone()],
        not_recorded: BTreeMap::from([(address.clone(), "it was not seen".to_owned())]),
        elapsed_seconds: 0.5,
    };
    vec![
        Event::RunStarted(Box::new(past_run())),
        Event::StepStarted { address: address.clone(), action },
        Event::Settling {
            address: address.clone(),
            action,
            status: "creating".to_owned(),
            elapsed_seconds: 1.0,
        },
        Event::StepDone { address: address.clone(), action, id: None, queued: None, elapsed_seconds: 1.0 },
        Event::StepDone {
            address: address.clone(),
            action,
            id: None,
            queued: Some(queued),
            elapsed_seconds: 1.0,
        },
        Event::StepFailed { address: address.clone(), action, error, elapsed_seconds: 1.0, blocked: true },
        Event::StepSkipped { address: address.clone(), action, because: address },
        Event::Summary(summary),
    ]
}

fn timed<T>(event: T) -> Versioned<Timed<T>> {
    Versioned::of(Timed { time: "2026-11-22T04:30:00.000Z".to_owned(), event })
}

fn error_document() -> ErrorDocument {
    let text = || Some("text".to_owned());
    let problem = Problem {
        message: "unknown key".to_owned(),
        file: text(),
        line: Some(2),
        column: Some(1),
        help: text(),
    };
    ErrorDocument {
        error: CommandFailure {
            kind: FailureKind::Failed,
            exit_code: 1,
            text: FailureText {
                message: "it failed".to_owned(),
                operation: text(),
                code: text(),
                request_id: text(),
                hint: text(),
            },
            causes: vec!["for a reason".to_owned()],
            problems: vec![problem],
        },
    }
}

fn graph() -> GraphDocument {
    let (from, to) = (at("aws_efs_mount_target.gitlab-nfs/eu-west-1a"), at("aws_efs_file_system.gitlab-nfs"));
    let view = GraphView {
        nodes: vec![(from.clone(), Some(Action::Create)), (to.clone(), None)],
        edges: vec![(from, to)],
    };
    GraphDocument::from(&view)
}

fn value(document: &impl serde::Serialize) -> Value {
    serde_json::to_value(document).expect("documents are JSON")
}

/// A sorted state of Terraform with everything that there can be.
fn terraform<'a>(removed: &'a [Reference], adoptable: &'a [Adoptable]) -> report::TerraformState<'a> {
    let left = || report::NotTaken {
        from: &removed[0],
        id: None,
        code: "no_kind",
        reason: "no kind is for it".to_owned(),
    };
    report::TerraformState {
        state_format: 4,
        terraform_version: "1.11.4",
        serial: 7,
        adoptable,
        commands: vec![report::Takes {
            account: Some("123456789012".to_owned()),
            region: None,
            command: "provision import aws_s3_bucket.a=a --out provision.yaml".to_owned(),
        }],
        left_out: vec![left()],
        outputs: &[],
        first: Some("the providers are renamed"),
        removed: Some(report::Removed {
            path: "removed.tf".to_owned(),
            resources: removed,
            rest: &[],
            forgotten: vec![left()],
            stays: vec![left()],
            of_modules: vec![left()],
            warnings: vec!["nothing is recorded yet".to_owned()],
        }),
    }
}

/// Every document that a command prints or writes, but the stack file.
/// A status with every part that there can be.
fn health() -> Status {
    let backup =
        || Backups::of(vec![("before".to_owned(), "2026-11-29T05:00:00Z".parse().expect("a time"))], true);
    let database = Database {
        health: Health::Serves,
        backup_days: Some(7),
        snapshots: Some(backup()),
        pending: [("instance_class".to_owned(), "db.r6g.large".to_owned())].into(),
        certificate: Some(Certificate { authority: "rds-ca-rsa2048-g1".to_owned(), valid_till: None }),
        maintenance: Some(vec![Maintenance {
            description: Some("text".to_owned()),
            window_after: Some("2026-12-06T04:30:00Z".to_owned()),
            forced: Some("2026-12-10T00:00:00Z".to_owned()),
            applied: None,
            opted_in: Some("next-maintenance".to_owned()),
            ..Maintenance::of("system-update")
        }]),
        ..Database::default()
    };
    let target = MountTarget { id: None, status: "gone".to_owned(), health: Health::Gone, ip_address: None };
    let copy = Replication {
        file_system: Some("fs-2".to_owned()),
        region: Some("eu-central-1".to_owned()),
        status: "ENABLED".to_owned(),
        health: Health::Serves,
        last_replicated: None,
        lag_seconds: Some(3),
    };
    let files = FileSystem {
        mount_targets: [("eu-west-1a".to_owned(), target)].into(),
        recovery_points: Some(backup()),
        replication: Some(copy),
        ..FileSystem::default()
    };
    let machine = PairMachine {
        id: Some("i-1".to_owned()),
        state: "running".to_owned(),
        is_open: true,
        is_reachable: true,
    };
    let pair = Pair {
        address: "pair.web".to_owned(),
        active: "a".to_owned(),
        standby: "b".to_owned(),
        public_ip: Some("192.0.2.1".to_owned()),
        machines: [("a".to_owned(), machine)].into(),
        reached: Some("a".to_owned()),
        lag_seconds: Some(1.5),
        lag_unknown: Some("it was not read".to_owned()),
        max_lag: Some(60),
    };
    Status {
        stack: "gitlab".to_owned(),
        region: "eu-west-1".to_owned(),
        at: "2026-11-29T05:00:00Z".to_owned(),
        databases: [("records".to_owned(), database)].into(),
        file_systems: [("files".to_owned(), files)].into(),
        pairs: [("web".to_owned(), pair)].into(),
        procedures: crate::recovery::status::procedures(&state()),
        at_risk: vec![Risk {
            address: "aws_db_instance.records".to_owned(),
            message: "it has no standby".to_owned(),
        }],
        unread: vec![Unread {
            operation: "backup:ListRecoveryPointsByResource".to_owned(),
            code: "AccessDenied".to_owned(),
        }],
    }
}

fn documents() -> Vec<(Document, Value)> {
    let (address, step) = (at("aws_db_instance.records"), "fail over".to_owned());
    let steps = course::Steps {
        address: address.clone(),
        command: "drill".to_owned(),
        steps: vec!["RDS fails it over".to_owned()],
        notes: vec!["connections are cut".to_owned()],
        is_under_way: false,
    };
    let kept = vec!["records-old".to_owned()];
    let forgotten = report::RestoreForgotten { address: address.clone(), kept };
    let (status, elapsed_seconds) = ("rebooting".to_owned(), 1.5);
    let procedure = [
        course::Event::StepStarted { address: address.clone(), step: step.clone() },
        course::Event::Settling { address: address.clone(), status, elapsed_seconds },
        course::Event::StepDone { address: address.clone(), step, elapsed_seconds },
        course::Event::Summary(course::Summary {
            address,
            command: "drill".to_owned(),
            outcome: RunOutcome::Done,
            done: "was failed over".to_owned(),
            elapsed_seconds,
            notes: vec!["look at it".to_owned()],
            facts: [("zone".to_owned(), json!("eu-west-1a"))].into_iter().collect(),
        }),
    ]
    .into_iter();
    let (address, state) = (at("aws_vpc.network"), state());
    let record = state.resources.values().next().expect("a record");
    let choice = |what| Evidence {
        what,
        id: "subnet-1".to_owned(),
        because: "tagged".to_owned(),
        rejected: vec![Rejected { id: Id::new("subnet-2"), reason: "it is Public".to_owned() }],
    };
    let choices = [
        Choice::Cluster,
        Choice::Vpc,
        Choice::Subnet { zone: "eu-west-1a".to_owned() },
        Choice::Group { role: Role::Nodes },
    ]
    .map(choice);
    let blueprint = Blueprint {
        stack: "gitlab".to_owned(),
        cluster: None,
        declarations: BTreeMap::new(),
        ..Blueprint::default()
    };
    let options = Options {
        mode: Mode::Apply,
        targets: [address.clone()].into(),
        replace: [address.clone()].into(),
        allow_data_loss: [address.clone()].into(),
    };
    let sightings = Sightings::from([(address.clone(), Sighting::Gone)]);
    let saved = SavedPlan::new(&plan(), &options, Some("http://localhost"), &blueprint, &sightings);
    let mut file = value(&state);
    file["checksum"] = json!("sha256:00");
    file["format_version"] = json!("1.0");
    let mut shared = value(&Shared {
        version: 1,
        write_id: "7d1c".to_owned(),
        lease: Some(Lease { holder: Holder::this_run("apply", "anna"), ttl_seconds: 90 }),
        state: Some(file.clone()),
    });
    shared["checksum"] = json!("sha256:00");
    shared["format_version"] = json!("1.0");
    let changes = [
        StateChange::Forgotten { address: address.to_string(), addresses: vec![&address] },
        StateChange::Moved {
            from: "gitlab-pgsql".to_owned(),
            to: "main-db".to_owned(),
            moves: vec![StateMove { from: &address, to: &address }],
        },
        StateChange::Unlocked,
    ];
    let id = Id::new("sg-1");
    let rebuilt = Rebuilt {
        recorded: [&address].into(),
        absent: [&address].into(),
        foreign: [&address].into(),
        left_out: vec![report::LeftOut { address: &address, id: &id, belongs_to: "the stack shop" }],
        ambiguous: vec![report::Ambiguous {
            address: &address,
            candidates: vec![report::Candidate {
                id: &id,
                described: "sg-1 (records)",
                command: "provision import aws_security_group.x=sg-1".to_owned(),
            }],
        }],
        waiting: [&address].into(),
        fenced: ["lineage-0"].into(),
        undeclared: vec![report::Undeclared {
            id: &id,
            described: "sg-1 (records)",
            address: &address,
            stack: Some("shop"),
        }],
        unlisted: vec![report::Unlisted {
            kind: "aws_s3_bucket",
            operation: "s3:ListAllMyBuckets",
            code: "AccessDenied",
        }],
    };
    let used = ["sg-1".to_owned()];
    let taken_over = vec![report::TakenOver {
        address: &address,
        id: id.clone(),
        instead_of: Some(Id::new("sg-0")),
        left_in_aws: true,
        apart: vec![report::Apart {
            address: &address,
            used: &used,
            command: Some("provision import aws_security_group.x=sg-1".to_owned()),
        }],
    }];
    let list = StateList { addresses: vec![&address] };
    let init = report::Init {
        path: "provision.yaml".to_owned(),
        cluster: "k8s.myzone.net".to_owned(),
        region: "eu-west-1".to_owned(),
    };
    let output = OutputValue { name: "pgsql_endpoint", value: "host:5432".to_owned() };
    let state_of_terraform = r#"{ "version": 4, "serial": 1, "resources": [
        { "mode": "managed", "type": "aws_s3_bucket", "name": "a", "instances": [{ "attributes": { "id": "a", "bucket": "a" } }] }] }"#;
    let sorted = sort(&read(state_of_terraform.as_bytes()).expect("a state"));
    let removed = [sorted.adoptable[0].from.clone()];
    let show = StateShow { address: &address, kind: address.kind(), record };
    let mut documents = vec![
        (Document::Plan, value(&plan())),
        (Document::SavedPlan, value(&saved)),
        (Document::Output, value(&outputs::outputs(&state))),
        (Document::OutputValue, value(&Versioned::of(output))),
        (Document::State, file),
        (Document::SharedState, shared),
        (Document::StateList, value(&Versioned::of(list))),
        (Document::StateShow, value(&Versioned::of(show))),
        (Document::StateRebuild, value(&Versioned::of(rebuilt))),
        (
            Document::Import,
            value(&Versioned::of(report::Import {
                watched: 1,
                forgotten: &[at("aws_subnet.eu-west-1c")],
                choices: &choices,
                taken_over,
                stack_file: Some("provision.yaml".to_owned()),
                left: vec![report::Left { what: "sg-1".to_owned(), reason: "others use it".to_owned() }],
                removed: Some(report::Removed {
                    path: "removed.tf".to_owned(),
                    resources: &[],
                    rest: &[],
                    forgotten: Vec::new(),
                    stays: Vec::new(),
                    of_modules: Vec::new(),
                    warnings: Vec::new(),
                }),
                found: vec![report::FoundObject {
                    kind: "aws_efs_file_system",
                    id: Id::new("fs-2"),
                    described: "fs-2 (files)".to_owned(),
                    import: Some("provision import aws_efs_file_system.files=fs-2 --into".to_owned()),
                    unfit: None,
                }],
            })),
        ),
        (Document::Init, value(&Versioned::of(init))),
        (Document::Status, value(&Versioned::of(health()))),
        (Document::ProcedureSteps, value(&Versioned::of(steps))),
        (Document::RestoreForgotten, value(&Versioned::of(forgotten))),
        (Document::History, value(&Versioned::of(report::History { runs: vec![&past_run()] }))),
        (
            Document::SecretCommands,
            value(&Versioned::of(report::SecretCommands { name: "gitlab-pgsql", commands: "aws | kubectl" })),
        ),
        (
            Document::RenderedText,
            value(&Versioned::of(report::RenderedText {
                target: "kubernetes".to_owned(),
                path: "kubernetes.yaml".to_owned(),
                text: "kind: Namespace",
                warnings: &[],
                notes: &[],
            })),
        ),
        (
            Document::RenderedFiles,
            value(&Versioned::of(report::RenderedFiles {
                left: vec!["deploy/gitlab.rb".to_owned()],
                files: vec![report::RenderedFile {
                    target: "kubernetes".to_owned(),
                    path: "deploy/kubernetes.yaml".to_owned(),
                    differs: true,
                    warnings: &[],
                    notes: &[],
                }],
            })),
        ),
        (
            Document::ExportTerraform,
            value(&Versioned::of(report::Exported {
                folder: "terraform".to_owned(),
                files: vec!["main.tf"],
                imports: vec![report::ExportedImport { to: "aws_efs_file_system.files", id: "fs-1" }],
                warnings: vec![report::ExportedWarning { address: &address, message: "it is not there" }],
                commands: vec!["provision state forget files".to_owned()],
            })),
        ),
        (Document::ImportTerraform, value(&Versioned::of(terraform(&removed, &sorted.adoptable)))),
    ];
    documents.push((Document::Error, value(&Versioned::of(error_document()))));
    documents.push((Document::Graph, value(&Versioned::of(graph()))));
    documents.extend(procedure.map(|event| (Document::ProcedureEvent, value(&timed(event)))));
    documents.extend(events().into_iter().map(|event| (Document::Event, value(&timed(event)))));
    documents.extend(changes.map(|change| (Document::StateChange, value(&Versioned::of(change)))));
    documents
}

#[test]
fn the_schemas_accept_and_describe_what_the_program_writes() {
    let documents = documents();
    for (document, value) in &documents {
        assert!(accepts(*document, value), "{document:?} {value:#}");
        let undescribed = validator::undescribed(&schema(*document), value);
        assert!(undescribed.is_empty(), "{document:?}: {undescribed:?}");
        assert!(value["format_version"].is_string(), "{document:?} {value:#}");
    }
    for document in Document::value_variants().iter().filter(|document| **document != Document::Stack) {
        assert!(documents.iter().any(|(known, _)| known == document), "{document:?} is not tried");
    }
}

#[test]
fn a_document_without_its_version_or_with_a_field_of_its_own_is_noticed() {
    for (document, value) in documents() {
        let mut more = value.clone();
        more["imagined"] = json!(true);
        assert_eq!(validator::undescribed(&schema(document), &more), ["/imagined"], "{document:?}");
        let mut less = value;
        less.as_object_mut().expect("a document is an object").remove("format_version");
        // States of before are read too.
        let is_state = matches!(document, Document::State | Document::SharedState);
        assert_eq!(accepts(document, &less), is_state, "{document:?}");
    }
}

#[test]
fn the_schemas_refuse_what_the_program_would_never_write() {
    let broken = |document: Document, mut whole: Value, pointer: &str, wrong: Value| {
        *whole.pointer_mut(pointer).expect(pointer) = wrong;
        !accepts(document, &whole)
    };
    let (plan, state, event) = (value(&plan()), value(&state()), value(&timed(&events()[0])));
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

fn past_run() -> PastRun {
    let end = RunEnd {
        at: "2026-11-30T01:44:28Z".to_owned(),
        outcome: RunOutcome::Done,
        done: Summary::default(),
        queued: 0,
        failed: 0,
        skipped: 0,
    };
    let holder = Holder {
        caller: Some("arn:aws:iam::123456789012:user/a".to_owned()),
        ..Holder::this_run("restore --switch --back", "a")
    };
    PastRun { holder, written_by: "0.1.0".to_owned(), plan: Some("0".repeat(64)), end: Some(end) }
}
