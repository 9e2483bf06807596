//! The result of a move of records: of one address, of everything under a name, or of nothing, with the reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::State;
use crate::engine::address::{Address, InvalidAddress};
use crate::engine::network::Network;

/// One side of a move: an address, or the name that several have: `gitlab-pgsql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Address(Address),
    Name(String),
}

impl FromStr for Place {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if !text.is_empty() && text.chars().all(word) {
            return Ok(Self::Name(text.to_owned()));
        }
        text.parse().map(Self::Address)
    }
}

impl Place {
    /// True for the address that is named, or one that has the name.
    pub fn means(&self, address: &Address) -> bool {
        match self {
            Self::Address(meant) => address == meant,
            Self::Name(name) => address.title() == *name,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Why nothing is moved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMoved {
    #[error("the state does not know {address}")]
    Unknown { address: Address, known: BTreeSet<Address> },
    #[error("the state has nothing of the name {name}")]
    NoSuchName { name: String, names: BTreeSet<String> },
    #[error("{from} cannot become {to}: they are of different kinds")]
    OtherKind { from: Address, to: Address },
    #[error("of {from} and {to} one is an address and one a name: both have to be addresses, or names")]
    Mixed { from: Place, to: Place },
    #[error("{to} is recorded already")]
    Taken { to: Address },
    #[error("{address} is the cluster's own, and is named after it")]
    Clusters { address: Address },
    /// Its object may be there under a token that is made from the address.
    #[error("an earlier run began to make {address}, and did not get to record it")]
    Begun { address: Address },
}

/// The records that are meant: that of an address, or all of a name.
///
/// # Errors
/// [`NotMoved`] where there are none.
pub fn meant(state: &State, place: &Place) -> Result<Vec<Address>, NotMoved> {
    match place {
        Place::Address(address) if state.resources.contains_key(address) => Ok(vec![address.clone()]),
        Place::Address(address) => Err(NotMoved::Unknown {
            address: address.clone(),
            known: state.resources.keys().cloned().collect(),
        }),
        Place::Name(name) => {
            // A database may have the name of a zone: the subnet of that name is not meant.
            let own = state.resources.keys().filter(|address| !is_clusters(state, address));
            let of_name: Vec<Address> = own.clone().filter(|one| one.name() == name).cloned().collect();
            if of_name.is_empty() {
                let names = own.map(|address| address.name().to_owned()).collect();
                return Err(NotMoved::NoSuchName { name: name.clone(), names });
            }
            Ok(of_name)
        }
    }
}

/// The records of a set, which has no record of its own name: objects of one kind, and several, such as the buckets of one entry.
fn of_set(state: &State, set: &str) -> Option<Vec<Address>> {
    let own = state.resources.keys().filter(|address| !is_clusters(state, address));
    let all: Vec<Address> = own.filter(|one| end_in_set(one, set).is_some()).cloned().collect();
    (all.len() > 1 && all.windows(2).all(|pair| pair[0].kind() == pair[1].kind())).then_some(all)
}

/// The end of the name of an object of a set: `-lfs` of `objects-lfs` in the set `objects`.
fn end_in_set<'a>(address: &'a Address, set: &str) -> Option<&'a str> {
    address.name().strip_prefix(set).filter(|end| end.len() > 1 && end.starts_with('-'))
}

fn is_clusters(state: &State, address: &Address) -> bool {
    let record = state.resources.get(address);
    record.is_some_and(|record| record.watched && Network::has_a_place_for(address))
}

/// From which address to which the records go. All of them go, or none does.
///
/// # Errors
/// [`NotMoved`], whenever a record would be overwritten, lost from view, or is not there.
pub fn moves(state: &State, from: &Place, to: &Place) -> Result<BTreeMap<Address, Address>, NotMoved> {
    let moves: BTreeMap<Address, Address> = match (from, to) {
        (Place::Address(from), Place::Address(to)) => {
            meant(state, &Place::Address(from.clone()))?;
            if from.kind() != to.kind() {
                return Err(NotMoved::OtherKind { from: from.clone(), to: to.clone() });
            }
            [(from.clone(), to.clone())].into()
        }
        (Place::Name(old), Place::Name(new)) => {
            let of_name = meant(state, from).or_else(|none| of_set(state, old).ok_or(none))?.into_iter();
            let moved = |address: Address| {
                let end = end_in_set(&address, old).unwrap_or_default();
                let to = address.with_name(&format!("{new}{end}"));
                (address, Network::beside(to))
            };
            of_name.map(moved).collect()
        }
        _ => return Err(NotMoved::Mixed { from: from.clone(), to: to.clone() }),
    };
    for (from, to) in &moves {
        if state.resources.contains_key(to) {
            return Err(NotMoved::Taken { to: to.clone() });
        }
        if is_clusters(state, from) {
            return Err(NotMoved::Clusters { address: from.clone() });
        }
        if state.resources[from].id.is_none() {
            return Err(NotMoved::Begun { address: from.clone() });
        }
    }
    Ok(moves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::document::Document;
    use crate::engine::network::Cluster;
    use crate::engine::resource::Id;
    use crate::engine::state::{Edit, Record};

    fn state(addresses: &[&str]) -> State {
        let mut state = State::new("shop", "one".to_owned(), "123456789012", "eu-west-1");
        for address in addresses {
            let mut record = Record::watched(Id::new(*address), Document::new());
            record.watched = ["aws_vpc", "aws_subnet"].iter().any(|kind| address.starts_with(kind));
            state.apply(Edit::Put { address: at(address), record });
        }
        let cluster = Cluster { name: Some("k8s.myzone.net".to_owned()), efs_names_resolve: true };
        state.apply(Edit::Facts { facts: cluster.facts() });
        state
    }

    fn at(text: &str) -> Address {
        text.parse().expect("an address")
    }

    fn moved(state: &State, from: &str, to: &str) -> Result<Vec<String>, NotMoved> {
        let place = |text: &str| text.parse::<Place>().expect("an address or a name");
        let moves = moves(state, &place(from), &place(to))?;
        Ok(moves.iter().map(|(from, to)| format!("{from} {to}")).collect())
    }

    const ALL: &[&str] = &[
        "aws_vpc.network",
        "aws_subnet.files",
        "aws_efs_file_system.files",
        "aws_efs_mount_target.files/eu-west-1a",
        "aws_security_group.files",
        "aws_security_group.records",
        "aws_db_instance.records",
    ];

    #[test]
    fn a_name_takes_everything_of_it_along_and_leaves_the_cluster_alone() {
        assert_eq!(
            moved(&state(ALL), "files", "media").expect("it is free"),
            [
                "aws_efs_file_system.files aws_efs_file_system.media",
                "aws_efs_mount_target.files/eu-west-1a aws_efs_mount_target.media/eu-west-1a",
                "aws_security_group.files aws_security_group.media",
            ]
        );
        let one = moved(&state(ALL), "aws_db_instance.records", "aws_db_instance.main");
        assert_eq!(one.expect("it is free"), ["aws_db_instance.records aws_db_instance.main"]);
    }

    #[test]
    fn a_set_of_one_kind_moves_by_the_beginning_of_its_names() {
        let all = ["aws_s3_bucket.objects-lfs", "aws_s3_bucket.objects-tmp", "aws_efs_file_system.files-a"];
        let mut state = state(&all);
        let there = [
            "aws_s3_bucket.objects-lfs aws_s3_bucket.things-lfs",
            "aws_s3_bucket.objects-tmp aws_s3_bucket.things-tmp",
        ];
        assert_eq!(moved(&state, "objects", "things").expect("it is free"), there);
        // One alone is no set, and neither are objects of several kinds.
        assert!(matches!(moved(&state, "files", "media"), Err(NotMoved::NoSuchName { .. })));
        let record = Record::watched(Id::new("db"), Document::new());
        state.apply(Edit::Put { address: at("aws_db_instance.objects-db"), record });
        assert!(matches!(moved(&state, "objects", "things"), Err(NotMoved::NoSuchName { .. })));
    }

    #[test]
    fn a_name_that_the_cluster_has_too_is_a_name_like_any_other() {
        let mut state = state(ALL);
        let nodes = at("aws_security_group.nodes");
        state.apply(Edit::Put { address: nodes, record: Record::watched(Id::new("sg-1"), Document::new()) });
        let there = [
            "aws_db_instance.records aws_db_instance.nodes",
            "aws_security_group.records aws_security_group.nodes/own",
        ];
        assert_eq!(moved(&state, "records", "nodes").expect("it is free"), there);
        for (from, to) in
            moves(&state, &Place::Name("records".into()), &Place::Name("nodes".into())).expect("free")
        {
            state.apply(Edit::Move { from, to });
        }
        // The member goes along: the blueprint knows the group by its record.
        let back = [
            "aws_db_instance.nodes aws_db_instance.records",
            "aws_security_group.nodes/own aws_security_group.records/own",
        ];
        assert_eq!(moved(&state, "nodes", "records").expect("it is free"), back);
    }

    #[test]
    fn what_cannot_be_moved_is_refused_with_the_reason() {
        for (from, to, part) in [
            ("nothing", "media", "nothing of the name nothing"),
            ("network", "other", "nothing of the name network"),
            ("files", "records", "aws_security_group.records is recorded already"),
            ("files", "files", "is recorded already"),
            ("files", "aws_db_instance.x", "both have to be addresses"),
            ("aws_db_instance.x", "aws_db_instance.y", "does not know aws_db_instance.x"),
            ("aws_db_instance.records", "aws_vpc.y", "different kinds"),
            ("aws_vpc.network", "aws_vpc.y", "the cluster's own"),
        ] {
            let error = moved(&state(ALL), from, to).expect_err(part).to_string();
            assert!(error.contains(part), "{from} {to}: {error}");
        }
    }

    #[test]
    fn what_may_be_there_unrecorded_is_not_moved_away_from_its_token() {
        let mut state = state(ALL);
        let address = at("aws_efs_file_system.files");
        let mut record = state.resources[&address].clone();
        record.id = None;
        state.apply(Edit::Put { address: address.clone(), record });
        assert_eq!(moved(&state, "files", "media"), Err(NotMoved::Begun { address }));
    }

    #[test]
    fn all_moves_are_one_change_of_the_state() {
        let mut state = state(ALL);
        let target = at("aws_efs_mount_target.files/eu-west-1a");
        let mut record = state.resources[&target].clone();
        record.depends_on.insert(at("aws_efs_file_system.files"));
        state.apply(Edit::Put { address: target, record });
        let serial = state.serial;
        let place = |name: &str| Place::Name(name.to_owned());
        let moves = moves(&state, &place("files"), &place("media")).expect("it is free");
        state.apply(Edit::MoveAll { moves });
        assert_eq!(state.serial, serial + 1);
        let target = &state.resources[&at("aws_efs_mount_target.media/eu-west-1a")];
        assert_eq!(target.depends_on, [at("aws_efs_file_system.media")].into());
    }
}
