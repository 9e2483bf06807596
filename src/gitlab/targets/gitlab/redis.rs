//! Redis beside GitLab, with a volume: without one, a restart loses sessions and the jobs that wait.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy};
use k8s_openapi::api::core::v1::{
    Container, ContainerPort, ExecAction, PersistentVolumeClaim, PersistentVolumeClaimSpec,
    PersistentVolumeClaimVolumeSource, PodSpec, PodTemplateSpec, Probe, ResourceRequirements, Service,
    ServicePort, ServiceSpec, Volume, VolumeMount, VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;

use super::Site;
use crate::gitlab::description::Redis;
use crate::gitlab::objects::{labels, metadata, object, texts};

/// The name of its objects, and of its host in the namespace.
pub const NAME: &str = "gitlab-redis";
pub const PORT: i32 = 6379;

/// The name of its port, of its container and of its volume.
const REDIS: &str = "redis";
const DATA: &str = "data";

/// The claim, the Deployment and the Service.
pub fn objects(site: &Site<'_>) -> Vec<Value> {
    let Redis { image, size, storage_class } = site.gitlab.redis();
    let selected = texts([("app.kubernetes.io/name", "redis"), ("app.kubernetes.io/component", "cache")]);
    let size = BTreeMap::from([("storage".to_owned(), Quantity(size))]);
    let claim = PersistentVolumeClaimSpec {
        access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
        resources: Some(VolumeResourceRequirements { requests: Some(size), limits: None }),
        storage_class_name: storage_class,
        ..PersistentVolumeClaimSpec::default()
    };
    let mut of_pod = labels(site.description);
    of_pod.extend(selected.clone());
    let deployment = DeploymentSpec {
        replicas: Some(1),
        selector: LabelSelector { match_labels: Some(selected.clone()), match_expressions: None },
        // Its volume is attached to one node at a time.
        strategy: Some(DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None }),
        template: PodTemplateSpec {
            metadata: Some(ObjectMeta { labels: Some(of_pod), ..ObjectMeta::default() }),
            spec: Some(pod(image)),
        },
        ..DeploymentSpec::default()
    };
    let port = ServicePort {
        name: Some(REDIS.to_owned()),
        port: PORT,
        target_port: Some(IntOrString::String(REDIS.to_owned())),
        ..ServicePort::default()
    };
    let service = ServiceSpec { ports: Some(vec![port]), selector: Some(selected), ..ServiceSpec::default() };
    let metadata = || metadata(site.description, NAME);
    vec![
        object(&PersistentVolumeClaim { metadata: metadata(), spec: Some(claim), status: None }),
        object(&Deployment { metadata: metadata(), spec: Some(deployment), status: None }),
        object(&Service { metadata: metadata(), spec: Some(service), status: None }),
    ]
}

fn pod(image: String) -> PodSpec {
    let claim = PersistentVolumeClaimVolumeSource { claim_name: NAME.to_owned(), read_only: None };
    let requests = [("cpu", "100m"), ("memory", "256Mi")];
    let requests = requests.map(|(name, value)| (name.to_owned(), Quantity(value.to_owned())));
    let ping = ExecAction { command: Some(vec!["redis-cli".to_owned(), "ping".to_owned()]) };
    let container = Container {
        name: REDIS.to_owned(),
        image: Some(image),
        // Every write is kept, so that jobs that wait outlive a restart.
        args: Some(["redis-server", "--appendonly", "yes"].map(str::to_owned).to_vec()),
        ports: Some(vec![ContainerPort {
            name: Some(REDIS.to_owned()),
            container_port: PORT,
            ..ContainerPort::default()
        }]),
        readiness_probe: Some(Probe { exec: Some(ping), period_seconds: Some(10), ..Probe::default() }),
        resources: Some(ResourceRequirements {
            requests: Some(requests.into()),
            ..ResourceRequirements::default()
        }),
        volume_mounts: Some(vec![VolumeMount {
            name: DATA.to_owned(),
            mount_path: "/data".to_owned(),
            ..VolumeMount::default()
        }]),
        ..Container::default()
    };
    PodSpec {
        containers: vec![container],
        volumes: Some(vec![Volume {
            name: DATA.to_owned(),
            persistent_volume_claim: Some(claim),
            ..Volume::default()
        }]),
        ..PodSpec::default()
    }
}
