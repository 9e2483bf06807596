//! Requests on the wire, and what is made of their answers: quirks that AWS has and an emulator has not.
//! Nothing here listens on a port; a transport answers from a script.

mod bucket;
mod db_found;
mod db_options;
mod db_parameter_group;
mod db_password;
mod db_subnet_group;
mod efs;
mod efs_options;
mod holders;
mod inputs;
mod losses;
mod normalisation;
mod object;
mod preflight;
mod rds;
mod remembered;
mod replay;
mod requests;
mod restored;
mod scene;
mod security_group;
mod subnet;
mod subnets_in_use;

use provision::engine::resource::Owner;

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
