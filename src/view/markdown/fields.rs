//! Fields as lines of a difference: what goes has a minus in front, what comes a plus, what changes an exclamation mark.

use crate::engine::plan::FieldChange;

use super::super::cost::field_cost;
use super::super::delta::{Delta, Entry, Mark, delta, fresh as delta_of_new};
use super::super::value::string;

/// One field before and after.
pub(super) fn changed(lines: &mut Vec<String>, indent: &str, field: &FieldChange) {
    let note = field_cost(field).map(|note| format!(" ({note})")).unwrap_or_default();
    lines.push(format!("! {indent}{}{note}", string(&field.path)));
    match delta(field) {
        Delta::Value { before, after } => {
            lines.push(format!("- {indent}  {before}"));
            lines.push(format!("+ {indent}  {after}"));
        }
        Delta::Entries { entries, unchanged } => {
            lines.extend(entries.iter().map(|entry| line(indent, entry)));
            if unchanged > 0 {
                lines.push(format!("  {indent}  ({unchanged} unchanged)"));
            }
        }
    }
}

/// One field of an object that is not there yet; nothing for a field without a value.
pub(super) fn fresh(lines: &mut Vec<String>, field: &FieldChange) {
    match delta_of_new(field) {
        None => {}
        Some(Delta::Value { after, .. }) => lines.push(format!("+ {}: {after}", string(&field.path))),
        Some(Delta::Entries { entries, .. }) => {
            lines.push(format!("+ {}:", string(&field.path)));
            lines.extend(entries.iter().map(|entry| line("", entry)));
        }
    }
}

fn line(indent: &str, entry: &Entry) -> String {
    let mark = match entry.mark {
        Mark::Changed => "!",
        mark => mark.symbol(),
    };
    format!("{mark} {indent}  {}", entry.pieces.join(" "))
}
