//! Kinds of the cloud in memory: a plain one, one that holds data, and one that is only watched.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use provision::engine::call::Call;
use provision::engine::cloud::{Asked, ChangeDocument, Cloud, Deletion, TrackedDocument};
use provision::engine::document::Document;
use provision::engine::kind::{Live, Manager, Misfit, Reader, Registry};
use provision::engine::resource::{
    Class, Condition, Effect, Field, Found, Id, Invalid, Named, Owner, Ownership, Patience, Role, Source,
    Trace, Whose,
};
use serde_json::{Value, json};

use super::cloud::{Object, Shared};

const MODIFY: Call = Call::free("fake:Modify");
const TAG: Call = Call::free("fake:Tag");

const FIELDS: &[Field] = &[
    Field::replace("name"),
    Field::replace("parent").from(Source::Follows),
    // Fixed, and no part of the name.
    Field::replace("shape"),
    Field::in_place("uses", &[MODIFY], Effect::None),
    Field::at_window("size", &[MODIFY], Effect::Failover),
    // A create call does not carry this one.
    Field::in_place("note", &[MODIFY], Effect::None),
    Field::recorded("deletion_protection").plays(Role::Protection),
    Field::recorded("apply_immediately").plays(Role::AtOnce),
];

/// Unique by name within a parent; the network's objects are of this kind too.
pub const GROUP: &str = "fake_group";
/// Holds data; unique by a token made of address and generation.
pub const DISK: &str = "fake_disk";

pub struct FakeKind {
    pub kind: &'static str,
}

pub fn registry() -> Registry {
    let kinds = [GROUP, DISK].into_iter();
    kinds.fold(Registry::default(), |registry, kind| registry.manager(Box::new(FakeKind { kind })))
}

fn key(kind: &str, inputs: &Document, owner: &Owner) -> String {
    match kind {
        DISK => format!("{}/{}", owner.address, owner.generation),
        _ => {
            let text = |field: &str| inputs.get(field).and_then(Value::as_str).unwrap_or_default();
            format!("{}@{}", text("name"), text("parent"))
        }
    }
}

/// The name of a kind as its constant.
fn constant(kind: &str) -> &'static str {
    if kind == DISK { DISK } else { GROUP }
}

impl Reader for FakeKind {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn calls(&self) -> &'static [Call] {
        &[]
    }
}

fn live(id: &Id, object: &Object, recorded: Option<&Document>) -> Live {
    let mut inputs = object.inputs.clone();
    for field in FIELDS.iter().filter(|field| field.is_recorded()) {
        inputs.remove(field.name);
        if let Some(value) = recorded.and_then(|recorded| recorded.get(field.name)) {
            inputs.insert(field.name.to_owned(), value.clone());
        }
    }
    let condition = match (object.stuck, object.busy) {
        (Some(row), _) if row.class == Class::Lost => Condition::Lost(row),
        (Some(row), _) => Condition::Held(row),
        (None, 0) => Condition::Ready,
        (None, _) if object.leaving => Condition::Leaving("deleting".to_owned()),
        (None, _) => Condition::Pending("working".to_owned()),
    };
    let ownership = match object.stack.as_str() {
        "" => Ownership::Untagged,
        stack => Ownership::Tagged {
            stack: stack.to_owned(),
            address: object.address.clone(),
            lineage: object.lineage.clone(),
            cluster: object.cluster.clone(),
        },
    };
    // The part that AWS chooses, and may choose anew.
    let place = object.inputs.get("moved").and_then(Value::as_str).unwrap_or("here");
    let outputs = Document::from_iter([("arn".to_owned(), json!(format!("arn:{place}:{id}")))]);
    let inputs = if recorded.is_some() { inputs } else { Document::new() };
    Live { inputs, in_force: Document::new(), outputs, condition, remarks: Vec::new(), ownership, vpc: None }
}

fn found(id: &Id, object: &Object) -> Found {
    Found::new(id.clone(), live(id, object, None).ownership)
}

/// An object of the owner, without anything but its tags.
fn tagged(kind: &'static str, owner: &Owner) -> Object {
    Object {
        kind,
        key: String::new(),
        inputs: Document::new(),
        stack: owner.stack.clone(),
        address: owner.address.to_string(),
        lineage: Some(owner.lineage.clone()),
        cluster: owner.cluster.clone(),
        busy: 0,
        leaving: false,
        stuck: None,
    }
}

impl Manager for FakeKind {
    fn fields(&self) -> &'static [Field] {
        FIELDS
    }

    fn natural_key(&self) -> &'static [&'static str] {
        if self.kind == DISK { &[] } else { &["parent", "name"] }
    }

    fn loss(&self) -> Effect {
        if self.kind == DISK { Effect::DataLoss } else { Effect::None }
    }

    fn patience(&self) -> Patience {
        Patience {
            interval: Duration::from_secs(10),
            create: Duration::from_secs(3000),
            update: Duration::from_secs(3000),
            delete: Duration::from_secs(3000),
        }
    }

    fn normalise(&self, inputs: &Document) -> Result<Document, Misfit> {
        let mut inputs = inputs.clone();
        if let Some(Value::Array(uses)) = inputs.get_mut("uses") {
            uses.sort_by_key(ToString::to_string);
        }
        Ok(inputs)
    }

    fn check(&self, inputs: &Document, observed: Option<&Document>) -> Result<Vec<Invalid>, Misfit> {
        let size = |inputs: &Document| inputs.get("size").and_then(Value::as_u64);
        let (wanted, live) = (size(inputs), observed.and_then(size));
        let too_big = wanted > Some(1000);
        let shrinking = wanted.is_some() && wanted < live;
        let refused = too_big.then(|| Invalid::new("size", "must be at most 1000"));
        let doubtful = shrinking.then(|| Invalid::doubtful("size", "may not shrink today"));
        Ok(refused.into_iter().chain(doubtful).collect())
    }

    fn claim_calls(&self) -> &'static [Call] {
        &[TAG]
    }
}

impl Cloud for Shared {
    fn observe<'a>(&'a self, kind: &'a str, tracked: &'a [TrackedDocument]) -> Asked<'a, BTreeMap<Id, Live>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let mut cloud = self.cloud();
            *cloud.looks.entry(constant(kind)).or_default() += 1;
            let seen = tracked.iter().filter_map(|one| {
                let object = cloud.look(one.id.as_str())?;
                Some((one.id.clone(), live(&one.id, &object, one.recorded.as_ref())))
            });
            Ok(seen.collect())
        })
    }
    fn survey<'a>(&'a self, _: &'a str, ids: &'a [Id]) -> Asked<'a, BTreeMap<Id, Live>> {
        Box::pin(async move {
            let mut cloud = self.cloud();
            let seen = ids.iter().filter_map(|id| {
                let object = cloud.look(id.as_str())?;
                Some((id.clone(), live(id, &object, Some(&Document::new()))))
            });
            Ok(seen.collect())
        })
    }
    fn parts<'a>(&'a self, kind: &'a str, whole: &'a Id) -> Asked<'a, Vec<Id>> {
        Box::pin(async move {
            let cloud = self.cloud();
            let parts = cloud.objects.iter().filter(|(_, object)| {
                object.kind == kind
                    && object.inputs.get("parent").and_then(|one| one.as_str()) == Some(whole.as_str())
            });
            Ok(parts.map(|(id, _)| Id::new(id.clone())).collect())
        })
    }
    fn find<'a>(&'a self, kind: &'a str, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Vec<Found>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let key = key(kind, inputs, owner);
            let at = owner.address.to_string();
            let by_key = if kind == DISK { Trace::Token } else { Trace::Name };
            let all = self.cloud().search();
            let objects = all.iter().filter(|(_, object)| object.kind == kind);
            let mut ranked: Vec<(u8, Found)> = objects
                .filter_map(|(id, object)| {
                    let one = found(&Id::new(id.clone()), object);
                    let of_the_stack = matches!(
                        owner.whose(&one.ownership, None),
                        Whose::Ours | Whose::Moved { .. } | Whose::OtherState { .. }
                    );
                    let is_free = !object.leaving && !owner.others.contains(&one.id);
                    let is_beside = object.inputs.get("parent") == inputs.get("parent");
                    let by_tags = of_the_stack && is_free && is_beside;
                    match object.key == key {
                        true if of_the_stack && object.address == at => Some((0, one.traced(by_key))),
                        false if by_tags && object.address == at => Some((1, one.traced(Trace::Tags))),
                        true => Some((2, one.traced(by_key))),
                        false if by_tags => Some((3, one.traced(Trace::Tags))),
                        false => None,
                    }
                })
                .collect();
            ranked.sort_by_key(|(rank, _)| *rank);
            Ok(ranked.into_iter().map(|(_, found)| found).collect())
        })
    }

    fn list<'a>(&'a self, kind: &'a str) -> Asked<'a, Vec<Found>> {
        Box::pin(async move {
            let cloud = self.cloud();
            let objects = cloud.objects.iter().filter(|(_, object)| object.kind == kind && !object.leaving);
            Ok(objects.map(|(id, object)| found(&Id::new(id.clone()), object)).collect())
        })
    }

    fn create<'a>(&'a self, kind: &'a str, inputs: &'a Document, owner: &'a Owner) -> Asked<'a, Id> {
        Box::pin(async move {
            let mut carried = inputs.clone();
            carried.remove("note");
            let object =
                Object { key: key(kind, inputs, owner), inputs: carried, ..tagged(constant(kind), owner) };
            Ok(Id::new(self.call(|cloud| cloud.create(object)).await?))
        })
    }

    fn update<'a>(&'a self, _: &'a str, inputs: &'a Document, change: ChangeDocument<'a>) -> Asked<'a, ()> {
        Box::pin(async move {
            let sent: BTreeSet<&String> = change.fields.iter().collect();
            let fields: Document = inputs
                .iter()
                .filter(|(name, _)| sent.contains(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            Ok(self.call(|cloud| cloud.update(change.id.as_str(), fields)).await?)
        })
    }

    fn delete<'a>(&'a self, _: &'a str, deletion: Deletion<'a>) -> Asked<'a, ()> {
        Box::pin(async move { Ok(self.call(|cloud| cloud.delete(deletion.id.as_str())).await?) })
    }

    fn claim<'a>(&'a self, kind: &'a str, id: &'a Id, owner: &'a Owner) -> Asked<'a, ()> {
        let tags = tagged(constant(kind), owner);
        Box::pin(async move { Ok(self.call(|cloud| cloud.claim(id.as_str(), &tags)).await?) })
    }

    fn named<'a>(&'a self, kind: &'a str, text: &'a str) -> Asked<'a, Option<Named>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let cloud = self.cloud();
            let object = cloud.objects.get(text).filter(|object| object.kind == kind);
            Ok(object.map(|object| found(&Id::new(text), object).into()))
        })
    }

    fn ownership<'a>(&'a self, _: &'a str, _: &'a Id, _: &'a Document) -> Asked<'a, Ownership> {
        Box::pin(std::future::ready(Ok(Ownership::Inherited)))
    }
}
