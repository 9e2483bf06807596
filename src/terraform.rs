//! States of Terraform: the objects of one, those of them that can be adopted, the blocks by which Terraform lets go of them, and the
//! configuration by which it takes them back.
//!
//! Pure: bytes in, data and text out. A state holds passwords in plain text; no type of this wing has a place for one.

mod export;
mod format;
mod format3;
mod loose;
mod matching;
mod names;
mod object;
mod reason;
mod reference;
mod removed;
mod unreadable;

pub use export::{
    Configuration, Exported, FILES as EXPORTED_FILES, Spoken, Warning, Whole, configuration, is_exported,
    spoken,
};
pub use format::read;
pub use matching::{Adoptable, LeftOut, Part, Sorted, adoptable, sort};
pub use object::{Provider, State};
pub use reason::Reason;
pub use reference::Reference;
pub use removed::{Removal, is_removal, removal};
pub use unreadable::Unreadable;

#[cfg(test)]
mod tests;
