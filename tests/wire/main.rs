//! Requests on the wire, and what is made of their answers: quirks that AWS has and an emulator has not.
//! Nothing here listens on a port; a transport answers from a script.

mod db_options;
mod db_parameter_group;
mod efs;
mod efs_options;
mod holders;
mod losses;
mod normalisation;
mod object;
mod preflight;
mod rds;
mod replay;
mod requests;
mod samples;
mod scene;
mod security_group;
mod subnet;
mod subnets_in_use;

use provision::aws::resource::Tracked;
use provision::engine::resource::{Id, Owner};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The owner of an address in the stack `gitlab`.
fn owner(address: &str) -> Owner {
    Owner {
        stack: "gitlab".to_owned(),
        address: address.parse().expect("an address"),
        formerly: Default::default(),
        lineage: "lineage-1".to_owned(),
        cluster: None,
        vpc: None,
        generation: 0,
        others: Default::default(),
        named_with: Default::default(),
    }
}

/// `base` with some of its fields replaced, as the kind's inputs.
fn inputs<R: DeserializeOwned>(mut base: Value, replaced: Value) -> R {
    for (field, value) in replaced.as_object().expect("fields to replace") {
        base[field] = value.clone();
    }
    serde_json::from_value(base).expect("the document fits the kind")
}

fn tracked<R: Clone>(id: &str, recorded: &R) -> Tracked<R> {
    Tracked { id: Id::new(id), recorded: Some(recorded.clone()) }
}
