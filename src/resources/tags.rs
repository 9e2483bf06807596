//! Tags: what AWS takes, and which of an object's tags its author chose.
//! Knows nothing of kinds.

use std::collections::{BTreeMap, BTreeSet};

use crate::resource::{Invalid, Owner};

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// The author's tags together with those that say whose the object is.
pub fn with_owner(tags: &Tags, owner: &Owner) -> Tags {
    let mut all = tags.clone();
    all.extend(owner.tags());
    all
}

/// The tags that an author can have chosen: neither AWS's own nor our ownership tags.
pub fn chosen(mut tags: Tags) -> Tags {
    tags.retain(|key, _| !key.starts_with("aws:") && !key.starts_with("provision:"));
    tags
}

/// What has to be done to tags.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    pub put: Tags,
    pub removed: BTreeSet<String>,
}

/// What makes `desired` of `observed`; both without ownership tags, which are therefore never removed.
pub fn difference(observed: &Tags, desired: &Tags) -> Difference {
    Difference {
        put: desired
            .iter()
            .filter(|(key, value)| observed.get(*key) != Some(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        removed: observed.keys().filter(|key| !desired.contains_key(*key)).cloned().collect(),
    }
}

/// What AWS would refuse of tags.
pub fn check_tags(_tags: &Tags) -> Vec<Invalid> {
    Vec::new()
}
