//! The parts of a file system, mount targets and access points: how EFS is asked for those that are tracked.

use std::collections::BTreeSet;

use crate::aws::resource::Tracked;

/// The scope by which EFS lists parts. It has no list of all mount targets, and its list of all access points holds those of
/// others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PartsOf<'a> {
    /// The file system with this id.
    FileSystem(&'a str),
    /// The part with this id.
    Itself(&'a str),
}

/// The questions that show all tracked parts: one for each file system, and one for each part of which only the id is
/// known.
pub(crate) fn questions<'a, Part>(
    tracked: &'a [Tracked<Part>],
    file_system: impl Fn(&'a Part) -> &'a str,
) -> BTreeSet<PartsOf<'a>> {
    let question = |one: &'a Tracked<Part>| match &one.recorded {
        Some(recorded) => PartsOf::FileSystem(file_system(recorded)),
        None => PartsOf::Itself(one.id.as_str()),
    };
    tracked.iter().map(question).collect()
}

/// The file system and the mount target that a network interface is of, as EFS describes it: `EFS mount target for fs-… (fsmt-…)`.
pub(crate) fn mount_target_of(description: Option<&str>) -> Option<(&str, &str)> {
    let (file_system, target) = description?.strip_prefix("EFS mount target for ")?.split_once(" (")?;
    Some((file_system, target.strip_suffix(')')?))
}
