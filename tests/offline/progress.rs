//! A run as it is shown while it goes on, and its end.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use provision::engine::address::Address;
use provision::engine::event::{Event, FailureText, Queued, RunOutcome, RunSummary};
use provision::engine::plan::{Action, Summary};
use provision::view::progress::{Progress, Show, Sink, Styles};
use provision::view::{RunWords, Style};

const PLAIN: Style = Style { color: false, width: 80 };
const STYLES: Styles = Styles { out: PLAIN, err: PLAIN };

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no test panics with it").clone()).expect("text is printed")
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics with it").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream whose reader is gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A clock that stands still.
fn noon() -> String {
    "2026-11-22T12:00:00.000Z".to_owned()
}

fn words() -> RunWords {
    RunWords { title: "Apply", again: "provision apply".to_owned() }
}

/// The text that the events print on standard output and standard error.
fn shown(show: Show, events: &[Event]) -> (String, String) {
    let (out, err) = (Shared::default(), Shared::default());
    let mut progress =
        Progress::on((Sink::new(out.clone()), Sink::new(err.clone())), show, words(), STYLES, noon);
    events.iter().for_each(|event| progress.event(event));
    progress.finish().expect("memory can be written");
    (out.text(), err.text())
}

fn at(address: &str) -> Address {
    address.parse().expect("a valid address")
}

fn started(address: &str) -> Event {
    Event::StepStarted { address: at(address), action: Action::Create }
}

fn settling(address: &str, status: &str, elapsed_seconds: f64) -> Event {
    Event::Settling {
        address: at(address),
        action: Action::Create,
        status: status.to_owned(),
        elapsed_seconds,
    }
}

fn done(address: &str, id: &str, elapsed_seconds: f64) -> Event {
    Event::StepDone {
        address: at(address),
        action: Action::Create,
        id: Some(id.to_owned()),
        queued: None,
        elapsed_seconds,
    }
}

fn summary(outcome: RunOutcome, create: usize, failed: usize, skipped: usize, in_flight: &[&str]) -> Event {
    Event::Summary(RunSummary {
        outcome,
        done: Summary { create, ..Summary::default() },
        queued: Vec::new(),
        failed,
        skipped,
        in_flight: in_flight.iter().map(|address| at(address)).collect(),
        not_recorded: Default::default(),
        elapsed_seconds: 83.2,
    })
}

const DATABASE: &str = "aws_db_instance.gitlab-pgsql";
const FILE_SYSTEM: &str = "aws_efs_file_system.gitlab-nfs";

fn good_run() -> Vec<Event> {
    vec![
        started(FILE_SYSTEM),
        started(DATABASE),
        settling(DATABASE, "creating", 0.2),
        settling(FILE_SYSTEM, "creating", 0.3),
        settling(DATABASE, "creating", 15.0),
        done(FILE_SYSTEM, "fs-0123", 1.24),
        settling(DATABASE, "creating", 30.2),
        settling(DATABASE, "creating", 45.0),
        settling(DATABASE, "backing-up", 50.0),
        settling(DATABASE, "backing-up", 79.9),
        settling(DATABASE, "backing-up", 80.0),
        done(DATABASE, "db-ABC", 83.0),
        summary(RunOutcome::Done, 2, 0, 0, &[]),
    ]
}

fn failed_run() -> Vec<Event> {
    let skipped = |address: &str| Event::StepSkipped {
        address: at(address),
        action: Action::Create,
        because: at(FILE_SYSTEM),
    };
    vec![
        started(FILE_SYSTEM),
        started(DATABASE),
        Event::StepFailed {
            address: at(FILE_SYSTEM),
            action: Action::Create,
            error: FailureText {
                message: "User is not authorized to perform: elasticfilesystem:CreateFileSystem\u{1b}[2J\nerror: forged"
                    .to_owned(),
                operation: Some("elasticfilesystem:CreateFileSystem".to_owned()),
                code: Some("AccessDenied".to_owned()),
                request_id: Some("0a1b-2c3d".to_owned()),
                hint: Some("allow it in the policy of this role".to_owned()),
            },
            elapsed_seconds: 0.31,
            blocked: false,
        },
        skipped("aws_efs_mount_target.gitlab-nfs/eu-west-1a"),
        skipped("aws_efs_mount_target.gitlab-nfs/eu-west-1b"),
        done(DATABASE, "db-ABC", 83.0),
        summary(RunOutcome::Failed, 1, 1, 2, &[]),
    ]
}

#[test]
fn in_a_pipe_a_wait_is_told_when_its_status_changes_or_half_a_minute_has_gone() {
    let (out, err) = shown(Show::Lines, &good_run());
    assert_eq!(
        err,
        concat!(
            "aws_efs_file_system.gitlab-nfs: creating\n",
            "aws_db_instance.gitlab-pgsql: creating\n",
            "aws_db_instance.gitlab-pgsql: creating, AWS says creating, 0.2 s\n",
            "aws_efs_file_system.gitlab-nfs: creating, AWS says creating, 0.3 s\n",
            "aws_efs_file_system.gitlab-nfs: created (fs-0123) in 1.2 s\n",
            "aws_db_instance.gitlab-pgsql: creating, AWS says creating, 30 s\n",
            "aws_db_instance.gitlab-pgsql: creating, AWS says backing-up, 50 s\n",
            "aws_db_instance.gitlab-pgsql: creating, AWS says backing-up, 1 min 20 s\n",
            "aws_db_instance.gitlab-pgsql: created (db-ABC) in 1 min 23 s\n",
        )
    );
    assert_eq!(out, "Apply complete: 2 created in 1 min 23 s.\n");
}

#[test]
fn the_end_of_a_run_says_what_failed_what_was_skipped_and_what_to_type() {
    let (out, err) = shown(Show::End, &failed_run());
    assert_eq!(out, "Apply failed: 1 created, 1 failed, 2 skipped in 1 min 23 s.\n");
    assert_eq!(
        err,
        concat!(
            "error: aws_efs_file_system.gitlab-nfs: create failed\n",
            "  elasticfilesystem:CreateFileSystem: AccessDenied: User is not authorized to\n",
            "    perform: elasticfilesystem:CreateFileSystem\\u{1b}[2J\\nerror: forged\n",
            "    (request id 0a1b-2c3d)\n",
            "  hint: allow it in the policy of this role\n",
            "\n",
            "Skipped because of aws_efs_file_system.gitlab-nfs:\n",
            "  aws_efs_mount_target.gitlab-nfs/eu-west-1a,\n",
            "  aws_efs_mount_target.gitlab-nfs/eu-west-1b.\n",
            "\n",
            "hint: once that is mended, run:\n    provision apply\n",
        )
    );
}

#[test]
fn what_was_never_tried_is_blocked_and_did_not_fail() {
    let blocked = |address: &str, action| Event::StepFailed {
        address: at(address),
        action,
        error: FailureText {
            message: "AWS shows stopped".to_owned(),
            operation: None,
            code: None,
            request_id: None,
            hint: None,
        },
        elapsed_seconds: 0.0,
        blocked: true,
    };
    let events = [
        blocked(DATABASE, Action::Update),
        blocked(FILE_SYSTEM, Action::NoOp),
        summary(RunOutcome::Failed, 1, 2, 0, &[]),
    ];
    let (out, err) = shown(Show::Lines, &events);
    let said = format!("{out}{err}");
    for part in [
        &format!("{DATABASE}: update blocked\n"),
        &format!("{FILE_SYSTEM}: blocked\n"),
        &format!("error: {DATABASE}: update blocked\n  AWS shows stopped\n"),
        &format!("error: {FILE_SYSTEM}: blocked\n"),
        "2 blocked in ",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(!said.contains("2 failed") && !said.contains("no-op"), "{said}");
}

#[test]
fn a_failed_step_is_told_at_once_and_in_full_at_the_end() {
    let (_, err) = shown(Show::Lines, &failed_run());
    let lines: Vec<&str> = err.lines().collect();
    assert_eq!(lines[2], "aws_efs_file_system.gitlab-nfs: create failed after 0.3 s: AccessDenied");
    assert_eq!(
        lines[3],
        "aws_efs_mount_target.gitlab-nfs/eu-west-1a: create skipped because of aws_efs_file_system.gitlab-nfs"
    );
    assert!(err.ends_with(&shown(Show::End, &failed_run()).1));
}

#[test]
fn an_interrupted_run_says_what_aws_is_still_at_work_on() {
    let (out, err) = shown(Show::End, &[summary(RunOutcome::Interrupted, 3, 0, 0, &[DATABASE])]);
    assert_eq!(out, "Apply interrupted: 3 created, 1 in flight in 1 min 23 s.\n");
    assert_eq!(
        err,
        concat!(
            "AWS is still at work on aws_db_instance.gitlab-pgsql; the next run waits for it.\n",
            "\n",
            "hint: to carry on, run:\n    provision apply\n",
        )
    );
}

#[test]
fn what_only_waits_for_its_window_is_queued_and_not_updated() {
    let queued = |entirely| Queued {
        address: at(DATABASE),
        fields: vec!["instance_class".to_owned()],
        opens: Some("2026-11-29T04:30:00Z".to_owned()),
        entirely,
    };
    for (entirely, update, step, end) in [
        (
            true,
            0,
            "aws_db_instance.gitlab-pgsql: queued for 2026-11-29 04:30 UTC in 0.1 s\n",
            "Apply complete: 1 queued for 2026-11-29 04:30 UTC in 0.0 s.\n",
        ),
        (
            false,
            1,
            "aws_db_instance.gitlab-pgsql: updated, instance_class queued for 2026-11-29 04:30 UTC in 0.1 s\n",
            "Apply complete: 1 updated, 1 queued for 2026-11-29 04:30 UTC in 0.0 s.\n",
        ),
    ] {
        let events = [
            Event::StepDone {
                address: at(DATABASE),
                action: Action::Update,
                id: None,
                queued: Some(queued(entirely)),
                elapsed_seconds: 0.1,
            },
            Event::Summary(RunSummary {
                outcome: RunOutcome::Done,
                done: Summary { update, ..Summary::default() },
                queued: vec![queued(entirely)],
                failed: 0,
                skipped: 0,
                in_flight: Vec::new(),
                not_recorded: Default::default(),
                elapsed_seconds: 0.0,
            }),
        ];
        let (out, err) = shown(Show::Lines, &events);
        assert_eq!((err.as_str(), out.as_str()), (step, end));
    }
}

#[test]
fn json_is_one_event_a_line_and_nothing_else() {
    let events = failed_run();
    let (out, err) = shown(Show::Json, &events);
    assert_eq!(err, "");
    let read: Vec<Event> = out.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert_eq!(read, events);
    assert!(out.lines().all(|line| line.contains(&format!("\"time\":\"{}\"", noon()))), "{out}");
    assert!(!out.contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_does_not_stop_a_run_and_is_told_nothing() {
    for show in [Show::Live, Show::Lines, Show::Json, Show::End] {
        let mut progress = Progress::on((Sink::new(Gone), Sink::new(Gone)), show, words(), STYLES, noon);
        failed_run().iter().for_each(|event| progress.event(event));
        assert!(progress.finish().is_err(), "{show:?}");
    }
}
