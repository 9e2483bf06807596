//! The upgrade by a blue/green deployment: RDS makes a copy of the new version, which follows the database and takes its name over when told.

use jiff::Timestamp;

use super::{Deployment, LAG, Observed, SHOWS_ITSELF, Step, Upgrade};
use crate::recovery::course::{Next, Refusal};
use crate::recovery::restore::beside;
use crate::recovery::status::seconds_between;

impl Upgrade {
    /// The copy is made.
    pub(super) fn copying(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        let identifier = &self.identifier;
        let Some(deployment) = &observed.deployment else {
            if self.copy.as_ref().is_some_and(|copy| copy.deployment.is_some()) {
                return Next::Refuse(self.lost("the blue/green deployment is gone"));
            }
            let next = self.preparing(observed, now).unwrap_or_else(|| {
                self.once(Step::Copy, now, "the blue/green deployment is to show itself".to_owned())
            });
            return match next {
                Next::Do(step) => {
                    self.until_ready(observed.database.as_ref(), identifier).unwrap_or(Next::Do(step))
                }
                next => next,
            };
        };
        match deployment.status.as_str() {
            "AVAILABLE" => match &observed.copy {
                None => Next::Refuse(self.lost("the copy is gone")),
                Some(copy) if copy.instance.is_stuck => {
                    Next::Refuse(self.lost(&format!("the copy is {}", copy.instance.status)))
                }
                Some(copy) if copy.instance.tagged.as_deref() != Some(beside(&observed.address).as_str()) => {
                    self.once(Step::TagCopy, now, format!("{} is to show its tags", copy.instance.identifier))
                }
                Some(_) => Next::Done,
            },
            "PROVISIONING" => Next::Wait(making(deployment)),
            "INVALID_CONFIGURATION" => Next::Refuse(self.lost(&invalid(deployment))),
            status => Next::Wait(format!("the blue/green deployment is {status}")),
        }
    }

    /// The copy takes the name over.
    pub(super) fn switching(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        let identifier = &self.identifier;
        let named =
            |seen: Option<&super::Seen>| seen.is_some_and(|seen| seen.instance.identifier == *identifier);
        let has_name = named(observed.copy.as_ref());
        match &observed.deployment {
            // A person has deleted it, or this run has.
            None if has_name => self.settled(observed, now),
            None => Next::Refuse(self.lost("the blue/green deployment is gone")),
            Some(deployment) => match deployment.status.as_str() {
                "SWITCHOVER_COMPLETED" => self.settled(observed, now),
                "AVAILABLE" | "SWITCHOVER_FAILED" => self.switch_over(observed, deployment, now),
                "INVALID_CONFIGURATION" => Next::Refuse(self.lost(&invalid(deployment))),
                status => Next::Wait(format!("the blue/green deployment is {status}")),
            },
        }
    }

    fn switch_over(&self, observed: &Observed, deployment: &Deployment, now: Timestamp) -> Next<Step> {
        let waiting = || Next::Wait("RDS is to begin with the switchover".to_owned());
        let Some(asked) = self.asked.as_ref().filter(|asked| asked.step == Step::Switch) else {
            // Both must be available, also where the deployment is (hashicorp/terraform-provider-aws#36241).
            let copy = self.copy.as_ref().and_then(|copy| copy.identifier.as_deref()).unwrap_or("the copy");
            let both = [(observed.copy.as_ref(), copy), (observed.database.as_ref(), &self.identifier)];
            let wait = both.into_iter().find_map(|(seen, name)| self.until_ready(seen, name));
            return wait.unwrap_or(Next::Do(Step::Switch));
        };
        let since = seconds_between(asked.at, now);
        match asked.answered {
            true if since < LAG => waiting(),
            false if since < SHOWS_ITSELF => waiting(),
            false if deployment.status == "AVAILABLE" => Next::Do(Step::Switch),
            _ => {
                let why = deployment.details.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
                let message = format!(
                    "RDS did not switch over, and {} serves with {} as before{why}",
                    self.identifier, self.from
                );
                let name = &self.name;
                let hint = format!(
                    "for the reason: aws rds describe-events --source-type blue-green-deployment --duration 120; to try again: provision \
                     upgrade {name} --switch; or, to give it up: provision upgrade {name} --give-up"
                );
                Next::Refuse(Refusal::midway(message, Some(hint)))
            }
        }
    }

    /// The names are exchanged: tags and record follow.
    fn settled(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        let Some(copy) = observed.copy.as_ref().filter(|seen| seen.instance.identifier == self.identifier)
        else {
            return Next::Wait(format!("{} is to be the new one", self.identifier));
        };
        if let Some(next) = self.until_ready(Some(copy), &self.identifier) {
            return next;
        }
        let aside = beside(&observed.address);
        let is_tagged = |seen: &super::Seen, tag: &str| seen.instance.tagged.as_deref() == Some(tag);
        match &observed.database {
            Some(old) if !is_tagged(old, &aside) => Next::Do(Step::TagOld),
            _ if !is_tagged(copy, &observed.address) => Next::Do(Step::TagNew),
            _ if !self.is_recorded => Next::Do(Step::Record),
            _ if observed.deployment.is_some() => {
                self.once(Step::DropDeployment, now, "the blue/green deployment is being deleted".to_owned())
            }
            _ => Next::Done,
        }
    }

    /// What was made is taken away, and the copy too where that was asked for.
    pub(super) fn giving_up(&self, observed: &Observed, now: Timestamp) -> Next<Step> {
        let deletes = self.copy.as_ref().is_some_and(|copy| copy.is_deleted);
        let is_switched = || {
            Next::Refuse(Refusal::midway(
                format!("{} was switched over already", self.identifier),
                Some(format!("to go on: provision upgrade {} --switch", self.name)),
            ))
        };
        if observed.copy.as_ref().is_some_and(|copy| copy.instance.identifier == self.identifier) {
            return is_switched();
        }
        if let Some(deployment) = &observed.deployment {
            return match deployment.status.as_str() {
                "SWITCHOVER_COMPLETED" => is_switched(),
                status @ ("DELETING" | "SWITCHOVER_IN_PROGRESS") => {
                    Next::Wait(format!("the blue/green deployment is {status}"))
                }
                _ if deletes && observed.copy.as_ref().is_some_and(|copy| copy.is_protected) => {
                    self.once(Step::Unprotect, now, "the copy is to lose its protection".to_owned())
                }
                _ => self.once(Step::DropDeployment, now, "the blue/green deployment is to go".to_owned()),
            };
        }
        if deletes && let Some(copy) = &observed.copy {
            let Some(asked) = self.asked.as_ref().filter(|asked| asked.step == Step::DropDeployment) else {
                let identifier = &copy.instance.identifier;
                let message = format!(
                    "{identifier} belongs to no blue/green deployment any more, and is not deleted here"
                );
                let hint = format!("to keep it in AWS: provision upgrade {} --give-up", self.name);
                return Next::Refuse(Refusal::midway(message, Some(hint)));
            };
            // RDS deletes it after the deployment.
            if copy.instance.status == "deleting" || seconds_between(asked.at, now) < LAG {
                return Next::Wait(format!("{} is {}", copy.instance.identifier, copy.instance.status));
            }
        }
        let is_used = !deletes && observed.copy.is_some();
        match &self.group {
            Some(group) if !group.is_dropped && !is_used && observed.group.is_some() => {
                Next::Do(Step::DropGroup)
            }
            _ => Next::Done,
        }
    }

    fn lost(&self, what: &str) -> Refusal {
        Refusal::midway(what.to_owned(), self.to_give_up())
    }
}

fn making(deployment: &Deployment) -> String {
    match deployment.tasks.first() {
        Some(task) => format!("the blue/green deployment is made: {}", task.to_lowercase().replace('_', " ")),
        None => "the blue/green deployment is made".to_owned(),
    }
}

fn invalid(deployment: &Deployment) -> String {
    let why = deployment.details.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("RDS says that the copy cannot be switched over (INVALID_CONFIGURATION){why}")
}
