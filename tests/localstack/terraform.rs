//! The whole way with a real Terraform: configurations as people have them are applied, adopted, changed here, and taken back. Where
//! Terraform, its provider or the configurations are not there, a test says so and ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::adopted::adds_tags_alone;
use crate::facts;
use crate::world::{World, endpoint, eventually};

/// A folder with providers, as `filesystem_mirror` of Terraform's own configuration has it. `TF_CLI_CONFIG_FILE` is taken too.
const MIRROR: &str = "PROVISION_TEST_TERRAFORM_MIRROR";
/// Terraform's own setting.
const CONFIGURED: &str = "TF_CLI_CONFIG_FILE";
const CLUSTER: &str = "k8s.example.com";
/// The password in each of the configurations.
const CANARY: &str = "CANARY";

/// A folder in which Terraform works.
struct Terraform {
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

/// The place where Terraform finds its provider: a file for `TF_CLI_CONFIG_FILE`, or nothing where it asks the registry.
fn configured(world: &World) -> Option<String> {
    let Ok(mirror) = std::env::var(MIRROR) else { return std::env::var(CONFIGURED).ok() };
    let text = format!("provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n");
    let file = world.path("terraform.rc");
    std::fs::write(&file, text).expect("the folder can be written");
    Some(file.display().to_string())
}

impl Terraform {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("terraform");
        command.args(arguments).current_dir(&self.folder).env_clear().stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Terraform in a folder of the world, ready to plan; nothing, with words, where it cannot be had.
    fn in_folder(world: &World, name: &str) -> Option<Self> {
        let path = std::env::var("PATH").unwrap_or_default();
        let plain = world.command(&[]);
        let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        let mut environment: Vec<(String, String)> =
            plain.get_envs().filter_map(|(name, value)| Some((text(name), text(value?)))).collect();
        environment.push(("PATH".to_owned(), path));
        environment.push(("CHECKPOINT_DISABLE".to_owned(), "1".to_owned()));
        environment.extend(configured(world).map(|file| (CONFIGURED.to_owned(), file)));
        let terraform = Self { folder: world.path(name), environment };
        match terraform.command(&["init", "-input=false", "-no-color"]).output() {
            Err(_) => eprintln!("skipped: terraform is not installed"),
            Ok(output) if output.status.success() => return Some(terraform),
            Ok(output) => eprintln!(
                "skipped: terraform cannot get its provider; {MIRROR} names a folder with it\n{}",
                String::from_utf8_lossy(&output.stderr)
            ),
        }
        None
    }

    #[track_caller]
    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("it was there a moment ago");
        let said = |output: &Output| {
            let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
            String::from_utf8_lossy(&text).into_owned()
        };
        assert!(output.status.success(), "terraform {arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    /// The changes that are planned of what is managed, by address: the actions, and the id of what is imported.
    #[track_caller]
    fn planned(&self, more: &[&str]) -> BTreeMap<String, (String, Option<String>)> {
        self.succeeds(&[&["plan", "-input=false", "-no-color", "-out=planned"], more].concat());
        let shown = self.succeeds(&["show", "-json", "planned"]);
        let document: Value = serde_json::from_str(&shown).expect("JSON");
        let changes = document["resource_changes"].as_array().into_iter().flatten();
        let changes = changes.filter(|change| change["mode"] == "managed");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        changes
            .map(|change| {
                let actions = change["change"]["actions"].to_string();
                let id = text(&change["change"]["importing"]["id"]);
                (text(&change["address"]).expect("an address"), (actions, id))
            })
            .collect()
    }

    #[track_caller]
    fn applies(&self) -> String {
        self.succeeds(&["apply", "-input=false", "-no-color", "planned"])
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// The configuration in a folder of the world, for the network of that world.
fn laid_out(world: &World, from: &Path) {
    let folder = world.path("theirs");
    let mut folders = vec![(from.to_owned(), folder.clone())];
    while let Some((from, to)) = folders.pop() {
        std::fs::create_dir_all(&to).expect("a folder can be made");
        for entry in std::fs::read_dir(from).expect("it can be read") {
            let path = entry.expect("it can be read").path();
            let to = to.join(path.file_name().expect("it has a name"));
            match path.is_dir() {
                true => folders.push((path, to)),
                false if path.extension().is_some_and(|ending| ending == "tf") => {
                    let mut content = std::fs::read_to_string(&path).expect("text");
                    // Those of the network that the seed makes.
                    for (theirs, here) in [
                        ("10.0.0.0/16", "172.20.0.0/16"),
                        ("10.0.0.0/24", "172.20.32.0/19"),
                        ("10.0.16.0/24", "172.20.64.0/19"),
                        ("10.0.32.0/24", "172.20.96.0/19"),
                    ] {
                        content = content.replace(theirs, here);
                    }
                    std::fs::write(to, content).expect("it can be written");
                }
                false => {}
            }
        }
    }
    let seed = &world.seed;
    let subnets = seed["subnets"].as_array().expect("a list").iter();
    let subnets: BTreeMap<&str, &str> = subnets.map(|one| (text(&one["zone"]), text(&one["id"]))).collect();
    let groups = &seed["security_groups"];
    let variables = json!({
        "account": world.account, "endpoint": endpoint(), "cluster": CLUSTER, "vpc_id": seed["vpc_id"],
        "subnets": subnets, "node_sg_id": groups["nodes"], "master_sg_id": groups["masters"],
    });
    std::fs::write(folder.join("terraform.tfvars.json"), variables.to_string()).expect("it can be written");
}

/// A configuration without the blocks that are named, as a person deletes them: with the modules around them, and what shows them.
fn without(configuration: &str, removed: &str) -> String {
    let removed: Vec<&str> = removed.lines().filter_map(|line| line.trim().strip_prefix("from = ")).collect();
    let module =
        |from: &str| from.strip_prefix("module.").and_then(|rest| rest.split('.').next()).map(str::to_owned);
    let modules: Vec<String> = removed.iter().filter_map(|from| module(from)).collect();
    let names: Vec<String> = removed
        .iter()
        .filter(|from| module(from).is_none())
        .map(|from| (*from).to_owned())
        .chain(modules.iter().map(|name| format!("module.{name}")))
        .collect();
    let mut kept = String::new();
    let mut block = String::new();
    let mut depth = 0i32;
    for line in configuration.lines() {
        block.push_str(line);
        block.push('\n');
        depth += line.chars().map(|c| i32::from(c == '{') - i32::from(c == '}')).sum::<i32>();
        if depth > 0 {
            continue;
        }
        let words: Vec<&str> = block.split_whitespace().take(3).map(|word| word.trim_matches('"')).collect();
        let shows = || names.iter().any(|name| block.contains(name.as_str()));
        let goes = match words[..] {
            ["resource", kind, name] => names.contains(&format!("{kind}.{name}")),
            ["module", name, ..] => names.contains(&format!("module.{name}")),
            ["output", ..] | ["import", ..] => shows(),
            _ => false,
        };
        if !goes {
            kept.push_str(&block);
        }
        block.clear();
    }
    kept
}

/// A stack file with an option of an entry, in place of the one that there was.
fn with_option(stack: &str, section: &str, entry: &str, option: &str) -> String {
    let key = option.split(':').next().expect("a name");
    let (mut in_section, mut in_entry, mut is_set) = (false, false, false);
    let mut lines = Vec::new();
    for line in stack.lines() {
        if !line.starts_with(' ') && !line.is_empty() {
            in_section = line == format!("{section}:");
            in_entry = false;
        } else if line.starts_with("  ") && !line.starts_with("   ") {
            in_entry = in_section && line.trim_start().starts_with(&format!("{entry}:"));
            if in_entry {
                lines.push(format!("  {entry}:"));
                lines.push(format!("    {option}"));
                is_set = true;
                continue;
            }
        } else if in_entry && line.starts_with(&format!("    {key}:")) {
            continue;
        }
        lines.push(line.to_owned());
    }
    assert!(is_set, "{section} has no {entry}:\n{stack}");
    lines.join("\n") + "\n"
}

/// The ids of what holds data: databases and file systems.
fn ids(world: &World) -> Vec<String> {
    let cloud = &world.cloud;
    let databases = cloud.run(cloud.rds.describe_db_instances().send()).expect("databases can be read");
    let file_systems = cloud.run(cloud.efs.describe_file_systems().send()).expect("file systems can be read");
    let databases = databases.db_instances().iter().filter_map(|one| one.dbi_resource_id.clone());
    let file_systems = file_systems.file_systems().iter().map(|one| one.file_system_id.clone());
    let mut all: Vec<String> = databases.chain(file_systems).collect();
    all.sort();
    all
}

/// No file has the password of the configurations, of those that are ours.
#[track_caller]
fn keeps_no_password(world: &World) {
    for (path, content) in world.files() {
        let name = path.strip_prefix(world.folder.path()).expect("it is in the folder");
        let is_theirs = name.starts_with("theirs")
            || name == Path::new("pulled.json")
            || name.starts_with("ours/.terraform");
        let is_there = content.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(is_theirs || !is_there, "{} holds the password", name.display());
    }
}

/// Exports everything, and holds that Terraform takes it all as it is and then has nothing to do; then lets go of it here.
#[track_caller]
fn goes_back(world: &World) -> Option<()> {
    world.control.forget_calls();
    let said = world.provision(&["export", "terraform", "--out", "ours"]).exits(0).said();
    assert_eq!(world.control.calls().mutating(), 0);
    let back = Terraform::in_folder(world, "ours")?;
    back.succeeds(&["fmt", "-check", "-diff", "-no-color"]);
    back.succeeds(&["validate", "-no-color"]);
    let planned = back.planned(&[]);
    let blocks = std::fs::read_to_string(world.path("ours/imports.tf")).expect("it is written");
    assert_eq!(planned.len(), blocks.matches("\nimport {").count(), "{planned:#?}");
    assert!(
        said.contains(&format!("{} to import", planned.len())) || said.contains("1 resource to import"),
        "{said}"
    );
    for (address, (actions, importing)) in &planned {
        assert_eq!(
            (actions.as_str(), importing.is_some()),
            ("[\"no-op\"]", true),
            "{address}\n{}",
            back.succeeds(&["show", "-no-color", "planned"])
        );
    }
    let applied = back.applies();
    assert!(applied.contains("0 added, 0 changed, 0 destroyed"), "{applied}");
    assert_eq!(world.control.calls().mutating(), 0, "Terraform has changed nothing in AWS");
    back.succeeds(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
    keeps_no_password(world);
    // The last words are typed as they were printed.
    let commands: Vec<&str> =
        said.lines().filter_map(|line| line.trim().strip_prefix("provision ")).collect();
    assert!(!commands.is_empty(), "{said}");
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().chain(["--auto-approve"]).collect();
        world.provision(&words).exits(0);
    }
    assert_eq!(world.provision(&["state", "list"]).exits(0).out, "");
    assert_eq!(world.control.calls().mutating(), 0);
    back.succeeds(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
    Some(())
}

/// The form of Terraform before 0.12: every value is a text.
fn as_of_old(world: &World, theirs: &Terraform, from: &Path) {
    let now: Value = serde_json::from_str(&theirs.succeeds(&["state", "pull"])).expect("JSON");
    let mut old = std::fs::read_to_string(from.join("terraform.tfstate")).expect("the old state is there");
    let document: Value = serde_json::from_str(&old).expect("JSON");
    old = old.replace("123456789012", &world.account);
    for (address, resource) in document["modules"][0]["resources"].as_object().expect("resources") {
        let (kind, name) = address.split_once('.').expect("an address");
        let all = now["resources"].as_array().expect("resources").iter();
        let same = all
            .into_iter()
            .find(|one| one["mode"] == "managed" && one["type"] == kind && one["name"] == name);
        let attributes = &same.unwrap_or_else(|| panic!("{address} was made"))["instances"][0]["attributes"];
        // A database's was its name.
        let id = if kind == "aws_db_instance" { &attributes["identifier"] } else { &attributes["id"] };
        old = old.replace(text(&resource["primary"]["id"]), text(id));
    }
    for file in ["terraform.tfstate", "terraform.tfstate.backup"] {
        let _ = std::fs::remove_file(theirs.folder.join(file));
    }
    std::fs::write(theirs.folder.join("terraform.tfstate"), old).expect("it can be written");
}

/// Everything in a state that was pulled is adopted, and its blocks go out of the configuration.
#[track_caller]
fn take_over(world: &World, theirs: &Terraform) -> String {
    world.control.forget_calls();
    let take_over = ["import", "--terraform", "pulled.json", "--out", "provision.yaml", "--stack", "shop"];
    let said = world.provision(&[&take_over[..], &["--removed", "removed.tf"]].concat()).exits(0).said();
    assert!(!said.contains(CANARY), "{said}");
    assert_eq!(world.control.calls().mutating(), 0);
    adds_tags_alone(world);
    let removed = std::fs::read_to_string(world.path("removed.tf")).expect("it is written");
    let main = theirs.folder.join("main.tf");
    let configuration = std::fs::read_to_string(&main).expect("it is there");
    std::fs::write(&main, without(&configuration, &removed)).expect("it can be written");
    std::fs::write(theirs.folder.join("removed.tf"), &removed).expect("it can be written");
    said
}

/// Terraform forgets what was taken over, and does nothing else.
#[track_caller]
fn lets_go(world: &World, theirs: &Terraform) {
    theirs.succeeds(&["init", "-input=false", "-no-color"]);
    let planned = theirs.planned(&[]);
    for (address, (actions, _)) in &planned {
        assert!(["[\"forget\"]", "[\"no-op\"]"].contains(&actions.as_str()), "{address}: {actions}");
    }
    assert!(planned.values().any(|(actions, _)| actions == "[\"forget\"]"), "{planned:#?}");
    let applied = theirs.applies();
    assert!(applied.contains("0 added, 0 changed, 0 destroyed"), "{applied}");
    assert_eq!(world.control.calls().mutating(), 0);
}

/// The whole way of one configuration. `change` is an option of the stack file that is changed on the way: its section, and how it is
/// written.
#[track_caller]
fn the_whole_way(name: &str, change: (&str, &str)) {
    let Some(from) = facts::part(&format!("terraform/{name}")) else { return };
    let world = World::seeded(&["--cluster", CLUSTER]);
    laid_out(&world, &from);
    let Some(theirs) = Terraform::in_folder(&world, "theirs") else { return };
    theirs.succeeds(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    let made = ids(&world);
    assert!(!made.is_empty());
    let is_old = from.join("state-pull-by-1.11.4.json").exists();
    if is_old {
        as_of_old(&world, &theirs, &from);
    }
    std::fs::write(world.path("pulled.json"), theirs.succeeds(&["state", "pull"]))
        .expect("it can be written");

    take_over(&world, &theirs);
    if is_old {
        let to_new =
            ["state", "replace-provider", "-auto-approve", "registry.terraform.io/-/aws", "hashicorp/aws"];
        theirs.succeeds(&to_new);
    }
    lets_go(&world, &theirs);
    assert_eq!(ids(&world), made);

    // Managed here, and changed.
    world.apply(&[]);
    world.plans_nothing();
    let (section, option) = change;
    let kind = if section == "databases" { "aws_db_instance." } else { "aws_efs_file_system." };
    let list = world.provision(&["state", "list"]).exits(0).out;
    let entry = list.lines().find_map(|line| line.strip_prefix(kind)).expect("it is recorded");
    let stack = std::fs::read_to_string(world.path("provision.yaml")).expect("it is written");
    world.write_stack(&with_option(&stack, section, entry, option));
    let plan = world.plan(&[]);
    assert_eq!(plan["summary"]["update"], 1, "{plan:#}");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(ids(&world), made);

    // And back.
    goes_back(&world);
    assert_eq!(ids(&world), made);
    // An object that stayed with Terraform all the time is as it was.
    theirs.succeeds(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
}

#[test]
fn the_first_article_s_configuration_goes_the_whole_way_and_back() {
    the_whole_way("article-1", ("databases", "backup_retention_period: 34"));
}

#[test]
fn a_configuration_over_the_cluster_s_data_sources_goes_the_whole_way_and_back() {
    the_whole_way("kops-data-sources", ("file_systems", "throughput_mode: elastic"));
}

#[test]
fn a_configuration_with_networks_in_both_directions_goes_the_whole_way_and_back() {
    the_whole_way("cidr-both-ways", ("databases", "backup_retention_period: 34"));
}

#[test]
fn a_file_system_in_a_module_goes_the_whole_way_and_back() {
    the_whole_way("efs-nested-module", ("file_systems", "backup: false"));
}

#[test]
fn a_database_in_a_module_goes_the_whole_way_and_back() {
    the_whole_way("rds-local-module", ("databases", "backup_retention_period: 34"));
}

#[test]
fn a_state_of_before_0_12_goes_the_whole_way_and_back() {
    the_whole_way("legacy-v3", ("databases", "backup_retention_period: 34"));
}

/// Nearly everything that a stack file can say, with what Terraform calls otherwise.
const MANY: &str = r#"
stack: shop
tags: { team: one, "odd:key": "10 / a=b" }
file_systems:
  files:
    access: [nodes, masters, { cidr: 10.0.0.0/8, description: "VPN {a} $ x" }]
    lifecycle: { transition_to_ia: AFTER_30_DAYS, transition_to_archive: AFTER_90_DAYS, transition_to_primary_storage_class: AFTER_1_ACCESS }
    enforce_tls: true
    access_points:
      git: { uid: 998, secondary_gids: [27, 5] }
      root: { uid: 0, path: /, permissions: "0700", owner_uid: 1, owner_gid: 2 }
  alone:
    storage: one-zone
    zones: [eu-west-1b]
    throughput_mode: provisioned
    provisioned_throughput_in_mibps: 12
    backup: false
    kms_key_id: alias/storage
    deletion_protection: false
databases:
  records:
    allocated_storage: 400
    iops: 12000
    storage_throughput: 500
    max_allocated_storage: 1000
    password: env:RECORDS_PASSWORD
    parameters: { work_mem: "65536", max_connections: "200", search_path: "\"$user\", public" }
    enabled_cloudwatch_logs_exports: [postgresql, upgrade]
    performance_insights_enabled: true
    monitoring: { interval: 60, role_arn: "arn:aws:iam::ACCOUNT:role/monitoring" }
    copy_tags_to_snapshot: true
    delete_automated_backups: false
    replicas:
      reports: { max_allocated_storage: 1000 }
      more: { multi_az: true, instance_class: db.t4g.large }
  managed:
    multi_az: false
    storage_type: gp3
    backup_window: "04:00-04:30"
    maintenance_window: "sun:05:00-sun:05:30"
    final_snapshot: false
buckets:
  artifacts:
    bucket: artifacts-of-ACCOUNT
    versioning: true
    lifecycle_rules:
      old: { prefix: "logs/${a}", expire_after_days: 90, expire_old_versions_after_days: 30, to_infrequent_access_after_days: 30 }
      up: { abort_uploads_after_days: 7 }
  plain: { bucket: plain-of-ACCOUNT, deletion_protection: false }
security_groups:
  odd:
    ingress:
      - { cidr: 10.0.0.0/8, port: 22 }
      - { group: self, protocol: all }
      - { protocol: icmp, cidr: 10.0.0.0/8, type: 8 }
      - { protocol: icmp, cidr: 10.1.0.0/16 }
      - { protocol: "50", cidr: "2001:db8::/32" }
      - { protocol: icmpv6, cidr: "2001:db8::/32" }
      - { protocol: udp, ports: 100-200, cidr: 10.3.0.0/16, description: "{a} $ x" }
      - { role: nodes, ports: 1-2 }
      - { prefix_list: PREFIXES, port: 443 }
    egress: []
"#;

#[test]
fn nearly_everything_that_a_stack_file_can_say_is_imported_as_it_is() {
    let mut world = World::seeded(&[]);
    world.set("RECORDS_PASSWORD", "CANARY-of-the-records");
    let prefixes = world.cloud.make_prefix_list("offices");
    let key = world.cloud.key("alias/storage");
    assert!(!key.is_empty());
    world.write_stack(&MANY.replace("ACCOUNT", &world.account).replace("PREFIXES", &prefixes));
    world.apply(&[]);
    let before = ids(&world);
    goes_back(&world);
    assert_eq!(ids(&world), before);
}

/// Two machines as people have them, one with a volume and an address of their own resources, one with a disk of its own.
const MACHINES: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region = "eu-west-1"
}

variable "vpc" {}
variable "subnet" {}

data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

resource "aws_security_group" "web" {
  name        = "web"
  description = "GitLab"
  vpc_id      = var.vpc
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_instance" "gitlab" {
  ami                    = data.aws_ssm_parameter.image.insecure_value
  instance_type          = "t3.large"
  subnet_id              = var.subnet
  vpc_security_group_ids = [aws_security_group.web.id]
  user_data              = "echo one"
  metadata_options {
    http_tokens = "required"
  }
  tags = { Name = "master" }
}

resource "aws_ebs_volume" "data" {
  availability_zone = "eu-west-1a"
  size              = 10
  type              = "gp3"
  encrypted         = true
}

resource "aws_volume_attachment" "data" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.data.id
  instance_id = aws_instance.gitlab.id
}

resource "aws_eip" "gitlab" {
  domain = "vpc"
}

resource "aws_eip_association" "gitlab" {
  allocation_id = aws_eip.gitlab.id
  instance_id   = aws_instance.gitlab.id
}

resource "aws_instance" "slave" {
  count                  = 1
  ami                    = data.aws_ssm_parameter.image.insecure_value
  instance_type          = "t3.small"
  subnet_id              = var.subnet
  vpc_security_group_ids = [aws_security_group.web.id]
  ebs_block_device {
    device_name = "/dev/sdg"
    volume_size = 5
    volume_type = "gp3"
  }
}

resource "aws_ebs_volume" "free" {
  availability_zone = "eu-west-1a"
  size              = 3
}
"#;

/// The ids of the machines that run, of all volumes and addresses.
fn ids_of_machines(world: &World) -> Vec<String> {
    let (cloud, ec2) = (&world.cloud, &world.cloud.ec2);
    let machines = cloud.run(ec2.describe_instances().send()).expect("machines can be read");
    let machines = machines.reservations().iter().flat_map(|one| one.instances());
    let runs = |one: &&aws_sdk_ec2::types::Instance| {
        one.state().and_then(|state| state.name()).is_some_and(|name| name.as_str() == "running")
    };
    let machines = machines.filter(runs).filter_map(|one| one.instance_id.clone());
    let volumes = cloud.run(ec2.describe_volumes().send()).expect("volumes can be read");
    let volumes = volumes.volumes().iter().filter_map(|one| one.volume_id.clone());
    let addresses = cloud.run(ec2.describe_addresses().send()).expect("addresses can be read");
    let addresses =
        addresses.addresses().iter().map(|one| format!("{:?} {:?}", one.allocation_id, one.instance_id));
    let mut all: Vec<String> = machines.chain(volumes).chain(addresses).collect();
    all.sort();
    all
}

#[test]
fn machines_with_their_volumes_and_addresses_go_the_whole_way_and_back() {
    let world = World::seeded(&[]);
    std::fs::create_dir(world.path("theirs")).expect("a folder can be made");
    std::fs::write(world.path("theirs/main.tf"), MACHINES).expect("it can be written");
    let subnets = world.seed["subnets"].as_array().expect("a list").iter();
    let subnet = subnets.filter(|one| one["zone"] == "eu-west-1a").map(|one| &one["id"]).next().expect("one");
    let variables = json!({ "vpc": world.seed["vpc_id"], "subnet": subnet });
    std::fs::write(world.path("theirs/terraform.tfvars.json"), variables.to_string())
        .expect("it can be written");
    let Some(theirs) = Terraform::in_folder(&world, "theirs") else { return };
    theirs.succeeds(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    let made = ids_of_machines(&world);
    let pulled = theirs.succeeds(&["state", "pull"]);
    std::fs::write(world.path("pulled.json"), pulled).expect("it can be written");
    let said = take_over(&world, &theirs);
    assert!(said.contains("aws_ebs_volume.free") && said.contains("comes along with its machine"), "{said}");
    lets_go(&world, &theirs);
    assert_eq!(ids_of_machines(&world), made);

    // Managed here, and changed.
    world.apply(&[]);
    world.plans_nothing();
    for (address, what) in [
        ("aws_instance.master", "the machine is called by its tag"),
        ("aws_ebs_volume.master/sdf", "its volume came along"),
        ("aws_instance.slave", "it is called as Terraform calls it"),
        ("aws_ebs_volume.slave/sdg", "its own disk came along"),
        ("aws_eip.gitlab", "the address"),
        ("aws_security_group.web", "the group of both"),
    ] {
        assert!(world.record(address)["id"].is_string(), "{what}");
    }
    let stack = std::fs::read_to_string(world.path("provision.yaml")).expect("it is written");
    world.write_stack(&with_option(&stack, "instances", "slave", "instance_type: t3.medium"));
    let plan = world.plan(&[]);
    assert_eq!(plan["summary"]["update"], 1, "{plan:#}");
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(ids_of_machines(&world), made);

    // And back.
    goes_back(&world);
    assert_eq!(ids_of_machines(&world), made);
    // The volume that stayed with Terraform is as it was.
    theirs.succeeds(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
}

/// Machines with what a stack file can say of them.
const OWN_MACHINES: &str = r#"
stack: shop
security_groups:
  open: { ingress: [ { cidr: 0.0.0.0/0, port: 443 } ] }
roles:
  machines: { instance_profile: true }
elastic_ips:
  door: { instance: web }
  spare: {}
instances:
  web:
    ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
    instance_type: t3.large
    zone: eu-west-1a
    security_groups: [open]
    role: machines
    user_data: init.yaml
    root_volume_size: 20
    volumes:
      data: { size: 10, device: /dev/sdf }
      fast: { size: 20, type: io2, iops: 500, device: /dev/sdg, deletion_protection: false }
      slow: { size: 500, type: st1, device: /dev/sdh }
  plain:
    ami: { ssm: /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64 }
    instance_type: t3.micro
    zone: eu-west-1b
    security_groups: [open]
    http_tokens: optional
    termination_protection: false
"#;

#[test]
fn machines_of_a_stack_are_imported_as_they_are() {
    let world = World::seeded(&[]);
    std::fs::write(world.path("init.yaml"), "#!/bin/sh\necho ${aws_eip.spare.public_ip}\n")
        .expect("it can be written");
    world.write_stack(OWN_MACHINES);
    world.apply(&[]);
    let before = ids_of_machines(&world);
    goes_back(&world);
    assert_eq!(ids_of_machines(&world), before);
}

#[test]
fn files_of_others_are_not_written_over_and_one_s_own_are() {
    let world = World::applied();
    world.control.forget_calls();
    let export = ["export", "terraform", "--out", "ours"];
    world.provision(&export).exits(0).says(&[
        "Wrote versions.tf, network.tf, main.tf, imports.tf in ours",
        "terraform -chdir=ours init",
        "terraform -chdir=ours plan",
        "0 to add, 0 to change, 0 to destroy",
        "provision state forget files",
        "provision state forget records",
    ]);
    let first = std::fs::read(world.path("ours/main.tf")).expect("it is written");
    let document = world.provision(&[&export[..], &["--json"]].concat()).exits(0).json();
    assert_eq!(
        std::fs::read(world.path("ours/main.tf")).expect("it is written"),
        first,
        "twice the same bytes"
    );
    assert_eq!(document["files"], json!(["imports.tf", "main.tf", "network.tf", "versions.tf"]));
    assert!(document["imports"].as_array().is_some_and(|all| all.len() > 8), "{document:#}");
    std::fs::write(world.path("ours/network.tf"), "resource \"aws_vpc\" \"net\" {}\n")
        .expect("it can be written");
    world
        .provision(&export)
        .exits(1)
        .says(&["ours/network.tf is there and was not written by this command", "--out from-provision"]);
    assert_eq!(std::fs::read(world.path("ours/main.tf")).expect("it is there"), first);
    assert_eq!(world.control.calls().mutating(), 0);
    // An object that is gone from AWS is named, and not dropped in silence.
    let delete = world.cloud.rds.delete_db_instance().db_instance_identifier("records");
    world.cloud.run(delete.skip_final_snapshot(true).send()).expect("it can be deleted");
    eventually("the database is gone", || ids(&world).len() == 1);
    world
        .provision(&["export", "terraform", "--out", "rest"])
        .exits(0)
        .says(&["warning: aws_db_instance.records:", "AWS does not have it any more"]);
    let rest = std::fs::read_to_string(world.path("rest/main.tf")).expect("it is written");
    assert!(!rest.contains("\"aws_db_instance\"") && rest.contains("\"aws_efs_file_system\""), "{rest}");
}
