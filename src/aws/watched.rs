//! The contract of a kind that is only watched: it is read, and no code exists that could make, change or delete such an object.

use std::collections::BTreeMap;

use crate::aws::Aws;
use crate::aws::kind::Seen;
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, TrackedDocument};
use crate::engine::resource::Id;

/// A kind that `provision` watches. Its objects have no inputs.
pub trait Watched: Send + Sync + 'static {
    /// The kind's name, as Terraform users know it.
    const KIND: &'static str;
    /// The calls by which objects are read. Policies are made from them.
    const CALLS: &'static [Call];
    /// The way out where there is no such object, and something of the stack needs one.
    const WHEN_MISSING: Option<&'static str> = None;

    /// Reads all `tracked` objects in as few calls as the API allows; of each is recorded what was observed of it before. An object
    /// that is gone is left out. What the same calls show beside them may be in it too, with [`Remark::Beside`].
    ///
    /// Chunks to the API's limits, pages to the end, and tolerates missing ids.
    ///
    /// [`Remark::Beside`]: crate::engine::resource::Remark::Beside
    fn look(
        aws: &Aws,
        tracked: &[TrackedDocument],
    ) -> impl Future<Output = Result<BTreeMap<Id, Seen>, CloudError>> + Send;
}
