//! Machines of EC2, each with the volumes that are attached to it.

mod calls;
mod change;
mod checks;
mod creation;
mod deletion;
mod image;
mod keys;
mod live;
mod rows;
mod status;
mod texts;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::operation::run_instances::builders::RunInstancesInputBuilder as Create;

use crate::aws::kind::{self, Kind, Seen};
use crate::aws::kinds::{ec2_tags, tags};
use crate::aws::row::Row;
use crate::aws::{Aws, ec2};
use crate::engine::call::Call;
use crate::engine::cloud::{self, ChangeDocument, CloudError, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::{Effect, Found, Id, Named, Owner, Patience};

pub(in crate::aws) use calls::IMAGES;
use calls::{TAG, UNTAG};
pub(in crate::aws) use image::{described, of_parameter};
pub use live::Live;
pub use status::STATUSES;

/// Machines of EC2.
pub struct Instance;

impl Kind for Instance {
    const KIND: &'static str = "aws_instance";
    const CALLS: &'static [Call] = calls::ALL;
    const ROUNDS: usize = 2;
    // Each change has a call of its own: AWS takes one attribute at a time.
    const MODIFY: &'static [Call] = &[];
    type Create = Create;
    type Modify = ();
    type Live = Live;

    const ROWS: &'static [&'static dyn Row<Self>] = rows::ROWS;
    const CHECKS: &'static [kind::Check] = &[
        tags::check,
        checks::groups,
        checks::devices,
        checks::user_data_runs_once,
        checks::user_data_fits,
        checks::root_grows,
    ];
    // The token is derived from the owner: no two machines collide by their inputs.
    const NATURAL_KEY: &'static [&'static str] = &[];
    /// All that runs on it is gone, with its root volume; the others stay.
    const LOSS: Effect = Effect::AccessLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(5),
        create: Duration::from_secs(20 * 60),
        // It may be stopped, which takes minutes, and started again.
        update: Duration::from_secs(30 * 60),
        delete: Duration::from_secs(20 * 60),
    };
    const CLAIM: &'static [Call] = &[TAG];

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
        live::look(aws, tracked).await
    }

    fn seen(live: &Live, recorded: Option<&Document>) -> Seen {
        live::seen(live, recorded)
    }

    async fn find(aws: &Aws, _: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        let all = ec2::instances(aws, vec![ec2_tags::of_the_stack(owner)]).await?;
        let there = all.iter().filter(|one| !live::is_going(one));
        Ok(ec2_tags::search(owner, there.filter_map(live::candidate).collect()))
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        creation::create(aws, wanted, owner).await
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        change::change(aws, wanted, change).await
    }

    async fn delete(aws: &Aws, deletion: cloud::Deletion<'_>) -> Result<(), CloudError> {
        deletion::delete(aws, deletion).await
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        ec2_tags::retag(aws, id.as_str(), &tags::claim(owner), (TAG, UNTAG)).await
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        let all = ec2::instances(aws, vec![ec2_tags::of_any_stack()]).await?;
        let there = all.iter().filter(|one| !live::is_going(one));
        Ok(there.filter_map(live::candidate).map(|one| one.found()).collect())
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let found = ec2::instances(aws, vec![ec2::filter("instance-id", [text])]).await?;
        let found = found.into_iter().find(|one| !live::is_going(one));
        let named = |one| {
            let unfit = live::unfit(&one);
            Some(Named { found: live::candidate(&one)?.found(), unfit })
        };
        Ok(found.and_then(named))
    }
}
