//! Checks that the account's quotas leave room for what is to be made.

mod headroom;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::AccountQuota;
use futures_util::future::{join, join3, try_join};
use serde_json::Value;

use super::finding::{Verdict, in_time};
use super::prospect::Prospect;
use super::scene::Scene;
use super::{Answer, Asked};
use crate::aws::kinds::db_instance::replica::{FOLLOWERS, Follower, all_of};
use crate::aws::{Aws, aws_error, ec2, efs};
use crate::engine::address::Address;
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::plan::Finding;
use headroom::{List, more_storage, most_rules, prefix_lists};
pub(super) use headroom::{Room, made};

const CHECK: &str = "quota";
pub(super) const ACCOUNT: Call = Call::read("rds:DescribeAccountAttributes");
pub(super) const QUOTA: Call = Call::read("servicequotas:GetServiceQuota");
pub(super) const DEFAULT_QUOTA: Call = Call::read("servicequotas:GetAWSDefaultServiceQuota");

const DATABASE: &str = "aws_db_instance";
const REPLICA: &str = "aws_db_replica";
/// A read replica is an instance with storage like any other.
const INSTANCES: &[&str] = &[DATABASE, REPLICA];
const FILE_SYSTEM: &str = "aws_efs_file_system";
const GROUP: &str = "aws_security_group";

pub(super) const CALLS: &[Asked] = &[
    (&[DATABASE, REPLICA, "aws_db_subnet_group", "aws_db_parameter_group"], &[ACCOUNT]),
    (&[REPLICA], &[FOLLOWERS]),
    (&[FILE_SYSTEM], &[QUOTA, DEFAULT_QUOTA, efs::FILE_SYSTEMS]),
    // Prefix lists are asked about where a group names some, as `named` does.
    (&[GROUP], &[QUOTA, DEFAULT_QUOTA, ec2::SECURITY_GROUPS]),
];

/// A quota that RDS counts itself.
struct OfRds {
    /// Its name (RDS API reference, AccountQuota).
    name: &'static str,
    /// The kinds that use it.
    kinds: &'static [&'static str],
    /// One of these objects in words.
    words: &'static str,
}

const OF_RDS: [OfRds; 3] = [
    OfRds { name: "DBInstances", kinds: INSTANCES, words: "database" },
    OfRds { name: "DBSubnetGroups", kinds: &["aws_db_subnet_group"], words: "DB subnet group" },
    OfRds { name: "DBParameterGroups", kinds: &["aws_db_parameter_group"], words: "DB parameter group" },
];
/// The replicas that one database may have.
const REPLICAS_OF_ONE: &str = "ReadReplicasPerMaster";
/// In GiB.
const STORAGE_OF_RDS: &str = "AllocatedStorage";

/// A quota of Service Quotas: service and quota code (as its console names them).
pub(super) type Code = (&'static str, &'static str);

/// "File systems per account", in a region.
const FILE_SYSTEMS_PER_ACCOUNT: Code = ("elasticfilesystem", "L-848C634D");
/// "VPC security groups per Region".
const GROUPS_PER_REGION: Code = ("vpc", "L-E79EC296");
/// "Security groups per network interface".
pub(super) const GROUPS_PER_INTERFACE: Code = ("vpc", "L-2AFB9258");
/// "Inbound or outbound rules per security group", of IPv4 and of IPv6 each.
const RULES_PER_GROUP: Code = ("vpc", "L-0EA8095F");

/// The quotas, and how much of them is used. A quota that nothing planned needs is absent.
pub(super) struct Quotas {
    rds: Option<Result<BTreeMap<String, Room>, CloudError>>,
    file_systems: Option<Result<Room, CloudError>>,
    groups: Option<Result<Room, CloudError>>,
    rules: Option<Result<Rules, CloudError>>,
    /// The read replicas that are there, where one is to be made of a database that is there.
    followers: Option<Result<Vec<Follower>, CloudError>>,
    /// The databases and groups with what they ask for.
    prospects: Vec<Prospect>,
}

/// The most rules that a group may have in a direction, and the prefix lists that groups name.
struct Rules {
    most: u64,
    lists: BTreeMap<String, List>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Quotas {
    let makes = |kind: &str| prospects.iter().any(|prospect| prospect.is_new && prospect.is_a(kind));
    let grows = prospects.iter().any(|one| one.is_a(DATABASE) && one.touches(&["allocated_storage"]));
    let sets_rules = prospects.iter().any(|one| one.is_a(GROUP) && one.touches(&["ingress", "egress"]));
    let of_rds = grows || OF_RDS.iter().flat_map(|quota| quota.kinds).any(|kind| makes(kind));
    let follows = prospects.iter().any(|one| one.is_new && one.is_a(REPLICA) && source_id(one).is_some());
    let ((rds, followers), file_systems, (groups, rules)) = join3(
        join(when(of_rds, || in_time(ACCOUNT, rds(aws))), when(follows, || in_time(FOLLOWERS, all_of(aws)))),
        when(makes(FILE_SYSTEM), || in_time(QUOTA, file_systems(aws))),
        join(
            when(makes(GROUP), || in_time(QUOTA, groups(aws))),
            when(sets_rules, || in_time(QUOTA, rules(aws, prospects))),
        ),
    )
    .await;
    let counted = [DATABASE, REPLICA, GROUP];
    let prospects =
        prospects.iter().filter(|one| counted.iter().any(|kind| one.is_a(kind))).cloned().collect();
    Quotas { rds, file_systems, groups, rules, followers, prospects }
}

/// The id of the database that a replica is to follow, where that is there.
fn source_id(replica: &Prospect) -> Option<&str> {
    replica.inputs.get("source").and_then(Value::as_str).filter(|id| !id.contains("${"))
}

/// The answer of a call that is made only where it is needed. Until then it takes no room: a call of the SDK is tens of
/// kilobytes, which would be carried along by everything that holds this.
async fn when<C: Future>(needed: bool, call: impl FnOnce() -> C) -> Option<C::Output> {
    if needed { Some(Box::pin(call()).await) } else { None }
}

async fn rds(aws: &Aws) -> Result<BTreeMap<String, Room>, CloudError> {
    let answer = aws.read.rds.describe_account_attributes().send().await.map_err(aws_error(ACCOUNT))?;
    let room = |quota: &AccountQuota| {
        let count = |number: Option<i64>| u64::try_from(number?).ok();
        let room = Room { used: count(quota.used())?, most: count(quota.max())? };
        Some((quota.account_quota_name()?.to_owned(), room))
    };
    Ok(answer.account_quotas().iter().filter_map(room).collect())
}

/// The quota of manual snapshots, and how much of it is used.
pub(super) async fn manual_snapshots(aws: &Aws) -> Result<Option<Room>, CloudError> {
    Ok(in_time(ACCOUNT, rds(aws)).await?.get("ManualSnapshots").copied())
}

async fn file_systems(aws: &Aws) -> Result<Room, CloudError> {
    let (most, used) = try_join(quota(aws, FILE_SYSTEMS_PER_ACCOUNT), efs::file_systems(aws)).await?;
    Ok(Room { used: used.len() as u64, most })
}

async fn groups(aws: &Aws) -> Result<Room, CloudError> {
    let count = in_time(ec2::SECURITY_GROUPS, ec2::security_groups(aws, Vec::new()));
    let (most, used) = try_join(quota(aws, GROUPS_PER_REGION), count).await?;
    Ok(Room { used: used.len() as u64, most })
}

async fn rules(aws: &Aws, prospects: &[Prospect]) -> Result<Rules, CloudError> {
    let groups = prospects.iter().filter(|one| one.is_a(GROUP));
    let named: BTreeSet<String> = groups.flat_map(|one| prefix_lists(&one.inputs)).collect();
    let named: Vec<String> = named.into_iter().collect();
    let lists = ec2::with_any_of("prefix-list-id", named, |filters| ec2::prefix_lists(aws, filters));
    let (most, lists) = try_join(quota(aws, RULES_PER_GROUP), lists).await?;
    let lists = lists.iter().filter_map(|list| Some((list.prefix_list_id.clone()?, List::of(list))));
    Ok(Rules { most, lists: lists.collect() })
}

/// The most that the account may have of something.
pub(super) async fn quota(aws: &Aws, (service, code): Code) -> Result<u64, CloudError> {
    let quotas = aws.service_quotas();
    let applied = quotas.get_service_quota().service_code(service).quota_code(code).send().await;
    let quota = match applied.map_err(aws_error(QUOTA)) {
        Ok(answer) => answer.quota,
        // A quota that was never changed may have its default alone.
        Err(error) if error.code == "NoSuchResourceException" => {
            let default = quotas.get_aws_default_service_quota().service_code(service).quota_code(code);
            default.send().await.map_err(aws_error(DEFAULT_QUOTA))?.quota
        }
        Err(error) => return Err(error),
    };
    match quota.and_then(|quota| quota.value) {
        // A quota is a count, though it travels as a decimal number.
        Some(value) if value >= 0.0 => Ok(value as u64),
        _ => Err(CloudError::bad_response(QUOTA, "the quota has no value")),
    }
}

impl Answer for Quotas {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for OfRds { name, kinds, words } in OF_RDS {
            let room = self.rds.as_ref().and_then(|rds| find(rds, name));
            findings.extend(headroom::objects(scene, kinds, words, room));
        }
        findings.extend(self.replicas(scene));
        let storage = self.rds.as_ref().and_then(|rds| find(rds, STORAGE_OF_RDS));
        findings.extend(self.storage(scene, storage));
        let file_systems = self.file_systems.as_ref().map(|room| room.as_ref().map(|room| *room));
        findings.extend(headroom::objects(scene, &[FILE_SYSTEM], "file system", file_systems));
        let groups = self.groups.as_ref().map(|room| room.as_ref().map(|room| *room));
        findings.extend(headroom::objects(scene, &[GROUP], "security group", groups));
        findings.extend(self.rules(scene));
        findings
    }
}

/// One of the quotas of RDS; a failure to read them all counts for each.
fn find<'a>(
    rds: &'a Result<BTreeMap<String, Room>, CloudError>,
    name: &str,
) -> Option<Result<Room, &'a CloudError>> {
    match rds {
        Ok(rooms) => rooms.get(name).map(|room| Ok(*room)),
        Err(error) => Some(Err(error)),
    }
}

impl Quotas {
    fn storage(&self, scene: &Scene<'_>, room: Option<Result<Room, &CloudError>>) -> Option<Finding> {
        let databases = self.prospects.iter().filter(|one| INSTANCES.iter().any(|kind| one.is_a(kind)));
        let growing = databases.map(|one| {
            // A replica is as large as its source.
            let inputs = one.source.as_ref().map_or(&one.inputs, |source| &source.inputs);
            (&one.address, scene.doing(&one.address).map_or(0, |doing| more_storage(doing, inputs)))
        });
        let growing: Vec<_> = growing.filter(|(_, more)| *more > 0).collect();
        let (first, _) = growing.first()?;
        let more = growing.iter().map(|(_, more)| more).sum();
        let verdict = match room? {
            Ok(room) => room.verdict(more, "GiB of database storage", "GiB of database storage"),
            Err(error) => Verdict::not_checked("quota of database storage", error),
        };
        Some(verdict.of(CHECK, first))
    }

    /// Checks that each database may have the replicas that it is to have, with those that others made.
    fn replicas(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let made = self.prospects.iter().filter(|one| one.is_a(REPLICA) && scene.makes(&one.address));
        let mut by_source: BTreeMap<&Address, Vec<&Prospect>> = BTreeMap::new();
        for one in made {
            if let Some(source) = &one.source {
                by_source.entry(&source.address).or_default().push(one);
            }
        }
        let quota = self.rds.as_ref().and_then(|rds| find(rds, REPLICAS_OF_ONE));
        let verdict = |source: &Address, replicas: &[&Prospect]| {
            let there = match &self.followers {
                Some(Ok(followers)) => {
                    let id = replicas.iter().find_map(|one| source_id(one));
                    followers.iter().filter(|one| Some(one.source.as_str()) == id).count()
                }
                Some(Err(error)) => return Some(Verdict::not_checked("read replicas that are there", error)),
                None => 0,
            };
            let most = match quota? {
                Ok(room) => room.most,
                Err(error) => return Some(Verdict::not_checked("quota of read replicas", error)),
            };
            let room = Room { used: there as u64, most };
            let count = replicas.len() as u64;
            Some(room.verdict_of(count, "read replica", "read replicas", &format!("the quota of {source}")))
        };
        let judged = by_source.iter().filter_map(|(source, replicas)| {
            Some(verdict(source, replicas)?.of(CHECK, &replicas.first()?.address))
        });
        judged.collect()
    }

    fn rules(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let Some(rules) = &self.rules else { return Vec::new() };
        let groups = self.prospects.iter().filter(|one| one.is_a(GROUP));
        groups
            .filter(|one| scene.doing(&one.address).is_some())
            .map(|one| {
                let verdict = match rules {
                    Ok(Rules { most: quota, lists }) => {
                        let most = most_rules(&one.inputs, lists);
                        let counted = match prefix_lists(&one.inputs).next() {
                            Some(_) => ", where a prefix list counts as its most entries",
                            None => "",
                        };
                        if most <= *quota {
                            Verdict::passed(format!("{most} rules in one direction{counted}, and {quota} are allowed"))
                        } else {
                            Verdict::error(format!(
                                "it has {most} rules in one direction{counted}, and the account's quota is {quota}"
                            ))
                            .hint("raise the quota \"Inbound or outbound rules per security group\" in Service Quotas")
                        }
                    }
                    Err(error) => Verdict::not_checked("quota of rules in a security group", error),
                };
                verdict.of(CHECK, &one.address)
            })
            .collect()
    }
}
