//! One object of a bucket: read, and replaced only where it is still what was seen.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use tokio::time::{Instant, sleep};

use super::{Encryption, S3Place};
use crate::aws::{S3Clients, absent_is_none, aws_error};
use crate::engine::call::{Call, Check, Grant};
use crate::engine::cloud::{CloudError, Outcome};
use crate::engine::file::LARGEST;
use crate::engine::retry::Pauses;
use crate::engine::state::Damage;
use crate::engine::state::Shared;
use crate::engine::state::StateError;

/// An object, and how to speak to its bucket.
#[derive(Clone, Debug)]
pub(super) struct Object {
    place: S3Place,
    clients: Arc<Mutex<S3Clients>>,
    encryption: Encryption,
}

const OBJECTS: &[Grant] = &[Grant::on(&["s3:{bucket}/{key}", "s3:{bucket}/{key}.backup"])];
/// S3 says "forbidden" of an object that is not there to a caller that may not list its bucket.
pub(super) const GET: Call = Call::new("s3:GetObject", OBJECTS).checked(&[Check::new(
    "s3:ListBucket",
    Grant::on(&["s3:{bucket}"]),
    "Amazon S3 API reference, GetObject: permissions",
)]);
pub(super) const PUT: Call = Call::new("s3:PutObject", OBJECTS);

/// The time for attempts at a write whose outcome is not known.
const BUDGET: Duration = Duration::from_secs(45);
/// The number of tries for an answer that cannot be used, before it is taken for what is there.
const READS: usize = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An ETag that no content has: the ones of S3 are digests, and this is none of anything.
const NO_ETAG: &str = "\"00000000000000000000000000000000\"";

/// The one that repeats a write on faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempts {
    /// The caller, who looks first what came of the last one.
    One,
    /// The SDK.
    Repeated,
}

/// The mark by which S3 knows a content, and the content.
pub(super) type Seen = (String, Shared);

/// Why an attempt to read gave nothing.
enum Unread {
    Aws(CloudError),
    Damaged(Damage),
}

impl Object {
    pub(super) fn new(place: S3Place, clients: S3Clients, encryption: Encryption) -> Self {
        Self { place, clients: Arc::new(Mutex::new(clients)), encryption }
    }

    /// The object whose key has this ending besides.
    pub(super) fn sibling(&self, ending: &str) -> Self {
        let S3Place { bucket, key } = &self.place;
        let place = S3Place { bucket: bucket.clone(), key: format!("{key}{ending}") };
        Self { place, clients: self.clients.clone(), encryption: self.encryption.clone() }
    }

    pub(super) fn place(&self) -> &S3Place {
        &self.place
    }

    /// The object that is there; `None` if S3 says that there is nothing.
    pub(super) async fn get(&self) -> Result<Option<Seen>, StateError> {
        let mut pauses = Pauses::new(FIRST_PAUSE, LONGEST_PAUSE);
        for attempt in 1.. {
            match self.get_once().await {
                Ok(seen) => return Ok(seen),
                // The client has asked again where that helps, and a place that is not reached stays so.
                Err(Unread::Aws(error))
                    if attempt >= READS || error.outcome != Outcome::Unknown || error.is_unreached() =>
                {
                    return Err(self.failed("read", error));
                }
                Err(Unread::Damaged(source)) if attempt >= READS => {
                    let place = self.place.to_string();
                    return Err(StateError::Damaged { place, backup: None, source });
                }
                // A body that broke off, or that some gateway put in the place of the answer.
                Err(_) => sleep(pauses.next_pause()).await,
            }
        }
        unreachable!("the last attempt returns")
    }

    async fn get_once(&self) -> Result<Option<Seen>, Unread> {
        let request = || self.clients().read.get_object().bucket(&self.place.bucket).key(&self.place.key);
        let mut answer = request().send().await;
        if answer.as_ref().is_err_and(|error| self.follow(error)) {
            answer = request().send().await;
        }
        let found = absent_is_none(answer.map_err(aws_error(GET))).map_err(Unread::Aws)?;
        let Some(object) = found else { return Ok(None) };
        let unusable = |message: &str| Unread::Aws(CloudError::bad_response(GET, message));
        if object.content_length().is_some_and(|length| length.unsigned_abs() > LARGEST) {
            return Err(Unread::Aws(CloudError::refused(
                GET,
                "TooLarge",
                "no state is as large as this object",
            )));
        }
        let etag = object.e_tag.clone().ok_or_else(|| unusable("the answer has no ETag"))?;
        let body = object.body.collect().await.map_err(|_| unusable("the answer broke off"))?;
        let shared = Shared::decode(&body.into_bytes()).map_err(Unread::Damaged)?;
        Ok(Some((etag, shared)))
    }

    /// The ETag of what is there.
    pub(super) async fn etag(&self) -> Result<Option<String>, StateError> {
        let S3Place { bucket, key } = &self.place;
        let answer = self.clients().read.get_object().bucket(bucket).key(key).range("bytes=0-0").send().await;
        let found = absent_is_none(answer.map_err(aws_error(GET)));
        let found = found.map_err(|error| self.failed("read", error))?;
        Ok(found.map(|object| object.e_tag.unwrap_or_default()))
    }

    /// Replaces any object that is there. The write has a condition all the same: there are buckets whose policy takes no other
    /// ("Enforce conditional writes on Amazon S3 buckets", Amazon S3 User Guide).
    pub(super) async fn overwrite(&self, body: Vec<u8>) -> Result<(), StateError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let seen = self.etag().await?;
            match self.put_once(Attempts::Repeated, seen.as_deref(), body.clone()).await {
                Ok(_) => return Ok(()),
                // Its own first attempt, whose answer was lost, or a write between the look and this one.
                Err(error) if attempts < READS && error.outcome != Outcome::Refused => {}
                Err(error) => return Err(self.failed("write", error)),
            }
        }
    }

    /// Proves that the store keeps the conditions of writes, by one that it must refuse. There are stores that ignore them
    /// (minio/minio#19442), and on those a lock locks no one out. `written` is what this run has just written, and is written
    /// again by a store that does not refuse, so that nothing is lost even there. An object that is `new` was made under the
    /// other one of the two conditions, which is proved too.
    ///
    /// # Errors
    /// [`StateError::Unconditional`] when the store has written, [`StateError::Vanished`] when the object is gone, and
    /// [`StateError::S3`] when it gives no answer.
    pub(super) async fn prove(&self, written: &[u8], new: bool) -> Result<(), StateError> {
        self.prove_refused(Some(NO_ETAG), written).await?;
        if new { self.prove_refused(None, written).await } else { Ok(()) }
    }

    async fn prove_refused(&self, held: Option<&str>, written: &[u8]) -> Result<(), StateError> {
        let mut pauses = Pauses::new(FIRST_PAUSE, LONGEST_PAUSE);
        let deadline = Instant::now() + BUDGET;
        loop {
            let error = match self.put_once(Attempts::One, held, written.to_vec()).await {
                Ok(_) => return Err(StateError::Unconditional { place: self.place.to_string() }),
                Err(error) => error,
            };
            let pause = pauses.next_pause();
            match error.outcome {
                Outcome::Exists => return Ok(()),
                Outcome::NotFound => return Err(StateError::Vanished { place: self.place.to_string() }),
                Outcome::Refused => return Err(self.failed("write", error)),
                _ if Instant::now() + pause > deadline => return Err(self.failed("write", error)),
                _ => sleep(pause).await,
            }
        }
    }

    /// Replaces what is there by `next`, if it is still what `held` marks (nothing, if that is `None`). An answer that was
    /// lost is looked into. Returns the new ETag, and the bytes that were written. `holder` is the run that has the lock: what it wrote before in vain is no one else's.
    ///
    /// # Errors
    /// [`StateError::LockLost`] when another run wrote, [`StateError::Vanished`] when the object is gone, and [`StateError::S3`]
    /// when S3 refuses, or when the outcome is not known.
    pub(super) async fn swap(
        &self,
        held: Option<&str>,
        mut next: Shared,
        holder: &str,
    ) -> Result<(String, Vec<u8>), StateError> {
        next.write_id = uuid::Uuid::new_v4().to_string();
        let body = next.encode();
        let mut held = held.map(str::to_owned);
        let mut pauses = Pauses::new(FIRST_PAUSE, LONGEST_PAUSE);
        let deadline = Instant::now() + BUDGET;
        loop {
            let error = match self.put_once(Attempts::One, held.as_deref(), body.clone()).await {
                Ok(etag) => return Ok((etag, body)),
                Err(error) => error,
            };
            match error.outcome {
                Outcome::Refused => return Err(self.failed("write", error)),
                Outcome::NotFound => return Err(StateError::Vanished { place: self.place.to_string() }),
                _ => {}
            }
            tracing::info!(code = error.code, "looking what came of a write of the state");
            match self.get().await? {
                Some((etag, seen)) if seen.write_id == next.write_id => return Ok((etag, body)),
                Some((etag, _)) if held.as_ref() == Some(&etag) => {}
                Some((etag, seen)) => match seen.lease.map(|lease| lease.holder) {
                    Some(other) if other.id == holder => held = Some(etag),
                    other => {
                        return Err(StateError::LockLost { place: self.place.to_string(), holder: other });
                    }
                },
                // Not there yet; or gone, which the next attempt is told.
                None => {}
            }
            let pause = pauses.next_pause();
            if Instant::now() + pause > deadline {
                return Err(self.failed("write", error));
            }
            sleep(pause).await;
        }
    }

    async fn put_once(
        &self,
        attempts: Attempts,
        held: Option<&str>,
        body: Vec<u8>,
    ) -> Result<String, CloudError> {
        let S3Clients { read, write } = self.clients();
        let client = match attempts {
            Attempts::One => write,
            Attempts::Repeated => read,
        };
        let put = client.put_object().bucket(&self.place.bucket).key(&self.place.key);
        let put = match held {
            Some(etag) => put.if_match(etag),
            None => put.if_none_match("*"),
        };
        let Encryption { algorithm, key } = self.encryption.clone();
        let put = put.set_server_side_encryption(algorithm.as_deref().map(Into::into)).set_ssekms_key_id(key);
        let answer = put.content_type(JSON).body(body.into()).send().await.map_err(aws_error(PUT))?;
        answer.e_tag.ok_or_else(|| CloudError::bad_response(PUT, "the answer has no ETag"))
    }

    fn failed(&self, action: &'static str, source: CloudError) -> StateError {
        StateError::S3 { action, place: self.place.to_string(), source }
    }

    fn clients(&self) -> S3Clients {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes to the region that S3 names, if the bucket is in another one.
    fn follow<E>(&self, error: &SdkError<E, HttpResponse>) -> bool {
        let region = error.raw_response().and_then(|answer| answer.headers().get("x-amz-bucket-region"));
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let here = clients.read.config().region().map(Region::as_ref);
        let Some(region) = region.filter(|region| here != Some(*region)) else { return false };
        let moved = |client: &Client| {
            let config = client.config().to_builder().region(Region::new(region.to_owned()));
            Client::from_conf(config.build())
        };
        let there = S3Clients { read: moved(&clients.read), write: moved(&clients.write) };
        *clients = there;
        true
    }
}

const JSON: &str = "application/json";
