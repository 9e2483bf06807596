//! The Deployments of GitLab, and the budget of their disruptions.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy};
use k8s_openapi::api::core::v1::{
    CSIVolumeSource, Container, ContainerPort, HTTPGetAction, PersistentVolumeClaimVolumeSource, PodSpec,
    PodTemplateSpec, Probe, ResourceRequirements, TCPSocketAction, Volume, VolumeMount,
};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;

use super::{NAME, Site, environment};
use crate::gitlab::description::Secrets;
use crate::gitlab::objects::{labels, metadata, object, texts};
use crate::gitlab::targets::kubernetes::{ZONE, in_zone};

/// The names of the ports, which Services refer to.
pub const HTTP: &str = "http";
pub const SSH: &str = "ssh";

const DATA: &str = "data";
/// The directory of all data in docker-gitlab.
const HOME: &str = "/home/git/data";
const SECRET: &str = "database-secret";

/// The labels by which a Service and the budget find the pods of GitLab, in every zone.
pub fn pods() -> BTreeMap<String, String> {
    texts([("app.kubernetes.io/name", NAME), ("app.kubernetes.io/component", "web")])
}

/// GitLab, in a zone or wherever there is room.
pub fn deployment(site: &Site<'_>, zone: Option<&str>) -> Value {
    let mut selected = pods();
    selected.extend(zone.map(|zone| (ZONE.to_owned(), zone.to_owned())));
    let mut of_pod = labels(site.description);
    of_pod.extend(selected.clone());
    let name = zone.map_or_else(|| NAME.to_owned(), |zone| in_zone(NAME, zone));
    let spec = DeploymentSpec {
        replicas: Some(1),
        selector: LabelSelector { match_labels: Some(selected), match_expressions: None },
        // Two at once would migrate the database side by side, and write to one directory.
        strategy: Some(DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None }),
        template: PodTemplateSpec {
            metadata: Some(ObjectMeta { labels: Some(of_pod), ..ObjectMeta::default() }),
            spec: Some(pod(site, zone)),
        },
        ..DeploymentSpec::default()
    };
    let metadata = metadata(site.description, name);
    object(&Deployment { metadata, spec: Some(spec), status: None })
}

fn pod(site: &Site<'_>, zone: Option<&str>) -> PodSpec {
    let claim_name = match zone {
        Some(zone) if site.volume.per_zone => in_zone(site.claim, zone),
        _ => site.claim.to_owned(),
    };
    let claim = PersistentVolumeClaimVolumeSource { claim_name, read_only: None };
    let mut volumes =
        vec![Volume { name: DATA.to_owned(), persistent_volume_claim: Some(claim), ..Volume::default() }];
    let mut mounts = vec![mount(DATA, HOME, None)];
    // The driver makes the Secret when a pod mounts it, and keeps it for as long.
    if site.is_managed && site.description.kubernetes.secrets == Secrets::Csi {
        let csi = CSIVolumeSource {
            driver: "secrets-store.csi.k8s.io".to_owned(),
            read_only: Some(true),
            volume_attributes: Some(texts([("secretProviderClass", &site.gitlab.database)])),
            ..CSIVolumeSource::default()
        };
        volumes.push(Volume { name: SECRET.to_owned(), csi: Some(csi), ..Volume::default() });
        mounts.push(mount(SECRET, "/mnt/secrets/database", Some(true)));
    }
    PodSpec {
        containers: vec![container(site, mounts)],
        node_selector: zone.map(|zone| texts([(ZONE, zone)])),
        volumes: Some(volumes),
        ..PodSpec::default()
    }
}

fn container(site: &Site<'_>, mounts: Vec<VolumeMount>) -> Container {
    let port = |name: &str, number| ContainerPort {
        name: Some(name.to_owned()),
        container_port: number,
        ..ContainerPort::default()
    };
    let listens = || TCPSocketAction { port: IntOrString::String(HTTP.to_owned()), host: None };
    let signs_in = HTTPGetAction {
        path: Some("/users/sign_in".to_owned()),
        port: IntOrString::String(HTTP.to_owned()),
        ..HTTPGetAction::default()
    };
    let requests = [("cpu", "2"), ("memory", "6Gi")];
    let requests = requests.map(|(name, value)| (name.to_owned(), Quantity(value.to_owned())));
    Container {
        name: NAME.to_owned(),
        image: Some(site.image.clone()),
        env: Some(environment::variables(site)),
        ports: Some(vec![port(HTTP, 80), port(SSH, 22)]),
        volume_mounts: Some(mounts),
        resources: Some(ResourceRequirements {
            requests: Some(requests.into()),
            ..ResourceRequirements::default()
        }),
        // The first start migrates the database, for as long as a quarter of an hour.
        startup_probe: Some(Probe {
            tcp_socket: Some(listens()),
            period_seconds: Some(10),
            failure_threshold: Some(90),
            ..Probe::default()
        }),
        liveness_probe: Some(Probe {
            tcp_socket: Some(listens()),
            period_seconds: Some(20),
            timeout_seconds: Some(5),
            ..Probe::default()
        }),
        readiness_probe: Some(Probe {
            http_get: Some(signs_in),
            period_seconds: Some(10),
            timeout_seconds: Some(5),
            ..Probe::default()
        }),
        ..Container::default()
    }
}

fn mount(name: &str, path: &str, read_only: Option<bool>) -> VolumeMount {
    VolumeMount { name: name.to_owned(), mount_path: path.to_owned(), read_only, ..VolumeMount::default() }
}

/// Of several pods one at a time is evicted; a single one is, since a node could not be emptied otherwise.
pub fn budget(site: &Site<'_>) -> Value {
    let spec = PodDisruptionBudgetSpec {
        max_unavailable: Some(IntOrString::Int(1)),
        selector: Some(LabelSelector { match_labels: Some(pods()), match_expressions: None }),
        unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
        ..PodDisruptionBudgetSpec::default()
    };
    object(&PodDisruptionBudget {
        metadata: metadata(site.description, NAME),
        spec: Some(spec),
        status: None,
    })
}
