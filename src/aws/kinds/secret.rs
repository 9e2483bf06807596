//! Secrets of Secrets Manager that hold a generated password: `{"password": …}`.
//!
//! The password comes from Secrets Manager (GetRandomPassword) and goes straight back into it: it is in memory between two calls, and has no
//! place in a document. Nothing here reads it again.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_secretsmanager::operation::create_secret::builders::CreateSecretInputBuilder as Create;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput as Live;
use aws_sdk_secretsmanager::types::Tag;
use futures_util::future::try_join_all;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::aws::kind::{Check, Kind, Seen, id_in_answer};
use crate::aws::kinds::db_instance::password::{in_the_open, masked};
use crate::aws::kinds::tags::{self, TagChange, Tags};
use crate::aws::row::{self, Key, Row, text};
use crate::aws::{Aws, Service, absent_is_done, absent_is_none, aws_error, tag_map};
use crate::engine::call::{Call, Check as Checked, Grant};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::{
    Condition, Effect, Found, Id, Named, Owner, Ownership, Patience, Pattern, Trace,
};
use crate::stack::password::Secret;

/// Secrets Manager adds a hyphen and six characters to the name ("ARN", CreateSecret).
const THIS: &[&str] = &["secretsmanager:secret:{name}-*"];
const OURS: &[Grant] = &[Grant::owned(THIS)];

const CREATE: Call =
    Call::new("secretsmanager:CreateSecret", &[Grant::tagging(THIS)]).checked(&[Checked::new(
        "secretsmanager:TagResource",
        Grant::tagging(THIS),
        "CreateSecret, Tags, AWS Secrets Manager API reference: required permissions",
    )]);
const GENERATE: Call = Call::read("secretsmanager:GetRandomPassword");
const DESCRIBE: Call = Call::read("secretsmanager:DescribeSecret");
const LIST: Call = Call::read("secretsmanager:ListSecrets");
const DELETE: Call = Call::new("secretsmanager:DeleteSecret", OURS);
/// One that is scheduled for deletion is taken back, and gets a new password.
const RESTORE: Call = Call::new("secretsmanager:RestoreSecret", OURS);
const PUT: Call = Call::new("secretsmanager:PutSecretValue", OURS);
const TAG: Call = Call::new("secretsmanager:TagResource", OURS);
const UNTAG: Call = Call::new("secretsmanager:UntagResource", OURS);

/// CreateSecret, Name: no hyphen with six characters at the end, which reads like what Secrets Manager adds.
const NAME_RULE: Pattern = Pattern::new(
    "a secret's name: letters, digits and `/_+=.@-`, at most 512, without a hyphen and six characters at the end",
    "^[A-Za-z0-9/_+=.@-]+$",
    512,
)
.but_not("^.*-[A-Za-z0-9]{6}$");
const DESCRIPTION_RULE: Pattern = Pattern::new("a text that is not empty", "(?s)^.+$", 2_048);

/// An AUTH token has 16 to 128 characters (CreateReplicationGroup, AuthToken). Letters and digits are taken by everything that a password
/// passes through.
const LENGTH: i64 = 64;
/// The key of the password in the secret's JSON.
const KEY: &str = "password";

type Field<T> = Key<SecretsManagerSecret, T>;
const NAME: Field<String> = Key::new("name");

/// Secrets of Secrets Manager.
pub struct SecretsManagerSecret;

impl Kind for SecretsManagerSecret {
    const KIND: &'static str = "aws_secretsmanager_secret";
    const CALLS: &'static [Call] = &[DESCRIBE, LIST, GENERATE, CREATE, RESTORE, PUT, DELETE];
    // Each change has a call of its own.
    const MODIFY: &'static [Call] = &[];
    type Create = Create;
    type Modify = ();
    type Live = Live;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        &NAME
            .field(text(NAME_RULE).required())
            .follows()
            .create(Create::set_name)
            .fixed()
            .observe(|live| live.name.clone())
            .chosen_once(),
        &Field::new("description")
            .field(text(DESCRIPTION_RULE).required())
            .follows()
            .create(Create::set_description)
            .fixed()
            .observe(|live| Some(live.description.clone().unwrap_or_default()))
            .chosen_once(),
        &tags::row::<Self>(&[TAG, UNTAG], |live| Some(tags::shown(live, &of_sdk_tags(live.tags())))),
    ];
    const CHECKS: &'static [Check] = &[tags::check];
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    // Its readers are refused from then on. It can be restored for 30 days.
    const LOSS: Effect = Effect::AccessLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        // What was just made or changed may be shown as it was for two minutes.
        create: Duration::from_secs(3 * 60),
        update: Duration::from_secs(3 * 60),
        delete: Duration::from_secs(3 * 60),
    };
    const CLAIM: &'static [Call] = &[TAG];

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
        let found = try_join_all(tracked.iter().map(|one| described(aws, one.id.as_str()))).await?;
        let found =
            tracked.iter().zip(found).filter_map(|(one, live)| Some((one.id.clone(), staying(live)?)));
        Ok(found.collect())
    }

    fn seen(live: &Live, _: Option<&Document>) -> Seen {
        Seen {
            outputs: row::outputs([
                ("arn", live.arn.clone().unwrap_or_default()),
                ("name", live.name.clone().unwrap_or_default()),
            ]),
            // Every call on a secret is done when it is answered.
            condition: Condition::Ready,
            remarks: Vec::new(),
            ownership: ownership(live),
            vpc: None,
        }
    }

    async fn find(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        let Some(name) = NAME.text(wanted) else { return Ok(Vec::new()) };
        match staying(described(aws, name).await?) {
            Some(live) => Ok(vec![found_of(&live)?]),
            None => tagged(aws, owner).await,
        }
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        let secret = generated(aws).await?;
        let tags = tags::with_ownership(&tags::of(wanted), owner);
        let call = row::create_call::<Self>(wanted)
            .set_tags(Some(tags::to_secrets(&tags)))
            .client_request_token(token(owner, ""))
            .secret_string(content(&secret));
        let made = call.send_with(&aws.write.secrets).await.map_err(aws_error(CREATE));
        match made.map_err(|error| masked(error, Some(&secret))) {
            Ok(made) => id_in_answer(CREATE, made.arn),
            // The one code for a name that a scheduled deletion still holds, and for other states.
            Err(error) if error.code == "InvalidRequestException" => {
                let name = NAME.text(wanted).unwrap_or_default();
                match described(aws, name).await?.filter(|live| live.deleted_date.is_some()) {
                    Some(live) => taken_back(aws, &live, &secret, &tags, owner).await,
                    None => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        match tags::asked_for(wanted, &change) {
            Some(tags) => retag(aws, change.id.as_str(), &tags).await,
            None => Ok(()),
        }
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        let id = deletion.id.as_str();
        let Some(live) = staying(described(aws, id).await?) else { return Ok(()) };
        tags::refuse_others(DELETE, id, &ownership(&live), deletion.owner)?;
        // Without a number the window is 30 days, the longest (DeleteSecret, RecoveryWindowInDays).
        let delete = aws.write.secrets.delete_secret().secret_id(id);
        match absent_is_done(delete.send().await.map(drop).map_err(aws_error(DELETE))) {
            // A call that arrived twice is refused the second time: "currently marked deleted".
            Err(error) if error.code == "InvalidRequestException" => match staying(described(aws, id).await?)
            {
                Some(_) => Err(error),
                None => Ok(()),
            },
            answer => answer,
        }
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        retag(aws, id.as_str(), &tags::claim(owner)).await
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        let pages = aws.read.secrets.list_secrets().into_paginator().send();
        let pages: Vec<_> = pages.try_collect().await.map_err(aws_error(LIST))?;
        let all = pages.into_iter().flat_map(|page| page.secret_list.unwrap_or_default());
        let found = all.filter_map(|one| {
            let ownership = Ownership::of_tags(&of_sdk_tags(one.tags()));
            let found = Found::new(Id::new(one.arn?), ownership).traced(Trace::Tags);
            Some(found.labelled(one.name.as_deref(), None).called(one.name.as_deref()))
        });
        Ok(found.collect())
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let live = staying(described(aws, text).await?);
        live.map(|live| found_of(&live).map(Named::from)).transpose()
    }
}

/// A secret by its name or ARN, also one that is scheduled for deletion.
async fn described(aws: &Aws, id: &str) -> Result<Option<Live>, CloudError> {
    absent_is_none(aws.read.secrets.describe_secret().secret_id(id).send().await.map_err(aws_error(DESCRIBE)))
}

/// The secret, unless it is scheduled for deletion: Secrets Manager describes it all the same.
fn staying(live: Option<Live>) -> Option<Live> {
    live.filter(|live| live.deleted_date.is_none())
}

fn of_sdk_tags(tags: &[Tag]) -> Tags {
    tag_map(tags, Tag::key, Tag::value)
}

fn ownership(live: &Live) -> Ownership {
    Ownership::of_tags(&of_sdk_tags(live.tags()))
}

fn found_of(live: &Live) -> Result<Found, CloudError> {
    let id = id_in_answer(DESCRIBE, live.arn.clone())?;
    Ok(Found::new(id, ownership(live)).labelled(live.name(), None).called(live.name()))
}

/// The secrets of the owner's stack, whatever their names: an entry that was renamed keeps its secret. Those of the address itself come
/// first.
async fn tagged(aws: &Aws, owner: &Owner) -> Result<Vec<Found>, CloudError> {
    let mut found = SecretsManagerSecret::list(aws).await?;
    found.retain(|one| match &one.ownership {
        Ownership::Tagged { stack, .. } => *stack == owner.stack || owner.formerly.contains(stack),
        _ => false,
    });
    found.retain(|one| !owner.others.contains(&one.id));
    found.sort_by_key(|one| one.tagged_address().as_ref() != Some(&owner.address));
    Ok(found)
}

/// A password that Secrets Manager made. It is asked for by the clients whose answers nothing remembers.
async fn generated(aws: &Aws) -> Result<Secret, CloudError> {
    if let Some(url) = aws.unencrypted_endpoint(Service::SecretsManager) {
        return Err(CloudError::refused(GENERATE, "Unencrypted", in_the_open(url)));
    }
    let ask = aws.write.secrets.get_random_password().password_length(LENGTH).exclude_punctuation(true);
    let answer = ask.send().await.map_err(aws_error(GENERATE))?;
    let password = answer.random_password.filter(|password| password.len() == LENGTH as usize);
    let missing =
        || CloudError::bad_response(GENERATE, "the answer holds no password of the length asked for");
    password.map(Secret::of_aws).ok_or_else(missing)
}

/// The content of the secret, for the one call that sends it.
fn content(secret: &Secret) -> String {
    json!({ KEY: secret.expose() }).to_string()
}

/// The password in the content of a secret.
pub(super) fn password_in(content: &str) -> Option<Secret> {
    let content: Document = serde_json::from_str(content).ok()?;
    content.get(KEY)?.as_str().map(|password| Secret::of_aws(password.to_owned()))
}

/// The token of a call for this owner: the SDK would make one by chance, and a repeated call another version (CreateSecret,
/// ClientRequestToken: 32 to 64 characters).
fn token(owner: &Owner, more: &str) -> String {
    let Owner { stack, lineage, address, generation, .. } = owner;
    hex::encode(Sha256::digest(format!("provision/{stack}/{lineage}/{address}/{generation}/{more}")))
}

/// Takes back a secret of the stack that an earlier deletion has only scheduled, with a new password: until the window ends, nobody can
/// have the name (DeleteSecret). A run that is cut off in between leaves a secret with a password all the same.
async fn taken_back(
    aws: &Aws,
    live: &Live,
    secret: &Secret,
    tags: &Tags,
    owner: &Owner,
) -> Result<Id, CloudError> {
    let id = id_in_answer(DESCRIBE, live.arn.clone())?;
    let its = of_sdk_tags(live.tags());
    let is_of_the_stack = match Ownership::of_tags(&its) {
        Ownership::Tagged { stack, .. } => stack == owner.stack || owner.formerly.contains(&stack),
        _ => false,
    };
    if !is_of_the_stack {
        let name = live.name().unwrap_or_default();
        let message = format!(
            "the secret {name} of others is scheduled for deletion, and holds the name until then; to end that at once: aws \
             secretsmanager delete-secret --secret-id {name} --force-delete-without-recovery"
        );
        return Err(CloudError::refused(CREATE, "NameTaken", message));
    }
    let restore = aws.write.secrets.restore_secret().secret_id(id.as_str());
    restore.send().await.map_err(aws_error(RESTORE))?;
    let was = live.deleted_date.map(|date| date.secs()).unwrap_or_default();
    let put = aws.write.secrets.put_secret_value().secret_id(id.as_str());
    let put = put.client_request_token(token(owner, &was.to_string())).secret_string(content(secret));
    let put = put.send().await.map_err(aws_error(PUT));
    put.map_err(|error| masked(error, Some(secret)))?;
    let remove = its.keys().filter(|key| !tags.contains_key(*key) && !key.starts_with("aws:")).cloned();
    retag(aws, id.as_str(), &TagChange { set: tags.clone(), remove: remove.collect() }).await?;
    Ok(id)
}

/// Puts and removes tags of a secret.
async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<(), CloudError> {
    if !change.set.is_empty() {
        let call = aws.write.secrets.tag_resource().secret_id(id);
        let call = call.set_tags(Some(tags::to_secrets(&change.set)));
        call.send().await.map_err(aws_error(TAG))?;
    }
    if !change.remove.is_empty() {
        let call = aws.write.secrets.untag_resource().secret_id(id);
        call.set_tag_keys(Some(change.remove.clone())).send().await.map_err(aws_error(UNTAG))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_read_from_its_key_and_from_nothing_else() {
        let secret = Secret::of_aws("a-canary".to_owned());
        let read = |content: &str| password_in(content).map(|secret| secret.expose().to_owned());
        assert_eq!(read(&content(&secret)).as_deref(), Some("a-canary"));
        assert_eq!((read("a-canary"), read("{}"), read(r#"{"password":1}"#)), (None, None, None));
    }
}
