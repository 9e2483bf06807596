//! The lag of a pair's copy: the seconds of writing that are lost with the machine that serves.

use serde::{Deserialize, Serialize};

use crate::recovery::course::Refusal;

/// The lag as it was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lag {
    /// In seconds.
    Known(f64),
    /// The reason for which it is unknown, as a sentence that begins small.
    Unknown(String),
}

/// The longest text of a number of seconds.
const LONGEST: usize = 24;

impl Lag {
    /// The lag that a command has printed.
    pub fn printed(text: &str) -> Self {
        let text = text.trim();
        let number = text.parse::<f64>().ok().filter(|one| one.is_finite() && *one >= 0.0);
        match number.filter(|_| text.len() <= LONGEST && !text.contains(['e', 'E'])) {
            Some(seconds) => Self::Known(seconds),
            None if text.is_empty() => Self::Unknown("the command printed nothing".to_owned()),
            None => Self::Unknown("the command printed something else than a number of seconds".to_owned()),
        }
    }

    pub fn seconds(&self) -> Option<f64> {
        match self {
            Self::Known(seconds) => Some(*seconds),
            Self::Unknown(_) => None,
        }
    }
}

/// The circumstances in which a lag is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Circumstances<'a> {
    pub pair: &'a str,
    /// The machine whose copy it is.
    pub to: &'a str,
    pub from: &'a str,
    /// The largest lag that is taken without being named.
    pub most: Option<i64>,
    /// On the way back, the seconds since the other machine serves: what is older was copied the other way.
    pub since: Option<i64>,
    /// True on the way back.
    pub is_back: bool,
    /// True where the loss was named.
    pub is_accepted: bool,
}

/// Says what is lost, or refuses to lose it.
///
/// # Errors
/// The lag is unknown or too large, and that was not accepted.
pub fn judge(lag: &Lag, at: Circumstances<'_>) -> Result<String, Refusal> {
    let Circumstances { pair, to, from, most, since, is_back, is_accepted } = at;
    let (fact, is_fine) = match lag {
        Lag::Unknown(why) => (format!("how far the copy on {to} is behind is unknown: {why}"), false),
        Lag::Known(seconds) => {
            let lost = format!("the copy on {to} is {seconds} s behind");
            #[expect(clippy::cast_precision_loss, reason = "seconds")]
            match (most, since) {
                (_, Some(since)) if *seconds > since as f64 => (
                    format!("{lost}, and {from} has served for {since} s: copying was not turned round"),
                    false,
                ),
                (Some(most), _) if *seconds > most as f64 => {
                    (format!("{lost}, and `max_lag` is {most}"), false)
                }
                _ => (lost, true),
            }
        }
    };
    let loss = format!("{fact}; what was written on {from} since is lost to {to}");
    match is_fine || is_accepted {
        true => Ok(loss),
        false => {
            let back = if is_back { " --back" } else { "" };
            let again = format!(
                "to lose that: provision failover {pair}{back} --accept-unknown-lag; for how the pair is: provision status"
            );
            Err(Refusal::new(loss, Some(again)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_is_a_number_of_seconds_and_nothing_else() {
        for (text, seconds) in [("12\n", 12.0), (" 0 ", 0.0), ("3.5", 3.5)] {
            assert_eq!(Lag::printed(text), Lag::Known(seconds), "{text:?}");
        }
        for text in ["", "-1", "12 s", "NaN", "inf", "1e9", "12\n13", "999999999999999999999999999"] {
            assert!(matches!(Lag::printed(text), Lag::Unknown(_)), "{text:?}");
        }
    }

    #[test]
    fn an_unknown_or_too_large_lag_must_be_named() {
        let at = Circumstances {
            pair: "web",
            to: "b",
            from: "a",
            most: None,
            since: None,
            is_back: false,
            is_accepted: false,
        };
        let known = Lag::Known(30.0);
        let unknown = Lag::Unknown("it is offline".to_owned());
        for (lag, at, fine) in [
            (&known, at, true),
            (&known, Circumstances { most: Some(30), ..at }, true),
            (&known, Circumstances { most: Some(29), ..at }, false),
            (&known, Circumstances { since: Some(31), ..at }, true),
            (&known, Circumstances { since: Some(29), ..at }, false),
            (&unknown, at, false),
        ] {
            assert_eq!(judge(lag, at).is_ok(), fine, "{lag:?} {at:?}");
            let said = judge(lag, Circumstances { is_accepted: true, ..at }).expect("it was named");
            assert!(said.contains("is lost to b"), "{said}");
            if let Err(refusal) = judge(lag, at) {
                assert!(refusal.hint.is_some_and(|hint| hint.contains("--accept-unknown-lag")));
            }
        }
    }
}
