//! The one call that makes a cache.

use super::ReplicationGroup;
use super::calls::{CREATE, PASSWORD};
use super::keys::{AUTHENTICATION, FROM_SNAPSHOT, SECRET};
use crate::aws::kind::id_in_answer;
use crate::aws::kinds::db_instance::password::{in_the_open, masked};
use crate::aws::kinds::{secret, tags};
use crate::aws::{Aws, Service, aws_error, row};
use crate::engine::cloud::CloudError;
use crate::engine::document::Document;
use crate::engine::resource::{Id, Owner};
use crate::stack::password::Secret;

/// Makes the cache.
pub(super) async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
    let password = password(aws, wanted).await?;
    let tags = tags::with_ownership(&tags::of(wanted), owner);
    let call = row::create_call::<ReplicationGroup>(wanted)
        .set_tags(Some(tags::to_elasticache(&tags)))
        .set_snapshot_name(FROM_SNAPSHOT.of(wanted))
        .set_auth_token(password.as_ref().map(|password| password.expose().to_owned()));
    let made = call.send_with(&aws.write.elasticache).await.map_err(aws_error(CREATE));
    let made = made.map_err(|error| masked(error, password.as_ref()))?;
    id_in_answer(CREATE, made.replication_group.and_then(|group| group.replication_group_id))
}

/// The password of the cache, out of its secret. It is asked for by the clients whose answers nothing remembers.
async fn password(aws: &Aws, wanted: &Document) -> Result<Option<Secret>, CloudError> {
    if AUTHENTICATION.of(wanted) != Some(true) {
        return Ok(None);
    }
    let Some(secret) = SECRET.text(wanted) else { return Ok(None) };
    for service in [Service::SecretsManager, Service::ElastiCache] {
        if let Some(url) = aws.unencrypted_endpoint(service) {
            return Err(CloudError::refused(PASSWORD, "Unencrypted", in_the_open(url)));
        }
    }
    let answer = aws.write.secrets.get_secret_value().secret_id(secret).send().await;
    let content = answer.map_err(aws_error(PASSWORD))?.secret_string.unwrap_or_default();
    match secret::password_in(&content) {
        None => Err(unusable(secret, "is not JSON with a text under the key `password`")),
        Some(password) if !is_token(password.expose()) => {
            let because =
                "holds a password that ElastiCache does not take: 16 to 128 letters, digits and `!&#$^<>-`";
            Err(unusable(secret, because))
        }
        Some(password) => Ok(Some(password)),
    }
}

/// The rule of a password ("AuthToken", CreateReplicationGroup; "Authenticating with the AUTH command", ElastiCache user guide).
fn is_token(password: &str) -> bool {
    let is_taken = |c: char| c.is_ascii_alphanumeric() || "!&#$^<>-".contains(c);
    (16..=128).contains(&password.len()) && password.chars().all(is_taken)
}

fn unusable(secret: &str, because: &str) -> CloudError {
    let message = format!(
        "the secret {secret} {because}; to have a new one made, delete it: aws secretsmanager delete-secret --secret-id {secret} \
         --force-delete-without-recovery"
    );
    CloudError::refused(PASSWORD, "UnusablePassword", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_that_elasticache_takes() {
        for (password, is_taken) in [
            ("a".repeat(16), true),
            ("A1!&#$^<>-".repeat(12), true),
            ("a".repeat(15), false),
            ("a".repeat(129), false),
            (format!("{} ", "a".repeat(16)), false),
            (format!("{}@", "a".repeat(16)), false),
            (format!("{}é", "a".repeat(16)), false),
        ] {
            assert_eq!(is_token(&password), is_taken, "{password}");
        }
    }
}
