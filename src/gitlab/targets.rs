//! The list of all targets, in the order in which they are rendered and shown.

mod flux;
pub mod gitlab;
mod gitlab_rb;
mod helm_values;
mod kubernetes;
mod pair_user_data;
mod pipeline;
mod runner_config;
mod runner_values;

use super::description::Description;
use super::secrets::Recipe;
use super::target::Target;
use super::yaml;

pub use kubernetes::outputs_name;

/// One line for each target.
pub const TARGETS: &[&Target] = &[
    &kubernetes::TARGET,
    &gitlab::TARGET,
    &helm_values::TARGET,
    &gitlab_rb::TARGET,
    &gitlab_rb::CONFIG,
    &runner_values::TARGET,
    &runner_config::TARGET,
    &pair_user_data::TARGET,
    &flux::TARGET,
    &pipeline::TARGET,
];

/// The commands that make the Secrets which rendered files name, beside those of passwords that AWS manages.
pub fn recipes(description: &Description<'_>) -> Vec<Recipe> {
    [
        gitlab::recipes(description),
        helm_values::recipes(description),
        runner_values::recipes(description),
        flux::recipes(description),
    ]
    .concat()
}

/// A ConfigMap with every output that has a value.
pub fn config_map(description: &Description<'_>) -> String {
    yaml::document(&kubernetes::outputs(description))
}

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
