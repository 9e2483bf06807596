//! Objects as AWS has answered them, each adopted through a replay of these answers: the plan after it has ownership tags alone, or
//! the object is refused with a reason that is known. The counts stand in `docs/adopting.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::facts;

/// The kinds of objects, by the member that names one; each with its title on the page.
const KINDS: [(&str, &str, &str); 5] = [
    ("DBInstanceIdentifier", "aws_db_instance", "databases"),
    ("FileSystemId", "aws_efs_file_system", "file systems"),
    ("GroupId", "aws_security_group", "security groups"),
    ("DBSubnetGroupName", "aws_db_subnet_group", "subnet groups"),
    ("DBParameterGroupName", "aws_db_parameter_group", "parameter groups"),
];

/// The reasons for a refusal that are known: the words of the message, and those on the page.
const REASONS: [(&str, &str); 20] = [
    ("is no entry of a stack file by itself", "comes along with its database"),
    ("it belongs to the database cluster", "of a database cluster"),
    ("its engine is", "of another engine"),
    ("which is in another region, and a stack is in one", "a replica of another region"),
    ("it is a copy of", "a replica by itself"),
    ("it is being deleted", "being deleted"),
    ("it is still being made", "still being made"),
    ("it stands in no VPC", "of EC2-Classic"),
    ("it is the default group of", "the default group of a VPC"),
    ("AWS shows no security group of it", "no security group recorded of its mount targets"),
    ("have different security groups", "mount targets with different security groups"),
    ("and it has no mount target there", "One Zone storage without a mount target"),
    ("the stack file cannot say this network", "in a VPC whose id is none"),
    ("belongs to the cluster", "the cluster's"),
    ("is not a security group: the name of an entry", "a rule of a group whose id is none"),
    ("is not a security group's name", "a name that AWS takes no more"),
    ("is not a description", "a description that AWS takes no more"),
    ("is not the id of a directory", "in a directory that is not AWS's"),
    ("must be a tenth more than", "storage that cannot grow as RDS would have it"),
    ("where the network has no subnet", "in a zone without a subnet"),
];

/// The part of the page that is counted.
const BEGIN: &str = "<!-- counted -->\n";
const END: &str = "<!-- /counted -->\n";

/// One object that was recorded.
#[derive(Clone, Debug)]
struct Object {
    kind: &'static str,
    title: &'static str,
    id: String,
    region: String,
    /// The replay that has it.
    world: usize,
}

/// A replay of recorded answers, which ends with it.
struct Replay {
    child: Child,
    address: String,
}

impl Drop for Replay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Python that has what the replay needs.
fn python() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("localstack/.venv/bin/python");
    let fits = |python: &PathBuf| {
        let mut command = Command::new(python);
        command.args(["-c", "import botocore, dateutil"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    [PathBuf::from("python3"), own].into_iter().find(fits)
}

impl Replay {
    fn start(python: &Path, script: &Path, files: &[PathBuf]) -> Self {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let mut command = Command::new(python);
        command.arg(script).args(["--complete", "--port", &port.to_string()]).args(files);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the replay starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("it says where it is");
        let address = format!("127.0.0.1:{port}");
        while TcpStream::connect(&address).is_err() {
            assert!(child.try_wait().expect("it can be asked").is_none(), "the replay has ended");
            thread::yield_now();
        }
        Self { child, address }
    }

    /// The page on what was asked of it.
    fn page(&self) -> Value {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let request = format!("GET /_replay HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let body = answer.split_once("\r\n\r\n").expect("an answer has a body").1;
        serde_json::from_str(body).expect("JSON")
    }

    fn provision(&self, folder: &Path, region: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
        command.args(arguments).args(["--region", region, "--no-input", "--color", "never"]);
        command.current_dir(folder).env_clear().stdin(Stdio::null());
        for (name, value) in [
            ("AWS_ENDPOINT_URL", format!("http://{}", self.address).as_str()),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("HOME", &folder.to_string_lossy()),
        ] {
            command.env(name, value);
        }
        command.output().expect("the program runs")
    }
}

/// The region of a recorded answer: that of an ARN or of a zone in it.
fn region(entry: &Value) -> String {
    let object = &entry["object"];
    let arn =
        ["DBInstanceArn", "FileSystemArn", "SecurityGroupArn"].iter().find_map(|key| object[*key].as_str());
    let of_arn = arn.and_then(|arn| arn.split(':').nth(3));
    let zone = object["AvailabilityZone"].as_str().map(|zone| zone.trim_end_matches(char::is_alphabetic));
    of_arn.or(zone).unwrap_or("us-east-1").to_owned()
}

/// The recorded objects, and the files of each replay. Databases of one resource id are never in one account: they are apart.
fn objects(folder: &Path, split: &Path) -> (Vec<Object>, Vec<Vec<PathBuf>>) {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    let mut worlds: Vec<Vec<PathBuf>> = vec![Vec::new()];
    let mut all = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let entries: Vec<Value> = serde_json::from_str(&text).expect("a list of answers");
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut parts: Vec<Vec<Value>> = vec![Vec::new()];
        for entry in entries {
            let id = entry["object"]["DbiResourceId"].as_str().unwrap_or_default().to_owned();
            let count = seen.entry(id.clone()).or_default();
            let world = if id.is_empty() { 0 } else { *count };
            *count += 1;
            parts.resize(parts.len().max(world + 1), Vec::new());
            parts[world].push(entry.clone());
            // A part of a network is watched, and adopted by nobody.
            let kind =
                KINDS.iter().find(|(key, ..)| entry["object"][*key].is_string() && entry["kind"].is_null());
            all.extend(kind.map(|(key, kind, title)| Object {
                kind,
                title,
                id: entry["object"][*key].as_str().unwrap_or_default().to_owned(),
                region: region(&entry),
                world,
            }));
        }
        worlds.resize(worlds.len().max(parts.len()), worlds[0].clone());
        for (world, part) in parts.iter().enumerate() {
            let name = format!("{world}-{}", path.file_name().expect("a name").to_string_lossy());
            let path = split.join(name);
            std::fs::write(&path, serde_json::to_vec(part).expect("JSON")).expect("it can be written");
            worlds[world].push(path);
        }
        for later in &mut worlds[parts.len()..] {
            later.push(path.clone());
        }
    }
    (all, worlds)
}

/// Adopts one object and plans: nothing where the plan has ownership tags alone, the reason where it is refused.
fn adopted(replay: &Replay, object: &Object) -> Result<Option<&'static str>, String> {
    let folder = TempDir::new().expect("a folder");
    let wish = format!("{}.it={}", object.kind, object.id);
    let import = ["import", &wish, "--out", "provision.yaml", "--stack", "it"];
    let run = replay.provision(folder.path(), &object.region, &import);
    let said = [run.stdout, run.stderr].concat();
    let said = String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ");
    if !run.status.success() {
        let written = folder.path().join("provision.yaml").exists()
            || folder.path().join("state").join("it.json").exists();
        let known = REASONS.iter().find(|(words, _)| said.contains(words)).filter(|_| !written);
        return known.map(|(_, reason)| Some(*reason)).ok_or(said);
    }
    let plan = replay.provision(folder.path(), &object.region, &["plan", "--json"]);
    let plan: Value = serde_json::from_slice(&plan.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&plan.stderr)))?;
    let list = |key: &str| plan[key].as_array().cloned().unwrap_or_default();
    let is_wrong = |change: &&Value| {
        let paths: Vec<&str> = change["fields"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|field| field["path"].as_str())
            .collect();
        let stays = ["no-op", "watch"].contains(&change["action"].as_str().unwrap_or_default());
        !stays && (paths != ["ownership tags"] || change["effect"] != "none")
    };
    let changes = list("changes");
    let wrong: Vec<&Value> = changes.iter().filter(is_wrong).collect();
    let errors: Vec<Value> = list("preflight").into_iter().filter(|one| one["level"] == "error").collect();
    match wrong.is_empty() && errors.is_empty() && list("drift").is_empty() {
        true => Ok(None),
        false => Err(json!({ "changes": wrong, "errors": errors, "drift": list("drift") }).to_string()),
    }
}

/// The rows of the page.
fn counted(results: &[(Object, Option<&'static str>)]) -> String {
    let mut text = "| recorded | adopted | refused |\n|---|---|---|\n".to_owned();
    for (_, _, title) in KINDS {
        let of_kind = || results.iter().filter(|(object, _)| object.title == title);
        let adopted = of_kind().filter(|(_, reason)| reason.is_none()).count();
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for reason in of_kind().filter_map(|(_, reason)| *reason) {
            *reasons.entry(reason).or_default() += 1;
        }
        let reasons: Vec<String> =
            reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        text.push_str(&format!("| {} {title} | {adopted} | {} |\n", of_kind().count(), reasons.join("; ")));
    }
    text
}

#[test]
fn everything_that_aws_has_answered_is_adopted_as_it_is_or_refused_with_a_reason_and_the_page_counts_it() {
    let Some(folder) = facts::part("recorded") else { return };
    let script = folder.join("../../tools/replay.py");
    let Some(python) = python().filter(|_| script.exists()) else {
        eprintln!(
            "skipped: the replay of recorded answers needs {} and a Python with botocore",
            script.display()
        );
        return;
    };
    let split = TempDir::new().expect("a folder");
    let (objects, worlds) = objects(&folder, split.path());
    let replays: Vec<Replay> = worlds.iter().map(|files| Replay::start(&python, &script, files)).collect();
    let queue = Mutex::new(objects.clone());
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let Some(object) = queue.lock().expect("a lock").pop() else { return };
                    let result = adopted(&replays[object.world], &object);
                    results.lock().expect("a lock").push((object, result));
                }
            });
        }
    });
    let results = results.into_inner().expect("no thread panics while it holds the lock");
    let failed: Vec<String> = results
        .iter()
        .filter_map(|(object, result)| {
            Some(format!("{} {}: {}", object.kind, object.id, result.as_ref().err()?))
        })
        .collect();
    assert!(failed.is_empty(), "{} of {}:\n{}", failed.len(), results.len(), failed.join("\n"));
    for replay in &replays {
        let page = replay.page();
        for changes in ["refused", "rehearsed", "tagged"] {
            assert_eq!(page[changes], json!([]), "an adoption changes nothing");
        }
        assert_eq!(page["unknown"], json!([]), "the replay answers what is asked");
    }
    let ids: BTreeSet<(&str, &str)> = objects.iter().map(|one| (one.kind, one.id.as_str())).collect();
    assert_eq!(ids.len(), objects.len(), "each object counts once");
    let results: Vec<(Object, Option<&'static str>)> =
        results.into_iter().map(|(object, result)| (object, result.expect("it was held above"))).collect();
    let counted = counted(&results);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/adopting.md");
    let page = std::fs::read_to_string(&path).expect("the page can be read");
    let start = page.find(BEGIN).expect("the page has a part that is counted") + BEGIN.len();
    let end = page.find(END).expect("the part has an end");
    if std::env::var_os("PROVISION_WRITE_DOCS").is_some() {
        std::fs::write(&path, format!("{}{counted}{}", &page[..start], &page[end..]))
            .expect("it can be written");
        return;
    }
    assert_eq!(
        &page[start..end],
        counted,
        "docs/adopting.md counts otherwise; PROVISION_WRITE_DOCS=1 writes it"
    );
}
