//! The quotas of EC2 for machines and addresses, and how much of them is used.

use aws_sdk_ec2::types::{Address, Instance, Tenancy};
use futures_util::future::try_join;

use crate::aws::checks::quotas::{Code, Room, quota};
use crate::aws::{Aws, ec2};
use crate::engine::cloud::CloudError;

/// "EC2-VPC Elastic IPs", 5 in a region unless it was raised.
const ADDRESSES: Code = ("ec2", "L-0263D0A3");
/// "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", in vCPUs.
const STANDARD: Code = ("ec2", "L-1216C47A");
/// The families of that quota, by the letters that a type begins with ("On-Demand Instance quotas", Amazon EC2 User Guide): `im4gn` and
/// `is4gen` are I, and `hpc7a`, `inf2` or `mac2` have quotas of their own.
const FAMILIES: [&str; 11] = ["a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"];
/// The states in which a machine counts.
const RUNNING: [&str; 2] = ["pending", "running"];

/// True for a type that counts in the quota of standard machines.
pub(super) fn is_standard(type_: &str) -> bool {
    let family: String = type_.chars().take_while(char::is_ascii_lowercase).collect();
    FAMILIES.contains(&family.as_str())
}

/// The vCPUs of standard machines that run.
pub(super) async fn cpus(aws: &Aws) -> Result<Room, CloudError> {
    let running = ec2::instances(aws, vec![ec2::filter("instance-state-name", RUNNING)]);
    let (most, running) = try_join(quota(aws, STANDARD), running).await?;
    Ok(Room { used: running.iter().map(cpus_of).sum(), most })
}

/// The vCPUs of one machine that count: none of a spot machine, and of one on a host of one's own.
fn cpus_of(one: &Instance) -> u64 {
    let type_ = one.instance_type().map(|type_| type_.as_str()).unwrap_or_default();
    let tenancy = one.placement().and_then(|placement| placement.tenancy());
    if one.instance_lifecycle().is_some() || tenancy == Some(&Tenancy::Host) || !is_standard(type_) {
        return 0;
    }
    let count = |number: Option<i32>| u64::try_from(number?).ok();
    let options = one.cpu_options();
    let cores = options.and_then(|options| count(options.core_count()));
    let threads = options.and_then(|options| count(options.threads_per_core()));
    cores.unwrap_or_default() * threads.unwrap_or(1)
}

/// The elastic addresses of the region. Those of one's own range do not count ("Elastic IP addresses", Amazon EC2 User Guide).
pub(super) async fn addresses(aws: &Aws) -> Result<Room, CloudError> {
    let (most, all) = try_join(quota(aws, ADDRESSES), ec2::addresses(aws, Vec::new())).await?;
    Ok(Room { used: all.iter().filter(|one| is_of_amazon(one)).count() as u64, most })
}

fn is_of_amazon(one: &Address) -> bool {
    one.public_ipv4_pool().is_none_or(|pool| pool.is_empty() || pool == "amazon")
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{CpuOptions, InstanceLifecycleType, InstanceType, Placement};

    use super::*;

    #[test]
    fn standard_types_are_told_by_the_letters_of_their_family() {
        for (type_, expected) in [
            ("t3.large", true),
            ("m7g.2xlarge", true),
            ("im4gn.large", true),
            ("i4i.large", true),
            ("z1d.large", true),
            ("inf2.xlarge", false),
            ("hpc7a.96xlarge", false),
            ("mac2.metal", false),
            ("g5.xlarge", false),
            ("p4d.24xlarge", false),
            ("u-6tb1.metal", false),
            ("x2idn.16xlarge", false),
            ("trn1.2xlarge", false),
            ("dl1.24xlarge", false),
        ] {
            assert_eq!(is_standard(type_), expected, "{type_}");
        }
    }

    #[test]
    fn only_on_demand_machines_of_the_quota_count_each_with_its_threads() {
        let one = |type_: &str| {
            let cpus = CpuOptions::builder().core_count(2).threads_per_core(2).build();
            Instance::builder().instance_type(InstanceType::from(type_)).cpu_options(cpus)
        };
        assert_eq!(cpus_of(&one("t3.xlarge").build()), 4);
        assert_eq!(cpus_of(&one("g5.xlarge").build()), 0);
        let spot = one("t3.xlarge").instance_lifecycle(InstanceLifecycleType::Spot).build();
        let host = Placement::builder().tenancy(Tenancy::Host).build();
        assert_eq!(cpus_of(&spot) + cpus_of(&one("t3.xlarge").placement(host).build()), 0);
    }

    #[test]
    fn an_address_of_ones_own_range_does_not_count() {
        let of =
            |pool: Option<&str>| Address::builder().set_public_ipv4_pool(pool.map(str::to_owned)).build();
        assert!(is_of_amazon(&of(None)) && is_of_amazon(&of(Some("amazon"))));
        assert!(!is_of_amazon(&of(Some("ipv4pool-ec2-012345"))));
    }
}
