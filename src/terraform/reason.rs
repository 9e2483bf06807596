//! The reasons why an object of a state is not adopted, in plain words.

use std::fmt;

/// Why an object is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A data source.
    Data,
    Deposed,
    Tainted,
    /// No id is known: Terraform has not finished making it.
    Unmade,
    /// A part of the network.
    Network,
    /// A security group or a machine of the cluster.
    OfCluster,
    /// Another stack's, by its tags.
    OfStack {
        stack: String,
    },
    DefaultGroup,
    Engine {
        engine: String,
    },
    DatabaseCluster,
    /// A node of ElastiCache, by itself or of a group.
    CacheNode,
    /// A cache with cluster mode on.
    ClusterMode,
    /// A replica without its database.
    LoneReplica {
        source: String,
    },
    ReplicaOfReplica,
    /// A volume that is attached to no machine which is adopted.
    LoneVolume,
    /// A file system that a replication overwrites.
    Destination,
    /// A part of something that is not adopted.
    LonePart {
        /// The whole, in words.
        whole: &'static str,
        id: String,
    },
    /// A subnet group or a parameter group that nothing of the state uses.
    Unused,
    /// A setting of a bucket that no option is for.
    SettingOfBucket,
    /// In another region than the one that is asked for.
    Elsewhere {
        region: String,
    },
    /// Named by what uses it, and not managed.
    Named,
    /// The object that it belongs to was taken over, and it was not; or nothing of it was.
    LeftAsItIs,
    NoKind,
}

impl Reason {
    /// The reason as one word, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Data => "data_source",
            Self::Deposed => "deposed",
            Self::Tainted => "tainted",
            Self::Unmade => "unmade",
            Self::Network => "network",
            Self::OfCluster => "of_cluster",
            Self::OfStack { .. } => "of_stack",
            Self::DefaultGroup => "default_group",
            Self::Engine { .. } => "engine",
            Self::DatabaseCluster => "database_cluster",
            Self::CacheNode => "cache_node",
            Self::ClusterMode => "cluster_mode",
            Self::LoneReplica { .. } => "lone_replica",
            Self::ReplicaOfReplica => "replica_of_replica",
            Self::LoneVolume => "lone_volume",
            Self::Destination => "replication_destination",
            Self::LonePart { .. } => "lone_part",
            Self::Unused => "unused",
            Self::SettingOfBucket => "setting_of_bucket",
            Self::Elsewhere { .. } => "other_region",
            Self::Named => "named",
            Self::LeftAsItIs => "left_as_it_is",
            Self::NoKind => "no_kind",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Data => "a data source: Terraform only reads it",
            Self::Deposed => {
                "deposed: Terraform has replaced it, and deletes it with its next apply; let that be done before Terraform lets go, \
                 or delete it yourself"
            }
            Self::Tainted => {
                "tainted: Terraform replaces it with its next apply; if it is as it should be, type `terraform untaint` with its address, \
                 and read the state again"
            }
            Self::Unmade => "the state has no id of it: Terraform has not finished making it",
            Self::Network => {
                "a part of the network, which is watched and never managed: it stays with Terraform or kops"
            }
            Self::OfCluster => "of the cluster, which is watched and never managed",
            Self::OfStack { stack } => return write!(f, "the stack {stack} manages it already, by its tags"),
            Self::DefaultGroup => {
                "the default security group of a VPC, which cannot be deleted and is never managed"
            }
            Self::Engine { engine } => {
                return write!(f, "a database with the engine {engine}: only PostgreSQL is managed");
            }
            Self::CacheNode => {
                "a node of ElastiCache: only replication groups are managed, and their nodes come along"
            }
            Self::ClusterMode => "a cache with cluster mode on: only those without it are managed",
            Self::DatabaseCluster => "a database cluster, or a part of one: only instances are managed",
            Self::LoneReplica { source } => {
                return write!(
                    f,
                    "a replica of {source}, which is not among what can be adopted here: it comes along with its database"
                );
            }
            Self::ReplicaOfReplica => "a replica of a replica: only replicas of a database are managed",
            Self::LoneVolume => {
                "the state attaches it to no machine that can be adopted here: a volume comes along with its machine"
            }
            Self::Destination => {
                "the destination of a replication, which overwrites it: it can be adopted when the replication is gone"
            }
            Self::LonePart { whole, id } => {
                return write!(f, "a part of the {whole} {id}, which is not among what can be adopted here");
            }
            Self::Unused => "nothing that can be adopted here uses it",
            Self::SettingOfBucket => "a setting of a bucket that no option is for: it stays in AWS as it is",
            Self::Elsewhere { region } => return write!(f, "in {region}: a stack is in one region"),
            Self::Named => "not managed: what uses it names it, and it stays with Terraform",
            Self::LeftAsItIs => "not taken over: it is left as it is, and stays with Terraform",
            Self::NoKind => "no kind is for it: it stays with Terraform",
        };
        f.write_str(text)
    }
}
