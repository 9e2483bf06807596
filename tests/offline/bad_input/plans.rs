//! Saved plans that were cut, changed, made by others, or are no files at all.

use provision::engine::blueprint::Blueprint;
use provision::engine::plan::{Mode, Plan};
use provision::engine::planner::{Options, Sighting, Sightings};
use provision::engine::saved::SavedPlan;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::bad_input::case::{Case, Content};
use crate::bad_input::files::closes;

const FILE: &str = "plans/friday.json";
const AGAIN: &str = "provision plan --out";

pub fn cases() -> Vec<Case> {
    let saved = saved();
    let mut cases = vec![
        Case::of("apply plans/none.json --yes").says([
            "plans/none.json",
            "No such file",
            "to make one: provision plan --out plans/none.json",
        ]),
        Case::of("apply state/gitlab.json --yes")
            .text("state/gitlab.json", "{}")
            .says(["is not a plan that provision saved", "gets a name of its own", "provision plan --out"])
            .never("--out state"),
        Case::of("apply plans/friday.json --yes --target aws_vpc.network").says([
            "[PLAN]",
            "--target",
            "Usage: provision apply",
        ]),
    ];
    cases.extend(written_over(&saved));
    let refused = |content: Content, says: &[&str]| {
        let case = Case::of("apply --auto-approve plans/friday.json").file(FILE, content);
        case.says([FILE]).says(says.iter().copied()).says([AGAIN])
    };
    let text = |text: &str| Content::Bytes(text.as_bytes().to_vec());
    let no_plan = ["is not a plan that provision saved"];

    let content = saved.trim_end();
    let step = content.len() / 25;
    cases.extend((0..content.len()).step_by(step).map(|length| refused(text(&content[..length]), &no_plan)));
    for other in [
        "\n",
        "null",
        "true",
        "17",
        "\"plan\"",
        "[]",
        "{}",
        "{\"plan\": {}}",
        "[1, 2",
        "{'a': 1}",
        "plan: a",
        "\u{feff}{}",
        "{\"format_version\": \"1.0\", \"stack\": \"gitlab\", \"changes\": []}",
        "# a comment\n",
        "NaN",
    ] {
        cases.push(refused(text(other), &no_plan));
    }
    // Written whole by a newer program, and the same with a byte changed afterwards.
    let newer =
        ["was written by a newer version of provision (format 2.0)", "reads up to 1.0", "update provision"];
    let format = saved.replacen("\"format_version\": \"1.0\"", "\"format_version\": \"2.0\"", 1);
    cases.push(refused(text(&sealed(&format)), &newer));
    cases.push(refused(text(&format), &["was changed after it was saved"]));
    for bytes in [
        &b"\x7fELF\x02\x01\x01\0"[..],
        b"PK\x03\x04\x14\0",
        b"\xff\xfe{\0}\0",
        b"\x1f\x8b\x08\0",
        b"{\"plan\": \"\xff\"}",
    ] {
        cases.push(refused(Content::Bytes(bytes.to_vec()), &no_plan));
    }
    for deep in ["[", "{\"plan\":", "{\"plan\":[{\"a\":"] {
        cases.push(refused(text(&deep.repeat(100_000)), &no_plan));
    }
    cases.extend(changed(&saved).into_iter().map(|(file, says)| refused(text(&file), &[says])));

    cases.push(refused(text(&" ".repeat(11_000_000)), &no_plan));
    cases.push(refused(
        text(&format!("{}{saved}", " ".repeat(11_000_000))),
        &["was changed after it was saved"],
    ));
    cases.push(refused(text(&format!("[{}0]", "0,".repeat(5_500_000))), &no_plan));
    cases.push(refused(Content::Zeros(11_000_000), &no_plan));
    let mut unreadable = vec![
        (Content::Zeros(68_157_440), "larger than 64 MiB"),
        (Content::Zeros(10_000_000_000), "larger than 64 MiB"),
        (Content::Folder, "is a folder"),
        (Content::Pipe, "is not a file"),
        (Content::Loop, "symbolic links"),
    ];
    if closes() {
        unreadable.push((Content::Closed, "Permission denied"));
    }
    cases.extend(unreadable.into_iter().map(|(content, says)| refused(content, &[says])));
    for device in ["/dev/zero", "/dev/null", "/dev/stdin"] {
        cases.push(Case::of(&format!("apply --yes {device}")).says([device, "is not a file", AGAIN]));
    }
    cases
}

/// Files that a plan or its page would be written over: each stays as it is.
fn written_over(saved: &str) -> Vec<Case> {
    const NEW_NAME: &str = "the plan gets a new name of its own: provision plan --out";
    const OLD_PAGE: &str = "a file that is not there yet, or the page of an earlier plan";
    let state = Content::Bytes(b"{\"version\": 2, \"plan\": 1}".to_vec());
    let mut cases = Vec::new();
    for (option, hint, other) in [
        ("--out", NEW_NAME, "is there and is not a plan that provision saved"),
        ("--html", OLD_PAGE, "is there and is not a page that provision wrote"),
    ] {
        let mut add = |line: String, files: &[(&'static str, Content)], says: &str| {
            let case =
                files.iter().cloned().fold(Case::of(&line), |case, (name, content)| case.file(name, content));
            cases.push(case.says([says, hint, &format!("{option} does not write over it")]));
        };
        let text = |text: &str| Content::Bytes(text.as_bytes().to_vec());
        let plan = |path: &str| format!("plan {option} {path}");
        for path in ["provision.yaml", "./provision.yaml", "state/../provision.yaml"] {
            add(plan(path), &[("state/gitlab.json", state.clone())], "is the stack file");
        }
        add(
            plan("my.yaml -c my.yaml"),
            &[("my.yaml", text(provision::stack::REFERENCE))],
            "is the stack file",
        );
        add(plan("provision.yml"), &[], "has the name of a stack file");
        // Also where they are not there yet.
        add(plan("state/gitlab.json"), &[], "is the place of the state");
        add(plan("state/gitlab.json"), &[("state/gitlab.json", state.clone())], "is the place of the state");
        add(plan("a.json --state a.json"), &[("a.json", state.clone())], "is the place of the state");
        for path in ["state/gitlab.json.lock", "state/gitlab.json.journal", "state/gitlab.json.backup"] {
            add(plan(path), &[], "has the name of a file beside a state");
        }
        let others = [("state/other.json", state.clone())];
        add(plan("state/other.json"), &others, other);
        add(plan("state/other.json.lock"), &others, "has the name of a file beside a state");
        for content in ["a note\n", "{}", "[]", "{\"plan\": {}}", "\0\0", "<html></html>"] {
            add(plan("notes.txt"), &[("notes.txt", text(content))], other);
        }
        add(plan("notes.txt"), &[("notes.txt", Content::Zeros(68_157_440))], other);
        add(plan("folder"), &[("folder", Content::Folder)], "is a folder");
        add(plan("pipe"), &[("pipe", Content::Pipe)], "is not a file");
        add(plan("loop"), &[("loop", Content::Loop)], "cannot be read");
        add(plan("/dev/null"), &[], "is not a file");
        add(plan("/dev/stdout"), &[], "is not a file");
    }
    let page = Case::of("plan --html plans/friday.json").text(FILE, saved);
    cases.push(page.says(["is not a page that provision wrote", OLD_PAGE]));
    cases.push(
        Case::of("plan --out a/../plan --html ./plan")
            .file("a", Content::Folder)
            .says(["both name", "two files"]),
    );
    cases
}

/// Plans with one thing in them that is not as it was saved.
fn changed(saved: &str) -> Vec<(String, &'static str)> {
    let whole: Value = serde_json::from_str(saved).expect("a saved plan is JSON");
    let mut leaves = Vec::new();
    collect(&whole, String::new(), &mut leaves);
    assert!(leaves.len() > 30, "{leaves:?}");
    let text = |value: &Value| serde_json::to_string_pretty(value).expect("it is JSON") + "\n";
    let says = |file: &str| {
        let parsed: Result<SavedPlan, _> = serde_json::from_str(file);
        if parsed.is_ok() { "was changed after it was saved" } else { "is not a plan that provision saved" }
    };
    let mut files = Vec::new();
    for leaf in leaves {
        let mut other = whole.clone();
        let value = other.pointer_mut(&leaf).expect("it is there");
        *value = match value {
            Value::String(text) => json!(format!("{text}x")),
            Value::Number(number) => json!(number.as_u64().expect("numbers here count") + 1),
            Value::Bool(flag) => json!(!*flag),
            Value::Array(_) | Value::Null => json!("x"),
            Value::Object(_) => json!({ "x": "x" }),
        };
        files.push(text(&other));
    }
    for key in whole.as_object().expect("an object").keys() {
        let mut other = whole.clone();
        other.as_object_mut().expect("an object").remove(key);
        files.push(text(&other));
    }
    for place in ["", "/plan", "/plan/changes/0", "/plan/state"] {
        let mut other = whole.clone();
        other.pointer_mut(place).expect("it is there")["approved_by"] = json!("somebody");
        files.push(text(&other));
    }
    files.push(saved.replace("\"serial\": 7", "\"serial\": 1e999"));
    files.push(saved.replace("\"serial\": 7", "\"serial\": -7"));
    files.push(saved.replace("\"serial\": 7", "\"serial\": 99999999999999999999999999"));
    files.push(saved.replace("\"serial\": 7", "\"serial\": 7, \"serial\": 7"));
    files.push(saved.replace("\"stack\": \"gitlab\"", "\"stack\": \"git\\u001b[2Jlab\""));
    files.push(saved.replace("aws_vpc.network", "aws_vpc.net\u{202e}work"));
    files.push(saved.replacen("{", "{ \"digest\": \"00\", ", 1));
    files.push(format!("{saved}{saved}"));
    files.push(saved.replace('\n', "\r\n"));
    files
        .into_iter()
        .map(|file| {
            let says = says(&file);
            (file, says)
        })
        .collect()
}

/// The places of everything in a document that holds nothing else.
fn collect(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields
                .iter()
                .for_each(|(key, field)| collect(field, format!("{at}/{}", key.replace('/', "~1")), found));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(index, item)| collect(item, format!("{at}/{index}"), found));
        }
        _ => found.push(at),
    }
}

/// The text with the checksum that its program would have written.
fn sealed(text: &str) -> String {
    let value: Value = serde_json::from_str(text).expect("it is JSON");
    let checksum = value["checksum"].as_str().expect("it has one");
    let digest = Sha256::digest(text.replacen(checksum, "", 1));
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    text.replacen(checksum, &digits, 1)
}

/// A saved plan as the program writes it.
fn saved() -> String {
    let at = |address: &str| address.parse().expect("an address");
    let field = json!({ "path": "name", "before": null, "after": "EFS_K8s", "unknown": false, "sensitive": false,
                        "effect": "none" });
    let group = json!({ "address": "aws_security_group.gitlab-nfs", "kind": "aws_security_group", "action": "create",
                        "reason": "not in the state", "effect": "none", "fields": [field] });
    let network = json!({ "address": "aws_vpc.network", "kind": "aws_vpc", "action": "watch",
                          "reason": "the cluster's own", "effect": "none", "fields": [] });
    let finding =
        json!({ "check": "quota", "address": null, "level": "warning", "message": "nearly used up" });
    let plan: Plan = serde_json::from_value(json!({
        "format_version": "1.0", "stack": "gitlab", "cluster": "k8s.myzone.net", "account": "123456789012",
        "region": "eu-west-1", "state": { "lineage": "7d1c", "serial": 7 }, "mode": "apply",
        "changes": [group, network], "drift": [], "preflight": [finding],
        "summary": { "create": 1, "update": 0, "replace": 0, "delete": 0, "watch": 1, "forget": 0, "no_op": 0 },
    }))
    .expect("a plan");
    let options = Options {
        mode: Mode::Apply,
        targets: [at("aws_vpc.network")].into(),
        replace: [at("aws_db_instance.gitlab-pgsql")].into(),
        allow_data_loss: Default::default(),
    };
    let blueprint = Blueprint {
        stack: "gitlab".to_owned(),
        cluster: None,
        declarations: Default::default(),
        ..Blueprint::default()
    };
    let sightings = Sightings::from([(at("aws_vpc.network"), Sighting::Gone)]);
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("plan.json");
    let saved = SavedPlan::new(&plan, &options, Some("http://127.0.0.1:1"), &blueprint, &sightings);
    saved.write(&path).expect("it can be written");
    std::fs::read_to_string(&path).expect("it was written")
}
