//! The drill: RDS is made to fail a database over to its standby, and the time is measured.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::resource::Id;

use super::course::{Course, Next, Refusal};
use super::status::seconds_between;

/// The record of a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    pub id: Id,
    pub identifier: String,
    /// The zones before.
    pub zone: String,
    pub standby: String,
    /// When RDS was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Timestamp>,
    /// True once RDS has said that it was asked.
    #[serde(default)]
    pub answered: bool,
    /// The result, at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
}

/// The result of a drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// From the request until RDS showed the failover done.
    pub failover_seconds: i64,
    /// The time for which the endpoint took no connection from here; absent where it cannot be reached from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_milliseconds: Option<u64>,
    pub zone: String,
}

/// The database as RDS shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Absent where it is gone.
    pub status: Option<String>,
    pub zone: String,
    pub standby: Option<String>,
    /// The events since RDS was asked.
    pub started: bool,
    pub completed: bool,
    pub abandoned: bool,
}

/// The one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailOver;

impl fmt::Display for FailOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fail over")
    }
}

/// A request whose answer was lost has shown itself by then: RDS tells of a failover in its events, and its status changes.
const SHOWS_ITSELF: i64 = 20;

impl Drill {
    /// The drill of a database; the reason, where there can be none.
    ///
    /// # Errors
    /// The database has no standby, or is not available.
    pub fn of(id: Id, identifier: &str, observed: &Observed) -> Result<Self, Refusal> {
        let Some(standby) = observed.standby.clone() else {
            let hint = "write `multi_az: true` into the stack file, then: provision apply".to_owned();
            return Err(Refusal::new(format!("{identifier} has no standby to fail over to"), Some(hint)));
        };
        let drill = Self {
            id,
            identifier: identifier.to_owned(),
            zone: observed.zone.clone(),
            standby,
            asked: None,
            answered: false,
            measured: None,
        };
        match drill.next(observed, Timestamp::UNIX_EPOCH) {
            Next::Refuse(refusal) => Err(refusal),
            _ => Ok(drill),
        }
    }

    /// Notes the result.
    pub fn measure(&mut self, observed: &Observed, now: Timestamp, endpoint_milliseconds: Option<u64>) {
        let asked = self.asked.unwrap_or(now);
        self.measured = Some(Measured {
            failover_seconds: seconds_between(asked, now),
            endpoint_milliseconds,
            zone: observed.zone.clone(),
        });
    }
}

impl Course for Drill {
    const COMMAND: &'static str = "drill";
    type Observed = Observed;
    type Step = FailOver;

    fn next(&self, observed: &Observed, now: Timestamp) -> Next<FailOver> {
        let Self { identifier, zone, standby, .. } = self;
        let Some(status) = observed.status.as_deref() else {
            return Next::Refuse(Refusal::new(
                format!("{identifier} is gone"),
                Some("provision plan".to_owned()),
            ));
        };
        let is_available = status == "available";
        let Some(asked) = self.asked else {
            // RebootDBInstance is taken in this status alone (RDS API reference).
            return match is_available {
                true => Next::Do(FailOver),
                false => Next::Refuse(Refusal::new(
                    format!("{identifier} is {status}, and RDS fails over only what is available"),
                    Some("provision status".to_owned()),
                )),
            };
        };
        if observed.abandoned {
            return Next::Refuse(Refusal::new(
                format!(
                    "RDS did not fail {identifier} over, since it had done so a short while ago (RDS-EVENT-0034)"
                ),
                Some("try again in some minutes".to_owned()),
            ));
        }
        let has_moved = observed.zone == *standby || observed.completed;
        match (has_moved && is_available, self.answered || observed.started || !is_available) {
            (true, _) => Next::Done,
            (false, true) if is_available => Next::Wait(format!("{identifier} is to leave {zone}")),
            (false, true) => Next::Wait(format!("{identifier} is {status}")),
            // The run ended between the note and the call, or the answer was lost.
            (false, false) if seconds_between(asked, now) < SHOWS_ITSELF => {
                Next::Wait("RDS is to show whether it was asked".to_owned())
            }
            (false, false) => Next::Do(FailOver),
        }
    }

    fn intend(&mut self, FailOver: &FailOver, now: Timestamp) {
        self.asked = Some(now);
        self.answered = false;
    }

    fn steps(&self) -> Vec<String> {
        let Self { identifier, zone, standby, .. } = self;
        vec![
            format!("RDS fails {identifier} over from {zone} to the standby in {standby}: connections are cut, usually for one to two minutes"),
            "it is waited for until RDS shows the failover done, and the endpoint takes connections where it can be reached from here".to_owned(),
            format!("{zone} has the standby afterwards; RDS makes it whole again in the background"),
        ]
    }

    fn doing(&self) -> String {
        match &self.measured {
            None => format!("is failing over from {} to {}", self.zone, self.standby),
            Some(measured) => {
                format!("was failed over to {} in {} s", measured.zone, measured.failover_seconds)
            }
        }
    }

    fn holds(&self) -> bool {
        self.asked.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(status: &str, zone: &str) -> Observed {
        let standby = Some(if zone == "a" { "b" } else { "a" }.to_owned());
        Observed { status: Some(status.to_owned()), zone: zone.to_owned(), standby, ..Observed::default() }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).expect("a time")
    }

    fn begun() -> Drill {
        let mut drill =
            Drill::of(Id::new("db-1"), "records", &observed("available", "a")).expect("it has a standby");
        drill.intend(&FailOver, at(0));
        drill
    }

    #[test]
    fn a_database_without_a_standby_or_at_work_is_not_drilled() {
        let alone = Observed { standby: None, ..observed("available", "a") };
        for (seen, said) in [(alone, "no standby"), (observed("modifying", "a"), "is modifying")] {
            let refusal = Drill::of(Id::new("db-1"), "records", &seen).expect_err("it is refused");
            assert!(refusal.message.contains(said) && refusal.is_over, "{refusal:?}");
        }
    }

    #[test]
    fn a_failover_is_over_when_the_zones_have_changed_places_and_it_is_available_again() {
        let drill = Drill { answered: true, ..begun() };
        for (seen, over) in [
            (observed("available", "a"), false),
            (observed("rebooting", "a"), false),
            (observed("rebooting", "b"), false),
            (observed("available", "b"), true),
            (Observed { completed: true, ..observed("available", "a") }, true),
        ] {
            assert_eq!(drill.next(&seen, at(90)) == Next::Done, over, "{seen:?}");
        }
    }

    #[test]
    fn a_request_whose_answer_was_lost_is_sent_again_only_when_nothing_shows_it() {
        let drill = begun();
        let nothing = observed("available", "a");
        assert!(matches!(drill.next(&nothing, at(1)), Next::Wait(_)));
        assert_eq!(drill.next(&nothing, at(SHOWS_ITSELF)), Next::Do(FailOver));
        let started = Observed { started: true, ..nothing };
        for seen in [started, observed("rebooting", "a")] {
            assert!(matches!(drill.next(&seen, at(SHOWS_ITSELF)), Next::Wait(_)), "{seen:?}");
        }
    }

    #[test]
    fn a_failover_that_rds_gave_up_is_told_and_recorded_no_longer() {
        let seen = Observed { abandoned: true, ..observed("available", "a") };
        let Next::Refuse(refusal) = begun().next(&seen, at(30)) else { panic!("it is refused") };
        assert!(refusal.is_over && refusal.message.contains("0034"));
    }
}
