//! `gitlab`: GitLab as containers of docker-gitlab, with Redis, their names in the cluster and the way in from outside.

mod deployment;
mod environment;
mod network;
mod redis;

use serde_json::Value;

use crate::gitlab::description::{Description, GitLab, Volume};
use crate::gitlab::secrets::{KEYS, Recipe, managed_of, of_keys};
use crate::gitlab::target::{Members, Refused, Rendering, Target};
use crate::gitlab::{external, versions, yaml};
use crate::stack::parts::{CACHES, DATABASES};

pub(super) const TARGET: Target = Target {
    name: "gitlab",
    doc: "GitLab as containers of docker-gitlab: Deployments, Redis, Services, Ingress, PodDisruptionBudget.",
    file: "gitlab.yaml",
    before: "",
    reads_state: true,
    members,
    render,
};

/// The name of the objects, and the label of all pods.
const NAME: &str = "gitlab";

/// The names of its Services, which no other object of that kind has.
pub const SERVICES: [&str; 3] = [NAME, network::OF_SSH, redis::NAME];

/// GitLab as containers keeps its data in a volume: without a file system it is described for the chart or the omnibus package.
fn members(description: &Description<'_>) -> Members {
    match &description.gitlab {
        Some(GitLab { file_system: Some(_), .. }) => Members::One,
        _ => Members::None("`file_system: NAME` below `gitlab:`"),
    }
}

/// GitLab with what it is made of.
struct Site<'a> {
    description: &'a Description<'a>,
    gitlab: &'a GitLab,
    image: String,
    /// The name of the claim, and its volume.
    claim: &'a str,
    volume: &'a Volume,
    /// The name of the database inside the instance.
    database_name: String,
    /// True if AWS manages the database's password.
    is_managed: bool,
    /// The cache that it can use, instead of Redis beside it.
    cache: Option<&'a str>,
    /// True if TLS ends before it.
    has_tls: bool,
}

fn render(description: &Description<'_>, _: &str) -> Result<Rendering, Refused> {
    let site = Site::of(description)?;
    let zones = site.zones();
    let mut objects: Vec<Value> = Vec::new();
    if site.cache.is_none() {
        objects.extend(redis::objects(&site));
    }
    objects.extend(zones.iter().map(|zone| deployment::deployment(&site, zone.as_deref())));
    objects.push(deployment::budget(&site));
    objects.extend(network::objects(&site));
    let mut secrets = vec![site.gitlab.database.clone(), KEYS.to_owned()];
    let ingress = site.gitlab.ingress.as_ref().filter(|ingress| !ingress.is_alb());
    secrets.extend(ingress.and_then(|ingress| ingress.tls_secret.clone()));
    let warnings = site.warnings(zones.len());
    Ok(Rendering { text: yaml::documents(&objects), warnings, notes: site.notes(), secrets })
}

/// The recipe of the Secret with GitLab's own keys.
pub fn recipes(description: &Description<'_>) -> Vec<Recipe> {
    match members(description) {
        Members::One => vec![of_keys(description)],
        _ => Vec::new(),
    }
}

impl<'a> Site<'a> {
    fn of(description: &'a Description<'a>) -> Result<Self, Refused> {
        let gitlab = description.gitlab.as_ref();
        let gitlab =
            gitlab.ok_or_else(|| Refused::new("the stack file describes no GitLab", "write `gitlab:`"))?;
        let image = gitlab.image.clone().or_else(|| versions::image(&gitlab.version)).ok_or_else(|| {
            let known: Vec<&str> = versions::IMAGES.iter().map(|(_, tag)| *tag).collect();
            let message = format!("no image of docker-gitlab is known for GitLab {}", gitlab.version);
            Refused::new(
                message,
                format!("write a version with its patch, such as one of {}, or `image`", known.join(", ")),
            )
        })?;
        let (claim, volume) = claim(description, gitlab)?;
        let name = |option: &str| description.declared(DATABASES, &gitlab.database, option).is_some();
        let declared = name("database_name");
        let database_name =
            description.optional(DATABASES, &gitlab.database, "database", declared).ok_or_else(|| {
                let message = format!("the database {} is one without a database in it", gitlab.database);
                Refused::new(
                    message,
                    "write `database_name: gitlab_production` below it; one that stands already has to be made anew for that",
                )
            })?;
        let has_tls = gitlab.ingress.as_ref().is_some_and(|ingress| match ingress.is_alb() {
            true => ingress.certificate_arn.is_some(),
            false => ingress.tls_secret.is_some(),
        });
        let is_managed = managed_of(description, DATABASES, &gitlab.database).is_some();
        let cache = gitlab.cache.as_deref().filter(|cache| !needs_more(description, cache));
        Ok(Self { description, gitlab, image, claim, volume, database_name, is_managed, cache, has_tls })
    }

    /// The zones with a Deployment of their own; one Deployment of no zone otherwise.
    fn zones(&self) -> Vec<Option<String>> {
        if !self.gitlab.per_zone {
            return vec![None];
        }
        let zones = self.description.zones(&self.volume.file_system);
        zones.into_iter().map(|zone| Some(zone.zone)).collect()
    }

    /// The sentences on what a user should know.
    fn warnings(&self, deployments: usize) -> Vec<String> {
        let GitLab { cache, buckets, registry, per_zone, .. } = self.gitlab;
        let mut warnings = vec![format!(
            "repositories are on the file system {}: GitLab has not supported Git data on NFS since 15.6, and it is slow; its chart has Gitaly on \
             EBS",
            self.volume.file_system
        )];
        if *per_zone && deployments > 1 {
            warnings.push(
                "`per_zone` starts several GitLabs on one directory: each runs the migrations of the database without a lock, and a Gitaly of \
                 its own; start one alone after each upgrade, and scale the others up when it is ready"
                    .to_owned(),
            );
        }
        if let (Some(cache), None) = (cache, self.cache) {
            warnings.push(format!(
                "docker-gitlab speaks neither TLS nor passwords to Redis, and the cache {cache} asks for them: Redis runs in the cluster instead"
            ));
        }
        if !buckets.is_empty() {
            warnings.push(
                "docker-gitlab reaches S3 with access keys alone, and not by a role: its objects are in its volume, and in none of the buckets"
                    .to_owned(),
            );
        }
        if registry.is_some() {
            warnings.push(
                "the registry is a container of its own, which the target `gitlab` does not have: GitLab's chart and the omnibus package do"
                    .to_owned(),
            );
        }
        if !self.has_tls {
            warnings.push(format!(
                "nothing encrypts HTTP to {}, so that passwords and tokens can be read on the way: write `ingress: {{ certificate_arn: … }}`",
                self.gitlab.host()
            ));
        }
        warnings
    }

    /// Sentences on what is to be done beside the file.
    fn notes(&self) -> Vec<String> {
        let means = "restart its pods then, as by an operator that watches Secrets";
        let rotation = self.is_managed.then(|| external::rotation(&self.gitlab.database, means));
        rotation.into_iter().collect()
    }
}

/// The claim that GitLab's data is in.
fn claim<'a>(description: &'a Description<'_>, gitlab: &'a GitLab) -> Result<(&'a str, &'a Volume), Refused> {
    let file_system = gitlab.file_system.as_deref().unwrap_or_default();
    let volumes = description.kubernetes.volumes.iter();
    let is_meant = |(name, volume): &(&String, &Volume)| match &gitlab.volume {
        Some(written) => written == *name,
        None => volume.file_system == file_system,
    };
    let meant: Vec<(&String, &Volume)> = volumes.filter(is_meant).collect();
    let (name, volume) = match meant.as_slice() {
        [(name, volume)] => (name.as_str(), *volume),
        [] => {
            let message = format!("no volume of `kubernetes` is on the file system {file_system}");
            let hint = format!(
                "write below `kubernetes:` `volumes: {{ gitlab-data: {{ file_system: {file_system} }} }}`"
            );
            return Err(Refused::new(message, hint));
        }
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("the file system {file_system} has the volumes {}", names.join(", "));
            return Err(Refused::new(message, "write `volume: NAME` below `gitlab:`"));
        }
    };
    match volume.per_zone && !gitlab.per_zone {
        true => Err(Refused::new(
            format!("the volume {name} has a claim in each zone, and GitLab is to be in one"),
            "write `per_zone: false` below the volume, or `per_zone: true` below `gitlab:`",
        )),
        false => Ok((name, volume)),
    }
}

/// True for a cache that docker-gitlab cannot speak to (assets/runtime/functions of docker-gitlab: `redis://HOST:PORT/DB`).
fn needs_more(description: &Description<'_>, cache: &str) -> bool {
    let is_on = |option: &str| description.declared(CACHES, cache, option) != Some(&Value::Bool(false));
    is_on("transit_encryption") || is_on("authentication")
}
