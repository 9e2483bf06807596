//! The backup that a database is made from: a snapshot, or another database at a moment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::keys::{DATABASE_NAME, PASSWORD, RESTORE_FROM};
use super::password;
use crate::engine::document::Document;
use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::password::PasswordSource;

/// The value of `restore_from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Origin {
    Snapshot {
        snapshot: String,
    },
    Time {
        source: String,
        /// In RFC 3339, or [`LATEST`].
        time: String,
    },
}

/// The latest moment that a database can be restored to (RestoreDBInstanceToPointInTime, UseLatestRestorableTime).
const LATEST: &str = "latest";

impl Origin {
    /// The moment that is written; none for the latest one.
    pub(crate) fn moment(time: &str) -> Option<Timestamp> {
        time.parse().ok()
    }
}

/// The forms in the stack file.
pub(super) const FORMS: &[&[Property]] = &[
    &[Property {
        name: "snapshot",
        doc: "The name of a snapshot of this account and region, or the ARN of one of this region that another account shares.",
        shape: Shape::Text(SNAPSHOT),
        need: Need::Required,
    }],
    &[
        Property {
            name: "source",
            doc: "The identifier of a database with automated backups.",
            shape: Shape::Text(super::texts::IDENTIFIER),
            need: Need::Required,
        },
        Property {
            name: "time",
            doc: "The moment to restore, in UTC, or `latest`.",
            shape: Shape::Text(TIME),
            need: Need::Required,
        },
    ],
];

/// Those of RDS and of AWS Backup begin with the service ("Managing automated backups" and "Using AWS Backup", RDS User Guide).
const SNAPSHOT: Pattern = Pattern::new(
    "a snapshot's name: letters and digits with single hyphens between them, a letter first, at most 255; or its ARN",
    "^(((rds|awsbackup):)?[A-Za-z](-?[A-Za-z0-9])*|arn:aws[a-z-]*:rds:[a-z0-9-]+:[0-9]{12}:snapshot:((rds|awsbackup):)?[A-Za-z](-?[A-Za-z0-9])*)$",
    320,
)
.in_lower_case();

const TIME: Pattern = Pattern::new(
    "`latest`, or a time in UTC, such as `2026-11-27T04:00:00Z`",
    "^(latest|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)$",
    20,
)
.judged_by(|text| {
    let is_real = text == LATEST || Origin::moment(text).is_some();
    (!is_real).then(|| format!("`{text}` is no time that there is"))
});

/// The inputs of a database that a restore has made: the password is that of the backup, until the one that is wanted is sent, and so is
/// the first database (RestoreDBInstanceFromDBSnapshot and RestoreDBInstanceToPointInTime have no parameter for a password, and theirs
/// for a database is not for PostgreSQL).
pub(super) fn as_created(wanted: &Document) -> Document {
    let mut created = wanted.clone();
    if wanted.contains_key(RESTORE_FROM.name) {
        created.remove(DATABASE_NAME.name);
        if password::source(wanted) != Some(PasswordSource::Unmanaged) {
            created.remove(PASSWORD.name);
        }
    }
    created
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample;
    use super::*;

    #[test]
    fn a_restored_database_has_the_password_of_its_backup_at_first() {
        let origin = json!({ "snapshot": "before" });
        for (password, restored, is_kept) in [
            ("managed", true, false),
            ("env:PASSWORD", true, false),
            ("unmanaged", true, true),
            ("managed", false, true),
            ("env:PASSWORD", false, true),
        ] {
            let from = if restored { origin.clone() } else { json!(null) };
            let wanted = sample::with(json!({ "password": password, "restore_from": from }));
            let created = as_created(&wanted);
            assert_eq!(created.contains_key("password"), is_kept, "{password} {restored}");
            assert_eq!(created.contains_key("database_name"), !restored, "{password}");
            assert_eq!(created.len() + usize::from(!is_kept) + usize::from(restored), wanted.len());
        }
    }

    #[test]
    fn a_time_is_one_that_there_is() {
        for (text, fits) in [
            ("latest", true),
            ("2026-11-27T04:00:00Z", true),
            ("2026-02-30T04:00:00Z", false),
            ("2026-11-27T24:00:00Z", false),
            ("2026-11-27 04:00:00", false),
            ("2026-11-27T04:00:00+01:00", false),
            ("newest", false),
        ] {
            assert_eq!(TIME.fits(text), fits, "{text}");
        }
    }

    #[test]
    fn a_snapshot_has_a_name_or_an_arn() {
        for (text, fits) in [
            ("before", true),
            ("records-final-20261127", true),
            ("rds:records-2026-11-27-04-05", true),
            ("awsbackup:job-0a1b", true),
            ("a--b", false),
            ("a-", false),
            ("1a", false),
            ("arn:aws:rds:eu-west-1:123456789012:snapshot:before", true),
            ("arn:aws:rds:eu-west-1:123456789012:db:before", false),
        ] {
            assert_eq!(SNAPSHOT.fits(text), fits, "{text}");
        }
    }
}
