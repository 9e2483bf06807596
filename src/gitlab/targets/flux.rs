//! `flux`: scanning of an image, the policy that chooses a version, and the updates that follow.

use serde::Serialize;

use crate::gitlab::description::{Description, Flux};
use crate::gitlab::external;
use crate::gitlab::objects::{labels, object};
use crate::gitlab::secrets::{Kind, Made, Recipe};
use crate::gitlab::target::{Members, Refused, Rendering, Target};
use crate::gitlab::yaml;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub(super) const TARGET: Target = Target {
    name: "flux",
    doc: "Scanning of an image by Flux, and the updates that follow.",
    file: "flux.yaml",
    before: "",
    reads_state: true,
    members: |description| match description.gitlab.as_ref().is_some_and(|gitlab| gitlab.flux.is_some()) {
        true => Members::One,
        false => Members::None("`flux: { image: … }` below `gitlab:`"),
    },
    render,
};

/// The only version that is served (image-reflector-controller 1.2, image-automation-controller 1.2).
const VERSION: &str = "image.toolkit.fluxcd.io/v1";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Custom<T> {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: T,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageRepository {
    image: String,
    interval: String,
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_ref: Option<Named>,
}

#[derive(Debug, Serialize)]
struct Named {
    name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ImagePolicy {
    image_repository_ref: Named,
    policy: Policy,
}

#[derive(Debug, Serialize)]
struct Policy {
    semver: Semver,
}

#[derive(Debug, Serialize)]
struct Semver {
    range: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageUpdateAutomation {
    interval: &'static str,
    source_ref: Source,
    git: Git,
    update: Update,
}

#[derive(Debug, Serialize)]
struct Source {
    kind: &'static str,
    name: String,
}

#[derive(Debug, Serialize)]
struct Git {
    checkout: Checkout,
    commit: Commit,
    push: Branch,
}

#[derive(Debug, Serialize)]
struct Checkout {
    r#ref: Branch,
}

#[derive(Debug, Serialize)]
struct Branch {
    branch: String,
}

#[derive(Debug, Serialize)]
struct Commit {
    author: Author,
}

#[derive(Debug, Serialize)]
struct Author {
    name: &'static str,
    email: String,
}

#[derive(Debug, Serialize)]
struct Update {
    path: String,
    strategy: &'static str,
}

fn render(description: &Description<'_>, _: &str) -> Result<Rendering, Refused> {
    let gitlab = external::gitlab(description)?;
    let flux = gitlab.flux.as_ref();
    let flux = flux.ok_or_else(|| {
        Refused::new("the stack file says nothing of Flux", "write `flux: { image: … }` below `gitlab:`")
    })?;
    let name = name(flux)?;
    let metadata = || ObjectMeta {
        name: Some(name.clone()),
        namespace: Some(flux.namespace.clone()),
        labels: Some(labels(description)),
        ..ObjectMeta::default()
    };
    let branch = || Branch { branch: flux.branch.clone() };
    let is_ecr = is_ecr(&flux.image);
    let repository = ImageRepository {
        image: flux.image.clone(),
        interval: flux.interval.clone(),
        provider: if is_ecr { "aws" } else { "generic" },
        secret_ref: (!is_ecr).then(|| Named { name: flux.pull_secret.clone() }),
    };
    let policy = ImagePolicy {
        image_repository_ref: Named { name: name.clone() },
        policy: Policy { semver: Semver { range: flux.semver.clone() } },
    };
    let automation = ImageUpdateAutomation {
        interval: "30m",
        source_ref: Source { kind: "GitRepository", name: flux.repository.clone() },
        git: Git {
            checkout: Checkout { r#ref: branch() },
            commit: Commit { author: Author { name: "flux", email: flux.email.clone() } },
            push: branch(),
        },
        update: Update { path: flux.path.clone(), strategy: "Setters" },
    };
    let objects = [
        object(&Custom {
            api_version: VERSION,
            kind: "ImageRepository",
            metadata: metadata(),
            spec: repository,
        }),
        object(&Custom { api_version: VERSION, kind: "ImagePolicy", metadata: metadata(), spec: policy }),
        object(&Custom {
            api_version: VERSION,
            kind: "ImageUpdateAutomation",
            metadata: metadata(),
            spec: automation,
        }),
    ];
    let secrets = if is_ecr { Vec::new() } else { vec![flux.pull_secret.clone()] };
    Ok(Rendering {
        text: yaml::documents(&objects),
        warnings: Vec::new(),
        notes: notes(flux, &name, is_ecr),
        secrets,
    })
}

/// The last part of the repository, as a name that Kubernetes takes.
fn name(flux: &Flux) -> Result<String, Refused> {
    let last = flux.image.rsplit('/').next().unwrap_or_default();
    let last = last.split(':').next().unwrap_or_default();
    let name: String = last.chars().map(|c| if matches!(c, '.' | '_') { '-' } else { c }).collect();
    let is_name = name.len() <= 63 && !name.starts_with('-') && !name.ends_with('-') && !name.is_empty();
    match is_name {
        true => Ok(name),
        false => Err(Refused::new(
            format!("`{last}` of the image cannot be the name of an object of Kubernetes"),
            "name the repository with letters, digits and hyphens, at most 63",
        )),
    }
}

/// True for a registry of ECR, which Flux reads by its role.
fn is_ecr(image: &str) -> bool {
    let host = host(image);
    host.contains(".dkr.ecr.") && host.contains(".amazonaws.com")
}

/// The variables by which the registry is read.
const REGISTRY_USER: &str = "REGISTRY_USER";
const REGISTRY_TOKEN: &str = "REGISTRY_TOKEN";

/// The commands that make the Secret by which images are pulled: of one login alone, and not of all that a machine has.
pub(super) fn recipes(description: &Description<'_>) -> Vec<Recipe> {
    let flux = description.gitlab.as_ref().and_then(|gitlab| gitlab.flux.as_ref());
    let Some(flux) = flux.filter(|flux| !is_ecr(&flux.image)) else { return Vec::new() };
    let namespace = format!("\"${{NAMESPACE:-{}}}\"", flux.namespace);
    let made = Made { form: Kind::Login, ..Made::secret(&flux.pull_secret, ".dockerconfigjson", &namespace) };
    let fetch = [
        format!(r#"login="$(printf '%s:%s' "${REGISTRY_USER}" "${REGISTRY_TOKEN}" | base64 | tr -d '\n')""#),
        format!(r#"value="$(printf '{{"auths":{{"%s":{{"auth":"%s"}}}}}}' {} "$login")""#, host(&flux.image)),
    ];
    let about = format!(
        "To make {} from the variables {REGISTRY_USER} and {REGISTRY_TOKEN} of the environment: a deploy token with `read_registry`. With NAMESPACE, \
         it is made in that namespace, and not in {}. It needs kubectl:",
        flux.pull_secret, flux.namespace
    );
    vec![Recipe { about, ..Recipe::of(&made, &[REGISTRY_USER, REGISTRY_TOKEN], &fetch) }]
}

fn host(image: &str) -> &str {
    image.split('/').next().unwrap_or_default()
}

fn notes(flux: &Flux, name: &str, is_ecr: bool) -> Vec<String> {
    let Flux { namespace, repository, pull_secret, path, .. } = flux;
    let mut notes = Vec::new();
    if !is_ecr {
        notes.push(format!(
            "{pull_secret} is needed in {namespace}, and in the namespace of the pods, which NAMESPACE names: its login is a deploy token with \
             `read_registry`"
        ));
    }
    notes.push(format!(
        "Flux changes only lines below {path} that end with `# {{\"$imagepolicy\": \"{namespace}:{name}\"}}`, and the GitRepository {repository} needs \
         a key that may write"
    ));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_of_ecr_is_known_by_its_host() {
        assert!(is_ecr("123456789012.dkr.ecr.eu-west-1.amazonaws.com/app"));
        assert!(is_ecr("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/app"));
        assert!(!is_ecr("registry.example.com/x.dkr.ecr.eu.amazonaws.com"));
    }
}
