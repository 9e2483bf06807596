//! Every fault at every request of a whole run, and what must be true afterwards.

use std::time::Duration;

use provision::engine::state::{StateError, Store};

use crate::team_state::bucket::{Bucket, FAULTS, Fault};
use crate::team_state::{KEY, at, names, open, put, record, store};

/// A run as `apply` has one: open, an intent, a result, close.
async fn run(store: &Store) -> Result<(), StateError> {
    let mut writer = open(store, Duration::ZERO).await?;
    for name in ["intent", "result"] {
        writer.edit(put(name));
        if let Err(error) = writer.commit().await {
            writer.abandon().await;
            return Err(error);
        }
    }
    writer.close().await.map(drop)
}

/// A bucket with a state that no one has locked, or an empty one.
async fn scene(has_state: bool) -> Bucket {
    let bucket = Bucket::default();
    if has_state {
        record(&store(&bucket), "before").await.expect("nothing disturbs it");
    }
    bucket
}

/// True if a run that meets the fault has to end as if nothing had happened.
fn is_harmless(fault: Fault) -> bool {
    !matches!(fault, Fault::Denied | Fault::FalseAbsence)
}

#[tokio::test(start_paused = true)]
async fn every_fault_at_every_request_ends_well_or_is_said_and_nothing_is_lost() {
    let mut cases = 0;
    for has_state in [false, true] {
        let straight = scene(has_state).await;
        let first = straight.requests();
        run(&store(&straight)).await.expect("nothing disturbs it");
        let requests = straight.asked().split_off(first);
        assert!(requests.len() >= 5, "look, lock, two writes, release: {requests:?}");
        for (n, request) in requests.iter().enumerate() {
            for fault in FAULTS.into_iter().filter(|fault| fault.fits(request)) {
                let what = format!("{fault:?} at request {n}, with a state: {has_state}");
                let bucket = scene(has_state).await;
                bucket.fault(bucket.requests() + n, fault);
                let ran = run(&store(&bucket)).await;
                if is_harmless(fault) {
                    ran.unwrap_or_else(|error| panic!("{what}: {error}"));
                } else if let Err(error) = ran {
                    assert!(!error.to_string().is_empty(), "{what}");
                }
                recovers(&bucket, has_state, &what).await;
                cases += 1;
            }
        }
    }
    println!("{cases} cases");
    assert!(cases >= 100, "{cases}");
}

/// The next run gets the lock, at the latest when it has run out, and ends well; what was there before still is.
async fn recovers(bucket: &Bucket, has_state: bool, what: &str) {
    let store = store(bucket);
    let opened = open(&store, crate::team_state::LEASE * 2).await;
    let mut writer = opened.unwrap_or_else(|error| panic!("{what}: the next run: {error}"));
    if has_state {
        assert!(writer.state().resources.contains_key(&at("before")), "{what}");
    }
    for name in ["intent", "result"] {
        writer.edit(put(name));
    }
    writer.close().await.unwrap_or_else(|error| panic!("{what}: the next run: {error}"));
    let expected: &[&str] = if has_state { &["before", "intent", "result"] } else { &["intent", "result"] };
    assert_eq!(names(&store).await, expected, "{what}");
    let object = bucket.content(KEY).expect("there is a state");
    assert!(!String::from_utf8_lossy(&object).contains("\"lease\""), "{what}: the lock was given back");
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_known_to_be_ones_own() {
    let bucket = scene(true).await;
    let store = store(&bucket);
    let mut writer = open(&store, Duration::ZERO).await.expect("nobody else writes");
    writer.edit(put("a"));
    writer.commit().await.expect("it holds the lock");
    for n in 0..3 {
        bucket.fault(bucket.requests(), Fault::LostAnswer);
        writer.edit(put(&format!("lost-{n}")));
        writer.commit().await.expect("looked at, and its own");
    }
    writer.close().await.expect("it holds the lock");
    assert_eq!(names(&store).await, ["a", "before", "lost-0", "lost-1", "lost-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_cannot_be_reached_is_an_error_and_the_lock_runs_out() {
    let bucket = scene(true).await;
    let ours = store(&bucket);
    let mut writer = open(&ours, Duration::ZERO).await.expect("nobody else writes");
    bucket.cut_off(true);
    writer.edit(put("a"));
    let error = writer.commit().await.expect_err("nothing gets through");
    assert!(matches!(error, StateError::S3 { .. }), "{error}");
    writer.edit(put("b"));
    assert!(matches!(writer.commit().await, Err(StateError::Unsaved)), "what is there is not known");
    writer.abandon().await;
    bucket.cut_off(false);
    let next = open(&store(&bucket), crate::team_state::LEASE * 2).await.expect("the lock runs out");
    assert!(next.state().resources.contains_key(&at("before")));
}
