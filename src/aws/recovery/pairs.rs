//! The calls of a failover that no kind makes: groups and states of machines, the place of an address, and commands of Systems Manager.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::types::Filter;
use aws_sdk_ssm::operation::get_command_invocation::GetCommandInvocationOutput;
use aws_sdk_ssm::types::{CommandFilter, CommandFilterKey, InstanceInformationStringFilter, PingStatus};
use jiff::Timestamp;

use crate::aws::{Aws, aws_error};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::CloudError;
use crate::engine::resource::Id;
use crate::recovery::failover::lag::Lag;
use crate::recovery::failover::{Fenced, Groups, Machine, Place, Run};
use crate::recovery::status::written;

const MACHINES: &[Grant] = &[Grant::owned(&["ec2:instance/*"])];
const MACHINES_AND_GROUPS: &[Grant] = &[Grant::owned(&["ec2:instance/*", "ec2:security-group/*"])];
const INTERFACES_AND_GROUPS: &[Grant] =
    &[Grant::owned(&["ec2:network-interface/*", "ec2:instance/*", "ec2:security-group/*"])];
const ADDRESSES: &[Grant] =
    &[Grant::owned(&["ec2:elastic-ip/*", "ec2:instance/*"]), Grant::on(&["ec2:network-interface/*"])];
/// A shell script on machines of the stack, and no other document.
const SCRIPTS: &[Grant] =
    &[Grant::on(&["ssm:document/AWS-RunShellScript"]), Grant::owned(&["ec2:instance/*"])];

const DESCRIBE_MACHINES: Call = Call::read("ec2:DescribeInstances");
const DESCRIBE_ADDRESSES: Call = Call::read("ec2:DescribeAddresses");
const SET_GROUPS: Call = Call::new("ec2:ModifyInstanceAttribute", MACHINES_AND_GROUPS);
const SET_GROUPS_OF_INTERFACE: Call = Call::new("ec2:ModifyNetworkInterfaceAttribute", INTERFACES_AND_GROUPS);
pub(super) const STOP: Call = Call::new("ec2:StopInstances", MACHINES);
const START: Call = Call::new("ec2:StartInstances", MACHINES);
const ASSOCIATE: Call = Call::new("ec2:AssociateAddress", ADDRESSES);
pub(super) const AGENTS: Call = Call::read("ssm:DescribeInstanceInformation");
pub(super) const SEND: Call = Call::new("ssm:SendCommand", SCRIPTS);
pub(super) const INVOCATION: Call = Call::read("ssm:GetCommandInvocation");
pub(super) const COMMANDS: Call = Call::read("ssm:ListCommands");

/// The calls of a stack with pairs.
pub const CALLS: &[Call] = &[
    DESCRIBE_MACHINES,
    DESCRIBE_ADDRESSES,
    SET_GROUPS,
    SET_GROUPS_OF_INTERFACE,
    STOP,
    START,
    ASSOCIATE,
    AGENTS,
    SEND,
    INVOCATION,
    COMMANDS,
];

/// A machine that is offline must not run a command hours later: the least that SendCommand takes (TimeoutSeconds).
const DELIVERED_WITHIN: i32 = 30;
/// So long a read of the lag is waited for.
const READ_WITHIN: Duration = Duration::from_secs(60);
/// The end of what a command printed that a message repeats, in characters.
const TAIL: usize = 160;

/// The machines with these ids; one that is gone is left out. Nothing is said of their agents.
///
/// # Errors
/// Any error of `ec2:DescribeInstances`.
pub async fn machines(aws: &Aws, ids: &[&Id]) -> Result<BTreeMap<Id, Machine>, CloudError> {
    let ids = ids.iter().map(ToString::to_string).collect();
    let filter = Filter::builder().name("instance-id").set_values(Some(ids)).build();
    let pages = aws.read.ec2.describe_instances().filters(filter).into_paginator().items().send();
    let all: Vec<_> = pages.try_collect().await.map_err(aws_error(DESCRIBE_MACHINES))?;
    let instances = all.iter().flat_map(|one| one.instances());
    let machine = |instance: &aws_sdk_ec2::types::Instance| {
        let groups = instance.network_interfaces().iter().filter_map(|interface| {
            let groups = interface.groups().iter().filter_map(|group| group.group_id()).map(str::to_owned);
            Some((interface.network_interface_id()?.to_owned(), groups.collect::<BTreeSet<_>>()))
        });
        let state = instance.state().and_then(|state| state.name()).map(|name| name.as_str().to_owned());
        Machine { state: state.unwrap_or_default(), groups: groups.collect(), is_reachable: false }
    };
    Ok(instances.filter_map(|one| Some((Id::new(one.instance_id()?), machine(one)))).collect())
}

/// The machines among these whose agents are online.
///
/// # Errors
/// Any error of `ssm:DescribeInstanceInformation`.
pub async fn reachable(aws: &Aws, ids: &[&Id]) -> Result<BTreeSet<Id>, CloudError> {
    let values = ids.iter().map(ToString::to_string).collect();
    let filter = InstanceInformationStringFilter::builder().key("InstanceIds").set_values(Some(values));
    let Ok(filter) = filter.build() else { return Ok(BTreeSet::new()) };
    let pages = aws.read.ssm.describe_instance_information().filters(filter).into_paginator().items().send();
    let all: Vec<_> = pages.try_collect().await.map_err(aws_error(AGENTS))?;
    let online = all.iter().filter(|one| one.ping_status() == Some(&PingStatus::Online));
    Ok(online.filter_map(|one| Some(Id::new(one.instance_id()?))).collect())
}

/// The place of an elastic IP address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Associated {
    pub place: Place,
    pub association: Option<String>,
    pub public_ip: Option<String>,
}

/// The place of the address with this allocation.
///
/// # Errors
/// Any error of `ec2:DescribeAddresses`.
pub async fn associated(aws: &Aws, allocation: &Id) -> Result<Associated, CloudError> {
    let filter = Filter::builder().name("allocation-id").values(allocation.as_str()).build();
    let answer = aws.read.ec2.describe_addresses().filters(filter).send().await;
    let answer = answer.map_err(aws_error(DESCRIBE_ADDRESSES))?;
    let Some(address) = answer.addresses().first() else {
        return Ok(Associated { place: Place::Gone, ..Associated::default() });
    };
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let at = text(address.instance_id()).or(text(address.network_interface_id()));
    Ok(Associated {
        place: at.map_or(Place::Free, Place::At),
        association: text(address.association_id()),
        public_ip: text(address.public_ip()),
    })
}

/// Closes a machine: its interfaces have this group alone.
///
/// # Errors
/// Those of [`open`].
pub async fn close(aws: &Aws, id: &Id, machine: &Machine, closed: &Groups) -> Result<(), CloudError> {
    set_groups(aws, id, machine, closed).await
}

/// Gives the interfaces of a machine these groups, and no others, once the other machine is fenced.
///
/// # Errors
/// Any error of the two calls: of a machine with one interface, and of an interface of several ("Groups" of ModifyInstanceAttribute).
pub async fn open(
    aws: &Aws,
    _: &Fenced,
    id: &Id,
    machine: &Machine,
    groups: &Groups,
) -> Result<(), CloudError> {
    set_groups(aws, id, machine, groups).await
}

async fn set_groups(aws: &Aws, id: &Id, machine: &Machine, groups: &Groups) -> Result<(), CloudError> {
    let set = |interface: &str| groups.of(interface).iter().cloned().collect::<Vec<_>>();
    let ec2 = &aws.write.ec2;
    if let Some(interface) = machine.groups.keys().next().filter(|_| machine.groups.len() == 1) {
        let call = ec2.modify_instance_attribute().instance_id(id.as_str());
        let sent = call.set_groups(Some(set(interface))).send().await;
        return sent.map(drop).map_err(aws_error(SET_GROUPS));
    }
    for (interface, has) in &machine.groups {
        if has != groups.of(interface) {
            let call = ec2.modify_network_interface_attribute().network_interface_id(interface);
            let sent = call.set_groups(Some(set(interface))).send().await;
            sent.map_err(aws_error(SET_GROUPS_OF_INTERFACE))?;
        }
    }
    Ok(())
}

/// Stops a machine.
///
/// # Errors
/// Any error of `ec2:StopInstances`.
pub async fn stop(aws: &Aws, id: &Id, by_force: bool) -> Result<(), CloudError> {
    let call = aws.write.ec2.stop_instances().instance_ids(id.as_str());
    let call = if by_force { call.force(true) } else { call };
    call.send().await.map(drop).map_err(aws_error(STOP))
}

/// Starts a machine, once the other one is fenced.
///
/// # Errors
/// Any error of `ec2:StartInstances`.
pub async fn start(aws: &Aws, _: &Fenced, id: &Id) -> Result<(), CloudError> {
    let call = aws.write.ec2.start_instances().instance_ids(id.as_str());
    call.send().await.map(drop).map_err(aws_error(START))
}

/// Moves an address to a machine, from the one that has it, which is fenced.
///
/// # Errors
/// Any error of `ec2:AssociateAddress`.
pub async fn associate(aws: &Aws, _: &Fenced, allocation: &Id, to: &Id) -> Result<(), CloudError> {
    let call = aws.write.ec2.associate_address().allocation_id(allocation.as_str()).instance_id(to.as_str());
    call.allow_reassociation(true).send().await.map(drop).map_err(aws_error(ASSOCIATE))
}

/// A command for a machine.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a> {
    pub on: &'a Id,
    pub command: &'a str,
    /// By which it is found again: AWS knows no token for it.
    pub comment: &'a str,
    /// The time that it may run.
    pub seconds: u32,
}

/// Sends a command; its id, or nothing where the machine cannot be reached.
///
/// # Errors
/// Any error of `ssm:SendCommand` but `InvalidInstanceId`: "the SSM Agent is not running", or the machine is not registered, or is shutting
/// down (SendCommand, Errors).
pub async fn send(aws: &Aws, script: Script<'_>) -> Result<Option<String>, CloudError> {
    let Script { on, command, comment, seconds } = script;
    // The exit code of a script is that of its last line.
    let lines = ["set -e".to_owned(), command.to_owned()];
    let call = aws.write.ssm.send_command().instance_ids(on.as_str()).document_name("AWS-RunShellScript");
    let call = call.timeout_seconds(DELIVERED_WITHIN).comment(comment).parameters("commands", lines.into());
    let call = call.parameters("executionTimeout", vec![seconds.to_string()]);
    match call.send().await.map_err(aws_error(SEND)) {
        Ok(answer) => Ok(answer.command().and_then(|one| one.command_id()).map(str::to_owned)),
        Err(error) if error.code == "InvalidInstanceId" => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sends the command that starts the service, once the other machine is fenced.
///
/// # Errors
/// Those of [`send`].
pub async fn start_service(aws: &Aws, _: &Fenced, script: Script<'_>) -> Result<Option<String>, CloudError> {
    send(aws, script).await
}

/// The id of the command with this comment that was sent to a machine since then, where the answer was lost.
///
/// # Errors
/// Any error of `ssm:ListCommands`.
pub async fn found(
    aws: &Aws,
    on: &Id,
    comment: &str,
    since: Timestamp,
) -> Result<Option<String>, CloudError> {
    let since = since - jiff::Span::new().minutes(5);
    let filter = CommandFilter::builder().key(CommandFilterKey::InvokedAfter).value(written(since)).build();
    let list = aws.read.ssm.list_commands().instance_id(on.as_str());
    let list = if let Ok(filter) = filter { list.filters(filter) } else { list };
    let all: Vec<_> =
        list.into_paginator().items().send().try_collect().await.map_err(aws_error(COMMANDS))?;
    let ours = all.iter().find(|one| one.comment() == Some(comment));
    Ok(ours.and_then(|one| one.command_id()).map(str::to_owned))
}

/// A command as Systems Manager shows it.
///
/// # Errors
/// Any error of `ssm:GetCommandInvocation` but `InvocationDoesNotExist`, which it says for about a second after a command was sent.
pub async fn shown(aws: &Aws, on: &Id, command: &str) -> Result<Run, CloudError> {
    Ok(invocation(aws, on, command).await?.map_or(Run::Unseen, |one| run_of(&one)))
}

async fn invocation(
    aws: &Aws,
    on: &Id,
    command: &str,
) -> Result<Option<GetCommandInvocationOutput>, CloudError> {
    // By the clients whose answers nothing remembers: a command that runs is asked for until it has ended.
    let get = aws.write.ssm.get_command_invocation().command_id(command).instance_id(on.as_str());
    match get.send().await.map_err(aws_error(INVOCATION)) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code == "InvocationDoesNotExist" => Ok(None),
        Err(error) => Err(error),
    }
}

/// The status of an invocation, by its details: `TimedOut` alone is one of two things (GetCommandInvocation, StatusDetails).
fn run_of(answer: &GetCommandInvocationOutput) -> Run {
    let details = answer.status_details().unwrap_or_default();
    let word: String = details.chars().filter(|letter| !letter.is_whitespace()).collect();
    match word.to_lowercase().as_str() {
        "success" => Run::Succeeded,
        "" | "pending" | "inprogress" | "delayed" | "cancelling" => Run::Going(details.to_owned()),
        "deliverytimedout" | "undeliverable" => {
            Run::Failed("the command was not delivered: the machine does not answer".to_owned())
        }
        "executiontimedout" => Run::Failed("the command ran for too long, and was ended".to_owned()),
        "failed" => {
            let said = [answer.standard_error_content(), answer.standard_output_content()];
            let said = said.into_iter().flatten().map(tail).find(|text| !text.is_empty());
            let said = said.map(|said| format!(": {said}")).unwrap_or_default();
            Run::Failed(format!("the command ended with code {}{said}", answer.response_code()))
        }
        _ => Run::Failed(format!("the command is {details}")),
    }
}

/// The last line of what was printed.
fn tail(text: &str) -> String {
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let skipped = line.chars().count().saturating_sub(TAIL);
    line.chars().skip(skipped).collect()
}

/// Reads how far the copy on a machine is behind, by the command that prints it. The lag is unknown where that cannot be.
///
/// # Errors
/// Any error of the calls.
pub async fn lag(aws: &Aws, on: &Id, command: Option<&str>, comment: &str) -> Result<Lag, CloudError> {
    let unknown = |why: &str| Ok(Lag::Unknown(why.to_owned()));
    let Some(command) = command else { return unknown("the pair has no command `lag`") };
    if !reachable(aws, &[on]).await?.contains(on) {
        return unknown("its agent of Systems Manager is not online");
    }
    let script = Script { on, command, comment, seconds: 30 };
    let Some(sent) = send(aws, script).await? else {
        return unknown("Systems Manager cannot reach it");
    };
    let begun = tokio::time::Instant::now();
    let mut pause = Duration::from_millis(300);
    while begun.elapsed() < READ_WITHIN {
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_secs(3));
        let Some(answer) = invocation(aws, on, &sent).await? else { continue };
        match run_of(&answer) {
            Run::Unseen | Run::Going(_) => {}
            Run::Succeeded => return Ok(Lag::printed(answer.standard_output_content().unwrap_or_default())),
            Run::Failed(why) => return Ok(Lag::Unknown(why)),
        }
    }
    unknown("the command did not end within a minute")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(details: &str, error: &str) -> GetCommandInvocationOutput {
        let answer = GetCommandInvocationOutput::builder().status_details(details).response_code(3);
        answer.standard_error_content(error).build()
    }

    #[test]
    fn a_status_is_told_by_its_details() {
        for (details, word) in [
            ("Delivery Timed Out", "not delivered"),
            ("DeliveryTimedOut", "not delivered"),
            ("Undeliverable", "not delivered"),
            ("Execution Timed Out", "for too long"),
            ("Failed", "code 3: gitlab is not there"),
            ("Cancelled", "Cancelled"),
            ("Terminated", "Terminated"),
        ] {
            let Run::Failed(why) = run_of(&answer(details, "one\ngitlab is not there\n\n")) else {
                panic!("{details}")
            };
            assert!(why.contains(word), "{details}: {why}");
        }
        assert_eq!(run_of(&answer("Success", "")), Run::Succeeded);
        for details in ["Pending", "InProgress", "Delayed", "Cancelling"] {
            assert_eq!(run_of(&answer(details, "")), Run::Going(details.to_owned()));
        }
    }

    #[test]
    fn a_message_repeats_no_more_than_the_end_of_what_was_printed() {
        assert_eq!(tail(&"x".repeat(1_000)).len(), TAIL);
        assert_eq!(tail("\n\n"), "");
    }
}
