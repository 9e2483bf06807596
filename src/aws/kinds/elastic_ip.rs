//! Elastic addresses, each perhaps on a machine.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::operation::allocate_address::builders::AllocateAddressInputBuilder as Create;
use aws_sdk_ec2::types::{Address, DomainType, ResourceType};

use crate::aws::kind::{self, Kind, Seen, id_in_answer};
use crate::aws::kinds::{ec2_tags, tags};
use crate::aws::row::{self, Key, Row, text};
use crate::aws::{Aws, absent_is_done, aws_error, ec2};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::{self, ChangeDocument, CloudError, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::InPlace;
use crate::engine::resource::{
    Condition, Effect, Found, Id, Named, Owner, Ownership, Patience, Pattern, Role,
};

const ADDRESSES: &[&str] = &["ec2:elastic-ip/*"];
const OURS: &[Grant] = &[Grant::owned(ADDRESSES)];

const ALLOCATE: Call = Call::new("ec2:AllocateAddress", &[Grant::tagging(ADDRESSES)])
    .checked(&[ec2_tags::check(Grant::on(ADDRESSES).when(ec2_tags::WHEN_MAKING_AN_ADDRESS))]);
const RELEASE: Call = Call::new("ec2:ReleaseAddress", OURS);
/// The machine and its interface are checked too, and the interface of one that others made has no tags of the stack.
const ASSOCIATE: Call = Call::new(
    "ec2:AssociateAddress",
    &[Grant::owned(ADDRESSES), Grant::on(&["ec2:instance/*", "ec2:network-interface/*"])],
);
const DISASSOCIATE: Call = Call::new(
    "ec2:DisassociateAddress",
    &[Grant::owned(ADDRESSES), Grant::on(&["ec2:instance/*", "ec2:network-interface/*"])],
);
const TAG: Call = ec2_tags::tag(OURS);
const UNTAG: Call = ec2_tags::untag(OURS);

type Field<T> = Key<ElasticIp, T>;
const INSTANCE: Field<String> = Key::new("instance_id");

/// Elastic addresses of EC2.
pub struct ElasticIp;

impl Kind for ElasticIp {
    const KIND: &'static str = "aws_eip";
    const CALLS: &'static [Call] = &[ec2::ADDRESSES, ec2::INSTANCES, ALLOCATE, DISASSOCIATE, RELEASE];
    // Each change has a call of its own.
    const MODIFY: &'static [Call] = &[];
    type Create = Create;
    type Modify = ();
    type Live = Address;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        &INSTANCE
            .field(text(Pattern::any("the id of a machine")))
            .made_from("instance")
            .sent_by_code(InPlace(Effect::AccessLoss), &[ASSOCIATE, DISASSOCIATE])
            .observe(|live| {
                // One that nothing is said of is where others, or a failover, put it.
                INSTANCE.text(live.recorded)?;
                live.instance_id.clone().filter(|id| !id.is_empty())
            })
            // Nobody reaches anything by one that is free.
            .depending(|_, observed| {
                let moves = observed.contains_key(INSTANCE.name);
                InPlace(if moves { Effect::AccessLoss } else { Effect::None })
            })
            .taken_back()
            .plays(Role::Loose),
        &tags::row::<Self>(&[TAG, UNTAG], |live| Some(tags::shown(live, &ec2::tags(live.tags())))),
    ];
    const CHECKS: &'static [kind::Check] = &[tags::check];
    // No two addresses collide by their inputs.
    const NATURAL_KEY: &'static [&'static str] = &[];
    /// Another address takes its place: this one is somebody else's soon.
    const LOSS: Effect = Effect::AccessLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        create: Duration::from_secs(5 * 60),
        update: Duration::from_secs(10 * 60),
        delete: Duration::from_secs(10 * 60),
    };
    const CLAIM: &'static [Call] = &[TAG];

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Address>, CloudError> {
        let ids = tracked.iter().map(|one| one.id.as_str());
        let found = ec2::with_any_of("allocation-id", ids, |filters| ec2::addresses(aws, filters)).await?;
        Ok(found.into_iter().filter_map(|live| Some((Id::new(live.allocation_id()?), live))).collect())
    }

    fn seen(live: &Address, _: Option<&Document>) -> Seen {
        Seen {
            outputs: row::outputs([("public_ip", live.public_ip.clone().unwrap_or_default())]),
            condition: Condition::Ready,
            remarks: Vec::new(),
            ownership: Ownership::of_tags(&ec2::tags(live.tags())),
            vpc: None,
        }
    }

    async fn find(aws: &Aws, _: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        let all = ec2::addresses(aws, vec![ec2_tags::of_the_stack(owner)]).await?;
        Ok(ec2_tags::search(owner, all.iter().filter_map(candidate).collect()))
    }

    /// The call takes no token: after an answer that was lost, the address is found by its tags. The machine comes to it with the update
    /// that follows.
    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        let tags = ec2_tags::all_of(wanted, owner);
        let call = row::create_call::<Self>(wanted)
            .domain(DomainType::Vpc)
            .tag_specifications(ec2_tags::specification(ResourceType::ElasticIp, &tags));
        let made = call.send_with(&aws.write.ec2).await.map_err(aws_error(ALLOCATE))?;
        id_in_answer(ALLOCATE, made.allocation_id)
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        let Some(live) = one(aws, change.id).await? else {
            let message = format!("{} is not seen", change.id);
            return Err(CloudError::not_seen(ASSOCIATE, "InvalidAllocationID.NotFound", message));
        };
        let ownership = Ownership::of_tags(&ec2::tags(live.tags()));
        tags::refuse_others(ASSOCIATE, change.id.as_str(), &ownership, change.owner)?;
        if let Some(asked) = tags::asked_for(wanted, &change) {
            ec2_tags::retag(aws, change.id.as_str(), &asked, (TAG, UNTAG)).await?;
        }
        if !change.fields.contains(INSTANCE.name) {
            return Ok(());
        }
        let (now, wanted) = (live.instance_id().filter(|id| !id.is_empty()), INSTANCE.text(wanted));
        if now == wanted {
            return Ok(());
        }
        if live.association_id().is_some() {
            leave(aws, &live, change.owner).await?;
        }
        let Some(machine) = wanted else { return Ok(()) };
        let call = aws.write.ec2.associate_address().allocation_id(change.id.as_str()).instance_id(machine);
        // True by default: then it would move off whatever has it (AssociateAddress, EC2 API reference).
        call.allow_reassociation(false).send().await.map(drop).map_err(aws_error(ASSOCIATE))
    }

    async fn delete(aws: &Aws, deletion: cloud::Deletion<'_>) -> Result<(), CloudError> {
        let Some(live) = one(aws, deletion.id).await? else { return Ok(()) };
        let ownership = Ownership::of_tags(&ec2::tags(live.tags()));
        tags::refuse_others(RELEASE, deletion.id.as_str(), &ownership, deletion.owner)?;
        if live.association_id().is_some() {
            leave(aws, &live, deletion.owner).await?;
        }
        let sent = aws.write.ec2.release_address().allocation_id(deletion.id.as_str()).send().await;
        absent_is_done(sent.map(drop).map_err(aws_error(RELEASE)))
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        ec2_tags::retag(aws, id.as_str(), &tags::claim(owner), (TAG, UNTAG)).await
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        let all = ec2::addresses(aws, vec![ec2_tags::of_any_stack()]).await?;
        Ok(all.iter().filter_map(candidate).map(|one| one.found()).collect())
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let live = one(aws, &Id::new(text)).await?;
        let unfit = live.as_ref().filter(|live| live.service_managed().is_some());
        let unfit = unfit.map(|_| "a service of AWS manages it".to_owned());
        let found = live.as_ref().and_then(candidate).map(|one| one.found());
        Ok(found.map(|found| Named { found, unfit }))
    }
}

async fn one(aws: &Aws, id: &Id) -> Result<Option<Address>, CloudError> {
    let found = ec2::addresses(aws, vec![ec2::filter("allocation-id", [id.as_str()])]).await?;
    Ok(found.into_iter().next())
}

fn candidate(live: &Address) -> Option<ec2_tags::Candidate> {
    Some(ec2_tags::Candidate {
        id: live.allocation_id.clone()?,
        tags: ec2::tags(live.tags()),
        token: None,
        vpc: None,
        made: None,
    })
}

/// Takes the address off the machine that has it. One that others put on a machine of theirs stays there.
async fn leave(aws: &Aws, live: &Address, owner: &Owner) -> Result<(), CloudError> {
    let id = live.allocation_id().unwrap_or_default();
    let machine = live.instance_id().filter(|id| !id.is_empty());
    let is_ours = match machine {
        Some(machine) => {
            let found = ec2::instances(aws, vec![ec2::filter("instance-id", [machine])]).await?;
            let ownership = found.first().map(|one| Ownership::of_tags(&ec2::tags(one.tags())));
            // Of one that is gone, the address is free in a moment.
            ownership.is_none_or(|ownership| owner.whose(&ownership, None).is_of_this_state())
        }
        None => false,
    };
    let association = live.association_id().unwrap_or_default();
    if !is_ours {
        let holder = machine.or(live.network_interface_id()).unwrap_or("something else");
        let message = format!(
            "the address is on {holder}, which is not this stack's: aws ec2 disassociate-address --association-id {association}, where \
             nobody needs {id} there"
        );
        return Err(CloudError::refused(DISASSOCIATE, "NotOurs", message));
    }
    let sent = aws.write.ec2.disassociate_address().association_id(association).send().await;
    absent_is_done(sent.map(drop).map_err(aws_error(DISASSOCIATE)))
}
