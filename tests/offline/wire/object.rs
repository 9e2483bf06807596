//! One object of a kind, as the engine asks the cloud for it.

use std::collections::BTreeMap;

use provision::aws::kinds::registry;
use provision::engine::cloud::{ChangeDocument, Cloud, CloudError, Deletion, KindError, TrackedDocument};
use provision::engine::document::Document;
use provision::engine::kind::Live;
use provision::engine::resource::{Found, Id, Owner};
use serde_json::Value;

use crate::wire::replay::Replay;

/// The kind of an object, and the inputs that are wanted of it.
#[derive(Clone, Debug)]
pub struct Object {
    pub kind: &'static str,
    pub inputs: Document,
}

impl Object {
    /// The inputs of `base` with some of them replaced; `null` takes one away.
    pub fn new(kind: &'static str, base: Value, replaced: Value) -> Self {
        let object = |value: Value| value.as_object().expect("a document is an object").clone();
        let inputs = object(base).into_iter().chain(object(replaced)).collect::<Document>();
        Self { kind, inputs: inputs.into_iter().filter(|(_, value)| !value.is_null()).collect() }
    }

    /// The same as the kind itself writes it, which is how it is recorded.
    pub fn normalised(self) -> Self {
        let registry = registry();
        let kind = registry.managing(self.kind).expect("a kind of the registry");
        Self { inputs: kind.normalise(&self.inputs).expect("the inputs of a test fit their kind"), ..self }
    }

    pub async fn create(&self, replay: &Replay, owner: &Owner) -> Result<Id, CloudError> {
        replay.cloud().create(self.kind, &self.inputs, owner).await.map_err(failure)
    }

    pub async fn find(&self, replay: &Replay, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        replay.cloud().find(self.kind, &self.inputs, owner).await.map_err(failure)
    }

    /// Reads the objects with these ids, of each of which these inputs are recorded.
    pub async fn observe(&self, replay: &Replay, ids: &[&str]) -> Result<BTreeMap<Id, Live>, CloudError> {
        let tracked = |id: &&str| TrackedDocument { id: Id::new(*id), recorded: Some(self.inputs.clone()) };
        let tracked: Vec<TrackedDocument> = ids.iter().map(tracked).collect();
        replay.cloud().observe(self.kind, &tracked).await.map_err(failure)
    }

    /// Changes these fields of an object that is now like `observed`.
    pub async fn update(
        &self,
        replay: &Replay,
        id: &str,
        fields: &[&str],
        observed: &Self,
        owner: &Owner,
    ) -> Result<(), CloudError> {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        let change = ChangeDocument { id: &Id::new(id), fields: &fields, observed: &observed.inputs, owner };
        replay.cloud().update(self.kind, &self.inputs, change).await.map_err(failure)
    }

    pub async fn delete(&self, replay: &Replay, id: &str, owner: &Owner) -> Result<(), CloudError> {
        self.delete_leaving(replay, id, owner, None).await
    }

    /// Deletes it with a last snapshot of the name that a plan has shown.
    pub async fn delete_leaving(
        &self,
        replay: &Replay,
        id: &str,
        owner: &Owner,
        last_snapshot: Option<&str>,
    ) -> Result<(), CloudError> {
        let deletion = Deletion { id: &Id::new(id), recorded: &self.inputs, owner, last_snapshot };
        replay.cloud().delete(self.kind, deletion).await.map_err(failure)
    }
}

fn failure(error: KindError) -> CloudError {
    match error {
        KindError::Cloud(error) => error,
        KindError::Misfit(misfit) => panic!("the inputs of a test fit their kind: {misfit}"),
    }
}
