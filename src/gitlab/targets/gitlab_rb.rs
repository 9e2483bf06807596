//! `gitlab-rb`: the configuration of the omnibus package behind a proxy that ends TLS, with database, cache and objects outside; and
//! `omnibus-config`, the same as a ConfigMap for the package's image. Passwords come from variables of the environment.
//!
//! Source of keys: omnibus-gitlab, files/gitlab-config-template/gitlab.rb.template and doc/settings.

mod ruby;

use k8s_openapi::api::core::v1::ConfigMap;

use crate::gitlab::description::{Description, GitLab, MailTls, Omnibus};
use crate::gitlab::external::{
    self, CACHE_PASSWORD, Cache, DATABASE_PASSWORD, Database, KEY, MAIL_PASSWORD, SECRET_KEY, bucket,
};
use crate::gitlab::objects::{metadata, object, texts};
use crate::gitlab::target::{Members, Refused, Rendering, Target};
use crate::gitlab::yaml;

use ruby::{Ruby, Settings};

pub(super) const TARGET: Target = Target {
    name: "gitlab-rb",
    doc: "Configuration of the omnibus package: gitlab.rb.",
    file: "gitlab.rb",
    before: "",
    reads_state: true,
    members: |description| {
        if description.gitlab.is_some() { Members::One } else { Members::None("`gitlab:`") }
    },
    render: |description, _| rendering(description).map(|(rendering, _)| rendering),
};

pub(super) const CONFIG: Target = Target {
    name: "omnibus-config",
    doc: "A ConfigMap with GITLAB_OMNIBUS_CONFIG, for the image of the omnibus package.",
    file: "omnibus-config.yaml",
    before: "",
    reads_state: true,
    members: |description| match config_map(description) {
        Some(_) => Members::One,
        None => Members::None("`omnibus: { config_map: NAME }` below `gitlab:`"),
    },
    render: render_config,
};

/// The certificates of RDS, with all intermediate ones.
const BUNDLE: &str = "/etc/gitlab/ssl/rds-global-bundle.pem";

fn config_map(description: &Description<'_>) -> Option<String> {
    description.gitlab.as_ref()?.omnibus.as_ref()?.config_map.clone()
}

fn render_config(description: &Description<'_>, _: &str) -> Result<Rendering, Refused> {
    let name = config_map(description).ok_or_else(|| {
        Refused::new("the ConfigMap has no name", "write `config_map: NAME` below `omnibus:` of `gitlab:`")
    })?;
    let (Rendering { text, warnings, mut notes, secrets }, variables) = rendering(description)?;
    let data = Some(texts([("GITLAB_OMNIBUS_CONFIG", &text)]));
    notes.push(format!(
        "the container reads GITLAB_OMNIBUS_CONFIG by `envFrom: [{{ configMapRef: {{ name: {name} }} }}]`, and needs from Secrets: {}",
        variables.join(", ")
    ));
    let config = ConfigMap { data, metadata: metadata(description, name), ..ConfigMap::default() };
    Ok(Rendering { text: yaml::document(&object(&config)), warnings, notes, secrets })
}

/// GitLab with what it is made of.
struct Site<'a> {
    description: &'a Description<'a>,
    gitlab: &'a GitLab,
    omnibus: Omnibus,
    database: Database,
    cache: Option<Cache>,
    has_buckets: bool,
}

/// The text with its warnings, and the variables that it reads.
fn rendering(description: &Description<'_>) -> Result<(Rendering, Vec<&'static str>), Refused> {
    let gitlab = external::gitlab(description)?;
    let site = Site {
        description,
        gitlab,
        omnibus: gitlab.omnibus(),
        database: external::database(description, gitlab)?,
        cache: external::cache(description, gitlab),
        has_buckets: external::all_needed(gitlab)?,
    };
    let mut settings = Settings::default();
    site.web(&mut settings);
    site.registry(&mut settings);
    site.database(&mut settings);
    site.cache(&mut settings);
    site.objects(&mut settings);
    site.disk(&mut settings);
    site.mail(&mut settings);
    site.rest(&mut settings);
    let variables = site.variables();
    let (warnings, notes) = (site.warnings(), site.notes(&variables));
    Ok((Rendering { text: settings.finish(), warnings, notes, secrets: Vec::new() }, variables))
}

impl Site<'_> {
    /// The settings of nginx before Rails or the registry: the template says "moved from `nginx[...]` to `gitlab_rails['nginx'][...]` in
    /// GitLab 19.2", and older versions ignore the new ones.
    fn nginx(&self, new: &'static str, old: &'static str) -> &'static str {
        if self.gitlab.release() >= (19, 2) { new } else { old }
    }

    fn web(&self, settings: &mut Settings) {
        let Omnibus { port, ssh_port, trusted_proxies, monitors, referrer_policy, .. } = &self.omnibus;
        let nginx = self.nginx("gitlab_rails.nginx", "nginx");
        settings.about("The address that users see. TLS ends at a proxy, which sends X-Forwarded-Proto and X-Forwarded-For.");
        settings.call("external_url", format!("https://{}", self.gitlab.host()));
        settings.set(&format!("{nginx}.listen_port"), *port);
        settings.set(&format!("{nginx}.listen_https"), false);
        if let Some(policy) = referrer_policy {
            settings.set(&format!("{nginx}.referrer_policy"), policy.as_str());
        }
        if !trusted_proxies.is_empty() {
            settings.set(&format!("{nginx}.real_ip_header"), "X-Forwarded-For");
            settings.set(&format!("{nginx}.real_ip_recursive"), "on");
            settings.set(&format!("{nginx}.real_ip_trusted_addresses"), trusted_proxies.as_slice());
            settings.set("gitlab_rails.trusted_proxies", trusted_proxies.as_slice());
        }
        if !monitors.is_empty() {
            let own = ["127.0.0.0/8", "::1/128"].map(str::to_owned);
            let all: Vec<String> = own.into_iter().chain(monitors.iter().cloned()).collect();
            settings.set("gitlab_rails.monitoring_whitelist", all.as_slice());
        }
        settings.set("letsencrypt.enable", false);
        settings.set("gitlab_rails.gitlab_ssh_host", self.gitlab.ssh_host());
        settings.set("gitlab_rails.gitlab_shell_ssh_port", *ssh_port);
        settings.set("gitlab_rails.time_zone", self.gitlab.time_zone.as_str());
    }

    fn registry(&self, settings: &mut Settings) {
        settings.about("The container registry");
        let Some(registry) = &self.gitlab.registry else {
            settings.set("registry.enable", false);
            return;
        };
        let nginx = self.nginx("registry.nginx", "registry_nginx");
        settings.call("registry_external_url", format!("https://{}", registry.domain));
        settings.set(&format!("{nginx}.listen_port"), self.omnibus.registry_port);
        settings.set(&format!("{nginx}.listen_https"), false);
        if let Some(bucket) = bucket(self.description, self.gitlab, "registry") {
            let mut of_s3 = vec![("bucket", bucket.into()), ("region", self.description.region.into())];
            if self.gitlab.role.is_none() {
                of_s3.extend([("accesskey", Ruby::Env(KEY)), ("secretkey", Ruby::Env(SECRET_KEY))]);
            }
            settings.set("registry.storage", Ruby::Hash(vec![("s3", Ruby::Hash(of_s3))]));
        }
    }

    fn database(&self, settings: &mut Settings) {
        let database = &self.database;
        settings.about("PostgreSQL");
        settings.set("postgresql.enable", false);
        settings.set("gitlab_rails.db_adapter", "postgresql");
        settings.set("gitlab_rails.db_encoding", "utf8");
        settings.set("gitlab_rails.db_host", database.host.as_str());
        settings.set("gitlab_rails.db_port", number(&database.port));
        settings.set("gitlab_rails.db_database", database.name.as_str());
        settings.set("gitlab_rails.db_username", database.user.as_str());
        settings.set("gitlab_rails.db_password", Ruby::Env(DATABASE_PASSWORD));
        match self.gitlab.verify_database {
            true => {
                settings.set("gitlab_rails.db_sslmode", "verify-full");
                settings.set("gitlab_rails.db_sslrootcert", BUNDLE);
            }
            false => settings.set("gitlab_rails.db_sslmode", "require"),
        }
        // So that connections to a primary that is gone end soon after a failover.
        for (key, value) in [
            ("connect_timeout", 10_u32),
            ("keepalives", 1),
            ("keepalives_idle", 30),
            ("keepalives_interval", 10),
            ("keepalives_count", 3),
            ("tcp_user_timeout", 60_000),
        ] {
            settings.set(&format!("gitlab_rails.db_{key}"), value);
        }
    }

    fn cache(&self, settings: &mut Settings) {
        let Some(cache) = &self.cache else { return };
        settings.about("Redis or Valkey");
        settings.set("redis.enable", false);
        settings.set("gitlab_rails.redis_host", cache.host.as_str());
        settings.set("gitlab_rails.redis_port", number(&cache.port));
        settings.set("gitlab_rails.redis_ssl", cache.has_tls);
        if cache.secret.is_some() {
            settings.set("gitlab_rails.redis_password", Ruby::Env(CACHE_PASSWORD));
        }
    }

    fn objects(&self, settings: &mut Settings) {
        let name = |objects: &str| bucket(self.description, self.gitlab, objects);
        let backups = name("backups");
        if !self.has_buckets && backups.is_none() {
            return;
        }
        settings.about("Objects and backups in S3");
        if self.has_buckets {
            settings.set("gitlab_rails.object_store.enabled", true);
            settings.set("gitlab_rails.object_store.proxy_download", true);
            settings.set("gitlab_rails.object_store.connection", self.connection());
            let one = |objects: &'static str| match name(objects) {
                Some(bucket) => (objects, Ruby::Hash(vec![("bucket", bucket.into())])),
                // A kind without a bucket stops the reconfiguration.
                None => (objects, Ruby::Hash(vec![("enabled", false.into())])),
            };
            let all = external::NEEDED.into_iter().chain(external::MORE).map(one).collect();
            settings.set("gitlab_rails.object_store.objects", Ruby::Hash(all));
        }
        if let Some(bucket) = backups {
            settings.set("gitlab_rails.backup_upload_connection", self.connection());
            settings.set("gitlab_rails.backup_upload_remote_directory", bucket);
        }
    }

    /// S3 by the role of the machine or pod, or by keys. With an `endpoint`, GitLab would not ask for the role.
    fn connection(&self) -> Ruby {
        let mut connection = vec![("provider", "AWS".into()), ("region", self.description.region.into())];
        match self.gitlab.role {
            Some(_) => connection.push(("use_iam_profile", true.into())),
            None => connection.extend([
                ("aws_access_key_id", Ruby::Env(KEY)),
                ("aws_secret_access_key", Ruby::Env(SECRET_KEY)),
            ]),
        }
        Ruby::Hash(connection)
    }

    /// The three kinds of files that may be on a file system that is shared (GitLab documentation, administration/nfs).
    fn disk(&self, settings: &mut Settings) {
        let (Some(mount), Some(_)) = (&self.omnibus.mount, &self.gitlab.file_system) else { return };
        settings.about("What has no bucket is on the shared file system; GitLab waits until it is mounted.");
        settings.set("high_availability.mountpoint", mount.as_str());
        settings.set("gitlab_rails.uploads_directory", format!("{mount}/uploads"));
        settings.set("gitlab_rails.shared_path", format!("{mount}/shared"));
        settings.set("gitlab_ci.builds_directory", format!("{mount}/builds"));
    }

    fn mail(&self, settings: &mut Settings) {
        let Some(smtp) = &self.gitlab.smtp else { return };
        settings.about("Mail");
        settings.set("gitlab_rails.smtp_enable", true);
        settings.set("gitlab_rails.smtp_address", smtp.address.as_str());
        settings.set("gitlab_rails.smtp_port", smtp.port);
        settings.set("gitlab_rails.smtp_domain", self.gitlab.domain.as_str());
        if let Some(user) = &smtp.user {
            settings.set("gitlab_rails.smtp_user_name", user.as_str());
            settings.set("gitlab_rails.smtp_password", Ruby::Env(MAIL_PASSWORD));
            settings.set("gitlab_rails.smtp_authentication", "login");
        }
        settings.set("gitlab_rails.smtp_tls", smtp.tls == MailTls::Tls);
        settings.set("gitlab_rails.smtp_enable_starttls_auto", smtp.tls == MailTls::Starttls);
        if let Some(from) = &smtp.from {
            settings.set("gitlab_rails.gitlab_email_from", from.as_str());
        }
    }

    fn rest(&self, settings: &mut Settings) {
        settings.about("Beside GitLab");
        if let Some(limit) = &self.omnibus.login_limit {
            let limit = vec![
                ("enabled", true.into()),
                ("ip_whitelist", limit.never.as_slice().into()),
                ("maxretry", limit.most.into()),
                ("findtime", limit.within.into()),
                ("bantime", limit.banned.into()),
            ];
            settings.set("gitlab_rails.rack_attack_git_basic_auth", Ruby::Hash(limit));
        }
        // It switches the Alertmanager and the exporters too.
        settings.set("prometheus_monitoring.enable", self.omnibus.monitoring);
        settings.set("gitlab_kas.enable", self.gitlab.kas);
    }

    /// The variables that the file reads.
    fn variables(&self) -> Vec<&'static str> {
        let mut all = vec![DATABASE_PASSWORD];
        if self.cache.as_ref().is_some_and(|cache| cache.secret.is_some()) {
            all.push(CACHE_PASSWORD);
        }
        if self.gitlab.smtp.as_ref().is_some_and(|smtp| smtp.user.is_some()) {
            all.push(MAIL_PASSWORD);
        }
        let of_buckets = ["backups", "registry"].iter().any(|one| self.gitlab.buckets.contains_key(*one));
        if self.gitlab.role.is_none() && (self.has_buckets || of_buckets) {
            all.extend([KEY, SECRET_KEY]);
        }
        all
    }

    /// Sentences on what is to be done beside the file.
    fn notes(&self, variables: &[&str]) -> Vec<String> {
        let mut notes = vec![format!(
            "gitlab.rb reads passwords from variables, which are to be set whenever `gitlab-ctl reconfigure` runs: {}",
            variables.join(", ")
        )];
        if self.database.is_managed {
            let means = "run `gitlab-ctl reconfigure` with the new one then";
            notes.push(external::rotation(&self.gitlab.database, means));
        }
        if self.gitlab.verify_database {
            notes.push(format!(
                "{BUNDLE} is needed before GitLab starts: fetch https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
            ));
        }
        if let (Some(file_system), Some(mount)) = (&self.gitlab.file_system, &self.omnibus.mount) {
            notes.push(format!(
                "{file_system} is to be mounted at {mount}; Git repositories and data of a database on it are unsupported: /var/opt/gitlab stays on \
                 a disk of its own"
            ));
        }
        notes
    }

    /// Sentences on what is unsound, or works otherwise than one may think.
    fn warnings(&self) -> Vec<String> {
        let GitLab { file_system, .. } = self.gitlab;
        let Omnibus { trusted_proxies, mount, .. } = &self.omnibus;
        let mut warnings = Vec::new();
        if trusted_proxies.is_empty() {
            warnings.push(
                "without `trusted_proxies` below `omnibus`, every user has the address of the proxy, and a limit of logins shuts out all".to_owned(),
            );
        }
        match (file_system, mount) {
            (Some(file_system), None) => warnings.push(format!(
                "nothing is kept on {file_system}: write the folder where it is mounted, as `mount` below `omnibus`"
            )),
            (None, Some(_)) => {
                warnings.push("`mount` below `omnibus` counts only with a `file_system`".to_owned());
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        if self.cache.is_none() {
            warnings.push(
                "without `cache`, Redis is the package's own, on the machine's disk: what waits in its queues is lost with that".to_owned(),
            );
        }
        if self.gitlab.registry.is_some() && !self.gitlab.buckets.contains_key("registry") {
            warnings.push(
                "the images of the registry are on the machine's disk: write `registry` below `gitlab.buckets`"
                    .to_owned(),
            );
        }
        warnings
    }
}

/// A number, or the placeholder that stands for it before an apply.
fn number(text: &str) -> Ruby {
    text.parse::<u32>().map_or_else(|_| text.into(), Ruby::from)
}
