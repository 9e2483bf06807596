//! Tags of machines, volumes and addresses, and the search for these by their tags: none of them has a name.

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};

use super::creation_token::{is_of_another_stack, made_for};
use super::tags::{self, TagChange, Tags, to_ec2};
use crate::aws::{Aws, aws_error, ec2};
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::cloud::CloudError;
use crate::engine::resource::{Found, Id, Owner, Ownership, Trace, Whose, tag};

/// The call that sets tags of objects that are the stack's.
pub(super) const fn tag(ours: &'static [Grant]) -> Call {
    Call::new("ec2:CreateTags", ours)
}

/// The call that takes tags off objects that are the stack's.
pub(super) const fn untag(ours: &'static [Grant]) -> Call {
    Call::new("ec2:DeleteTags", ours)
}

/// The permission to tag what a call makes, with the tags of that call alone.
pub(super) const fn check(grant: Grant) -> Check {
    Check::new(
        "ec2:CreateTags",
        grant,
        "Amazon EC2 User Guide, Grant permission to tag resources during creation",
    )
}

/// The conditions of that permission.
pub(super) const WHEN_MAKING_A_MACHINE: &[When] =
    &[When::Tagging, When::Is("ec2:CreateAction", "RunInstances")];
pub(super) const WHEN_MAKING_A_VOLUME: &[When] =
    &[When::Tagging, When::Is("ec2:CreateAction", "CreateVolume")];
pub(super) const WHEN_MAKING_A_SNAPSHOT: &[When] =
    &[When::Tagging, When::Is("ec2:CreateAction", "CreateSnapshot")];
pub(super) const WHEN_MAKING_AN_ADDRESS: &[When] =
    &[When::Tagging, When::Is("ec2:CreateAction", "AllocateAddress")];

/// Changes tags of one object.
pub(super) async fn retag(
    aws: &Aws,
    id: &str,
    change: &TagChange,
    (tag, untag): (Call, Call),
) -> Result<(), CloudError> {
    if !change.set.is_empty() {
        let call = aws.write.ec2.create_tags().resources(id).set_tags(Some(to_ec2(&change.set)));
        call.send().await.map_err(aws_error(tag))?;
    }
    if !change.remove.is_empty() {
        // A key without a value takes the tag off, even if its value has changed.
        let keys = change.remove.iter().map(|key| Tag::builder().key(key).build()).collect();
        let call = aws.write.ec2.delete_tags().resources(id).set_tags(Some(keys));
        call.send().await.map_err(aws_error(untag))?;
    }
    Ok(())
}

/// The tags of a new object as a part of its create call.
pub(super) fn specification(of: ResourceType, all: &Tags) -> TagSpecification {
    TagSpecification::builder().resource_type(of).set_tags(Some(to_ec2(all))).build()
}

/// A filter for what carries the tags of the owner's stack, under each name that it had.
pub(super) fn of_the_stack(owner: &Owner) -> Filter {
    let names = std::iter::once(&owner.stack).chain(&owner.formerly).cloned();
    ec2::filter(&format!("tag:{}", tag::STACK), names)
}

/// A filter for what carries ownership tags.
pub(super) fn of_any_stack() -> Filter {
    ec2::filter("tag-key", [tag::STACK])
}

/// An object that may be the one that is looked for.
pub(super) struct Candidate {
    pub(super) id: String,
    pub(super) tags: Tags,
    /// The token of its create call, where AWS shows it.
    pub(super) token: Option<String>,
    pub(super) vpc: Option<String>,
    pub(super) made: Option<aws_smithy_types::DateTime>,
}

impl Candidate {
    /// The object as one that was found, with what tells it apart.
    pub(super) fn found(&self) -> Found {
        let made = self.made.and_then(|made| jiff::Timestamp::from_second(made.secs()).ok());
        Found::new(Id::new(&self.id), Ownership::of_tags(&self.tags))
            .standing_in(self.vpc.as_deref())
            .labelled(self.tags.get("Name").map(String::as_str), made)
    }
}

/// Those of the stack's objects that no address has: first the one that was made for the owner.
///
/// If AWS shows no token, the tags of the create call are all that tells: they count as proof for as long as one object alone has
/// them.
pub(super) fn search(owner: &Owner, all: Vec<Candidate>) -> Vec<Found> {
    let free: Vec<&Candidate> = all.iter().filter(|one| !owner.others.contains(&Id::new(&one.id))).collect();
    let is_made_here = |one: &&&Candidate| owner.whose(&Ownership::of_tags(&one.tags), None) == Whose::Ours;
    let alone = free.iter().filter(is_made_here).count() == 1;
    let mut made = Vec::new();
    let mut others = Vec::new();
    for one in free {
        let found = one.found();
        let whose = owner.whose(&found.ownership, found.vpc.as_ref());
        match &one.token {
            Some(token) => {
                if let Some(proven) = made_for(owner, token, &one.tags) {
                    let found = Found { generation: proven.generation, ..found };
                    made.push(Found { ownership: proven.ownership, ..found }.traced(Trace::Token));
                    continue;
                }
            }
            None if whose == Whose::Ours && alone => {
                made.push(found.traced(Trace::Token));
                continue;
            }
            None => {}
        }
        if matches!(whose, Whose::Ours | Whose::Moved { .. } | Whose::OtherState { .. })
            && !is_of_another_stack(owner, &found.ownership)
        {
            others.push(found.traced(Trace::Tags));
        }
    }
    let at = owner.address.to_string();
    // Those that are tagged with the owner's address come before those of other addresses.
    others.sort_by_key(|one| one.tagged_address().is_none_or(|tagged| tagged.to_string() != at));
    made.into_iter().chain(others).collect()
}

/// All tags of a new object: the author's and the ownership tags.
pub(super) fn all_of(wanted: &crate::engine::document::Document, owner: &Owner) -> Tags {
    tags::with_ownership(&tags::of(wanted), owner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::address::Address;

    fn owner(name: &str) -> Owner {
        Owner {
            stack: "shop".to_owned(),
            address: Address::new("aws_eip", name),
            formerly: Default::default(),
            lineage: "a".to_owned(),
            cluster: None,
            vpc: None,
            generation: 0,
            others: Default::default(),
            named_with: Default::default(),
        }
    }

    fn tagged(id: &str, owner: &Owner) -> Candidate {
        Candidate { id: id.to_owned(), tags: owner.tags(), token: None, vpc: None, made: None }
    }

    #[test]
    fn the_tags_of_a_create_call_prove_what_it_made_as_long_as_one_object_alone_has_them() {
        let here = owner("here");
        let lost = Owner { lineage: "lost".to_owned(), ..here.clone() };
        let other = Owner { stack: "other".to_owned(), lineage: "b".to_owned(), ..here.clone() };
        let found = |all: Vec<Candidate>| -> Vec<(String, Trace)> {
            search(&here, all).into_iter().map(|one| (one.id.to_string(), one.trace)).collect()
        };
        let one = |id: &str, trace| (id.to_owned(), trace);
        assert_eq!(found(vec![tagged("a", &here)]), [one("a", Trace::Token)]);
        assert_eq!(
            found(vec![tagged("a", &here), tagged("b", &here)]),
            [one("a", Trace::Tags), one("b", Trace::Tags)]
        );
        assert_eq!(
            found(vec![tagged("m", &owner("there")), tagged("l", &lost)]),
            [one("l", Trace::Tags), one("m", Trace::Tags)]
        );
        assert_eq!(found(vec![tagged("o", &other)]), []);
        let taken = Owner { others: [Id::new("a")].into(), ..here.clone() };
        assert!(search(&taken, vec![tagged("a", &here)]).is_empty());
    }
}
