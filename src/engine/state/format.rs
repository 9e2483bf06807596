//! The snapshot's bytes: JSON for people, with a checksum that no change of a byte survives.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::State;
use super::shared::Shared;
use super::upgrade::upgrade;

/// Why bytes are not a state. None of these is ever taken for "no resources".
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    #[error("the file is empty")]
    Empty,
    #[error("it is not JSON")]
    NotJson(#[source] serde_json::Error),
    #[error("its checksum is missing: it was edited by hand, or is the state of another program")]
    NoChecksum,
    #[error("its checksum does not agree with its content: it was cut, damaged or edited by hand")]
    Checksum,
    #[error("it was written by a newer version of provision (format {found}); this one reads up to {known}")]
    Newer { found: u64, known: u32 },
    /// The checksum is right, so that a program like this one wrote it.
    #[error("it was written by a newer version of provision, or by one with changes of its own")]
    Shape(#[source] serde_json::Error),
    #[error("line {line} of its journal was written by a newer version of provision")]
    NewerLine { line: usize },
    #[error("line {line} of the journal is damaged")]
    Frame { line: usize },
    #[error(
        "the journal belongs to another state: it starts from serial {base}, the snapshot is at {serial}"
    )]
    OtherJournal { base: u64, serial: u64 },
    #[error("it is older than the version kept beside it: its serial is {serial}, and there it is {kept}")]
    Older { serial: u64, kept: u64 },
    #[error("the snapshot is missing, though its {sibling} is there")]
    SnapshotMissing { sibling: &'static str },
}

/// The bytes of a snapshot.
pub fn encode(state: &State) -> Vec<u8> {
    pretty(&to_value(state))
}

/// A snapshot as a value, with its checksum.
pub fn to_value(state: &State) -> Value {
    seal(serde_json::to_value(state).expect("a state has string keys only"), state.version)
}

/// The value as bytes that people can read.
pub fn pretty(value: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("a JSON value can always be written");
    bytes.push(b'\n');
    bytes
}

/// Reads a snapshot.
///
/// # Errors
/// [`Damage`], for any fault: there is no way to get a state out of bytes that are not the whole of one.
pub fn decode(bytes: &[u8]) -> Result<State, Damage> {
    let value = parse(bytes)?;
    if value.get("write_id").is_none() {
        return decode_value(value);
    }
    // Copied from a bucket, with the lock around it.
    let mut shared = unseal(value, Shared::VERSION)?;
    shared.get_mut("state").map(Value::take).map_or(Err(Damage::Empty), decode_value)
}

/// Reads a snapshot out of a value.
///
/// # Errors
/// [`Damage`], as with [`decode`].
pub fn decode_value(value: Value) -> Result<State, Damage> {
    let content = unseal(value, State::VERSION)?;
    let from = content.get("version").and_then(Value::as_u64).unwrap_or_default();
    serde_json::from_value(upgrade(content, from)).map_err(Damage::Shape)
}

/// The JSON of a file that is not empty.
pub fn parse(bytes: &[u8]) -> Result<Value, Damage> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Damage::Empty);
    }
    serde_json::from_slice(bytes).map_err(Damage::NotJson)
}

/// Adds what every document of ours has: its version as a text, and a checksum of all the rest.
pub fn seal(mut value: Value, version: u32) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.insert("format_version".to_owned(), Value::String(format!("{version}.0")));
    }
    let checksum = checksum(&value);
    if let Value::Object(fields) = &mut value {
        fields.insert("checksum".to_owned(), Value::String(checksum));
    }
    value
}

/// Takes away what [`seal`] has added, once it was found right.
pub fn unseal(mut value: Value, known: u32) -> Result<Value, Damage> {
    let found = value.get("version").and_then(Value::as_u64);
    if let Some(found) = found.filter(|found| *found > u64::from(known)) {
        return Err(Damage::Newer { found, known });
    }
    let expected = match value.as_object_mut().and_then(|fields| fields.remove("checksum")) {
        Some(Value::String(expected)) => expected,
        _ => return Err(Damage::NoChecksum),
    };
    if checksum(&value) != expected {
        return Err(Damage::Checksum);
    }
    // The same as `version`, under the name that every document has it by.
    if let Some(fields) = value.as_object_mut() {
        fields.remove("format_version");
    }
    Ok(value)
}

/// Over the compact form, whose keys are sorted: white space and the order of keys do not count.
fn checksum(value: &Value) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(value.to_string())))
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn a_state_reads_back_as_it_was_written() {
        assert_eq!(decode(&encode(&sample())).expect("a whole state"), sample());
    }

    #[test]
    fn a_state_cut_anywhere_is_damage() {
        let whole = encode(&sample());
        let content = whole.trim_ascii_end().len();
        for length in 0..content {
            assert!(decode(&whole[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_flipped_bit_is_damage_or_changes_nothing() {
        let whole = encode(&sample());
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << bit;
                if let Ok(state) = decode(&flipped) {
                    assert_eq!(state, sample(), "bit {bit} of byte {at}");
                }
            }
        }
    }

    #[test]
    fn a_block_of_zeros_or_anything_before_or_behind_a_state_is_damage() {
        let whole = encode(&sample());
        for from in (0..whole.len() - 1).step_by(64) {
            let mut zeroed = whole.clone();
            zeroed[from..whole.len().min(from + 512)].fill(0);
            assert!(decode(&zeroed).is_err(), "zeros from byte {from}");
        }
        for other in [&[0; 1][..], &[0; 512], b"\xef\xbb\xbf", b"x", &whole] {
            assert!(decode(&[other, &whole].concat()).is_err(), "{} bytes before it", other.len());
            assert!(decode(&[&whole, other].concat()).is_err(), "{} bytes behind it", other.len());
        }
    }

    #[test]
    fn a_newer_format_is_named_and_refused() {
        let newer = br#"{"version": 99, "anything": true}"#;
        assert!(matches!(decode(newer), Err(Damage::Newer { found: 99, known: State::VERSION })));
    }
}
