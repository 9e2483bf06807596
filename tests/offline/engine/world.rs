//! One stack in one cloud: declare, plan, apply, kill, and hold what must always be true.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt;
use provision::engine::address::Address;
use provision::engine::blueprint::{Blueprint, Declaration};
use provision::engine::document::Document;
use provision::engine::event::{Event, RunOutcome};
use provision::engine::executor::{Report, Run, accept_drift, execute, write_claims};
use provision::engine::interrupt::{Interrupt, interrupt};
use provision::engine::kind::Registry;
use provision::engine::network::Cluster;
use provision::engine::plan::{Mode, Plan};
use provision::engine::planner::{self, Input, Options, Planning, Safeguards, Sightings};
use provision::engine::rebuild::{Rebuilt, Terms, rebuild};
use provision::engine::refresh::{RefreshError, refresh};
use provision::engine::resource::Claim;
use provision::engine::resource::Id;
use provision::engine::state::{Edit, Phase, Record, State, Store, Writer};
use provision::engine::take_over::{Refused, TakenOver, Wish, take_over};
use serde_json::Value;

use super::cloud::{Object, Shared};
use super::kinds::{GROUP, registry};

pub struct World {
    pub shared: Shared,
    pub registry: Registry,
    pub declarations: BTreeMap<Address, Declaration>,
    pub events: Vec<Event>,
    pub parallelism: usize,
    /// The cluster beside which the stack stands, if it stands beside one.
    pub cluster: Option<&'static str>,
    folder: tempfile::TempDir,
}

pub fn address(text: &str) -> Address {
    text.parse().expect("a valid address in a test")
}

pub fn document(value: Value) -> Document {
    value.as_object().expect("a test document is an object").clone()
}

pub fn options(mode: Mode) -> Options {
    Options { mode, targets: BTreeSet::new(), replace: BTreeSet::new(), allow_data_loss: BTreeSet::new() }
}

/// In memory where the system has such a place: the crash tests write many thousand states.
fn fast_folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
}

impl World {
    /// A world with one object of the cluster's own, declared as watched at `fake_group.network`.
    pub fn new() -> Self {
        let shared = Shared::default();
        let network = Object {
            kind: GROUP,
            key: "network".to_owned(),
            inputs: Document::new(),
            stack: String::new(),
            address: "the cluster's".to_owned(),
            lineage: None,
            cluster: None,
            busy: 0,
            leaving: false,
            stuck: None,
        };
        let id = shared.cloud().create(network).expect("an empty cloud");
        let watched = Declaration::Watched { id: Id::new(id) };
        Self {
            registry: registry(),
            shared,
            declarations: BTreeMap::from([(address("fake_group.network"), watched)]),
            events: Vec::new(),
            parallelism: 10,
            cluster: Some("cluster"),
            folder: fast_folder(),
        }
    }

    pub fn declare(&mut self, at: &str, inputs: Value) {
        let inputs = document(inputs);
        self.declarations.insert(address(at), Declaration::Managed { inputs });
    }

    /// A stack with a group, a disk on it, and two mounts that use both.
    pub fn with_stack(mut self) -> Self {
        use serde_json::json;
        self.declare(
            "fake_group.a",
            json!({"name": "a", "parent": "${fake_group.network.id}", "note": "late"}),
        );
        self.declare("fake_disk.d", json!({"name": "d", "size": 1, "deletion_protection": false}));
        for zone in ["x", "y"] {
            let inputs = json!({
                "name": format!("m-{zone}"), "parent": "${fake_disk.d.id}", "uses": ["${fake_group.a.id}"],
            });
            self.declare(&format!("fake_group.m/{zone}"), inputs);
        }
        self
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("stack.json")
    }

    /// The state as it is on disk.
    pub fn state(&self) -> Option<State> {
        // Reading a file is ready at once.
        let read = Store::local(self.path()).read().now_or_never().expect("a file needs no waiting");
        read.expect("the state is whole")
    }

    /// The state's file is gone, with all that is kept beside it.
    pub fn lose_state(&self) {
        for entry in std::fs::read_dir(self.folder.path()).expect("the folder is there") {
            std::fs::remove_file(entry.expect("an entry").path()).expect("it can be deleted");
        }
    }

    /// Changes the state as its commands do.
    pub async fn edit_state(&self, edit: Edit) {
        let mut writer = self.writer("lineage").await;
        writer.edit(edit);
        writer.close().await.expect("the state can be written");
    }

    /// The user has named the object at an address to be taken over from the state with this lineage.
    pub async fn claim(&self, at: &str, lineage: &str) {
        let state = self.state().expect("there is a state");
        let claim =
            Claim { stack: Some(state.stack.clone()), lineage: Some(lineage.to_owned()), again: false };
        let record = Record { claimed: Some(claim), ..state.resources[&address(at)].clone() };
        self.edit_state(Edit::Put { address: address(at), record }).await;
    }

    async fn writer(&self, lineage: &str) -> Writer {
        let fresh = || State::new("test", lineage.to_owned(), "123456789012", "eu-west-1");
        let store = Store::local(self.path());
        store.open("test", Duration::ZERO, fresh).await.expect("nobody else holds it")
    }

    /// Puts the state together again; a new one gets this lineage.
    pub async fn rebuild(&self, lineage: &str, terms: &Terms<'_>) -> Result<Rebuilt, RefreshError> {
        let blueprint = self.blueprint(Mode::Apply);
        let mut writer = self.writer(lineage).await;
        let rebuilt = rebuild(&self.shared, &self.registry, &blueprint, writer.state(), terms).await;
        for (address, record) in rebuilt.as_ref().map(|rebuilt| rebuilt.records.clone()).unwrap_or_default() {
            writer.edit(Edit::Put { address, record });
        }
        writer.commit().await.expect("the state can be written");
        let failed = write_claims(&self.shared, &self.registry, &blueprint, &mut writer).await;
        assert!(failed.is_empty(), "{failed:?}");
        writer.close().await.expect("the state can be written");
        rebuilt
    }

    pub async fn look_to_take_over(
        &self,
        at: &str,
        id: &str,
        lineage: Option<&str>,
    ) -> Result<TakenOver, Refused> {
        let wish = Wish { address: address(at), text: id.to_owned() };
        let state = self.state().expect("there is a state");
        let blueprint = self.blueprint(Mode::Apply);
        take_over(&self.shared, &self.registry, &blueprint, &state, &[wish], lineage).await
    }

    /// Records an object at an address, as `import` does.
    pub async fn take_over(&self, at: &str, id: &str, lineage: Option<&str>) -> Result<TakenOver, Refused> {
        let taken = self.look_to_take_over(at, id, lineage).await?;
        let mut writer = self.writer("lineage").await;
        for address in taken.forgotten.clone() {
            writer.edit(Edit::Remove { address });
        }
        for (address, record) in taken.records.clone() {
            writer.edit(Edit::Put { address, record });
        }
        writer.close().await.expect("the state can be written");
        Ok(taken)
    }

    pub fn blueprint(&self, mode: Mode) -> Blueprint {
        let declarations = match mode {
            Mode::Destroy => BTreeMap::new(),
            Mode::Apply | Mode::RefreshOnly => self.declarations.clone(),
        };
        let cluster =
            self.cluster.map(|name| Cluster { name: Some(name.to_owned()), efs_names_resolve: true });
        Blueprint { stack: "test".to_owned(), cluster, declarations, ..Blueprint::default() }
    }

    pub async fn planning(&self, options: &Options) -> (Planning, Sightings) {
        let blueprint = self.blueprint(options.mode);
        let state = self.state();
        let sightings = refresh(&self.shared, &self.registry, &blueprint, state.as_ref())
            .await
            .expect("the cloud in memory can be read");
        let planning = planner::plan(&Input {
            registry: &self.registry,
            blueprint: &blueprint,
            state: state.as_ref(),
            sightings: &sightings,
            account: "123456789012",
            region: "eu-west-1",
            now: jiff::Timestamp::UNIX_EPOCH,
            options,
            safeguards: &self.safeguards(options.mode),
        });
        (planning, sightings)
    }

    /// What the stack file says of a destroy: the addresses that it declares.
    fn safeguards(&self, mode: Mode) -> Safeguards {
        let declared = match mode {
            Mode::Destroy => self.declarations.keys().cloned().collect(),
            Mode::Apply | Mode::RefreshOnly => BTreeSet::new(),
        };
        Safeguards { declared, ..Safeguards::default() }
    }

    /// Plans as a command does that looks for more than it plans with: `looked_for` is what AWS is asked about.
    pub async fn planned_from(
        &self,
        state: Option<&State>,
        looked_for: &Blueprint,
        options: &Options,
    ) -> Plan {
        let sightings = refresh(&self.shared, &self.registry, looked_for, state)
            .await
            .expect("the cloud in memory can be read");
        let planning = planner::plan(&Input {
            registry: &self.registry,
            blueprint: &self.blueprint(options.mode),
            state,
            sightings: &sightings,
            account: "123456789012",
            region: "eu-west-1",
            now: jiff::Timestamp::UNIX_EPOCH,
            options,
            safeguards: &self.safeguards(options.mode),
        });
        planning.plan
    }

    pub async fn plan(&self, options: &Options) -> Plan {
        self.planning(options).await.0.plan
    }

    /// Plans and carries the plan out. `None` when the program was killed on the way.
    pub async fn run(&mut self, options: &Options) -> Option<Report> {
        let (_interrupter, interrupt) = interrupt();
        self.run_until(options, interrupt).await
    }

    pub async fn run_until(&mut self, options: &Options, interrupt: Interrupt) -> Option<Report> {
        self.shared.revive();
        let (planning, sightings) = self.planning(options).await;
        let errors: Vec<_> = planning.plan.errors().collect();
        assert!(errors.is_empty(), "{errors:?}");
        self.execute(&planning, &sightings, interrupt).await
    }

    /// Carries out a plan that was made before.
    pub async fn carry_out(&mut self, planning: &Planning, sightings: &Sightings) -> Report {
        let (_interrupter, interrupt) = interrupt();
        self.execute(planning, sightings, interrupt).await.expect("nothing kills this run")
    }

    async fn execute(
        &mut self,
        planning: &Planning,
        sightings: &Sightings,
        interrupt: Interrupt,
    ) -> Option<Report> {
        let before = self.shared.cloud().deeds.len();
        let blueprint = self.blueprint(planning.plan.mode);
        let fresh = || State::new("test", "lineage".to_owned(), "123456789012", "eu-west-1");
        let mut writer = Store::local(self.path())
            .open("test", Duration::ZERO, fresh)
            .await
            .expect("nobody else holds it");
        let run = Run {
            cloud: &self.shared,
            registry: &self.registry,
            blueprint: &blueprint,
            planning,
            sightings,
            parallelism: self.parallelism,
            interrupt,
        };
        let events = &mut self.events;
        let mut sink = |event| events.push(event);
        let report = tokio::select! {
            biased;
            () = self.shared.died() => None,
            report = execute(&run, &mut writer, &mut sink) => Some(report.expect("the state can be written")),
        };
        if report.is_some() {
            writer.close().await.expect("the state can be written");
        }
        let done = report.as_ref().is_some_and(|report| report.summary.outcome == RunOutcome::Done);
        self.must_have_done_as_planned(&planning.plan, before, done);
        report
    }

    /// Checks that the plan had said all that was made and deleted, and that a run that ended well did all that was planned.
    fn must_have_done_as_planned(&self, plan: &Plan, before: usize, done: bool) {
        let cloud = self.shared.cloud();
        let deeds = &cloud.deeds[before..];
        let of = |made: bool| deeds.iter().filter(move |deed| deed.0 == made).map(|deed| deed.1.clone());
        let deleted: BTreeSet<String> = of(false).collect();
        let goes = plan.changes.iter().flat_map(|change| &change.goes);
        let planned: BTreeSet<String> = goes.map(|going| going.id.to_string()).collect();
        assert!(deleted.is_subset(&planned), "deleted {deleted:?}, planned {planned:?}: {:#?}", plan.changes);
        let made = of(true).count();
        let to_make = plan.changes.iter().filter(|change| change.makes_anew()).count();
        assert!(made <= to_make, "made {made}, planned {to_make}: {:#?}", plan.changes);
        if done {
            assert_eq!((made, deleted), (to_make, planned), "{:#?}", plan.changes);
        }
        let kept = plan.changes.iter().filter_map(|change| change.keeps.as_ref());
        for kept in kept.filter(|_| done) {
            assert!(cloud.objects.contains_key(kept.as_str()), "{kept} was to stay");
        }
    }

    /// Carries out `apply --refresh-only`.
    pub async fn accept_drift(&mut self) {
        let (_, sightings) = self.planning(&options(Mode::RefreshOnly)).await;
        let fresh = || State::new("test", "lineage".to_owned(), "123456789012", "eu-west-1");
        let opened = Store::local(self.path()).open("test", Duration::ZERO, fresh).await;
        let mut writer = opened.expect("the lock is free");
        accept_drift(&self.registry, &sightings, &mut writer);
        writer.close().await.expect("the state can be written");
    }

    pub async fn apply(&mut self) -> Option<Report> {
        self.run(&options(Mode::Apply)).await
    }

    /// Applies, and holds that everything went well.
    pub async fn must_apply(&mut self) {
        let report = self.apply().await.expect("nothing kills this run");
        assert!(report.failures.is_empty(), "{:?}", report.failures);
        self.must_be_settled().await;
    }

    /// The three assertions that close every engine test.
    pub async fn must_be_settled(&self) {
        let again = self.plan(&options(Mode::Apply)).await;
        assert!(again.is_empty(), "planning again: {:#?}", again.changes);
        let state = self.state().expect("there is a state");
        let bytes = serde_json::to_string(&state).expect("a state is JSON");
        assert_eq!(serde_json::from_str::<State>(&bytes).expect("its own JSON"), state);
        assert!(state.resources.values().all(|record| record.phase == Phase::Ready));
        assert!(state.resources.values().all(|record| record.predecessor.is_none()));
        self.must_record_everything();
    }

    /// No object exists that the state does not record, and none is recorded twice.
    pub fn must_record_everything(&self) {
        let recorded: Vec<String> = self
            .state()
            .into_iter()
            .flat_map(|state| state.resources.into_values())
            .filter_map(|record| Some(record.id?.to_string()))
            .collect();
        let cloud = self.shared.cloud();
        let ours: BTreeSet<&String> =
            cloud.objects.iter().filter(|(_, object)| !object.stack.is_empty()).map(|(id, _)| id).collect();
        let distinct: BTreeSet<&String> = recorded.iter().collect();
        assert_eq!(distinct.len(), recorded.len(), "recorded twice: {recorded:?}");
        assert!(distinct.is_superset(&ours), "not recorded: {:?}", ours.difference(&distinct));
        assert!(distinct.iter().all(|id| cloud.objects.contains_key(*id)), "recorded, but gone");
    }

    /// Every object of ours has a record at its address, which may not know its id yet.
    pub fn must_record_everything_or_its_intent(&self) {
        let state = self.state().expect("there is a state");
        let cloud = self.shared.cloud();
        for object in cloud.objects.values().filter(|object| !object.stack.is_empty()) {
            assert!(state.resources.contains_key(&address(&object.address)), "{}", object.address);
        }
    }

    /// The objects that exist, without ids.
    pub fn objects(&self) -> BTreeSet<String> {
        let cloud = self.shared.cloud();
        cloud.objects.values().map(|object| format!("{} {}", object.kind, object.address)).collect()
    }

    pub fn log(&self) -> Vec<String> {
        self.shared.cloud().log.clone()
    }

    pub fn clear_log(&self) {
        self.shared.cloud().log.clear();
    }

    /// The only object at an address.
    pub fn change_live(&self, at: &str, change: impl FnOnce(&mut Object)) {
        let mut cloud = self.shared.cloud();
        let object = cloud.objects.values_mut().find(|object| object.address == at);
        change(object.expect("the object exists"));
    }
}
