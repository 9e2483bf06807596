//! Every door through which text leaves the program, each with text that wants to steer what it is shown on.
//! A new way of printing something belongs into one of the two tables.

use provision::aws::kinds::registry;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use proptest::prelude::*;
use provision::engine::address::Address;
use provision::engine::event::{Event, FailureText, Queued, RunOutcome, RunSummary};
use provision::engine::network::Cluster;
use provision::engine::plan::{Action, Plan};
use provision::engine::resource::Id;
use provision::engine::state::{Edit, Phase, Predecessor, Record, State, Store};
use provision::stack;
use provision::view::failure::{Failure, FailureKind};
use provision::view::progress::{Progress, Show, Sink, Styles};
use provision::view::{
    GraphView, RunWords, Style, dot, failure_text, harmless, is_harmful, json_line, json_pretty, mermaid,
    plan_text, problems_text, state_list, state_show,
};
use serde_json::json;
use tempfile::TempDir;

use super::hostile::{comment_saying, plan_saying};

/// Texts that must never come out as they went in.
const HOSTILE: [&str; 16] = [
    "\u{1b}[2J\u{1b}[1;1H",
    "\u{1b}]8;;http://evil\u{7}click\u{1b}]8;;\u{7}",
    "\u{9b}2J \u{9d}0;title\u{9c}",
    "over\rwritten",
    "nab\u{202e}gnp.exe \u{2066}x\u{2069}",
    "zero\u{200b}width\u{feff}\u{2060}",
    "tags\u{e0041}\u{e0042} \u{fe0f}",
    "\u{8}\u{7f}\0",
    "::error file=a,line=1::forged",
    "a\n::add-mask::b",
    "a\r\n  ::stop-commands::x\n",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n ::group::b",
    "##[error]forged",
    "a ##[add-mask]b",
    "##vso[task.setvariable variable=a;issecret=false]b",
    "a\u{2028}::warning::b\u{85}::warning::c",
];

/// The harm in an output, if there is any: only line breaks and the program's own colours may steer anything.
fn harm(output: &str) -> Option<String> {
    let mut rest = output;
    while let Some(at) = rest.find(is_harmful) {
        rest = &rest[at..];
        let color = rest.strip_prefix("\u{1b}[").and_then(|code| {
            let end = code.trim_start_matches(|digit: char| digit.is_ascii_digit() || digit == ';');
            end.strip_prefix('m')
        });
        match color.or_else(|| rest.strip_prefix('\n')) {
            Some(after) => rest = after,
            None => return Some(format!("{:?}", rest.chars().next())),
        }
    }
    let command = output.lines().find(|line| {
        let name = line.trim_start().strip_prefix("::").unwrap_or_default();
        name.starts_with(char::is_alphabetic) || line.contains("##[") || line.contains("##vso[")
    });
    command.map(str::to_owned)
}

#[track_caller]
fn harmless_at(door: &str, output: &str) {
    if let Some(found) = harm(output) {
        panic!("{door} lets through {found:?}:\n{output}\n{output:?}");
    }
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no test panics with it").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn take(&self) -> String {
        String::from_utf8(self.0.lock().expect("no test panics with it").clone()).expect("text is written")
    }
}

/// The text that comes out of a stream when this is written to it.
fn printed(text: &str) -> String {
    let written = Written::default();
    Sink::new(written.clone()).write(text);
    written.take()
}

fn record_saying(text: &str) -> Record {
    let document = |value| serde_json::from_value(value).expect("an object");
    let mut record = Record::watched(Id::new(text), document(json!({ text: text, "list": [text, text] })));
    record.phase = Phase::Updating;
    record.inputs = document(json!({ "tags": { text: text }, "rules": [{ text: text }], text: text }));
    record.depends_on.insert(Address::new("aws_vpc", text));
    record.predecessor = Some(Predecessor {
        id: Id::new(text),
        inputs: record.inputs.clone(),
        depends_on: record.depends_on.clone(),
        older: None,
    });
    record
}

fn events_saying(text: &str) -> Vec<Event> {
    let address = || Address::member("aws_efs_mount_target", text, text);
    let action = Action::Create;
    let error = |operation: Option<&str>| FailureText {
        message: text.to_owned(),
        operation: operation.map(str::to_owned),
        code: operation.map(str::to_owned),
        request_id: Some(text.to_owned()),
        hint: Some(text.to_owned()),
    };
    let queued = |entirely| Queued {
        address: address(),
        fields: vec![text.to_owned()],
        opens: Some(text.to_owned()),
        entirely,
    };
    let failed = |operation| Event::StepFailed {
        address: address(),
        action,
        error: error(operation),
        elapsed_seconds: 1.0,
        blocked: false,
    };
    vec![
        Event::StepStarted { address: address(), action },
        Event::Settling { address: address(), action, status: text.to_owned(), elapsed_seconds: 1.0 },
        Event::StepDone {
            address: address(),
            action,
            id: Some(text.to_owned()),
            queued: None,
            elapsed_seconds: 1.0,
        },
        Event::StepDone {
            address: address(),
            action,
            id: Some(text.to_owned()),
            queued: Some(queued(false)),
            elapsed_seconds: 1.0,
        },
        failed(None),
        failed(Some(text)),
        Event::StepSkipped { address: address(), action, because: address() },
        Event::Summary(RunSummary {
            outcome: RunOutcome::Failed,
            done: Default::default(),
            queued: vec![queued(true)],
            failed: 1,
            skipped: 1,
            in_flight: vec![address()],
            not_recorded: Default::default(),
            elapsed_seconds: 1.0,
        }),
    ]
}

/// A run with these events, as both streams have it.
fn run(show: Show, text: &str, style: Style) -> String {
    let (out, err) = (Written::default(), Written::default());
    let words = RunWords { title: "Apply", again: "provision apply".to_owned() };
    let styles = Styles { out: style, err: style };
    let mut progress =
        Progress::on((Sink::new(out.clone()), Sink::new(err.clone())), show, words, styles, String::new);
    events_saying(text).iter().for_each(|event| progress.event(event));
    format!("{}\n{}", out.take(), err.take())
}

#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Chained {
    text: String,
    source: Option<Box<Chained>>,
}

/// The doors within the program: what each makes of a text, as its stream has it.
fn doors(text: &str, style: Style) -> Vec<(&'static str, String)> {
    let plan: Plan = plan_saying(text);
    let graph = GraphView::of(&plan);
    let record = record_saying(text);
    let address = Address::new("aws_vpc", text);
    let mut state = State::new(text, text.to_owned(), text, text);
    state.resources.insert(address.clone(), record.clone());
    let chained = |source| Chained { text: text.to_owned(), source };
    let failure = Failure::failed(chained(Some(Box::new(chained(None))))).hint(text);
    let reported = |content: String| match stack::parse(text, content, &registry()) {
        Ok(_) => String::new(),
        Err(error) => Failure::diagnostic(FailureKind::Usage, error).text(&style),
    };
    let quoted = json!(text);
    let error = FailureText {
        message: text.to_owned(),
        operation: Some(text.to_owned()),
        code: None,
        request_id: None,
        hint: None,
    };
    let outputs = [
        ("a plan as text", plan_text(&plan, &style)),
        ("a plan as Markdown", comment_saying(text)),
        ("a plan as JSON", json_pretty(&plan)),
        ("the errors of a plan", problems_text(&plan.preflight, &style)),
        ("a graph for Graphviz", dot(&graph)),
        ("a graph for Mermaid", mermaid(&graph)),
        ("one record", state_show(&address, &record, &style)),
        ("one record as JSON", json_pretty(&record)),
        ("the state's addresses", state_list(&state)),
        ("an event as JSON", json_line(&events_saying(text))),
        ("a failed step", failure_text(&address, Action::Update, &error, &style)),
        ("an error with its causes", failure.text(&style)),
        ("a text alone on its line", format!("{}\n", harmless(text))),
        ("a stack file of this text", reported(text.to_owned())),
        ("an option of this name", reported(format!("{quoted}: x\nfile_systems: {{ {quoted}: 1 }}\n"))),
        ("a value of this text", reported(format!("stack: {quoted}\ncluster: {quoted}\nregion: {quoted}\n"))),
        (
            "an unfit option",
            reported(format!("file_systems:\n  a: {{ performance_mode: {quoted} }}\n{text}")),
        ),
    ];
    let printed = outputs.map(|(door, output)| (door, printed(&output)));
    let runs = [("a run in lines", Show::Lines), ("a run's end", Show::End), ("a run as JSON", Show::Json)];
    printed.into_iter().chain(runs.map(|(door, show)| (door, run(show, text, style)))).collect()
}

#[test]
fn no_text_from_outside_steers_what_shows_it() {
    let styles = [(80, false), (80, true), (40, false)].map(|(width, color)| Style { color, width });
    for text in HOSTILE.iter().copied().chain([HOSTILE.concat().as_str()]) {
        for style in styles {
            for (door, output) in doors(text, style) {
                harmless_at(&format!("{door}, of {text:?}"), &output);
            }
        }
    }
}

/// Pieces that make hostile text when they meet, among ordinary ones.
fn hostile_text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "::",
        "error",
        "##",
        "[",
        "vso",
        "]",
        " ",
        "\n",
        "\r",
        "\u{1b}[",
        "2J",
        "\u{9b}",
        "\u{202e}",
        "\u{200b}",
        "a",
        "`",
        "\"",
        "\\",
        "|",
        "#",
        ":",
        "\u{a0}",
        "\u{e0041}",
    ]);
    let piece = prop_oneof![4 => pieces.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn no_text_at_all_steers_what_shows_it(text in hostile_text(), width in 40_usize..110) {
        for (door, output) in doors(&text, Style { color: false, width }) {
            prop_assert_eq!(harm(&output), None, "{} of {:?}: {}", door, &text, output);
        }
    }
}

/// A folder with a state that says this text wherever it can.
fn place(text: &str) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("provision.yaml"), "stack: shop\nfile_systems: { files: {} }\n").expect("it is ours");
    std::fs::create_dir(at("state")).expect("it is ours");
    let mut state = State::new("shop", text.to_owned(), text, text);
    let address: Address = "aws_vpc.network".parse().expect("an address");
    let record = Record { depends_on: Default::default(), predecessor: None, ..record_saying(text) };
    state.resources.insert(address, record);
    let file = "aws_efs_file_system.files".parse().expect("an address");
    let outputs = json!({ "arn": text, "dns_name": text });
    let outputs = serde_json::from_value(outputs).expect("an object");
    state.resources.insert(file, Record { watched: false, ..Record::watched(Id::new(text), outputs) });
    write_state(&at("state/shop.json"), &state);
    let other = State { stack: text.to_owned(), ..state };
    write_state(&at("state/other.json"), &other);
    // No file's name holds a zero or a slash.
    let name = text.replace(['\0', '/'], "");
    std::fs::write(at(&format!("{name}.yaml")), format!("stack: {text}\n{text}: {text}\n"))
        .expect("it is ours");
    std::fs::write(at(&format!("{name}.json")), "{ \"format_version\": 1 }").expect("it is ours");
    folder
}

fn write_state(path: &Path, state: &State) {
    let store = Store::local(path.to_owned());
    let cluster = Cluster { name: Some(state.lineage.clone()), efs_names_resolve: true };
    let writing = async {
        let mut writer = store.open("test", Duration::ZERO, || state.clone()).await.expect("nobody holds it");
        writer.edit(Edit::Facts { facts: cluster.facts() });
        writer.close().await.expect("it is ours");
    };
    // A file that no one else holds needs no waiting.
    writing.now_or_never().expect("it is written at once");
}

/// A state of Terraform with this text wherever one may stand.
fn terraform_saying(text: &str) -> String {
    let bucket = json!({ "index_key": text, "attributes": { "id": "a-bucket", "region": text } });
    let group =
        json!({ "index_key": text, "attributes": { "id": "g", "tags": { "provision:stack": text } } });
    let database = json!({ "index_key": text, "attributes": { "identifier": "db", "engine": text } });
    let one = |kind: &str, instance| json!({ "mode": "managed", "type": kind, "name": "a", "instances": [instance] });
    json!({
        "version": 4, "serial": 1, "terraform_version": text, "outputs": { text: {} },
        "resources": [one("aws_s3_bucket", bucket), one("aws_security_group", group), one("aws_db_instance", database)],
    })
    .to_string()
}

/// The doors of the command line: what each command says where text from outside is all around it.
fn said(folder: &TempDir, arguments: &[&str], text: &str) -> String {
    let environment = text.replace('\0', "");
    let output = Command::new(env!("CARGO_BIN_EXE_provision"))
        .args(arguments.iter().map(|argument| argument.replace('\0', "")))
        .current_dir(folder.path())
        .env_clear()
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "nobody")
        .env("AWS_SECRET_ACCESS_KEY", "nothing")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("USER", &environment)
        .env("PROVISION_CLUSTER", if arguments.contains(&"graph") { environment.as_str() } else { "k8s" })
        .stdin(Stdio::null())
        .output()
        .expect("the command can be run");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).expect("text is printed")
}

#[test]
fn no_command_lets_text_from_outside_steer_the_terminal() {
    for text in HOSTILE {
        let folder = place(text);
        let name = text.replace('/', "");
        let (stack, plan) = (format!("{name}.yaml"), format!("{name}.json"));
        let (unknown, both) = (format!("--{text}"), format!("--region={text}"));
        let endpoint = format!("http://{text}");
        let locked = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(folder.path().join("state/shop.json.lock"));
        let mut locked = locked.expect("it is ours");
        locked.try_lock().expect("nobody holds it");
        std::fs::write(folder.path().join("terraform.tfstate"), terraform_saying(text)).expect("it is ours");
        let fields = ["id", "user", "host", "command", "since"].map(|field| (field.to_owned(), json!(text)));
        let mut holder: serde_json::Map<_, _> = fields.into_iter().collect();
        holder.insert("pid".to_owned(), json!(1));
        serde_json::to_writer(&mut locked, &holder).expect("it is ours");
        let commands: &[(&str, &[&str])] = &[
            ("the name of a stack file", &["state", "list", "-c", text]),
            ("a stack file", &["state", "list", "-c", &stack]),
            ("a stack file in colour", &["state", "list", "--color=always", "-c", &stack]),
            ("a stack file that is there already", &["init", "-c", &stack]),
            ("the name of a state", &["state", "list", "--state", text]),
            ("a state that is none, and the log", &["state", "list", "-vv", "--state", &plan]),
            ("a state of another stack", &["state", "list", "--state", "state/other.json"]),
            ("a state of another region", &["plan", "-vv"]),
            ("addresses", &["state", "list"]),
            ("a record", &["state", "show", "aws_vpc.network"]),
            ("a record as JSON", &["state", "show", "aws_vpc.network", "--json"]),
            ("an address that is none", &["state", "show", text]),
            ("outputs", &["output"]),
            ("an output", &["output", "nfs_dns_name"]),
            ("outputs as JSON", &["output", "--json"]),
            ("an output that is none", &["output", text]),
            ("whoever holds the lock", &["state", "move", "aws_vpc.network", "aws_vpc.x", "--yes"]),
            ("the id of a lock", &["state", "unlock", text, "--yes"]),
            ("a saved plan", &["apply", &plan, "--yes"]),
            ("a saved plan that is not there", &["apply", text, "--yes"]),
            ("the variable of an option", &["graph"]),
            ("a command that is none", &[text]),
            ("an option that is none", &["plan", &unknown]),
            ("a value that is none", &["plan", &both]),
            ("an endpoint", &["plan", "--endpoint-url", &endpoint]),
            ("an address to replace", &["plan", "--replace", text]),
            ("a state of Terraform", &["import", "--terraform", "terraform.tfstate"]),
            ("a state of Terraform as JSON", &["import", "--terraform", "terraform.tfstate", "--json"]),
            ("a state of Terraform that is not there", &["import", "--terraform", text]),
            ("a state of Terraform that is none", &["import", "--terraform", &plan]),
            ("a file of blocks", &["import", "--terraform", "terraform.tfstate", "--removed", text]),
        ];
        for (door, arguments) in commands {
            harmless_at(&format!("{door}, of {text:?}"), &said(&folder, arguments, text));
        }
    }
}

#[test]
fn completions_and_schemas_come_out_as_they_are_made() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = said(&folder, &["completions", shell], "");
        assert!(!said.is_empty() && !said.contains("\\u{"), "{shell}");
    }
    for document in ["stack", "plan", "state"] {
        let said = said(&folder, &["schema", document], "");
        assert!(serde_json::from_str::<serde_json::Value>(&said).is_ok(), "{document}");
    }
}

#[test]
fn what_holds_the_doors_would_see_what_comes_through() {
    for text in HOSTILE {
        assert!(harm(&format!("  {text}")).is_some() || text.starts_with("a b c"), "{text:?}");
    }
    assert_eq!(harm("plain\n\u{1b}[1mbold\u{1b}[0m ::error::\n  ::/0\n"), None);
}
