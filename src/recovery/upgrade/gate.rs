//! The gate before an upgrade: everything that is in its way, told at once and before anything is made.

use crate::stack::postgres::Version;

use super::Upgrade;
use super::words::is_major;
use crate::recovery::course::Course;

/// The command that is typed again.
const COMMAND: &str = Upgrade::COMMAND;

/// The facts that decide about an upgrade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The name in the stack file.
    pub name: String,
    pub identifier: String,
    pub status: String,
    pub version: String,
    /// The version as it was typed.
    pub typed: String,
    /// The versions that RDS upgrades to, the newest last; absent where it does not list the live one.
    pub targets: Option<Vec<String>>,
    /// The newest of them within the typed one.
    pub target: Option<String>,
    /// The sentences that say why the class cannot be ordered with the new version, and what to write.
    pub unordered: Option<(String, Option<String>)>,
    /// The read replicas of the same region, with their versions.
    pub replicas: Vec<(String, String)>,
    /// The names of those that are elsewhere, as ARNs.
    pub far_replicas: Vec<String>,
    pub group: Group,
    /// True if parameters wait for a reboot.
    pub pending_reboot: bool,
    /// True if it is to be done by a copy.
    pub by_copy: bool,
    pub is_password_managed: bool,
    pub backup_days: i32,
    /// True if `rds.logical_replication` is on.
    pub replicates_logically: bool,
    /// True for a replica of something else.
    pub is_replica: bool,
}

/// The parameter group that the database has after the upgrade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Group {
    /// RDS's own one of the version, or one that need not be changed.
    #[default]
    Fits,
    /// The database's own, which is made anew.
    Own,
    /// One of others, of which another one has to be named.
    OfOthers { name: String },
    /// The one that was named does not fit: why.
    Unfit(String),
}

/// One thing in the way, and what to type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InTheWay {
    pub message: String,
    pub hint: Option<String>,
}

/// The oldest minor versions that follow logically ("Major version upgrade", Amazon RDS blue/green deployments, RDS User Guide).
const FOLLOW: [&str; 6] = ["11.21", "12.16", "13.12", "14.9", "15.4", "16.1"];

/// Everything that is in the way.
pub fn in_the_way(facts: &Facts) -> Vec<InTheWay> {
    let mut found = Vec::new();
    let mut find = |message: String, hint: Option<String>| found.push(InTheWay { message, hint });
    let Facts { name, identifier, version, typed, .. } = facts;
    if facts.is_replica {
        find(
            format!("{identifier} is a read replica of another database"),
            Some("upgrade the database that it follows".to_owned()),
        );
    }
    if facts.status != "available" {
        find(
            format!("{identifier} is {}, and RDS upgrades only what is available", facts.status),
            Some("for what that means: provision status".to_owned()),
        );
    }
    match (&facts.target, &facts.targets) {
        (Some(_), _) => {}
        (None, None) => {
            find(
                format!("RDS does not list {version}, so that its targets are not known"),
                Some("try again later".to_owned()),
            );
        }
        (None, Some(targets)) => {
            let (message, hint) = no_target(facts, targets);
            find(message, hint);
        }
    }
    let Some(target) = &facts.target else { return found };
    let major = is_major(version, target);
    if let Some((message, hint)) = &facts.unordered {
        find(message.clone(), hint.clone());
    }
    match &facts.group {
        Group::OfOthers { name: group } => {
            let family = Version::parse(target).map(|version| version.family()).unwrap_or_default();
            find(
                format!("its parameter group {group} is not its own, and is not of {family}"),
                Some(format!(
                    "name another one of {family}; for RDS's own: provision {COMMAND} {name} --to {typed} --parameter-group default.{family}"
                )),
            );
        }
        Group::Unfit(why) => find(why.clone(), Some("name another one with --parameter-group".to_owned())),
        Group::Fits | Group::Own => {}
    }
    if facts.pending_reboot {
        find(
            "parameters wait for a reboot, which the upgrade would be".to_owned(),
            Some(format!(
                "reboot it first: aws rds reboot-db-instance --db-instance-identifier {identifier}"
            )),
        );
    }
    let in_place = || format!("upgrade it in place: provision {COMMAND} {name} --to {typed}");
    let names =
        |all: &[(String, String)]| all.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    if facts.by_copy {
        if !facts.replicas.is_empty() || !facts.far_replicas.is_empty() {
            let all: Vec<&str> = facts
                .replicas
                .iter()
                .map(|(name, _)| name)
                .chain(&facts.far_replicas)
                .map(String::as_str)
                .collect();
            find(
                format!(
                    "it has read replicas ({}): the copies that RDS makes of them would be none of the stack's",
                    all.join(", ")
                ),
                Some(in_place()),
            );
        }
        if facts.is_password_managed {
            find(
                "RDS makes no blue/green deployment of a database whose password it manages".to_owned(),
                Some(format!(
                    "write `password: env:NAME` below it, then: provision apply; or {}",
                    in_place()
                )),
            );
        }
        if facts.backup_days == 0 {
            find(
                "RDS makes no blue/green deployment of a database without automated backups".to_owned(),
                Some("write `backup_retention_period: 7` below it, then: provision apply".to_owned()),
            );
        }
        if major && !follows(version) {
            find(
                format!("a copy of another major version cannot follow PostgreSQL {version}"),
                Some(format!("upgrade its minor version first; or {}", in_place())),
            );
        } else if major && !facts.replicates_logically {
            find(
                "a copy of another major version follows logically, and `rds.logical_replication` is off"
                    .to_owned(),
                Some(format!(
                    "write `parameters: {{ rds.logical_replication: \"1\" }}` below it, then: provision apply; then reboot it: aws rds reboot-db-instance \
                     --db-instance-identifier {identifier}; or {}",
                    in_place()
                )),
            );
        }
        return found;
    }
    let behind: Vec<_> = facts
        .replicas
        .iter()
        .filter(|(_, its)| Version::parse(its) < Version::parse(target))
        .cloned()
        .collect();
    if !major && !behind.is_empty() {
        find(
            format!("RDS upgrades its read replicas first: {}", names(&behind)),
            Some(format!(
                "write `engine_version: \"{target}\"` below it, which upgrades all of them in that order: provision apply"
            )),
        );
    }
    if major && !facts.far_replicas.is_empty() {
        find(
            format!(
                "RDS does not upgrade its read replicas in other regions: {}",
                facts.far_replicas.join(", ")
            ),
            Some("promote or delete them, and make them anew afterwards".to_owned()),
        );
    }
    found
}

fn follows(version: &str) -> bool {
    let Some(version) = Version::parse(version) else { return false };
    let least: Vec<Version> = FOLLOW.iter().filter_map(|least| Version::parse(least)).collect();
    match least.iter().find(|least| least.major() == version.major()) {
        Some(least) => version >= *least,
        None => least.first().is_some_and(|oldest| version > *oldest),
    }
}

fn no_target(facts: &Facts, targets: &[String]) -> (String, Option<String>) {
    let Facts { name, identifier, version, typed, .. } = facts;
    let (Some(live), Some(wanted)) = (Version::parse(version), Version::parse(typed)) else {
        return (
            format!("{typed} is no version of PostgreSQL"),
            Some("write one such as 17 or 17.6".to_owned()),
        );
    };
    if live.is_of(&wanted) {
        return (
            format!("{identifier} has {version} already, the newest of {typed} that RDS has for it"),
            None,
        );
    }
    if live > wanted {
        return (format!("{identifier} has {version}, and RDS does not go back to {typed}"), None);
    }
    let of_major = |target: &&String| !is_major(target, typed);
    let same: Vec<&str> = targets.iter().filter(of_major).map(String::as_str).collect();
    let choice = if same.is_empty() { targets.iter().map(String::as_str).collect() } else { same };
    let hint = choice
        .last()
        .map(|newest| format!("it goes to {}: provision {COMMAND} {name} --to {newest}", choice.join(", ")));
    (format!("RDS does not upgrade {version} to {typed} in one step"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(by_copy: bool) -> Facts {
        Facts {
            name: "records".to_owned(),
            identifier: "records".to_owned(),
            status: "available".to_owned(),
            version: "16.9".to_owned(),
            typed: "17".to_owned(),
            targets: Some(["16.10", "17.5", "17.6"].map(str::to_owned).to_vec()),
            target: Some("17.6".to_owned()),
            backup_days: 7,
            replicates_logically: true,
            by_copy,
            ..Facts::default()
        }
    }

    fn said(by_copy: bool, change: fn(&mut Facts)) -> Vec<String> {
        let mut facts = facts(by_copy);
        change(&mut facts);
        in_the_way(&facts).into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn a_database_that_is_ready_for_it_has_nothing_in_the_way() {
        assert_eq!(said(false, |_| ()), [""; 0]);
        assert_eq!(said(true, |_| ()), [""; 0]);
    }

    #[test]
    fn everything_in_the_way_is_told_at_once() {
        let found = said(true, |facts| {
            facts.status = "modifying".to_owned();
            facts.is_password_managed = true;
            facts.backup_days = 0;
            facts.replicates_logically = false;
            facts.replicas = vec![("reports".to_owned(), "16.9".to_owned())];
        });
        assert_eq!(found.len(), 5, "{found:?}");
    }

    #[test]
    fn each_reason_is_told_where_it_counts() {
        type Change = fn(&mut Facts);
        let minor: Change = |facts| facts.target = Some("16.10".to_owned());
        assert_eq!(said(true, minor), [""; 0]);
        let cases: [(bool, Change, &str); 9] = [
            (false, |facts| facts.is_replica = true, "is a read replica"),
            (
                false,
                |facts| facts.group = Group::OfOthers { name: "shared".to_owned() },
                "is not of postgres17",
            ),
            (false, |facts| facts.group = Group::Unfit("there is no group".to_owned()), "there is no group"),
            (
                false,
                |facts| facts.unordered = Some(("cannot be ordered".to_owned(), None)),
                "cannot be ordered",
            ),
            (false, |facts| facts.pending_reboot = true, "wait for a reboot"),
            (false, |facts| facts.far_replicas = vec!["arn:x".to_owned()], "other regions"),
            (
                false,
                |facts| {
                    facts.target = Some("16.10".to_owned());
                    facts.replicas = vec![("reports".to_owned(), "16.9".to_owned())];
                },
                "read replicas first: reports",
            ),
            (true, |facts| facts.version = "16.0".to_owned(), "cannot follow PostgreSQL 16.0"),
            (true, |facts| facts.replicates_logically = false, "`rds.logical_replication` is off"),
        ];
        for (by_copy, change, expected) in cases {
            let found = said(by_copy, change);
            assert!(found.len() == 1 && found[0].contains(expected), "{expected}: {found:?}");
        }
        // A major upgrade takes its replicas along.
        assert_eq!(
            said(false, |facts| facts.replicas = vec![("reports".to_owned(), "16.9".to_owned())]),
            [""; 0]
        );
    }

    #[test]
    fn a_version_that_is_no_target_is_told_with_those_that_are() {
        for (typed, expected, hint) in [
            ("15", "does not go back to 15", None),
            ("16.9", "has 16.9 already", None),
            ("18", "does not upgrade 16.9 to 18", Some("--to 17.6")),
            (
                "17.4",
                "does not upgrade 16.9 to 17.4",
                Some("17.5, 17.6: provision upgrade records --to 17.6"),
            ),
            ("new", "no version of PostgreSQL", Some("17.6")),
        ] {
            let found = in_the_way(&Facts { typed: typed.to_owned(), target: None, ..facts(false) });
            assert!(found.len() == 1 && found[0].message.contains(expected), "{typed}: {found:?}");
            let says = |part: &str| found[0].hint.as_deref().is_some_and(|hint| hint.contains(part));
            assert!(hint.is_none_or(says), "{typed}: {found:?}");
        }
    }
}
