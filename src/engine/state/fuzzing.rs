//! The properties of snapshots and journals that the fuzz targets hold. Compiled for them and for the tests.

use serde_json::Value;

use super::format::{decode, encode, pretty, seal};
use super::journal::{Frames, replay};
use super::{Edit, State};

/// A snapshot that is accepted is written so that it reads back the same.
pub fn state(bytes: &[u8]) {
    read_twice(bytes);
    if let Ok(mut value) = serde_json::from_slice::<Value>(bytes) {
        // One that was copied from a bucket has another one around it.
        if let Some(state) = value.get_mut("state") {
            *state = sealed(state.take());
        }
        read_twice(&pretty(&sealed(value)));
    }
}

/// The value with the right checksum put in.
fn sealed(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.remove("checksum");
    }
    seal(value, State::VERSION)
}

fn read_twice(bytes: &[u8]) {
    if let Ok(state) = decode(bytes) {
        reads_back(&state);
        assert!(!bytes.iter().all(u8::is_ascii_whitespace), "nothing is no state");
    }
}

fn reads_back(state: &State) {
    match decode(&encode(state)) {
        Ok(again) => assert_eq!(again, *state),
        Err(damage) => panic!("{damage:?}: {state:#?}"),
    }
}

/// A journal makes of a state what its first edits make of it, however it was cut or damaged.
pub fn journal(bytes: &[u8]) {
    let base = State::new("gitlab", "lineage".to_owned(), "123456789012", "eu-west-1");
    if let Ok(state) = replay(base.clone(), bytes) {
        let breaks = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!((state.serial, &state.lineage), (breaks.saturating_sub(1), &base.lineage));
        reads_back(&state);
    }
    let Some((place, lines)) = bytes.split_first_chunk::<2>() else { return };
    let edits: Vec<Edit> =
        lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let (mut frames, mut whole) = Frames::start(&base.lineage, base.serial);
    edits.iter().for_each(|edit| whole.extend(frames.frame(edit)));
    let after = |edits: &[Edit]| {
        let mut state = base.clone();
        edits.iter().for_each(|edit| state.apply(edit.clone()));
        state
    };
    let replayed = replay(base.clone(), &whole).expect("a whole journal can be read");
    assert_eq!(replayed, after(&edits));
    reads_back(&replayed);
    let at = usize::from(u16::from_le_bytes(*place)) % whole.len();
    let lines = whole[..at].iter().filter(|byte| **byte == b'\n').count();
    let cut = replay(base.clone(), &whole[..at]).expect("a cut is no damage");
    assert_eq!(cut, after(&edits[..lines.saturating_sub(1)]));
    let is_last = at + 1 == whole.len();
    whole[at] ^= 1 << (place[0] % 8);
    match replay(base.clone(), &whole) {
        Ok(state) => assert!(is_last && state == after(&edits[..edits.len().saturating_sub(1)])),
        Err(_) => assert!(!is_last),
    }
}
