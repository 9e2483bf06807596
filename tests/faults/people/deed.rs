//! The deeds of others between two runs: to the stack file, to the cluster, to objects, to the state, to the program.

use std::collections::BTreeSet;

use super::edit::{EDITS, Edit};
use super::hand::{Hand, Thing};
use super::journey::{Journey, Stop};
use super::place::Place;
use super::records;

/// A deed of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// The stack file is edited.
    Edits(Edit),
    /// The edit that the run was to carry out is taken back.
    EditTakenBack,
    /// The stack file names another cluster.
    OtherCluster,
    ZoneAdded,
    NodeGroupAdded,
    NodeGroupRemade,
    ClusterGone,
    DatabaseRenamed,
    DatabaseDeleted,
    DatabaseRemade,
    DatabaseRestored,
    /// Restored with the tags of the old one.
    DatabaseRestoredWithTags,
    DatabaseUntagged,
    DatabaseLineageTaken,
    DatabaseTakenOver,
    SubnetGroupUntagged,
    ParameterGroupDeleted,
    ParameterGroupUntagged,
    FileSystemDeleted,
    FileSystemRemade,
    FileSystemRestoredWithTags,
    FileSystemUntagged,
    FileSystemLineageTaken,
    FileSystemTakenOver,
    MountTargetDeleted,
    MountTargetRemade,
    AccessPointDeleted,
    AccessPointRemade,
    AccessPointUntagged,
    GroupDeleted,
    GroupRemade,
    GroupUntagged,
    GroupLineageTaken,
    GroupTakenOver,
    StateLost,
    /// The state's file is moved, and the move is said.
    StateMoved,
    /// The state of before the run is put back.
    StateOfYesterday,
    StateRebuilt,
    /// A second checkout with a copy of the state applies a change.
    CheckoutCopied,
    /// A second checkout without a state rebuilds it, and applies.
    CheckoutRebuilt,
    /// A newer program wrote the state, in a format of its own.
    NewerFormat,
    NewerKind,
    NewerField,
}

/// Every deed.
pub fn all() -> Vec<Deed> {
    let mut deeds: Vec<Deed> = EDITS.into_iter().map(Deed::Edits).collect();
    deeds.extend(OTHERS);
    deeds
}

const OTHERS: [Deed; 42] = [
    Deed::EditTakenBack,
    Deed::OtherCluster,
    Deed::ZoneAdded,
    Deed::NodeGroupAdded,
    Deed::NodeGroupRemade,
    Deed::ClusterGone,
    Deed::DatabaseRenamed,
    Deed::DatabaseDeleted,
    Deed::DatabaseRemade,
    Deed::DatabaseRestored,
    Deed::DatabaseRestoredWithTags,
    Deed::DatabaseUntagged,
    Deed::DatabaseLineageTaken,
    Deed::DatabaseTakenOver,
    Deed::SubnetGroupUntagged,
    Deed::ParameterGroupDeleted,
    Deed::ParameterGroupUntagged,
    Deed::FileSystemDeleted,
    Deed::FileSystemRemade,
    Deed::FileSystemRestoredWithTags,
    Deed::FileSystemUntagged,
    Deed::FileSystemLineageTaken,
    Deed::FileSystemTakenOver,
    Deed::MountTargetDeleted,
    Deed::MountTargetRemade,
    Deed::AccessPointDeleted,
    Deed::AccessPointRemade,
    Deed::AccessPointUntagged,
    Deed::GroupDeleted,
    Deed::GroupRemade,
    Deed::GroupUntagged,
    Deed::GroupLineageTaken,
    Deed::GroupTakenOver,
    Deed::StateLost,
    Deed::StateMoved,
    Deed::StateOfYesterday,
    Deed::StateRebuilt,
    Deed::CheckoutCopied,
    Deed::CheckoutRebuilt,
    Deed::NewerFormat,
    Deed::NewerKind,
    Deed::NewerField,
];

/// The results of a deed.
#[derive(Debug, Default)]
pub struct Done {
    /// The stack file before an edit: what `put it back` and `undo` mean.
    pub before: Option<String>,
    /// The ids of the data that others deleted themselves.
    pub gone: BTreeSet<String>,
    /// The state's file of before a newer program wrote it: what a newer program would read.
    pub readable: Option<Vec<u8>>,
}

impl Deed {
    /// The name in a case's name.
    pub fn name(self) -> String {
        match self {
            Self::Edits(edit) => edit.name(),
            deed => super::dashed(&format!("{deed:?}")),
        }
    }

    /// The thing that has to be there for it.
    pub fn needs(self) -> Option<Thing> {
        Some(match self {
            Self::DatabaseRenamed
            | Self::DatabaseDeleted
            | Self::DatabaseRemade
            | Self::DatabaseRestored
            | Self::DatabaseRestoredWithTags
            | Self::DatabaseUntagged
            | Self::DatabaseLineageTaken
            | Self::DatabaseTakenOver => Thing::Database,
            Self::SubnetGroupUntagged => Thing::SubnetGroup,
            Self::ParameterGroupDeleted | Self::ParameterGroupUntagged => Thing::ParameterGroup,
            Self::FileSystemDeleted
            | Self::FileSystemRemade
            | Self::FileSystemRestoredWithTags
            | Self::FileSystemUntagged
            | Self::FileSystemLineageTaken
            | Self::FileSystemTakenOver => Thing::FileSystem,
            Self::MountTargetDeleted | Self::MountTargetRemade => Thing::MountTarget,
            Self::AccessPointDeleted | Self::AccessPointRemade | Self::AccessPointUntagged => {
                Thing::AccessPoint
            }
            Self::GroupDeleted
            | Self::GroupRemade
            | Self::GroupUntagged
            | Self::GroupLineageTaken
            | Self::GroupTakenOver => Thing::Group,
            Self::StateLost
            | Self::StateMoved
            | Self::StateOfYesterday
            | Self::StateRebuilt
            | Self::CheckoutCopied
            | Self::CheckoutRebuilt
            | Self::NewerFormat
            | Self::NewerKind
            | Self::NewerField => Thing::State,
            _ => return None,
        })
    }

    /// Why it can never come after this stop.
    pub fn is_void_after(self, stop: &Stop) -> Option<&'static str> {
        let nothing_before = stop.journey == Journey::Apply;
        match self {
            Self::EditTakenBack if nothing_before => Some("there was no stack before"),
            Self::StateOfYesterday if nothing_before => Some("there was no state before"),
            Self::Edits(edit) if edit.of(&stop.journey.target()).is_none() => {
                Some("the stack file has no such line")
            }
            _ => None,
        }
    }

    /// The number of zones that the network has at first.
    pub fn zones(self) -> usize {
        if self == Self::ZoneAdded { 2 } else { 3 }
    }

    /// True if the account is of no use afterwards: others changed what a stack does not own.
    pub fn wears_out(self) -> bool {
        matches!(
            self,
            Self::OtherCluster
                | Self::ZoneAdded
                | Self::NodeGroupAdded
                | Self::NodeGroupRemade
                | Self::ClusterGone
                | Self::StateMoved
        )
    }

    /// Does it.
    pub fn act(self, place: &mut Place, stop: &Stop) -> Done {
        let mut done = Done::default();
        let hand = Hand { cloud: &place.world.cloud };
        match self {
            Self::Edits(edit) => {
                let text = stop.journey.target();
                place.world.write_stack(&edit.of(&text).expect("void cases are not run"));
                done.before = Some(text);
            }
            Self::EditTakenBack => {
                place.world.write_stack(stop.journey.start().expect("void cases are not run"));
                done.before = Some(stop.journey.target());
            }
            Self::OtherCluster => {
                place.world.reseeded(&["--two-clusters"]);
                place.world.edit_stack("stack: shop\n", "stack: shop\ncluster: other.myzone.net\n");
                done.before = Some(stop.journey.target());
            }
            Self::ZoneAdded => {
                place.world.reseeded(&["--zones", "3"]);
            }
            Self::NodeGroupAdded => hand.adds_node_group(&place.vpc(), &place.cluster()),
            Self::NodeGroupRemade => {
                hand.remakes_node_group(&place.vpc(), &place.cluster(), &place.cluster_group("nodes"));
            }
            Self::ClusterGone => {
                let groups = ["nodes", "masters", "bastion", "api-elb", "k8s-elb"];
                let groups = groups.map(|name| place.cluster_group(name));
                let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
                let (vpc, subnets) = (place.vpc(), place.subnets());
                let network: Vec<&str> = subnets.iter().chain([&vpc]).map(String::as_str).collect();
                hand.deletes_cluster(&groups, &network, &place.cluster());
            }
            Self::DatabaseRenamed => hand.renames_database("records-old"),
            Self::DatabaseDeleted => done.gone.extend([hand.deletes_database()]),
            Self::DatabaseRemade => done.gone.extend([hand.remakes_database()]),
            Self::DatabaseRestored => hand.restores_database(false),
            Self::DatabaseRestoredWithTags => hand.restores_database(true),
            Self::DatabaseUntagged => hand.untags_database(),
            Self::DatabaseLineageTaken => hand.takes_the_lineage_of_the_database(),
            Self::DatabaseTakenOver => hand.takes_database_over(),
            Self::SubnetGroupUntagged => hand.untags_subnet_group(),
            Self::ParameterGroupDeleted => hand.deletes_parameter_group(),
            Self::ParameterGroupUntagged => hand.untags_parameter_group(),
            Self::FileSystemDeleted => done.gone.extend([hand.deletes_file_system()]),
            Self::FileSystemRemade => done.gone.extend([hand.remakes_file_system(false)]),
            Self::FileSystemRestoredWithTags => done.gone.extend([hand.remakes_file_system(true)]),
            Self::FileSystemUntagged => hand.untags_file_system(),
            Self::FileSystemLineageTaken => hand.takes_the_lineage_of_the_file_system(),
            Self::FileSystemTakenOver => hand.takes_file_system_over(),
            Self::MountTargetDeleted => hand.deletes_target(),
            Self::MountTargetRemade => hand.remakes_target(),
            Self::AccessPointDeleted => hand.deletes_point(),
            Self::AccessPointRemade => hand.remakes_point(),
            Self::AccessPointUntagged => hand.untags_point(),
            Self::GroupDeleted => hand.deletes_group(),
            Self::GroupRemade => hand.remakes_group(),
            Self::GroupUntagged => hand.untags_group(),
            Self::GroupLineageTaken => hand.takes_the_lineage_of_the_group(),
            Self::GroupTakenOver => hand.takes_group_over(),
            Self::StateLost => place.lose_state(),
            Self::StateMoved => place.move_state(),
            Self::StateOfYesterday => place.restore_state_of_yesterday(),
            Self::StateRebuilt => {
                place.lose_state();
                place.run(&["state", "rebuild", "--auto-approve"], None);
            }
            Self::CheckoutCopied => {
                place.checks_out(true, |text| {
                    text.replace("  records:\n", "  records:\n    auto_minor_version_upgrade: false\n")
                });
            }
            Self::CheckoutRebuilt => place.checks_out(false, str::to_owned),
            Self::NewerFormat => done.readable = place.rewrite_state(records::of_a_newer_format),
            Self::NewerKind => done.readable = place.rewrite_state(records::with_a_newer_kind),
            Self::NewerField => done.readable = place.rewrite_state(records::with_a_newer_field),
        }
        done
    }
}
