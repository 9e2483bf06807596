//! A cloud in memory that is as strict as AWS: objects in use cannot be deleted, names are unique, work takes time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt;
use provision::engine::cloud::{CloudError, Outcome};
use provision::engine::document::Document;
use provision::engine::resource::{Deletion, Status};
use serde_json::Value;
use tokio::sync::Notify;

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    pub kind: &'static str,
    /// The key that makes it unique among its kind.
    pub key: String,
    pub inputs: Document,
    pub stack: String,
    pub address: String,
    pub lineage: Option<String>,
    pub cluster: Option<String>,
    /// For how many looks it is still at work.
    pub busy: u32,
    pub leaving: bool,
    /// A status in which it stays.
    pub stuck: Option<&'static Status>,
}

/// The fault of a call, which happens instead of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused, with nothing done.
    Refuse,
    Throttle,
    /// Carried out, and the answer lost.
    LoseAnswer,
    /// Not carried out, and no answer either.
    LoseRequest,
    /// Carried out, and the answer never comes.
    Hang,
}

#[derive(Default)]
pub struct Cloud {
    pub objects: BTreeMap<String, Object>,
    /// `create fake_group.a`, in the order in which calls took effect.
    pub log: Vec<String>,
    /// The objects made and deleted, by id: `(true, id)` for one that was made.
    pub deeds: Vec<(bool, String)>,
    /// The deletions that were refused, since something used the object.
    pub refused_deletions: Vec<String>,
    /// Reads, by kind.
    pub looks: BTreeMap<&'static str, u32>,
    /// For how many searches each object that was deleted is still found, by its id.
    pub still_found: u32,
    ghosts: BTreeMap<String, (Object, u32)>,
    /// For how many looks a new, changed or deleted object is at work.
    pub slowness: u32,
    /// One for each mutating call to come; none means that it works.
    pub faults: VecDeque<Option<Fault>>,
    /// The addresses that one look to come will not see, though they are there.
    pub unseen: BTreeSet<String>,
    /// The statuses that new objects come to, by address.
    pub stuck: BTreeMap<String, &'static Status>,
    /// The addresses whose next create is refused.
    pub refused: BTreeSet<String>,
    /// The number of calls that use an object, or change it, are still told that it is not there, by its address.
    pub not_known_yet: BTreeMap<String, u32>,
    /// The number of moments that the program still has to live; a mutating call has one before and one after its effect.
    pub fuse: Option<u32>,
    pub calls_under_way: usize,
    pub most_calls_under_way: usize,
    next_id: u32,
}

/// The cloud as kinds and tests share it.
#[derive(Clone, Default)]
pub struct Shared {
    cloud: Arc<Mutex<Cloud>>,
    died: Arc<Notify>,
}

impl Shared {
    /// The cloud; to be let go before anything is waited for.
    pub fn cloud(&self) -> MutexGuard<'_, Cloud> {
        self.cloud.lock().expect("no test panics while it holds the cloud")
    }

    /// Waits until the fuse has burnt down.
    pub async fn died(&self) {
        self.died.notified().await;
    }

    /// Forgets that an earlier run died: of several calls that met the end of the fuse, each has said so.
    pub fn revive(&self) {
        let _ = self.died.notified().now_or_never();
    }

    /// A moment at which the program may be killed: if so, this never returns.
    async fn moment(&self) {
        let dead = {
            let mut cloud = self.cloud();
            match &mut cloud.fuse {
                Some(0) => true,
                Some(left) => {
                    *left -= 1;
                    false
                }
                None => false,
            }
        };
        if dead {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
    }

    /// A mutating call: may be killed before and after, may be hit by a fault.
    pub async fn call<T>(
        &self,
        act: impl FnOnce(&mut Cloud) -> Result<T, CloudError>,
    ) -> Result<T, CloudError> {
        self.moment().await;
        let fault = {
            let mut cloud = self.cloud();
            cloud.calls_under_way += 1;
            cloud.most_calls_under_way = cloud.most_calls_under_way.max(cloud.calls_under_way);
            cloud.faults.pop_front().flatten()
        };
        tokio::task::yield_now().await;
        let result = match fault {
            Some(Fault::Refuse) => Err(error("Invalid", Outcome::Refused)),
            Some(Fault::Throttle) => Err(error("Throttling", Outcome::Throttled)),
            Some(Fault::LoseRequest) => Err(error("Unreachable", Outcome::Unknown)),
            Some(Fault::LoseAnswer) => {
                let _ = act(&mut self.cloud());
                Err(error("Unreachable", Outcome::Unknown))
            }
            Some(Fault::Hang) => {
                let _ = act(&mut self.cloud());
                std::future::pending().await
            }
            None => act(&mut self.cloud()),
        };
        self.cloud().calls_under_way -= 1;
        self.moment().await;
        result
    }
}

pub fn error(code: &str, outcome: Outcome) -> CloudError {
    CloudError {
        operation: "fake:Call",
        code: code.to_owned(),
        message: format!("the cloud says {code}"),
        request_id: Some("r-1".to_owned()),
        outcome,
    }
}

impl Cloud {
    pub fn create(&mut self, object: Object) -> Result<String, CloudError> {
        if self.refused.remove(&object.address) {
            return Err(error("Invalid", Outcome::Refused));
        }
        let same_key = |other: &Object| other.kind == object.kind && other.key == object.key;
        if self.objects.values().any(same_key) {
            return Err(error("AlreadyExists", Outcome::Exists));
        }
        for id in used_ids(&object.inputs) {
            self.is_known(&id)?;
            match self.objects.get(&id) {
                None => return Err(error("MissingReference", Outcome::Refused)),
                Some(other) if other.busy > 0 || other.leaving || other.stuck.is_some() => {
                    return Err(error("NotReady", Outcome::Refused));
                }
                Some(_) => {}
            }
        }
        self.next_id += 1;
        let id = format!("{}-{}", object.kind, self.next_id);
        self.log.push(format!("create {}", object.address));
        self.deeds.push((true, id.clone()));
        let stuck = self.stuck.get(&object.address).copied();
        self.objects.insert(id.clone(), Object { busy: self.slowness, stuck, ..object });
        Ok(id)
    }

    /// Refuses a call on an object that not every server knows yet.
    fn is_known(&mut self, id: &str) -> Result<(), CloudError> {
        let address = self.objects.get(id).map(|object| object.address.clone()).unwrap_or_default();
        match self.not_known_yet.get_mut(&address) {
            Some(left) if *left > 0 => {
                *left -= 1;
                let message = format!("the object '{id}' does not exist");
                Err(CloudError { message, ..error("NotFound", Outcome::NotFound) })
            }
            _ => Ok(()),
        }
    }

    pub fn update(&mut self, id: &str, fields: Document) -> Result<(), CloudError> {
        for used in used_ids(&fields) {
            if !self.objects.contains_key(&used) {
                return Err(error("MissingReference", Outcome::Refused));
            }
        }
        let slowness = self.slowness;
        self.is_known(id)?;
        let object = self.objects.get_mut(id).ok_or_else(|| error("NotFound", Outcome::NotFound))?;
        if object
            .stuck
            .is_some_and(|row| fields.keys().any(|field| !in_the_record_alone(field) && !row.takes(field)))
        {
            return Err(error("InvalidState", Outcome::Busy));
        }
        object.inputs.extend(fields);
        object.busy = slowness;
        self.log.push(format!("update {}", object.address));
        Ok(())
    }

    /// Writes the ownership tags, and nothing else.
    pub fn claim(&mut self, id: &str, tags: &Object) -> Result<(), CloudError> {
        let object = self.objects.get_mut(id).ok_or_else(|| error("NotFound", Outcome::NotFound))?;
        object.stack.clone_from(&tags.stack);
        object.address.clone_from(&tags.address);
        object.lineage.clone_from(&tags.lineage);
        object.cluster.clone_from(&tags.cluster);
        self.log.push(format!("claim {}", object.address));
        Ok(())
    }

    pub fn delete(&mut self, id: &str) -> Result<(), CloudError> {
        if self.objects.values().any(|other| used_ids(&other.inputs).contains(&id.to_owned())) {
            self.refused_deletions.push(id.to_owned());
            return Err(error("DependencyViolation", Outcome::Busy));
        }
        let slowness = self.slowness;
        let Some(object) = self.objects.get_mut(id) else {
            self.deeds.push((false, id.to_owned()));
            return Ok(());
        };
        if object.stuck.is_some_and(|row| row.deletion == Deletion::Refused) {
            return Err(error("InvalidState", Outcome::Busy));
        }
        self.deeds.push((false, id.to_owned()));
        if !object.leaving {
            object.leaving = true;
            object.busy = slowness;
            self.log.push(format!("delete {}", object.address));
        }
        if slowness == 0 {
            self.remove(id);
        }
        Ok(())
    }

    /// An object as one look sees it; each look brings its work forward by one.
    pub fn look(&mut self, id: &str) -> Option<Object> {
        let object = self.objects.get_mut(id)?;
        if self.unseen.remove(&object.address) {
            return None;
        }
        let seen = object.clone();
        if object.busy > 0 {
            object.busy -= 1;
        } else if object.leaving {
            self.remove(id);
            return None;
        }
        Some(seen)
    }

    fn remove(&mut self, id: &str) {
        if let Some(object) = self.objects.remove(id) {
            self.ghosts
                .insert(id.to_owned(), (Object { leaving: false, busy: 0, ..object }, self.still_found));
        }
    }

    /// All that one search finds: what is there, and what was deleted a moment ago.
    pub fn search(&mut self) -> BTreeMap<String, Object> {
        let mut found = self.objects.clone();
        for (id, (object, left)) in &mut self.ghosts {
            if *left > 0 {
                *left -= 1;
                found.insert(id.clone(), object.clone());
            }
        }
        found
    }
}

/// A field that no cloud knows of.
fn in_the_record_alone(field: &str) -> bool {
    matches!(field, "deletion_protection" | "apply_immediately")
}

/// The ids of other objects that an object holds on to.
fn used_ids(inputs: &Document) -> Vec<String> {
    let lists = inputs.get("uses").and_then(Value::as_array).into_iter().flatten();
    lists.chain(inputs.get("parent")).filter_map(Value::as_str).map(str::to_owned).collect()
}
