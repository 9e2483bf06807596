//! The subnets that a plan takes out of a DB subnet group while databases live in them: RDS refuses that, for as long as they do.
//!
//! "You can remove or delete a subnet from the DB subnet group only if there are no DB instances launched in the subnet"
//! (AWS re:Post, knowledge center, rds-db-subnet-group; the code is `SubnetAlreadyInUse`). RDS shows no database's subnet. It
//! shows its zones, that of the standby too, and the zones of the subnets of its group.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::DbInstance;
use serde_json::Value;

use super::finding::{Verdict, list};
use super::holders::{DATABASES, databases};
use super::scene::Scene;
use crate::aws::Aws;
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::network::Network;
use crate::engine::plan::{Action, Change, Finding};

/// The check that finds databases in the subnets that a plan gives up.
pub const SUBNETS_IN_USE: &str = "subnets-in-use";
const KIND: &str = "aws_db_subnet_group";
const FIELD: &str = "subnet_ids";

pub(super) const CALLS: &[super::Asked] = &[(&[KIND], &[DATABASES])];

/// A group that loses subnets.
struct Losing<'a> {
    address: &'a Address,
    name: &'a str,
    leaving: BTreeSet<&'a str>,
    /// The subnets that the stack file names for this group alone; none where they are those of the network.
    written: BTreeSet<&'a str>,
}

/// Looks for databases in the subnets that groups lose, and asks nothing where none loses any.
pub async fn subnets_in_use(aws: &Aws, scene: &Scene<'_>) -> Vec<Finding> {
    let losing: Vec<Losing<'_>> = scene.changes().filter_map(|change| losing(scene, change)).collect();
    if losing.is_empty() {
        return Vec::new();
    }
    let databases = databases(aws).await;
    let is_named = scene.blueprint.cluster.as_ref().is_some_and(|cluster| cluster.name.is_none());
    let network = Chosen { vpc: scene.vpc(), subnets: chosen(scene), is_named };
    let verdicts = losing.iter().flat_map(|one| {
        let verdicts = match &databases {
            Ok(databases) => judge(one, databases, &network),
            Err(error) => {
                let what = format!("databases in the subnets that {} loses", one.name);
                vec![Verdict::not_checked(&what, error)]
            }
        };
        verdicts.into_iter().map(|verdict| verdict.of(SUBNETS_IN_USE, one.address))
    });
    verdicts.collect()
}

fn losing<'a>(scene: &Scene<'a>, change: &'a Change) -> Option<Losing<'a>> {
    // A group that is replaced loses none of its own: it goes as a whole.
    let id = match change.action {
        Action::Update => change.id.as_ref()?,
        Action::Create | Action::Replace => change.keeps.as_ref()?,
        Action::Delete | Action::Watch | Action::Forget | Action::NoOp => return None,
    };
    if change.kind != KIND {
        return None;
    }
    let field = change.fields.iter().find(|field| field.path == FIELD)?;
    let live = scene.sightings.object(&change.address, id)?;
    let kept: BTreeSet<&str> = texts(field.after.as_ref()?).collect();
    let leaving: BTreeSet<&str> =
        texts(live.inputs.get(FIELD)?).filter(|subnet| !kept.contains(subnet)).collect();
    let written = match scene.blueprint.declarations.get(&change.address)? {
        Declaration::Managed { inputs } => {
            texts(inputs.get(FIELD)?).filter(|subnet| subnet.starts_with("subnet-")).collect()
        }
        Declaration::Watched { .. } => BTreeSet::new(),
    };
    (!leaving.is_empty()).then_some(Losing { address: &change.address, name: id.as_str(), leaving, written })
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The network that is chosen now.
struct Chosen<'a> {
    vpc: Option<&'a str>,
    /// The subnet of each zone.
    subnets: BTreeMap<&'a str, &'a str>,
    /// True where the stack file names it.
    is_named: bool,
}

/// The subnet of each zone that is chosen now.
fn chosen<'a>(scene: &Scene<'a>) -> BTreeMap<&'a str, &'a str> {
    let declared = scene.blueprint.declarations.iter();
    let subnets = declared.filter_map(|(address, declaration)| match declaration {
        Declaration::Watched { id } if *address == Network::subnet_address(address.name()) => {
            Some((address.name(), id.as_str()))
        }
        _ => None,
    });
    subnets.collect()
}

/// The subnets of a group in one of the zones of a database: it lives in one of them.
struct Home<'a> {
    zone: &'a str,
    subnets: BTreeSet<&'a str>,
}

/// The homes of a database, and true where it has one that RDS does not show yet.
fn homes(database: &DbInstance) -> (Vec<Home<'_>>, bool) {
    let zones = [database.availability_zone(), database.secondary_availability_zone()];
    let expected = if database.multi_az() == Some(true) { 2 } else { 1 };
    let group = database.db_subnet_group();
    let subnets_in = |zone: &str| {
        let all = group.map(|group| group.subnets()).unwrap_or_default();
        let here = all
            .iter()
            .filter(|subnet| subnet.subnet_availability_zone().and_then(|shown| shown.name()) == Some(zone));
        here.filter_map(|subnet| subnet.subnet_identifier()).collect()
    };
    let homes: Vec<Home<'_>> =
        zones.into_iter().flatten().map(|zone| Home { zone, subnets: subnets_in(zone) }).collect();
    let is_unknown = homes.len() < expected || homes.iter().any(|home| home.subnets.is_empty());
    (homes, is_unknown)
}

/// The verdicts about one group. RDS refuses the whole change for one subnet in use.
fn judge(losing: &Losing<'_>, databases: &[DbInstance], network: &Chosen<'_>) -> Vec<Verdict> {
    let is_in_it = |database: &&DbInstance| {
        database.db_subnet_group().and_then(|group| group.db_subnet_group_name()) == Some(losing.name)
    };
    let users: Vec<&DbInstance> = databases.iter().filter(is_in_it).collect();
    let mut keep: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for home in users.iter().flat_map(|database| homes(database).0) {
        if is_lost(&home, losing) {
            keep.entry(home.zone).or_default().extend(home.subnets.first());
        }
    }
    let verdicts: Vec<Verdict> =
        users.iter().filter_map(|database| verdict(losing, database, &keep, network)).collect();
    match verdicts.is_empty() {
        true => vec![Verdict::passed(format!("no database lives in what {} loses", losing.name))],
        false => verdicts,
    }
}

/// True if all subnets in which it may live leave the group.
fn is_lost(home: &Home<'_>, losing: &Losing<'_>) -> bool {
    !home.subnets.is_empty() && home.subnets.is_subset(&losing.leaving)
}

fn verdict(
    losing: &Losing<'_>,
    database: &DbInstance,
    keep: &BTreeMap<&str, BTreeSet<&str>>,
    network: &Chosen<'_>,
) -> Option<Verdict> {
    let name = database.db_instance_identifier().unwrap_or_default();
    let (homes, is_unknown) = homes(database);
    let lost: Vec<&Home<'_>> = homes.iter().filter(|home| is_lost(home, losing)).collect();
    if !lost.is_empty() {
        let places: Vec<String> = lost.iter().map(|home| in_words(home)).collect();
        let group = losing.name;
        let message = format!(
            "the database {name} lives in {}, and RDS takes no subnet in use out of a subnet group ({group})",
            list(&places)
        );
        return Some(Verdict::error(message).hint(hint(losing, database, keep, network)));
    }
    let doubtful = homes.iter().flat_map(|home| home.subnets.intersection(&losing.leaving));
    let doubtful: BTreeSet<&str> =
        if is_unknown { losing.leaving.clone() } else { doubtful.copied().collect() };
    (!doubtful.is_empty()).then(|| {
        let hint = match losing.written.is_empty() {
            true => if_refused(database, &doubtful, network),
            false => None,
        };
        let subnets: Vec<&str> = doubtful.into_iter().collect();
        let verdict = Verdict::warning(format!(
            "the database {name} may live in {}: RDS does not show its subnet, and refuses the change if it does",
            list(&subnets)
        ));
        match hint {
            Some(hint) => verdict.hint(hint),
            None => verdict,
        }
    })
}

/// `subnet-1 (eu-west-1a)`, `subnet-1 or subnet-2 (eu-west-1a)`
fn in_words(home: &Home<'_>) -> String {
    let subnets: Vec<&str> = home.subnets.iter().copied().collect();
    format!("{} ({})", subnets.join(" or "), home.zone)
}

/// The command that keeps the subnets in use, with what was chosen for the other zones.
fn hint(
    losing: &Losing<'_>,
    database: &DbInstance,
    keep: &BTreeMap<&str, BTreeSet<&str>>,
    network: &Chosen<'_>,
) -> String {
    let name = database.db_instance_identifier().unwrap_or_default();
    if database.db_instance_status() == Some("deleting") {
        return format!(
            "wait until {name}, which is being deleted, is gone; then run the same command again"
        );
    }
    if !losing.written.is_empty() {
        let all: BTreeSet<&str> = losing.written.iter().chain(keep.values().flatten()).copied().collect();
        let all: Vec<&str> = all.into_iter().collect();
        return format!("keep what is in use: write `subnets: [{}]` in its `subnet_group`", all.join(", "));
    }
    // One subnet of each zone can be named.
    if let Some(two) = keep.values().find(|subnets| subnets.len() > 1) {
        let two: Vec<&str> = two.iter().copied().collect();
        return format!(
            "{} are of one zone, and a stack has one subnet in each: move a database out of one of them first",
            list(&two)
        );
    }
    let kept = keep.iter().filter_map(|(zone, subnets)| Some((*zone, *subnets.first()?)));
    let named: BTreeMap<&str, &str> =
        network.subnets.iter().map(|(zone, id)| (*zone, *id)).chain(kept).collect();
    if network.is_named {
        return format!("keep what is in use, beside what is new in other zones: {}", in_the_file(&named));
    }
    let options: Vec<String> = named.values().map(|id| format!("--subnet-id {id}")).collect();
    let options = options.join(" ");
    // An import records the choice for all commands to come, and an apply that names it does the same when it is done.
    let import = network
        .vpc
        .map(|vpc| format!("provision import {vpc} {options}, and apply without --subnet-id; or, in one: "));
    let import = import.unwrap_or_default();
    format!("keep what is in use, beside what is new in other zones: {import}provision apply {options}")
}

/// The commands that keep a subnet in which the database may live, with what was chosen for the other zones: one for each such
/// subnet of a zone. The answer of RDS names the right one.
fn if_refused(database: &DbInstance, doubtful: &BTreeSet<&str>, network: &Chosen<'_>) -> Option<String> {
    let mut zones: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let shown = database.db_subnet_group().map(|group| group.subnets()).unwrap_or_default();
    for subnet in shown {
        let zone = subnet.subnet_availability_zone().and_then(|zone| zone.name());
        if let (Some(zone), Some(id)) = (zone, subnet.subnet_identifier().filter(|id| doubtful.contains(id)))
        {
            zones.entry(zone).or_default().push(id);
        }
    }
    let most = zones.values().map(Vec::len).max()?;
    let nth = |nth: usize| {
        let mut named = network.subnets.clone();
        let kept = zones.iter().filter_map(|(zone, ids)| Some((*zone, *ids.get(nth).or(ids.last())?)));
        named.extend(kept);
        if network.is_named { in_the_file(&named) } else { apply(&named) }
    };
    let commands: Vec<String> = (0..most).map(nth).collect();
    Some(format!("if RDS refuses it, keep the subnet that its answer names: {}", commands.join(", or ")))
}

/// The line that chooses these subnets of a network that the stack file names.
fn in_the_file(subnets: &BTreeMap<&str, &str>) -> String {
    let ids: Vec<&str> = subnets.values().copied().collect();
    format!("write `subnets: [{}]` in `network` of the stack file", ids.join(", "))
}

/// The command that chooses these subnets: `--subnet-id` is the whole choice.
fn apply(subnets: &BTreeMap<&str, &str>) -> String {
    let options: Vec<String> = subnets.values().map(|id| format!("--subnet-id {id}")).collect();
    format!("provision apply {}", options.join(" "))
}
