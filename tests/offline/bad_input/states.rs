//! States that were cut, changed, belong to something else, or are no files at all.

use std::time::Duration;

use futures_util::FutureExt;
use provision::engine::resource::Id;
use provision::engine::state::{Edit, Record, State, Store};
use serde_json::{Value, json};

use crate::bad_input::case::{Case, Content};
use crate::bad_input::files::closes;

const FILE: &str = "state/gitlab.json";

/// The commands that read the state, taken in turns.
const COMMANDS: [&str; 8] = [
    "plan",
    "apply --auto-approve",
    "destroy --auto-approve",
    "output",
    "state list",
    "state show aws_vpc.network",
    "import vpc-0a1b2c3d",
    "state rebuild --yes",
];

pub fn cases() -> Vec<Case> {
    let state = written("gitlab", "eu-west-1");
    let mut cases: Vec<Case> = Vec::new();
    let mut add = |content: Content, says: &[&str]| {
        let command = COMMANDS[cases.len() % COMMANDS.len()];
        let case = Case::of(command).file(FILE, content).says([FILE]).says(says.iter().copied());
        cases.push(case.says(["hint: "]));
    };
    let text = |text: &str| Content::Bytes(text.as_bytes().to_vec());
    let backup = "put a copy of state/gitlab.json back";
    for empty in ["", "\n", "  \n\n"] {
        add(text(empty), &["the file is empty", backup]);
    }
    for other in [
        "null",
        "{}",
        "[]",
        "17",
        "{\"version\": 1}",
        "{\"version\": \"one\"}",
        "{\"version\": 4, \"terraform_version\": \"1.9.0\"}",
    ] {
        add(text(other), &["cannot be used"]);
    }
    for other in ["words", "{", "stack: gitlab", "{'a': 1}", "\u{feff}{}", &"[".repeat(100_000)] {
        add(text(other), &["it is not JSON", backup]);
    }
    let content = state.trim_end();
    for length in (1..content.len()).step_by(content.len() / 15) {
        add(text(&content[..length]), &["it is not JSON", backup]);
    }
    for bytes in [&b"\x7fELF\x02\x01\x01\0"[..], b"\xff\xfe{\0}\0", b"{\"stack\": \"\xff\"}"] {
        add(Content::Bytes(bytes.to_vec()), &["it is not JSON", backup]);
    }
    for (pointer, value) in [
        ("/stack", json!("other")),
        ("/serial", json!(99)),
        ("/account", json!("000000000000")),
        ("/lineage", json!("x")),
        ("/resources", json!({})),
        ("/resources/aws_vpc.network/id", json!("vpc-other")),
        ("/resources/aws_vpc.network/watched", json!(false)),
        ("/checksum", json!("sha256:00")),
    ] {
        add(text(&with(&state, pointer, value)), &["its checksum does not agree", backup]);
    }
    add(text(&with(&state, "/checksum", json!(12))), &["its checksum is missing", backup]);
    add(text(&with(&state, "/version", json!(99))), &["format 99", "newer version of provision"]);
    add(text(&written("shop", "eu-west-1")), &["the stack shop, not of gitlab", "--state", "--config"]);
    add(text(&written("gi\u{1b}[2Jt\u{202e}", "eu-west-1")), &["the stack gi\\u{1b}[2Jt\\u{202e}"]);
    add(Content::Zeros(11_000_000), &["it is not JSON"]);
    add(Content::Zeros(10_000_000_000), &["larger than 64 MiB"]);
    add(Content::Folder, &["is a folder", "--state"]);
    add(Content::Pipe, &["is not a file", "--state"]);
    add(Content::Loop, &["--state"]);
    if closes() {
        add(Content::Closed, &["Permission denied", "--state"]);
    }
    for (command, device) in COMMANDS.into_iter().zip(["/dev/null", "/dev/zero"].into_iter().cycle()) {
        cases.push(Case::of(&format!("{command} --state {device}")).says([device, "not a file", "--state"]));
    }
    let elsewhere = written("gitlab", "eu-west-2");
    for command in ["plan", "apply --yes", "destroy --yes", "import vpc-0a1b2c3d", "state rebuild --yes"] {
        let case = Case::of(command).text(FILE, elsewhere.as_str());
        cases.push(case.says([FILE, "in eu-west-2", "the region now is eu-west-1", "--region eu-west-2"]));
    }
    for command in COMMANDS {
        let journal =
            |text: &str| Case::of(command).text(FILE, state.as_str()).text("state/gitlab.json.journal", text);
        cases.push(journal("0123456789abcdef {}\n").says([
            FILE,
            "line 1 of the journal is damaged",
            "hint: ",
        ]));
        let lost = Case::of(command).text("state/gitlab.json.backup", state.as_str());
        cases.push(lost.says([FILE, "the snapshot is missing", "hint: "]));
    }
    let nothing = ["state/gitlab.json", "there is no state", "--state"];
    for command in
        ["output", "state list", "state show a.b", "state forget a.b --yes", "state move a.b a.c --yes"]
    {
        cases.push(Case::of(command).says(nothing));
    }
    let known = |line: &str| Case::of(line).text(FILE, state.as_str());
    cases.push(
        known("output nfs_mount_pionts").says(["`nfs_mount_pionts`", "did you mean `nfs_mount_points`?"]),
    );
    cases.push(known("output pgsql_endpoint").says(["`pgsql_endpoint`", "provision apply"]));
    cases.push(known("output x").says(["`x`", "there are: nfs_dns_name, nfs_mount_points, pgsql_endpoint"]));
    cases
        .push(known("state show aws_vpc.netwrok").says(["aws_vpc.netwrok", "did you mean aws_vpc.network?"]));
    cases.push(known("state forget aws_vpc.other --yes").says(["aws_vpc.other", "hint: "]));
    cases.push(known("state forget aws_vpc.network").says(["needs a yes", "--auto-approve"]));
    cases.push(known("state move aws_vpc.network aws_subnet.a --yes").says([
        "aws_subnet.a",
        "different kinds",
        "hint: ",
    ]));
    cases
        .push(known("state move aws_vpc.network aws_vpc.network --yes").says(["recorded already", "hint: "]));
    let below = "provision.yaml/gitlab.json";
    for command in ["plan", "output", "apply --yes"] {
        let case = Case::of(&format!("{command} --state {below}"))
            .text("provision.yaml", provision::stack::REFERENCE);
        cases.push(case.says([below, "Not a directory", "hint: "]));
    }
    cases
}

/// A state file as the program writes it.
fn written(stack: &str, region: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("state.json");
    let fresh = || State::new(stack, "7d1c".to_owned(), "123456789012", region);
    let record = Record::watched(Id::new("vpc-0a1b2c3d"), Default::default());
    let address = "aws_vpc.network".parse().expect("an address");
    let store = Store::local(path.clone());
    let writing = async {
        let mut writer = store.open("test", Duration::ZERO, fresh).await.expect("it can be made");
        writer.edit(Edit::Put { address, record });
        writer.close().await.expect("it can be written");
    };
    // A file that no one else holds needs no waiting.
    writing.now_or_never().expect("it is written at once");
    std::fs::read_to_string(&path).expect("it was written")
}

fn with(state: &str, pointer: &str, value: Value) -> String {
    let mut whole: Value = serde_json::from_str(state).expect("a state is JSON");
    *whole.pointer_mut(pointer).expect(pointer) = value;
    serde_json::to_string_pretty(&whole).expect("it is JSON") + "\n"
}
