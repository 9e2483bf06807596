//! The calls that make, change and delete a database, and all that AWS checks with them.

use serde_json::Value;

use crate::aws::kinds::rds_tags;
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::document::Document;

const THIS: &[&str] = &["rds:db:{identifier}"];
const OURS: &[Grant] = &[Grant::owned(THIS)];
/// Resources that a database only refers to; RDS uses option groups of its own where the author chose none. Snapshots are those of a
/// restore: to name them apart would take a statement more, and a policy has few letters.
pub(in crate::aws) const BESIDE: Grant =
    Grant::on(&["rds:og:default*", "rds:pg:*", "rds:snapshot:*", "rds:subgrp:*"]);

pub(super) const CREATE: Call =
    Call::new("rds:CreateDBInstance", &[Grant::tagging(THIS), BESIDE]).checked(MADE);

/// The one that reads the snapshot named in `restore_from` (Service Authorization Reference, Amazon RDS: resource types of the call).
pub(super) const RESTORE_SNAPSHOT: Call = Call::new(
    "rds:RestoreDBInstanceFromDBSnapshot",
    &[Grant::tagging(THIS), BESIDE, Grant::on(&["rds:snapshot:{restore_from.snapshot}"])],
)
.checked(MADE)
.only(|inputs| restores(inputs, "snapshot"));

/// The one that reads the backups of the database named in `restore_from`.
pub(super) const RESTORE_TIME: Call = Call::new(
    "rds:RestoreDBInstanceToPointInTime",
    &[Grant::tagging(THIS), BESIDE, Grant::on(&["rds:db:{restore_from.source}"])],
)
.checked(MADE)
.only(|inputs| restores(inputs, "source"));

const REPLICA: &str = "Service Authorization Reference, Amazon RDS: CreateDBInstanceReadReplica";

/// The one that makes a read replica: on the new instance, and on the one that it follows, which is the stack's too.
pub(super) const CREATE_REPLICA: Call = Call::new(
    "rds:CreateDBInstanceReadReplica",
    &[Grant::tagging(THIS), Grant::owned(&["rds:db:*"]), BESIDE],
)
.checked(&[
    Check::new("rds:AddTagsToResource", Grant::tagging(THIS), REPLICA),
    rds_tags::SERVICE_ROLE,
    Check::new("ec2:DescribeAccountAttributes", ALL, NETWORK),
    Check::new("ec2:DescribeInternetGateways", ALL, NETWORK),
    Check::new(
        "kms:CreateGrant",
        INSIGHTS_KEY.when(&[When::Is(VIA, RDS), When::Holds("kms:GrantIsForAWSResource")]),
        REPLICA,
    ),
    Check::new("kms:Decrypt", INSIGHTS_KEY.when(&[When::Is(VIA, RDS)]), REPLICA),
    Check::new("kms:DescribeKey", INSIGHTS_KEY, REPLICA),
    Check::new("kms:GenerateDataKey", INSIGHTS_KEY.when(&[When::Is(VIA, RDS)]), REPLICA),
    PASS_ROLE,
    PASS_DOMAIN_ROLE,
]);

const INSIGHTS_KEY: Grant = Grant::on(&["kms:{performance_insights_kms_key_id}"]);

/// Of a read replica RDS takes no last snapshot.
pub(super) const DELETE_REPLICA: Call = Call::new("rds:DeleteDBInstance", OURS);

fn restores(inputs: &Document, from: &str) -> bool {
    inputs.get("restore_from").is_some_and(|origin| origin.get(from).is_some())
}

/// The permissions that AWS checks besides, when it makes a database.
const MADE: &[Check] = &[
    rds_tags::check(Grant::tagging(THIS)),
    rds_tags::SERVICE_ROLE,
    Check::new("ec2:DescribeAccountAttributes", ALL, NETWORK),
    Check::new("ec2:DescribeInternetGateways", ALL, NETWORK),
    Check::new("secretsmanager:CreateSecret", SECRET, MANAGED).only(is_managed),
    Check::new("secretsmanager:TagResource", SECRET, MANAGED).only(is_managed),
    Check::new("kms:DescribeKey", SECRETS_KEY, MANAGED).only(is_managed),
    Check::new(
        "kms:CreateGrant",
        KEY.when(&[When::Is(VIA, RDS), When::Holds("kms:GrantIsForAWSResource")]),
        KEYS,
    ),
    Check::new("kms:Decrypt", THROUGH_RDS, KEYS),
    // The other key is looked at by ourselves.
    Check::new("kms:DescribeKey", Grant::on(&["kms:{performance_insights_kms_key_id}"]), KEYS),
    Check::new("kms:GenerateDataKey", THROUGH_RDS, KEYS),
    Check::new("kms:CreateGrant", SECRET_KEY, MANAGED).only(is_managed),
    Check::new("kms:Decrypt", SECRET_KEY, MANAGED).only(is_managed),
    Check::new("kms:DescribeKey", SECRET_KEY, MANAGED).only(is_managed),
    Check::new("kms:GenerateDataKey", SECRET_KEY, MANAGED).only(is_managed),
    PASS_ROLE,
    PASS_DOMAIN_ROLE,
];

pub(super) const MODIFY: Call =
    Call::new("rds:ModifyDBInstance", &[Grant::owned(THIS), BESIDE]).checked(&[PASS_ROLE, PASS_DOMAIN_ROLE]);

pub(super) const DELETE: Call = Call::new("rds:DeleteDBInstance", OURS).checked(&[
    Check::new("rds:CreateDBSnapshot", LAST, SNAPSHOT).only(leaves_a_snapshot),
    // Of the snapshot alone: on the database it would be allowed to make it ours.
    Check::new("rds:AddTagsToResource", Grant::on(SNAPSHOTS), SNAPSHOT).only(leaves_a_tagged_snapshot),
]);

/// The calls that change the tags.
pub(super) const TAGS: [Call; 2] = rds_tags::calls(OURS);

const ALL: Grant = Grant::on(&["*"]);
const NETWORK: &str = "CloudFormation, AWS::RDS::DBInstance: permissions of the create handler";

/// The names that RDS gives its secrets.
const SECRET: Grant = Grant::on(&["secretsmanager:secret:rds!db-*"]);
const SECRET_KEY: Grant = Grant::on(&["kms:{master_user_secret_kms_key_id}"]);
const SECRETS_KEY: Grant = Grant::on(&["kms:alias/aws/secretsmanager"]);
const MANAGED: &str = "Amazon RDS User Guide, Permissions required for Secrets Manager integration";

const KEY: Grant = Grant::on(&["kms:{kms_key_id}", "kms:{performance_insights_kms_key_id}"]);
const VIA: &str = "kms:ViaService";
const RDS: &str = "rds.{region}.amazonaws.com";
const THROUGH_RDS: Grant = KEY.when(&[When::Is(VIA, RDS)]);
const KEYS: &str = "Service Authorization Reference, Amazon RDS: dependent actions of CreateDBInstance";

/// RDS is given the role by which it writes measurements.
const PASS_ROLE: Check = Check::new(
    "iam:PassRole",
    Grant::on(&["iam:{monitoring.role_arn}"])
        .when(&[When::Is("iam:PassedToService", "monitoring.rds.amazonaws.com")]),
    "Amazon RDS User Guide, Setting up and enabling Enhanced Monitoring",
);

/// RDS is given the role by which it asks the directory.
const PASS_DOMAIN_ROLE: Check = Check::new(
    "iam:PassRole",
    Grant::on(&["iam:role/{domain_iam_role_name}"]),
    "Amazon RDS User Guide, Setting up Kerberos authentication for PostgreSQL DB instances",
);

const SNAPSHOTS: &[&str] = &["rds:snapshot:{identifier}-final-*"];
const LAST: Grant = Grant::on(&["rds:db:{identifier}", "rds:snapshot:{identifier}-final-*"]);
const SNAPSHOT: &str =
    "No page says so: DeleteDBInstance takes the last snapshot, and AWS may check for that";

fn is_managed(inputs: &Document) -> bool {
    inputs.get("password").and_then(Value::as_str) == Some("managed")
}

fn leaves_a_tagged_snapshot(inputs: &Document) -> bool {
    leaves_a_snapshot(inputs) && inputs.get("copy_tags_to_snapshot") == Some(&Value::Bool(true))
}

fn leaves_a_snapshot(inputs: &Document) -> bool {
    inputs.get("final_snapshot") == Some(&Value::Bool(true))
}
