//! An upgrade in words: its steps, and the statements of SQL before and after it, which the program does not run.

use super::{Stage, Upgrade};
use crate::stack::postgres::Version;

/// True if the way from one version to the other is a major upgrade.
pub fn is_major(from: &str, to: &str) -> bool {
    let major = |text: &str| Version::parse(text).map(|version| version.major().to_vec());
    major(from) != major(to)
}

pub(super) fn steps(upgrade: &Upgrade) -> Vec<String> {
    let Upgrade { name, identifier, from, to, snapshot, group, copy, .. } = upgrade;
    let mut steps = Vec::new();
    let mut step = |text: String| steps.push(text);
    match upgrade.stage {
        Stage::GivingUp | Stage::GivenUp => {
            match copy {
                Some(copy) if copy.is_deleted => step(format!(
                    "RDS deletes the blue/green deployment, and the copy {} with all that is in it",
                    copy.identifier.as_deref().unwrap_or("that is being made")
                )),
                Some(copy) => step(format!(
                    "RDS deletes the blue/green deployment; the copy {} stays in AWS, and is charged",
                    copy.identifier.as_deref().unwrap_or("that is being made")
                )),
                None => {}
            }
            if let Some(group) = group {
                step(format!("the parameter group {} is deleted, where nothing uses it", group.name));
            }
            step(format!("{identifier} goes on with {from}, and the snapshot {snapshot} stays"));
        }
        Stage::Switching | Stage::Switched => {
            let seconds = copy.as_ref().map(|copy| copy.seconds).unwrap_or_default();
            step(format!(
                "RDS lets the copy catch up, and exchanges the names: {identifier} is the one with {to} then. Connections are cut, and writes wait, usually \
                 for less than a minute; after {seconds} s RDS gives up, and all is as before"
            ));
            step(format!(
                "the one before is {identifier}-old1: it is kept, takes no writes, is charged, and no run deletes it"
            ));
            step(format!(
                "{identifier} is recorded as the stack's, and the blue/green deployment is deleted, which leaves both"
            ));
        }
        Stage::Upgrading | Stage::Upgraded | Stage::Copying | Stage::Beside => {
            step(format!("RDS takes the snapshot {snapshot} of {identifier}: the way back"));
            if let Some(group) = group {
                step(format!(
                    "the parameter group {} is made, with the parameters of {}",
                    group.name, group.old
                ));
            }
            match copy {
                None => {
                    let time = match upgrade.is_major() {
                        true => "usually for 10 to 30 min, and its standby with it",
                        false => "for some minutes",
                    };
                    step(format!(
                        "RDS upgrades {identifier} from {from} to {to}: it is away {time}. A check of RDS comes first, and leaves it as it is where it fails"
                    ));
                    if let Some(group) = group {
                        step(format!("the parameter group {} is deleted, and {to} is recorded", group.old));
                    } else {
                        step(format!("{to} is recorded"));
                    }
                }
                Some(_) => {
                    step(format!(
                        "RDS makes a copy of {identifier} with {to}, which follows it: an hour or more. {identifier} serves meanwhile; both are charged"
                    ));
                    step(format!("nothing is switched before: provision upgrade {name} --switch"));
                }
            }
        }
    }
    steps
}

pub(super) fn doing(upgrade: &Upgrade) -> String {
    let Upgrade { identifier, from, to, snapshot, copy, .. } = upgrade;
    let copied = copy.as_ref().and_then(|copy| copy.identifier.as_deref()).unwrap_or("a copy");
    match upgrade.stage {
        Stage::Upgrading => format!("is being upgraded from {from} to {to}"),
        Stage::Upgraded => {
            format!("was upgraded from {from} to {to}; the snapshot from before is {snapshot}")
        }
        Stage::Copying => format!("is being copied, to be upgraded from {from} to {to}"),
        Stage::Beside => format!("has the copy {copied} with {to} beside it, which follows it"),
        Stage::Switching => format!("is being switched over to {copied} with {to}"),
        Stage::Switched => {
            let old = copy
                .as_ref()
                .and_then(|copy| copy.old.clone())
                .unwrap_or_else(|| format!("{identifier}-old1"));
            format!("was switched over from {from} to {to}; the one before is kept as {old}")
        }
        Stage::GivingUp => format!("is to stay with {from}: the upgrade to {to} is given up"),
        Stage::GivenUp => format!("stayed with {from}: the upgrade to {to} was given up"),
    }
}

/// Statements that tell what RDS's own check would refuse, and what to do about it ("How to perform a major version upgrade for RDS for
/// PostgreSQL", RDS User Guide). The program does not connect to databases.
pub fn before(upgrade: &Upgrade) -> Vec<String> {
    if !upgrade.is_major() {
        return Vec::new();
    }
    let mut all = vec![
        "run these in every database first, since the program reads no database; each must return no row:".to_owned(),
        "prepared transactions, to be committed or rolled back: SELECT gid FROM pg_prepared_xacts;".to_owned(),
        "logical slots: SELECT slot_name FROM pg_replication_slots WHERE slot_type = 'logical'; to drop each: SELECT \
         pg_drop_replication_slot('NAME');"
            .to_owned(),
        "columns of types that RDS does not upgrade, to be changed or dropped: SELECT attrelid::regclass, attname FROM pg_attribute a \
         JOIN pg_class c ON c.oid = attrelid WHERE atttypid IN ('regproc'::regtype, \
         'regprocedure'::regtype, 'regoper'::regtype, 'regoperator'::regtype, 'regconfig'::regtype, 'regdictionary'::regtype) AND \
         c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema');"
            .to_owned(),
        "extensions of older versions: SELECT name, installed_version FROM pg_available_extensions WHERE installed_version <> \
         default_version; to update each: ALTER EXTENSION NAME UPDATE;"
            .to_owned(),
    ];
    if upgrade.copy.is_some() {
        all.push(
            "tables without a primary key, which take no update or deletion while they are copied: SELECT c.oid::regclass FROM pg_class c WHERE relkind = 'r' AND relreplident <> 'f' \
             AND relnamespace::regnamespace::text !~ '^pg_|^information_schema' AND NOT EXISTS (SELECT 1 FROM pg_index WHERE indrelid = c.oid AND \
             indisprimary); for each: ALTER TABLE NAME REPLICA IDENTITY FULL;"
                .to_owned(),
        );
        all.push(
            "changes of tables, new partitions, grants and large objects are not copied: stop the jobs of GitLab that make them, and upgrade nothing of it, until \
             it is switched over"
                .to_owned(),
        );
    }
    all
}

/// What is left to do in the database afterwards.
pub fn after(upgrade: &Upgrade) -> Vec<String> {
    if !upgrade.is_major() {
        return Vec::new();
    }
    vec![
        "Its statistics are gone, and queries are slow until they are made anew. In every database: ANALYZE VERBOSE;".to_owned(),
        "Extensions are as they were. In every database: SELECT name, installed_version FROM pg_available_extensions WHERE installed_version <> \
         default_version; then for each: ALTER EXTENSION NAME UPDATE;"
            .to_owned(),
    ]
}
