//! IAM roles: who may take one, and what it may do then. Each has one inline policy of its own, and managed policies that are attached.
//!
//! Policies that others put on a role are neither changed nor taken off. A plan says which ones they are.

mod checks;
mod live;
mod names;
mod settings;
mod trust;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_iam::operation::create_role::builders::CreateRoleInputBuilder as Create;
use aws_sdk_iam::operation::update_role::builders::UpdateRoleInputBuilder as Modify;
use serde_json::Value;

use crate::aws::kind::{Check, Kind, Seen, id_in_answer};
use crate::aws::kinds::iam_tags::{self, PATH_RULE};
use crate::aws::kinds::policy_document::{self, Policy};
use crate::aws::kinds::tags;
use crate::aws::row::{self, Key, Row, Scope, Shown, field, flag, own, set_of, text, whole};
use crate::aws::{Aws, absent_is_done, aws_error};
use crate::engine::call::{Call, Check as Checked, Grant};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, Outcome, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::InPlace;
use crate::engine::resource::{
    Condition, Effect, Found, Id, Named, OnChange, Owner, Ownership, Patience, Pattern, Role, Shape,
};
use live::Live;
pub(crate) use live::{ATTACHED, INLINE, PROFILES, attached, inline, profiles as profiles_of};
pub(crate) use names::all as policy_names;

/// The ARN of a role has its path and its name.
const THIS: &[&str] = &["iam:role{path}{name}"];
const OURS: &[Grant] = &[Grant::owned(THIS)];

const CREATE: Call = Call::new("iam:CreateRole", &[Grant::tagging(THIS)]).checked(&[Checked::new(
    "iam:TagRole",
    Grant::tagging(THIS),
    "IAM User Guide, Tagging IAM roles: permissions required for tagging",
)]);
const UPDATE: Call = Call::new("iam:UpdateRole", OURS);
const DELETE: Call = Call::new("iam:DeleteRole", OURS);
const PUT_TRUST: Call = Call::new("iam:UpdateAssumeRolePolicy", OURS);
const PUT_POLICY: Call = Call::new("iam:PutRolePolicy", OURS);
const DELETE_POLICY: Call = Call::new("iam:DeleteRolePolicy", OURS);
const ATTACH: Call = Call::new("iam:AttachRolePolicy", OURS);
const DETACH: Call = Call::new("iam:DetachRolePolicy", OURS);
const PUT_BOUNDARY: Call = Call::new("iam:PutRolePermissionsBoundary", OURS);
const DELETE_BOUNDARY: Call = Call::new("iam:DeleteRolePermissionsBoundary", OURS);
const TAG: Call = Call::new("iam:TagRole", OURS);
const UNTAG: Call = Call::new("iam:UntagRole", OURS);

/// CreateRole, RoleName, and IAM User Guide, "IAM and AWS STS quotas".
const NAME_RULE: Pattern =
    Pattern::new("a role's name: letters, digits and `_+=,.@-`, at most 64", "^[A-Za-z0-9_+=,.@-]+$", 64);
/// CreateRole, Description: characters up to U+00FF. It takes tabs and line ends too.
const DESCRIPTION_RULE: Pattern = Pattern::new(
    "a description of 1 to 1000 characters of Latin-1",
    "^[\\x20-\\x7E\\xA1-\\xFF]{1,1000}$",
    2_000,
)
// It would be taken for a reference.
.but_not("\\$\\{");
/// The ARN of a managed policy.
pub(crate) const POLICY_ARN: Pattern = Pattern::new(
    "the ARN of a managed policy, such as `arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore`",
    "^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[!-~]+$",
    2_048,
);
const POLICY_NAME_RULE: Pattern = Pattern::new("a policy's name", "^[A-Za-z0-9_+=,.@-]+$", 128);

/// The name of a role's own policy where none is written.
const DEFAULT_NAME: &str = "provision";

type Field<T> = Key<IamRole, T>;
const NAME: Field<String> = Key::new("name");
const TRUST: Field<Policy> = Key::new("assume_role_policy");
const POLICY: Field<Policy> = Key::new("policy");
const POLICY_NAME: Field<String> = Key::new("policy_name");
const MANAGED: Field<Vec<String>> = Key::new("managed_policies");
const DESCRIPTION: Field<String> = Key::new("description");
const SESSION: Field<i32> = Key::new("max_session_duration");
const BOUNDARY: Field<String> = Key::new("permissions_boundary");

/// Roles of IAM.
pub struct IamRole;

impl Kind for IamRole {
    const KIND: &'static str = "aws_iam_role";
    const CALLS: &'static [Call] = &[
        live::GET,
        live::LIST,
        INLINE,
        live::GET_POLICY,
        ATTACHED,
        PROFILES,
        CREATE,
        // What is ours is taken off before the role goes.
        DETACH,
        DELETE_POLICY,
        DELETE,
    ];
    const ROUNDS: usize = 2;
    const MODIFY: &'static [Call] = &[UPDATE];
    type Create = Create;
    type Modify = Modify;
    type Live = Live;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        &NAME
            .field(text(NAME_RULE).made_by_section())
            .doc(
                "The role's name; without it, the stack's name with that of the entry. No other role of the account may have it, with other \
                 capitals neither. Only a new role can change it.",
            )
            .create(Create::set_role_name)
            .fixed()
            .observe(|live| Some(live.role.role_name.clone()))
            .met_by(same_name)
            .chosen_once(),
        &Field::new("path")
            .field(text(PATH_RULE).default("/"))
            .doc("The path before the name in its ARN. Only a new role can change it.")
            .create(Create::set_path)
            .fixed()
            .observe(|live| Some(live.role.path.clone())),
        &TRUST
            .field(own().required())
            .made_from("service_accounts")
            .sent_by_code(InPlace(Effect::AccessLoss), &[PUT_TRUST])
            .observe(|live| Some(live.trust.clone()))
            .met_by(same_policy)
            .depending(|desired, observed| cost(desired, observed, TRUST.name))
            .also_from(&["services", "instance_profile", "oidc_provider", "audiences"]),
        &POLICY
            .field(own().required())
            .made_from("buckets")
            .sent_by_code(InPlace(Effect::AccessLoss), &[PUT_POLICY, DELETE_POLICY])
            .observe(|live| Some(live.policy.clone()))
            .met_by(same_policy)
            .depending(|desired, observed| cost(desired, observed, POLICY.name))
            .also_from(&["read_buckets", "statements"]),
        &POLICY_NAME
            .field(text(POLICY_NAME_RULE).default(DEFAULT_NAME))
            .doc("The name of its own policy.")
            .sent_by_code(InPlace(Effect::None), &[PUT_POLICY, DELETE_POLICY])
            .observe(|live| live.policy_name.clone())
            .several_by(names::both),
        &MANAGED
            // "Managed policies attached to an IAM role": 10, which can be raised (IAM User Guide, quotas).
            .field(set_of(&Shape::Text(POLICY_ARN)))
            .doc("The managed policies that are attached to it, by their ARNs. One that others attach is not taken off: a plan names it.")
            .sent_by_code(InPlace(Effect::AccessLoss), &[ATTACH, DETACH])
            .observe(attached_of)
            .depending(cost_of_managed),
        &DESCRIPTION
            .field(text(DESCRIPTION_RULE))
            .doc("The role's description.")
            .create(Create::set_description)
            .modify(Modify::set_description, InPlace(Effect::None))
            .observe(|live| live.role.description.clone().filter(|text| !text.is_empty())),
        &SESSION
            .field(whole(3_600, 43_200).default(3_600))
            .doc("The longest time for which credentials of it are good, in seconds: one hour to twelve.")
            .create(Create::set_max_session_duration)
            .modify(Modify::set_max_session_duration, InPlace(Effect::None))
            .observe(|live| Some(live.role.max_session_duration.unwrap_or(3_600))),
        &BOUNDARY
            .field(text(POLICY_ARN))
            .doc("The managed policy that is the most that it may do, by its ARN.")
            .create(Create::set_permissions_boundary)
            // What the new boundary does not allow is lost, and it is not read.
            .modified_by_code(InPlace(Effect::AccessLoss), &[PUT_BOUNDARY, DELETE_BOUNDARY])
            .observe(boundary_of)
            .depending(cost_of_boundary)
            .taken_back(),
        &field("deletion_protection", flag().default(false))
            .doc("True if `provision` refuses to delete it. Kept in the state: IAM has no such protection of its own.")
            .recorded()
            .rebuilt_as(false)
            .plays(Role::Protection),
        &tags::row::<Self>(&[TAG, UNTAG], |live| {
            Some(tags::shown(live, &iam_tags::of_sdk_tags(live.role.tags())))
        }),
    ];
    const CHECKS: &'static [Check] =
        &[tags::check, checks::is_trusted, checks::sizes, checks::at_most_managed];
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    // Pods and machines that take it are refused from then on. A new role of the same name is another principal.
    const LOSS: Effect = Effect::AccessLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        // "Changes that I make are not always immediately visible" (IAM User Guide, Troubleshoot IAM).
        create: Duration::from_secs(3 * 60),
        update: Duration::from_secs(3 * 60),
        delete: Duration::from_secs(3 * 60),
    };
    const CLAIM: &'static [Call] = &[TAG];
    // Its policy names them.
    const OUTLIVES: &'static [&'static str] = &["aws_s3_bucket"];
    const COMES_FIRST: bool = true;

    fn foreseen(wanted: &Document, output: &str, _: &str) -> Option<Value> {
        NAME.text(wanted).filter(|_| matches!(output, "id" | "name")).map(Value::from)
    }

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
        live::look(aws, tracked).await
    }

    fn seen(live: &Live, recorded: Option<&Document>) -> Seen {
        let role = &live.role;
        Seen {
            outputs: row::outputs([
                ("arn", role.arn.clone()),
                ("name", role.role_name.clone()),
                ("unique_id", role.role_id.clone()),
            ]),
            // For a moment a new role may be shown by its unique id alone.
            condition: match role.arn.starts_with("arn:") {
                true => Condition::Ready,
                false => Condition::Pending("not known everywhere yet".to_owned()),
            },
            remarks: recorded.map(|recorded| live.of_others(recorded)).unwrap_or_default(),
            ownership: Ownership::of_tags(&iam_tags::of_sdk_tags(role.tags())),
            vpc: None,
        }
    }

    async fn find(aws: &Aws, wanted: &Document, _: &Owner) -> Result<Vec<Found>, CloudError> {
        let Some(name) = NAME.text(wanted) else { return Ok(Vec::new()) };
        Ok(live::of_any_case(aws, name).await?.iter().map(live::found).collect())
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        let tags = tags::with_ownership(&tags::of(wanted), owner);
        let trust = trust::to_send(&TRUST.of(wanted).unwrap_or_default(), aws.partition());
        let call = row::create_call::<Self>(wanted)
            .assume_role_policy_document(trust)
            .set_tags(Some(tags::to_iam(&tags)));
        let made = call.send_with(&aws.write.iam).await.map_err(aws_error(CREATE))?;
        id_in_answer(CREATE, made.role.map(|role| role.role_name))
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        settings::change(aws, wanted, &change).await
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        let name = deletion.id.as_str();
        let Some(role) = live::role(aws, name).await? else { return Ok(()) };
        let ownership = Ownership::of_tags(&iam_tags::of_sdk_tags(role.tags()));
        tags::refuse_others(DELETE, name, &ownership, deletion.owner)?;
        settings::strip(aws, name, deletion.recorded).await?;
        let delete = aws.write.iam.delete_role().role_name(name).send().await;
        absent_is_done(delete.map(drop).map_err(aws_error(DELETE)))
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        settings::retag(aws, id.as_str(), &tags::claim(owner)).await
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        live::all(aws).await
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let name = iam_tags::name_in(text);
        if !NAME_RULE.fits(name) {
            return Ok(None);
        }
        let role = live::role(aws, name).await?;
        Ok(role.map(|role| Named { found: live::found(&role), unfit: iam_tags::unfit(&role.path) }))
    }
}

/// "They are not distinguished by case" (CreateRole, RoleName).
pub(super) fn same_name(desired: &Value, observed: &Value) -> bool {
    let texts = desired.as_str().zip(observed.as_str());
    texts.is_some_and(|(desired, observed)| desired.eq_ignore_ascii_case(observed))
}

fn same_policy(desired: &Value, observed: &Value) -> bool {
    let meaning = |policy: &Value| policy_document::meaning(policy, |_| false);
    meaning(desired) == meaning(observed)
}

/// The cost of another policy in this field.
fn cost(desired: &Document, observed: &Document, field: &str) -> OnChange {
    let policy = |document: &Document| document.get(field).cloned().unwrap_or_default();
    let cuts = policy_document::cuts(&policy(observed), &policy(desired));
    InPlace(if cuts { Effect::AccessLoss } else { Effect::None })
}

/// What is taken off is lost; what comes to it takes nothing away, as far as it is not read: a denial in it would.
fn cost_of_managed(desired: &Document, observed: &Document) -> OnChange {
    let (desired, observed) =
        (MANAGED.of(desired).unwrap_or_default(), MANAGED.of(observed).unwrap_or_default());
    let takes_off = observed.iter().any(|arn| !desired.contains(arn));
    InPlace(if takes_off { Effect::AccessLoss } else { Effect::None })
}

/// Without a boundary nothing is lost.
fn cost_of_boundary(desired: &Document, _: &Document) -> OnChange {
    InPlace(if desired.contains_key(BOUNDARY.name) { Effect::AccessLoss } else { Effect::None })
}

fn attached_of(shown: &Shown<'_, IamRole>) -> Option<Vec<String>> {
    let recorded = MANAGED.of(shown.recorded).unwrap_or_default();
    let is_shown = |arn: &&String| shown.scope == Scope::Whole || recorded.contains(*arn);
    Some(shown.attached.iter().filter(is_shown).cloned().collect())
}

fn boundary_of(shown: &Shown<'_, IamRole>) -> Option<String> {
    let its = shown.role.permissions_boundary()?.permissions_boundary_arn()?.to_owned();
    let is_recorded = shown.recorded.contains_key(BOUNDARY.name);
    (shown.scope == Scope::Whole || is_recorded).then_some(its)
}

/// Something still uses the role, or did a moment ago.
fn still_used(message: String) -> CloudError {
    CloudError { outcome: Outcome::Busy, ..CloudError::refused(DELETE, "DeleteConflict", message) }
}
