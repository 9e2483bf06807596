//! Checks that the subnets have free addresses for the network interfaces that are to come.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::finding::{Verdict, counted, in_time, list};
use super::prospect::Prospect;
use super::scene::Scene;
use super::{Answer, Asked};
use crate::aws::{Aws, ec2};
use crate::engine::cloud::CloudError;
use crate::engine::plan::Finding;

const CHECK: &str = "free-addresses";
const MOUNT_TARGET: &str = "aws_efs_mount_target";
const DATABASE: &str = "aws_db_instance";
const REPLICA: &str = "aws_db_replica";

pub(super) const CALLS: &[Asked] = &[(&[MOUNT_TARGET, DATABASE, REPLICA], &[ec2::SUBNETS])];

/// The number of free addresses of each subnet, and the resources that want some.
pub(super) struct Addresses {
    wanting: Vec<Prospect>,
    free: Result<BTreeMap<String, i32>, CloudError>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Addresses {
    let needs = |prospect: &&Prospect| {
        prospect.is_new && [MOUNT_TARGET, DATABASE, REPLICA].iter().any(|kind| prospect.is_a(kind))
    };
    let wanting: Vec<Prospect> = prospects.iter().filter(needs).cloned().collect();
    let subnets: BTreeSet<&str> =
        wanting.iter().flat_map(|prospect| &prospect.subnets).map(String::as_str).collect();
    let free = if subnets.is_empty() {
        Ok(BTreeMap::new())
    } else {
        in_time(ec2::SUBNETS, ec2::subnets(aws, vec![ec2::filter("subnet-id", subnets)])).await.map(|found| {
            found
                .into_iter()
                .filter_map(|subnet| Some((subnet.subnet_id?, subnet.available_ip_address_count?)))
                .collect()
        })
    };
    Addresses { wanting, free }
}

impl Answer for Addresses {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let made: Vec<&Prospect> =
            self.wanting.iter().filter(|prospect| scene.makes(&prospect.address)).collect();
        let verdict = |prospect: &Prospect| match &self.free {
            Ok(free) if prospect.is_a(MOUNT_TARGET) => mount_target(prospect, &made, free),
            Ok(free) => database(prospect, &made, free),
            Err(error) => Some(Verdict::not_checked("free addresses of the subnets", error)),
        };
        made.iter().filter_map(|prospect| Some(verdict(prospect)?.of(CHECK, &prospect.address))).collect()
    }
}

const OTHER_SUBNETS: &str = "give addresses back there, or choose other subnets: in `network` of the stack file, where that names it, or, with \
                             the ids of the VPC and of one subnet in each zone: provision import VPC-ID --subnet-id SUBNET-ID";

/// The number of mount targets that are to be made in a subnet.
fn targets_in(subnet: &str, made: &[&Prospect]) -> usize {
    let targets = made.iter().filter(|prospect| prospect.is_a(MOUNT_TARGET));
    targets.filter(|prospect| prospect.subnets.contains(subnet)).count()
}

fn mount_target(prospect: &Prospect, made: &[&Prospect], free: &BTreeMap<String, i32>) -> Option<Verdict> {
    let subnet = prospect.subnets.first()?;
    let (free, needed) = (usize::try_from(*free.get(subnet)?).ok()?, targets_in(subnet, made));
    Some(if free >= needed {
        Verdict::passed(format!("{subnet} has free addresses"))
    } else {
        let targets = counted(needed, "mount target");
        Verdict::error(format!("{subnet} has {}, and gets {targets}", counted_free(free))).hint(OTHER_SUBNETS)
    })
}

fn counted_free(free: usize) -> String {
    match free {
        0 => "no free address".to_owned(),
        1 => "1 free address".to_owned(),
        _ => format!("{free} free addresses"),
    }
}

/// A database or a read replica takes one address, and one more for a standby, each in a subnet that RDS chooses.
fn database(prospect: &Prospect, made: &[&Prospect], free: &BTreeMap<String, i32>) -> Option<Verdict> {
    let known: Vec<(&str, usize)> = prospect
        .subnets
        .iter()
        .filter_map(|subnet| Some((subnet.as_str(), usize::try_from(*free.get(subnet)?).ok()?)))
        .collect();
    let (usable, full): (Vec<_>, Vec<_>) =
        known.iter().partition(|(subnet, free)| *free > targets_in(subnet, made));
    let needed = if prospect.inputs.get("multi_az").and_then(Value::as_bool) == Some(true) { 2 } else { 1 };
    let full: Vec<&str> = full.into_iter().map(|(subnet, _)| subnet).collect();
    let has = if full.len() == 1 { "has" } else { "have" };
    match known.len() {
        0 => None,
        _ if usable.len() < needed => Some(
            Verdict::error(format!(
                "{} {has} no address left for it, and it needs one in each of {}",
                list(&full),
                counted(needed, "subnet")
            ))
            .hint(OTHER_SUBNETS),
        ),
        _ if full.is_empty() => Some(Verdict::passed("its subnets have free addresses")),
        _ => Some(Verdict::warning(format!(
            "{} {has} no address left: RDS cannot move it there when another zone fails",
            list(&full)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::address::Address;
    use crate::engine::document::Document;
    use crate::engine::plan::Level;
    use crate::engine::resource::Owner;

    fn prospect(address: &str, subnets: &[&str], multi_az: bool) -> Prospect {
        let address: Address = address.parse().expect("an address");
        Prospect {
            written: Document::new(),
            owner: Owner {
                stack: "s".to_owned(),
                address: address.clone(),
                formerly: BTreeSet::new(),
                lineage: String::new(),
                cluster: None,
                vpc: None,
                generation: 0,
                others: BTreeSet::new(),
                named_with: Default::default(),
            },
            address,
            inputs: Document::from_iter([("multi_az".to_owned(), multi_az.into())]),
            differing: BTreeSet::new(),
            recorded_version: None,
            source: None,
            is_new: true,
            subnets: subnets.iter().map(|subnet| (*subnet).to_owned()).collect(),
        }
    }

    fn free(of: &[(&str, i32)]) -> BTreeMap<String, i32> {
        of.iter().map(|(subnet, free)| ((*subnet).to_owned(), *free)).collect()
    }

    #[test]
    fn every_mount_target_of_a_subnet_counts() {
        let (one, two) = (
            prospect("aws_efs_mount_target.f/a", &["a"], false),
            prospect("aws_efs_mount_target.g/a", &["a"], false),
        );
        let made = [&one, &two];
        let level =
            |free_of_a| mount_target(&one, &made, &free(&[("a", free_of_a)])).map(|found| found.level);
        assert_eq!(level(2), Some(Level::Passed));
        assert_eq!(level(1), Some(Level::Error));
        assert_eq!(mount_target(&one, &made, &free(&[])), None);
    }

    #[test]
    fn a_database_needs_an_address_for_itself_and_one_for_its_standby() {
        let target = prospect("aws_efs_mount_target.f/a", &["a"], false);
        for (multi_az, addresses, expected) in [
            (true, [1, 1, 1], Level::Warning),
            (true, [2, 1, 1], Level::Passed),
            (true, [1, 1, 0], Level::Error),
            (true, [2, 1, 0], Level::Warning),
            (false, [1, 1, 0], Level::Warning),
            (false, [1, 0, 0], Level::Error),
        ] {
            for address in ["aws_db_instance.d", "aws_db_replica.d/reports"] {
                let database_ = prospect(address, &["a", "b", "c"], multi_az);
                let free = free(&[("a", addresses[0]), ("b", addresses[1]), ("c", addresses[2])]);
                let found = database(&database_, &[&target, &database_], &free).map(|found| found.level);
                assert_eq!(found, Some(expected), "{address} {multi_az} {addresses:?}");
            }
        }
    }
}
