//! The list of all targets, in the order in which they are rendered and shown.

pub mod gitlab;
mod kubernetes;

use super::target::Target;

/// One line for each target.
pub const TARGETS: &[&Target] = &[&kubernetes::TARGET, &gitlab::TARGET];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::parts;

    #[test]
    fn the_stack_file_knows_the_targets_that_there_are() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        assert_eq!(names, parts::TARGETS);
        assert!(TARGETS.iter().all(|target| target.doc.ends_with('.')));
    }
}
