//! Volumes on file systems, and their claims.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    CSIPersistentVolumeSource, NFSVolumeSource, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm,
    ObjectReference, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec,
    PersistentVolumeSpec, VolumeNodeAffinity, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::Value;

use crate::gitlab::description::{Description, Driver, Volume, Zone};
use crate::gitlab::objects::{metadata, object, of_cluster};
use crate::stack::parts::FILE_SYSTEMS;

/// The mount options that AWS recommends (EFS user guide, "Recommended NFS mount options").
const MOUNT_OPTIONS: [&str; 7] =
    ["nfsvers=4.1", "rsize=1048576", "wsize=1048576", "hard", "timeo=600", "retrans=2", "noresvport"];

/// The label by which nodes tell their zone.
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// The name of the claim in a zone.
pub fn in_zone(name: &str, zone: &str) -> String {
    format!("{name}-{zone}")
}

/// The volumes of one entry, each with its claim.
pub fn volume(description: &Description<'_>, name: &str, volume: &Volume) -> Vec<Value> {
    if !volume.per_zone {
        let source = match volume.driver {
            Driver::Nfs => Source::Nfs(description.output(FILE_SYSTEMS, &volume.file_system, "dns_name")),
            Driver::Csi => Source::Csi(handle(description, volume)),
        };
        return pair(description, name, volume, source, None);
    }
    let zones = description.zones(&volume.file_system);
    let one = |Zone { zone, server }: &Zone| {
        pair(description, &in_zone(name, zone), volume, Source::Nfs(server.clone()), Some(zone))
    };
    zones.iter().flat_map(one).collect()
}

/// Sentences on volumes that may not work as they are written.
pub fn warnings(description: &Description<'_>) -> Vec<String> {
    let all = description.kubernetes.volumes.iter();
    let unresolved = all
        .filter(|(_, volume)| !description.names_resolve && !volume.per_zone && volume.driver == Driver::Nfs);
    unresolved
        .map(|(name, _)| {
            format!(
                "the volume {name} is mounted by the name of its file system, and the VPC resolves no such names (its DNS hostnames are off): \
                 write `per_zone: true`, which takes addresses"
            )
        })
        .collect()
}

/// The place that a volume is mounted from.
enum Source {
    /// The name or address of the server.
    Nfs(String),
    /// The handle of the volume for the EFS CSI driver.
    Csi(String),
}

/// The older form of a handle, which all versions of the driver take: `fs-ID`, or `fs-ID::fsap-ID`.
fn handle(description: &Description<'_>, volume: &Volume) -> String {
    let id = description.output(FILE_SYSTEMS, &volume.file_system, "id");
    match &volume.access_point {
        Some(point) => {
            let point =
                description.output(FILE_SYSTEMS, &volume.file_system, &format!("access_points.{point}.id"));
            format!("{id}::{point}")
        }
        None => id,
    }
}

/// A volume and the claim that takes it, each bound to the other by name.
fn pair(
    description: &Description<'_>,
    name: &str,
    volume: &Volume,
    source: Source,
    zone: Option<&str>,
) -> Vec<Value> {
    let modes = Some(vec!["ReadWriteMany".to_owned()]);
    let size = BTreeMap::from([("storage".to_owned(), Quantity(volume.size.clone()))]);
    // An empty class, since a default class would be put in its place and match no such volume.
    let class = Some(String::new());
    let (mount_options, nfs, csi) = match source {
        Source::Nfs(server) => {
            let nfs = NFSVolumeSource { path: "/".to_owned(), server, read_only: None };
            (Some(MOUNT_OPTIONS.map(str::to_owned).to_vec()), Some(nfs), None)
        }
        Source::Csi(volume_handle) => {
            let csi = CSIPersistentVolumeSource {
                driver: "efs.csi.aws.com".to_owned(),
                volume_handle,
                ..CSIPersistentVolumeSource::default()
            };
            (None, None, Some(csi))
        }
    };
    let of_volume = PersistentVolumeSpec {
        access_modes: modes.clone(),
        capacity: Some(size.clone()),
        claim_ref: Some(ObjectReference {
            namespace: Some(description.kubernetes.namespace.clone()),
            name: Some(name.to_owned()),
            ..ObjectReference::default()
        }),
        csi,
        mount_options,
        nfs,
        node_affinity: zone.map(of_zone),
        persistent_volume_reclaim_policy: Some("Retain".to_owned()),
        storage_class_name: class.clone(),
        volume_mode: Some("Filesystem".to_owned()),
        ..PersistentVolumeSpec::default()
    };
    let of_claim = PersistentVolumeClaimSpec {
        access_modes: modes,
        resources: Some(VolumeResourceRequirements { requests: Some(size), limits: None }),
        storage_class_name: class,
        // Volumes are in no namespace, so that the name tells whose one is.
        volume_name: Some(volume_name(description, name)),
        ..PersistentVolumeClaimSpec::default()
    };
    let mut of_cluster = of_cluster(description, volume_name(description, name));
    if let (Some(labels), Some(zone)) = (&mut of_cluster.labels, zone) {
        labels.insert(ZONE.to_owned(), zone.to_owned());
    }
    let (spec, claim) = (Some(of_volume), Some(of_claim));
    vec![
        object(&PersistentVolume { metadata: of_cluster, spec, status: None }),
        object(&PersistentVolumeClaim { metadata: metadata(description, name), spec: claim, status: None }),
    ]
}

/// The name of the volume of a claim.
fn volume_name(description: &Description<'_>, claim: &str) -> String {
    format!("{}-{claim}", description.kubernetes.namespace)
}

/// The nodes of one zone alone, so that the scheduler takes a pod to where its volume is.
fn of_zone(zone: &str) -> VolumeNodeAffinity {
    let is_there = NodeSelectorRequirement {
        key: ZONE.to_owned(),
        operator: "In".to_owned(),
        values: Some(vec![zone.to_owned()]),
    };
    let term = NodeSelectorTerm { match_expressions: Some(vec![is_there]), match_fields: None };
    VolumeNodeAffinity { required: Some(NodeSelector { node_selector_terms: vec![term] }) }
}
