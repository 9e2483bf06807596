//! The ownership tags of what was taken over: written at once after a rebuild, and by the next apply where that fails.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;

use super::absence::Absence;
use super::call;
use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::cloud::{Cloud, KindError};
use crate::engine::interrupt::interrupt;
use crate::engine::kind::Registry;
use crate::engine::owner::owner;
use crate::engine::state::{Edit, Record, Writer};

/// The time that one object is tried; the rest is left for the next apply.
const BUDGET: Duration = Duration::from_secs(30);
const AT_ONCE: usize = 8;

/// Writes the ownership tags of everything that is recorded as claimed, and stages that it is done. The records must be
/// durable before.
///
/// Returns what could not be written, with the reason.
pub async fn write_claims(
    cloud: &dyn Cloud,
    registry: &Registry,
    blueprint: &Blueprint,
    writer: &mut Writer,
) -> Vec<(Address, KindError)> {
    let state = writer.state().clone();
    // The caller ends these calls by ending this one.
    let (_interrupter, never) = interrupt();
    let (refusals, _nobody_listens) = mpsc::unbounded_channel();
    let claimed = state.resources.iter().filter(|(_, record)| record.claimed.is_some());
    let calls = claimed.filter_map(|(address, record)| {
        let (manager, id) = (registry.managing(address.kind())?, record.id.as_ref()?);
        let owner = owner(registry, blueprint, Some(&state), address, record.generation);
        let (interrupt, refusals) = (never.clone(), refusals.clone());
        let ears = call::Ears { address: address.clone(), interrupt, refusals };
        let region = state.region.as_str();
        Some(async move {
            let place = call::Place { region, absence: &Absence::default(), ears: &ears };
            let claimed = call::claim(cloud, manager, id, &owner, BUDGET, &place).await;
            (address, record, claimed)
        })
    });
    let mut calls = stream::iter(calls).buffer_unordered(AT_ONCE);
    let mut failed = Vec::new();
    while let Some((address, record, claimed)) = calls.next().await {
        match claimed {
            Ok(()) => {
                let record = Record { claimed: None, ..record.clone() };
                writer.edit(Edit::Put { address: address.clone(), record });
            }
            Err(error) => failed.push((address.clone(), error)),
        }
    }
    failed.sort_by(|(one, _), (other, _)| one.cmp(other));
    failed
}
