//! The search for a database: by its name, and by the ownership tags that every description shows.

use aws_sdk_rds::types::DbInstance as Live;

use super::STATUSES;
use super::live::{describe_all, found_of};
use crate::aws::{Aws, AwsError};
use crate::resource::{Condition, Found, Owner, Ownership, Trace, Whose};

/// A name is changed in place, so that it finds a database no better than the tags do. One answer shows both.
pub(super) async fn find(aws: &Aws, owner: &Owner, identifier: &str) -> Result<Vec<Found>, AwsError> {
    likeliest_first(&describe_all(aws).await?, owner, identifier)
}

/// First what was made for the address, then what has the name, then what is the stack's and no address has.
fn likeliest_first(all: &[Live], owner: &Owner, identifier: &str) -> Result<Vec<Found>, AwsError> {
    let mut ranked = Vec::new();
    for live in all {
        let has_name =
            live.db_instance_identifier().is_some_and(|name| name.eq_ignore_ascii_case(identifier));
        let found = found_of(live)?;
        let of_the_stack = matches!(
            owner.whose(&found.ownership, found.vpc.as_ref()),
            Whose::Ours | Whose::Moved { .. } | Whose::OtherState { .. }
        );
        let is_meant = matches!(
            &found.ownership,
            Ownership::Tagged { address, .. } if of_the_stack && *address == owner.address.to_string()
        );
        let rank = match (has_name, is_meant, of_the_stack) {
            (true, true, _) => 0,
            (false, true, _) => 1,
            (true, false, _) => 2,
            (false, false, true) => 3,
            (false, false, false) => continue,
        };
        let is_free = !owner.others.contains(&found.id) && !is_leaving(live);
        if has_name {
            ranked.push((rank, live.instance_create_time, found));
        } else if is_free {
            ranked.push((rank, live.instance_create_time, found.traced(Trace::Tags)));
        }
    }
    ranked.sort_by_key(|(rank, made, _)| (*rank, *made));
    Ok(ranked.into_iter().map(|(_, _, found)| found).collect())
}

fn is_leaving(live: &Live) -> bool {
    Condition::of(STATUSES, live.db_instance_status().unwrap_or_default()).is_leaving()
}
