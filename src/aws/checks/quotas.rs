//! Checks that the account's quotas leave room for what is to be made.

mod headroom;

use std::collections::BTreeMap;

use aws_sdk_rds::types::AccountQuota;
use futures_util::future::{join, join3, try_join};

use super::finding::{Verdict, in_time};
use super::prospect::Prospect;
use super::scene::Scene;
use super::{Answer, Asked};
use crate::aws::{Aws, aws_error, ec2, efs};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::plan::Finding;
pub(super) use headroom::Room;
use headroom::{more_storage, most_rules};

const CHECK: &str = "quota";
pub(super) const ACCOUNT: Call = Call::read("rds:DescribeAccountAttributes");
const QUOTA: Call = Call::read("servicequotas:GetServiceQuota");
const DEFAULT_QUOTA: Call = Call::read("servicequotas:GetAWSDefaultServiceQuota");

const DATABASE: &str = "aws_db_instance";
const FILE_SYSTEM: &str = "aws_efs_file_system";
const GROUP: &str = "aws_security_group";

pub(super) const CALLS: &[Asked] = &[
    (&[DATABASE, "aws_db_subnet_group", "aws_db_parameter_group"], &[ACCOUNT]),
    (&[FILE_SYSTEM], &[QUOTA, DEFAULT_QUOTA, efs::FILE_SYSTEMS]),
    (&[GROUP], &[QUOTA, DEFAULT_QUOTA, ec2::SECURITY_GROUPS]),
];

/// Quotas that RDS counts itself: its name (RDS API reference, AccountQuota), the kind that uses it, and in words.
const OF_RDS: [(&str, &str, &str); 3] = [
    ("DBInstances", DATABASE, "database"),
    ("DBSubnetGroups", "aws_db_subnet_group", "DB subnet group"),
    ("DBParameterGroups", "aws_db_parameter_group", "DB parameter group"),
];
/// In GiB.
const STORAGE_OF_RDS: &str = "AllocatedStorage";

/// A quota of Service Quotas: service and quota code (as its console names them).
type Code = (&'static str, &'static str);

/// "File systems per account", in a region.
const FILE_SYSTEMS_PER_ACCOUNT: Code = ("elasticfilesystem", "L-848C634D");
/// "VPC security groups per Region".
const GROUPS_PER_REGION: Code = ("vpc", "L-E79EC296");
/// "Inbound or outbound rules per security group", of IPv4 and of IPv6 each.
const RULES_PER_GROUP: Code = ("vpc", "L-0EA8095F");

/// The quotas, and how much of them is used. A quota that nothing planned needs is absent.
pub(super) struct Quotas {
    rds: Option<Result<BTreeMap<String, Room>, CloudError>>,
    file_systems: Option<Result<Room, CloudError>>,
    groups: Option<Result<Room, CloudError>>,
    rules: Option<Result<u64, CloudError>>,
    /// The databases and groups with what they ask for.
    prospects: Vec<Prospect>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Quotas {
    let makes = |kind: &str| prospects.iter().any(|prospect| prospect.is_new && prospect.is_a(kind));
    let grows = prospects.iter().any(|one| one.is_a(DATABASE) && one.touches(&["allocated_storage"]));
    let sets_rules = prospects.iter().any(|one| one.is_a(GROUP) && one.touches(&["ingress", "egress"]));
    let of_rds = grows || OF_RDS.iter().any(|(_, kind, _)| makes(kind));
    let (rds, file_systems, (groups, rules)) = join3(
        when(of_rds, || in_time(ACCOUNT, rds(aws))),
        when(makes(FILE_SYSTEM), || in_time(QUOTA, file_systems(aws))),
        join(
            when(makes(GROUP), || in_time(QUOTA, groups(aws))),
            when(sets_rules, || in_time(QUOTA, quota(aws, RULES_PER_GROUP))),
        ),
    )
    .await;
    let prospects = prospects.iter().filter(|one| one.is_a(DATABASE) || one.is_a(GROUP)).cloned().collect();
    Quotas { rds, file_systems, groups, rules, prospects }
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

async fn quota(aws: &Aws, (service, code): Code) -> Result<u64, CloudError> {
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
        for (name, kind, words) in OF_RDS {
            let room = self.rds.as_ref().and_then(|rds| find(rds, name));
            findings.extend(headroom::objects(scene, kind, words, room));
        }
        let storage = self.rds.as_ref().and_then(|rds| find(rds, STORAGE_OF_RDS));
        findings.extend(self.storage(scene, storage));
        let file_systems = self.file_systems.as_ref().map(|room| room.as_ref().map(|room| *room));
        findings.extend(headroom::objects(scene, FILE_SYSTEM, "file system", file_systems));
        let groups = self.groups.as_ref().map(|room| room.as_ref().map(|room| *room));
        findings.extend(headroom::objects(scene, GROUP, "security group", groups));
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
        let growing = self.prospects.iter().filter(|one| one.is_a(DATABASE)).map(|one| {
            (&one.address, scene.doing(&one.address).map_or(0, |doing| more_storage(doing, &one.inputs)))
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

    fn rules(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let Some(rules) = &self.rules else { return Vec::new() };
        let groups = self.prospects.iter().filter(|one| one.is_a(GROUP));
        groups
            .filter(|one| scene.doing(&one.address).is_some())
            .map(|one| {
                let most = most_rules(&one.inputs);
                let verdict = match rules {
                    Ok(quota) if most <= *quota => {
                        Verdict::passed(format!("{most} rules in one direction, and {quota} are allowed"))
                    }
                    Ok(quota) => Verdict::error(format!(
                        "it has {most} rules in one direction, and the account's quota is {quota}"
                    ))
                    .hint(
                        "raise the quota \"Inbound or outbound rules per security group\" in Service Quotas",
                    ),
                    Err(error) => Verdict::not_checked("quota of rules in a security group", error),
                };
                verdict.of(CHECK, &one.address)
            })
            .collect()
    }
}
