//! What a restore cannot change: engine and major version, encryption and key, user and first database, and a size below the backup's.

use serde::Deserialize;

use super::backup::{Backup, Shown};
use crate::aws::checks::finding::Verdict;
use crate::stack::postgres::Version;

/// The inputs of a database that its backup decides.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Wanted {
    engine_version: String,
    allocated_storage: i32,
    storage_encrypted: bool,
    username: String,
    #[serde(default)]
    database_name: Option<String>,
}

/// Everything in which the backup, by its name in words, is not what is wanted. `key` is the key that is written, where it is known.
pub(super) fn wrong(name: &str, wanted: &Wanted, key: Option<&str>, backup: &Backup) -> Vec<Verdict> {
    if backup.engine != "postgres" {
        let message = format!("{name} is one of {}, and not of PostgreSQL", backup.engine);
        let hint =
            "write the name of another backup; to see them with their engines: aws rds describe-db-snapshots";
        return vec![Verdict::error(message).hint(hint)];
    }
    let found = [
        version(name, wanted, backup),
        size(name, wanted, backup),
        encryption(name, wanted, key, backup),
        username(name, wanted, backup),
        database(name, wanted, backup),
    ];
    found.into_iter().flatten().collect()
}

/// The version is that of the backup (RestoreDBInstanceFromDBSnapshot has no parameter for it). A newer minor version is set
/// afterwards.
fn version(name: &str, wanted: &Wanted, backup: &Backup) -> Option<Verdict> {
    let (written, its) = (Version::parse(&wanted.engine_version)?, Version::parse(&backup.version)?);
    (written.major() != its.major()).then(|| {
        let (written, its) = (&wanted.engine_version, its.major_text());
        Verdict::error(format!(
            "{name} has PostgreSQL {}, and `engine_version` is {written}: a restore keeps the major version",
            backup.version
        ))
        .hint(format!(
            "write `engine_version: \"{its}\"`, and the newer one, with `allow_major_version_upgrade: true`, once the database is there"
        ))
    })
}

/// "The allocated storage size can't be less than the source snapshot or backup size", and more by a tenth at least ("Restoring to
/// a DB instance", RDS User Guide).
fn size(name: &str, wanted: &Wanted, backup: &Backup) -> Option<Verdict> {
    let (size, its) = (wanted.allocated_storage, backup.size);
    let more = its.saturating_add(its / 10).saturating_add(i32::from(its % 10 != 0));
    if size < its {
        let message =
            format!("{name} has {its} GiB, and `allocated_storage` is {size}: storage does not shrink");
        return Some(Verdict::error(message).hint(format!("write `allocated_storage: {its}`")));
    }
    (size > its && size < more).then(|| {
        Verdict::error(format!(
            "{name} has {its} GiB, and `allocated_storage` is {size}: a restore takes the same size, or a tenth more at least"
        ))
        .hint(format!("write `allocated_storage: {its}`, or {more} or more"))
    })
}

/// "Can't be encrypted with another key": a copy can ("Overview of encrypting Amazon RDS resources", RDS User Guide).
fn encryption(name: &str, wanted: &Wanted, key: Option<&str>, backup: &Backup) -> Option<Verdict> {
    let copied = |key: &str| match name.strip_prefix("the snapshot ") {
        Some(snapshot) => {
            let (_, plain) = snapshot.split_once(':').unwrap_or(("", snapshot));
            format!(
                "; or encrypt a copy, and name that: aws rds copy-db-snapshot --source-db-snapshot-identifier {snapshot} \
                 --target-db-snapshot-identifier {plain}-copy --kms-key-id {key}"
            )
        }
        None => format!(
            "; or restore an encrypted copy of a snapshot of it: aws rds copy-db-snapshot --source-db-snapshot-identifier SNAPSHOT \
             --target-db-snapshot-identifier SNAPSHOT-copy --kms-key-id {key}"
        ),
    };
    match (wanted.storage_encrypted, backup.is_encrypted, key, backup.key.as_deref()) {
        (true, false, key, _) => Some(
            Verdict::error(format!(
                "{name} is not encrypted, and `storage_encrypted` is true: a restore encrypts nothing"
            ))
            .hint(format!("write `storage_encrypted: false`{}", copied(key.unwrap_or("alias/aws/rds")))),
        ),
        (false, true, _, _) => Some(
            Verdict::error(format!(
                "{name} is encrypted, and `storage_encrypted` is false: a restore keeps that"
            ))
            .hint("write `storage_encrypted: true`"),
        ),
        (true, true, Some(key), Some(its)) if key != its => Some(
            Verdict::error(format!(
                "{name} is encrypted with {its}, and `kms_key_id` is {key}: a restore keeps the key"
            ))
            .hint(format!("write `kms_key_id: {its}`{}", copied(key))),
        ),
        _ => None,
    }
}

fn username(name: &str, wanted: &Wanted, backup: &Backup) -> Option<Verdict> {
    let its = backup.username.as_deref().filter(|its| *its != wanted.username)?;
    let message = format!(
        "the master user of {name} is {its}, and `username` is {}: a restore keeps the user",
        wanted.username
    );
    Some(Verdict::error(message).hint(format!("write `username: {its}`")))
}

fn database(name: &str, wanted: &Wanted, backup: &Backup) -> Option<Verdict> {
    let Shown::As(its) = &backup.database else {
        let written = wanted.database_name.as_deref()?;
        return Some(
            Verdict::warning(format!(
                "AWS does not show the first database of {name}, and a restore makes none: where it is not {written}, the new \
                 database will not agree with the stack file"
            ))
            .hint("write the one that it has, or leave `database_name` out"),
        );
    };
    let written = wanted.database_name.as_deref().filter(|written| Some(*written) != its.as_deref())?;
    let (has, hint) = match its {
        Some(its) => (format!("was made as {its}"), format!("write `database_name: {its}`")),
        None => ("was made without one".to_owned(), "leave `database_name` out".to_owned()),
    };
    let message =
        format!("the first database of {name} {has}, and `database_name` is {written}: a restore makes none");
    Some(Verdict::error(message).hint(hint))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::backup::tests::snapshot;
    use super::*;
    use crate::engine::plan::Level;

    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1";

    fn hints(written: Value, key: Option<&str>, backup: &Backup) -> Vec<String> {
        let mut all = json!({
            "engine_version": "16", "allocated_storage": 50, "storage_encrypted": true, "username": "gitlab",
            "database_name": "gitlab_production",
        });
        for (name, value) in written.as_object().expect("options") {
            all[name] = value.clone();
        }
        let wanted = serde_json::from_value(all).expect("inputs of a database");
        let found = wrong("the snapshot before", &wanted, key, backup);
        let (errors, warnings): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|verdict| verdict.level == Level::Error);
        let is_hidden = backup.database == Shown::Not && backup.engine == "postgres";
        assert_eq!(!warnings.is_empty(), is_hidden && wanted.database_name.is_some());
        errors.into_iter().map(|verdict| verdict.hint.expect("each says what to type")).collect()
    }

    #[test]
    fn what_a_restore_cannot_change_is_an_error_that_says_what_to_write() {
        let backup = snapshot();
        assert_eq!(hints(json!({}), None, &backup), [""; 0]);
        assert_eq!(
            hints(json!({ "engine_version": "16.9", "allocated_storage": 55 }), Some(KEY), &backup),
            [""; 0]
        );
        for (written, key, word) in [
            (json!({ "engine_version": "17" }), None, "write `engine_version: \"16\"`"),
            (json!({ "engine_version": "15.2" }), None, "write `engine_version: \"16\"`"),
            (json!({ "allocated_storage": 49 }), None, "write `allocated_storage: 50`"),
            (json!({ "allocated_storage": 54 }), None, "write `allocated_storage: 50`, or 55 or more"),
            (json!({ "storage_encrypted": false }), None, "write `storage_encrypted: true`"),
            (
                json!({}),
                Some("arn:aws:kms:eu-west-1:123456789012:key/2"),
                "write `kms_key_id: arn:aws:kms:eu-west-1:123456789012:key/1`; or encrypt a copy",
            ),
            (json!({ "username": "postgres" }), None, "write `username: gitlab`"),
        ] {
            let said = hints(written.clone(), key, &backup);
            assert_eq!(said.len(), 1, "{written}: {said:?}");
            assert!(said[0].starts_with(word), "{written}: {said:?}");
        }
        let bare = Backup { is_encrypted: false, key: None, ..snapshot() };
        let said = hints(json!({}), None, &bare);
        assert!(
            said[0].contains("--target-db-snapshot-identifier before-copy --kms-key-id alias/aws/rds"),
            "{said:?}"
        );
        let other = Backup { engine: "mysql".to_owned(), version: "8.0".to_owned(), ..snapshot() };
        assert_eq!(hints(json!({}), None, &other).len(), 1, "of another engine nothing else counts");
    }

    #[test]
    fn the_first_database_is_compared_where_rds_shows_it() {
        for (its, written, word) in [
            (Shown::Not, json!({}), None),
            (Shown::As(Some("gitlab_production".to_owned())), json!({}), None),
            (Shown::As(Some("records".to_owned())), json!({}), Some("write `database_name: records`")),
            (Shown::As(None), json!({}), Some("leave `database_name` out")),
            (Shown::As(Some("records".to_owned())), json!({ "database_name": null }), None),
        ] {
            let backup = Backup { database: its, ..snapshot() };
            assert_eq!(hints(written, None, &backup).first().map(String::as_str), word);
        }
    }
}
