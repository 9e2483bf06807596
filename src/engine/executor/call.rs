//! One mutating call with everything around it that makes it safe to lose its answer.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep};

use super::StepError;
use super::absence::Absence;
use crate::engine::address::Address;
use crate::engine::cloud::{ChangeDocument, Cloud, Deletion, KindError, TrackedDocument};
use crate::engine::cloud::{CloudError, Outcome};
use crate::engine::document::Document;
use crate::engine::interrupt::Interrupt;
use crate::engine::kind::Manager;
use crate::engine::remedy::hint_of;
use crate::engine::resource::{Found, Id, Object, Owner, Trace, Whose};
use crate::engine::retry::Pauses;

/// The time that a create is attempted while what it needs is busy or not visible yet.
const CREATE_BUDGET: Duration = Duration::from_secs(5 * 60);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// The listeners of a call: it ends early where the run is interrupted, and tells of refusals that are not the last word.
#[derive(Clone)]
pub(super) struct Ears {
    pub(super) address: Address,
    pub(super) interrupt: Interrupt,
    pub(super) refusals: UnboundedSender<Refusal>,
}

/// A refusal after which a call is tried again.
pub(super) struct Refusal {
    pub(super) address: Address,
    /// The words of AWS.
    pub(super) status: String,
}

/// Pauses between attempts until a budget is used up or the run is interrupted.
struct Attempts {
    pauses: Pauses,
    deadline: Instant,
    ears: Ears,
}

impl Attempts {
    fn new(budget: Duration, ears: &Ears) -> Self {
        Self {
            pauses: Pauses::new(FIRST_PAUSE, LONGEST_PAUSE),
            deadline: Instant::now() + budget,
            ears: ears.clone(),
        }
    }

    /// Waits for the next attempt after this failure; false when there is none.
    async fn another(&mut self, after: &CloudError) -> bool {
        let pause = self.pauses.next_pause();
        tracing::info!(operation = after.operation, code = after.code, ?pause, "trying again after a pause");
        if Instant::now() + pause > self.deadline {
            return false;
        }
        let status = format!("refused for now: {} ({})", after.message, after.code);
        // Nobody listens any more where the run has ended.
        let _ = self.ears.refusals.send(Refusal { address: self.ears.address.clone(), status });
        tokio::select! {
            () = sleep(pause) => true,
            _ = self.ears.interrupt.asked() => false,
        }
    }
}

/// The knowledge before the first call of a creation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    /// An earlier run may have made the object.
    pub(super) begun: bool,
    /// The objects that this run has deleted. AWS may still show one, and where ids are names the new object has the same.
    pub(super) deleted: &'a BTreeSet<Id>,
    pub(super) absence: &'a Absence,
}

/// Makes the object, or takes the one that an earlier attempt of ours had made.
///
/// # Errors
/// The last answer of AWS; the object may exist all the same when the outcome is unknown, and the next run looks.
pub(super) async fn create(
    cloud: &dyn Cloud,
    manager: &dyn Manager,
    inputs: &Document,
    owner: &Owner,
    before: Before<'_>,
    ears: &Ears,
) -> Result<Id, StepError> {
    let mut attempts = Attempts::new(CREATE_BUDGET, ears);
    let mut last: Option<CloudError> = None;
    let mut may_exist = before.begun;
    loop {
        if may_exist {
            // An object with another name is not the one that this call made.
            let mut found = cloud.find(manager.kind(), inputs, owner).await?;
            // Only the word of AWS that there is one tells a new object from a deleted one that is still shown.
            if !last.as_ref().is_some_and(|last| last.outcome == Outcome::Exists) {
                found.retain(|found| !before.deleted.contains(&found.id));
            }
            // It may be in the way all the same.
            if let Some(error) =
                last.take_if(|last: &mut CloudError| last.outcome == Outcome::Exists && in_the_way(&found))
            {
                return Err(error.into());
            }
            match found.into_iter().find(|found| found.trace.is_sure()) {
                // An object is never its own replacement, nor the one of another address.
                Some(found) if owner.others.contains(&found.id) => {
                    return Err(last.unwrap_or_else(|| taken(&found.id)).into());
                }
                Some(found) if owner.whose(&found.ownership, found.vpc.as_ref()).is_ours() => {
                    return Ok(found.id);
                }
                Some(found) if !manager.natural_key().is_empty() || is_of_another_state(&found, owner) => {
                    return Err(last.unwrap_or_else(|| taken(&found.id)).into());
                }
                _ => {}
            }
            // It was said to exist and cannot be seen: that takes a moment, or another call.
            if let Some(error) = last.take()
                && !attempts.another(&error).await
            {
                return Err(error.into());
            }
        }
        let error = match cloud.create(manager.kind(), inputs, owner).await {
            Err(KindError::Cloud(error)) => error,
            other => return Ok(other?),
        };
        match error.outcome {
            // A request can arrive twice, so that even the first answer may be of what the same call has made.
            Outcome::Exists | Outcome::Unknown => {
                may_exist = true;
                last = Some(error);
            }
            Outcome::Throttled | Outcome::Busy if attempts.another(&error).await => {}
            Outcome::NotFound if before.absence.passes(&error, inputs) && attempts.another(&error).await => {}
            _ => return Err(error.into()),
        }
    }
}

fn in_the_way(found: &[Found]) -> bool {
    !found.is_empty() && found.iter().all(|found| found.trace == Trace::Use)
}

/// True for what another run of this stack made, with a state of its own.
fn is_of_another_state(found: &Found, owner: &Owner) -> bool {
    let whose = owner.whose(&found.ownership, found.vpc.as_ref());
    matches!(whose, Whose::OtherState { .. }) || owner.shares_its_cluster_with(&whose)
}

fn taken(id: &Id) -> CloudError {
    CloudError::refused("find", "NameTaken", format!("{id} has this name, and is not this stack's"))
}

/// Changes the object. A repeated update is harmless, so that an unknown outcome is simply tried again.
pub(super) async fn update(
    cloud: &dyn Cloud,
    manager: &dyn Manager,
    inputs: &Document,
    change: ChangeDocument<'_>,
    place: &Place<'_>,
) -> Result<(), StepError> {
    let mut attempts = Attempts::new(manager.patience().update, place.ears);
    loop {
        let error = match cloud.update(manager.kind(), inputs, change).await {
            Err(KindError::Cloud(error)) => error,
            other => return Ok(other?),
        };
        if let Some(stuck) = place.stuck(cloud, manager, change.id, inputs, &error).await {
            return Err(stuck);
        }
        let is_passing = place.absence.passes(&error, inputs);
        if !(is_passing || may_pass(error.outcome)) || !attempts.another(&error).await {
            return Err(error.into());
        }
    }
}

/// Asks for the deletion; an object in use is asked again until its users are gone.
pub(super) async fn delete(
    cloud: &dyn Cloud,
    manager: &dyn Manager,
    deletion: Deletion<'_>,
    place: &Place<'_>,
) -> Result<(), StepError> {
    let mut attempts = Attempts::new(manager.patience().delete, place.ears);
    loop {
        let error = match cloud.delete(manager.kind(), deletion).await {
            Err(KindError::Cloud(error)) => error,
            other => return Ok(other?),
        };
        if let Some(stuck) = place.stuck(cloud, manager, deletion.id, deletion.recorded, &error).await {
            return Err(stuck);
        }
        if !may_pass(error.outcome) || !attempts.another(&error).await {
            return Err(error.into());
        }
    }
}

/// Writes the ownership tags of an object that is there. Repeating it is harmless.
pub(super) async fn claim(
    cloud: &dyn Cloud,
    manager: &dyn Manager,
    id: &Id,
    owner: &Owner,
    budget: Duration,
    place: &Place<'_>,
) -> Result<(), KindError> {
    let mut attempts = Attempts::new(budget, place.ears);
    loop {
        let error = match cloud.claim(manager.kind(), id, owner).await {
            Err(KindError::Cloud(error)) => error,
            other => return other,
        };
        let is_passing = place.absence.passes(&error, &Document::new());
        if !(is_passing || may_pass(error.outcome)) || !attempts.another(&error).await {
            return Err(error.into());
        }
    }
}

/// The object that a call is about, for the cure that a refusal comes with, and who listens.
pub(super) struct Place<'a> {
    pub(super) region: &'a str,
    pub(super) absence: &'a Absence,
    pub(super) ears: &'a Ears,
}

impl Place<'_> {
    /// A refusal of a state says nothing of whether that passes (`InvalidDBInstanceState` is the one code for all), so that
    /// the object is looked at after it.
    async fn stuck(
        &self,
        cloud: &dyn Cloud,
        manager: &dyn Manager,
        id: &Id,
        inputs: &Document,
        refusal: &CloudError,
    ) -> Option<StepError> {
        if refusal.outcome != Outcome::Busy {
            return None;
        }
        let tracked = [TrackedDocument { id: id.clone(), recorded: Some(inputs.clone()) }];
        let live = cloud.observe(manager.kind(), &tracked).await.ok()?.remove(id)?;
        let row = live.condition.stuck()?;
        let (inputs, outputs) = (&live.inputs, &live.outputs);
        let object = Object { address: &self.ears.address, id, region: self.region, inputs, outputs };
        let answer = Some(format!("{} ({})", refusal.message, refusal.code));
        Some(StepError::Stuck { row, answer, hint: hint_of(&(row.cure)(&object)) })
    }
}

fn may_pass(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Busy | Outcome::Throttled | Outcome::Unknown => true,
        Outcome::Exists | Outcome::NotFound | Outcome::Refused => false,
    }
}
