//! The holders of what is to be deleted: looked for once the plan is there, and only if it deletes something.

mod bucket;
mod cache;
mod database;
mod file_system;
mod group;
mod replication;
mod role;

pub(super) use database::{DATABASES, all as databases};

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all, join3, join5};

use super::finding::Verdict;
use super::scene::Scene;
use super::{Asked, named_and_deleted};
use crate::aws::kinds::cache::NODES;
use crate::aws::{Aws, ec2, efs};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::kind::Live;
use crate::engine::plan::{Action, Finding, Mode};
use crate::engine::planner::ON_ITS_OWN;
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Id, NO_STACK};

const CHECK: &str = "holders";

pub(super) const CALLS: &[Asked] = &[
    (&["aws_security_group"], &[ec2::INTERFACES, ec2::SECURITY_GROUPS, efs::MOUNT_TARGETS]),
    (
        &["aws_security_group", "aws_db_subnet_group", "aws_db_parameter_group", "aws_db_instance"],
        &[DATABASES],
    ),
    (&["aws_efs_file_system"], &[efs::MOUNT_TARGETS, efs::ACCESS_POINTS, efs::REPLICATIONS]),
    (&["aws_s3_bucket"], &[bucket::VERSIONS]),
    (&[cache::SUBNETS, cache::PARAMETERS], &[NODES]),
    (&[role::ROLE], role::ON_A_ROLE),
    (&[role::PROFILE], &[role::ASSOCIATIONS]),
];

/// An object that is to be deleted.
#[derive(Clone, Debug)]
struct Going {
    /// True where the stack file declares it: a new one is made in its place.
    is_declared: bool,
    address: Address,
    id: Id,
}

/// Looks for what would make the planned deletions fail.
pub async fn holders(aws: &Aws, scene: &Scene<'_>) -> Vec<Finding> {
    let going = going(scene);
    let of = |kinds: &[&str]| -> Vec<Going> {
        going.iter().filter(|one| kinds.contains(&one.address.kind())).cloned().collect()
    };
    let groups = of(&["aws_security_group"]);
    let databases_use =
        of(&["aws_security_group", "aws_db_subnet_group", "aws_db_parameter_group", "aws_db_instance"]);
    let file_systems = of(&["aws_efs_file_system"]);
    let buckets = of(&["aws_s3_bucket"]);
    let caches_use = of(&[cache::SUBNETS, cache::PARAMETERS]);
    let roles = of(&[role::ROLE, role::PROFILE]);
    let leaving = Leaving::of(scene);
    let own = Own::of(scene);
    let (of_groups, by_databases, of_file_systems, of_buckets, (by_caches, of_roles)) = join5(
        group::ask(aws, &groups, &leaving),
        database::ask(aws, &databases_use),
        join_all(file_systems.iter().map(|one| {
            join3(
                file_system::mount_targets(aws, one),
                file_system::access_points(aws, one),
                replication::ask(aws, one),
            )
        })),
        join_all(buckets.iter().map(|one| bucket::ask(aws, one))),
        join(cache::ask(aws, &caches_use), role::ask(aws, &roles)),
    )
    .await;
    let mut findings = Vec::new();
    for one in &going {
        let mut held = Vec::new();
        held.extend(of_groups.judge(one, &leaving, &own));
        held.extend(database::judge(&by_databases, one, &leaving, &own));
        held.extend(database::replicas(&by_databases, one, &leaving));
        held.extend(cache::judge(&by_caches, one, &leaving));
        held.extend(of_roles.judge(one, scene));
        let asked = file_systems.iter().zip(&of_file_systems).find(|(asked, _)| asked.address == one.address);
        if let Some((_, (targets, points, replications))) = asked {
            held.extend(file_system::judge(targets, points, &leaving));
            held.extend(replication::judge(replications, one, &leaving));
        }
        let asked = buckets.iter().zip(&of_buckets).find(|(asked, _)| asked.address == one.address);
        held.extend(
            asked.and_then(|(_, content)| bucket::judge(content, one, &of_bucket(scene, &one.address))),
        );
        // Nothing holds a database: what follows it is let go of.
        if held.is_empty() && one.address.kind() != "aws_db_instance" {
            held.push(Verdict::passed(format!("nothing else holds {}", one.id)));
        }
        findings.extend(held.into_iter().map(|verdict| verdict.of(CHECK, &one.address)));
    }
    findings
}

/// The recorded objects that the stack file declares.
struct Own<'a> {
    by_id: BTreeMap<&'a str, &'a Address>,
    /// The objects that a restore or an upgrade keeps, with the command that lets go of each.
    kept: BTreeMap<&'a str, String>,
    refers_to: BTreeMap<Address, BTreeSet<Address>>,
}

impl<'a> Own<'a> {
    fn of(scene: &Scene<'a>) -> Self {
        let records = scene.state.into_iter().flat_map(|state| &state.resources);
        let declared = records.filter(|(address, _)| scene.blueprint.declarations.contains_key(address));
        let by_id = declared.filter_map(|(address, record)| Some((record.id.as_ref()?.as_str(), address)));
        let procedures = scene.state.into_iter().flat_map(|state| &state.procedures);
        let procedures = procedures
            .flat_map(|(address, all)| all.iter().map(move |(command, one)| (address, command, one)));
        let kept = procedures.flat_map(|(address, command, one)| {
            let let_go = one.to_give_up(command, address).unwrap_or_default();
            one.keeps.iter().filter_map(move |kept| Some((kept.id.as_ref()?.as_str(), let_go.clone())))
        });
        Self { by_id: by_id.collect(), kept: kept.collect(), refers_to: scene.blueprint.references() }
    }

    fn address(&self, id: &str) -> Option<&'a Address> {
        self.by_id.get(id).copied()
    }

    /// The command that lets an object of ours go over to the new one of what goes, where a target has left it out of the plan.
    fn together(&self, going: &Going, user: &Address) -> Option<Remedy> {
        let refers = self.refers_to.get(user)?.contains(&going.address);
        refers.then(|| Remedy::Make { addresses: BTreeSet::from([going.address.clone(), user.clone()]) })
    }
}

fn of_bucket<'a>(scene: &Scene<'a>, address: &Address) -> bucket::Stands<'a> {
    let record = scene.state.and_then(|state| state.resources.get(address));
    bucket::Stands {
        declared: declared(scene, address),
        is_destroyed: scene.planning.plan.mode == Mode::Destroy,
        is_emptied: bucket::empties(record.and_then(|record| record.inputs.get("lifecycle_rules"))),
    }
}

/// The name that the stack file has for a bucket.
fn declared<'a>(scene: &Scene<'a>, address: &Address) -> Option<&'a str> {
    match scene.blueprint.declarations.get(address)? {
        Declaration::Managed { inputs } => inputs.get("bucket")?.as_str(),
        Declaration::Watched { .. } => None,
    }
}

/// The objects that are to be deleted, and can be held by others.
fn going(scene: &Scene<'_>) -> Vec<Going> {
    let is_holdable = |address: &Address| {
        matches!(
            address.kind(),
            "aws_security_group"
                | "aws_db_subnet_group"
                | "aws_db_parameter_group"
                | "aws_efs_file_system"
                | "aws_db_instance"
                | "aws_s3_bucket"
                | cache::SUBNETS
                | cache::PARAMETERS
                | role::ROLE
                | role::PROFILE
        )
    };
    // A resource that must stay until its data is let go of by name must not lose what serves it either.
    let keeps_data = |finding: &&Finding| ["data-loss", "protected"].contains(&finding.check.as_str());
    let kept: Vec<&str> = scene.planning.plan.errors().filter(keeps_data).filter_map(name_of).collect();
    scene
        .changes()
        .filter(|change| is_holdable(&change.address) && !kept.contains(&change.address.name()))
        .flat_map(|change| {
            let address = &change.address;
            let is_declared = scene.blueprint.declarations.contains_key(address);
            let gone = change.goes.iter().map(|going| going.id.clone());
            gone.map(move |id| Going { address: address.clone(), id, is_declared })
        })
        .collect()
}

impl Going {
    /// The way to leave it in AWS, unmanaged. Where it is declared it would be found again by its tags.
    fn left_unmanaged(&self) -> String {
        let Self { address, id, is_declared } = self;
        let forget = Remedy::Forget { address: address.clone() };
        match (is_declared, address.kind()) {
            (false, _) => forget.to_string(),
            (true, "aws_security_group") => {
                let tag = ["ec2", "create-tags", "--resources", id.as_str(), "--tags", OF_NO_STACK];
                format!("{}, then: {forget}", Remedy::aws(tag))
            }
            (true, _) => format!("give it the tag provision:stack={NO_STACK}, then: {forget}"),
        }
    }
}

/// The tag by which an object is left alone, as the AWS command line takes it.
const OF_NO_STACK: &str = "Key=provision:stack,Value=none";

fn name_of(finding: &Finding) -> Option<&str> {
    finding.address.as_ref().map(Address::name)
}

/// The kinds whose objects hold others. The ids of all other kinds are left out of what leaves: many are names, such as those of groups, and
/// a cache may be called like one.
const HOLDING: [&str; 9] = [
    "aws_security_group",
    "aws_db_instance",
    "aws_db_replica",
    "aws_efs_file_system",
    "aws_efs_mount_target",
    "aws_efs_access_point",
    "aws_efs_replication_configuration",
    "aws_elasticache_replication_group",
    "aws_instance",
];

fn can_hold(address: &Address) -> bool {
    HOLDING.contains(&address.kind())
}

/// Our own objects that let go of what they hold, in the same plan.
#[derive(Debug, Default)]
struct Leaving {
    /// Those that are deleted, by id.
    deleted: BTreeSet<String>,
    /// Those that are changed: a security group taken off, a rule taken out.
    changed: BTreeSet<String>,
    /// The network interfaces of both.
    interfaces: BTreeSet<String>,
    /// Objects in the place of ours, and those of ours that name what goes: errors name them and say what to do.
    spoken_of: BTreeSet<String>,
}

impl Leaving {
    fn of(scene: &Scene<'_>) -> Self {
        let told = scene.planning.plan.errors().filter_map(|finding| finding.address.as_ref());
        let told: BTreeSet<&Address> = told.filter(|address| can_hold(address)).collect();
        let in_place = scene.sightings.iter().filter(|(address, _)| told.contains(*address));
        let found = in_place.flat_map(|(_, sighting)| sighting.found()).map(|found| found.id.to_string());
        // Those that were promoted are left alone, and what they use waits for that.
        let left = scene.planning.plan.errors().filter(|finding| finding.check == ON_ITS_OWN);
        let left = left.filter_map(|finding| scene.sightings.get(finding.address.as_ref()?)?.live());
        let left = left.map(|(id, _)| id.to_string());
        let namers = named_and_deleted::namers(scene).filter(|(address, _)| can_hold(address));
        let namers = namers.map(|(_, id)| id.to_string());
        let spoken_of = found.chain(left).chain(namers).collect();
        let mut leaving = Self { spoken_of, ..Self::default() };
        for change in scene.changes().filter(|change| can_hold(&change.address)) {
            let mut let_go = |id: &Id, live: &Live, is_deleted: bool| {
                let ids = if is_deleted { &mut leaving.deleted } else { &mut leaving.changed };
                ids.insert(id.as_str().to_owned());
                let interface = live.outputs.get("network_interface_id").and_then(serde_json::Value::as_str);
                leaving.interfaces.extend(interface.map(str::to_owned));
            };
            for going in &change.goes {
                if let Some(live) = scene.sightings.object(&change.address, &going.id) {
                    let_go(&going.id, live, true);
                }
            }
            let changed = change.id.as_ref().filter(|_| change.action == Action::Update);
            if let Some((id, live)) =
                changed.and_then(|id| Some((id, scene.sightings.object(&change.address, id)?)))
            {
                let_go(id, live, false);
            }
        }
        leaving
    }

    /// True if an object of ours is deleted.
    fn deletes(&self, id: &str) -> bool {
        self.deleted.contains(id)
    }

    /// True for an object of ours that is deleted, or changed so that it may let go, and for one that another finding is about.
    fn lets_go(&self, id: &str) -> bool {
        self.deletes(id) || self.changed.contains(id) || self.is_spoken_of(id)
    }

    /// True for an object that another finding is about.
    fn is_spoken_of(&self, id: &str) -> bool {
        self.spoken_of.contains(id)
    }
}
