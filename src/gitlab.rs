//! From storage to a running GitLab: the files that Kubernetes, GitLab and their tools read, rendered from the outputs of a state and from
//! the stack file, and from nothing else. May use `stack` and `engine`; AWS is never asked.
//!
//! **A target is one file below `targets/` and one line in its list** ([`targets::TARGETS`]), with its name in `render.targets` of the stack
//! file (`stack/parts/render.rs`; a test holds that both lists agree). The file has a constant of the type [`Target`]: its name, the file
//! that it is written to, its members (none where the stack file does not describe it; one for each runner) and the function that renders
//! one. That function gets the [`Description`]: the parts of the stack file, typed and with defaults, and the outputs.
//!
//! - It asks for outputs by [`Description::output`] alone. One that has no value yet is a placeholder in the text, and the description
//!   knows that it was asked for: such a text is compared in a plan, and never printed or written.
//! - It returns typed objects or documents as text by [`yaml`], and never puts text into a template.
//! - What is unsound is a warning in its [`Rendering`], what is to be done with the file a note, and the Secrets that the file names and does not make
//!   are in its list: each has a recipe (`secrets.rs`), and a note that says so. What cannot be rendered at all is [`Refused`], with what to
//!   write instead; what the description lacks for it is in [`Members::None`].
//! - A new option is a row in `stack/parts/gitlab.rs` or `kubernetes.rs`, and a field of the same name in `description/parts.rs`.

mod coming;
mod comparison;
pub mod description;
pub mod external;
pub mod gate;
pub mod objects;
pub mod runner;
pub mod secrets;
mod target;
pub mod targets;
pub mod versions;
pub mod yaml;

pub use coming::coming;
pub use comparison::{Differing, ENDS_OF_LINES, Side, differences, differing};
pub use description::Description;
pub use target::{
    File, Members, Refused, Rendered, Rendering, Target, chosen, clashes, files, is_rendered, lacking, left,
    render, together, undescribed,
};
pub use targets::config_map;

#[cfg(test)]
pub mod tests;
