//! The declaration that an object was made for, as its token and its tags tell.

use super::token;
use crate::aws::kinds::tags::Tags;
use crate::engine::address::Address;
use crate::engine::resource::{Owner, Ownership, Whose};

/// The number of replacements of one object that are looked for when its state is lost.
const MOST_REPLACEMENTS: u32 = 1_000;

/// Which replacement of the owner's object a token is of, if it is the owner's.
fn generation_of(live: &str, owner: &Owner) -> Option<u32> {
    let mut all = 0..=MOST_REPLACEMENTS;
    all.find(|generation| token(&Owner { generation: *generation, ..owner.clone() }) == live)
}

/// The address of this stack that a readable token names, and which replacement there it is of. A token outlives the tags, and a move
/// to another address.
fn read(live: &str, owner: &Owner) -> Option<(Address, Option<u32>)> {
    let own = owner.address.to_string();
    let mut stacks = std::iter::once(&owner.stack).chain(&owner.formerly);
    let rest = stacks.find_map(|stack| live.strip_prefix(&format!("provision/{stack}/")))?;
    let parts: Vec<&str> = rest.split('/').collect();
    let (address, counts) = parts.split_at_checked(own.split('/').count())?;
    let is_count = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole = matches!(counts.len(), 1 | 2) && counts.iter().all(is_count);
    let address: Address = address.join("/").parse().ok().filter(|_| is_whole)?;
    let generation = counts.first().and_then(|count| count.parse().ok());
    (address.kind() == owner.address.kind()).then_some((address, generation))
}

/// True for an object from which all tags of `provision` are gone. One that keeps some was let go of by hand.
pub(crate) fn is_bare(tags: &Tags) -> bool {
    Ownership::of_tags(tags) == Ownership::Untagged && !tags.keys().any(|key| key.starts_with("provision:"))
}

/// The address that an object was made for, as its token says. It proves nothing: the object may have been moved to another
/// address, stack or cluster since. None for one that was replaced.
pub(crate) fn told_by_token(owner: &Owner, live: &str) -> Option<Address> {
    let (address, generation) = match generation_of(live, owner) {
        Some(generation) => (owner.address.clone(), Some(generation)),
        None => read(live, owner)?,
    };
    let was_replaced = address == owner.address && generation.is_none_or(|made| made < owner.generation);
    (!was_replaced).then_some(address)
}

/// The address that an object was made for, as its token says, where its tags name another one of this stack: it was moved, or its
/// tags were copied from another object.
pub(crate) fn contradicted_by_token(owner: &Owner, live: &str, ownership: &Ownership) -> Option<Address> {
    let Ownership::Tagged { address: tagged, .. } = ownership else { return None };
    let is_of_the_stack =
        matches!(owner.whose(ownership, None), Whose::Ours | Whose::Moved { .. } | Whose::OtherState { .. });
    told_by_token(owner, live)
        .filter(|told| is_of_the_stack && !tagged.is_empty() && told.to_string() != *tagged)
}

/// True for the ownership of another stack, or of one beside another cluster: by an object's tags alone, it was given away.
pub(crate) fn is_of_another_stack(owner: &Owner, ownership: &Ownership) -> bool {
    matches!(owner.whose(ownership, None), Whose::OtherStack { .. } | Whose::Elsewhere { .. })
}

/// True for an object without tags that `provision` made, with a token that cannot be read, and not for this address.
pub(crate) fn has_a_strange_token(owner: &Owner, live: &str, tags: &Tags) -> bool {
    let is_readable = generation_of(live, owner).is_some() || read(live, owner).is_some();
    is_bare(tags) && live.starts_with("provision/") && !is_readable
}

/// An object that was made for the owner, now or by a state that is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    pub(crate) ownership: Ownership,
    pub(crate) generation: Option<u32>,
}

/// Tells if an object with this token and these tags was made for the owner, and is not one that was replaced.
pub(crate) fn made_for(owner: &Owner, live_token: &str, tags: &Tags) -> Option<Made> {
    let ownership = Ownership::of_tags(tags);
    let generation = generation_of(live_token, owner);
    if generation.is_some_and(|generation| generation < owner.generation) {
        return None;
    }
    let ownership = match owner.whose(&ownership, None) {
        Whose::Ours => ownership,
        Whose::OtherState { address, .. } if address == owner.address.to_string() => ownership,
        Whose::Moved { address, .. } | Whose::OtherState { address, .. }
            if address.is_empty() && generation.is_some() =>
        {
            by_token(owner)
        }
        _ => return None,
    };
    Some(Made { ownership, generation })
}

fn by_token(owner: &Owner) -> Ownership {
    Ownership::Tagged {
        stack: owner.stack.clone(),
        address: owner.address.to_string(),
        lineage: None,
        cluster: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::owner;
    use super::super::{MOST_TOKENS, nth_token};
    use super::*;
    use crate::engine::resource::tag;

    #[test]
    fn a_token_says_which_replacement_it_is_of() {
        let asking = owner("gitlab", "gitlab-nfs", "a", 1);
        for generation in [0, 1, 7] {
            let live = token(&owner("gitlab", "gitlab-nfs", "b", generation));
            assert_eq!(generation_of(&live, &asking), Some(generation));
        }
        assert_eq!(generation_of(&token(&owner("gitlab", "other", "a", 1)), &asking), None);
        let tokens: std::collections::BTreeSet<String> =
            (0..MOST_TOKENS).map(|n| nth_token(&asking, n)).collect();
        assert_eq!(tokens.len(), MOST_TOKENS as usize);
    }

    #[test]
    fn a_token_names_the_address_that_its_object_was_made_for() {
        let files = owner("shop", "files", "a", 0);
        let points =
            Owner { address: "aws_efs_access_point.files/git".parse().expect("one"), ..files.clone() };
        for (owner, live, expected) in [
            (&files, "provision/shop/aws_efs_file_system.docs/0", Some("aws_efs_file_system.docs")),
            (&files, "provision/shop/aws_efs_file_system.docs/3/1", Some("aws_efs_file_system.docs")),
            (&points, "provision/shop/aws_efs_access_point.files/7/0", Some("aws_efs_access_point.files/7")),
            (&points, "provision/shop/aws_efs_file_system.docs/0", None),
            (&files, "provision/other/aws_efs_file_system.docs/0", None),
            (&files, "provision/shop/aws_efs_file_system.docs", None),
            (&files, "provision/shop/aws_efs_file_system.docs/x", None),
            (&files, "provision/0123456789abcdef", None),
            (&files, "by-hand", None),
        ] {
            let found = read(live, owner).map(|(address, _)| address.to_string());
            assert_eq!(found.as_deref(), expected, "{live}");
        }
        let renamed = Owner { formerly: ["old".to_owned()].into(), ..files.clone() };
        assert!(read("provision/old/aws_efs_file_system.docs/0", &renamed).is_some());
    }

    #[test]
    fn what_kept_some_of_its_tags_was_let_go_of_by_hand() {
        let files = owner("shop", "files", "a", 0);
        let docs = token(&owner("shop", "docs", "a", 0));
        let name = ("Name".to_owned(), "x".to_owned());
        let address = (tag::ADDRESS.to_owned(), "aws_efs_file_system.docs".to_owned());
        let of_docs = Some(Address::new("aws_efs_file_system", "docs"));
        assert!(is_bare(&[name.clone()].into()));
        assert!(!is_bare(&[name, address].into()));
        assert_eq!(told_by_token(&files, &docs), of_docs);
        assert_eq!(told_by_token(&files, "by-hand"), None);
        let own = Some(files.address.clone());
        assert_eq!(told_by_token(&files, &token(&files)), own);
        // One that took another token, since the first one was used.
        assert_eq!(told_by_token(&files, &nth_token(&files, 3)), own);
        let replaced = Owner { generation: 1, ..files.clone() };
        assert_eq!(told_by_token(&replaced, &token(&files)), None);
    }

    #[test]
    fn a_token_contradicts_the_tags_of_another_address_of_the_stack() {
        let files = owner("shop", "files", "a", 0);
        let tagged = |stack: &str, name: &str, lineage: &str| Ownership::Tagged {
            stack: stack.to_owned(),
            address: Address::new("aws_efs_file_system", name).to_string(),
            lineage: Some(lineage.to_owned()),
            cluster: None,
        };
        let own = Some(files.address.clone());
        for (ownership, told) in [
            (tagged("shop", "docs", "a"), own.clone()),
            (tagged("shop", "docs", "lost"), own),
            (tagged("shop", "files", "a"), None),
            (tagged("other", "docs", "b"), None),
            (Ownership::Untagged, None),
        ] {
            assert_eq!(contradicted_by_token(&files, &token(&files), &ownership), told, "{ownership:?}");
        }
        let of_docs = contradicted_by_token(
            &files,
            &token(&owner("shop", "docs", "a", 0)),
            &tagged("shop", "files", "a"),
        );
        assert_eq!(of_docs, Some(Address::new("aws_efs_file_system", "docs")));
    }

    #[test]
    fn a_token_alone_proves_nothing_and_tells_the_address_where_the_tags_name_none() {
        let asking = owner("gitlab", "nfs", "a", 1);
        let at = asking.address.to_string();
        let tags = |stack: &str, address: &str, lineage: &str| -> Tags {
            let tags = [(tag::STACK, stack), (tag::ADDRESS, address), (tag::LINEAGE, lineage)];
            tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
        };
        let token_of = |generation| token(&owner("gitlab", "nfs", "b", generation));
        for (token, tags, expected) in [
            (token_of(1), tags("gitlab", &at, "a"), Some(Some(1))),
            // Made under another name, and moved here since.
            ("theirs".to_owned(), tags("gitlab", &at, "a"), Some(None)),
            // By a state that is lost.
            (token_of(2), tags("gitlab", &at, "lost"), Some(Some(2))),
            // Nothing that a create of ours makes is without tags.
            (token_of(1), Tags::new(), None),
            ("theirs".to_owned(), Tags::new(), None),
            (token_of(1), [(tag::STACK.to_owned(), "gitlab".to_owned())].into(), Some(Some(1))),
            // Replaced, and not this one.
            (token_of(0), tags("gitlab", &at, "a"), None),
            // Moved away: the token is all that it has of this address.
            (token_of(1), tags("gitlab", "aws_efs_file_system.docs", "a"), None),
            (token_of(1), tags("shop", &at, "b"), None),
        ] {
            let made = made_for(&asking, &token, &tags);
            assert_eq!(made.map(|made| made.generation), expected, "{token} {tags:?}");
        }
    }
}
