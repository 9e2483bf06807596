//! States in a folder, written, read, renamed and damaged.

use std::os::unix::fs::PermissionsExt;

use super::super::format::Damage;
use super::super::tests::{sample, sample_edits};
use super::super::{Store, Writer};
use super::*;

async fn writer(path: &Path) -> Writer {
    Store::local(path.to_owned()).open("test", Duration::ZERO, sample).await.expect("an unlocked state")
}

/// Writes the sample edits, each durable by itself.
async fn write_all(writer: &mut Writer) {
    for edit in sample_edits() {
        writer.edit(edit);
        writer.commit().await.expect("a durable edit");
    }
}

fn expected() -> State {
    let mut state = sample();
    sample_edits().into_iter().for_each(|edit| state.apply(edit));
    content(state)
}

/// A state without its runs, which are edits too.
fn content(state: State) -> State {
    State { runs: Vec::new(), serial: 0, ..state }
}

#[tokio::test]
async fn what_was_written_is_read_back_with_and_without_folding() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/gitlab.json");
    assert_eq!(read(&path).expect("nothing yet"), None);
    let mut writer = writer(&path).await;
    write_all(&mut writer).await;
    assert_eq!(read(&path).expect("snapshot and journal").map(content), Some(expected()));
    writer.close().await.expect("a snapshot");
    assert!(!sibling(&path, "journal").exists());
    assert_eq!(read(&path).expect("the snapshot").map(content), Some(expected()));
}

#[tokio::test]
async fn a_renamed_state_takes_its_backup_along_whenever_that_was_interrupted() {
    for interrupted in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        for _ in 0..2 {
            let mut writer = writer(&path("old.json")).await;
            write_all(&mut writer).await;
            writer.close().await.expect("a snapshot");
        }
        let before = read(&path("old.json")).expect("a state");
        if interrupted {
            std::fs::rename(path("old.json"), path("new.json")).expect("it is there");
        }
        relocate(&path("old.json"), &path("new.json"), Duration::ZERO).await.expect("it is free");
        assert_eq!(read(&path("new.json")).expect("a state"), before);
        assert_eq!(read(&path("old.json")).expect("nothing is left"), None);
        assert!(path("new.json.backup").exists());
    }
}

#[tokio::test]
async fn a_run_that_died_is_read_and_folded_by_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gitlab.json");
    let mut first = writer(&path).await;
    write_all(&mut first).await;
    drop(first);
    let second = writer(&path).await;
    assert_eq!(content(second.state().clone()), expected());
    assert!(!sibling(&path, "journal").exists());
}

#[tokio::test]
async fn what_is_not_committed_is_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gitlab.json");
    let mut first = writer(&path).await;
    write_all(&mut first).await;
    first.edit(Edit::Remove { address: "aws_vpc.other".parse().expect("an address") });
    drop(first);
    assert_eq!(read(&path).expect("what was committed").map(content), Some(expected()));
}

#[tokio::test]
async fn a_second_run_is_told_who_holds_the_lock() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gitlab.json");
    let first = writer(&path).await;
    let store = Store::local(path.clone());
    let error = store.open("apply", Duration::ZERO, sample).await.expect_err("the state is locked");
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert!(store.unlock("any").await.is_err(), "a live run keeps its lock");
    let at_work = async || store.look().await.expect("the state can be read").holder;
    assert_eq!(at_work().await.map(|holder| holder.command), Some("test".to_owned()));
    drop(first);
    assert_eq!(at_work().await, None);
    drop(writer(&path).await);
}

#[tokio::test]
async fn every_file_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gitlab.json");
    let mut first = writer(&path).await;
    write_all(&mut first).await;
    first.close().await.expect("a snapshot");
    let mut second = writer(&path).await;
    write_all(&mut second).await;
    for file in std::fs::read_dir(folder.path()).expect("the folder") {
        let file = file.expect("an entry");
        let mode = file.metadata().expect("its metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.file_name());
    }
}

#[tokio::test]
async fn a_state_older_than_its_backup_is_not_taken_and_the_backup_itself_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gitlab.json");
    writer(&path).await.close().await.expect("nothing to write");
    let mut versions = Vec::new();
    for _ in 0..3 {
        let mut writer = writer(&path).await;
        write_all(&mut writer).await;
        writer.close().await.expect("a snapshot");
        versions.push(std::fs::read(&path).expect("a snapshot"));
    }
    std::fs::write(&path, &versions[0]).expect("the folder can be written");
    assert!(matches!(read(&path), Err(StateError::Damaged { source: Damage::Older { .. }, .. })));
    std::fs::write(&path, &versions[1]).expect("the folder can be written");
    assert!(read(&path).expect("the version before, put back").is_some());
}

/// A state with a version before it.
async fn write_twice(path: &Path) {
    for _ in 0..2 {
        let mut writer = writer(path).await;
        write_all(&mut writer).await;
        writer.close().await.expect("a snapshot");
    }
}

#[tokio::test]
async fn a_state_that_was_edited_by_hand_has_its_backup_to_go_on_from_though_its_serial_is_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gitlab.json");
    write_twice(&path).await;
    let backup = std::fs::read(sibling(&path, "backup")).expect("the version before");
    let whole = std::fs::read_to_string(&path).expect("a snapshot");
    let way = |path: &Path| match read(path) {
        Err(StateError::Damaged { backup, source, .. }) => (backup.is_some(), source.to_string()),
        other => panic!("{other:?}"),
    };
    std::fs::write(&path, whole.replace("eu-west-1", "eu-west-2")).expect("the folder can be written");
    let (has_one, said) = way(&path);
    assert!(has_one && said.contains("checksum"), "{said}");
    // Another state is none that it could go on from, and a backup that is edited too is none at all.
    std::fs::write(&path, whole.replace("lineage-1", "lineage-2")).expect("the folder can be written");
    assert!(!way(&path).0);
    std::fs::write(&path, whole.replace("eu-west-1", "eu-west-2")).expect("the folder can be written");
    let edited = String::from_utf8_lossy(&backup).replace("eu-west-1", "eu-west-2");
    std::fs::write(sibling(&path, "backup"), edited).expect("the folder can be written");
    assert!(!way(&path).0);
}

#[tokio::test]
async fn a_state_that_lost_its_snapshot_is_damage_not_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gitlab.json");
    write_twice(&path).await;
    std::fs::remove_file(&path).expect("the snapshot is there");
    assert!(matches!(read(&path), Err(StateError::Damaged { .. })));
    std::fs::write(&path, b"").expect("an empty file");
    assert!(matches!(read(&path), Err(StateError::Damaged { source: Damage::Empty, .. })));
}
