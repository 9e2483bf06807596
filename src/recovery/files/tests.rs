//! Restores of file systems over all their states: stopped at each step, and gone on with.

use super::*;

const ADDRESS: &str = "aws_efs_file_system.files";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a time")
}

fn target() -> Address {
    Address::member("aws_efs_mount_target", "files", "eu-west-1a")
}

fn point() -> Address {
    Address::member("aws_efs_access_point", "files", "git")
}

fn restore(stage: Stage) -> FileRestore {
    let part = |old: &str| Part { inputs: Document::new(), old: Id::new(old), new: None };
    FileRestore {
        name: "files".to_owned(),
        options: "--latest".to_owned(),
        point: "arn:point".to_owned(),
        from: "as it was".to_owned(),
        role: "arn:role".to_owned(),
        token: "token".to_owned(),
        is_folder: false,
        job: None,
        old: Id::new("fs-old"),
        new: None,
        inputs: Document::new(),
        parts: BTreeMap::from([(target(), part("fsmt-old")), (point(), part("fsap-old"))]),
        stage,
        asked: None,
        recorded: false,
        notes: Vec::new(),
    }
}

fn seen(id: &str, tagged: Option<&str>) -> Seen {
    Seen {
        id: Some(Id::new(id)),
        status: "available".to_owned(),
        is_ready: true,
        tagged: tagged.map(str::to_owned),
        ..Seen::default()
    }
}

fn observed() -> Observed {
    let point_tag = point().to_string();
    Observed {
        address: ADDRESS.to_owned(),
        old: Some(seen("fs-old", Some(ADDRESS))),
        old_parts: BTreeMap::from([
            (target(), seen("fsmt-old", None)),
            (point(), seen("fsap-old", Some(&point_tag))),
        ]),
        ..Observed::default()
    }
}

/// Changes the objects as a step does.
fn carried_out(step: &Step, restore: &mut FileRestore, all: &mut Observed) {
    const THERE: &str = "it is there";
    match step {
        Step::Start => {
            restore.job = Some("job".to_owned());
            let made = Some(Id::new("fs-new"));
            all.job = Some(Job { status: "COMPLETED".to_owned(), made, ..Job::default() });
            all.new = Some(Seen { unmet: vec!["lifecycle".to_owned()], ..seen("fs-new", Some("")) });
        }
        Step::TagBeside => all.new.as_mut().expect(THERE).tagged = Some(beside(ADDRESS)),
        Step::Complete => all.new.as_mut().expect(THERE).unmet.clear(),
        Step::Make(part) => {
            let aside = part.beside().to_string();
            let tag = (*part == point()).then_some(aside.as_str());
            all.new_parts.insert(part.clone(), seen("made", tag));
        }
        Step::TagOld => all.old.as_mut().expect(THERE).tagged = Some(beside(ADDRESS)),
        Step::TagOldPart(part) => {
            all.old_parts.get_mut(part).expect(THERE).tagged = Some(part.beside().to_string());
        }
        Step::TagNew => all.new.as_mut().expect(THERE).tagged = Some(ADDRESS.to_owned()),
        Step::TagNewPart(part) => {
            all.new_parts.get_mut(part).expect(THERE).tagged = Some(part.to_string());
        }
        Step::Record => {}
    }
}

/// Carries a stage out to its end, and returns its steps; `stopped` says after which step the run ends without its answer, and another one
/// begins.
fn steps(restore: &mut FileRestore, all: &mut Observed, stopped: Option<usize>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut stopped = stopped;
    for second in 0..2_000 {
        let now = at(second);
        match restore.next(all, now) {
            Next::Done => {
                restore.reached(all);
                return steps;
            }
            Next::Wait(_) => {}
            Next::Refuse(refusal) => panic!("{refusal:?}"),
            Next::Do(step) => {
                restore.intend(&step, now);
                let stop = stopped.take_if(|at| *at == steps.len());
                let before = restore.job.clone();
                carried_out(&step, restore, all);
                match stop {
                    // The same token brings the same job.
                    Some(_) => restore.job = before,
                    None => restore.answered(),
                }
                steps.push(step);
            }
        }
    }
    panic!("it has no end: {steps:?}")
}

fn making() -> Vec<Step> {
    vec![Step::Start, Step::TagBeside, Step::Complete, Step::Make(point()), Step::Make(target())]
}

fn exchange() -> Vec<Step> {
    vec![Step::TagOld, Step::TagOldPart(point()), Step::TagNew, Step::TagNewPart(point()), Step::Record]
}

#[test]
fn a_restore_an_exchange_and_the_way_back_have_these_steps() {
    let (mut restore, mut all) = (restore(Stage::Restoring), observed());
    assert_eq!(steps(&mut restore, &mut all, None), making());
    assert_eq!((restore.stage, restore.new.as_ref().map(Id::as_str)), (Stage::Beside, Some("fs-new")));
    restore.switch();
    assert_eq!(steps(&mut restore, &mut all, None), exchange());
    restore.back();
    std::mem::swap(&mut all.old, &mut all.new);
    std::mem::swap(&mut all.old_parts, &mut all.new_parts);
    assert_eq!(steps(&mut restore, &mut all, None), exchange());
    assert_eq!((restore.stage, restore.old.as_str()), (Stage::Switched, "fs-new"));
}

#[test]
fn a_run_that_ends_at_any_step_is_gone_on_with_and_makes_nothing_twice() {
    for stop in 0..making().len() {
        let (mut restore, mut all) = (restore(Stage::Restoring), observed());
        let mut done = steps(&mut restore, &mut all, Some(stop));
        done.dedup();
        // AWS Backup takes the same request once.
        assert_eq!(done, making(), "{stop}");
        restore.switch();
        let mut done = steps(&mut restore, &mut all, Some(stop));
        done.dedup();
        assert_eq!(done, exchange(), "{stop}");
    }
}

#[test]
fn files_in_a_folder_need_nothing_more_than_the_job() {
    let mut one = FileRestore { is_folder: true, ..restore(Stage::Restoring) };
    assert_eq!(steps(&mut one, &mut observed(), None), [Step::Start]);
    assert!(one.keeps().is_empty() && one.doing().contains("into a folder"));
}

#[test]
fn a_job_that_failed_is_told_and_recorded_no_longer() {
    let one = FileRestore { job: Some("job".to_owned()), ..restore(Stage::Restoring) };
    let message = Some("no room".to_owned());
    let job = Some(Job { status: "FAILED".to_owned(), message, ..Job::default() });
    let Next::Refuse(refusal) = one.next(&Observed { job, ..observed() }, at(0)) else { panic!("refused") };
    assert!(refusal.is_over && refusal.message.contains("FAILED: no room"), "{refusal:?}");
}

#[test]
fn a_new_one_that_is_gone_takes_no_place() {
    let mut one = restore(Stage::Switching);
    one.new = Some(Id::new("fs-new"));
    assert!(matches!(one.next(&observed(), at(0)), Next::Refuse(_)));
}

#[test]
fn what_a_job_that_failed_has_made_is_tagged_before_it_is_let_go_of() {
    let mut restore = restore(Stage::Restoring);
    restore.job = Some("job".to_owned());
    let job = |status: &str| {
        Some(Job { status: status.to_owned(), made: Some(Id::new("fs-new")), ..Job::default() })
    };
    let made = |tag: &str| Observed { new: Some(seen("fs-new", Some(tag))), ..observed() };
    let failed = Observed { job: job("FAILED"), ..made(ADDRESS) };
    assert_eq!(restore.next(&failed, at(0)), Next::Do(Step::TagBeside));
    let tagged = Observed { job: job("FAILED"), ..made(&beside(ADDRESS)) };
    let Next::Refuse(refusal) = restore.next(&tagged, at(0)) else { panic!("a refusal") };
    assert!(refusal.is_over && refusal.message.contains("fs-new stays"), "{refusal:?}");
    let running = Observed { job: job("RUNNING"), ..observed() };
    assert!(restore.is_being_made(&running) && !restore.is_being_made(&failed));
}

#[test]
fn an_exchange_whose_new_one_is_gone_names_the_way_back_once_it_has_begun() {
    let mut restore = restore(Stage::Switching);
    restore.new = Some(Id::new("fs-new"));
    for (tag, expected) in [(ADDRESS.to_owned(), "--forget"), (beside(ADDRESS), "--switch --back")] {
        let left = Observed { old: Some(seen("fs-old", Some(&tag))), ..observed() };
        let Next::Refuse(refusal) = restore.next(&left, at(0)) else { panic!("a refusal") };
        assert!(refusal.hint.as_deref().is_some_and(|hint| hint.ends_with(expected)), "{refusal:?}");
    }
}
