//! The list of all sections of the stack file, in the order in which they are read and shown.

mod databases;
mod file_systems;

use super::section::Section;

/// One line for each section.
pub const SECTIONS: &[&Section] = &[&file_systems::SECTION, &databases::SECTION];
