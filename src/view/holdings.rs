//! The account of data that goes, in words.

use crate::engine::plan::{Action, Change};
use crate::engine::resource::Holdings;

const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];

/// `loses 50 GiB`, `last snapshot: gitlab-pgsql-final-1a2b3c4d`, and what becomes of the backups.
pub(super) fn holdings_lines(change: &Change) -> Vec<String> {
    let Some(Holdings { size_bytes, final_snapshot, notes }) = &change.data else { return Vec::new() };
    if matches!(change.action, Action::Update | Action::Watch | Action::NoOp) {
        return Vec::new();
    }
    let snapshot = match (final_snapshot, size_bytes) {
        (Some(name), _) => Some(format!("last snapshot: {name}")),
        (None, Some(_)) => Some("no last snapshot".to_owned()),
        // Its deletion is under way, and was asked for elsewhere.
        (None, None) => None,
    };
    let size = size_bytes.map(|bytes| format!("{} are lost", size(bytes)));
    size.into_iter().chain(snapshot).chain(notes.iter().cloned()).collect()
}

/// `50 GiB`, `1.5 MiB`: one decimal, where it says something.
fn size(bytes: u64) -> String {
    let steps = (0_u32..).take(UNITS.len()).filter(|step| bytes >> (10 * step) > 0).last().unwrap_or(0);
    let unit = UNITS[steps as usize];
    let one = 1_u64 << (10 * steps);
    let (whole, tenth) = (bytes / one, bytes % one * 10 / one);
    if tenth == 0 { format!("{whole} {unit}") } else { format!("{whole}.{tenth} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_short() {
        for (bytes, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (6144, "6 KiB"),
            (1_572_864, "1.5 MiB"),
            (50 << 30, "50 GiB"),
            (64 << 40, "64 TiB"),
            (2 << 50, "2048 TiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
