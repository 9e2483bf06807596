//! The journal's bytes: the edits made since the snapshot, one frame a line, each chained to the one before.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::format::Damage;
use super::upgrade::upgrade_edit;
use super::{Edit, State};

/// The journal's first frame: which snapshot it goes on from.
#[derive(Debug, Serialize, Deserialize)]
struct Base {
    lineage: String,
    serial: u64,
    /// The version of the state's format that the edits are written in.
    #[serde(default = "first_format")]
    version: u32,
}

/// The version of every journal before journals had versions.
fn first_format() -> u32 {
    1
}

/// Makes the lines of a journal, in order.
#[derive(Debug)]
pub(super) struct Frames {
    chain: String,
}

impl Frames {
    /// Starts a journal that goes on from the state of this lineage and serial; the bytes are its first line.
    pub(super) fn start(lineage: &str, serial: u64) -> (Self, Vec<u8>) {
        let mut frames = Self { chain: String::new() };
        let base = Base { lineage: lineage.to_owned(), serial, version: State::VERSION };
        let line = frames.line(&serde_json::to_string(&base).expect("a base has string keys only"));
        (frames, line)
    }

    /// The line of one edit.
    pub(super) fn frame(&mut self, edit: &Edit) -> Vec<u8> {
        self.line(&serde_json::to_string(edit).expect("an edit has string keys only"))
    }

    fn line(&mut self, payload: &str) -> Vec<u8> {
        self.chain = link(&self.chain, payload);
        format!("{} {payload}\n", self.chain).into_bytes()
    }
}

/// Sixteen hexadecimal digits over the whole chain up to this payload.
fn link(previous: &str, payload: &str) -> String {
    hex::encode(&Sha256::digest(format!("{previous}{payload}"))[..8])
}

/// The snapshot with the journal's edits carried out.
///
/// A last line without its end is a write that never returned, so nothing was done because of it: it is left out.
///
/// # Errors
/// [`Damage`] when a whole line is damaged, or the journal goes on from another snapshot.
pub(super) fn replay(mut state: State, journal: &[u8]) -> Result<State, Damage> {
    let Some((base, edits)) = read(journal)? else { return Ok(state) };
    let after = base.serial + edits.len() as u64;
    if base.lineage != state.lineage || (base.serial != state.serial && after > state.serial) {
        return Err(Damage::OtherJournal { base: base.serial, serial: state.serial });
    }
    // The run ended between writing the snapshot and removing the journal.
    if base.serial != state.serial {
        return Ok(state);
    }
    edits.into_iter().for_each(|edit| state.apply(edit));
    Ok(state)
}

fn read(journal: &[u8]) -> Result<Option<(Base, Vec<Edit>)>, Damage> {
    let mut chain = String::new();
    let mut base = None;
    let mut edits = Vec::new();
    // The rest behind the last line break is a write that was cut short.
    let whole = journal.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    // A block of a disk that reads as zeros may have held more than the write that was cut.
    if journal[whole..].contains(&0) {
        let lines = journal.iter().filter(|byte| **byte == b'\n').count();
        return Err(Damage::Frame { line: lines + 1 });
    }
    for (index, line) in journal[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
        let damaged = |_| Damage::Frame { line: index + 1 };
        // A line whose hash is right is whole: it is not known to this program.
        let newer = |_| Damage::NewerLine { line: index + 1 };
        let payload = payload(line, &chain).ok_or(()).map_err(damaged)?;
        chain = link(&chain, payload);
        if base.is_none() {
            let first: Base = serde_json::from_str(payload).map_err(newer)?;
            if first.version > State::VERSION {
                return Err(Damage::Newer { found: first.version.into(), known: State::VERSION });
            }
            base = Some(first);
        } else {
            let edit = serde_json::from_str(payload).map_err(newer)?;
            edits.push(serde_json::from_value(upgrade_edit(edit)).map_err(newer)?);
        }
    }
    Ok(base.map(|base| (base, edits)))
}

fn payload<'a>(line: &'a [u8], chain: &str) -> Option<&'a str> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (hash, payload) = line.split_once(' ')?;
    (hash == link(chain, payload)).then_some(payload)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{sample, sample_edits};
    use super::*;

    fn journal() -> Vec<u8> {
        let (mut frames, mut bytes) = Frames::start(&sample().lineage, sample().serial);
        for edit in sample_edits() {
            bytes.extend(frames.frame(&edit));
        }
        bytes
    }

    fn after(edits: usize) -> State {
        let mut state = sample();
        sample_edits().into_iter().take(edits).for_each(|edit| state.apply(edit));
        state
    }

    #[test]
    fn a_journal_cut_anywhere_loses_only_the_line_that_was_cut() {
        let whole = journal();
        for length in 0..=whole.len() {
            let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count();
            let state = replay(sample(), &whole[..length]).expect("a cut is no damage");
            assert_eq!(state, after(lines.saturating_sub(1)), "cut at {length}");
        }
    }

    #[test]
    fn a_flipped_bit_is_damage_unless_it_unmakes_the_last_line_break() {
        let whole = journal();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << bit;
                let read = replay(sample(), &flipped);
                if at + 1 == whole.len() {
                    assert_eq!(read.expect("a cut line"), after(sample_edits().len() - 1));
                } else {
                    assert!(read.is_err(), "bit {bit} of byte {at}");
                }
            }
        }
    }

    #[test]
    fn a_journal_with_a_block_of_zeros_is_damage() {
        let whole = journal();
        for from in (0..whole.len()).step_by(64) {
            let mut zeroed = whole.clone();
            zeroed[from..whole.len().min(from + 512)].fill(0);
            assert!(replay(sample(), &zeroed).is_err(), "zeros from byte {from}");
        }
        for zeros in [1, 512] {
            let longer = [whole.clone(), vec![0; zeros]].concat();
            assert!(replay(sample(), &longer).is_err(), "{zeros} zeros at the end");
        }
    }

    #[test]
    fn a_line_that_is_there_twice_or_at_another_place_is_damage() {
        let whole = journal();
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        let read = |lines: &[&[u8]]| replay(sample(), &lines.concat());
        assert_eq!(read(&lines).expect("the journal as it was written"), after(lines.len() - 1));
        for one in 0..lines.len() {
            for at in 0..=lines.len() {
                let mut twice = lines.clone();
                twice.insert(at, lines[one]);
                assert!(read(&twice).is_err(), "line {one} once more at {at}");
            }
            for other in one + 1..lines.len() {
                let mut swapped = lines.clone();
                swapped.swap(one, other);
                assert!(read(&swapped).is_err(), "lines {one} and {other}");
            }
            // Without the last line it is the journal of a moment ago.
            let mut without = lines.clone();
            without.remove(one);
            assert_eq!(read(&without).is_ok(), one + 1 == lines.len(), "without line {one}");
        }
        for mark in [&b"\xef\xbb\xbf"[..], b"\n", b" "] {
            assert!(replay(sample(), &[mark, &whole].concat()).is_err(), "{mark:?} before the first line");
        }
    }

    #[test]
    fn damage_is_said_to_be_in_the_line_that_it_is_in() {
        let whole = journal();
        let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        let line = |journal: &[u8]| match replay(sample(), journal) {
            Err(Damage::Frame { line }) => line,
            other => panic!("no damaged line: {other:?}"),
        };
        for at in 0..lines.len() {
            let mut damaged = lines.clone();
            damaged[at] = b"0 {}\n";
            assert_eq!(line(&damaged.concat()), at + 1);
        }
        assert_eq!(line(&[&whole[..], &[0]].concat()), lines.len() + 1, "what stands behind the last line");
    }

    #[test]
    fn a_journal_that_the_snapshot_already_holds_is_not_replayed() {
        let edits = sample_edits().len();
        assert_eq!(replay(after(edits), &journal()).expect("an old journal"), after(edits));
    }

    #[test]
    fn a_journal_of_another_state_is_damage() {
        let mut other = sample();
        other.lineage = "another".to_owned();
        assert!(matches!(replay(other, &journal()), Err(Damage::OtherJournal { .. })));
        let mut older = sample();
        older.serial -= 1;
        assert!(matches!(replay(older, &journal()), Err(Damage::OtherJournal { .. })));
    }
}
