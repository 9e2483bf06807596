//! The way back to Terraform: each field of each kind has its word in the configuration, or a reason why not; and no text from outside
//! is anything but text.

use std::collections::{BTreeMap, BTreeSet};

use provision::aws::kinds::registry;
use provision::engine::address::Address;
use provision::engine::document::Document;
use provision::engine::resource::Id;
use provision::terraform::{Configuration, Exported, Spoken, Whole, configuration, spoken};
use provision::view::is_harmful;
use serde_json::{Value, json};

use crate::real_terraform::Terraform;
use crate::samples::sample;

#[test]
fn each_field_has_an_argument_in_terraform_or_a_reason_why_not() {
    for kind in registry().all_managed() {
        let said = spoken(kind.kind()).unwrap_or_else(|| panic!("{} is not exported", kind.kind()));
        let fields: BTreeSet<&str> =
            kind.fields().iter().map(|field| field.name).filter(|name| *name != "tags").collect();
        let words: BTreeSet<&str> = said.keys().copied().collect();
        assert_eq!(fields, words, "{}: a row in src/terraform/export for each field", kind.kind());
        for (field, one) in said {
            let (Spoken::As(word) | Spoken::Not(word)) = one;
            assert!(
                !word.is_empty() && (matches!(one, Spoken::As(_)) || word.contains(' ')),
                "{field}: {word}"
            );
        }
    }
}

/// Facts that AWS shows beside the fields of a sample.
fn beyond(kind: &str) -> Value {
    match kind {
        "aws_security_group" => json!({ "rules": [
            { "id": "sgr-1", "egress": false, "rule": { "protocol": "tcp", "from_port": 2049, "to_port": 2049, "source": "sg-nodes" }, "tags": {} },
            { "id": "sgr-2", "egress": true, "rule": { "protocol": "-1", "source": "0.0.0.0/0", "description": "all" }, "tags": { "a": "b" } },
            { "id": "sgr-3", "egress": false, "rule": { "protocol": "icmp", "from_port": 8, "to_port": -1, "source": "2001:db8::/32" }, "tags": {} },
            { "id": "sgr-4", "egress": false, "rule": { "protocol": "50", "source": "pl-1" }, "tags": {} },
            { "id": "sgr-5", "egress": false, "rule": { "protocol": "-1", "source": "self" }, "tags": {} },
            { "id": "sgr-6", "egress": false, "rule": { "protocol": "-1", "source": "210987654321/sg-9" }, "tags": {} },
        ] }),
        "aws_efs_file_system" => json!({ "transitions": [
            { "transition_to_primary_storage_class": "AFTER_1_ACCESS" }, { "transition_to_ia": "AFTER_30_DAYS" },
        ], "backup_policy": "ENABLED" }),
        "aws_db_parameter_group" => json!({ "tags": { "Name": "gitlab-pgsql" }, "parameters": [
            { "name": "work_mem", "value": "65536", "apply_method": "immediate" },
        ] }),
        "aws_db_subnet_group" => json!({ "tags": { "Name": "gitlab-pgsql" } }),
        "aws_db_replica" => json!({ "storage_encrypted": true }),
        "aws_s3_bucket" => json!({
            "versions": "Enabled", "encryption": { "algorithm": "aws:kms", "key": "arn:aws:kms:eu-west-1:123456789012:key/1", "bucket_key": true },
            "public_access": { "block_public_acls": true, "block_public_policy": true, "ignore_public_acls": true, "restrict_public_buckets": true },
            "rules_in_order": ["old"],
        }),
        _ => json!({}),
    }
}

fn document(value: Value) -> Document {
    value.as_object().expect("a document is an object").clone()
}

/// One object of each kind with all its fields.
fn whole() -> Whole {
    let object = |kind: &str| {
        let mut live = sample(kind);
        let key = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001";
        if kind == "aws_efs_file_system" {
            // As AWS shows it.
            live.insert("kms_key_id".to_owned(), key.into());
        }
        if kind == "aws_db_replica" {
            live.insert("identifier".to_owned(), "gitlab-pgsql-reports".into());
        }
        Exported {
            address: Address::new(kind, "gitlab"),
            id: Id::new(format!("id-of-{kind}")),
            recorded: live.clone(),
            live,
            outputs: Document::new(),
            beyond: document(beyond(kind)),
        }
    };
    let watched = [
        ("aws_vpc", "network", "vpc-1"),
        ("aws_subnet", "eu-west-1a", "subnet-1"),
        ("aws_security_group", "nodes", "sg-nodes"),
        ("aws_kms_alias", "storage", "alias/storage"),
    ];
    Whole {
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        objects: registry().all_managed().map(|kind| object(kind.kind())).collect(),
        watched: watched.map(|(kind, name, id)| (Address::new(kind, name), Id::new(id))).into(),
    }
}

fn text(configuration: &Configuration) -> String {
    configuration.files.values().map(String::as_str).collect()
}

#[test]
fn each_argument_that_is_named_is_written_and_what_cannot_be_said_is_a_warning() {
    let written = configuration(&whole());
    let text = text(&written);
    let mut warned: BTreeMap<&str, usize> = BTreeMap::new();
    for kind in registry().all_managed() {
        for (field, said) in spoken(kind.kind()).expect("it is exported") {
            match said {
                Spoken::As(word) => assert!(text.contains(word), "{}: {word} of {field}", kind.kind()),
                Spoken::Not(_) => *warned.entry(field).or_default() += 1,
            }
        }
    }
    let of = |field: &str| written.warnings.iter().filter(|one| one.text.starts_with(field)).count();
    assert_eq!(
        (of("db_capacity_reservation_identifier "), of("role_arn ")),
        (2, 1),
        "{:#?}",
        written.warnings
    );
    assert_eq!((warned["db_capacity_reservation_identifier"], warned["role_arn"]), (2, 1));
    for words in [
        "vpc_id      = data.aws_vpc.network.id",
        "cidr_block",
        "referenced_security_group_id = data.aws_security_group.nodes.id",
        "referenced_security_group_id = aws_security_group.gitlab.id",
        "referenced_security_group_id = \"210987654321/sg-9\"",
        "prefix_list_id    = \"pl-1\"",
        "\"Version\" = \"2012-10-17\"",
        "allowed_account_ids = [\"123456789012\"]",
        "replicate_source_db",
        "ignore_changes = [manage_master_user_password, master_user_secret_kms_key_id]",
        "prevent_destroy = true",
        "data \"aws_kms_alias\" \"storage\" {\n  name = \"alias/storage\"\n}",
    ] {
        let expected = words != "cidr_block";
        assert_eq!(text.contains(words), expected, "{words}:\n{text}");
    }
}

#[test]
fn no_password_and_no_place_of_one_is_in_a_configuration() {
    let mut whole = whole();
    for object in &mut whole.objects {
        object.live.insert("password".to_owned(), "env:CANARY".into());
        object.recorded.insert("password".to_owned(), "env:CANARY".into());
    }
    let text = text(&configuration(&whole));
    assert!(!text.contains("CANARY") && text.contains("ignore_changes = [password]"), "{text}");
}

/// The value with each text in it replaced, and each key of tags.
fn saying(value: &Value, text: &str) -> Value {
    match value {
        Value::String(_) => text.into(),
        Value::Array(all) => all.iter().map(|one| saying(one, text)).collect(),
        Value::Object(all) => {
            let tag = (text.to_owned(), text.into());
            let all = all.iter().map(|(key, value)| (key.clone(), saying(value, text)));
            Value::Object(all.chain([tag]).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn text_from_outside_is_text_whatever_it_says() {
    for hostile in [
        "${file(\"/etc/passwd\")}",
        "%{ if true }",
        "\"\n}\nresource \"aws_vpc\" \"x\" {",
        "\u{1b}[2J\u{202e}",
        "a\\",
        "$${a}\u{0}",
    ] {
        let mut whole = whole();
        for object in &mut whole.objects {
            object.live = document(saying(&Value::Object(object.live.clone()), hostile));
            object.beyond = document(saying(&Value::Object(object.beyond.clone()), hostile));
            object.id = Id::new(hostile);
        }
        for id in whole.watched.values_mut() {
            *id = Id::new(hostile);
        }
        let written = configuration(&whole);
        for (name, text) in &written.files {
            assert!(text.chars().all(|one| one == '\n' || !is_harmful(one)), "{name}: {text}");
            for opening in ["${", "%{"] {
                let at = |(at, _): (usize, &str)| text[..at].ends_with(&opening[..1]);
                assert!(text.match_indices(opening).all(at), "{name}: {text}");
            }
            assert!(!text.contains("\nresource \"aws_vpc\""), "{name}: {text}");
        }
    }
}

/// The files of a configuration, by name.
fn files(written: &Configuration) -> impl Iterator<Item = (&str, &str)> {
    written.files.iter().map(|(name, text)| (*name, text.as_str()))
}

#[test]
fn a_real_terraform_takes_each_argument_of_each_kind_and_finds_nothing_to_lay_out_anew() {
    let written = configuration(&whole());
    let Some(terraform) = Terraform::with(files(&written)) else { return };
    terraform.succeeds(&["init", "-input=false", "-no-color"]);
    terraform.succeeds(&["fmt", "-check", "-diff", "-no-color"]);
    terraform.succeeds(&["validate", "-no-color"]);
}

#[test]
fn a_real_terraform_reads_each_text_as_it_was() {
    let texts = [
        "${a}",
        "$${a}",
        "$$${a}",
        "%{ if a }",
        "%%{a}",
        "$",
        "a\"b\\c\n\t\r",
        "\u{1b}[2J",
        "nab\u{202e}gnp",
        "tag\u{e0041}",
        "Zürich",
        "${",
        "$$",
    ];
    let mut whole = whole();
    whole.objects.retain(|object| object.address.kind() == "aws_s3_bucket");
    let tags: Document =
        texts.iter().enumerate().map(|(at, text)| (format!("t{at}"), (*text).into())).collect();
    whole.objects[0].live.insert("tags".to_owned(), Value::Object(tags));
    let mut written = configuration(&whole);
    let main = written.files["main.tf"].clone();
    let tags =
        main.split("tags = {").nth(1).and_then(|rest| rest.split("\n  }").next()).expect("it has tags");
    // Nothing of the provider is needed to read them.
    let output = format!("output \"tags\" {{\n  value = {{{tags}\n  }}\n}}\n");
    written.files = BTreeMap::from([("main.tf", output)]);
    let Some(terraform) = Terraform::with(files(&written)) else { return };
    terraform.succeeds(&["init", "-input=false"]);
    terraform.succeeds(&["apply", "-auto-approve", "-input=false"]);
    let said = terraform.succeeds(&["output", "-json", "tags"]);
    let read: BTreeMap<String, String> = serde_json::from_str(&said).expect("JSON");
    let expected =
        texts.iter().enumerate().map(|(at, text)| (format!("t{at}"), (*text).to_owned())).collect();
    assert_eq!(read, expected);
}
