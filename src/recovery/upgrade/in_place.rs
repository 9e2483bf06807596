//! The upgrade in place: the database is away until it is done.

use jiff::Timestamp;

use super::{Observed, SHOWS_ITSELF, Step, Upgrade};
use crate::recovery::course::{Next, Refusal};
use crate::recovery::status::seconds_between;

/// RDS has begun with an upgrade by then, or said in its events why not. It takes a change at once, and shows `available` for a while.
pub(super) const BEGINS: i64 = 15 * 60;

impl Upgrade {
    pub(super) fn upgrading(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        let (identifier, to) = (&self.identifier, &self.to);
        let Some(database) = &observed.database else {
            let hint = Some("provision plan".to_owned());
            return Next::Refuse(Refusal::midway(format!("{identifier} is gone"), hint));
        };
        if database.version != *to {
            if database.version != self.from && database.instance.is_ready {
                let message =
                    format!("{identifier} has {} by now: others have upgraded it", database.version);
                return Next::Refuse(Refusal::midway(message, self.to_give_up()));
            }
            let asked = self.asked.as_ref().filter(|asked| asked.step == Step::Upgrade);
            // A snapshot of what was upgraded already is not the one before.
            if asked.is_none()
                && let Some(next) = self.preparing(observed, now)
            {
                return match next {
                    // Snapshots are taken of what serves.
                    Next::Do(Step::Snapshot) => {
                        self.until_ready(Some(database), identifier).unwrap_or(Next::Do(Step::Snapshot))
                    }
                    next => next,
                };
            }
            if let Some(next) = self.until_ready(Some(database), identifier) {
                return next;
            }
            let Some(asked) = asked else { return Next::Do(Step::Upgrade) };
            if let Some(failure) = &observed.failure {
                return Next::Refuse(self.failed(failure));
            }
            let since = seconds_between(asked.at, now);
            return match asked.answered {
                // A request whose answer was lost shows itself in what is to come.
                false if database.coming.is_none() && since >= SHOWS_ITSELF => Next::Do(Step::Upgrade),
                _ if since >= BEGINS => {
                    Next::Refuse(self.failed("it took the request, and its events do not tell why"))
                }
                _ => Next::Wait(format!("RDS is to begin with the upgrade of {identifier} to {to}")),
            };
        }
        if let Some(next) = self.until_ready(Some(database), identifier) {
            return next;
        }
        match &self.group {
            _ if database.instance.pending_reboot => {
                self.once(Step::Reboot, now, format!("{identifier} is to be rebooted"))
            }
            _ if !self.is_recorded => Next::Do(Step::Record),
            Some(group) if !group.is_dropped => Next::Do(Step::DropGroup),
            _ => Next::Done,
        }
    }

    /// RDS has looked, and left the database as it was.
    fn failed(&self, reason: &str) -> Refusal {
        let Self { name, identifier, from, to, .. } = self;
        let message = format!(
            "RDS did not upgrade {identifier} to {to}, and it serves with {from} as before: {reason}"
        );
        let hint = format!(
            "mend that, then run the same command again; or, to give it up: provision upgrade {name} --give-up"
        );
        Refusal::midway(message, Some(hint))
    }
}
