//! Risks of data and of service, told from the facts of a stack.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::status::{Database, FileSystem, Health, Pair, Risk, Status, seconds_between};

/// "RDS uploads transaction logs for DB instances to Amazon S3 every five minutes" ("Restoring a DB instance to a specified time", RDS
/// User Guide): more than twice as long is no chance.
const LONGEST_LAG: i64 = 10 * 60;
/// EFS means to copy within minutes, and takes longer for big files ("Replicating EFS file systems", EFS User Guide).
const LONGEST_COPY_LAG: i64 = 60 * 60;
const DAY: i64 = 24 * 60 * 60;
/// AWS Backup makes one a day, and takes a while for it.
const OLDEST_RECOVERY_POINT: i64 = 2 * DAY;
/// So long before its end the support of a version is told of, and a certificate.
const VERSION_AHEAD: i64 = 180 * DAY;
const CERTIFICATE_AHEAD: i64 = 90 * DAY;

/// A forced maintenance takes no heed of the window: so long before it, there are four more windows in which it can be taken instead.
const MAINTENANCE_AHEAD: i64 = 28 * DAY;

/// All risks of a stack, the databases first.
pub fn risks(status: &Status, now: Timestamp) -> Vec<Risk> {
    let databases = status.databases.values().flat_map(|one| {
        let risks = of_database(one, now).into_iter().chain(of_maintenance(one, &status.region, now));
        told(&one.address, risks.collect())
    });
    let file_systems =
        status.file_systems.values().flat_map(|one| told(&one.address, of_file_system(one, now)));
    let procedures = status.procedures.iter().filter(|one| one.finished.is_none()).flat_map(|one| {
        let next = one.goes_on.as_deref().unwrap_or_default();
        told(&one.address, vec![format!("it {} (begun {}); to go on: {next}", one.doing, one.started)])
    });
    let pairs = status.pairs.values().flat_map(|one| told(&one.address, of_pair(one)));
    databases.chain(file_systems).chain(pairs).chain(procedures).collect()
}

fn told(address: &str, messages: Vec<String>) -> Vec<Risk> {
    messages.into_iter().map(|message| Risk { address: address.to_owned(), message }).collect()
}

fn of_pair(pair: &Pair) -> Vec<String> {
    let Pair { active, standby, .. } = pair;
    let mut risks = Vec::new();
    let machine = |name: &str| pair.machines.get(name).cloned().unwrap_or_default();
    let (serves, waits) = (machine(active), machine(standby));
    if serves.state != "running" {
        risks.push(format!("{active}, which is to serve, is {}", serves.state));
    } else if !serves.is_open {
        risks.push(format!("{active}, which is to serve, does not have the open group"));
    }
    match waits.state.as_str() {
        "running" if waits.is_open => {
            risks.push(format!("{standby} is open as well: two machines may write"));
        }
        "running" if !waits.is_reachable => {
            risks.push(format!(
                "{standby} cannot be reached by Systems Manager: nothing can be started on it"
            ));
        }
        "running" => {}
        state => risks.push(format!("there is no standby: {standby} is {state}")),
    }
    if pair.reached.as_ref() != Some(active) {
        let at = pair.reached.as_deref().unwrap_or("no machine");
        risks.push(format!("its address is at {at}, and {active} is to serve"));
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    match (pair.lag_seconds, pair.max_lag) {
        (None, _) => {
            let why = pair.lag_unknown.as_deref().unwrap_or("it was not read");
            risks.push(format!("how far the copy on {standby} is behind is unknown: {why}"));
        }
        (Some(lag), Some(most)) if lag > most as f64 => {
            risks.push(format!("the copy on {standby} is {lag} s behind, and `max_lag` is {most}"));
        }
        (Some(lag), None) if lag > LONGEST_COPY_LAG as f64 => {
            risks.push(format!("the copy on {standby} is {lag} s behind"));
        }
        (Some(_), _) => {}
    }
    risks
}

fn of_database(database: &Database, now: Timestamp) -> Vec<String> {
    let mut risks: Vec<String> =
        unwell(database.health, &database.status, &database.means).into_iter().collect();
    if matches!(database.health, Health::Gone | Health::Leaving) {
        return risks;
    }
    if !database.is_replica {
        if !database.multi_az {
            risks.push("it has no standby: the loss of its zone stops it until it is restored".to_owned());
        }
        match (database.backup_days, database.restorable_lag_seconds) {
            (Some(0), _) => {
                risks.push("it has no automated backups: no moment of it can be restored".to_owned());
            }
            (_, Some(lag)) if lag > LONGEST_LAG => risks.push(format!(
                "the last {} min of it cannot be restored, and RDS uploads its logs every 5 min",
                lag / 60
            )),
            (Some(_), None) if database.health == Health::Serves => {
                risks.push("it has no first backup yet: no moment of it can be restored".to_owned());
            }
            _ => {}
        }
    }
    if database.pending_reboot {
        risks.push("parameters wait for a reboot, and a failover would bring them into force".to_owned());
    }
    let certificate = database.certificate.as_ref().and_then(|one| Some((one, one.valid_till.as_deref()?)));
    if let Some((certificate, till)) = certificate {
        let authority = &certificate.authority;
        match end(till.parse().ok(), now, CERTIFICATE_AHEAD) {
            Some(End::Past) => {
                risks.push(format!("its certificate ({authority}) has ended, which clients may refuse"));
            }
            Some(End::Soon) => {
                risks.push(format!(
                    "its certificate ({authority}) ends on {}",
                    till.get(..10).unwrap_or(till)
                ));
            }
            None => {}
        }
    }
    if let Some(last) = &database.standard_support_ends {
        let version = database.engine_version.as_deref().unwrap_or_default();
        match end(day_after(last), now, VERSION_AHEAD) {
            Some(End::Past) => risks.push(format!(
                "RDS ended the standard support of PostgreSQL {version} on {last}: Extended Support is charged"
            )),
            Some(End::Soon) => {
                risks.push(format!("RDS ends the standard support of PostgreSQL {version} on {last}"));
            }
            None => {}
        }
    }
    risks
}

/// The maintenance that RDS forces soon.
fn of_maintenance(database: &Database, region: &str, now: Timestamp) -> Vec<String> {
    let pending = database.maintenance.iter().flatten();
    let forced = pending.filter_map(|one| {
        let date = one.forced.as_deref()?;
        let forced = date.parse().ok();
        let day = date.get(..10).unwrap_or(date);
        let what = one.title();
        // Asked for, or set for a window before that: it is taken there.
        let applied: Option<Timestamp> = one.applied.as_deref().and_then(|date| date.parse().ok());
        let comes_before = applied.zip(forced).is_some_and(|(applied, forced)| now < applied && applied < forced);
        let take = database.arn.as_deref().and_then(|arn| one.to_apply(arn, region));
        let take = take.map(|command| format!("; to take it in the next window: {command}")).unwrap_or_default();
        match end(forced, now, MAINTENANCE_AHEAD)? {
            End::Past => Some(format!(
                "RDS forces the maintenance {what} since {day}, whatever the window is: it comes at any moment{take}"
            )),
            End::Soon if comes_before => None,
            End::Soon => Some(format!("RDS forces the maintenance {what} on {day}, whatever the window is{take}")),
        }
    });
    forced.collect()
}

fn day_after(day: &str) -> Option<Timestamp> {
    let day: Date = day.parse().ok()?;
    Some(day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn of_file_system(files: &FileSystem, now: Timestamp) -> Vec<String> {
    let mut risks: Vec<String> = unwell(files.health, &files.status, &files.means).into_iter().collect();
    if matches!(files.health, Health::Gone | Health::Leaving) {
        return risks;
    }
    for (zone, target) in files.mount_targets.iter().filter(|(_, target)| target.health != Health::Serves) {
        risks.push(format!("its mount target in {zone} is {}: clients there cannot mount it", target.status));
    }
    if let Some(points) = &files.recovery_points {
        let taken = points.newest.as_ref().and_then(|newest| newest.taken.parse().ok());
        match taken.map(|taken| seconds_between(taken, now)) {
            None => risks
                .push("AWS Backup has no recovery point of it: its files could not be restored".to_owned()),
            Some(age) if files.backed_up == Some(true) && age > OLDEST_RECOVERY_POINT => risks.push(format!(
                "its newest recovery point is {} days old, and AWS Backup makes one a day",
                age / DAY
            )),
            Some(_) => {}
        }
    }
    if let Some(replication) = &files.replication {
        match (replication.health, replication.lag_seconds) {
            (Health::Serves | Health::Changing, Some(lag)) if lag > LONGEST_COPY_LAG => {
                risks.push(format!("its copy is {} min behind", lag / 60));
            }
            (Health::Serves | Health::Changing, _) => {}
            _ => risks.push(format!("its replication is {}: the copy falls behind", replication.status)),
        }
    }
    risks
}

fn unwell(health: Health, status: &str, means: &str) -> Option<String> {
    match health {
        Health::Serves => None,
        Health::Gone => Some(means.to_owned()),
        Health::Changing | Health::Held | Health::Lost | Health::Leaving => {
            Some(format!("{status}: {means}"))
        }
    }
}

/// An end that matters now.
enum End {
    Past,
    Soon,
}

fn end(end: Option<Timestamp>, now: Timestamp, ahead: i64) -> Option<End> {
    match end? {
        end if end <= now => Some(End::Past),
        end => (seconds_between(now, end) <= ahead).then_some(End::Soon),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::maintenance::Maintenance;
    use crate::recovery::status::{Backups, Certificate, MountTarget, Replication};

    fn now() -> Timestamp {
        "2026-11-29T22:00:00Z".parse().expect("a time")
    }

    fn said(change: fn(&mut Database)) -> Vec<String> {
        let mut database = Database {
            status: "available".to_owned(),
            health: Health::Serves,
            engine_version: Some("17.4".to_owned()),
            multi_az: true,
            backup_days: Some(7),
            latest_restorable_time: Some("2026-11-29T21:57:00Z".to_owned()),
            certificate: Some(Certificate {
                authority: "rds-ca-rsa2048-g1".to_owned(),
                valid_till: Some("2028-01-01T00:00:00Z".to_owned()),
            }),
            ..Database::default()
        };
        change(&mut database);
        of_database(&database.dated(now()), now())
    }

    #[test]
    fn a_database_with_a_standby_and_backups_of_now_is_at_no_risk() {
        assert_eq!(said(|_| ()), [""; 0]);
    }

    #[test]
    fn each_loss_of_safety_of_a_database_is_told() {
        type Change = fn(&mut Database);
        let cases: [(Change, &str); 9] = [
            (|one| one.multi_az = false, "no standby"),
            (|one| one.backup_days = Some(0), "no automated backups"),
            (|one| one.latest_restorable_time = Some("2026-11-29T21:30:00Z".to_owned()), "the last 30 min"),
            (|one| one.latest_restorable_time = None, "no first backup"),
            (|one| one.pending_reboot = true, "wait for a reboot"),
            (|one| one.engine_version = Some("13.22".to_owned()), "ended the standard support"),
            (|one| one.engine_version = Some("14.19".to_owned()), "PostgreSQL 14.19 on 2027-02-28"),
            (|one| one.health = Health::Held, "available: "),
            (
                |one| {
                    one.certificate.as_mut().expect("one").valid_till =
                        Some("2027-01-01T00:00:00Z".to_owned())
                },
                "(rds-ca-rsa2048-g1) ends on 2027-01-01",
            ),
        ];
        for (change, expected) in cases {
            let said = said(change);
            assert!(said.len() == 1 && said[0].contains(expected), "{expected}: {said:?}");
        }
    }

    #[test]
    fn a_maintenance_that_is_forced_soon_is_a_risk_unless_a_window_takes_it_before() {
        let said = |forced: Option<&str>, applied: Option<&str>| {
            let one = Maintenance {
                forced: forced.map(str::to_owned),
                applied: applied.map(str::to_owned),
                ..Maintenance::of("system-update")
            };
            let arn = Some("arn:aws:rds:eu-west-1:123456789012:db:records".to_owned());
            let database = Database { arn, maintenance: Some(vec![one]), ..Database::default() };
            of_maintenance(&database, "eu-west-1", now())
        };
        for (forced, applied, expected) in [
            (None, None, None),
            (Some("2027-06-01T00:00:00Z"), None, None),
            (Some("2026-12-10T00:00:00Z"), None, Some("on 2026-12-10")),
            (Some("2026-12-10T00:00:00Z"), Some("2026-12-10T00:00:00Z"), Some("on 2026-12-10")),
            (Some("2026-12-10T00:00:00Z"), Some("2026-12-06T04:30:00Z"), None),
            (Some("2026-11-28T00:00:00Z"), Some("2026-11-28T00:00:00Z"), Some("since 2026-11-28")),
        ] {
            let risks = said(forced, applied);
            match expected {
                None => assert_eq!(risks, [""; 0], "{forced:?} {applied:?}"),
                Some(word) => assert!(
                    risks.len() == 1
                        && risks[0].contains(word)
                        && risks[0].contains("to take it in the next window: aws rds apply-pending"),
                    "{risks:?}"
                ),
            }
        }
    }

    #[test]
    fn a_replica_needs_no_standby_and_no_backups_of_its_own() {
        let risks = said(|one| {
            (one.is_replica, one.multi_az) = (true, false);
            (one.backup_days, one.latest_restorable_time) = (Some(0), None);
        });
        assert_eq!(risks, [""; 0]);
    }

    fn files() -> FileSystem {
        let target = MountTarget {
            id: None,
            status: "available".to_owned(),
            health: Health::Serves,
            ip_address: None,
        };
        let point = ("point".to_owned(), "2026-11-29T05:00:00Z".parse().expect("a time"));
        FileSystem {
            health: Health::Serves,
            mount_targets: [("eu-west-1a".to_owned(), target)].into(),
            recovery_points: Some(Backups::of(vec![point], false)),
            backed_up: Some(true),
            ..FileSystem::default()
        }
    }

    #[test]
    fn each_loss_of_safety_of_a_file_system_is_told() {
        type Change = fn(&mut FileSystem);
        let cases: [(Change, Option<&str>); 6] = [
            (|_| (), None),
            (|one| one.recovery_points = None, None),
            (|one| one.recovery_points = Some(Backups::default()), Some("no recovery point")),
            (
                |one| {
                    let old = ("point".to_owned(), "2026-11-20T05:00:00Z".parse().expect("a time"));
                    one.recovery_points = Some(Backups::of(vec![old], false));
                },
                Some("9 days old"),
            ),
            (
                |one| one.mount_targets.values_mut().for_each(|one| one.health = Health::Lost),
                Some("mount target in eu-west-1a"),
            ),
            (
                |one| {
                    one.replication = Some(Replication {
                        file_system: None,
                        region: None,
                        status: "ENABLED".to_owned(),
                        health: Health::Serves,
                        last_replicated: None,
                        lag_seconds: Some(2 * 60 * 60),
                    });
                },
                Some("120 min behind"),
            ),
        ];
        for (change, expected) in cases {
            let mut files = files();
            change(&mut files);
            let said = of_file_system(&files, now());
            match expected {
                None => assert_eq!(said, [""; 0]),
                Some(expected) => assert!(said.len() == 1 && said[0].contains(expected), "{said:?}"),
            }
        }
    }
}
