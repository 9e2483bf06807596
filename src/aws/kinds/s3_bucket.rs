//! S3 buckets: a name in the world of all accounts, with versions, encryption and lifecycle rules, and never public.

mod lifecycle;
mod live;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_s3::operation::create_bucket::builders::CreateBucketInputBuilder as Create;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use serde_json::Value;

use crate::aws::kind::{Check, Kind, Seen};
use crate::aws::kinds::kms_alias::KEY_ARN;
use crate::aws::kinds::tags;
use crate::aws::policy::partition;
use crate::aws::row::{self, Key, Row, field, flag, map_of_objects, text};
use crate::aws::{Aws, aws_error};
use crate::engine::call::{Call, Check as Checked, Grant};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::InPlace;
use crate::engine::resource::{
    Condition, Effect, Found, Holdings, Id, Named, Need, Owner, Ownership, Patience, Pattern, Remark, Role,
};
use lifecycle::Rules;
use live::{Live, own};

/// Names are narrower than ownership tags, which S3 checks only where a bucket was told to.
const THIS: &[Grant] = &[Grant::on(&["s3:{bucket}"])];

const CREATE: Call = Call::new("s3:CreateBucket", THIS).checked(&[Checked::new(
    "s3:TagResource",
    Grant::on(&["s3:{bucket}"]),
    "CreateBucketConfiguration, Tags, S3 API reference",
)]);
const DELETE: Call = Call::new("s3:DeleteBucket", THIS);
const PUT_TAGS: Call = Call::new("s3:PutBucketTagging", THIS);

/// "General purpose bucket naming rules", S3 User Guide: dots are allowed, though not two together, nor the form of an address.
const NAME_RULE: Pattern = Pattern::new(
    "a bucket's name: 3 to 63 lower-case letters, digits, single dots and hyphens, with a letter or digit at both ends, no IP address, \
     and no beginning or end that S3 keeps for itself",
    "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
    63,
)
.but_not(
    "^(xn--|sthree-|amzn-s3-demo-).*|.*\\.\\..*|^[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+$|.*(-s3alias|--ol-s3|--x-s3|--table-s3|\\.mrap|-an)$",
);

/// The names that buckets of old may have.
const NAME_IN_USE: Pattern =
    Pattern::new("a bucket's name", "^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$", 255);

type Field<T> = Key<S3Bucket, T>;
const BUCKET: Field<String> = Key::new("bucket");
const VERSIONING: Field<bool> = Key::new("versioning");
const KMS_KEY: Field<String> = Key::new("kms_key_id");
const PRIVATE: Field<bool> = Key::new("public_access_blocked");
const LIFECYCLE: Field<Rules> = Key::new("lifecycle_rules");

/// Buckets of S3.
pub struct S3Bucket;

impl Kind for S3Bucket {
    const KIND: &'static str = "aws_s3_bucket";
    const CALLS: &'static [Call] = &[
        live::LIST,
        live::GET_TAGS,
        live::GET_VERSIONING,
        live::GET_ENCRYPTION,
        live::GET_BLOCK,
        live::GET_LIFECYCLE,
        CREATE,
        DELETE,
    ];
    // Each change has a call of its own.
    const MODIFY: &'static [Call] = &[];
    type Create = Create;
    type Modify = ();
    type Live = Live;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        &BUCKET
            .field(text(NAME_RULE).made_by_section())
            .doc(
                "The bucket's name, which no other bucket of any account has; without it, the stack's name and its own here. Only a new \
                 bucket can change it.",
            )
            .create(Create::set_bucket)
            .fixed()
            .observe(|live| Some(live.name.clone()))
            .chosen_once(),
        &VERSIONING
            .field(flag())
            .doc("True if S3 keeps every version of an object; `false` keeps those that there are, and makes no more.")
            .sent_by_code(InPlace(Effect::DataLoss), &[settings::PUT_VERSIONING])
            .observe(|live| live.versioned)
            .depending(lifecycle::cost_of_no_versions)
            .losing("each object that expires from then on, for ever")
            .taken_without(Need::Flag(false)),
        &KMS_KEY
            .field(text(KEY_ARN))
            .doc("The KMS key that new objects are encrypted with, by its ARN. Without it, the bucket keeps its key; a new one has S3's own.")
            .sent_by_code(InPlace(Effect::None), &[settings::PUT_ENCRYPTION])
            .observe(|live| live.key.clone()),
        &PRIVATE
            .field(flag().required())
            .follows()
            // Readers without credentials are refused from then on.
            .sent_by_code(InPlace(Effect::AccessLoss), &[settings::PUT_BLOCK])
            .observe(|live| Some(live.is_blocked)),
        &LIFECYCLE
            .field(map_of_objects(lifecycle::ID, &lifecycle::RULE))
            .doc("The rules by which objects move to cheaper storage and are deleted, by name; `{}` for none.")
            .sent_by_code(InPlace(Effect::DataLoss), &[settings::PUT_LIFECYCLE])
            .observe(|live| Some(live.rules.clone()))
            .depending(lifecycle::cost)
            .losing("the objects and versions that are older than the rules say, for ever"),
        &field("deletion_protection", flag().default(true))
            .doc("True if `provision` refuses to delete it. Kept in the state: S3 has no such protection of its own.")
            .recorded()
            .rebuilt_as(true)
            .plays(Role::Protection),
        &tags::row::<Self>(&[PUT_TAGS], |live| Some(tags::shown(live, &live.tags))),
    ];
    const CHECKS: &'static [Check] = &[tags::check, lifecycle::check];
    const NATURAL_KEY: &'static [&'static str] = &["bucket"];
    const LOSS: Effect = Effect::DataLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        // What was just made or changed may be shown as it was for some minutes.
        create: Duration::from_secs(5 * 60),
        update: Duration::from_secs(5 * 60),
        delete: Duration::from_secs(5 * 60),
    };
    const CLAIM: &'static [Call] = &[PUT_TAGS];

    fn foreseen(wanted: &Document, output: &str, region: &str) -> Option<Value> {
        let name = wanted.get("bucket")?.as_str()?;
        (output == "arn").then(|| live::arn(name, partition(region)).into())
    }

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
        live::look(aws, tracked).await
    }

    fn seen(live: &Live, _: Option<&Document>) -> Seen {
        let notes = vec!["S3 deletes no bucket that holds objects or versions of objects".to_owned()];
        Seen {
            outputs: row::outputs([
                ("arn", live.arn.clone()),
                ("name", live.name.clone()),
                ("domain", live.domain.clone()),
            ]),
            // Every call on a bucket is done when it is answered.
            condition: Condition::Ready,
            remarks: vec![Remark::Holds(Holdings { notes, ..Holdings::default() })],
            ownership: Ownership::of_tags(&live.tags),
            vpc: None,
        }
    }

    async fn find(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        let Some(name) = BUCKET.text(wanted) else { return Ok(Vec::new()) };
        match live::found(aws, name).await? {
            Some(found) => Ok(vec![found]),
            None => live::tagged(aws, owner).await,
        }
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        let tags = tags::with_ownership(&tags::of(wanted), owner);
        let place = CreateBucketConfiguration::builder().set_tags(Some(live::to_s3(&tags)));
        // S3 refuses the name of this region, which is that of none.
        let place = match aws.region() {
            "us-east-1" => place,
            region => place.location_constraint(BucketLocationConstraint::from(region)),
        };
        let call = row::create_call::<Self>(wanted).create_bucket_configuration(place.build());
        match call.send_with(&aws.write.s3).await.map_err(aws_error(CREATE)) {
            // The answer holds no more than the name that was asked for.
            Ok(_) => Ok(Id::new(BUCKET.text(wanted).unwrap_or_default())),
            Err(error) if error.code == "BucketAlreadyExists" => Err(CloudError {
                message:
                    "a bucket of another account has this name, and no two buckets have the same one: write \
                          another name as `bucket`"
                        .to_owned(),
                ..error
            }),
            Err(error) => Err(error),
        }
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        settings::change(aws, wanted, &change).await?;
        match tags::asked_for(wanted, &change) {
            Some(tags) => live::retag(aws, change.id.as_str(), &tags).await,
            None => Ok(()),
        }
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        let name = deletion.id.as_str();
        // Another account may have the name by now, and so may another stack.
        let Some(tags) = live::tags(aws, name).await? else { return Ok(()) };
        tags::refuse_others(DELETE, name, &Ownership::of_tags(&tags), deletion.owner)?;
        let answer = own!(aws.write.s3.delete_bucket(), aws, name).send().await.map_err(aws_error(DELETE));
        match live::absent_is_none(answer.map(drop)) {
            Ok(_) => Ok(()),
            Err(error) if error.code == "BucketNotEmpty" => Err(CloudError {
                message: format!(
                    "{name} holds objects or versions of objects, and S3 deletes no such bucket"
                ),
                ..error
            }),
            Err(error) => Err(error),
        }
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        live::retag(aws, id.as_str(), &tags::claim(owner)).await
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        live::all(aws, &BTreeSet::new()).await
    }

    async fn beyond(aws: &Aws, shown: &BTreeMap<Id, Live>) -> Result<BTreeMap<Id, Document>, CloudError> {
        live::settings(aws, shown.keys()).await
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let name = text.rsplit_once(":::").map_or(text, |(_, name)| name);
        let name = name.strip_prefix("s3://").unwrap_or(name).trim_end_matches('/');
        // The SDK takes other texts for addresses of another kind.
        match NAME_IN_USE.fits(name) {
            true => match live::region(aws, name).await?.filter(|region| region != aws.region()) {
                Some(region) => {
                    let why = format!("it is in {region}, and this stack in {}", aws.region());
                    let found = Found::new(Id::new(name), Ownership::Untagged);
                    Ok(Some(Named { found, unfit: Some(why) }))
                }
                None => Ok(live::found(aws, name).await?.map(Named::from)),
            },
            false => Ok(None),
        }
    }
}
