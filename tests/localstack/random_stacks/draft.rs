//! Stack files drawn at random over all options.

use std::collections::BTreeSet;
use std::fmt::Write;

/// A series of numbers that its seed decides (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    /// Some of them, at least one, in any order.
    fn some_of(&mut self, of: &[&'static str]) -> String {
        let mut chosen: Vec<&str> = of.iter().copied().filter(|_| self.coin()).collect();
        if chosen.is_empty() {
            chosen.push(self.one_of(of));
        }
        if self.coin() {
            chosen.reverse();
        }
        format!("[{}]", chosen.join(", "))
    }
}

/// One of Amazon's images in eu-west-1.
const IMAGE: &str = "ami-087fc0fcee2c7570a";

/// A stack file in the making.
pub struct Draft {
    seed: u64,
    /// Decides what only a new object can have, and what only grows: for each object by itself.
    fixed: Dice,
    /// Decides what can be changed.
    loose: Dice,
    pub text: String,
    /// The options that were written.
    pub options: BTreeSet<String>,
}

impl Draft {
    /// A whole stack file. Drawn twice with the same `fixed`, the second is a change of the first in place.
    pub fn new(name: &str, fixed: u64, loose: u64) -> Self {
        let mut draft = Self {
            seed: fixed,
            fixed: Dice(fixed),
            loose: Dice(loose),
            text: String::new(),
            options: BTreeSet::new(),
        };
        draft.option(0, "stack", name);
        if draft.fixed.below(4) == 0 {
            draft.option(0, "network", "");
            for (option, value) in [("vpc", VPC), ("subnets", SUBNETS), ("groups", "")] {
                draft.option(1, option, value);
            }
            draft.option(2, "nodes", NODES);
            draft.option(2, "masters", MASTERS);
        } else if draft.loose.coin() {
            draft.option(0, "cluster", "k8s.myzone.net");
        }
        if draft.loose.coin() {
            draft.option(0, "region", "eu-west-1");
        }
        // Both drafts of one stack have one state.
        if draft.fixed.coin() {
            draft.option(0, "state", "");
            draft.option(1, "location", &format!("kept/{name}.json"));
        }
        if draft.loose.coin() {
            let tags =
                ["{ team: platform }", "{ team: \"\", \"cost center\": \"a/b=c+d@e\" }", "{ Büro: Zürich }"];
            let tags = draft.loose.one_of(&tags);
            draft.option(0, "tags", tags);
        }
        let is_named = draft.options.contains("network");
        let has_groups = draft.fixed.coin();
        let (file_systems, databases) = draft.fixed.one_of(&[(1, 0), (0, 1), (1, 1), (2, 1)]);
        // Each object begins dice of its own, of which the last one would decide.
        let has_bucket = draft.fixed.coin();
        let has_cache = draft.fixed.coin();
        let has_role = draft.fixed.coin();
        if file_systems > 0 {
            draft.option(0, "file_systems", "");
        }
        for number in 0..file_systems {
            draft.object(1, &format!("{name}-fs{number}"));
            draft.file_system(name, has_groups);
        }
        if databases > 0 {
            draft.option(0, "databases", "");
            draft.object(1, &format!("{name}-db"));
            draft.database(name, has_groups);
        }
        if has_cache {
            draft.option(0, "caches", "");
            draft.object(1, &format!("{name}-c"));
            draft.cache(name, has_groups);
        }
        if has_groups {
            draft.option(0, "security_groups", "");
            for group in ["shared", "extra"] {
                draft.object(1, &format!("{name}-{group}"));
                draft.group(&format!("{name}-shared"));
            }
        }
        if has_bucket {
            draft.option(0, "buckets", "");
            draft.object(1, &format!("{name}-b"));
            draft.bucket(name);
        }
        if has_role {
            draft.option(0, "roles", "");
            draft.object(1, &format!("{name}-r"));
            draft.role(name, has_bucket, is_named);
        }
        if has_groups && draft.fixed.coin() {
            draft.option(0, "instances", "");
            draft.object(1, &format!("{name}-m"));
            draft.machine(name);
            draft.option(0, "elastic_ips", "");
            draft.object(1, &format!("{name}-ip"));
            let machine = format!("{name}-m");
            draft.option(2, "ignore_changes", "[]");
            draft.maybe("instance", |_| machine);
        } else if has_groups && draft.fixed.coin() {
            draft.pair(name);
        }
        draft
    }

    /// Begins an object, of which nothing else decides what is fixed.
    fn object(&mut self, depth: usize, name: &str) {
        self.option(depth, name, "");
        let number = name.bytes().fold(self.seed, |number, byte| number.wrapping_mul(257) ^ u64::from(byte));
        self.fixed = Dice(number);
    }

    fn option(&mut self, depth: usize, option: &str, value: &str) {
        let indentation = "  ".repeat(depth);
        writeln!(self.text, "{indentation}{option}: {value}").expect("a string takes all that is written");
        self.options.insert(option.to_owned());
    }

    /// Writes an option, or leaves it out.
    fn maybe(&mut self, option: &str, value: impl FnOnce(&mut Dice) -> String) {
        self.maybe_at(2, option, value);
    }

    fn maybe_at(&mut self, depth: usize, option: &str, value: impl FnOnce(&mut Dice) -> String) {
        if self.loose.coin() {
            let value = value(&mut self.loose);
            self.option(depth, option, &value);
        }
    }

    /// Writes an option that only a new object can change, or leaves it out.
    fn maybe_fixed(&mut self, option: &str, value: impl FnOnce(&mut Dice) -> String) -> bool {
        let written = self.fixed.coin();
        if written {
            let value = value(&mut self.fixed);
            self.option(2, option, &value);
        }
        written
    }

    /// A security group; another one may be named in its rules.
    fn group(&mut self, other: &str) {
        self.maybe_fixed("name", |dice| format!("\"Group {:x} [of a test]\"", dice.next()));
        self.option(2, "description", "\"Of a test (1)\"");
        let is_other =
            self.text.contains(&format!("  {other}: ")) && !self.text.ends_with(&format!("  {other}: \n"));
        for direction in ["ingress", "egress"] {
            let rules: Vec<&str> = RULES.iter().copied().filter(|_| self.loose.below(3) == 0).collect();
            let to_other = format!("{{ group: {other}, protocol: udp, port: 53 }}");
            let to_other = Some(to_other.as_str()).filter(|_| is_other && self.loose.coin());
            let rules: Vec<&str> = rules.into_iter().chain(to_other).collect();
            self.maybe(direction, |_| format!("[{}]", rules.join(", ")));
        }
        for option in ["protocol", "port", "ports", "type", "code", "group", "role", "cidr", "prefix_list"] {
            if self.text.contains(&format!("{option}: ")) {
                self.options.insert(option.to_owned());
            }
        }
    }

    fn shared(&mut self, stack: &str, has_groups: bool) {
        let mut is_ours = true;
        self.maybe_fixed("security_group", |dice| {
            let name = format!("\"Group {:x} (of a test)\"", dice.next());
            is_ours = dice.below(4) > 0;
            match dice.below(2) {
                0 if !is_ours && has_groups => format!("{{ entry: {stack}-shared }}"),
                _ if !is_ours => "THE_GROUP".to_owned(),
                0 => name,
                _ => format!("{{ name: {name}, description: \"of a test\" }}"),
            }
        });
        self.maybe("extra_security_groups", |dice| match dice.below(3) {
            0 => "[]".to_owned(),
            1 if has_groups => format!("[THE_OTHER, {stack}-extra]"),
            _ => "[THE_OTHER]".to_owned(),
        });
        if is_ours {
            self.maybe("access", |dice| dice.some_of(SOURCES));
        }
        for option in ["role", "cidr", "group", "prefix_list", "ports", "description", "name", "entry"] {
            if self.text.contains(&format!("{option}: ")) {
                self.options.insert(option.to_owned());
            }
        }
        // Nothing here is deleted, and a world is thrown away.
        self.maybe("deletion_protection", |dice| dice.coin().to_string());
    }

    fn file_system(&mut self, stack: &str, has_groups: bool) {
        self.shared(stack, has_groups);
        let encrypted = self.fixed.coin();
        self.option(2, "encrypted", &encrypted.to_string());
        if encrypted {
            self.maybe_fixed("kms_key_id", |dice| dice.one_of(&["alias/storage", KEY]).to_owned());
        }
        let mode = self.fixed.one_of(&["elastic", "bursting", "provisioned"]);
        self.option(2, "throughput_mode", mode);
        if mode == "provisioned" {
            let rate = 1 + self.loose.below(3414);
            self.option(2, "provisioned_throughput_in_mibps", &rate.to_string());
        }
        let modes: &[&str] =
            if mode == "elastic" { &["generalPurpose"] } else { &["generalPurpose", "maxIO"] };
        let mut performance = None;
        self.maybe_fixed("performance_mode", |dice| {
            let mode = dice.one_of(modes);
            performance = Some(mode);
            mode.to_owned()
        });
        self.lifecycle(mode == "elastic");
        self.maybe("backup", |dice| dice.coin().to_string());
        let is_one_zone = performance != Some("maxIO") && self.fixed.coin();
        if is_one_zone {
            let zone = self.fixed.one_of(&["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
            self.option(2, "storage", "one-zone");
            self.option(2, "zones", &format!("[{zone}]"));
        } else {
            self.maybe("zones", |dice| dice.some_of(&["eu-west-1a", "eu-west-1b", "eu-west-1c"]));
        }
        self.maybe("enforce_tls", |dice| dice.coin().to_string());
        self.policy();
        self.maybe("replication_overwrite_protection", |dice| dice.coin().to_string());
        self.maybe_fixed("replication", |dice| {
            let zone = dice.one_of(&["", ", availability_zone: eu-central-1a"]);
            let key =
                dice.one_of(&["", ", kms_key_id: \"arn:aws:kms:eu-central-1:123456789012:alias/storage\""]);
            format!("{{ region: eu-central-1{zone}{key} }}")
        });
        for option in ["availability_zone", "file_system"] {
            // One that is there can be the copy of one alone: `file_systems` has it.
            self.options.insert(option.to_owned());
        }
        // The subnets of the cluster have no IPv6.
        self.maybe("ip_address_type", |_| "IPV4_ONLY".to_owned());
        let points = self.loose.below(3);
        if points > 0 {
            self.option(2, "access_points", "");
        }
        for number in 0..points {
            self.object(3, &format!("point{number}"));
            let user = |dice: &mut Dice| dice.one_of(&[0, 998, 4_294_967_295_u64]).to_string();
            let uid = user(&mut self.fixed);
            self.option(4, "uid", &uid);
            for option in ["gid", "path", "permissions", "secondary_gids", "owner_uid", "owner_gid"] {
                let value = match option {
                    "gid" | "owner_uid" | "owner_gid" => user(&mut self.fixed),
                    "secondary_gids" => self.fixed.one_of(&["[]", "[27]", "[1000, 4]"]).to_owned(),
                    "path" => self.fixed.one_of(&["/", "/git-data", "/a b/c/d/e"]).to_owned(),
                    _ => self.fixed.one_of(&["\"0755\"", "\"700\"", "\"1777\""]).to_owned(),
                };
                if self.fixed.coin() {
                    self.option(4, option, &value);
                }
            }
        }
    }

    fn policy(&mut self) {
        let statements = self.loose.below(3);
        if self.loose.coin() {
            return;
        }
        if statements == 0 {
            return self.option(2, "policy", "{}");
        }
        self.option(2, "policy", "");
        for number in 0..statements {
            self.option(3, &format!("Statement{number}"), "");
            // One that denies everything to everybody would lock the author out.
            let effect = self.loose.one_of(&["Allow", "Deny"]);
            let actions =
                self.loose.some_of(&["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]);
            let principals = self.loose.some_of(&["\"*\"", "123456789012", "backup.amazonaws.com"]);
            self.option(4, "effect", effect);
            self.option(4, "principals", &principals);
            self.option(4, "actions", &actions);
            if self.loose.coin() {
                self.option(4, "conditions", "{ Bool: { aws:SecureTransport: [true] } }");
            }
        }
    }

    fn lifecycle(&mut self, can_archive: bool) {
        const AGES: [&str; 9] = [
            "AFTER_1_DAY",
            "AFTER_7_DAYS",
            "AFTER_14_DAYS",
            "AFTER_30_DAYS",
            "AFTER_60_DAYS",
            "AFTER_90_DAYS",
            "AFTER_180_DAYS",
            "AFTER_270_DAYS",
            "AFTER_365_DAYS",
        ];
        if self.loose.coin() {
            return;
        }
        self.option(2, "lifecycle", "");
        let ia = self.loose.below(8);
        self.option(3, "transition_to_ia", AGES[ia as usize]);
        if can_archive && self.loose.coin() {
            let later = ia + 1 + self.loose.below(8 - ia);
            self.option(3, "transition_to_archive", AGES[later as usize]);
        }
        if self.loose.coin() {
            self.option(3, "transition_to_primary_storage_class", "AFTER_1_ACCESS");
        }
    }

    fn database(&mut self, stack: &str, has_groups: bool) {
        let begin = self.text.len();
        self.shared(stack, has_groups);
        self.maybe("identifier", |dice| format!("{stack}-named{}", dice.below(1_000_000)));
        self.maybe_fixed("subnet_group", |dice| match dice.below(4) {
            2 => "{ existing: of-others }".to_owned(),
            3 => "{ subnets: THE_SUBNETS }".to_owned(),
            0 => format!("\"{stack} Subnets_{}\"", dice.below(1000)),
            _ => format!("{{ name: {stack}_subnets, description: \"of a test ({})\" }}", dice.below(1000)),
        });
        let mut version = "16".to_owned();
        self.maybe_fixed("engine_version", |dice| {
            let written = dice.one_of(&["\"16\"", "16.4", "\"15\"", "15.12"]).to_owned();
            version = written.trim_matches('"')[..2].to_owned();
            written
        });
        let classes = self.storage();
        // The default is the first one.
        if classes[0] != "db.t4g.medium" || self.loose.coin() {
            let class = self.loose.one_of(classes);
            self.option(2, "instance_class", class);
        }
        self.maybe_fixed("database_name", |dice| dice.one_of(&["gitlab_production", "a"]).to_owned());
        self.maybe_fixed("username", |dice| dice.one_of(&["gitlab", "postgres"]).to_owned());
        let has_secret = self.maybe_fixed("master_user_secret_kms_key_id", |_| KEY_ARN.to_owned());
        let is_replicated = !has_secret && self.fixed.coin();
        if has_secret {
            self.option(2, "password", "managed");
        } else if is_replicated {
            let password = self.fixed.one_of(&["env:PGPASSWORD", "file:secret"]);
            self.option(2, "password", password);
        } else {
            self.maybe("password", |dice| {
                dice.one_of(&["managed", "env:PGPASSWORD", "file:secret"]).to_owned()
            });
        }
        self.maybe("password_version", |dice| (1 + dice.below(9)).to_string());
        self.maybe("multi_az", |dice| dice.coin().to_string());
        self.maybe("port", |dice| (1150 + dice.below(60_000)).to_string());
        let fewest = u64::from(is_replicated);
        self.maybe("backup_retention_period", |dice| (fewest + dice.below(36 - fewest)).to_string());
        self.maybe("backup_window", |dice| dice.one_of(&["\"04:00-04:30\"", "\"23:45-00:15\""]).to_owned());
        self.maybe("maintenance_window", |dice| {
            dice.one_of(&["\"sun:04:30-sun:05:30\"", "\"Mon:00:15-Mon:01:15\""]).to_owned()
        });
        self.maybe_fixed("storage_encrypted", |dice| dice.coin().to_string());
        self.maybe("auto_minor_version_upgrade", |dice| dice.coin().to_string());
        self.maybe("allow_major_version_upgrade", |dice| dice.coin().to_string());
        self.maybe("max_allocated_storage", |dice| dice.one_of(&["0", "1000", "2000"]).to_owned());
        self.maybe("ca_cert_identifier", |_| "rds-ca-rsa2048-g1".to_owned());
        self.maybe("network_type", |_| "IPV4".to_owned());
        if self.maybe_fixed("domain", |_| "d-0123456789".to_owned()) {
            self.option(2, "domain_iam_role_name", "directory");
        }
        self.maybe("copy_tags_to_snapshot", |dice| dice.coin().to_string());
        self.maybe("iam_database_authentication_enabled", |dice| dice.coin().to_string());
        if self.maybe_fixed("performance_insights_enabled", |_| "true".to_owned()) {
            self.maybe_fixed("performance_insights_kms_key_id", |_| KEY_ARN.to_owned());
            if self.maybe_fixed("database_insights_mode", |_| "advanced".to_owned()) {
                self.option(2, "performance_insights_retention_period", "465");
            } else {
                self.maybe("performance_insights_retention_period", |dice| {
                    dice.one_of(&["7", "62", "731"]).to_owned()
                });
            }
        }
        if self.loose.coin() {
            self.option(2, "monitoring", "");
            let interval = self.loose.one_of(&["0", "1", "60"]);
            self.option(3, "interval", interval);
            if interval != "0" {
                self.option(3, "role_arn", "\"arn:aws:iam::123456789012:role/m\"");
            }
        }
        self.maybe("engine_lifecycle_support", |dice| {
            let ends = dice.one_of(&["", "-disabled"]);
            format!("open-source-rds-extended-support{ends}")
        });
        self.maybe("delete_automated_backups", |dice| dice.coin().to_string());
        self.maybe_fixed("backup_target", |_| "region".to_owned());
        self.maybe("enabled_cloudwatch_logs_exports", |dice| dice.some_of(&["postgresql", "upgrade"]));
        if self.fixed.coin() {
            let value = 100 + self.loose.below(900);
            let value = self.loose.one_of(&[format!("\"{value}\""), value.to_string()]);
            self.option(2, "parameters", &format!("{{ log_min_duration_statement: {value}, jit: true }}"));
        } else if version == "16" {
            self.maybe("parameter_group", |_| "tuned".to_owned());
        }
        self.maybe_fixed("ignore_changes", |dice| {
            dice.some_of(&["auto_minor_version_upgrade", "copy_tags_to_snapshot", "max_allocated_storage"])
        });
        // The subnets of the cluster are private, and its VPC has an internet gateway.
        self.maybe("publicly_accessible", |dice| dice.coin().to_string());
        self.maybe("final_snapshot", |dice| dice.coin().to_string());
        self.maybe("apply_immediately", |dice| dice.coin().to_string());
        // The backup has something that a restore cannot change.
        let written = &self.text[begin..];
        let others = ["database_name: ", "username: gitlab", "storage_encrypted: false"];
        let small = ["allocated_storage: 20\n", "allocated_storage: 40\n"];
        let fits = version == "16" && !others.iter().chain(&small).any(|other| written.contains(other));
        if fits {
            self.maybe("restore_from", |dice| {
                dice.one_of(&["{ snapshot: before }", "{ source: origin, time: latest }"]).to_owned()
            });
        }
        for option in ["snapshot", "source", "time", "existing"] {
            if self.text.contains(&format!("{option}: ")) {
                self.options.insert(option.to_owned());
            }
        }
        if is_replicated {
            self.replica(stack, version == "16");
        }
    }

    fn replica(&mut self, stack: &str, is_tuned: bool) {
        self.option(2, "replicas", "");
        self.option(3, "copy", "");
        for option in [
            "identifier",
            "instance_class",
            "multi_az",
            "publicly_accessible",
            "auto_minor_version_upgrade",
            "copy_tags_to_snapshot",
            "iam_database_authentication_enabled",
            "deletion_protection",
            "apply_immediately",
            "storage_type",
            "max_allocated_storage",
            "maintenance_window",
            "enabled_cloudwatch_logs_exports",
        ] {
            let value = match option {
                "storage_type" => "gp3".to_owned(),
                "max_allocated_storage" => "0".to_owned(),
                "maintenance_window" => {
                    self.loose.one_of(&["\"sun:04:30-sun:05:30\"", "\"Mon:00:15-Mon:01:15\""]).to_owned()
                }
                "enabled_cloudwatch_logs_exports" => self.loose.some_of(&["postgresql", "upgrade"]),
                "identifier" => format!("{stack}-copied{}", self.loose.below(1_000_000)),
                "instance_class" => self.loose.one_of(&["db.m7g.large", "db.r7g.large"]).to_owned(),
                _ => self.loose.coin().to_string(),
            };
            if self.loose.coin() {
                self.option(4, option, &value);
            }
        }
        if is_tuned && self.loose.coin() {
            self.option(4, "parameter_group", "tuned");
        }
        if self.fixed.coin() {
            self.option(4, "domain", "d-0123456789");
            self.option(4, "domain_iam_role_name", "directory");
        }
        if self.fixed.coin() {
            self.option(4, "performance_insights_enabled", "true");
            self.option(4, "performance_insights_kms_key_id", KEY_ARN);
            let days = self.loose.one_of(&["7", "62", "731"]);
            self.option(4, "performance_insights_retention_period", days);
        }
        // The emulator does not know it.
        self.options.insert("db_capacity_reservation_identifier".to_owned());
    }

    fn cache(&mut self, stack: &str, has_groups: bool) {
        self.shared(stack, has_groups);
        self.maybe_fixed("replication_group_id", |dice| format!("{stack}-cached{}", dice.below(1_000_000)));
        self.maybe_fixed("subnet_group", |dice| match dice.below(2) {
            0 => format!("{stack}-nodes"),
            _ => format!("{{ name: {stack}-nodes, description: \"of a test\", subnets: THE_SUBNETS }}"),
        });
        // Versions only grow, and a cache has one family.
        let (engine, versions): (&str, &[&str]) =
            self.fixed.one_of(&[("valkey", &["\"8.0\"", "8.1", "8.2"][..]), ("redis", &["7.1"][..])]);
        self.option(2, "engine", engine);
        self.maybe_fixed("engine_version", |dice| dice.one_of(versions).to_owned());
        let nodes = 1 + self.loose.below(4);
        self.option(2, "nodes", &nodes.to_string());
        let fails_over = nodes > 1 && self.loose.coin();
        self.option(2, "automatic_failover", &fails_over.to_string());
        let spans = fails_over && self.loose.coin();
        self.option(2, "multi_az", &spans.to_string());
        self.maybe("node_type", |dice| dice.one_of(&["cache.t4g.small", "cache.m7g.large"]).to_owned());
        self.maybe_fixed("port", |dice| (1_150 + dice.below(60_000)).to_string());
        // Turned on and off in two steps, and with it the password.
        let is_encrypted = self.fixed.below(4) > 0;
        self.option(2, "transit_encryption", &is_encrypted.to_string());
        if is_encrypted {
            self.maybe("transit_encryption_mode", |dice| dice.one_of(&["preferred", "required"]).to_owned());
        }
        let has_login = is_encrypted && self.fixed.coin();
        self.option(2, "authentication", &has_login.to_string());
        self.maybe_fixed("password", |_| "managed".to_owned());
        let is_stored_safely = self.fixed.coin();
        self.option(2, "at_rest_encryption", &is_stored_safely.to_string());
        if is_stored_safely {
            self.maybe_fixed("kms_key_id", |dice| dice.one_of(&["alias/storage", KEY_ARN]).to_owned());
        }
        // Shorter periods delete snapshots.
        self.maybe_fixed("snapshot_retention_limit", |dice| dice.below(36).to_string());
        self.maybe("snapshot_window", |dice| dice.one_of(&["\"03:00-04:00\"", "23:30-00:30"]).to_owned());
        self.maybe("maintenance_window", |dice| {
            dice.one_of(&["\"sun:04:30-sun:05:30\"", "Mon:00:15-Mon:01:15"]).to_owned()
        });
        self.maybe("auto_minor_version_upgrade", |dice| dice.coin().to_string());
        self.maybe_fixed("ignore_changes", |dice| dice.some_of(&["snapshot_window", "node_type"]));
        if self.fixed.coin() {
            let seconds = 20 + self.loose.below(100);
            self.option(2, "parameters", &format!("{{ maxmemory-policy: noeviction, timeout: {seconds} }}"));
        } else {
            let family = if engine == "valkey" { "valkey8" } else { "redis7" };
            self.maybe("parameter_group", |_| format!("tuned-{family}"));
        }
        self.maybe("final_snapshot", |dice| dice.coin().to_string());
        // A change that waits for the window leaves nothing to plan, and stands in the way of what does not wait.
        self.option(2, "apply_immediately", "true");
        // A snapshot is only left by a cache that is deleted.
        self.options.insert("snapshot_name".to_owned());
    }

    /// A machine in the first zone, which every network has, with one volume or two.
    /// Two machines of which one serves.
    fn pair(&mut self, stack: &str) {
        self.option(0, "instances", "");
        for machine in ["p", "q"] {
            self.option(1, &format!("{stack}-{machine}"), "");
            for (option, value) in [
                ("ami", IMAGE),
                ("zone", "eu-west-1a"),
                ("instance_type", "t3.large"),
                ("termination_protection", "false"),
            ] {
                self.option(2, option, value);
            }
        }
        self.option(0, "elastic_ips", "");
        self.option(1, &format!("{stack}-ip"), "{}");
        self.option(0, "pairs", "");
        self.object(1, &format!("{stack}-pair"));
        let machines = format!("[{stack}-p, {stack}-q]");
        self.option(2, "instances", &machines);
        for (option, name) in [("address", "ip"), ("open", "shared"), ("closed", "extra")] {
            self.option(2, option, &format!("{stack}-{name}"));
        }
        self.maybe("port", |dice| (1 + dice.below(65_535)).to_string());
        self.maybe("max_lag", |dice| dice.below(1_000).to_string());
        if self.loose.coin() {
            self.option(2, "commands", "");
            for command in ["lag", "stop_copy", "stop", "start"] {
                self.option(3, command, &format!("\"pair {command}\""));
            }
        }
        if self.loose.coin() {
            self.option(2, "gitlab", "");
            for (option, value) in [
                ("image", "\"gitlab/gitlab-ce:18.11.0-ce.0\""),
                ("url", "\"https://gitlab.example.com\""),
                ("ssh_port", "2222"),
                ("device", "/dev/nvme1n1"),
                ("interval", "30"),
            ] {
                self.option(3, option, value);
            }
        }
    }

    fn machine(&mut self, stack: &str) {
        self.option(2, "ami", IMAGE);
        self.option(2, "zone", "eu-west-1a");
        let kind = self.loose.one_of(&["t3.large", "t3.small", "m7i.xlarge"]);
        self.option(2, "instance_type", kind);
        let groups = match self.loose.coin() {
            true => format!("[{stack}-shared]"),
            false => format!("[{stack}-shared, {stack}-extra]"),
        };
        self.option(2, "security_groups", &groups);
        self.maybe_fixed("key_name", |dice| dice.one_of(&["admins", "\"of others\""]).to_owned());
        self.maybe("http_tokens", |dice| dice.one_of(&["required", "optional"]).to_owned());
        self.maybe("http_put_response_hop_limit", |dice| (1 + dice.below(64)).to_string());
        self.maybe_fixed("root_volume_size", |dice| (8 + dice.below(100)).to_string());
        self.maybe("running", |dice| dice.coin().to_string());
        self.maybe("replace_on_user_data_change", |dice| dice.coin().to_string());
        self.option(2, "termination_protection", "false");
        self.maybe_fixed("ignore_changes", |dice| dice.some_of(&["http_tokens", "running"]));
        if self.fixed.coin() {
            self.option(2, "volumes", "");
            for (volume, device) in [("data", "/dev/sdf"), ("more", "xvdg")] {
                self.option(3, volume, "");
                self.option(4, "device", device);
                let size = 100 + self.fixed.below(900);
                self.option(4, "size", &size.to_string());
                let (kind, rates): (&str, &[(&str, &str)]) = self.fixed.one_of(&[
                    ("gp3", &[][..]),
                    ("gp3", &[("iops", "4000"), ("throughput", "500")][..]),
                    ("gp2", &[][..]),
                    ("io2", &[("iops", "1000")][..]),
                ]);
                self.option(4, "type", kind);
                rates.iter().for_each(|(option, value)| self.option(4, option, value));
                let encrypted = self.fixed.coin();
                self.option(4, "encrypted", &encrypted.to_string());
                if encrypted && self.fixed.coin() {
                    self.option(4, "kms_key_id", KEY_ARN);
                }
                self.option(4, "deletion_protection", "false");
                self.maybe_at(4, "final_snapshot", |dice| dice.coin().to_string());
                self.maybe_at(4, "ignore_changes", |dice| dice.some_of(&["size", "device"]));
            }
        }
        // A file, a subnet, a profile and a snapshot have to be there; `tests/localstack/machines.rs` has them.
        let elsewhere = ["ssm", "subnet", "role", "instance_profile", "user_data", "snapshot_id"];
        self.options.extend(elsewhere.map(str::to_owned));
    }

    /// `is_named` where the network is of no cluster that is known.
    fn role(&mut self, stack: &str, has_bucket: bool, is_named: bool) {
        self.maybe_fixed("name", |dice| format!("{stack}-taken-by-{}", dice.below(1_000_000)));
        self.maybe_fixed("path", |dice| dice.one_of(&["/", "/apps/", "/a/b/"]).to_owned());
        self.maybe_fixed("instance_profile", |dice| dice.coin().to_string());
        let has_accounts = self.fixed.coin();
        if has_accounts {
            let accounts = self.loose.some_of(&["gitlab/web", "gitlab/sidekiq", "runners/*"]);
            self.option(2, "service_accounts", &accounts);
            if is_named || self.fixed.coin() {
                self.option(2, "oidc_provider", "THE_PROVIDER");
            }
            self.maybe("audiences", |dice| {
                dice.one_of(&["[amazonaws.com]", "[]", "[a, b.example.net]"]).to_owned()
            });
        }
        let services = self.loose.some_of(&["backup.amazonaws.com", "ec2.amazonaws.com"]);
        self.option(2, "services", &services);
        self.maybe("policy_name", |dice| dice.one_of(&["kept", "Other.Policy"]).to_owned());
        self.maybe("description", |dice| dice.one_of(&["\"for a test\"", "Läufer"]).to_owned());
        self.maybe("max_session_duration", |dice| (3_600 + dice.below(39_601)).to_string());
        self.maybe("permissions_boundary", |dice| dice.one_of(&[POWER, READING]).to_owned());
        self.maybe("managed_policies", |dice| dice.some_of(&[POWER, READING]));
        self.maybe_fixed("deletion_protection", |dice| dice.coin().to_string());
        self.maybe_fixed("ignore_changes", |dice| dice.some_of(&["description", "max_session_duration"]));
        if has_bucket {
            self.maybe("buckets", |_| format!("[{stack}-b]"));
            self.maybe("read_buckets", |_| format!("[\"{stack}-*\"]"));
        }
        if self.loose.coin() {
            self.option(2, "statements", "");
            self.option(3, "Registry", "");
            self.maybe_at(4, "effect", |dice| dice.one_of(&["Allow", "Deny"]).to_owned());
            let actions =
                self.loose.some_of(&["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "\"s3:Get*\""]);
            self.option(4, "actions", &actions);
            let resources = self.loose.some_of(&["\"*\"", "\"arn:aws:ecr:*:*:repository/a\""]);
            self.option(4, "resources", &resources);
            self.maybe_at(4, "conditions", |_| "{ Bool: { aws:SecureTransport: [true] } }".to_owned());
        }
    }

    fn bucket(&mut self, name: &str) {
        // It makes twelve of them, and has a test of its own.
        self.options.insert("for".to_owned());
        // The stack's own name makes it one of its own among all accounts.
        self.maybe_fixed("bucket", |_| format!("{name}-bucket"));
        self.maybe("versioning", |dice| dice.coin().to_string());
        self.maybe_fixed("ignore_changes", |dice| dice.some_of(&["versioning"]));
        self.maybe_fixed("kms_key_id", |_| KEY_ARN.to_owned());
        self.option(2, "deletion_protection", "true");
        if self.fixed.coin() {
            self.option(2, "lifecycle_rules", "");
            self.object(3, "old");
            // Days that only grow would delete nothing more; here they are drawn once.
            for (option, days) in [
                ("to_infrequent_access_after_days", "30"),
                ("expire_after_days", "90"),
                ("expire_old_versions_after_days", "7"),
                ("abort_uploads_after_days", "3"),
            ] {
                self.option(4, option, days);
            }
            if self.fixed.coin() {
                self.option(4, "prefix", "tmp/");
            }
        }
    }

    /// Kind and size of the storage, and what goes with them. Returns the classes that can be ordered with it.
    fn storage(&mut self) -> &'static [&'static str] {
        let (kind, size) =
            self.fixed.one_of(&[("gp3", 50), ("gp3", 400), ("gp2", 20), ("io1", 100), ("io2", 200)]);
        self.option(2, "storage_type", kind);
        let size = size + 20 * self.fixed.below(3);
        self.option(2, "allocated_storage", &size.to_string());
        match kind {
            "io1" | "io2" => {
                self.option(2, "iops", "3000");
                self.maybe("dedicated_log_volume", |dice| dice.coin().to_string());
            }
            "gp3" if size >= 400 => {
                // RDS raises them by a tenth at least.
                self.maybe("iops", |dice| (12_000 + 2_000 * dice.below(4)).to_string());
                self.maybe("storage_throughput", |dice| (500 + 100 * dice.below(5)).to_string());
            }
            _ => {}
        }
        if kind == "io2" { &["db.m7g.large", "db.r7g.large"] } else { &["db.t4g.medium", "db.m7g.large"] }
    }
}

/// Rules of security groups.
const RULES: &[&str] = &[
    "{ cidr: 0.0.0.0/0, port: 443 }",
    "{ cidr: \"2001:DB8::/32\", ports: 8000-8100, description: \"IPv6 (of a test)\" }",
    "{ group: self, protocol: all, description: among themselves }",
    "{ group: THE_GROUP, protocol: udp, ports: 1-65535 }",
    "{ role: nodes, port: 22 }",
    "{ prefix_list: THE_LIST, protocol: 6, port: 80 }",
    "{ cidr: 10.0.0.0/8, protocol: icmp, type: 8, code: 0 }",
    "{ cidr: 10.0.0.0/8, protocol: icmpv6, type: 128 }",
    "{ cidr: 10.0.0.0/8, protocol: 50 }",
];

/// Sources of access.
const SOURCES: &[&str] = &[
    "nodes",
    "{ role: masters, description: \"all masters (of a test)\" }",
    "{ role: nodes, ports: all }",
    "{ cidr: 10.99.0.0/16, description: VPN }",
    "{ cidr: \"2001:DB8::/32\" }",
    "{ group: THE_GROUP }",
    "{ prefix_list: THE_LIST, description: offices }",
];

/// Stands for the id of the world's key.
pub const KEY: &str = "THE_KEY";
/// Managed policies that every account has.
const POWER: &str = "arn:aws:iam::aws:policy/PowerUserAccess";
const READING: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
/// Stands for its ARN.
pub const KEY_ARN: &str = "THE_ARN";

/// Stand for the parts of the world's network.
pub const VPC: &str = "THE_VPC";
pub const SUBNETS: &str = "THE_SUBNETS";
pub const NODES: &str = "THE_NODES";
pub const MASTERS: &str = "THE_MASTERS";
