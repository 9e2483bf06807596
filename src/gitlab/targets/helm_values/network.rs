//! Hosts, Ingress and the load balancer of Git over SSH.

use serde_json::{Map, Value};

use super::Site;
use super::values::Values;
use crate::gitlab::external::{ALB, has_tls};

/// The policy of TLS that a load balancer has; its default is one of 2016.
const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/// Adds the keys.
pub fn add(site: &Site<'_>, values: &mut Values) {
    let (gitlab, ingress) = (site.gitlab, site.ingress);
    let is_alb = ingress.class == ALB;
    values.set("global.hosts.domain", gitlab.domain.as_str());
    values.set("global.hosts.https", has_tls(ingress));
    values.set("global.hosts.gitlab.name", gitlab.host());
    values.set("global.hosts.ssh", gitlab.ssh_host());
    match &gitlab.registry {
        Some(registry) => values.set("global.hosts.registry.name", registry.domain.as_str()),
        None => values.set("registry.enabled", false),
    }
    values.set("global.kas.enabled", gitlab.kas);

    values.set("global.ingress.enabled", true);
    values.set("global.ingress.class", ingress.class.as_str());
    values.set("global.ingress.configureCertmanager", false);
    match (is_alb, &ingress.tls_secret) {
        (false, Some(secret)) => {
            values.set("global.ingress.tls.enabled", true);
            values.set("global.ingress.tls.secretName", secret.as_str());
        }
        // Otherwise every Ingress names a Secret, and a job makes a certificate of its own for it.
        _ => values.set("global.ingress.tls.enabled", false),
    }
    if is_alb {
        values.set("global.ingress.provider", "aws");
        values.set("global.ingress.annotations", shared(site));
        let checked = |path| of_alb([("healthcheck-path", path)]);
        values.set("gitlab.webservice.ingress.annotations", checked("/-/readiness"));
        if gitlab.registry.is_some() {
            values.set("registry.ingress.annotations", checked("/"));
        }
        if gitlab.kas {
            let of_kas = of_alb([("healthcheck-path", "/liveness"), ("healthcheck-port", "8151")]);
            values.set("gitlab.kas.ingress.annotations", of_kas);
        }
    }
    // The Gateway API is the default of version 10, with a controller and its own kinds of objects.
    if site.chart >= 10 {
        for key in ["enabled", "installEnvoy", "configureCertmanager"] {
            values.set(&format!("global.gatewayApi.{key}"), false);
        }
    }

    // An application load balancer carries no SSH. The chart has no key for `loadBalancerClass`.
    values.set("global.shell.port", 22);
    values.set("gitlab.gitlab-shell.service.type", "LoadBalancer");
    let balanced = [("type", "external"), ("scheme", gitlab.scheme.as_str()), ("nlb-target-type", "ip")];
    let balanced = balanced.map(|(name, value)| {
        (format!("service.beta.kubernetes.io/aws-load-balancer-{name}"), Value::from(value))
    });
    values.set("gitlab.gitlab-shell.service.annotations", Map::from_iter(balanced));
}

/// The annotations that every Ingress has alike: those that load balancers take once for a group.
fn shared(site: &Site<'_>) -> Map<String, Value> {
    let ingress = site.ingress;
    let (groups, subnets) = (ingress.security_groups.join(","), ingress.subnets.join(","));
    // One load balancer for all hosts: each Ingress would have one of its own otherwise.
    let group = ingress.group.as_deref().unwrap_or("gitlab");
    let mut all = vec![("scheme", ingress.scheme.as_str()), ("group.name", group), ("target-type", "ip")];
    match &ingress.certificate_arn {
        Some(certificate) => all.extend([
            ("certificate-arn", certificate.as_str()),
            ("listen-ports", r#"[{"HTTP": 80}, {"HTTPS": 443}]"#),
            ("ssl-redirect", "443"),
            ("ssl-policy", TLS_POLICY),
        ]),
        None => all.push(("listen-ports", r#"[{"HTTP": 80}]"#)),
    }
    if !groups.is_empty() {
        // With groups of the user's own, the controller opens the way to the pods only when it is told to.
        all.extend([("security-groups", groups.as_str()), ("manage-backend-security-group-rules", "true")]);
    }
    if !subnets.is_empty() {
        all.push(("subnets", subnets.as_str()));
    }
    of_alb(all)
}

/// Annotations of the AWS Load Balancer Controller (docs/guide/ingress/annotations). Their values are texts, also lists and numbers.
fn of_alb<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>) -> Map<String, Value> {
    let of = |(name, value): (&str, &str)| (format!("alb.ingress.kubernetes.io/{name}"), Value::from(value));
    all.into_iter().map(of).collect()
}

/// The sentences on what a user should know.
pub fn warnings(site: &Site<'_>) -> Vec<String> {
    let ingress = site.ingress;
    let mut warnings = Vec::new();
    if !has_tls(ingress) {
        let option = if ingress.class == ALB { "certificate_arn: …" } else { "tls_secret: NAME" };
        warnings.push(format!(
            "nothing encrypts HTTP to {}, so that passwords and tokens can be read on the way: write `ingress: {{ {option} }}`",
            site.gitlab.host()
        ));
    }
    if ingress.class == ALB && ingress.tls_secret.is_some() {
        warnings.push(
            "`tls_secret` counts for no Ingress of `class: alb`: that has `certificate_arn`".to_owned(),
        );
    }
    if ingress.class == "nginx" {
        warnings.push(
            "Ingress NGINX is retired since March 2026 and gets no more patches: `class: alb` is the AWS Load Balancer Controller".to_owned(),
        );
    }
    warnings
}
