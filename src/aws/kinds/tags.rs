//! Tags, as every kind checks, compares and sends them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::aws::kind::Kind;
use crate::aws::row::{Key, Scope, Shown, TypedRow, map_of};
use crate::engine::call::Call;
use crate::engine::cloud::{ChangeDocument, CloudError};
use crate::engine::document::Document;
use crate::engine::resource::{Effect, Invalid, OnChange, Owner, Ownership, Pattern, Shape, Whose, tag};

/// Keys and values. A kind's input of this name holds the author's tags alone, never the ownership tags.
pub type Tags = BTreeMap<String, String>;

/// The most tags that an object may have (the same for EC2, EFS and RDS).
const MOST: usize = 50;
/// The number of them that are ours.
const OWNERSHIP: usize = tag::OWNERSHIP.len();

/// The name of the field.
pub const FIELD: &str = "tags";

/// The row of the author's tags, which these calls change; [`check`] judges them.
pub const fn row<K: Kind>(
    calls: &'static [Call],
    observe: fn(&Shown<'_, K>) -> Option<Tags>,
) -> TypedRow<K, Tags> {
    let field = Key::new(FIELD).field(map_of(KEY, &Shape::Text(VALUE)));
    field.made_from("tags").sent_by_code(OnChange::InPlace(Effect::None), calls).observe(observe)
}

const KEY: Pattern = Pattern::any("the key of a tag");
const VALUE: Pattern = Pattern::any("the value of a tag");

/// The author's tags in a document; none where it has none.
pub fn of(document: &Document) -> Tags {
    document.get(FIELD).and_then(|tags| Tags::deserialize(tags).ok()).unwrap_or_default()
}

/// Finds what AWS, or kops, would take amiss in an author's tags.
pub fn check(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    check_tags(&of(wanted))
}

/// Lengths and characters are those that EFS and RDS share (`TagKey`, `TagValue` in their API models).
fn check_tags(tags: &Tags) -> Vec<Invalid> {
    let invalid = |message: String| Invalid::new(FIELD, message);
    let mut found = Vec::new();
    if tags.len() > MOST - OWNERSHIP {
        found.push(invalid(format!(
            "may be at most {}, not {} ({MOST} with the ownership tags)",
            MOST - OWNERSHIP,
            tags.len()
        )));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            found.push(invalid(format!("must have keys of 1 to 128 characters, unlike `{key}`")));
        }
        if value.chars().count() > 256 {
            found
                .push(invalid(format!("must have values of at most 256 characters, unlike that of `{key}`")));
        }
        if let Some(odd) = key.chars().chain(value.chars()).find(|c| !is_allowed(*c)) {
            found.push(invalid(format!("may not have `{}` in `{key}`", odd.escape_default())));
        }
        if let Some(whose) = reserved_for(key) {
            found.push(invalid(format!("may not set `{key}`, which is reserved for {whose}")));
        }
    }
    found
}

fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || "_.:/=+-@".contains(c) || (c.is_whitespace() && !c.is_control())
}

/// For whom a key is reserved. With the cluster's own tags an object would go down with `kops delete cluster`
/// (kops, pkg/resources/aws/tags.go).
fn reserved_for(key: &str) -> Option<&'static str> {
    let starts_with = |prefix: &str| key.get(..prefix.len()).is_some_and(|p| p.eq_ignore_ascii_case(prefix));
    if starts_with("aws:") {
        Some("AWS")
    } else if starts_with("provision:") {
        Some("the ownership tags")
    } else if key == "KubernetesCluster" || key.starts_with("kubernetes.io/cluster/") {
        Some("what the cluster owns: kops would delete the object with the cluster")
    } else {
        None
    }
}

/// All tags of a new object: the author's and the ownership tags.
pub fn with_ownership(tags: &Tags, owner: &Owner) -> Tags {
    tags.clone().into_iter().chain(owner.tags()).collect()
}

/// The live tags of an object that is shown: ours of one that is recorded, and else all but those of AWS itself.
pub fn shown<K: Kind>(object: &Shown<'_, K>, live: &Tags) -> Tags {
    match object.scope {
        Scope::Recorded => ours(live, &of(object.recorded)),
        Scope::Whole => {
            let theirs = live.iter().filter(|(key, _)| !key.starts_with("aws:"));
            theirs.map(|(key, value)| (key.clone(), value.clone())).collect()
        }
    }
}

/// The live tags seen as inputs: those whose keys were written before. Tags of others are none of our business.
pub fn ours(live: &Tags, recorded: &Tags) -> Tags {
    let ours = live.iter().filter(|(key, _)| recorded.contains_key(*key));
    ours.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The tags that make an object the owner's: the ownership tags, and nothing else.
pub fn claim(owner: &Owner) -> TagChange {
    TagChange { set: owner.tags(), remove: Vec::new() }
}

/// Refuses an object that belongs to another state or stack, or to the cluster. One without tags is for the plan to
/// refuse.
///
/// # Errors
/// `NotOurs`, with both sides named.
pub fn refuse_others(
    operation: Call,
    what: &str,
    ownership: &Ownership,
    owner: &Owner,
) -> Result<(), CloudError> {
    let whose = owner.whose(ownership, None);
    if whose.is_of_this_state() || whose == Whose::Untagged {
        return Ok(());
    }
    let owner = owner.belonging(&whose);
    Err(CloudError::refused(operation, "NotOurs", format!("{what} belongs to {owner}: it is left alone")))
}

/// The live tags of an object that is changed or deleted, where they say that it is the owner's.
///
/// # Errors
/// `NotOurs`, also where it carries no ownership tags.
pub fn prove_ours(operation: Call, what: &str, live: Tags, owner: &Owner) -> Result<Tags, CloudError> {
    let ownership = Ownership::of_tags(&live);
    refuse_others(operation, what, &ownership, owner)?;
    match ownership {
        Ownership::Tagged { .. } => Ok(live),
        _ => {
            let message = format!("{what} carries no ownership tags: it is left alone");
            Err(CloudError::refused(operation, "NotOurs", message))
        }
    }
}

/// The calls that a change of tags needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TagChange {
    /// To be set; setting replaces the value of a key.
    pub set: Tags,
    /// Keys to be taken off.
    pub remove: Vec<String>,
}

/// The change of the author's tags that is asked for, where one is.
pub fn asked_for(wanted: &Document, change: &ChangeDocument<'_>) -> Option<TagChange> {
    change.fields.contains(FIELD).then(|| tag_change(&of(change.observed), &of(wanted)))
}

/// The steps from the observed tags to the desired ones. Never touches the ownership tags.
pub fn tag_change(observed: &Tags, desired: &Tags) -> TagChange {
    let set = desired.iter().filter(|(key, value)| observed.get(*key) != Some(*value));
    let remove = observed.keys().filter(|key| !desired.contains_key(*key) && !is_ownership(key));
    TagChange {
        set: set.map(|(key, value)| (key.clone(), value.clone())).collect(),
        remove: remove.cloned().collect(),
    }
}

fn is_ownership(key: &str) -> bool {
    tag::OWNERSHIP.contains(&key)
}

/// Tags in the shape of EC2.
pub fn to_ec2(tags: &Tags) -> Vec<aws_sdk_ec2::types::Tag> {
    use aws_sdk_ec2::types::Tag;
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags in the shape of EFS.
pub fn to_efs(tags: &Tags) -> Vec<aws_sdk_efs::types::Tag> {
    use aws_sdk_efs::types::Tag;
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().expect("key and value are set");
    tags.iter().map(tag).collect()
}

/// Tags in the shape of RDS.
pub fn to_rds(tags: &Tags) -> Vec<aws_sdk_rds::types::Tag> {
    use aws_sdk_rds::types::Tag;
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags in the shape of ElastiCache.
pub fn to_elasticache(tags: &Tags) -> Vec<aws_sdk_elasticache::types::Tag> {
    use aws_sdk_elasticache::types::Tag;
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags in the shape of IAM.
pub fn to_iam(tags: &Tags) -> Vec<aws_sdk_iam::types::Tag> {
    use aws_sdk_iam::types::Tag;
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().expect("key and value are set");
    tags.iter().map(tag).collect()
}

/// Tags in the shape of Secrets Manager.
pub fn to_secrets(tags: &Tags) -> Vec<aws_sdk_secretsmanager::types::Tag> {
    use aws_sdk_secretsmanager::types::Tag;
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn tags_that_aws_or_kops_would_take_amiss_are_refused() {
        for (key, value, word) in [
            ("", "x", "1 to 128"),
            ("aws:name", "x", "reserved for AWS"),
            ("AWS:name", "x", "reserved for AWS"),
            ("provision:stack", "x", "reserved for the ownership tags"),
            ("KubernetesCluster", "x", "kops would delete"),
            ("kubernetes.io/cluster/k8s.myzone.net", "owned", "kops would delete"),
            ("team", "a<b", "`<`"),
            ("team", "a\nb", "`\\n`"),
        ] {
            let found = check_tags(&tags(&[(key, value)]));
            assert!(found.len() == 1 && found[0].message.contains(word), "{key:?}={value:?}: {found:?}");
        }
        let long = check_tags(&[("k".repeat(129), "v".repeat(257))].into());
        assert_eq!(long.len(), 2, "{long:?}");
        assert_eq!(check_tags(&tags(&[("Name", "Gruppe für Läufer"), ("cost-center", "a/b=c+d@e")])), []);
    }

    #[test]
    fn the_ownership_tags_count_towards_the_limit() {
        let many = |count: usize| (0..count).map(|n| (format!("key-{n}"), String::new())).collect::<Tags>();
        assert_eq!(check_tags(&many(46)), []);
        assert_eq!(check_tags(&many(47)).len(), 1);
    }

    #[test]
    fn only_tags_that_were_written_are_compared_and_taken_off() {
        let live = tags(&[("Name", "old"), ("team", "a"), ("cost", "theirs"), (tag::STACK, "gitlab")]);
        let observed = ours(&live, &tags(&[("Name", "old"), ("team", "a")]));
        assert_eq!(observed, tags(&[("Name", "old"), ("team", "a")]));
        let change = tag_change(&observed, &tags(&[("Name", "new"), ("env", "prod")]));
        assert_eq!(change.set, tags(&[("Name", "new"), ("env", "prod")]));
        assert_eq!(change.remove, ["team"]);
    }

    #[test]
    fn ownership_tags_are_never_taken_off() {
        let change = tag_change(&tags(&[(tag::STACK, "gitlab"), (tag::LINEAGE, "x")]), &Tags::new());
        assert_eq!(change, TagChange::default());
    }
}
