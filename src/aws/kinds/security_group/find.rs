//! The search for a security group: by its name, and by the ownership tags where no group of that name carries them.

use aws_sdk_ec2::types::SecurityGroup as Live;

use crate::aws::{Aws, ec2};
use crate::engine::cloud::CloudError;
use crate::engine::resource::{Found, Id, Owner, Ownership, Trace, Whose, tag};

/// The group of the name; after it those of the stack that no address has. Names of groups do not change, but those that are made
/// from the keys of a stack file do.
pub(super) async fn find(aws: &Aws, owner: &Owner, name: &str, vpc: &str) -> Result<Vec<Found>, CloudError> {
    let in_network = || ec2::filter("vpc-id", [vpc]);
    let by_name = vec![in_network(), ec2::patterns("group-name", [any_case(name)])];
    let found = ec2::security_groups(aws, by_name).await?;
    let same = found.iter().filter_map(|live| Some((live.group_name()?, found_of(live)?)));
    let same = same.filter(|(its, _)| its.eq_ignore_ascii_case(name));
    // Groups from before names were unique in any case may differ in it alone: the exact one comes first.
    let named = same.min_by_key(|(its, _)| *its != name).map(|(_, found)| found);
    if named.as_ref().is_some_and(|named| is_made_for(owner, named)) {
        return Ok(named.into_iter().collect());
    }
    let tag = format!("tag:{}", tag::STACK);
    let of_the_stack =
        ec2::security_groups(aws, vec![in_network(), ec2::filter(&tag, [&owner.stack])]).await?;
    let is_news = |one: &Found| named.as_ref().is_none_or(|named| named.id != one.id);
    let tagged = of_the_stack.iter().filter_map(found_of).filter(|one| {
        let whose = owner.whose(&one.ownership, one.vpc.as_ref());
        let is_of_the_stack = matches!(whose, Whose::Ours | Whose::Moved { .. } | Whose::OtherState { .. });
        is_of_the_stack && is_news(one) && !owner.others.contains(&one.id)
    });
    let tagged = tagged.map(|one| one.traced(Trace::Tags));
    let (meant, others): (Vec<Found>, Vec<Found>) = tagged.partition(|one| is_made_for(owner, one));
    Ok(meant.into_iter().chain(named).chain(others).collect())
}

/// All groups.
pub(super) async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
    Ok(ec2::security_groups(aws, Vec::new()).await?.iter().filter_map(found_of).collect())
}

/// True for a group of the stack that is tagged with the owner's address.
fn is_made_for(owner: &Owner, found: &Found) -> bool {
    let at = owner.address.to_string();
    match owner.whose(&found.ownership, found.vpc.as_ref()) {
        Whose::Ours => true,
        Whose::Moved { address, .. } | Whose::OtherState { address, .. } => address == at,
        _ => false,
    }
}

/// The owner of a group, by its tags and its name.
pub(super) fn ownership(live: &Live) -> Ownership {
    Ownership::of_named(&ec2::tags(live.tags()), live.group_name())
}

pub(super) fn found_of(live: &Live) -> Option<Found> {
    let found = Found::new(Id::new(live.group_id()?), ownership(live)).standing_in(live.vpc_id());
    Some(found.labelled(live.group_name(), None))
}

/// A filter value that lets a name through in any case of its letters: names are unique without regard to case, filters look at
/// it. `?` stands for any one character; so do characters that have a meaning in a filter.
fn any_case(name: &str) -> String {
    let plain = |c: char| c.is_ascii_digit() || " ._-/".contains(c);
    name.chars().map(|c| if plain(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_in_any_case() {
        assert_eq!(any_case("EFS_K8s-1.*"), "???_?8?-1.?");
    }
}
