//! The search for a database: by its name, and by the ownership tags that every description shows.

use aws_sdk_rds::types::DbInstance as Live;

use super::keys::{IDENTIFIER, SECURITY_GROUPS, SUBNET_GROUP};
use super::live::{describe_all, found_of};
use super::{STATUSES, replica};
use crate::aws::Aws;
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{Condition, Found, Owner, Told, Trace, Whose};

/// A name is changed in place, so that it finds a database no better than the tags do. One answer shows both.
pub(super) async fn find(aws: &Aws, owner: &Owner, wanted: &Document) -> Result<Vec<Found>, CloudError> {
    likeliest_first(&describe_all(aws).await?, owner, wanted, (use_of_database, unfit_as_database))
}

/// The same for a read replica: what lost both its name and its tags follows the database of which it is to be a copy.
pub(super) async fn find_replica(
    aws: &Aws,
    owner: &Owner,
    wanted: &Document,
) -> Result<Vec<Found>, CloudError> {
    likeliest_first(&describe_all(aws).await?, owner, wanted, (use_of_replica, unfit_as_replica))
}

/// All databases, or all read replicas.
pub(super) async fn list(aws: &Aws, replicas: bool) -> Result<Vec<Found>, CloudError> {
    let unfit = if replicas { unfit_as_replica } else { unfit_as_database };
    let all = describe_all(aws).await?;
    all.iter().filter(|live| unfit(live).is_none() && !is_leaving(live)).map(found_of).collect()
}

/// The rank of an object without tags by its use of what was made for it; none where it uses nothing of that.
type Use = fn(all: &[Live], live: &Live, owner: &Owner, wanted: &Document) -> Option<u8>;

/// Why an object is none of the kind.
type Unfit = fn(live: &Live) -> Option<&'static str>;

fn unfit_as_database(live: &Live) -> Option<&'static str> {
    let follows = live.read_replica_source_db_instance_identifier().is_some();
    follows.then_some("it is a read replica")
}

fn unfit_as_replica(live: &Live) -> Option<&'static str> {
    let follows = live.read_replica_source_db_instance_identifier().is_some();
    (!follows && !replica::is_being_made(live)).then_some(replica::NO_REPLICA)
}

/// The rank of one that uses what nothing else of the stack uses.
const SURE: u8 = 4;

fn use_of_database(_: &[Live], live: &Live, owner: &Owner, wanted: &Document) -> Option<u8> {
    match (in_security_group(live, owner, wanted), in_subnet_group(live, wanted)) {
        // A replica has the groups of its source.
        _ if live.read_replica_source_db_instance_identifier().is_some() => None,
        (true, _) => Some(SURE),
        (false, true) => Some(5),
        (false, false) => None,
    }
}

fn use_of_replica(all: &[Live], live: &Live, _: &Owner, wanted: &Document) -> Option<u8> {
    let followed = live.read_replica_source_db_instance_identifier()?;
    let source = all.iter().find(|one| one.db_instance_identifier() == Some(followed))?;
    (source.dbi_resource_id() == replica::SOURCE.text(wanted)).then_some(SURE)
}

/// First what was made for the address, then what has the name, then what is the stack's and no address has, and last what lost
/// both its name and its tags, and has the security group or the subnet group that was made for it.
fn likeliest_first(
    all: &[Live],
    owner: &Owner,
    wanted: &Document,
    (use_of, unfit): (Use, Unfit),
) -> Result<Vec<Found>, CloudError> {
    let mut ranked = Vec::new();
    for live in all {
        let names = live.db_instance_identifier().zip(IDENTIFIER.text(wanted));
        let has_name = names.is_some_and(|(name, wanted)| name.eq_ignore_ascii_case(wanted));
        let found = found_of(live)?;
        let whose = owner.whose(&found.ownership, found.vpc.as_ref());
        let names_address = found.tagged_address().as_ref() == Some(&owner.address);
        let of_the_stack = match &whose {
            Whose::Ours | Whose::Moved { .. } | Whose::OtherState { .. } => true,
            beside => {
                names_address
                    && (owner.shares_its_network_with(beside) || owner.shares_its_cluster_with(beside))
            }
        };
        // A database and a read replica are both instances.
        let of_another_kind =
            found.tagged_address().is_some_and(|address| address.kind() != owner.address.kind());
        let of_the_stack = of_the_stack && !of_another_kind;
        let is_bare = whose == Whose::Untagged;
        // Its tags may have been copied: what it uses tells more.
        let is_sure = use_of(all, live, owner, wanted) == Some(SURE);
        let is_told = of_the_stack && is_sure;
        // Without the name and the tags, what is of another kind is no candidate.
        let unfit = unfit(live);
        if unfit.is_some() && !has_name && !(of_the_stack && names_address) {
            continue;
        }
        let told = is_told.then(|| Told::ByUse(owner.address.clone()));
        let found = Found { told, unfit: unfit.map(str::to_owned), ..found };
        let (rank, trace) = match (has_name, of_the_stack && names_address, of_the_stack) {
            (true, true, _) => (0, Trace::Name),
            (false, true, _) => (1, Trace::Tags),
            (true, false, _) => (2, Trace::Name),
            (false, false, true) => (3, Trace::Tags),
            // One with the tags of another stack that uses what was made for the address: this stack may have been called so.
            // A security group alone may be one of others, which both name.
            (false, false, false)
                if is_sure && in_subnet_group(live, wanted) && whose.is_of_another_stack() =>
            {
                (SURE, Trace::Use)
            }
            (false, false, false) => match use_of(all, live, owner, wanted).filter(|_| is_bare) {
                Some(rank) => (rank, Trace::Use),
                None => continue,
            },
        };
        let is_free = !owner.others.contains(&found.id) && !is_leaving(live);
        if has_name || is_free {
            ranked.push((rank, live.instance_create_time, found.traced(trace)));
        }
    }
    ranked.sort_by_key(|(rank, made, _)| (*rank, *made));
    Ok(ranked.into_iter().map(|(_, _, found)| found).collect())
}

/// True for one in the group that was made for the address: those that the author adds may be shared with others.
fn in_security_group(live: &Live, owner: &Owner, wanted: &Document) -> bool {
    let wanted = SECURITY_GROUPS.of(wanted).unwrap_or_default();
    let is_the_stacks = |group: &str| owner.named_with.values().any(|id| id.as_str() == group);
    let mut groups = live.vpc_security_groups().iter().filter_map(|group| group.vpc_security_group_id());
    groups.any(|group| is_the_stacks(group) && wanted.iter().any(|wanted| wanted == group))
}

fn in_subnet_group(live: &Live, wanted: &Document) -> bool {
    let group = live.db_subnet_group().and_then(|group| group.db_subnet_group_name());
    group.zip(SUBNET_GROUP.text(wanted)).is_some_and(|(group, wanted)| group.eq_ignore_ascii_case(wanted))
}

fn is_leaving(live: &Live) -> bool {
    Condition::of(STATUSES, live.db_instance_status().unwrap_or_default()).is_leaving()
}
