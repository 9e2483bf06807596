//! The hands of an upgrade: what AWS shows of it, and its calls.

use std::collections::BTreeSet;

use futures_util::future::{try_join, try_join4};
use jiff::Timestamp;

use crate::aws::recovery::{self, DATABASE, Wanted};
use crate::cli::procedure::Hands;
use crate::cli::session::{Session, aws_failure, refresh_failure};
use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::cloud::{
    ChangeDocument, Cloud, CloudError, Deletion, KindError, Outcome, TrackedDocument,
};
use crate::engine::diff;
use crate::engine::document::Document;
use crate::engine::kind::{Live, Manager};
use crate::engine::owner::owner_by_tags;
use crate::engine::refresh::RefreshError;
use crate::engine::resource::{Id, Owner, Role};
use crate::engine::state::{Edit, Phase, Predecessor, Record, State, Writer};
use crate::recovery::status::written as written_time;
use crate::recovery::upgrade::{NewGroup, Observed, Stage, Step, Upgrade, after};
use crate::view::failure::Failure;

pub(super) struct Upgrading<'a> {
    session: &'a Session,
    address: &'a Address,
}

pub(super) fn manager<'a>(session: &'a Session, kind: &str) -> &'a dyn Manager {
    session.registry.managing(kind).expect("the registry has databases and their groups")
}

pub(super) fn unreadable(source: KindError) -> Failure {
    refresh_failure(RefreshError { kind: DATABASE.to_owned(), source })
}

impl<'a> Upgrading<'a> {
    pub(super) fn new(session: &'a Session, address: &'a Address) -> Self {
        Self { session, address }
    }

    /// The owner of what is made for an address.
    pub(super) fn owner_of(&self, state: &State, address: &Address) -> Owner {
        let generation = state.resources.get(address).map_or(0, |record| record.generation + 1);
        let blueprint = Blueprint { stack: state.stack.clone(), ..Blueprint::default() };
        owner_by_tags(&blueprint, Some(state), address, generation)
    }

    async fn live(&self, kind: &str, id: &Id, recorded: &Document) -> Result<Option<Live>, KindError> {
        let tracked = [TrackedDocument { id: id.clone(), recorded: Some(recorded.clone()) }];
        Ok(self.session.cloud.observe(kind, &tracked).await?.remove(id))
    }

    /// The new parameter group, and the parameters that are not set; none where it is not there.
    async fn group(&self, group: &NewGroup) -> Result<Option<(Live, BTreeSet<String>)>, KindError> {
        let kind = group.address.kind();
        let Some(live) = self.live(kind, &Id::new(group.name.clone()), &group.inputs).await? else {
            return Ok(None);
        };
        let fields = diff::changeable(manager(self.session, kind).fields());
        let changes = diff::diff(&fields, &group.inputs, &live.inputs);
        Ok(Some((live, changes.into_iter().map(|change| change.path).collect())))
    }

    /// The reason and the log of an upgrade that RDS did not carry out.
    async fn failure(&self, upgrade: &Upgrade) -> Result<Option<String>, CloudError> {
        let Some(asked) = upgrade.asked.as_ref().filter(|asked| asked.step == Step::Upgrade) else {
            return Ok(None);
        };
        let aws = &self.session.aws;
        let Some(reason) = recovery::upgrade_failure(aws, &upgrade.identifier, asked.at).await? else {
            return Ok(None);
        };
        // Without the permission to list them, the reason counts alone.
        let log = recovery::upgrade_log(aws, &upgrade.identifier).await.unwrap_or_default();
        let reason = reason.trim_end_matches('.');
        Ok(Some(match log {
            Some(log) => format!("{reason} (log file {log})"),
            None => reason.to_owned(),
        }))
    }

    /// The name that a database has now.
    async fn name_of(&self, id: &Id, otherwise: &str) -> Result<String, KindError> {
        let live = recovery::by_id(&self.session.aws, id).await?;
        Ok(live.and_then(|live| live.db_instance_identifier).unwrap_or_else(|| otherwise.to_owned()))
    }

    /// Records the database and its group at their addresses.
    async fn record(&self, upgrade: &Upgrade, writer: &mut Writer) -> Result<(), KindError> {
        let copy = upgrade.copy.as_ref();
        let id = copy.and_then(|copy| copy.id.clone()).unwrap_or_else(|| upgrade.id.clone());
        let live = self.live(DATABASE, &id, &upgrade.recorded).await?;
        if let (Some(live), Some(before)) = (live, writer.state().resources.get(self.address).cloned()) {
            let record = Record {
                phase: Phase::Ready,
                generation: before.generation + u32::from(before.id.as_ref() != Some(&id)),
                id: Some(id),
                inputs: upgrade.recorded.clone(),
                outputs: live.outputs,
                claimed: None,
                gone: false,
                lost: None,
                ..before
            };
            writer.edit(Edit::Put { address: self.address.clone(), record });
        }
        let Some(group) = &upgrade.group else { return Ok(()) };
        let Some((live, _)) = self.group(group).await? else { return Ok(()) };
        let Some(before) = writer.state().resources.get(&group.address).cloned() else { return Ok(()) };
        let id = Id::new(group.name.clone());
        if before.id.as_ref() == Some(&id) {
            return Ok(());
        }
        // The one before a copy is in use by it.
        let replaced = Predecessor {
            id: group.old.clone(),
            inputs: before.inputs.clone(),
            depends_on: before.depends_on.clone(),
            older: before.predecessor.clone().map(Box::new),
        };
        let record = Record {
            phase: Phase::Ready,
            generation: before.generation + 1,
            id: Some(id),
            inputs: group.inputs.clone(),
            outputs: live.outputs,
            predecessor: if copy.is_none() { Some(replaced) } else { before.predecessor.clone() },
            claimed: None,
            gone: false,
            lost: None,
            ..before
        };
        writer.edit(Edit::Put { address: group.address.clone(), record });
        Ok(())
    }

    /// Deletes the group that is of no use any more. One that is still in use is left: RDS frees it hours later, it may be.
    async fn drop_group(&self, upgrade: &Upgrade, writer: &mut Writer) -> Result<(), KindError> {
        let Some(group) = &upgrade.group else { return Ok(()) };
        let (id, owner) = (Id::new(group.name.clone()), self.owner_of(writer.state(), &group.address));
        let (id, inputs) = match upgrade.stage {
            Stage::GivingUp => (id, group.inputs.clone()),
            _ => {
                let record = writer.state().resources.get(&group.address);
                let old = record.and_then(|record| record.predecessor.as_ref());
                match old.filter(|old| old.id == group.old) {
                    Some(old) => (old.id.clone(), old.inputs.clone()),
                    None => return Ok(()),
                }
            }
        };
        let deletion = Deletion { id: &id, recorded: &inputs, owner: &owner, last_snapshot: None };
        match self.session.cloud.delete(group.address.kind(), deletion).await {
            Err(KindError::Cloud(error)) if error.outcome == Outcome::Busy => return Ok(()),
            other => other?,
        }
        let before = writer.state().resources.get(&group.address).cloned();
        if let Some(before) = before.filter(|_| upgrade.stage != Stage::GivingUp) {
            let older = before.predecessor.as_ref().and_then(|old| old.older.clone()).map(|older| *older);
            let record = Record { predecessor: older, ..before };
            writer.edit(Edit::Put { address: group.address.clone(), record });
        }
        Ok(())
    }
}

impl Hands<Upgrade> for Upgrading<'_> {
    async fn look(&mut self, upgrade: &Upgrade) -> Result<Observed, Failure> {
        let aws = &self.session.aws;
        let is_asked = upgrade.asked.as_ref().is_some_and(|asked| asked.step == Step::Upgrade);
        let prepares = matches!(upgrade.stage, Stage::Upgrading | Stage::Copying) && !is_asked;
        let database = async { recovery::by_id(aws, &upgrade.id).await };
        let snapshot = async {
            match prepares {
                true => recovery::snapshot(aws, &upgrade.snapshot).await,
                false => Ok(None),
            }
        };
        let deployment = async {
            match &upgrade.copy {
                Some(copy) => recovery::deployment(aws, copy.deployment.as_ref(), &copy.name).await,
                None => Ok(None),
            }
        };
        let seen = try_join4(database, snapshot, deployment, self.failure(upgrade));
        let (database, snapshot, deployment, failure) = seen.await.map_err(aws_failure)?;
        let copy = async {
            let known = upgrade.copy.as_ref().and_then(|copy| copy.id.as_ref());
            let named = deployment.as_ref().and_then(|deployment| deployment.target.as_deref());
            match (known, named) {
                (Some(id), _) => recovery::by_id(aws, id).await.map_err(aws_failure),
                // Before its deployment is done, the copy's name may be the one of the database.
                (None, Some(name)) if name != upgrade.identifier => {
                    recovery::by_name(aws, name).await.map_err(aws_failure)
                }
                _ => Ok(None),
            }
        };
        let group = async {
            match &upgrade.group {
                Some(group) if prepares || upgrade.stage == Stage::GivingUp => {
                    self.group(group).await.map_err(unreadable)
                }
                _ => Ok(None),
            }
        };
        let (copy, group) = try_join(copy, group).await?;
        Ok(Observed {
            address: self.address.to_string(),
            database: database.as_ref().map(recovery::seen),
            snapshot: snapshot.map(|snapshot| snapshot.status),
            group: group.map(|(_, unmet)| !unmet.is_empty()),
            failure,
            deployment,
            copy: copy.as_ref().map(recovery::seen),
        })
    }

    async fn act(
        &mut self,
        upgrade: &mut Upgrade,
        step: &Step,
        writer: &mut Writer,
    ) -> Result<(), KindError> {
        let (aws, cloud) = (&self.session.aws, &self.session.cloud);
        let ours = |address: &Address| self.owner_of(writer.state(), address);
        let copy_id = || upgrade.copy.as_ref().and_then(|copy| copy.id.clone());
        match step {
            Step::Snapshot => {
                let owner = ours(&self.address.beside());
                recovery::take_snapshot(aws, &upgrade.identifier, &upgrade.snapshot, &owner).await?;
            }
            Step::MakeGroup => {
                if let Some(group) = &upgrade.group {
                    cloud.create(group.address.kind(), &group.inputs, &ours(&group.address)).await?;
                }
            }
            Step::SetParameters => {
                if let Some(group) = &upgrade.group
                    && let Some((live, fields)) = self.group(group).await?
                {
                    let owner = ours(&group.address);
                    let id = Id::new(group.name.clone());
                    let change =
                        ChangeDocument { id: &id, fields: &fields, observed: &live.inputs, owner: &owner };
                    cloud.update(group.address.kind(), &group.inputs, change).await?;
                }
            }
            Step::Upgrade => {
                let before = writer.state().resources.get(self.address).map(|record| record.inputs.clone());
                let before = before.unwrap_or_else(|| upgrade.recorded.clone());
                if let Some(live) = self.live(DATABASE, &upgrade.id, &before).await? {
                    let mut inputs = upgrade.recorded.clone();
                    inputs.insert("engine_version".to_owned(), upgrade.to.clone().into());
                    inputs.insert("allow_major_version_upgrade".to_owned(), true.into());
                    if let Some(at_once) = Role::AtOnce.field(manager(self.session, DATABASE).fields()) {
                        inputs.insert(at_once.to_owned(), true.into());
                    }
                    let fields =
                        BTreeSet::from(["engine_version", "parameter_group_name"].map(str::to_owned));
                    let owner = ours(self.address);
                    let id = &upgrade.id;
                    let change =
                        ChangeDocument { id, fields: &fields, observed: &live.inputs, owner: &owner };
                    cloud.update(DATABASE, &inputs, change).await?;
                }
            }
            Step::Reboot => {
                let name = self.name_of(&upgrade.id, &upgrade.identifier).await?;
                recovery::reboot(aws, &name).await?;
            }
            Step::Copy => {
                let live = recovery::by_id(aws, &upgrade.id).await?;
                let arn = live.and_then(|live| live.db_instance_arn).unwrap_or_default();
                let group = upgrade.recorded.get("parameter_group_name").and_then(|name| name.as_str());
                let owner = ours(&self.address.beside());
                if let Some(copy) = &mut upgrade.copy {
                    let (name, version) = (copy.name.as_str(), upgrade.to.as_str());
                    let wanted = Wanted { name, source: &arn, version, group };
                    copy.deployment = recovery::make_deployment(aws, wanted, &owner).await?;
                }
            }
            Step::TagCopy => {
                // Its id is recorded with the answer, so that the next look finds it by that.
                let named = upgrade.copy.as_ref().map(|copy| (copy.deployment.clone(), copy.name.clone()));
                let id = match (copy_id(), named) {
                    (Some(id), _) => Some(id),
                    (None, Some((deployment, name))) => {
                        let deployment = recovery::deployment(aws, deployment.as_ref(), &name).await?;
                        let target = deployment.and_then(|deployment| deployment.target);
                        match target.filter(|target| *target != upgrade.identifier) {
                            Some(target) => recovery::by_name(aws, &target)
                                .await?
                                .and_then(|live| live.dbi_resource_id)
                                .map(Id::new),
                            None => None,
                        }
                    }
                    (None, None) => None,
                };
                if let Some(id) = id {
                    cloud.claim(DATABASE, &id, &ours(&self.address.beside())).await?;
                }
            }
            Step::Switch => {
                if let Some(copy) = &upgrade.copy
                    && let Some(deployment) = &copy.deployment
                {
                    recovery::switch_over(aws, deployment, copy.seconds).await?;
                }
            }
            Step::TagOld => cloud.claim(DATABASE, &upgrade.id, &ours(&self.address.beside())).await?,
            Step::TagNew => {
                if let Some(id) = copy_id() {
                    cloud.claim(DATABASE, &id, &ours(self.address)).await?;
                }
            }
            Step::Record => self.record(upgrade, writer).await?,
            Step::DropGroup => self.drop_group(upgrade, writer).await?,
            Step::Unprotect => {
                if let Some(id) = copy_id() {
                    let name = self.name_of(&id, "").await?;
                    recovery::unprotect(aws, &name).await?;
                }
            }
            Step::DropDeployment => {
                if let Some(copy) = &upgrade.copy
                    && let Some(found) =
                        recovery::deployment(aws, copy.deployment.as_ref(), &copy.name).await?
                    && let Some(id) = found.id
                {
                    let with_copy = upgrade.stage == Stage::GivingUp && copy.is_deleted;
                    recovery::drop_deployment(aws, &id, with_copy).await?;
                }
            }
        }
        upgrade.answered();
        Ok(())
    }

    fn end(&mut self, upgrade: &mut Upgrade, observed: &Observed, _: Timestamp) {
        upgrade.reached(observed);
    }

    fn next(&self, upgrade: &Upgrade) -> Vec<String> {
        let Upgrade { name, identifier, from, to, snapshot, copy, .. } = upgrade;
        let written =
            upgrade.recorded.get("engine_version").and_then(|version| version.as_str()).unwrap_or(to);
        let way_back = || {
            format!(
                "The way back, which loses what is written from now on, and stands beside the database until it is switched: provision restore {name} --snapshot {snapshot}"
            )
        };
        let mut line = format!("Write `engine_version: \"{written}\"` below `{name}` in the stack file");
        let group = upgrade.recorded.get("parameter_group_name").and_then(|group| group.as_str());
        if let (None, Some(group)) =
            (&upgrade.group, group.filter(|_| upgrade.options.contains("--parameter-group")))
        {
            line = format!("{line}, and `parameter_group: {group}`");
        }
        let written = format!("{line}; for what is left then: provision plan");
        match upgrade.stage {
            Stage::Upgrading | Stage::Upgraded => [vec![written], after(upgrade), vec![way_back()]].concat(),
            Stage::Copying | Stage::Beside => {
                let copied = copy.as_ref().and_then(|copy| copy.identifier.clone()).unwrap_or_default();
                let lag = match upgrade.is_major() {
                    true => ("OldestReplicationSlotLag", identifier.as_str()),
                    false => ("ReplicaLag", copied.as_str()),
                };
                let now = Timestamp::now();
                let before = now.checked_sub(jiff::SignedDuration::from_mins(15)).unwrap_or(now);
                vec![
                    format!(
                        "{copied} follows {identifier}, with {to}. Look at it first; write nothing into it."
                    ),
                    format!(
                        "For how far it is behind: aws cloudwatch get-metric-statistics --namespace AWS/RDS --metric-name {} --dimensions \
                         Name=DBInstanceIdentifier,Value={} --start-time {} --end-time {} --period 60 --statistics Maximum",
                        lag.0,
                        lag.1,
                        written_time(before),
                        written_time(now)
                    ),
                    format!("To let it take the name over: provision upgrade {name} --switch"),
                    format!("To give it up: provision upgrade {name} --give-up --delete-copy"),
                ]
            }
            Stage::Switching | Stage::Switched => {
                let old = copy
                    .as_ref()
                    .and_then(|copy| copy.old.clone())
                    .unwrap_or_else(|| format!("{identifier}-old1"));
                let kept = vec![
                    format!(
                        "The endpoint has the name that it had, and is another database for RDS: IAM policies that name its resource id have to follow. {old} has {from}, takes no writes, and is charged."
                    ),
                    format!("To let go of it: provision upgrade {name} --forget"),
                ];
                [vec![written], after(upgrade), kept, vec![way_back()]].concat()
            }
            Stage::GivingUp | Stage::GivenUp => {
                let mut said = vec![format!(
                    "{identifier} serves with {from}, as before. The snapshot {snapshot} stays in AWS."
                )];
                if let Some(name) =
                    copy.as_ref().filter(|copy| !copy.is_deleted).and_then(|copy| copy.identifier.as_deref())
                {
                    said.push(format!("The copy {name} stays too, takes writes, and is charged."));
                }
                said.push(format!("To let go of what is kept: provision upgrade {name} --forget"));
                said
            }
        }
    }
}
