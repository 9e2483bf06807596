//! Read replicas of a database that is upgraded: RDS upgrades them first where the major version stays.
//!
//! "If your database has read replicas, you must first upgrade all of the read replicas before you upgrade the source instance or cluster"
//! ("Upgrades of the RDS for PostgreSQL DB engine", RDS User Guide, of minor versions). Otherwise it says `DBUpgradeDependencyFailure`
//! (ministryofjustice/cloud-platform-environments#46021). A major upgrade takes them along.

use serde_json::Value;

use super::{DATABASE, REPLICA, VERSION};
use crate::aws::Aws;
use crate::aws::checks::finding::{Verdict, in_time, list};
use crate::aws::checks::scene::{Doing, Scene};
use crate::aws::kinds::db_instance::replica::{FOLLOWERS, Follower, all_of};
use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::plan::{Action, Change, FieldChange, Finding};
use crate::engine::planner::{Sighting, Sightings};
use crate::engine::resource::Id;
use crate::stack::postgres::Version;

/// The replicas that are older than what their sources are upgraded to.
#[derive(Default)]
pub(super) struct Replicas {
    upgrades: Vec<Upgrade>,
    /// The replicas of everybody, where a database loses its backups.
    followers: Vec<Follower>,
    /// Why they are not known.
    unread: Option<CloudError>,
}

/// A minor upgrade of a database.
struct Upgrade {
    address: Address,
    live: String,
    target: String,
    /// The replicas that are older.
    behind: Vec<Follower>,
    /// The replicas of the stack that are upgraded in their window only, so that the database stays for now.
    waits_for: Vec<Address>,
}

const CHECK: &str = "upgrade-target";
const INPUTS: &str = "inputs";
const RETENTION: &str = "backup_retention_period";

impl Replicas {
    /// Asks for the replicas of the databases that get another minor version, where there are such.
    pub(super) async fn of(
        aws: &Aws,
        blueprint: &Blueprint,
        sightings: &Sightings,
        chosen: &[(Address, String)],
    ) -> Self {
        let minor: Vec<_> = chosen
            .iter()
            .filter_map(|(address, target)| {
                let (id, _) = sightings.get(address).and_then(Sighting::live)?;
                let live = super::live_version(sightings, address)?;
                let (from, to) = (Version::parse(live)?, Version::parse(target)?);
                (from.major() == to.major()).then_some((address, id, live, target))
            })
            .collect();
        if minor.is_empty() && !turns_backups_off(blueprint, sightings) {
            return Self::default();
        }
        let followers = match in_time(FOLLOWERS, all_of(aws)).await {
            Ok(followers) => followers,
            Err(error) => return Self { unread: Some(error), ..Self::default() },
        };
        let upgrade = |(address, id, live, target): (&Address, &Id, &str, &String)| {
            let behind = followers.iter().filter(|one| one.source == *id && is_older(&one.version, target));
            Upgrade {
                address: address.clone(),
                live: live.to_owned(),
                target: target.clone(),
                behind: behind.cloned().collect(),
                waits_for: Vec::new(),
            }
        };
        let upgrades = minor.into_iter().map(upgrade).collect();
        Self { upgrades, followers, unread: None }
    }

    /// Writes the version into the declarations of the stack's own replicas. A database stays as it is where one of them waits for its
    /// window.
    pub(super) fn lead(&mut self, blueprint: &mut Blueprint, sightings: &Sightings) {
        for upgrade in &mut self.upgrades {
            let mut waits_for = Vec::new();
            for follower in &upgrade.behind {
                let Some(address) = own(sightings, follower) else { continue };
                let Some(Declaration::Managed { inputs }) = blueprint.declarations.get_mut(&address) else {
                    continue;
                };
                inputs.insert(VERSION.to_owned(), upgrade.target.clone().into());
                if inputs.get("apply_immediately").and_then(Value::as_bool) != Some(true) {
                    waits_for.push(address);
                }
            }
            if let (false, Some(Declaration::Managed { inputs })) =
                (waits_for.is_empty(), blueprint.declarations.get_mut(&upgrade.address))
            {
                inputs.insert(VERSION.to_owned(), upgrade.live.clone().into());
            }
            upgrade.waits_for = waits_for;
        }
    }

    /// True if the upgrade of a database waits for its replicas.
    pub(super) fn hold(&self, address: &Address) -> bool {
        self.upgrades.iter().any(|one| one.address == *address && !one.waits_for.is_empty())
    }

    pub(super) fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let upgrading = |address: &Address| match scene.doing(address) {
            Some(Doing::Changing(change)) => change.makes(VERSION),
            _ => false,
        };
        let unread = self.unread.iter().filter_map(|error| {
            let is_about =
                |change: &&Change| super::upgrades(scene, &change.address) || loses_backups(change);
            let mut changes = scene.changes().filter(is_about);
            let first = changes.next()?;
            Some(Verdict::not_checked("versions of read replicas", error).of(CHECK, &first.address))
        });
        let judged = self.upgrades.iter().filter_map(|upgrade| {
            let verdict = upgrade.verdict(upgrading(&upgrade.address), |follower| {
                own(scene.sightings, follower).is_some_and(|address| upgrading(&address))
            });
            Some(verdict?.of(CHECK, &upgrade.address))
        });
        unread
            .chain(judged)
            .chain(self.left_without_backups(scene))
            .chain(made_without_backups(scene))
            .chain(made_too_small(scene))
            .collect()
    }

    /// "Can't be set to 0 if the DB instance is a source to read replicas" (ModifyDBInstance, BackupRetentionPeriod).
    fn left_without_backups(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let goes = |follower: &Follower| {
            scene.changes().any(|change| change.goes.iter().any(|going| going.id == follower.id))
        };
        let findings = scene.changes().filter(|change| loses_backups(change)).filter_map(|change| {
            let id = change.id.as_ref()?;
            let mut left: Vec<&str> = self
                .followers
                .iter()
                .filter(|one| one.source == *id && !goes(one))
                .map(|one| one.name.as_str())
                .collect();
            left.sort_unstable();
            let first = *left.first()?;
            let message = format!(
                "{RETENTION}: RDS does not turn off the backups of a database with read replicas: {}",
                left.join(", ")
            );
            let hint = format!(
                "to delete one before: aws rds delete-db-instance --db-instance-identifier {first} --skip-final-snapshot; or leave \
                 `{RETENTION}` as it was"
            );
            Some(Verdict::error(message).hint(hint).of(INPUTS, &change.address))
        });
        findings.collect()
    }
}

/// True where a database that has backups is to have none.
fn turns_backups_off(blueprint: &Blueprint, sightings: &Sightings) -> bool {
    blueprint.declarations.iter().any(|(address, declaration)| {
        let Declaration::Managed { inputs } = declaration else { return false };
        let live = sightings.get(address).and_then(Sighting::live);
        let has_backups =
            live.and_then(|(_, live)| live.inputs.get(RETENTION)).is_some_and(|days| *days != 0);
        address.kind() == DATABASE && has_backups && inputs.get(RETENTION).is_some_and(|days| *days == 0)
    })
}

/// True for a change that turns the backups of a database off.
fn loses_backups(change: &Change) -> bool {
    let is_off =
        |field: &FieldChange| field.path == RETENTION && field.after.as_ref().is_some_and(|days| *days == 0);
    change.kind == DATABASE && change.action == Action::Update && change.fields.iter().any(is_off)
}

/// The new replicas of databases that have no backups when they are made, which RDS refuses ("Creating a read replica", RDS User Guide).
fn made_without_backups(scene: &Scene<'_>) -> Vec<Finding> {
    let made = scene.changes().filter(|change| change.kind == REPLICA && scene.makes(&change.address));
    let findings = made.filter_map(|change| {
        let declaration = scene.blueprint.declarations.get(&change.address)?;
        let source = declaration.references().into_iter().find(|on| on.kind() == DATABASE)?;
        if scene.makes(&source) {
            return None;
        }
        let (_, live) = scene.sightings.get(&source).and_then(Sighting::live)?;
        let has_none = live.in_force.get(RETENTION).or(live.inputs.get(RETENTION)).is_some_and(|days| *days == 0);
        let of_source = scene.planning.plan.change(&source);
        let at_once = of_source.is_some_and(|change| {
            let fields = change.fields.iter().chain(&change.queued);
            change.action == Action::Update
                && fields.into_iter().any(|field| field.path == RETENTION && field.window.is_none())
        });
        if !has_none || at_once {
            return None;
        }
        let message = format!(
            "RDS makes a read replica only of a database that has backups, and those of {source} are not turned on before its \
             maintenance window"
        );
        let hint = format!(
            "write `apply_immediately: true` for `{}` into the stack file; or take the replica out of it until that is over",
            source.title()
        );
        Some(Verdict::error(message).hint(hint).of(INPUTS, &change.address))
    });
    findings.collect()
}

const SIZE: &str = "allocated_storage";
const LIMIT: &str = "max_allocated_storage";

/// The new replicas with less storage than their sources, or with a limit that their storage has reached.
fn made_too_small(scene: &Scene<'_>) -> Vec<Finding> {
    let number = |inputs: &Document, field: &str| inputs.get(field).and_then(Value::as_i64);
    let made = scene.changes().filter(|change| change.kind == REPLICA && scene.makes(&change.address));
    let findings = made.filter_map(|change| {
        let declaration = scene.blueprint.declarations.get(&change.address)?;
        let source = declaration.references().into_iter().find(|on| on.kind() == DATABASE)?;
        let inputs = |address: &Address| match scene.blueprint.declarations.get(address) {
            Some(Declaration::Managed { inputs }) => Some(inputs),
            _ => None,
        };
        let (replica, live) =
            (inputs(&change.address)?, scene.sightings.get(&source).and_then(Sighting::live));
        let of_source = live.filter(|_| !scene.makes(&source)).map(|(_, live)| &live.inputs);
        let its = number(of_source.or(inputs(&source))?, SIZE)?;
        let verdict = too_small(&source, its, number(replica, SIZE), number(replica, LIMIT))?;
        Some(verdict.of(INPUTS, &change.address))
    });
    findings.collect()
}

/// "Be sure to allocate enough storage for your read replica so that the create operation can succeed" (CreateDBInstanceReadReplica,
/// AllocatedStorage). Of the limit, RDS says "The maximum allocated storage must be increased by at least 10 percent"
/// (ministryofjustice/cloud-platform-environments#15253).
fn too_small(source: &Address, its: i64, size: Option<i64>, limit: Option<i64>) -> Option<Verdict> {
    if let Some(size) = size.filter(|size| *size < its) {
        let message = format!(
            "{SIZE}: {size} GiB are less than the {its} GiB of {source}, of which it is a copy: RDS may not be able to make it"
        );
        return Some(
            Verdict::warning(message).hint(format!("write `{SIZE}: {its}` or more, or leave it out")),
        );
    }
    let size = size.unwrap_or(its);
    let least = (size * 11 + 9) / 10;
    let limit = limit.filter(|limit| *limit != 0 && *limit < least)?;
    let message =
        format!("{LIMIT}: {limit} GiB are not a tenth more than the {size} GiB that it begins with");
    Some(Verdict::error(message).hint(format!("write `{LIMIT}: {least}` or more, or 0")))
}

impl Upgrade {
    /// The verdict on an upgrade that the plan makes, or leaves out because of a replica.
    fn verdict(&self, is_planned: bool, is_upgraded: impl Fn(&Follower) -> bool) -> Option<Verdict> {
        let Self { live, target, .. } = self;
        if !self.waits_for.is_empty() {
            let replicas: Vec<String> = self.waits_for.iter().map(Address::to_string).collect();
            let message = format!(
                "stays at {live}: RDS upgrades it to {target} only after its read replicas, and {} waits for the maintenance window",
                list(&replicas)
            );
            return Some(Verdict::warning(message).hint(
                "when the window is over: provision apply; or write `apply_immediately: true` for the replica into the stack file",
            ));
        }
        let mut left: Vec<&Follower> = self.behind.iter().filter(|one| !is_upgraded(one)).collect();
        left.sort_by_key(|one| &one.name);
        let first = left.first().filter(|_| is_planned)?;
        let names: Vec<String> = left.iter().map(|one| format!("{} ({})", one.name, one.version)).collect();
        let message = format!(
            "RDS upgrades it to {target} only after its read replicas, of which {} would stay older",
            list(&names)
        );
        Some(Verdict::error(message).hint(format!(
            "aws rds modify-db-instance --db-instance-identifier {} --engine-version {target} --apply-immediately",
            first.name
        )))
    }
}

/// The address of a replica of the stack.
fn own(sightings: &Sightings, follower: &Follower) -> Option<Address> {
    let replicas = sightings.iter().filter(|(address, _)| address.kind() == REPLICA);
    let mut is_it =
        replicas.filter(|(_, sighting)| sighting.live().is_some_and(|(id, _)| *id == follower.id));
    is_it.next().map(|(address, _)| address.clone())
}

fn is_older(version: &str, target: &str) -> bool {
    match (Version::parse(version), Version::parse(target)) {
        (Some(version), Some(target)) => version < target,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::Level;

    fn upgrade(waits_for: &[&str]) -> Upgrade {
        let follower = |name: &str| Follower {
            source: Id::new("db-1"),
            id: Id::new(format!("db-{name}")),
            name: name.to_owned(),
            version: "16.9".to_owned(),
        };
        Upgrade {
            address: Address::new("aws_db_instance", "main"),
            live: "16.9".to_owned(),
            target: "16.13".to_owned(),
            behind: vec![follower("theirs"), follower("ours")],
            waits_for: waits_for.iter().map(|address| address.parse().expect("an address")).collect(),
        }
    }

    #[test]
    fn a_replica_that_the_plan_does_not_upgrade_is_in_the_way_of_its_source() {
        let refused = upgrade(&[]).verdict(true, |one| one.name == "ours").expect("theirs is behind");
        assert_eq!(refused.level, Level::Error);
        assert!(
            refused.message.contains("theirs (16.9)") && !refused.message.contains("ours (16.9)"),
            "{refused:?}"
        );
        assert!(refused.hint.is_some_and(|hint| hint.contains("theirs --engine-version 16.13")));
        assert_eq!(upgrade(&[]).verdict(true, |_| true), None);
        assert_eq!(upgrade(&[]).verdict(false, |_| false), None, "nothing is upgraded");
    }

    #[test]
    fn a_source_waits_for_a_replica_that_waits_for_its_window() {
        let held = upgrade(&["aws_db_replica.main/ours"]).verdict(false, |_| true).expect("it is said");
        assert_eq!(held.level, Level::Warning);
        assert!(
            held.message.starts_with("stays at 16.9") && held.message.contains("aws_db_replica.main/ours")
        );
    }

    #[test]
    fn a_replica_has_the_storage_of_its_source_and_room_to_grow() {
        let source = Address::new(DATABASE, "main");
        for (size, limit, expected) in [
            (None, None, None),
            (Some(100), Some(110), None),
            (Some(99), None, Some((Level::Warning, "`allocated_storage: 100` or more"))),
            (None, Some(100), Some((Level::Error, "`max_allocated_storage: 110` or more"))),
            (Some(200), Some(210), Some((Level::Error, "`max_allocated_storage: 220` or more"))),
            (None, Some(0), None),
        ] {
            let said =
                too_small(&source, 100, size, limit).map(|one| (one.level, one.hint.unwrap_or_default()));
            match (said, expected) {
                (None, None) => {}
                (Some((level, hint)), Some((expected, words))) => {
                    assert!(level == expected && hint.contains(words), "{size:?} {limit:?}: {hint}");
                }
                (said, expected) => panic!("{size:?} {limit:?}: {said:?}, and not {expected:?}"),
            }
        }
    }

    #[test]
    fn versions_are_older_by_their_numbers() {
        assert!(is_older("16.9", "16.13") && !is_older("16.13", "16.13") && !is_older("17.1", "16.13"));
    }
}
