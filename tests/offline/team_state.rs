//! The state in a bucket: shared, locked, taken over, and under every fault of every request.

mod bucket;
mod faults;
mod locking;

use std::time::Duration;

use bucket::Bucket;
use provision::aws::state_s3::{S3Place, S3State};
use provision::engine::address::Address;
use provision::engine::document::Document;
use provision::engine::resource::Id;
use provision::engine::state::{Edit, Record, State, StateError, Store, Writer};

const KEY: &str = "gitlab.json";
const LEASE: Duration = Duration::from_secs(90);

/// The bucket's state as one of the team sees it.
fn store(bucket: &Bucket) -> Store {
    let place: S3Place = format!("s3://our-states/{KEY}").parse().expect("a place");
    Store::new(S3State::new(&place, &bucket.aws(), LEASE))
}

fn fresh() -> State {
    State::new("gitlab", "lineage-1".to_owned(), "123456789012", "eu-west-1")
}

async fn open(store: &Store, timeout: Duration) -> Result<Writer, StateError> {
    store.open("apply", timeout, fresh).await
}

fn at(name: &str) -> Address {
    Address::new("aws_security_group", name)
}

fn put(name: &str) -> Edit {
    Edit::Put { address: at(name), record: Record::watched(Id::new("sg-1"), Document::new()) }
}

/// Opens the state, records one resource, and closes it again.
async fn record(store: &Store, name: &str) -> Result<State, StateError> {
    let mut writer = open(store, Duration::ZERO).await?;
    writer.edit(put(name));
    writer.commit().await?;
    writer.close().await
}

/// The names that the state in the bucket records.
async fn names(store: &Store) -> Vec<String> {
    let state = store.read().await.expect("the state can be read").expect("there is one");
    state.resources.keys().map(|address| address.name().to_owned()).collect()
}
