//! No guard blocks the remedy that another guard advises: every status, every guard and every command, with each hint typed.

use std::collections::{BTreeMap, BTreeSet};

use provision::aws::kinds::{registry, statuses};
use provision::engine::address::Address;
use provision::engine::blueprint::{Blueprint, Declaration};
use provision::engine::document::Document;
use provision::engine::kind::Live;
use provision::engine::network::Cluster;
use provision::engine::plan::{Action, Change, Finding, Level, Mode, Plan};
use provision::engine::planner::{self, Input, Options, Sighting, Sightings};
use provision::engine::remedy::{Remedy, Way};
use provision::engine::resource::{Class, Condition, Data, Deletion, Id, Ownership, Status};
use provision::engine::state::{Phase, Record, State};
use provision::view::{Style, problems_text};
use serde_json::{Value, json};

use super::world::{address, document};

/// The command that the user types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Command {
    Apply,
    Replace,
    Destroy,
}

/// The change that the stack file asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    None,
    /// A field that is changed in place.
    Change,
    /// A field that only a new object can have.
    Fixed,
    /// The object is no longer declared.
    Removed,
}

/// One object with its file, its record and what AWS has of it.
#[derive(Clone, Debug)]
struct Scene {
    at: Address,
    id: String,
    status: Option<&'static Status>,
    file: Option<Document>,
    recorded: Document,
    live: Document,
    phase: Phase,
    /// Empty if the object has never been ready.
    outputs: Document,
    gone: bool,
}

fn database() -> Document {
    document(json!({
        "identifier": "db", "engine": "postgres", "engine_version": "16.4",
        "instance_class": "db.t4g.medium", "allocated_storage": 50, "storage_type": "gp3", "username": "gitlab",
        "password": "managed", "password_version": 1, "multi_az": true, "port": 5432,
        "db_subnet_group_name": "db", "vpc_security_group_ids": ["sg-1"], "publicly_accessible": false,
        "backup_retention_period": 30, "maintenance_window": "sun:04:30-sun:05:30", "storage_encrypted": true,
        "kms_key_id": "arn:aws:kms:eu-west-1:123456789012:key/1",
        "auto_minor_version_upgrade": true, "deletion_protection": true, "final_snapshot": false,
        "apply_immediately": false, "tags": {},
    }))
}

fn file_system() -> Document {
    document(json!({
        "encrypted": true, "performance_mode": "generalPurpose", "throughput_mode": "bursting", "backup": true,
        "deletion_protection": true, "tags": {},
    }))
}

impl Scene {
    fn options(&self, command: Command) -> Options {
        let mode = if command == Command::Destroy { Mode::Destroy } else { Mode::Apply };
        let replace = (command == Command::Replace).then(|| self.at.clone());
        Options {
            mode,
            targets: BTreeSet::new(),
            replace: replace.into_iter().collect(),
            allow_data_loss: BTreeSet::new(),
        }
    }

    fn plan(&self, command: Command) -> Plan {
        let declared = self.file.clone().filter(|_| command != Command::Destroy);
        let declarations: BTreeMap<Address, Declaration> =
            declared.into_iter().map(|inputs| (self.at.clone(), Declaration::Managed { inputs })).collect();
        let cluster = Cluster { name: Some("cluster".to_owned()), efs_names_resolve: true };
        let blueprint = Blueprint {
            stack: "test".to_owned(),
            cluster: Some(cluster),
            declarations,
            ..Blueprint::default()
        };
        let record = Record {
            phase: self.phase,
            id: Some(Id::new(&self.id)),
            inputs: self.recorded.clone(),
            outputs: self.outputs.clone(),
            watched: false,
            ..Record::watched(Id::new(&self.id), Document::new())
        };
        let mut state = State::new("test", "lineage".to_owned(), "123456789012", "eu-west-1");
        state.resources.insert(self.at.clone(), record);
        // AWS does not show these: what is seen of them is what was recorded.
        let mut seen_inputs = self.live.clone();
        let hidden: &[&str] = if self.is_database() {
            &["final_snapshot", "apply_immediately"]
        } else {
            &["deletion_protection"]
        };
        for name in hidden {
            seen_inputs.extend(
                self.recorded.get_key_value(*name).map(|(name, value)| (name.clone(), value.clone())),
            );
        }
        let live = Live {
            inputs: seen_inputs,
            in_force: Document::new(),
            outputs: self.outputs.clone(),
            condition: match self.status {
                None => Condition::Ready,
                Some(row) => match row.class {
                    Class::Serves => Condition::Ready,
                    Class::Passes => Condition::Pending(row.name.to_owned()),
                    Class::Leaving => Condition::Leaving(row.name.to_owned()),
                    Class::Held => Condition::Held(row),
                    Class::Lost => Condition::Lost(row),
                },
            },
            remarks: Vec::new(),
            ownership: Ownership::Tagged {
                stack: "test".to_owned(),
                address: self.at.to_string(),
                lineage: Some("lineage".to_owned()),
                cluster: Some("cluster".to_owned()),
            },
            vpc: None,
        };
        let seen = if self.gone { Sighting::Gone } else { Sighting::Live { id: Id::new(&self.id), live } };
        planner::plan(&Input {
            registry: &registry(),
            blueprint: &blueprint,
            state: Some(&state),
            sightings: &Sightings::from([(self.at.clone(), seen)]),
            account: "123456789012",
            region: "eu-west-1",
            now: "2026-11-21T10:00:00Z".parse().expect("a time"),
            options: &self.options(command),
            safeguards: &Default::default(),
        })
        .plan
    }

    /// The findings that stand against a command now.
    fn found(&self, command: Command) -> Vec<Finding> {
        let plan = self.plan(command);
        plan.preflight.into_iter().filter(|one| matches!(one.level, Level::Error | Level::Blocked)).collect()
    }

    fn is_database(&self) -> bool {
        self.at.kind() == "aws_db_instance"
    }

    fn protected_by_aws(&self) -> bool {
        self.is_database() && self.live["deletion_protection"] == true
    }

    /// AWS carries out what the plan says, or the test is over: a plan without errors is one that AWS takes.
    fn carry_out(&mut self, plan: &Plan) {
        let Some(change) = plan.change(&self.at).cloned() else { return };
        match change.action {
            Action::Update => self.update(&change),
            Action::Replace | Action::Delete => self.delete(),
            Action::Create => self.finish(),
            Action::NoOp | Action::Forget | Action::Watch => self.record_what_stays(&change),
        }
    }

    /// A create that is under way is waited for, and what differs is changed after it.
    fn finish(&mut self) {
        let file = self.file.clone().unwrap_or_default();
        self.live.extend(file.clone());
        self.recorded.extend(file);
        (self.status, self.phase, self.outputs) = (None, Phase::Ready, ready());
    }

    fn update(&mut self, change: &Change) {
        for field in &change.fields {
            let value = field.after.clone().unwrap_or(Value::Null);
            let silent = matches!(field.path.as_str(), "final_snapshot" | "apply_immediately")
                || (field.path == "deletion_protection" && !self.is_database());
            let passes = self.status.is_some_and(|row| matches!(row.class, Class::Passes | Class::Serves));
            let taken = silent || passes || self.status.is_none_or(|row| row.takes(&field.path));
            assert!(taken, "AWS does not take {} in {:?}", field.path, self.status);
            self.live.insert(field.path.clone(), value.clone());
            self.recorded.insert(field.path.clone(), value);
            if field.path == "allocated_storage" && field.window.is_none() {
                self.status = self.status.filter(|row| row.name != "storage-full");
            }
        }
    }

    /// The file's options are recorded where AWS has them already.
    fn record_what_stays(&mut self, change: &Change) {
        let left_out: Vec<&str> = change
            .blocked
            .iter()
            .flat_map(|blocked| &blocked.fields)
            .map(|field| field.path.as_str())
            .collect();
        for (name, value) in self.file.iter().flatten() {
            if !left_out.contains(&name.as_str()) {
                self.recorded.insert(name.clone(), value.clone());
            }
        }
    }

    fn delete(&mut self) {
        // It goes already, and a run only waits for that.
        if self.status.is_some_and(|row| row.class == Class::Leaving) {
            self.gone = true;
            return;
        }
        assert!(!self.protected_by_aws(), "AWS refuses to delete it: protected, in {:?}", self.status);
        let with_snapshot = self.is_database() && self.recorded["final_snapshot"] == true;
        // A refusal in a status that passes by itself is waited for.
        let lasts = self.status.filter(|row| row.class != Class::Passes);
        match lasts.map_or(Deletion::Any, |row| row.deletion) {
            Deletion::Any => {}
            Deletion::WithoutSnapshot => {
                assert!(!with_snapshot, "AWS refuses a final snapshot in {:?}", self.status)
            }
            Deletion::Refused => return,
        }
        self.gone = true;
    }

    /// Types one step of a hint. `None`: the command was refused with other findings, which are followed next.
    fn typed(&mut self, step: &Remedy) -> Option<Command> {
        match step {
            Remedy::Write { options, address } => {
                assert_eq!(*address, self.at);
                // An object that is no longer declared is put back with the line.
                let file = self.file.get_or_insert_with(|| self.recorded.clone());
                for (option, value) in options {
                    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.clone()));
                    file.insert(option.clone(), value);
                }
            }
            Remedy::Apply | Remedy::Make { .. } => return Some(Command::Apply),
            Remedy::Replace { .. } => return Some(Command::Replace),
            Remedy::Destroy { .. } => return Some(Command::Destroy),
            Remedy::Import { id, .. } => {
                self.id.clone_from(id);
                self.status = None;
                self.phase = Phase::Ready;
                self.outputs = ready();
            }
            Remedy::Support { .. } => {
                self.live.insert("deletion_protection".to_owned(), json!(false));
            }
            Remedy::ByHand { what } => self.by_hand(what),
            Remedy::Aws { command } => self.aws(command),
            // Nothing of it is planned any more.
            Remedy::Forget { .. } | Remedy::ForgetName { .. } => self.gone = true,
            other => panic!("no guard of this table says {other}"),
        }
        None
    }

    fn by_hand(&mut self, what: &str) {
        let back = ["undo", "put it back", "take "].iter().any(|start| what.starts_with(start));
        if back {
            self.file = Some(self.recorded.clone());
        }
    }

    fn aws(&mut self, command: &str) {
        let row = self.status;
        let helps = |it: bool| if it { None } else { row };
        match command.split(' ').nth(2).unwrap_or_default() {
            "start-db-instance" => self.status = helps(row.is_some_and(|row| row.starts)),
            "reboot-db-instance" => self.status = helps(row.is_some_and(|row| row.reboots)),
            "modify-db-instance" => self.status = helps(command.contains("--option-group-name")),
            "delete-db-instance" => {
                assert!(!self.protected_by_aws() && command.contains("--skip-final-snapshot"), "{command}");
                self.gone = true;
            }
            "delete-file-system" => self.gone = true,
            "enable-key"
            | "cancel-key-deletion"
            | "restore-db-instance-to-point-in-time"
            | "wait"
            | "list-recovery-points-by-resource" => {}
            other => panic!("AWS is not known to have {other}: {command}"),
        }
    }
}

fn ready() -> Document {
    document(json!({ "arn": "arn:aws:x", "identifier": "db" }))
}

/// The key that tells one place in the graph of findings from another.
fn key(scene: &Scene, command: Command, found: &[Finding]) -> String {
    let checks: Vec<&str> = found.iter().map(|one| one.check.as_str()).collect();
    let Scene { at: _, id, status, file, recorded, live, phase, outputs: _, gone } = scene;
    format!("{command:?} {checks:?} {:?}", (id, status, file, recorded, live, phase, gone))
}

/// Follows every hint of every finding, and of what comes after it, until nothing is in the way.
fn follow(scene: &Scene, command: Command, path: &mut Vec<String>, typed: &mut usize) {
    let found = scene.found(command);
    if found.is_empty() {
        let mut scene = scene.clone();
        let plan = scene.plan(command);
        scene.carry_out(&plan);
        return;
    }
    let here = key(scene, command, &found);
    assert!(!path.contains(&here), "the hints lead in a circle:\n{}\n{here}", path.join("\n"));
    assert!(path.len() < 12, "the hints do not come to an end:\n{}", path.join("\n"));
    path.push(here);
    for finding in &found {
        assert!(!finding.remedies.is_empty(), "no remedy: {finding:?}\n{}", path.join("\n"));
        assert_eq!(finding.hint, provision::engine::remedy::hint_of(&finding.remedies));
        commands_stand_whole_on_a_line(finding);
        for way in &finding.remedies {
            *typed += 1;
            follow_way(scene, command, way, finding, path, typed);
        }
    }
    path.pop();
}

fn follow_way(
    scene: &Scene,
    command: Command,
    way: &Way,
    finding: &Finding,
    path: &mut Vec<String>,
    typed: &mut usize,
) {
    advice_is_harmless(scene, way, finding);
    let mut now = scene.clone();
    for step in &way.steps {
        let Some(next) = now.typed(step) else { continue };
        let found = now.found(next);
        if found.iter().any(|one| one.level == Level::Error) {
            // Another guard: its own hints are followed from here.
            assert!(next != command || found.iter().all(|one| one != finding), "the same again: {finding:?}");
            return follow(&now, next, path, typed);
        }
        let plan = now.plan(next);
        now.carry_out(&plan);
        if now.gone {
            return;
        }
    }
    if now.gone {
        return;
    }
    let again = now.found(command);
    assert!(
        again.iter().all(|one| (&one.check, &one.message) != (&finding.check, &finding.message)),
        "typing `{way}` changes nothing of {finding:?} of {scene:?}"
    );
    follow(&now, command, path, typed);
}

/// A command that is broken over lines, or has anything beside it, cannot be copied.
fn commands_stand_whole_on_a_line(finding: &Finding) {
    let text = problems_text(std::slice::from_ref(finding), &Style { color: false, width: 64 });
    let lines: Vec<&str> = text.lines().map(|line| line.trim().trim_start_matches("hint: ")).collect();
    for step in finding.remedies.iter().flat_map(|way| &way.steps) {
        let prose = matches!(step, Remedy::Write { .. } | Remedy::ByHand { .. } | Remedy::Support { .. });
        assert!(prose || lines.contains(&step.to_string().as_str()), "`{step}` is not a line of:\n{text}");
    }
}

/// An object that may hold data and may live is not advised to be deleted or replaced.
fn advice_is_harmless(scene: &Scene, way: &Way, finding: &Finding) {
    let destroys = way.steps.iter().any(|step| match step {
        Remedy::Replace { .. } | Remedy::Destroy { .. } => true,
        Remedy::Aws { command } => command.contains(" delete-"),
        _ => false,
    });
    let never = scene.status.is_some_and(|row| row.class == Class::Lost)
        && (scene.outputs.is_empty() || scene.status.is_some_and(|row| row.data == Data::Never));
    assert!(!destroys || way.aim.is_some() || never, "{way} for {finding:?}");
}

fn scenes(kind: &str, table: &'static [Status]) -> Vec<Scene> {
    let base = if kind == "aws_db_instance" { database() } else { file_system() };
    let mut scenes = Vec::new();
    for status in std::iter::once(None).chain(table.iter().map(Some)) {
        for edit in [Edit::None, Edit::Change, Edit::Fixed, Edit::Removed] {
            for (protected, unprotected_in_file) in [(true, false), (true, true), (false, true)] {
                for snapshot in [false, true] {
                    for made in [true, false] {
                        let with = |name: &str, value: bool, document: &Document| {
                            let mut document = document.clone();
                            document.insert(name.to_owned(), json!(value));
                            document
                        };
                        let mut recorded = with("deletion_protection", protected, &base);
                        if kind == "aws_db_instance" {
                            recorded = with("final_snapshot", snapshot, &recorded);
                        }
                        let mut file = with("deletion_protection", !unprotected_in_file, &recorded);
                        let (change, fixed) = match kind {
                            "aws_db_instance" => (("port", json!(5433)), ("storage_encrypted", json!(false))),
                            _ => (("backup", json!(false)), ("performance_mode", json!("maxIO"))),
                        };
                        match edit {
                            Edit::Change => file.insert(change.0.to_owned(), change.1),
                            Edit::Fixed => {
                                file.remove("kms_key_id");
                                file.insert(fixed.0.to_owned(), fixed.1)
                            }
                            Edit::None | Edit::Removed => None,
                        };
                        scenes.push(Scene {
                            at: address(&format!("{kind}.db")),
                            id: "id-1".to_owned(),
                            status,
                            file: (edit != Edit::Removed).then_some(file),
                            live: recorded.clone(),
                            recorded,
                            phase: if made { Phase::Ready } else { Phase::Creating },
                            outputs: if made { ready() } else { Document::new() },
                            gone: false,
                        });
                    }
                }
            }
        }
    }
    scenes
}

#[test]
fn every_hint_of_every_guard_in_every_status_can_be_typed_and_none_leads_in_a_circle() {
    let mut typed = 0;
    for (kind, table) in statuses() {
        if !matches!(kind, "aws_db_instance" | "aws_efs_file_system") {
            continue;
        }
        for scene in scenes(kind, table) {
            for command in [Command::Apply, Command::Replace, Command::Destroy] {
                if scene.file.is_some() || command != Command::Replace {
                    follow(&scene, command, &mut Vec::new(), &mut typed);
                }
            }
        }
    }
    assert!(typed > 1000, "{typed} hints were typed");
}
