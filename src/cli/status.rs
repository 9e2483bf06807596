//! `provision status`: how the databases, file systems and pairs of a stack are, and what of them could be restored.

mod pairs;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all, join5, try_join4};
use jiff::Timestamp;
use serde_json::Value;

use crate::aws::recovery::{self, DATABASE, FILE_SYSTEM, MOUNT_TARGET, REPLICA, REPLICATION, unread};
use crate::engine::address::Address;
use crate::engine::cloud::{Cloud, CloudError, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::kind::Live;
use crate::engine::refresh::RefreshError;
use crate::engine::resource::Id;
use crate::engine::state::{Record, State};
use crate::recovery::maintenance::Maintenance;
use crate::recovery::risk::risks;
use crate::recovery::status::{
    Backups, Database, FileSystem, MountTarget, Replication, Status, Unread, health, seconds_between, written,
};
use crate::stack::Sections;
use crate::view::failure::Failure;
use crate::view::{harmless, status_text};

use super::Exit;
use super::locked::run_of;
use super::opening::existing_state;
use super::options::Global;
use super::screen::Screen;
use super::session::{Session, refresh_failure};
use super::stack_file::Purpose;

/// Shows the health of everything that holds data.
pub(super) async fn run(global: &Global, screen: &mut Screen) -> Result<Exit, Failure> {
    let (_, state) = existing_state(global, Purpose::Show, screen).await?;
    let session = Session::open_with(global, Purpose::Show, Sections::Any).await?;
    session.check_state(Some(&state))?;
    if let Some(holder) = &session.sight().await?.holder {
        screen.say(&format!("{} is at work on this state.", run_of(holder)));
    }
    session.aws.remember();
    let now = Timestamp::now();
    let status = look(&session, &state, now).await?;
    if global.json {
        screen.report(status);
    } else {
        let text = status_text(&status, &screen.styles.out);
        screen.out.write(&text);
    }
    Ok(Exit::Done)
}

/// Asks AWS everything, side by side.
async fn look(session: &Session, state: &State, now: Timestamp) -> Result<Status, Failure> {
    let account = session.account();
    let databases = of_kinds(state, &[DATABASE, REPLICA]);
    let files = of_kinds(state, &[FILE_SYSTEM]);
    let ids: Vec<Id> = ids(&databases).collect();
    let sources: Vec<String> = of_kinds(state, &[REPLICATION])
        .iter()
        .filter_map(|(_, record)| Some(record.inputs.get("file_system_id")?.as_str()?.to_owned()))
        .collect();
    let copies = join_all(sources.iter().map(|id| recovery::last_replicated(&session.aws, id)));
    let asked = async {
        let kinds = [DATABASE, REPLICA].map(|kind| survey(session, state, kind));
        let observed = [FILE_SYSTEM, MOUNT_TARGET, REPLICATION].map(|kind| observe(session, state, kind));
        let [one, other] = kinds;
        let (one, other, observed, account) =
            try_join4(one, other, futures_util::future::try_join_all(observed), account).await?;
        session.check_account(Some(state), &account)?;
        let mut live: BTreeMap<Id, Live> = BTreeMap::new();
        live.extend(one);
        live.extend(other);
        live.extend(observed.into_iter().flatten());
        Ok::<_, Failure>(live)
    };
    let arns: Vec<String> =
        databases.iter().chain(&files).filter_map(|(_, record)| text(&record.outputs, "arn")).collect();
    // One question for all of them, and none where there are none.
    let maintenance = async {
        match ids.is_empty() {
            true => Ok(BTreeMap::new()),
            false => recovery::maintenance(&session.aws).await,
        }
    };
    let ((live, maintenance), facts, snapshots, points, copies) = join5(
        join(asked, maintenance),
        recovery::databases(&session.aws, &ids),
        recovery::snapshots(&session.aws, &ids),
        recovery::recovery_points(&session.aws, &arns),
        copies,
    )
    .await;
    let mut gathered = Gathered {
        state,
        now,
        live: live?,
        facts: BTreeMap::new(),
        snapshots: None,
        maintenance: None,
        points: BTreeMap::new(),
        copies: BTreeMap::new(),
        unread: BTreeSet::new(),
    };
    gathered.facts = gathered.answer(facts).unwrap_or_default();
    gathered.snapshots = gathered.answer(snapshots);
    gathered.maintenance = gathered.answer(maintenance);
    for (arn, answer) in points {
        if let Some(points) = gathered.answer(answer) {
            gathered.points.insert(arn, points);
        }
    }
    for (source, answer) in sources.into_iter().zip(copies) {
        if let Some(Some(time)) = gathered.answer(answer) {
            gathered.copies.insert(source, time);
        }
    }
    let by_name =
        |(address, record): &(&Address, &Record)| (address.title(), gathered.database(address, record));
    let databases = databases.iter().map(by_name).collect();
    let by_name =
        |(address, record): &(&Address, &Record)| (address.title(), gathered.file_system(address, record));
    let files = files.iter().map(by_name).collect();
    let unread = gathered.unread.iter().cloned().collect();
    let mut status = Status::of(state, now, (databases, files), unread);
    let (pairs, unread) = pairs::look(session, state).await;
    status.pairs = pairs;
    status.unread.extend(unread);
    status.unread.sort();
    status.unread.dedup();
    status.at_risk = risks(&status, now);
    Ok(status)
}

fn of_kinds<'a>(state: &'a State, kinds: &[&str]) -> Vec<(&'a Address, &'a Record)> {
    let ours = state.resources.iter().filter(|(_, record)| !record.watched);
    ours.filter(|(address, _)| kinds.contains(&address.kind())).collect()
}

fn ids<'a>(records: &'a [(&Address, &Record)]) -> impl Iterator<Item = Id> + 'a {
    records.iter().filter_map(|(_, record)| record.id.clone())
}

/// Reads the databases with all that RDS shows of them.
async fn survey(session: &Session, state: &State, kind: &str) -> Result<BTreeMap<Id, Live>, Failure> {
    let ids: Vec<Id> = ids(&of_kinds(state, &[kind])).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    session.cloud.survey(kind, &ids).await.map_err(|source| unreadable(kind, source))
}

/// Reads the objects of another kind.
async fn observe(session: &Session, state: &State, kind: &str) -> Result<BTreeMap<Id, Live>, Failure> {
    let records = of_kinds(state, &[kind]);
    let tracked: Vec<TrackedDocument> = records
        .into_iter()
        .filter_map(|(_, record)| {
            Some(TrackedDocument { id: record.id.clone()?, recorded: Some(record.inputs.clone()) })
        })
        .collect();
    if tracked.is_empty() {
        return Ok(BTreeMap::new());
    }
    session.cloud.observe(kind, &tracked).await.map_err(|source| unreadable(kind, source))
}

fn unreadable(kind: &str, source: crate::engine::cloud::KindError) -> Failure {
    refresh_failure(RefreshError { kind: kind.to_owned(), source })
}

/// Everything that AWS answered.
struct Gathered<'a> {
    state: &'a State,
    now: Timestamp,
    live: BTreeMap<Id, Live>,
    facts: BTreeMap<Id, Database>,
    snapshots: Option<BTreeMap<Id, Backups>>,
    /// By ARN.
    maintenance: Option<BTreeMap<String, Vec<Maintenance>>>,
    points: BTreeMap<String, Backups>,
    copies: BTreeMap<String, Timestamp>,
    unread: BTreeSet<Unread>,
}

impl Gathered<'_> {
    /// An answer; one that did not come is told of, and is no failure of the whole.
    fn answer<T>(&mut self, answer: Result<T, CloudError>) -> Option<T> {
        answer.map_err(|error| self.unread.insert(unread(&error))).ok()
    }

    fn live(&self, record: &Record) -> Option<&Live> {
        self.live.get(record.id.as_ref()?)
    }

    fn database(&self, address: &Address, record: &Record) -> Database {
        let known = record.id.as_ref().and_then(|id| self.facts.get(id)).cloned().unwrap_or_default();
        let live = self.live(record);
        let (status, health, means) = health(live.map(|live| &live.condition), &known.status);
        let nothing = Document::new();
        let coming = live.map_or(&nothing, |live| &live.inputs);
        let now = live
            .map_or(&nothing, |live| if live.in_force.is_empty() { &live.inputs } else { &live.in_force });
        let waits = coming.iter().filter(|(name, value)| now.get(*name) != Some(value));
        let outputs = live.map_or(&nothing, |live| &live.outputs);
        // The name in it may have changed since it was recorded.
        let arn = text(outputs, "arn").or_else(|| text(&record.outputs, "arn"));
        let endpoint = text(outputs, "host").zip(text(outputs, "port"));
        Database {
            address: address.to_string(),
            id: record.id.as_ref().map(ToString::to_string),
            maintenance: self.maintenance_of(arn.as_deref()),
            arn,
            status,
            health,
            means,
            engine_version: text(now, "engine_version"),
            instance_class: text(now, "instance_class"),
            multi_az: now.get("multi_az").and_then(Value::as_bool).unwrap_or_default(),
            endpoint: endpoint.map(|(host, port)| format!("{host}:{port}")),
            is_replica: address.kind() == REPLICA,
            backup_days: now.get("backup_retention_period").and_then(Value::as_i64),
            snapshots: record.id.as_ref().and_then(|id| self.snapshots.as_ref()?.get(id)).cloned(),
            recovery_points: self.points_of(record),
            pending: waits.map(|(name, value)| (name.clone(), plain(value))).collect(),
            maintenance_window: text(now, "maintenance_window"),
            ..known
        }
        .dated(self.now)
    }

    /// The changes that RDS has pending of a database, in texts that are fit to be shown.
    fn maintenance_of(&self, arn: Option<&str>) -> Option<Vec<Maintenance>> {
        let pending = self.maintenance.as_ref()?.get(arn?).cloned().unwrap_or_default();
        let fit = |text: &String| harmless(text).into_owned();
        let shown = |one: Maintenance| Maintenance {
            action: fit(&one.action),
            description: one.description.as_ref().map(fit),
            opted_in: one.opted_in.as_ref().map(fit),
            ..one
        };
        Some(pending.into_iter().map(shown).collect())
    }

    fn points_of(&self, record: &Record) -> Option<Backups> {
        self.points.get(&text(&record.outputs, "arn")?).cloned()
    }

    fn file_system(&self, address: &Address, record: &Record) -> FileSystem {
        let live = self.live(record);
        let (status, health, means) = health(live.map(|live| &live.condition), "available");
        let of_this = |one: &&(&Address, &Record)| one.0.name() == address.name();
        let targets = of_kinds(self.state, &[MOUNT_TARGET]);
        let targets =
            targets.iter().filter(of_this).map(|(target, record)| self.mount_target(target, record));
        let copies = of_kinds(self.state, &[REPLICATION]);
        let copy = copies.iter().find(of_this).map(|(_, record)| self.replication(record));
        FileSystem {
            address: address.to_string(),
            id: record.id.as_ref().map(ToString::to_string),
            status,
            health,
            means,
            dns_name: live.and_then(|live| text(&live.outputs, "dns_name")),
            mount_targets: targets.collect(),
            recovery_points: self.points_of(record),
            backed_up: live.and_then(|live| live.inputs.get("backup")?.as_bool()),
            replication: copy,
        }
    }

    fn mount_target(&self, address: &Address, record: &Record) -> (String, MountTarget) {
        let live = self.live(record);
        let (status, health, _) = health(live.map(|live| &live.condition), "available");
        let outputs = live.map_or(&record.outputs, |live| &live.outputs);
        let zone = text(outputs, "availability_zone").or(address.member_name().map(str::to_owned));
        let id = record.id.as_ref().map(ToString::to_string);
        let ip_address = text(outputs, "ip_address");
        (zone.unwrap_or_default(), MountTarget { id, status, health, ip_address })
    }

    fn replication(&self, record: &Record) -> Replication {
        let live = self.live(record);
        let (status, health, _) = health(live.map(|live| &live.condition), "ENABLED");
        let outputs = live.map_or(&record.outputs, |live| &live.outputs);
        let source = text(&record.inputs, "file_system_id").unwrap_or_default();
        let last = self.copies.get(&source).copied();
        Replication {
            file_system: text(outputs, "destination_file_system_id"),
            region: text(outputs, "destination_region"),
            status,
            health,
            last_replicated: last.map(written),
            lag_seconds: last.map(|last| seconds_between(last, self.now)),
        }
    }
}

fn text(document: &Document, field: &str) -> Option<String> {
    document.get(field).and_then(Value::as_str).map(str::to_owned)
}

/// A value as it is read: a text without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
