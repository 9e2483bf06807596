//! `kubernetes`: the cluster that manifests are written for, and the volumes in it.

use serde_json::Value;

use super::{FILE_SYSTEMS, LABEL, Names, SIZE, StackPart};
use crate::engine::document::Document;
use crate::engine::resource::{Need, Pattern, Property, Shape};
use crate::stack::section::Conflict;
use crate::stack::sections::SECTIONS;
use crate::stack::{Name, Stack};

pub(super) const PART: StackPart = StackPart {
    key: "kubernetes",
    doc: "The Kubernetes cluster that uses what the stack makes: `provision render kubernetes` writes the objects.",
    shape: Shape::Object(&[
        Property {
            name: "version",
            doc: "The version that the manifests are written for.",
            shape: Shape::Text(VERSION),
            need: Need::Text("1.33"),
        },
        Property {
            name: "namespace",
            doc: "The namespace of all objects that have one.",
            shape: Shape::Text(LABEL),
            need: Need::Text("gitlab"),
        },
        Property {
            name: "secrets",
            doc: "The way of managed passwords to pods: `external-secrets` (External Secrets Operator), `csi` (Secrets Store CSI driver), or `none`:\n\
                  then `provision secret NAME` prints the commands that make each Secret.",
            shape: Shape::OneOf(&["external-secrets", "csi", "none"]),
            need: Need::Text("external-secrets"),
        },
        Property {
            name: "service_account",
            doc: "The service account whose role reads the passwords for External Secrets; without it, the operator's own does.",
            shape: Shape::Text(LABEL),
            need: Need::Optional,
        },
        Property {
            name: "volumes",
            doc: "Volumes on file systems, by the names of their claims.",
            shape: Shape::MapOf { keys: LABEL, values: &Shape::Object(VOLUME) },
            need: Need::Optional,
        },
    ]),
    names: &[Names::new(&["volumes", "*", "file_system"], FILE_SYSTEMS)],
    write_out: |_| {},
    check,
    place: None,
};

const VERSION: Pattern =
    Pattern::new("a version of Kubernetes, `1.29` to `1.37`", "^1\\.(29|3[0-7])$", 4).without_quotes(1, 2);

const VOLUME: &[Property] = &[
    Property {
        name: "file_system",
        doc: "The file system, by its name in this file.",
        shape: Shape::Text(LABEL),
        need: Need::Required,
    },
    Property {
        name: "size",
        doc: "The size that the claim asks for. EFS has no limit of that kind.",
        shape: Shape::Text(SIZE),
        need: Need::Text("100Gi"),
    },
    Property {
        name: "driver",
        doc: "`nfs` needs nothing in the cluster; `csi` is the EFS CSI driver, with TLS and access points.",
        shape: Shape::OneOf(&["nfs", "csi"]),
        need: Need::Text("nfs"),
    },
    Property {
        name: "access_point",
        doc: "The access point of the file system that is mounted as the root; for `driver: csi`.",
        shape: Shape::Text(LABEL),
        need: Need::Optional,
    },
    Property {
        name: "per_zone",
        doc: "True for a volume and a claim in each zone, on that zone's mount target; false for one that every zone reaches through its own.",
        shape: Shape::Flag,
        need: Need::Flag(false),
    },
];

fn check(stack: &Stack, written: &Document) -> Vec<Conflict> {
    let volumes = written.get("volumes").and_then(Value::as_object).into_iter().flatten();
    volumes.flat_map(|(name, volume)| of_volume(stack, name, volume)).collect()
}

fn of_volume(stack: &Stack, name: &str, volume: &Value) -> Vec<Conflict> {
    let text = |option: &str| volume.get(option).and_then(Value::as_str);
    let conflict = |options: &[&'static str], message: String, remedy: &str| Conflict {
        path: vec!["volumes".to_owned(), name.to_owned()],
        options: options.to_vec(),
        message,
        remedy: remedy.to_owned(),
    };
    let mut found = Vec::new();
    let is_csi = text("driver") == Some("csi");
    if let Some(point) = text("access_point") {
        if !is_csi {
            found.push(conflict(
                &["access_point", "driver"],
                "an access point is mounted by the EFS CSI driver alone".to_owned(),
                "write `driver: csi`",
            ));
        }
        if let Some(known) = text("file_system").and_then(|name| access_points(stack, name))
            && !known.iter().any(|one| one == point)
        {
            let message = format!("the file system has no access point `{point}`");
            let remedy = match known.is_empty() {
                true => "write one below `access_points:` of the file system".to_owned(),
                false => format!("there are: {}", known.join(", ")),
            };
            found.push(conflict(&["access_point"], message, &remedy));
        }
    }
    if is_csi && volume.get("per_zone") == Some(&Value::Bool(true)) {
        found.push(conflict(
            &["per_zone", "driver"],
            "the EFS CSI driver finds the mount target of its own zone, and one volume is enough".to_owned(),
            "leave `per_zone` out, or write `driver: nfs`",
        ));
    }
    found
}

/// The access points that the stack file gives a file system; nothing where it has no such file system.
fn access_points(stack: &Stack, file_system: &str) -> Option<Vec<String>> {
    let section = SECTIONS.iter().find(|section| section.key == FILE_SYSTEMS)?;
    let entry = stack.entries(section).get(&file_system.parse::<Name>().ok()?)?;
    Some(entry.parts("access_points").map(|(name, _)| name.to_string()).collect())
}
