//! Checks that no schema of Kubernetes makes: names that refer to each other.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::Rendered;

/// Everything that is wrong with the objects of all files together.
pub fn faults(all: &[Rendered]) -> Vec<String> {
    let objects: Vec<Value> = all.iter().flat_map(|one| objects(&one.text)).collect();
    let mut found = Vec::new();
    names(&objects, &mut found);
    volumes(&objects, &mut found);
    for deployment in of_kind(&objects, "Deployment") {
        workload(&objects, deployment, &mut found);
    }
    let pods: Vec<&Value> = of_kind(&objects, "Deployment").map(|one| &one["spec"]["template"]).collect();
    for service in of_kind(&objects, "Service").filter(|service| service["spec"]["selector"].is_object()) {
        let selected: Vec<&&Value> =
            pods.iter().filter(|pod| selects(&service["spec"]["selector"], pod)).collect();
        if selected.is_empty() {
            found.push(format!("the Service {} selects no pod", name(service)));
        }
        for port in list(&service["spec"]["ports"]) {
            let of_pod = |pod: &&&Value| ports(&pod["spec"]).any(|known| known["name"] == port["targetPort"]);
            if !selected.iter().all(of_pod) {
                found.push(format!("the Service {} leads to no port {}", name(service), port["targetPort"]));
            }
        }
    }
    for budget in of_kind(&objects, "PodDisruptionBudget") {
        if !pods.iter().any(|pod| selects(&budget["spec"]["selector"]["matchLabels"], pod)) {
            found.push(format!("the budget {} is of no pod", name(budget)));
        }
    }
    for ingress in of_kind(&objects, "Ingress") {
        let backend = &ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"];
        let mut services = of_kind(&objects, "Service");
        let is_there = services.any(|service| {
            service["metadata"]["name"] == backend["name"]
                && list(&service["spec"]["ports"]).iter().any(|port| port["name"] == backend["port"]["name"])
        });
        if !is_there {
            found.push(format!("the Ingress {} leads to no Service", name(ingress)));
        }
    }
    found
}

/// The documents of a text, read by the reader of YAML that the stack file has.
fn objects(text: &str) -> Vec<Value> {
    crate::gitlab::yaml::tests::documents(text)
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object["kind"] == kind)
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn ports(pod: &Value) -> impl Iterator<Item = &Value> {
    list(&pod["containers"]).iter().flat_map(|container| list(&container["ports"]))
}

fn selects(selector: &Value, pod: &Value) -> bool {
    let labels = &pod["metadata"]["labels"];
    selector.as_object().is_some_and(|wanted| wanted.iter().all(|(key, value)| labels[key] == *value))
}

/// Each object once, with names that Kubernetes takes; labels and annotations are texts.
fn names(objects: &[Value], found: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for object in objects {
        let identity = format!("{} {} {}", object["apiVersion"], object["kind"], object["metadata"]["name"]);
        let is_label = |text: &str, most: usize| {
            !text.is_empty()
                && text.len() <= most
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
                && !text.starts_with('-')
                && !text.ends_with('-')
        };
        let most = if object["kind"] == "PersistentVolume" { 253 } else { 63 };
        // Placeholders are no names: none may stand in one.
        if !is_label(name(object), most) {
            found.push(format!("{identity} has no name of a label"));
        }
        for texts in ["labels", "annotations"] {
            let all = object["metadata"][texts].as_object().into_iter().flat_map(Map::values);
            if all.clone().any(|value| !value.is_string()) {
                found.push(format!("{identity} has {texts} that are no texts"));
            }
        }
        let is_apart = ["Namespace", "PersistentVolume"].iter().any(|kind| object["kind"] == *kind);
        if is_apart == object["metadata"]["namespace"].is_string() {
            found.push(format!("{identity} is in no place that its kind is in"));
        }
        if !seen.insert(identity.clone()) {
            found.push(format!("{identity} is there twice"));
        }
    }
}

/// Each volume and its claim name each other, and have one size.
fn volumes(objects: &[Value], found: &mut Vec<String>) {
    let mut handles = BTreeSet::new();
    for volume in of_kind(objects, "PersistentVolume") {
        let mut claims = of_kind(objects, "PersistentVolumeClaim");
        let wanted = &volume["spec"]["claimRef"];
        let fits = claims.any(|claim| {
            claim["metadata"]["name"] == wanted["name"]
                && claim["metadata"]["namespace"] == wanted["namespace"]
                && claim["spec"]["volumeName"] == volume["metadata"]["name"]
                && claim["spec"]["storageClassName"] == json!("")
                && volume["spec"]["storageClassName"] == json!("")
                && claim["spec"]["resources"]["requests"] == volume["spec"]["capacity"]
        });
        if !fits {
            found.push(format!("the volume {} has no claim", name(volume)));
        }
        if let Some(handle) = volume["spec"]["csi"]["volumeHandle"].as_str()
            && !handles.insert(handle.to_owned())
        {
            found.push(format!("the handle {handle} is of two volumes"));
        }
    }
}

fn workload(objects: &[Value], deployment: &Value, found: &mut Vec<String>) {
    let (of, template) = (name(deployment), &deployment["spec"]["template"]);
    if !selects(&deployment["spec"]["selector"]["matchLabels"], template) {
        found.push(format!("{of} does not select its own pods"));
    }
    let others = of_kind(objects, "Deployment").filter(|other| name(other) != of);
    for other in others {
        if selects(&deployment["spec"]["selector"]["matchLabels"], &other["spec"]["template"])
            && selects(&other["spec"]["selector"]["matchLabels"], template)
        {
            found.push(format!("{of} and {} select each other's pods", name(other)));
        }
    }
    let volumes = list(&template["spec"]["volumes"]);
    for volume in volumes {
        let claim = &volume["persistentVolumeClaim"]["claimName"];
        let mut claims = of_kind(objects, "PersistentVolumeClaim");
        if claim.is_string() && !claims.any(|one| one["metadata"]["name"] == *claim) {
            found.push(format!("{of} has no claim {claim}"));
        }
        let class = &volume["csi"]["volumeAttributes"]["secretProviderClass"];
        let mut classes = of_kind(objects, "SecretProviderClass");
        if class.is_string() && !classes.any(|one| one["metadata"]["name"] == *class) {
            found.push(format!("{of} has no class {class}"));
        }
    }
    for container in list(&template["spec"]["containers"]) {
        for mount in list(&container["volumeMounts"]) {
            if !volumes.iter().any(|volume| volume["name"] == mount["name"]) {
                found.push(format!("{of} mounts no volume {}", mount["name"]));
            }
        }
        let each_once = |all: &[Value], what: &str, found: &mut Vec<String>| {
            let names: BTreeSet<&str> = all.iter().filter_map(|one| one["name"].as_str()).collect();
            if names.len() != all.len() {
                found.push(format!("{of} has {what} twice"));
            }
        };
        each_once(list(&container["env"]), "a variable", found);
        each_once(list(&container["ports"]), "a port", found);
        let long = list(&container["ports"])
            .iter()
            .filter(|port| port["name"].as_str().is_none_or(|name| name.len() > 15));
        found.extend(long.map(|port| format!("{of} has the port {}", port["name"])));
        let named = ["startupProbe", "livenessProbe", "readinessProbe"].iter().flat_map(|probe| {
            ["tcpSocket", "httpGet"]
                .iter()
                .map(|way| &container[*probe][*way]["port"])
                .filter(|port| port.is_string())
        });
        for port in named {
            if !list(&container["ports"]).iter().any(|known| known["name"] == *port) {
                found.push(format!("{of} is probed at no port {port}"));
            }
        }
        if container["image"].as_str().is_none_or(|image| !image.contains(':')) {
            found.push(format!("{of} has an image that changes: {}", container["image"]));
        }
    }
}
