//! The beginning of an upgrade: the one that is under way, the next part of one, or a new one that nothing is in the way of.

use std::error::Error;
use std::fmt;

use futures_util::future::{try_join, try_join_all};
use jiff::Timestamp;
use serde_json::Value;

use super::failed;
use super::hands::{Upgrading, manager, unreadable};
use crate::aws::checks::upgrade::{Reach, reach};
use crate::aws::recovery::{self, DATABASE};
use crate::cli::Upgrade as Request;
use crate::cli::procedure::{Hands, found};
use crate::cli::session::{Session, aws_failure};
use crate::engine::address::Address;
use crate::engine::cloud::Cloud;
use crate::engine::resource::Id;
use crate::engine::state::{Record, State};
use crate::gitlab::{Description, gate as gitlab};
use crate::recovery::course::Course;
use crate::recovery::restore::name_beside;
use crate::recovery::upgrade::gate::{Facts, Group, InTheWay, in_the_way};
use crate::recovery::upgrade::{Copy, NewGroup, Stage, Upgrade, before, is_major};
use crate::stack::blueprint::in_family;
use crate::stack::postgres::{Version, without_family};
use crate::view::failure::{Failure, FailureKind};

const GROUP: &str = "aws_db_parameter_group";
const GROUP_NAME: &str = "parameter_group_name";
const VERSION: &str = "engine_version";

/// The upgrade that the request goes on with, or begins.
pub(super) async fn begin(
    session: &Session,
    state: &State,
    (address, record): (&Address, &Record),
    request: &Request,
) -> Result<(Option<Timestamp>, Upgrade), Failure> {
    let name = address.title();
    let Some((procedure, mut upgrade)) = found::<Upgrade>(state, address)? else {
        return match request.to {
            Some(_) => Ok((None, new(session, state, (address, record), request).await?)),
            None => Err(failed(format!("no upgrade of {name} is under way"))
                .hint(format!("to begin one, to 17 or another version: provision upgrade {name} --to 17"))),
        };
    };
    let began = procedure.started.parse().ok();
    // Both may have been moved to another name meanwhile.
    upgrade.name.clone_from(&name);
    if let Some(group) = &mut upgrade.group {
        group.address = Address::new(GROUP, address.name());
    }
    let is_doing = || failed(format!("{address} {}", upgrade.doing()));
    let ways = || {
        let go_on = format!("to go on: {}", procedure.to_go_on(Upgrade::COMMAND, address));
        match procedure.to_give_up(Upgrade::COMMAND, address) {
            Some(give_up) => format!("{go_on}; or, to give it up: {give_up}"),
            None => go_on,
        }
    };
    let forget =
        || format!("to let go of what is kept, and see how it is deleted: provision upgrade {name} --forget");
    if request.give_up {
        return give_up(session, address, (began, upgrade), request).await;
    }
    match (upgrade.stage, &request.to) {
        (Stage::Upgrading | Stage::Copying, Some(_)) if upgrade.options == request.typed() => {
            let observed = Upgrading::new(session, address).look(&upgrade).await?;
            upgrade.try_again(&observed, Timestamp::now());
            Ok((began, upgrade))
        }
        (Stage::Upgraded, Some(_)) => Ok((None, new(session, state, (address, record), request).await?)),
        (Stage::GivenUp, Some(_)) if upgrade.copy.as_ref().is_none_or(|copy| copy.is_deleted) => {
            Ok((None, new(session, state, (address, record), request).await?))
        }
        (Stage::Switched | Stage::GivenUp, Some(_)) => Err(is_doing().hint(format!(
            "before another upgrade, let go of what is kept: provision upgrade {name} --forget"
        ))),
        (Stage::Switched | Stage::GivenUp, None) => Err(is_doing().hint(forget())),
        (Stage::Upgraded, None) => Err(is_doing().hint(forget())),
        (Stage::Beside, None) => {
            upgrade.switch(request.within);
            Ok((None, upgrade))
        }
        (Stage::Switching, None) => {
            let observed = Upgrading::new(session, address).look(&upgrade).await?;
            upgrade.try_again(&observed, Timestamp::now());
            if upgrade.asked.is_none() {
                upgrade.switch(request.within);
            }
            Ok((began, upgrade))
        }
        _ => Err(is_doing().hint(ways())),
    }
}

async fn give_up(
    session: &Session,
    address: &Address,
    (began, mut upgrade): (Option<Timestamp>, Upgrade),
    request: &Request,
) -> Result<(Option<Timestamp>, Upgrade), Failure> {
    let name = address.title();
    if request.delete_copy && upgrade.copy.is_none() {
        return Err(Failure::message(
            FailureKind::Usage,
            format!("the upgrade of {name} is in place, and has no copy"),
        )
        .hint(format!("provision upgrade {name} --give-up")));
    }
    if upgrade.stage == Stage::GivingUp {
        let is_other = upgrade.copy.as_ref().is_some_and(|copy| copy.is_deleted != request.delete_copy);
        if is_other {
            upgrade.give_up(request.delete_copy);
            return Ok((None, upgrade));
        }
        return Ok((began, upgrade));
    }
    let observed = Upgrading::new(session, address).look(&upgrade).await?;
    upgrade.learn(&observed);
    upgrade.try_again(&observed, Timestamp::now());
    if upgrade.can_be_given_up() {
        // Others may have upgraded it meanwhile: it goes on with what it has.
        if let (None, Some(seen)) = (&upgrade.copy, &observed.database) {
            upgrade.from.clone_from(&seen.version);
        }
        upgrade.give_up(request.delete_copy);
        return Ok((None, upgrade));
    }
    let failure = failed(format!("{address} {}, and that cannot be given up", upgrade.doing()));
    Err(match upgrade.stage {
        Stage::Upgrading | Stage::Switching => {
            failure.hint(format!("to go on: provision {} {name} {}", Upgrade::COMMAND, upgrade.goes_on()))
        }
        _ => failure.hint(format!(
            "to let go of what is kept, and see how it is deleted: provision upgrade {name} --forget"
        )),
    })
}

/// A new upgrade, with everything that is in its way told before anything is made.
async fn new(
    session: &Session,
    state: &State,
    (address, record): (&Address, &Record),
    request: &Request,
) -> Result<Upgrade, Failure> {
    let (aws, name) = (&session.aws, address.title());
    let typed = request.to.clone().unwrap_or_default();
    let id = record.id.clone().ok_or_else(|| failed(format!("{address} has no id yet")))?;
    let ids = [id.clone()];
    let sources = async { recovery::by_id(aws, &id).await.map_err(aws_failure) };
    let shown = async { session.cloud.survey(DATABASE, &ids).await.map_err(unreadable) };
    let (live, shown) = try_join(sources, shown).await?;
    let (Some(live), Some(shown)) = (live, shown.get(&id)) else {
        return Err(failed(format!("{address} is gone")).hint("provision plan"));
    };
    let seen = recovery::seen(&live);
    let identifier = seen.instance.identifier.clone();
    let in_force = if shown.in_force.is_empty() { &shown.inputs } else { &shown.in_force };
    let Reach { targets, target, unfit } =
        reach(aws, in_force, &seen.version, &typed).await.map_err(aws_failure)?;
    let now_in = live.db_parameter_groups().first().and_then(|group| group.db_parameter_group_name());
    let (group, new_group, group_name) = match &target {
        Some(target) if is_major(&seen.version, target) => {
            group(session, state, (address, record), (now_in, target), request).await?
        }
        _ => (Group::Fits, None, None),
    };
    let (far, near): (Vec<String>, Vec<String>) =
        live.read_replica_db_instance_identifiers().iter().cloned().partition(|name| name.contains(':'));
    let near = try_join_all(near.iter().map(|one| recovery::by_name(aws, one))).await.map_err(aws_failure)?;
    let replicas: Vec<(String, String)> = near
        .into_iter()
        .flatten()
        .map(|one| (one.db_instance_identifier.unwrap_or_default(), one.engine_version.unwrap_or_default()))
        .collect();
    let replicates_logically = match now_in {
        Some(group) if request.blue_green => {
            recovery::is_on(aws, group, "rds.logical_replication").await.map_err(aws_failure)?
        }
        _ => false,
    };
    let has_replicas = !replicas.is_empty();
    let facts = Facts {
        name: name.clone(),
        identifier: identifier.clone(),
        status: seen.instance.status.clone(),
        version: seen.version.clone(),
        typed: typed.clone(),
        targets,
        target: target.clone(),
        unordered: unfit,
        replicas,
        far_replicas: far,
        group,
        pending_reboot: seen.instance.pending_reboot,
        by_copy: request.blue_green,
        is_password_managed: live.master_user_secret().is_some(),
        backup_days: live.backup_retention_period().unwrap_or_default(),
        replicates_logically,
        is_replica: live.read_replica_source_db_instance_identifier().is_some(),
    };
    let mut found = in_the_way(&facts);
    let mut order = Vec::new();
    if let Some(target) = &target {
        match gitlab::of_upgrade(&Description::new(&session.stack, state), address.name(), target) {
            gitlab::Order::GitLabFirst { message, hint } => {
                found.push(InTheWay { message, hint: Some(hint) });
            }
            gitlab::Order::Database(said) => order = said,
        }
    }
    let (Some(target), true) = (target, found.is_empty()) else {
        return Err(refused(&name, &typed, found));
    };
    let now = Timestamp::now();
    let words = target.replace(['.', '_'], "-");
    let mut recorded = record.inputs.clone();
    recorded.insert(VERSION.to_owned(), typed.clone().into());
    if let Some(group_name) = &group_name {
        recorded.insert(GROUP_NAME.to_owned(), group_name.clone().into());
    }
    let copy = request.blue_green.then(|| Copy {
        name: deployment_name(&identifier, &format!("to-{words}"), now),
        deployment: None,
        id: None,
        identifier: None,
        old: None,
        seconds: request.within,
        is_deleted: false,
    });
    let mut upgrade = Upgrade {
        name,
        options: request.typed(),
        snapshot: to_the_second(name_beside(&identifier, &format!("before-{words}"), now), now),
        identifier,
        id,
        from: seen.version.clone(),
        to: target,
        group: new_group,
        stage: if copy.is_some() { Stage::Copying } else { Stage::Upgrading },
        copy,
        recorded: manager(session, DATABASE).normalise(&recorded).map_err(Failure::failed)?,
        asked: None,
        is_recorded: false,
        notes: Vec::new(),
    };
    upgrade.notes = order;
    let waits = shown.inputs.iter().filter(|(field, value)| in_force.get(*field) != Some(value));
    let waits: Vec<&str> = waits.map(|(field, _)| field.as_str()).collect();
    if !waits.is_empty() && upgrade.copy.is_none() {
        upgrade.notes.push(format!("what waits for the window comes with it: {}", waits.join(", ")));
    }
    if has_replicas && upgrade.is_major() {
        upgrade.notes.push(
            "its read replicas are upgraded with it, which takes longer; what a plan shows of them afterwards is their parameter group: provision apply"
                .to_owned(),
        );
    }
    let statements = before(&upgrade);
    upgrade.notes.extend(statements);
    Ok(upgrade)
}

/// A name that no second upgrade has within the minute.
fn to_the_second(name: String, now: Timestamp) -> String {
    format!("{name}{:02}", now.as_second().rem_euclid(60))
}

/// The name of a deployment, of at most 60 letters (CreateBlueGreenDeployment, BlueGreenDeploymentName).
fn deployment_name(identifier: &str, word: &str, now: Timestamp) -> String {
    let stem: String = identifier.chars().take(20).collect();
    to_the_second(name_beside(stem.trim_end_matches('-'), word, now), now)
}

/// The parameter group of a new major version: the judgement, the one to be made, and the name that is sent.
async fn group(
    session: &Session,
    state: &State,
    (address, record): (&Address, &Record),
    (now_in, target): (Option<&str>, &str),
    request: &Request,
) -> Result<(Group, Option<NewGroup>, Option<String>), Failure> {
    let family = Version::parse(target).map(|version| version.family()).unwrap_or_default();
    if let Some(named) = &request.parameter_group {
        let its = recovery::family(&session.aws, named).await.map_err(aws_failure)?;
        let verdict = match its {
            Some(its) if its == family => Group::Fits,
            Some(its) => {
                Group::Unfit(format!("the parameter group {named} is of {its}, and not of {family}"))
            }
            None => Group::Unfit(format!("there is no parameter group {named}")),
        };
        return Ok((verdict, None, Some(named.clone())));
    }
    let recorded = record.inputs.get(GROUP_NAME).and_then(Value::as_str);
    let Some(name) = recorded.or(now_in).filter(|name| !name.starts_with("default.")) else {
        return Ok((Group::Fits, None, None));
    };
    let of_others = || (Group::OfOthers { name: name.to_owned() }, None, None);
    let own = Address::new(GROUP, address.name());
    let Some(its) =
        state.resources.get(&own).filter(|its| its.id.as_ref().is_some_and(|id| id.as_str() == name))
    else {
        return Ok(of_others());
    };
    let is_shared = state.resources.iter().any(|(other, record)| {
        other.kind() == DATABASE
            && other != address
            && record.inputs.get(GROUP_NAME).and_then(Value::as_str) == Some(name)
    });
    if is_shared {
        return Ok(of_others());
    }
    let new_name = in_family(without_family(name), &family);
    let mut inputs = its.inputs.clone();
    inputs.insert("name".to_owned(), new_name.clone().into());
    inputs.insert("family".to_owned(), family.into());
    let inputs = manager(session, GROUP).normalise(&inputs).map_err(Failure::failed)?;
    let owner = Upgrading::new(session, address).owner_of(state, &own);
    let there = session.cloud.find(GROUP, &inputs, &owner).await.map_err(unreadable)?;
    if there
        .iter()
        .any(|found| found.id.as_str() == new_name && !owner.whose(&found.ownership, None).is_of_this_state())
    {
        let why = format!("there is a parameter group {new_name} already, which is not the stack's");
        return Ok((Group::Unfit(why), None, None));
    }
    let old = its.id.clone().unwrap_or_else(|| Id::new(name));
    let new = NewGroup { address: own, old, name: new_name.clone(), inputs, is_dropped: false };
    Ok((Group::Own, Some(new), Some(new_name)))
}

/// The refusal with everything that is in the way.
fn refused(name: &str, typed: &str, found: Vec<InTheWay>) -> Failure {
    let mut found = found;
    if let [only] = found.as_mut_slice() {
        let message = format!("{name} cannot be upgraded to {typed}: {}", only.message);
        return failed(message).maybe_hint(only.hint.take());
    }
    let count = found.len();
    let lines = found.into_iter().rev().fold(None, |below: Option<Box<Line>>, one| {
        let hint = one.hint.map(|hint| format!(": {hint}")).unwrap_or_default();
        Some(Box::new(Line { text: format!("- {}{hint}", one.message), below }))
    });
    let text = format!("{name} cannot be upgraded to {typed}, for {count} reasons");
    Failure::failed(Line { text, below: lines }).hint("when they are mended, run the same command again")
}

/// One of several lines of a failure.
#[derive(Debug)]
struct Line {
    text: String,
    below: Option<Box<Line>>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Line {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.below.as_deref().map(|below| below as &dyn Error)
    }
}
