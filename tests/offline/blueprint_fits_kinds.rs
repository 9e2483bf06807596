//! The blueprint's declarations fit the kinds: every input is known to its kind, and AWS would not refuse it.

use provision::aws::kinds::registry;
use provision::engine::blueprint::Declaration;
use provision::engine::document::resolve;
use provision::engine::network::{Cluster, Network, Role};
use provision::engine::resource::Id;
use provision::stack::blueprint::blueprint;
use provision::stack::{REFERENCE, parse};
use serde_json::Value;

/// Every option that the reference leaves out.
const EVERYTHING_ELSE: &str = "\
file_systems:
  nfs:
    throughput_mode: provisioned
    provisioned_throughput_in_mibps: 64
    kms_key_id: 0a1b2c3d-0000-4000-8000-000000000001
    enforce_tls: true
    replication: { region: eu-central-1, availability_zone: eu-central-1a }
    policy: { Mount: { effect: Allow, principals: [123456789012], actions: [elasticfilesystem:ClientMount] } }
    replication_overwrite_protection: false
    access_points:
      git-data: { path: /git-data, uid: 998, gid: 997, permissions: '0750' }
      uploads: { uid: 998 }
    deletion_protection: false
  archive:
    kms_key_id: alias/storage
    enforce_tls: false
    lifecycle:
      transition_to_ia: AFTER_7_DAYS
      transition_to_archive: AFTER_90_DAYS
      transition_to_primary_storage_class: AFTER_1_ACCESS
databases:
  db:
    storage_type: gp3
    allocated_storage: 400
    iops: 12000
    storage_throughput: 500
    password: env:PGPASSWORD
    password_version: 3
    allow_major_version_upgrade: true
    max_allocated_storage: 1000
    kms_key_id: arn:aws:kms:eu-west-1:123456789012:key/1
    ca_cert_identifier: rds-ca-rsa2048-g1
    network_type: DUAL
    copy_tags_to_snapshot: true
    iam_database_authentication_enabled: true
    performance_insights_enabled: true
    performance_insights_retention_period: 93
    performance_insights_kms_key_id: arn:aws:kms:eu-west-1:123456789012:key/2
    enabled_cloudwatch_logs_exports: [upgrade, postgresql]
    parameters: { rds.force_ssl: \"1\" }
caches:
  cache:
    replication_group_id: named
    engine: redis
    engine_version: \"7.1\"
    nodes: 3
    transit_encryption_mode: preferred
    kms_key_id: alias/storage
    parameters: { maxmemory-policy: noeviction, timeout: 60 }
    snapshot_window: 03:00-04:00
    maintenance_window: sun:04:30-sun:05:30
    snapshot_name: before
  open:
    nodes: 1
    automatic_failover: false
    multi_az: false
    transit_encryption: false
    authentication: false
    parameter_group: default.valkey8
roles:
  pods:
    service_accounts: [gitlab/web, \"runners/*\"]
    buckets: [\"kept*\"]
    permissions_boundary: arn:aws:iam::123456789012:policy/boundary
  named:
    service_accounts: [gitlab/web]
    oidc_provider: arn:aws:iam::123456789012:oidc-provider/oidc.example.net
    audiences: [amazonaws.com]
  machines:
    instance_profile: true
    path: /apps/
    read_buckets: [kept]
    managed_policies: [\"arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore\"]
    statements: { Registry: { actions: [\"ecr:GetAuthorizationToken\"], resources: [\"*\"] } }
buckets:
  kept: {}
";

#[test]
fn every_declaration_fits_its_kind_and_is_nothing_that_aws_refuses() {
    let network = Network {
        cluster: Cluster { name: Some("k8s.myzone.net".to_owned()), efs_names_resolve: true },
        vpc: Id::new("vpc-1"),
        subnets: ["a", "b", "c"].map(|zone| (format!("eu-west-1{zone}"), Id::new("subnet-1"))).into(),
        groups: Role::ALL.map(|role| (role, role.placed(&[Id::new(role.name())], None))).into(),
    };
    let registry = registry();
    for text in [REFERENCE, EVERYTHING_ELSE] {
        let stack = parse("a test's stack", text, &registry).expect("a valid stack");
        for (address, declaration) in blueprint(&stack, &network).expect("they fit").declarations {
            let Declaration::Managed { inputs } = declaration else { continue };
            let kind = registry.managing(address.kind()).expect("every declared kind is registered");
            // Ids that differ, as ids do: what stands for a group has the form of one.
            let inputs = resolve(&inputs, &|reference| {
                let name = reference.address.name().len();
                Some(Value::String(match reference.address.kind() {
                    "aws_security_group" => format!("sg-0{name}"),
                    "aws_db_parameter_group" => format!("{}-postgres16", reference.address.name()),
                    "aws_secretsmanager_secret" => {
                        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:password-AbCdEf".to_owned()
                    }
                    "aws_kms_alias" => {
                        "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001"
                            .to_owned()
                    }
                    "aws_subnet" => format!("subnet-0{}", reference.address.name()),
                    other => format!("{other}-{name}"),
                }))
            });
            let normal = kind.normalise(&inputs).unwrap_or_else(|misfit| panic!("{address}: {misfit}"));
            let known: Vec<&str> = kind.fields().iter().map(|field| field.name).collect();
            for (field, value) in &inputs {
                assert!(known.contains(&field.as_str()), "{address} has no field {field}");
                assert!(normal.contains_key(field), "{address} loses {field}: {value}");
            }
            let refused = kind.check(&inputs, None).expect("the inputs fit");
            assert!(refused.is_empty(), "{address}: {refused:?}");
        }
    }
}

#[test]
fn every_field_is_made_from_an_option_that_can_be_written_or_follows_from_other_objects() {
    let schema = provision::stack::schema(&registry());
    let mut options = std::collections::BTreeSet::new();
    collect(&schema, &mut options);
    for kind in registry().all_managed() {
        for field in kind.fields() {
            let Some(option) = field.to_write() else { continue };
            assert!(options.contains(option), "{}: {} is no option: {option}", kind.kind(), field.name);
        }
    }
}

/// The names of all properties in a schema.
fn collect(schema: &Value, options: &mut std::collections::BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                options.extend(properties.keys().cloned());
            }
            members.values().for_each(|member| collect(member, options));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, options)),
        _ => {}
    }
}
