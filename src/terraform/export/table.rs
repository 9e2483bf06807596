//! The table of a kind: what Terraform calls each of its fields, or why it gets none.

use super::hcl::Body;
use super::{Exported, Writer};

/// A kind, as Terraform has it.
pub(super) struct Table {
    pub kind: &'static str,
    pub resource: &'static str,
    /// The id by which Terraform imports it.
    pub id: fn(&Exported) -> String,
    /// Every field of the kind but the tags, once, with what comes of it: lists of them, since kinds may share one.
    pub rows: &'static [&'static [Row]],
    /// The rest: arguments made from several fields, and what are resources of their own there.
    pub more: fn(&mut Writer, &Exported, &str, &mut Body),
}

/// A field with its result.
pub(super) type Row = (&'static str, Said);

impl Table {
    /// All rows, in their order.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'static Row> {
        self.rows.iter().flat_map(|rows| rows.iter())
    }
}

/// The result of a field.
#[derive(Clone, Copy)]
pub(super) enum Said {
    /// The argument of this name, with the value as it is.
    As(&'static str),
    /// The argument of this name, which refers to an object of this kind, or to several.
    Of(&'static str, &'static str),
    /// The argument or resource of this name, which `more` writes.
    InCode(&'static str),
    /// Nothing, and nothing is lost by that.
    Not(&'static str),
    /// Nothing, and a warning where the object has it.
    Never(&'static str),
}

/// The id that AWS has for it.
pub(super) fn own_id(object: &Exported) -> String {
    object.id.to_string()
}

/// For a kind that has no more than its rows say.
pub(super) fn nothing_more(_: &mut Writer, _: &Exported, _: &str, _: &mut Body) {}
