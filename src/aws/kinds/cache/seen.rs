//! Everything of a cache that is no input.

use super::holdings;
use super::keys::{AT_ONCE, PARAMETER_GROUP};
use super::live::Live;
use super::status::STATUSES;
use crate::aws::kind::Seen;
use crate::engine::document::Document;
use crate::engine::resource::{Condition, Id, Remark};

/// An output that ElastiCache does not show yet is left out.
pub(super) fn seen(live: &Live, recorded: Option<&Document>) -> Seen {
    let outputs = [
        ("arn", Some(live.arn().to_owned())),
        ("host", live.host().map(str::to_owned)),
        ("reader_host", live.reader().map(str::to_owned)),
        ("port", live.port().map(|port| port.to_string())),
    ];
    let shown = outputs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    Seen {
        outputs: shown.collect(),
        condition: condition(live, recorded),
        remarks: due_reboot(live, recorded).into_iter().chain([holdings::remark(live)]).collect(),
        ownership: live.ownership(),
        vpc: live.vpc.as_deref().map(Id::new),
    }
}

/// The group is `available` while its nodes still change, and for some moments before it changes at once.
fn condition(live: &Live, recorded: Option<&Document>) -> Condition {
    let pending = |why: String| Condition::Pending(why);
    match Condition::of(STATUSES, live.group.status().unwrap_or_default()) {
        Condition::Ready => match live.statuses.iter().find(|status| *status != "available") {
            Some(status) => pending(format!("a node is {status}")),
            None if live.has_queued() && recorded.and_then(|inputs| AT_ONCE.of(inputs)) == Some(true) => {
                pending("about to apply what is queued".to_owned())
            }
            None => Condition::Ready,
        },
        other => other,
    }
}

/// Parameters that need a restart of the nodes, which is left to a person (CacheParameterGroupStatus, ParameterApplyStatus).
fn due_reboot(live: &Live, recorded: Option<&Document>) -> Option<Remark> {
    let ours = PARAMETER_GROUP.text(recorded?)?;
    let node = live.first.as_ref()?;
    let group = node.cache_parameter_group()?;
    let waits = group.cache_parameter_group_name() == Some(ours)
        && group.parameter_apply_status().is_some_and(|status| status.contains("reboot"));
    let id = node.cache_cluster_id()?;
    waits.then(|| Remark::Left {
        what: format!(
            "parameters of {ours} take effect when each node of the cache is rebooted, which provision does not do"
        ),
        command: format!(
            "aws elasticache reboot-cache-cluster --cache-cluster-id {id} --cache-node-ids-to-reboot 0001"
        ),
    })
}
