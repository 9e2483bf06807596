//! The search for a database: by its name, and by the ownership tags that every description shows.

use aws_sdk_rds::types::DbInstance as Live;

use super::STATUSES;
use super::live::{describe_all, found_of};
use crate::aws::{Aws, AwsError};
use crate::resource::{Condition, Found, Owner, Trace, Whose};

/// A name is changed in place, so that it finds a database no better than the tags do. One answer shows both.
pub(super) async fn find(
    aws: &Aws,
    owner: &Owner,
    identifier: &str,
    subnet_group: &str,
) -> Result<Vec<Found>, AwsError> {
    likeliest_first(&describe_all(aws).await?, owner, identifier, subnet_group)
}

/// First what was made for the address, then what has the name, then what is the stack's and no address has, and last what lost
/// both its name and its tags, and stands in the subnet group that was made for it.
fn likeliest_first(
    all: &[Live],
    owner: &Owner,
    identifier: &str,
    subnet_group: &str,
) -> Result<Vec<Found>, AwsError> {
    let mut ranked = Vec::new();
    for live in all {
        let has_name =
            live.db_instance_identifier().is_some_and(|name| name.eq_ignore_ascii_case(identifier));
        let found = found_of(live)?;
        let whose = owner.whose(&found.ownership, found.vpc.as_ref());
        let names_address = found.tagged_address().as_ref() == Some(&owner.address);
        let of_the_stack = match &whose {
            Whose::Ours | Whose::Moved { .. } | Whose::OtherState { .. } => true,
            beside => names_address && owner.shares_its_network_with(beside),
        };
        let in_our_group = || in_subnet_group(live, subnet_group);
        let (rank, trace) = match (has_name, of_the_stack && names_address, of_the_stack) {
            (true, true, _) => (0, Trace::Name),
            (false, true, _) => (1, Trace::Tags),
            (true, false, _) => (2, Trace::Name),
            (false, false, true) => (3, Trace::Tags),
            (false, false, false) if whose == Whose::Untagged && in_our_group() => (4, Trace::Use),
            (false, false, false) => continue,
        };
        let is_free = !owner.others.contains(&found.id) && !is_leaving(live);
        if has_name || is_free {
            ranked.push((rank, live.instance_create_time, found.traced(trace)));
        }
    }
    ranked.sort_by_key(|(rank, made, _)| (*rank, *made));
    Ok(ranked.into_iter().map(|(_, _, found)| found).collect())
}

fn in_subnet_group(live: &Live, name: &str) -> bool {
    let group = live.db_subnet_group().and_then(|group| group.db_subnet_group_name());
    group.is_some_and(|group| group.eq_ignore_ascii_case(name))
}

fn is_leaving(live: &Live) -> bool {
    Condition::of(STATUSES, live.db_instance_status().unwrap_or_default()).is_leaving()
}
