//! `render`: the folder that rendered files are written in, and which ones.

use super::StackPart;
use crate::engine::resource::{Need, Pattern, Property, Shape};

/// The targets, by their names. Each is one file, but those of runners, which have one for each runner.
pub const TARGETS: &[&str] = &[
    "kubernetes",
    "gitlab",
    "helm-values",
    "gitlab-rb",
    "omnibus-config",
    "runner-values",
    "runner-config",
    "pair-user-data",
    "flux",
    "pipeline",
];

pub(super) const PART: StackPart = StackPart {
    key: "render",
    doc: "The files that are rendered from outputs: `provision apply` writes them after everything has settled.",
    shape: Shape::Object(&[
        Property {
            name: "out",
            doc: "The folder, counted from that of the stack file. It is made where it is not there.",
            shape: Shape::Text(FOLDER),
            need: Need::Required,
        },
        Property {
            name: "targets",
            doc: "The targets that are written; without it, all that the file describes.",
            shape: Shape::SetOf(&Shape::OneOf(TARGETS)),
            need: Need::Optional,
        },
    ]),
    names: &[],
    write_out: |_| {},
    check: |_, _| Vec::new(),
    place: None,
};

/// A folder below that of the stack file: what a file of others says is never written elsewhere.
const FOLDER: Pattern = Pattern::new(
    "a folder below that of the stack file, such as `deploy`: letters, digits, `.`, `_`, `-` and `/`, without `..`",
    "^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*/?$",
    255,
)
.but_not("(^|/)\\.\\.(/|$)");
