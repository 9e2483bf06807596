//! The pairs of a stack: which machine serves, and how far the copy on the other one is behind.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};

use super::Session;
use crate::aws::recovery::{pairs as calls, unread};
use crate::engine::address::Address;
use crate::engine::cloud::CloudError;
use crate::engine::resource::Id;
use crate::engine::state::State;
use crate::recovery::failover::lag::Lag;
use crate::recovery::failover::{Machine, PAIR, Place};
use crate::recovery::status::{Pair, PairMachine, Unread};
use crate::stack::blueprint::Kept;
use crate::stack::parts::pairs::{Pair as Declared, pairs};

/// All pairs by name, and the questions without an answer.
pub(super) async fn look(session: &Session, state: &State) -> (BTreeMap<String, Pair>, Vec<Unread>) {
    let declared = pairs(&session.stack);
    if declared.is_empty() {
        return Default::default();
    }
    let kept = Kept::of(&session.registry, Some(state));
    let all = declared.iter().map(|(name, pair)| async {
        let mut unread = Vec::new();
        let looked = one(session, state, (name, pair), &kept, &mut unread).await;
        ((name.clone(), looked), unread)
    });
    let (all, unread): (Vec<_>, Vec<_>) = join_all(all).await.into_iter().unzip();
    (all.into_iter().collect(), unread.into_iter().flatten().collect())
}

async fn one(
    session: &Session,
    state: &State,
    (name, pair): (&String, &Declared),
    kept: &Kept,
    unanswered: &mut Vec<Unread>,
) -> Pair {
    let id = |address: &Address| {
        state.resources.get(address).filter(|record| !record.gone).and_then(|record| record.id.clone())
    };
    let (active, standby) = pair.active(kept);
    let ids = [active, standby].map(|name| (name, id(&Declared::machine(name))));
    let known: Vec<&Id> = ids.iter().filter_map(|(_, id)| id.as_ref()).collect();
    let mut said = Pair {
        address: Address::new(PAIR, name).to_string(),
        active: active.to_owned(),
        standby: standby.to_owned(),
        max_lag: pair.max_lag,
        ..Pair::default()
    };
    let mut answer = |error: CloudError| unanswered.push(unread(&error));
    let mut machines = BTreeMap::new();
    if !known.is_empty() {
        let (live, online) =
            join(calls::machines(&session.aws, &known), calls::reachable(&session.aws, &known)).await;
        let online = online.map_err(&mut answer).unwrap_or_default();
        machines = live.map_err(&mut answer).unwrap_or_default();
        for (id, machine) in &mut machines {
            machine.is_reachable = online.contains(id);
        }
    }
    let open = id(&pair.open_group()).map(|id| id.to_string()).unwrap_or_default();
    said.machines =
        ids.iter().map(|(name, id)| ((*name).to_owned(), machine(id.as_ref(), &machines, &open))).collect();
    if let Some(elastic) = id(&pair.elastic_ip()) {
        let at = calls::associated(&session.aws, &elastic).await.map_err(&mut answer).unwrap_or_default();
        said.public_ip = at.public_ip;
        said.reached = match at.place {
            Place::At(at) => {
                let of_pair = ids.iter().find(|(_, id)| id.as_ref().map(Id::as_str) == Some(at.as_str()));
                Some(of_pair.map_or(at.clone(), |(name, _)| (*name).to_owned()))
            }
            Place::Free | Place::Gone => None,
        };
    }
    let lag = match &ids[1].1 {
        Some(on) => {
            let comment = format!("how the pair {name} is");
            calls::lag(&session.aws, on, pair.commands.lag.as_deref(), &comment).await
        }
        None => Ok(Lag::Unknown(format!("{standby} is not there"))),
    };
    match lag.map_err(answer) {
        Ok(Lag::Known(seconds)) => said.lag_seconds = Some(seconds),
        Ok(Lag::Unknown(why)) => said.lag_unknown = Some(why),
        Err(()) => said.lag_unknown = Some("Systems Manager did not answer".to_owned()),
    }
    said
}

fn machine(id: Option<&Id>, machines: &BTreeMap<Id, Machine>, open: &str) -> PairMachine {
    let live = id.and_then(|id| machines.get(id));
    PairMachine {
        id: id.map(ToString::to_string),
        state: live.map_or_else(|| "gone".to_owned(), |live| live.state.clone()),
        is_open: live.is_some_and(|live| live.has_group(open)),
        is_reachable: live.is_some_and(|live| live.is_reachable),
    }
}
