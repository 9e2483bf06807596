//! The token by which a create call of EFS or EC2 that is repeated, even after the state is lost, meets what it made.

mod origin;

use sha2::{Digest, Sha256};

use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, Outcome};
use crate::engine::resource::{Id, Owner};

pub(crate) use origin::{
    Made, contradicted_by_token, has_a_strange_token, is_bare, is_of_another_stack, made_for, told_by_token,
};

/// The longest token that EFS and EC2 take.
const LONGEST: usize = 64;

/// The number of tokens that are tried, where the first ones were used for objects that are not the owner's any more.
pub(crate) const MOST_TOKENS: u32 = 20;

/// The first token of an object that is made for this owner.
pub(crate) fn token(owner: &Owner) -> String {
    nth_token(owner, 0)
}

/// The token for the attempt with this number. A token stays with its object: after a move of that to another address,
/// or beside another cluster, the next object made here needs another one.
pub(crate) fn nth_token(owner: &Owner, attempt: u32) -> String {
    let mut plain = format!("provision/{}/{}/{}", owner.stack, owner.address, owner.generation);
    if attempt > 0 {
        plain.push_str(&format!("/{attempt}"));
    }
    if plain.len() <= LONGEST {
        return plain;
    }
    let digest: String = Sha256::digest(&plain).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("provision/{digest}").chars().take(LONGEST).collect()
}

/// The code of EC2 where a token was used with other parameters: of an object that was made here before, and is gone by now. The one that is
/// there has been looked for by its tags ("Ensuring idempotency in Amazon EC2 API requests", EC2 Developer Guide).
const USED: &str = "IdempotentParameterMismatch";

/// Makes an object of EC2 by the first token that was not used for one that is gone: the call answers with the id of what the token made, and
/// whether that is over.
///
/// # Errors
/// Any other error of the call, and that none of the tokens is free.
pub(crate) async fn make_of_ec2<C>(
    owner: &Owner,
    operation: Call,
    create: impl Fn(String) -> C,
) -> Result<Id, CloudError>
where
    C: Future<Output = Result<(Id, bool), CloudError>>,
{
    for attempt in 0..MOST_TOKENS {
        match create(nth_token(owner, attempt)).await {
            Err(error) if error.code == USED => {}
            Err(error) => return Err(error),
            Ok((id, is_over)) if !is_over && !owner.others.contains(&id) => return Ok(id),
            Ok(_) => {}
        }
    }
    Err(CloudError::bad_response(operation, "each of its tokens was used for an object that is gone"))
}

/// Makes an object of EFS by the first token that was not used for one of others.
///
/// # Errors
/// The error of the create call; `Exists` where the token was used for the owner's own object.
pub(crate) async fn make_of_efs<C, U>(
    owner: &Owner,
    create: impl Fn(String) -> C,
    is_of_another: impl Fn(String) -> U,
) -> Result<Id, CloudError>
where
    C: Future<Output = Result<Id, CloudError>>,
    U: Future<Output = Result<bool, CloudError>>,
{
    let mut attempt = 0;
    loop {
        let token = nth_token(owner, attempt);
        attempt += 1;
        match create(token.clone()).await {
            Err(error) if error.outcome == Outcome::Exists && attempt < MOST_TOKENS => {
                if !is_of_another(token).await? {
                    return Err(error);
                }
            }
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::address::Address;

    pub(super) fn owner(stack: &str, name: &str, lineage: &str, generation: u32) -> Owner {
        Owner {
            stack: stack.to_owned(),
            address: Address::new("aws_efs_file_system", name),
            formerly: Default::default(),
            lineage: lineage.to_owned(),
            cluster: None,
            vpc: None,
            generation,
            others: Default::default(),
            named_with: Default::default(),
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
}
