//! Read replicas of RDS databases, in the same region: instances of their own, which follow their source and hold a copy alone.
//!
//! They are a kind of their own, since little of a database is theirs to choose: version, storage, encryption, user and password are those
//! of the source, there are no backups and no last snapshot, and the loss of one loses no data. All that goes for an instance of RDS,
//! whatever it holds, is that of the kind of databases: reading, queued changes, statuses, tags.
//!
//! A replica that somebody has promoted follows nothing any more and has data of its own: nothing is done to it.

mod rows;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_rds::operation::create_db_instance_read_replica::builders::CreateDbInstanceReadReplicaInputBuilder;
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder;
use aws_sdk_rds::types::DbInstance as Shown;

use super::calls::{CREATE_REPLICA, DELETE_REPLICA, MODIFY};
use super::modification::{change_tags, ours, send, still_to_do, together};
use super::seen::{self, Live};
use super::storage::{self, Storage};
use super::{DbInstance, STATUSES, deletion, domain, find, insights, live, monitoring, reservation, version};
use crate::aws::kind::{Check, Kind, Seen, id_in_answer};
use crate::aws::kinds::tags;
use crate::aws::row::{self, Row};
use crate::aws::{Aws, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Condition, Effect, Found, Id, Invalid, Named, Owner, Patience, Remark};
use crate::stack::postgres::Version;
pub(super) use rows::SOURCE;
use rows::{PARAMETER_GROUP, VERSION};

/// Why a database is none that a replica can be.
pub(super) const NO_REPLICA: &str = "it is no read replica";

/// Read replicas of databases.
pub struct DbReplica;

impl Kind for DbReplica {
    const KIND: &'static str = "aws_db_replica";
    const CALLS: &'static [Call] = &[live::DESCRIBE, CREATE_REPLICA, DELETE_REPLICA];
    const MODIFY: &'static [Call] = &[MODIFY];
    type Create = CreateDbInstanceReadReplicaInputBuilder;
    type Modify = ModifyDbInstanceInputBuilder;
    type Live = Live;
    const ROWS: &'static [&'static dyn Row<Self>] = rows::ROWS;
    const CHECKS: &'static [Check] =
        &[tags::check, monitoring::check, insights::check, domain::check, reservation::check, grows];
    const NATURAL_KEY: &'static [&'static str] = &["identifier"];
    /// Clients that read from it are cut off; its source has the data.
    const LOSS: Effect = Effect::AccessLoss;
    const PATIENCE: Patience = Patience {
        // It is made from a snapshot of its source, however large that is.
        create: Duration::from_secs(120 * 60),
        ..DbInstance::PATIENCE
    };
    const ALIKE: &'static [&'static str] = &[DbInstance::KIND];
    const CLAIM: &'static [Call] = DbInstance::CLAIM;

    fn unprotected(observed: &Document) -> Option<Remedy> {
        Some(unprotected(observed.get("identifier")?.as_str()?))
    }

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
        live::look_at_replicas(aws, tracked).await
    }

    fn seen(live: &Live, recorded: Option<&Document>) -> Seen {
        let seen = DbInstance::seen(live, recorded);
        Seen {
            condition: seen::condition::<Self>(live, recorded),
            remarks: on_its_own(&live.now).into_iter().chain(seen::due_reboot(&live.now, recorded)).collect(),
            ..seen
        }
    }

    fn in_force(live: &Live) -> Option<Live> {
        DbInstance::in_force(live)
    }

    fn sent_along(wanted: &Document, coming: &Document, in_force: &Document) -> Document {
        storage::sent_along::<Self>(Storage::of_replica(wanted, coming), wanted, (coming, in_force))
    }

    async fn find(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        find::find_replica(aws, owner, wanted).await
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        // By its name of now: it may have been renamed.
        let source = Id::new(SOURCE.of(wanted).unwrap_or_default());
        let source = live::there(aws, &source, CREATE_REPLICA).await?;
        let tags = tags::with_ownership(&tags::of(wanted), owner);
        let call = row::create_call::<Self>(wanted)
            .set_source_db_instance_identifier(source.db_instance_identifier)
            .set_tags(Some(tags::to_rds(&tags)));
        let made = call.send_with(&aws.write.rds).await.map_err(aws_error(CREATE_REPLICA))?;
        id_in_answer(CREATE_REPLICA, made.db_instance.and_then(|live| live.dbi_resource_id))
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        let live = ours(aws, &change).await?;
        if on_its_own(&live.now).is_some() {
            let message = format!("{} is no read replica any more, and is left alone", name(&live.now));
            return Err(CloudError::refused(MODIFY, "NoReplica", message));
        }
        let (observed, fields) = still_to_do::<Self>(wanted, &change, &live);
        change_tags(aws, &live, wanted, (&observed, &fields)).await?;
        let group = fields.contains(PARAMETER_GROUP.name).then(|| group(wanted, &live.now)).flatten();
        let version = VERSION.text(wanted).filter(|_| fields.contains(VERSION.name));
        let version = version.map(|version| version::to_send(version, &live));
        let call = row::modify_call::<Self>(wanted, &fields).unwrap_or_default();
        let storage = Storage::of_replica(wanted, &observed);
        let changed = |field: &str| fields.contains(field);
        let modification = together(call, (wanted, &observed), storage, changed, &live)
            .set_db_parameter_group_name(group)
            .set_engine_version(version);
        send(aws, wanted, live, modification).await
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        deletion::delete_replica(aws, deletion).await
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        DbInstance::claim(aws, id, owner).await
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        find::list(aws, true).await
    }

    async fn parts(aws: &Aws, whole: &Id) -> Result<Vec<Id>, CloudError> {
        live::replicas_of(aws, whole).await
    }

    async fn beyond(_: &Aws, shown: &BTreeMap<Id, Live>) -> Result<BTreeMap<Id, Document>, CloudError> {
        let of = |live: &Live| {
            let encrypted = live.now.storage_encrypted.unwrap_or(false);
            Document::from_iter([("storage_encrypted".to_owned(), encrypted.into())])
        };
        Ok(shown.iter().map(|(id, live)| (id.clone(), of(live))).collect())
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let Some(named) = DbInstance::named(aws, text).await? else { return Ok(None) };
        let live = live::describe_one(aws, &named.found.id).await?;
        let follows = live.is_some_and(|live| live.read_replica_source_db_instance_identifier.is_some());
        let unfit = named.unfit.or_else(|| (!follows).then(|| NO_REPLICA.to_owned()));
        Ok(Some(Named { unfit, ..named }))
    }
}

fn name(live: &Shown) -> &str {
    live.db_instance_identifier().unwrap_or_default()
}

/// A replica begins with the storage of its source, so that what is written is held against what it has.
fn grows(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let Some(observed) = observed else { return Vec::new() };
    let storages = Storage::of_replica(wanted, observed).zip(Storage::of(observed));
    storages.map(|(wanted, observed)| storage::check(&wanted, Some(&observed))).unwrap_or_default()
}

/// True while RDS makes it, when it may not show yet what it follows.
pub(super) fn is_being_made(live: &Shown) -> bool {
    live.db_instance_status() == Some("creating")
}

/// The words on an instance that follows no other one ("Promoting a read replica to be a standalone DB instance", RDS User Guide).
fn on_its_own(live: &Shown) -> Option<Remark> {
    let leaves = Condition::of(STATUSES, live.db_instance_status().unwrap_or_default()).is_leaving();
    let follows = live.read_replica_source_db_instance_identifier().is_some();
    if follows || leaves || is_being_made(live) {
        return None;
    }
    let words = |words: &[&str]| Remedy::aws(words.iter().copied());
    let name = name(live);
    let what = format!(
        "{name} follows no database any more: it was promoted, and may have data that nothing else has"
    );
    let delete =
        words(&["rds", "delete-db-instance", "--db-instance-identifier", name, "--skip-final-snapshot"]);
    let unprotected = live.deletion_protection.unwrap_or_default().then(|| unprotected(name));
    Some(Remark::OnItsOwn { what, removal: unprotected.into_iter().chain([delete]).collect() })
}

fn unprotected(name: &str) -> Remedy {
    Remedy::aws(["rds", "modify-db-instance", "--db-instance-identifier", name, "--no-deletion-protection"])
}

/// All read replicas of databases of this account and region.
///
/// # Errors
/// Any error of `rds:DescribeDBInstances`.
pub(crate) async fn all_of(aws: &Aws) -> Result<Vec<Follower>, CloudError> {
    let all = live::describe_all(aws).await?;
    let names: BTreeMap<&str, &str> =
        all.iter().filter_map(|one| Some((one.db_instance_identifier()?, one.dbi_resource_id()?))).collect();
    let follower = |one: &Shown| {
        let source = names.get(one.read_replica_source_db_instance_identifier()?)?;
        Some(Follower {
            source: Id::new(*source),
            id: Id::new(one.dbi_resource_id()?),
            name: name(one).to_owned(),
            version: one.engine_version()?.to_owned(),
        })
    };
    Ok(all.iter().filter_map(follower).collect())
}

/// A read replica of somebody, as far as its source is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Follower {
    pub source: Id,
    pub id: Id,
    pub name: String,
    /// The version that it has now, whatever is queued.
    pub version: String,
}

/// The call that reads them.
pub(crate) const FOLLOWERS: Call = live::DESCRIBE;

/// The parameter group to be attached. One that is taken back makes room for the default one of the version.
fn group(wanted: &Document, live: &Shown) -> Option<String> {
    let default = || Some(format!("default.{}", Version::parse(live.engine_version()?)?.family()));
    PARAMETER_GROUP.of(wanted).or_else(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(status: &str, source: Option<&str>) -> Shown {
        let live = Shown::builder().db_instance_identifier("main-reports").db_instance_status(status);
        live.set_read_replica_source_db_instance_identifier(source.map(str::to_owned))
            .deletion_protection(true)
            .build()
    }

    #[test]
    fn what_follows_nothing_stands_on_its_own_unless_it_comes_or_goes() {
        for (status, source, expected) in [
            ("available", Some("main"), false),
            ("available", None, true),
            ("stopped", None, true),
            ("creating", None, false),
            ("deleting", None, false),
        ] {
            assert_eq!(on_its_own(&live(status, source)).is_some(), expected, "{status} {source:?}");
        }
        let Some(Remark::OnItsOwn { removal, .. }) = on_its_own(&live("available", None)) else {
            panic!("it follows nothing")
        };
        let words: Vec<String> = removal.iter().map(ToString::to_string).collect();
        assert!(words[0].ends_with("main-reports --no-deletion-protection"), "{words:?}");
        assert!(words[1].contains("delete-db-instance --db-instance-identifier main-reports"), "{words:?}");
    }

    #[test]
    fn a_group_that_is_taken_back_makes_room_for_the_default_one_of_the_version() {
        let live = Shown::builder().engine_version("16.9").build();
        assert_eq!(group(&Document::new(), &live).as_deref(), Some("default.postgres16"));
        let wanted = Document::from_iter([("parameter_group_name".to_owned(), "own".into())]);
        assert_eq!(group(&wanted, &live).as_deref(), Some("own"));
    }
}
