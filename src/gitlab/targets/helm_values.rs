//! `helm-values`: values of GitLab's chart, versions 8 to 10, with database, cache and objects outside.
//!
//! The chart checks few of its keys, and ignores those that it does not know: what it needs is refused here where it is missing. Source of
//! keys: charts/gitlab, values.yaml and doc/, of 8.11, 9.10 and 10.

mod network;
mod secrets;
mod storage;
mod values;

use crate::gitlab::description::{Description, GitLab, Ingress, MailTls};
use crate::gitlab::external::{self, Cache, Database};
use crate::gitlab::secrets::Recipe;
use crate::gitlab::target::{Members, Refused, Rendering, Target};
use crate::gitlab::yaml;

use values::Values;

pub(super) const TARGET: Target = Target {
    name: "helm-values",
    doc: "Values of the GitLab chart, version 8, 9 or 10, with database, cache and objects outside.",
    file: "helm-values.yaml",
    before: "",
    reads_state: true,
    members,
    render,
};

/// The chart is reached by an Ingress. A GitLab with a file system and without buckets is described for docker-gitlab.
fn members(description: &Description<'_>) -> Members {
    match &description.gitlab {
        Some(GitLab { ingress: Some(_), file_system, buckets, .. })
            if file_system.is_none() || !buckets.is_empty() =>
        {
            Members::One
        }
        Some(GitLab { ingress: Some(_), .. }) => {
            Members::None("`buckets: NAME` below `gitlab:`, or take `file_system` out there")
        }
        _ => Members::None("`ingress: {}` below `gitlab:`, with its `certificate_arn`"),
    }
}

/// GitLab with what it is made of.
struct Site<'a> {
    description: &'a Description<'a>,
    gitlab: &'a GitLab,
    ingress: &'a Ingress,
    /// The major version of the chart.
    chart: u32,
    database: Database,
    cache: Option<Cache>,
    /// True if objects are in S3; the chart's MinIO has them otherwise.
    has_buckets: bool,
    /// The ARN of the role by which pods reach the buckets.
    role: Option<String>,
}

fn render(description: &Description<'_>, _: &str) -> Result<Rendering, Refused> {
    let site = Site::of(description)?;
    let mut values = Values::default();
    network::add(&site, &mut values);
    storage::add(&site, &mut values);
    mail(&site, &mut values);
    values.set("global.time_zone", site.gitlab.time_zone.as_str());
    for (key, value) in bundled(site.chart) {
        values.set(key, value);
    }
    let version = format!("{}.{}.x", site.chart, site.gitlab.release().1);
    let about =
        format!("# For the chart gitlab/gitlab {version}, which has GitLab {}.\n", site.gitlab.version);
    Ok(Rendering {
        text: format!("{about}{}", yaml::document(&values.document())),
        warnings: site.warnings(),
        notes: site.notes(),
        secrets: site.secrets(),
    })
}

/// The commands that make the Secrets which the chart reads beside those of database and cache.
pub(super) fn recipes(description: &Description<'_>) -> Vec<Recipe> {
    if members(description) != Members::One {
        return Vec::new();
    }
    let Ok(site) = Site::of(description) else { return Vec::new() };
    description.take_asked();
    secrets::all(&site)
}

/// The parts that the chart would bring along, and that are not wanted. Until 9.0 another key switches cert-manager.
fn bundled(chart: u32) -> Vec<(&'static str, bool)> {
    let cert_manager = if chart < 9 { "certmanager.install" } else { "installCertmanager" };
    vec![
        (cert_manager, false),
        ("nginx-ingress.enabled", false),
        ("prometheus.install", false),
        ("gitlab-runner.install", false),
    ]
}

impl<'a> Site<'a> {
    fn of(description: &'a Description<'a>) -> Result<Self, Refused> {
        let gitlab = external::gitlab(description)?;
        let ingress = gitlab.ingress.as_ref().ok_or_else(|| {
            Refused::new(
                "the pages of the chart are reached by an Ingress alone",
                "write `ingress: {}` below `gitlab:`",
            )
        })?;
        let chart = match gitlab.release().0 {
            major @ 17..=19 => major - 9,
            _ => {
                return Err(Refused::new(
                    format!(
                        "the keys of GitLab's chart are known for GitLab 17 to 19, and not for {}",
                        gitlab.version
                    ),
                    "write another `version`, or leave `helm-values` out of `targets` of `render:`",
                ));
            }
        };
        let site = Self {
            description,
            gitlab,
            ingress,
            chart,
            database: external::database(description, gitlab)?,
            cache: external::cache(description, gitlab),
            has_buckets: external::all_needed(gitlab)?,
            role: external::role(description, gitlab.role.as_deref()),
        };
        site.whole()?;
        Ok(site)
    }

    /// Refuses what the chart would install and could not use. From version 10 it has no database, cache and store of objects of its own.
    fn whole(&self) -> Result<(), Refused> {
        let has = |objects: &str| self.gitlab.buckets.contains_key(objects);
        let bucket = |objects: &str| format!("write `{objects}: NAME` below `buckets:` of `gitlab:`");
        if self.chart >= 10 && self.cache.is_none() {
            let message = "from version 10, GitLab's chart has no Redis of its own";
            return Err(Refused::new(
                message,
                "write an entry below `caches:`, and `cache: NAME` below `gitlab:`",
            ));
        }
        if self.chart >= 10 && !self.has_buckets {
            let message = "from version 10, GitLab's chart has no store of objects of its own";
            return Err(Refused::new(message, bucket("artifacts")));
        }
        if self.gitlab.registry.is_some() && self.has_buckets && !has("registry") {
            return Err(Refused::new("the registry has no bucket for its images", bucket("registry")));
        }
        if self.chart >= 10 && !has("backups") {
            return Err(Refused::new(
                "from version 10, GitLab's chart asks for the bucket of backups",
                bucket("backups"),
            ));
        }
        if has("backups") && !has("tmp") {
            let message = "a backup is restored by way of a second bucket, and there is none";
            return Err(Refused::new(message, bucket("tmp")));
        }
        Ok(())
    }

    /// The sentences on what a user should know.
    fn warnings(&self) -> Vec<String> {
        let GitLab { smtp, per_zone, .. } = self.gitlab;
        let mut warnings = network::warnings(self);
        warnings.extend(storage::warnings(self));
        if *per_zone {
            warnings.push(
                "`per_zone` counts for the target `gitlab` alone: the chart spreads its pods by itself"
                    .to_owned(),
            );
        }
        if smtp.as_ref().is_some_and(|smtp| smtp.tls == MailTls::None && smtp.user.is_some()) {
            warnings.push(
                "the password of the mail relay goes over the network as it is: write `tls: starttls`"
                    .to_owned(),
            );
        }
        warnings
    }

    /// Sentences on what is to be done beside the file.
    fn notes(&self) -> Vec<String> {
        let GitLab { version, database, .. } = self.gitlab;
        let namespace = &self.description.kubernetes.namespace;
        let mut notes = vec![format!(
            "the chart makes keys of its own, and losing them loses variables of CI and two-factor authentication: keep a copy of the Secret \
             gitlab-rails-secret in {namespace} in a safe place"
        )];
        notes.extend(storage::notes(self));
        if self.database.is_managed {
            let means = "restart its pods then, as by an operator that watches Secrets";
            notes.push(external::rotation(database, means));
        }
        if version.split('.').count() > 2 {
            notes.push(format!(
                "patches of the chart and of GitLab have different numbers: look for the chart {}.{} whose appVersion is {version}",
                self.chart,
                self.gitlab.release().1
            ));
        }
        notes
    }

    /// The names of what has to be in the cluster before.
    fn secrets(&self) -> Vec<String> {
        let mut all = vec![self.database.secret.clone()];
        all.extend(self.cache.as_ref().and_then(|cache| cache.secret.clone()));
        all.extend(secrets::all(self).into_iter().map(|recipe| recipe.name));
        all.extend(self.ingress.tls_secret.clone().filter(|_| !self.ingress.is_alb()));
        all
    }
}

fn mail(site: &Site<'_>, values: &mut Values) {
    let Some(smtp) = &site.gitlab.smtp else { return };
    values.set("global.smtp.enabled", true);
    values.set("global.smtp.address", smtp.address.as_str());
    values.set("global.smtp.port", smtp.port);
    // The two exclude each other: the chart fails where both are true.
    values.set("global.smtp.tls", smtp.tls == MailTls::Tls);
    values.set("global.smtp.starttls_auto", smtp.tls == MailTls::Starttls);
    match &smtp.user {
        Some(user) => {
            values.set("global.smtp.authentication", "login");
            values.set("global.smtp.user_name", user.as_str());
            values.set("global.smtp.password.secret", secrets::SMTP);
            values.set("global.smtp.password.key", "password");
        }
        // Its default is `plain`, which needs a password.
        None => values.set("global.smtp.authentication", "none"),
    }
    values.set_some("global.email.from", smtp.from.as_deref());
}
