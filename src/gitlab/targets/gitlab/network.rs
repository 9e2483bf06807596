//! The ways to GitLab: a network load balancer, and an Ingress for HTTP.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress as Object, IngressBackend, IngressRule,
    IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::Value;

use super::deployment::{HTTP, SSH, pods};
use super::{NAME, Site};
use crate::gitlab::description::Ingress;
use crate::gitlab::objects::{metadata, object, texts};

/// The name of the Service of Git over SSH, beside an Ingress.
pub const OF_SSH: &str = "gitlab-ssh";

/// The Services, and the Ingress where there is one.
pub fn objects(site: &Site<'_>) -> Vec<Value> {
    match &site.gitlab.ingress {
        // One load balancer takes both.
        None => vec![balanced(site, NAME, vec![port(HTTP, 80), port(SSH, 22)])],
        Some(ingress) => vec![
            inside(site),
            // An application load balancer carries no SSH.
            balanced(site, OF_SSH, vec![port(SSH, 22)]),
            object(&of_http(site, ingress)),
        ],
    }
}

fn port(name: &str, number: i32) -> ServicePort {
    ServicePort {
        name: Some(name.to_owned()),
        port: number,
        protocol: Some("TCP".to_owned()),
        target_port: Some(IntOrString::String(name.to_owned())),
        ..ServicePort::default()
    }
}

fn inside(site: &Site<'_>) -> Value {
    // On by default since 1.31, and not known to 1.29 (Kubernetes documentation, "Traffic distribution").
    let has_zones = site.gitlab.per_zone && site.description.kubernetes.minor() >= 31;
    let spec = ServiceSpec {
        ports: Some(vec![port(HTTP, 80)]),
        selector: Some(pods()),
        traffic_distribution: has_zones.then(|| "PreferClose".to_owned()),
        ..ServiceSpec::default()
    };
    object(&Service { metadata: metadata(site.description, NAME), spec: Some(spec), status: None })
}

/// A network load balancer of the AWS Load Balancer Controller (docs/guide/service): its defaults are `internal` and `instance`.
fn balanced(site: &Site<'_>, name: &str, ports: Vec<ServicePort>) -> Value {
    let annotations = texts([
        ("service.beta.kubernetes.io/aws-load-balancer-scheme", &site.gitlab.scheme),
        ("service.beta.kubernetes.io/aws-load-balancer-nlb-target-type", "ip"),
    ]);
    let spec = ServiceSpec {
        type_: Some("LoadBalancer".to_owned()),
        load_balancer_class: Some("service.k8s.aws/nlb".to_owned()),
        external_traffic_policy: Some("Cluster".to_owned()),
        ports: Some(ports),
        selector: Some(pods()),
        ..ServiceSpec::default()
    };
    let metadata = annotated(site, name, annotations);
    object(&Service { metadata, spec: Some(spec), status: None })
}

fn annotated(site: &Site<'_>, name: &str, annotations: BTreeMap<String, String>) -> ObjectMeta {
    let annotations = Some(annotations).filter(|all| !all.is_empty());
    ObjectMeta { annotations, ..metadata(site.description, name) }
}

fn of_http(site: &Site<'_>, ingress: &Ingress) -> Object {
    let host = site.gitlab.host();
    let annotations = if ingress.is_alb() { of_alb(ingress) } else { BTreeMap::new() };
    let backend = IngressBackend {
        service: Some(IngressServiceBackend {
            name: NAME.to_owned(),
            port: Some(ServiceBackendPort { name: Some(HTTP.to_owned()), number: None }),
        }),
        resource: None,
    };
    let path = HTTPIngressPath { backend, path: Some("/".to_owned()), path_type: "Prefix".to_owned() };
    let rule =
        IngressRule { host: Some(host.clone()), http: Some(HTTPIngressRuleValue { paths: vec![path] }) };
    let tls = ingress.tls_secret.clone().filter(|_| !ingress.is_alb());
    let tls = tls.map(|secret| vec![IngressTLS { hosts: Some(vec![host]), secret_name: Some(secret) }]);
    let spec = IngressSpec {
        ingress_class_name: Some(ingress.class.clone()),
        rules: Some(vec![rule]),
        tls,
        default_backend: None,
    };
    Object { metadata: annotated(site, NAME, annotations), spec: Some(spec), status: None }
}

/// The annotations of the AWS Load Balancer Controller (docs/guide/ingress/annotations). Their values are texts, also lists and numbers.
pub fn of_alb(ingress: &Ingress) -> BTreeMap<String, String> {
    let mut all = vec![
        ("scheme", ingress.scheme.as_str()),
        ("target-type", "ip"),
        // The default is `/` with 200, and GitLab answers that with a redirection.
        ("healthcheck-path", "/users/sign_in"),
        ("success-codes", "200,302"),
    ];
    match &ingress.certificate_arn {
        Some(certificate) => all.extend([
            ("certificate-arn", certificate.as_str()),
            ("listen-ports", r#"[{"HTTP": 80}, {"HTTPS": 443}]"#),
            ("ssl-redirect", "443"),
            // The default is a policy of 2016.
            ("ssl-policy", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
        ]),
        None => all.push(("listen-ports", r#"[{"HTTP": 80}]"#)),
    }
    all.extend(ingress.group.as_deref().map(|group| ("group.name", group)));
    let (groups, subnets) = (ingress.security_groups.join(","), ingress.subnets.join(","));
    if !groups.is_empty() {
        // With groups of the user's own, the controller opens the way to the pods only when it is told to.
        all.extend([("security-groups", groups.as_str()), ("manage-backend-security-group-rules", "true")]);
    }
    all.extend(Some(subnets.as_str()).filter(|all| !all.is_empty()).map(|all| ("subnets", all)));
    all.into_iter()
        .map(|(name, value)| (format!("alb.ingress.kubernetes.io/{name}"), value.to_owned()))
        .collect()
}
