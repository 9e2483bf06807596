//! The lock: who may write when, its renewal, its end, and what becomes of a run that has lost it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use provision::aws::state_s3::{Encryption, S3Place, S3State};
use provision::engine::state::{Backend, Holder, StateError, Store};
use tokio::time::{advance, sleep};

use crate::team_state::bucket::Bucket;
use crate::team_state::{KEY, LEASE, at, names, open, put, record, store};

#[tokio::test(start_paused = true)]
async fn what_one_writes_the_others_read() {
    let bucket = Bucket::default();
    let (ours, theirs) = (store(&bucket), store(&bucket));
    assert_eq!(theirs.read().await.expect("nothing yet"), None);
    let written = record(&ours, "a").await.expect("nobody else writes");
    assert_eq!(theirs.read().await.expect("a state"), Some(written));
    record(&theirs, "b").await.expect("the lock was given back");
    assert_eq!(names(&ours).await, ["a", "b"]);
    let backup = bucket.content(&format!("{KEY}.backup")).expect("the version before is kept");
    assert!(String::from_utf8_lossy(&backup).contains("aws_security_group.a"));
    assert!(!String::from_utf8_lossy(&backup).contains("aws_security_group.b"));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_changes_nothing_leaves_no_state_behind() {
    let bucket = Bucket::default();
    let ours = store(&bucket);
    open(&ours, Duration::ZERO).await.expect("nobody else writes").abandon().await;
    assert_eq!(ours.read().await.expect("there is no state"), None);
    open(&ours, Duration::ZERO).await.expect("the lock was given back");
}

#[tokio::test(start_paused = true)]
async fn of_many_at_once_one_gets_the_lock_and_the_others_are_told_who() {
    for count in [2, 8, 32] {
        let bucket = Bucket::default();
        let stores: Vec<Store> = (0..count).map(|_| store(&bucket)).collect();
        let opened =
            futures_util::future::join_all(stores.iter().map(|store| open(store, Duration::ZERO))).await;
        let (winners, losers): (Vec<_>, Vec<_>) = opened.into_iter().partition(Result::is_ok);
        assert_eq!(winners.len(), 1, "of {count}");
        for loser in losers {
            let error = loser.expect_err("it has no lock");
            assert!(matches!(&error, StateError::Locked { holder: Some(_), .. }), "{error}");
            assert!(error.to_string().contains("`apply`"), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_gets_the_lock_in_turn_and_nothing_is_lost() {
    let bucket = Bucket::default();
    let work = |n: usize| {
        let store = store(&bucket);
        async move {
            let mut writer = open(&store, Duration::from_secs(3600)).await.expect("its turn comes");
            writer.edit(put(&format!("g{n:02}")));
            writer.commit().await.expect("it holds the lock");
            sleep(Duration::from_secs(5)).await;
            writer.close().await.expect("it holds the lock");
        }
    };
    futures_util::future::join_all((0..16).map(work)).await;
    let expected: Vec<String> = (0..16).map(|n| format!("g{n:02}")).collect();
    assert_eq!(names(&store(&bucket)).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_renewed_as_long_as_its_run_lives() {
    let bucket = Bucket::default();
    let (ours, theirs) = (store(&bucket), store(&bucket));
    let mut writer = open(&ours, Duration::ZERO).await.expect("nobody else writes");
    // Far longer than a lock lasts that is not renewed.
    let waited = open(&theirs, LEASE * 10).await.expect_err("the lock is renewed");
    assert!(matches!(waited, StateError::Locked { .. }), "{waited}");
    writer.edit(put("a"));
    writer.close().await.expect("it still holds the lock");
}

#[tokio::test(start_paused = true)]
async fn the_lock_of_a_dead_run_is_taken_over_when_it_has_run_out_and_not_before() {
    let bucket = Bucket::default();
    let (ours, theirs) = (store(&bucket), store(&bucket));
    let mut writer = open(&ours, Duration::ZERO).await.expect("nobody else writes");
    writer.edit(put("begun"));
    writer.commit().await.expect("it holds the lock");
    // Dropped, as if the process had died: the lock is not given back.
    drop(writer);
    let early = open(&theirs, LEASE / 2).await.expect_err("it may still be alive");
    assert!(matches!(early, StateError::Locked { .. }), "{early}");
    let started = tokio::time::Instant::now();
    let taken = open(&theirs, LEASE * 2).await.expect("it is dead");
    assert!(started.elapsed() >= LEASE, "judged on the own clock, from the first look on");
    assert_eq!(taken.relieved().map(|holder| holder.command.as_str()), Some("apply"));
    assert!(taken.state().resources.contains_key(&at("begun")), "what it had begun is looked at");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_slept_past_its_lock_is_told_and_writes_nothing_more() {
    let bucket = Bucket::default();
    let (ours, theirs) = (store(&bucket), store(&bucket));
    let mut sleeper = open(&ours, Duration::ZERO).await.expect("nobody else writes");
    sleeper.edit(put("a"));
    sleeper.commit().await.expect("it holds the lock");
    bucket.cut_off(true);
    advance(LEASE).await;
    bucket.cut_off(false);
    // As a person would who has watched for long enough.
    let id = holder_of(&bucket);
    theirs.unlock(&id).await.expect("it is the right one");
    let mut other = open(&theirs, Duration::ZERO).await.expect("nobody holds it");
    sleeper.edit(put("too-late"));
    let error = sleeper.commit().await.expect_err("the lock is somebody else's");
    assert!(matches!(&error, StateError::LockLost { holder: Some(_), .. }), "{error}");
    assert!(matches!(sleeper.lost().await, StateError::LockLost { .. }));
    sleeper.abandon().await;
    other.edit(put("b"));
    other.close().await.expect("it holds the lock");
    assert_eq!(names(&theirs).await, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_for_aws_notices_that_its_lock_is_gone() {
    let bucket = Bucket::default();
    let (ours, theirs) = (store(&bucket), store(&bucket));
    let waiting = open(&ours, Duration::ZERO).await.expect("nobody else writes");
    theirs.unlock(&holder_of(&bucket)).await.expect("it is the right one");
    let _other = open(&theirs, Duration::ZERO).await.expect("nobody holds it");
    let lost = tokio::time::timeout(LEASE, waiting.lost()).await.expect("the renewal is refused");
    assert!(matches!(&lost, StateError::LockLost { holder: Some(_), .. }), "{lost}");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_deleted_under_a_run_is_not_made_again() {
    let bucket = Bucket::default();
    let ours = store(&bucket);
    record(&ours, "a").await.expect("nobody else writes");
    let mut writer = open(&ours, Duration::ZERO).await.expect("nobody else writes");
    bucket.delete(KEY);
    writer.edit(put("b"));
    let error = writer.commit().await.expect_err("it is gone");
    assert!(matches!(error, StateError::Vanished { .. }), "{error}");
    writer.abandon().await;
    assert_eq!(bucket.content(KEY), None);
    let error = ours.read().await.expect_err("its backup says that there was one");
    assert!(matches!(error, StateError::Damaged { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn only_the_lock_that_is_named_is_taken_away() {
    let bucket = Bucket::default();
    let ours = store(&bucket);
    let writer = open(&ours, Duration::ZERO).await.expect("nobody else writes");
    assert!(matches!(ours.unlock("another").await, Err(StateError::Locked { .. })));
    drop(writer);
    ours.unlock(&holder_of(&bucket)).await.expect("it is the right one");
    record(&ours, "a").await.expect("nobody holds it");
}

#[tokio::test(start_paused = true)]
async fn a_state_copied_from_a_file_is_taken_and_one_that_is_damaged_refused() {
    let bucket = Bucket::default();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gitlab.json");
    record(&Store::local(path.clone()), "a").await.expect("a file");
    let content = std::fs::read(&path).expect("it was written");
    bucket.put(KEY, content.clone());
    let ours = store(&bucket);
    assert_eq!(names(&ours).await, ["a"]);
    record(&ours, "b").await.expect("nobody holds it");
    assert_eq!(names(&ours).await, ["a", "b"]);
    for damaged in [Vec::new(), content[..content.len() / 2].to_vec(), b"{}".to_vec()] {
        bucket.put(KEY, damaged);
        let error = ours.read().await.expect_err("it is no state");
        assert!(matches!(error, StateError::Damaged { .. }), "{error}");
        assert!(open(&ours, Duration::ZERO).await.is_err(), "nor can it be locked");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_ignores_conditions_is_refused_before_anything_and_its_state_stays() {
    const BOTH: &[&str] = &["if-match", "if-none-match"];
    for ignored in [BOTH, &["if-match"], &["if-none-match"]] {
        for has_state in [false, true] {
            let bucket = Bucket::ignoring(ignored);
            if has_state {
                let folder = tempfile::tempdir().expect("a folder");
                let path = folder.path().join("gitlab.json");
                record(&Store::local(path.clone()), "a").await.expect("a file");
                bucket.put(KEY, std::fs::read(&path).expect("it was written"));
            }
            let ours = store(&bucket);
            let opened = open(&ours, Duration::ZERO).await;
            // An object that was there before is changed with If-Match alone.
            if has_state && ignored == ["if-none-match"] {
                opened.expect("the condition that counts is kept").abandon().await;
            } else {
                let error = opened.expect_err("two runs could hold the lock");
                assert!(matches!(&error, StateError::Unconditional { .. }), "{ignored:?}: {error}");
            }
            let content = bucket.content(KEY).expect("an object");
            assert!(!String::from_utf8_lossy(&content).contains("\"lease\""), "the lock is given back");
            match ours.read().await.expect("it is whole") {
                Some(state) => assert!(has_state && state.resources.contains_key(&at("a"))),
                None => assert!(!has_state, "{ignored:?}: the state is lost"),
            }
            assert_eq!(bucket.content(&format!("{KEY}.backup")), None, "nothing was begun");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_proof_costs_one_request_a_lock_and_two_for_a_new_object() {
    let bucket = Bucket::default();
    for expected in [2, 1] {
        let before = bucket.requests();
        let writer = open(&store(&bucket), Duration::ZERO).await.expect("nobody else writes");
        let writes = bucket.asked().split_off(before).into_iter().filter(|asked| asked.starts_with("PUT"));
        assert_eq!(writes.count(), 1 + expected);
        writer.abandon().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_in_another_region_is_found() {
    let bucket = Bucket::default();
    bucket.move_to("us-east-2");
    let ours = store(&bucket);
    record(&ours, "a").await.expect("the region is followed");
    assert_eq!(names(&ours).await, ["a"]);
}

#[tokio::test(start_paused = true)]
async fn every_write_has_the_encryption_and_the_condition_that_a_bucket_demands() {
    const KEY_OF_THE_TEAM: &str = "alias/states";
    let demanded = &[
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-server-side-encryption-aws-kms-key-id", KEY_OF_THE_TEAM),
    ];
    let bucket = Bucket::demanding(demanded);
    record(&store(&bucket), "a").await.expect_err("the bucket's policy refuses it");
    let (place, aws) = (format!("s3://our-states/{KEY}").parse().expect("a place"), bucket.aws());
    let key = Some(KEY_OF_THE_TEAM.to_owned());
    let encryption = Encryption { algorithm: Some("aws:kms".to_owned()), key };
    let ours = Store::new(S3State::of(&place, (&aws, &aws), LEASE, encryption));
    // The second run keeps the state of the first one as a backup.
    for name in ["a", "b"] {
        record(&ours, name).await.expect("it has all that is demanded");
    }
    assert_eq!(names(&ours).await, ["a", "b"]);
    assert!(bucket.content(&format!("{KEY}.backup")).is_some());
}

/// The clients of the lock are those of the bucket's account, and the gate is before the calls of the stack's.
#[tokio::test(start_paused = true)]
async fn a_state_in_another_account_is_kept_by_the_identity_that_is_named_for_it() {
    let (theirs, bucket) = (Bucket::default(), Bucket::default());
    let place = format!("s3://our-states/{KEY}").parse().expect("a place");
    let (keeper, aws) = (bucket.aws(), theirs.aws());
    let ours = Store::new(S3State::of(&place, (&keeper, &aws), LEASE, Encryption::default()));
    let writer = open(&ours, Duration::ZERO).await.expect("nobody else writes");
    assert!(theirs.asked().is_empty() && bucket.content(KEY).is_some());
    // The gate is before the calls of the stack's own identity.
    bucket.cut_off(true);
    sleep(LEASE - Duration::from_secs(30)).await;
    let call = provision::engine::call::Call::free("rds:DeleteDBSubnetGroup");
    let sent = aws.write.rds.delete_db_subnet_group().db_subnet_group_name("x").send().await;
    let shut = provision::aws::aws_error(call)(sent.expect_err("the gate is shut"));
    assert_eq!((shut.code.as_str(), theirs.requests()), ("LockNotRenewed", 0));
    writer.abandon().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_let_through_when_a_lock_may_have_run_out() {
    let bucket = Bucket::default();
    let aws = bucket.aws();
    let place = format!("s3://our-states/{KEY}").parse().expect("a place");
    let ours = Store::new(provision::aws::state_s3::S3State::new(&place, &aws, LEASE));
    let mut writer = open(&ours, Duration::ZERO).await.expect("nobody else writes");
    let send = || async { aws.write.rds.delete_db_subnet_group().db_subnet_group_name("x").send().await };
    send().await.expect("the gate is open");
    bucket.cut_off(true);
    sleep(LEASE - Duration::from_secs(30)).await;
    let before = bucket.requests();
    let call = provision::engine::call::Call::free("rds:DeleteDBSubnetGroup");
    let shut = provision::aws::aws_error(call)(send().await.expect_err("the gate is shut"));
    assert_eq!((shut.code.as_str(), bucket.requests()), ("LockNotRenewed", before));
    bucket.cut_off(false);
    writer.edit(put("a"));
    writer.commit().await.expect("nobody else has taken it");
    send().await.expect("the gate is open again");
}

/// A process with the name of this one, which ends with its input.
fn another_run(folder: &Path) -> std::process::Child {
    let name = std::fs::read_to_string("/proc/self/comm").expect("the name of this process");
    let program = folder.join(name.trim_end());
    std::fs::copy("/bin/cat", &program).expect("it can be copied");
    Command::new(program).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it can be run")
}

#[tokio::test(start_paused = true)]
async fn the_lock_of_a_run_that_lives_on_this_machine_is_not_taken_away_and_that_of_a_dead_one_is_told() {
    let bucket = Bucket::default();
    let folder = tempfile::tempdir().expect("a folder");
    let place: S3Place = format!("s3://our-states/{KEY}").parse().expect("a place");
    let state = S3State::new(&place, &bucket.aws(), LEASE);
    let mut run = another_run(folder.path());
    let holder = Holder { pid: run.id(), ..Holder::this_run("apply", "somebody") };
    let id = holder.id.clone();
    let locked = state.lock(holder, Duration::ZERO).await.expect("nobody else writes");
    let ours = store(&bucket);
    for refused in [ours.has_a_lock_to_take_away(&id).await.map(drop), ours.unlock(&id).await] {
        let error = refused.expect_err("it lives");
        assert!(matches!(error, StateError::Locked { can_be_taken: false, .. }), "{error:?}");
    }
    let sight = ours.look().await.expect("it can be read");
    assert_eq!((sight.holder.map(|holder| holder.id), sight.left_by), (Some(id.clone()), None));
    run.kill().expect("it can be killed");
    // Until it is waited for, it is still listed.
    let early = ours.look().await.expect("it can be read");
    run.wait().expect("it was killed");
    let sight = ours.look().await.expect("it can be read");
    assert_eq!((sight.holder, sight.left_by.map(|holder| holder.id)), (None, Some(id.clone())));
    assert_eq!(early.left_by.or(early.holder).map(|holder| holder.id), Some(id.clone()));
    assert!(ours.has_a_lock_to_take_away(&id).await.expect("it is dead"));
    ours.unlock(&id).await.expect("it is dead");
    drop(locked);
}

/// The id of the lock that is in the bucket.
fn holder_of(bucket: &Bucket) -> String {
    let content = bucket.content(KEY).expect("there is an object");
    let object: serde_json::Value = serde_json::from_slice(&content).expect("it is JSON");
    object["lease"]["holder"]["id"].as_str().expect("it is locked").to_owned()
}
