//! The token by which a create call of EFS that is repeated, even after the state is lost, meets what it made.
//! Knows nothing of what is made.

use sha2::{Digest, Sha256};

use crate::resource::Owner;

/// The longest token that EFS takes.
const LONGEST: usize = 64;

/// The token of whatever is made for this owner; no two objects have the same.
pub(crate) fn token(owner: &Owner) -> String {
    let plain = format!("provision/{}/{}/{}", owner.stack, owner.address, owner.generation);
    if plain.len() <= LONGEST {
        return plain;
    }
    let digest: String = Sha256::digest(&plain).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("provision/{digest}").chars().take(LONGEST).collect()
}

/// How many replacements of one object are looked for when its state is lost.
const MOST_REPLACEMENTS: u32 = 1_000;

/// Which replacement of the owner's object a token is of, if it is the owner's, and not of one before.
pub(crate) fn generation_of(live: &str, owner: &Owner) -> Option<u32> {
    let mut later = owner.generation..=MOST_REPLACEMENTS;
    later.find(|generation| token(&Owner { generation: *generation, ..owner.clone() }) == live)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    fn owner(stack: &str, name: &str, lineage: &str, generation: u32) -> Owner {
        Owner {
            stack: stack.to_owned(),
            address: Address::new("aws_efs_file_system", name),
            lineage: lineage.to_owned(),
            generation,
        }
    }

    #[test]
    fn the_token_says_whose_the_object_is_and_outlives_the_state() {
        let one = token(&owner("gitlab", "gitlab-nfs", "a", 0));
        assert_eq!(one, "provision/gitlab/aws_efs_file_system.gitlab-nfs/0");
        assert_eq!(one, token(&owner("gitlab", "gitlab-nfs", "b", 0)));
        for other in [
            owner("other", "gitlab-nfs", "a", 0),
            owner("gitlab", "other", "a", 0),
            owner("gitlab", "gitlab-nfs", "a", 1),
        ] {
            assert_ne!(one, token(&other));
        }
    }

    #[test]
    fn a_token_that_would_be_too_long_is_cut_without_losing_what_tells_it_apart() {
        let name = "a".repeat(60);
        let tokens = [0, 1].map(|generation| token(&owner("gitlab", &name, "a", generation)));
        assert!(tokens.iter().all(|token| token.len() == 64), "{tokens:?}");
        assert_ne!(tokens[0], tokens[1]);
    }

    #[test]
    fn a_token_says_which_replacement_it_is_of() {
        let asking = owner("gitlab", "gitlab-nfs", "a", 1);
        for (generation, found) in [(0, None), (1, Some(1)), (7, Some(7))] {
            let live = token(&owner("gitlab", "gitlab-nfs", "b", generation));
            assert_eq!(generation_of(&live, &asking), found);
        }
        assert_eq!(generation_of(&token(&owner("gitlab", "other", "a", 1)), &asking), None);
    }
}
