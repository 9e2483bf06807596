//! Plans of the reference stack, made by hand.

use std::collections::BTreeSet;

use provision::engine::address::Address;
use provision::engine::plan::{
    Action, Change, Drift, FORMAT_VERSION, FieldChange, Finding, Level, Mode, Plan, ReplaceOrder, Response,
    StateVersion, Summary, Window, account,
};
use provision::engine::resource::{Effect, Holdings, Id};
use serde_json::{Value, json};

pub const ZONES: [&str; 3] = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];

/// A plan with these changes, of each of which the account is drawn up.
pub fn plan(mut changes: Vec<Change>) -> Plan {
    for change in &mut changes {
        change.account = account(change);
    }
    Plan {
        format_version: FORMAT_VERSION.to_owned(),
        stack: "gitlab".to_owned(),
        stack_file: String::new(),
        cluster: Some("k8s.myzone.net".to_owned()),
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        state: StateVersion { lineage: String::new(), serial: 0 },
        mode: Mode::Apply,
        summary: Summary::of(&changes),
        rendered: Vec::new(),
        changes,
        drift: Vec::new(),
        preflight: Vec::new(),
        digest: None,
    }
}

/// The plan with a digest.
pub fn agreed(plan: Plan) -> Plan {
    Plan { digest: Some("3f9a0b1c2d3e".repeat(6)), ..plan }
}

/// A change without fields.
pub fn change(address: &str, action: Action, reason: &str) -> Change {
    let address: provision::engine::address::Address = address.parse().expect("a valid address");
    Change {
        kind: address.kind().to_owned(),
        action,
        id: None,
        reason: reason.to_owned(),
        effect: Effect::None,
        account: Vec::new(),
        fields: Vec::new(),
        queued: Vec::new(),
        data: None,
        order: None,
        keeps: None,
        goes: Vec::new(),
        depends_on: depends_on(address.kind(), address.name(), address.member_name()),
        blocked: None,
        address,
    }
}

/// The resources that a resource of the reference stack refers to.
fn depends_on(kind: &str, name: &str, zone: Option<&str>) -> BTreeSet<Address> {
    let own = |kind: &str| format!("{kind}.{name}");
    let subnets = || ZONES.map(|zone| format!("aws_subnet.{zone}")).to_vec();
    let addresses = match (kind, name) {
        ("aws_security_group", "nodes" | "masters") => Vec::new(),
        ("aws_security_group", _) => {
            ["aws_vpc.network", "aws_security_group.nodes", "aws_security_group.masters"]
                .map(str::to_owned)
                .to_vec()
        }
        ("aws_efs_mount_target", _) => vec![
            own("aws_efs_file_system"),
            own("aws_security_group"),
            format!("aws_subnet.{}", zone.expect("a mount target is in a zone")),
        ],
        ("aws_db_subnet_group", _) => subnets(),
        ("aws_db_instance", _) => vec![own("aws_db_subnet_group"), own("aws_security_group")],
        _ => Vec::new(),
    };
    addresses.iter().map(|address| address.parse().expect("a valid address")).collect()
}

/// A field that goes from one value to another; `null` is no value.
pub fn field(path: &str, before: Value, after: Value) -> FieldChange {
    let value = |value: Value| Some(value).filter(|value| !value.is_null());
    FieldChange {
        path: path.to_owned(),
        before: value(before),
        after: value(after),
        unknown: false,
        sensitive: false,
        is_default: false,
        effect: Effect::None,
        calls: Vec::new(),
        window: None,
        takes_back: false,
    }
}

fn unknown(path: &str) -> FieldChange {
    FieldChange { unknown: true, ..field(path, Value::Null, Value::Null) }
}

fn watch(address: &str, id: &str) -> Change {
    let id = Some(Id::new(id));
    Change { id, ..change(address, Action::Watch, "the cluster's own; watched, never changed") }
}

/// A creation with these inputs; `?` stands for what is known only after apply.
fn create(address: &str, inputs: Value) -> Change {
    let Value::Object(inputs) = inputs else { panic!("inputs are an object") };
    let fields = inputs
        .into_iter()
        .map(
            |(name, value)| {
                if value == json!("?") { unknown(&name) } else { field(&name, Value::Null, value) }
            },
        )
        .collect();
    Change { fields, ..change(address, Action::Create, "not in the state") }
}

fn rule(port: u16, role: &str, source: &str) -> Value {
    json!({ "protocol": "tcp", "from_port": port, "to_port": port, "source": source, "description": format!("{port} from {role}") })
}

fn group(name: &str, group_name: &str, port: u16) -> Change {
    create(
        &format!("aws_security_group.{name}"),
        json!({
            "description": format!("{name} of gitlab"),
            "egress": [],
            "ingress": [rule(port, "nodes", "sg-0bb00000000000001"), rule(port, "masters", "sg-0aa00000000000001")],
            "name": group_name,
            "tags": { "Name": group_name, "team": "platform" },
            "vpc_id": "vpc-0a1b2c3d4e5f60718",
        }),
    )
}

/// The first plan of the reference stack in three zones.
pub fn first() -> Plan {
    let mut changes = vec![
        create(
            "aws_db_instance.gitlab-pgsql",
            json!({
                "allocated_storage": 50, "apply_immediately": false, "auto_minor_version_upgrade": true,
                "backup_retention_period": 30, "backup_window": "04:00-04:30", "database_name": "gitlab_production",
                "db_subnet_group_name": "gitlab-pgsql", "deletion_protection": true, "engine": "postgres",
                "engine_version": "16", "final_snapshot": true, "identifier": "gitlab-pgsql",
                "instance_class": "db.t4g.medium", "maintenance_window": "sun:04:30-sun:05:30", "multi_az": true,
                "password": "managed", "port": 5432, "publicly_accessible": false, "security_group_ids": "?",
                "storage_encrypted": true, "storage_type": "gp3", "tags": { "Name": "gitlab-pgsql", "team": "platform" },
                "username": "gitlab",
            }),
        ),
        create(
            "aws_db_subnet_group.gitlab-pgsql",
            json!({
                "description": "gitlab-pgsql of gitlab", "name": "gitlab-pgsql",
                "subnet_ids": ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718", "subnet-0c1b2c3d4e5f60718"],
                "tags": { "Name": "gitlab-pgsql", "team": "platform" },
            }),
        ),
        create(
            "aws_efs_file_system.gitlab-nfs",
            json!({
                "backup": true, "deletion_protection": true, "encrypted": true,
                "lifecycle": { "transition_to_ia": "AFTER_30_DAYS" }, "performance_mode": "generalPurpose",
                "tags": { "Name": "gitlab-nfs", "team": "platform" }, "throughput_mode": "elastic",
            }),
        ),
    ];
    changes.extend(ZONES.map(|zone| {
        create(
            &format!("aws_efs_mount_target.gitlab-nfs/{zone}"),
            json!({
                "file_system_id": "?", "security_group_ids": "?",
                "subnet_id": format!("subnet-0{}1b2c3d4e5f60718", &zone[zone.len() - 1..]),
            }),
        )
    }));
    changes.push(group("gitlab-nfs", "EFS_K8s", 2049));
    changes.push(group("gitlab-pgsql", "gitlab-pgsql", 5432));
    changes.push(watch("aws_security_group.masters", "sg-0aa00000000000001"));
    changes.push(watch("aws_security_group.nodes", "sg-0bb00000000000001"));
    changes.extend(ZONES.map(|zone| {
        let id = format!("subnet-0{}1b2c3d4e5f60718", &zone[zone.len() - 1..]);
        watch(&format!("aws_subnet.{zone}"), &id)
    }));
    changes.push(watch("aws_vpc.network", "vpc-0a1b2c3d4e5f60718"));
    plan(changes)
}

/// Six file systems and databases, the longest names among them.
pub fn large() -> Plan {
    let one = first();
    let names =
        ["gitlab", "mail", "wiki", "packages", "tracker", "a-name-of-the-greatest-length-that-a-stack-ta"];
    let own = |change: &&Change| change.address.name().starts_with("gitlab-");
    let copies = names.iter().flat_map(|name| {
        let renamed = |address: &Address| {
            let text = address.to_string().replace(".gitlab-", &format!(".{name}-"));
            text.parse::<Address>().expect("a valid address")
        };
        let copy = move |change: &Change| Change {
            address: renamed(&change.address),
            depends_on: change.depends_on.iter().map(renamed).collect(),
            ..change.clone()
        };
        one.changes.iter().filter(own).map(copy).collect::<Vec<_>>()
    });
    let network = one.changes.iter().filter(|change| !own(change)).cloned();
    let mut changes: Vec<Change> = copies.chain(network).collect();
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    plan(changes)
}

/// The plan when everything is as it should be.
pub fn settled() -> Plan {
    let unchanged =
        |change: Change| Change { action: Action::NoOp, fields: Vec::new(), reason: String::new(), ..change };
    plan(first().changes.into_iter().map(unchanged).collect())
}

fn costing(effect: Effect, field: FieldChange) -> FieldChange {
    FieldChange { effect, ..field }
}

/// The settled stack with some changes in the place of what is unchanged.
fn settled_but(changed: Vec<Change>) -> Plan {
    let mut changes = settled().changes;
    for one in changed {
        changes.retain(|change| change.address != one.address);
        changes.push(one);
    }
    changes.sort_by(|a, b| a.address.cmp(&b.address));
    plan(changes)
}

/// A field that waits for the window, and what it costs then.
fn waiting(then: Effect, field: FieldChange) -> FieldChange {
    let opens = Some("2026-11-22T04:30:00Z".to_owned());
    let window = Some(Window { opens, effect: then });
    FieldChange { effect: Effect::NextMaintenanceWindow, window, ..field }
}

/// The changes that an earlier apply left for the window, with nothing else to do; and what becomes of them with `at_once`.
pub fn queued(at_once: bool) -> Plan {
    let class = field("instance_class", json!("db.t4g.medium"), json!("db.t4g.large"));
    let version = field("engine_version", json!("16.3"), json!("16.8"));
    let database = "aws_db_instance.gitlab-pgsql";
    settled_but(vec![if at_once {
        Change {
            fields: vec![field("apply_immediately", json!(false), json!(true))],
            queued: vec![costing(Effect::Failover, class), costing(Effect::Reboot, version)],
            effect: Effect::Reboot,
            ..change(database, Action::Update, "apply_immediately differs")
        }
    } else {
        Change {
            queued: vec![waiting(Effect::Failover, class), waiting(Effect::Reboot, version)],
            ..change(database, Action::NoOp, "as declared")
        }
    }])
}

/// A change that waited for the window is not wanted any more.
pub fn taken_back() -> Plan {
    let class = field("instance_class", json!("db.t4g.large"), json!("db.t4g.medium"));
    settled_but(vec![Change {
        fields: vec![FieldChange { takes_back: true, ..class }],
        ..change(
            "aws_db_instance.gitlab-pgsql",
            Action::Update,
            "the queued change of instance_class is taken back",
        )
    }])
}

/// Changes in place, with every effect that there is.
pub fn update() -> Plan {
    let database = Change {
        effect: Effect::Reboot,
        fields: vec![
            costing(Effect::None, field("backup_retention_period", json!(7), json!(30))),
            costing(Effect::Reboot, field("engine_version", json!("16.3"), json!("16.8"))),
            waiting(Effect::Failover, field("instance_class", json!("db.t4g.medium"), json!("db.t4g.large"))),
            costing(Effect::Failover, field("multi_az", json!(false), json!(true))),
            costing(
                Effect::NextReboot,
                field("parameter_group_name", json!("a-postgres16"), json!("b-postgres16")),
            ),
            costing(Effect::BriefPause, field("storage_type", json!("gp2"), json!("gp3"))),
        ],
        ..change("aws_db_instance.gitlab-pgsql", Action::Update, "6 fields differ")
    };
    let file_system = Change {
        fields: vec![
            field("lifecycle", json!(null), json!({ "transition_to_ia": "AFTER_30_DAYS" })),
            field(
                "tags",
                json!({ "Name": "gitlab-nfs", "owner": "ops", "team": "data platform" }),
                json!({ "Name": "gitlab-nfs", "cost-centre": "4711", "team": "platform" }),
            ),
        ],
        ..change("aws_efs_file_system.gitlab-nfs", Action::Update, "lifecycle, tags differ")
    };
    let group = Change {
        fields: vec![field(
            "ingress",
            json!([rule(2049, "nodes", "sg-0bb00000000000001"), rule(2049, "everybody", "0.0.0.0/0")]),
            json!([
                rule(2049, "nodes", "sg-0bb00000000000001"),
                rule(2049, "masters", "sg-0aa00000000000001")
            ]),
        )],
        ..change("aws_security_group.gitlab-nfs", Action::Update, "ingress differs")
    };
    let port = Change {
        effect: Effect::BriefPause,
        fields: vec![costing(
            Effect::BriefPause,
            field("subnet_ids", json!(["subnet-0a"]), json!(["subnet-0a", "subnet-0b"])),
        )],
        ..change("aws_db_subnet_group.gitlab-pgsql", Action::Update, "subnet_ids differs")
    };
    settled_but(vec![database, file_system, group, port])
}

/// Replacements in both orders, and what follows from them.
pub fn replace() -> Plan {
    let group = Change {
        effect: Effect::Replacement,
        order: Some(ReplaceOrder::CreateFirst),
        fields: vec![costing(Effect::Replacement, field("name", json!("EFS_K8s"), json!("gitlab-nfs")))],
        ..change("aws_security_group.gitlab-nfs", Action::Replace, "name differs")
    };
    let targets = ZONES.map(|zone| Change {
        fields: vec![FieldChange {
            after: None,
            unknown: true,
            ..field("security_group_ids", json!(["sg-0cc00000000000001"]), json!(null))
        }],
        ..change(
            &format!("aws_efs_mount_target.gitlab-nfs/{zone}"),
            Action::Update,
            "security_group_ids differs",
        )
    });
    let subnet_group = Change {
        effect: Effect::Replacement,
        order: Some(ReplaceOrder::DeleteFirst),
        fields: vec![costing(
            Effect::Replacement,
            field("name", json!("gitlab-pgsql"), json!("gitlab-database")),
        )],
        ..change("aws_db_subnet_group.gitlab-pgsql", Action::Replace, "name differs")
    };
    settled_but([vec![group, subnet_group], targets.to_vec()].concat())
}

/// Everything goes: what is ours is deleted, what is the cluster's forgotten.
pub fn destroy() -> Plan {
    let changes = first()
        .changes
        .into_iter()
        .map(|change| match change.action {
            Action::Watch => Change {
                action: Action::Forget,
                reason: "the cluster's own; only taken out of the state".to_owned(),
                ..change
            },
            _ => Change {
                id: Some(Id::new(match change.kind.as_str() {
                    "aws_security_group" => "sg-0c11d2e3f4a5b6c70",
                    "aws_efs_file_system" => "fs-0c12d3e4f5a6b7c80",
                    "aws_efs_mount_target" => "fsmt-0c13d4e5f6a7b8c90",
                    "aws_db_subnet_group" => "gitlab-pgsql",
                    _ => "db-ABCDEFGHIJKL",
                })),
                action: Action::Delete,
                reason: "everything that the stack owns is deleted".to_owned(),
                fields: Vec::new(),
                effect: match change.kind.as_str() {
                    "aws_efs_file_system" | "aws_db_instance" => Effect::DataLoss,
                    "aws_efs_mount_target" => Effect::AccessLoss,
                    _ => Effect::None,
                },
                data: match change.kind.as_str() {
                    "aws_efs_file_system" => Some(Holdings {
                        size_bytes: Some(1_610_612_736),
                        final_snapshot: None,
                        notes: vec!["AWS Backup keeps its backups until they expire".to_owned()],
                    }),
                    "aws_db_instance" => Some(Holdings {
                        size_bytes: Some(50 << 30),
                        final_snapshot: Some("gitlab-pgsql-final-1a2b3c4d".to_owned()),
                        notes: vec!["its automated backups of 30 days are deleted with it".to_owned()],
                    }),
                    _ => None,
                },
                ..change
            },
        })
        .collect();
    Plan { mode: Mode::Destroy, ..plan(changes) }
}

/// A database that has another host than recorded, and is as the stack describes.
pub fn with_another_host() -> Plan {
    let host = field("host", json!("old.rds.amazonaws.com"), json!("new.rds.amazonaws.com"));
    let drift = Drift {
        address: "aws_db_instance.gitlab-pgsql".parse().expect("a valid address"),
        kind: "aws_db_instance".to_owned(),
        gone: false,
        fields: Vec::new(),
        outputs: vec![host],
        response: Response::Recorded,
    };
    Plan { drift: vec![drift], ..settled() }
}

/// Changes from outside.
pub fn drifted() -> Plan {
    let drift = |address: &str, gone: bool, fields: Vec<FieldChange>| {
        let address: provision::engine::address::Address = address.parse().expect("a valid address");
        let response = if gone { Response::MadeAgain } else { Response::PutRight };
        Drift { kind: address.kind().to_owned(), address, gone, fields, outputs: Vec::new(), response }
    };
    let back = Change {
        fields: vec![field("backup_retention_period", json!(7), json!(30))],
        ..change("aws_db_instance.gitlab-pgsql", Action::Update, "backup_retention_period differs")
    };
    Plan {
        drift: vec![
            drift(
                "aws_db_instance.gitlab-pgsql",
                false,
                vec![field("backup_retention_period", json!(30), json!(7))],
            ),
            drift("aws_efs_mount_target.gitlab-nfs/eu-west-1b", true, Vec::new()),
        ],
        ..settled_but(vec![
            back,
            create(
                "aws_efs_mount_target.gitlab-nfs/eu-west-1b",
                json!({ "file_system_id": "fs-0123456789abcdef0", "subnet_id": "subnet-0b1b2c3d4e5f60718" }),
            ),
        ])
    }
}

/// A plan that must not be applied.
pub fn refused() -> Plan {
    let finding = |level, check: &str, address: &str, message: &str, hint: Option<&str>| Finding {
        check: check.to_owned(),
        address: Some(address.parse().expect("a valid address")),
        level,
        message: message.to_owned(),
        hint: hint.map(str::to_owned),
        remedies: Vec::new(),
    };
    Plan {
        preflight: vec![
            finding(
                Level::Warning,
                "single-zone",
                "aws_db_instance.gitlab-pgsql",
                "multi_az is false: the database stops when its zone does",
                None,
            ),
            finding(
                Level::Error,
                "inputs",
                "aws_db_instance.gitlab-pgsql",
                "allocated_storage must be at least 20 GiB for gp3, not 5",
                Some("set `allocated_storage: 20` or more under `databases.gitlab-pgsql`"),
            ),
        ],
        ..update()
    }
}

/// Text from outside that tries everything.
pub fn hostile() -> Plan {
    let tags = |team: &str| json!({ "Name": "gitlab-nfs", "team": team });
    let evil = "x\u{1b}[2J\u{1b}]0;owned\u{7}\nerror: all is lost\r\u{9b}31m \u{202e}txt.exe\u{2066} \u{200b}\u{e0041} ::error::x";
    let update = Change {
        fields: vec![
            field("tags", tags("platform"), tags(evil)),
            field(evil, json!("(known after apply)"), json!("a → b")),
        ],
        ..change("aws_efs_file_system.gitlab-nfs", Action::Update, evil)
    };
    Plan {
        stack: evil.to_owned(),
        cluster: Some(evil.to_owned()),
        preflight: vec![Finding {
            check: evil.to_owned(),
            address: None,
            level: Level::Error,
            message: evil.to_owned(),
            hint: Some(evil.to_owned()),
            remedies: Vec::new(),
        }],
        drift: vec![Drift {
            address: "aws_vpc.network".parse().expect("a valid address"),
            kind: "aws_vpc".to_owned(),
            gone: false,
            response: Response::PutRight,
            fields: vec![field(evil, json!([evil]), json!([{ evil: evil }]))],
            outputs: Vec::new(),
        }],
        ..settled_but(vec![update])
    }
}

/// A plan of which AWS was asked what it could be asked.
pub fn checked() -> Plan {
    let finding = |level, check: &str, address: Option<&str>, message: &str| Finding {
        check: check.to_owned(),
        address: address.map(|address| address.parse().expect("a valid address")),
        level,
        message: message.to_owned(),
        hint: None,
        remedies: Vec::new(),
    };
    let (database, group) = (Some("aws_db_instance.gitlab-pgsql"), Some("aws_security_group.gitlab-pgsql"));
    let rules = "quota of rules in a security group (servicequotas:GetServiceQuota: AccessDeniedException)";
    let nfs = Some("aws_security_group.gitlab-nfs");
    Plan {
        preflight: vec![
            finding(
                Level::Passed,
                "engine-version",
                database,
                "PostgreSQL 16 is on offer in eu-west-1, up to 16.10",
            ),
            finding(Level::Warning, "free-addresses", database, "subnet-1 has no address left"),
            finding(
                Level::NotChecked,
                "permissions",
                None,
                "permissions of EFS and RDS (AWS cannot be asked)",
            ),
            finding(Level::NotChecked, "quota", group, rules),
            finding(Level::NotChecked, "quota", nfs, rules),
            finding(Level::Passed, "zones", database, "db.t4g.medium is there in eu-west-1a and eu-west-1b"),
        ],
        ..update()
    }
}

/// A plan in which the only resource that would be changed cannot be planned at all.
pub fn nothing_but_an_error() -> Plan {
    let preflight = refused().preflight.into_iter().filter(|finding| finding.level == Level::Error).collect();
    Plan { preflight, ..settled() }
}
