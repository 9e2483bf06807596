//! The state's files as an attacker, a copy or another disk may leave them: links, wrong modes, a folder that cannot be
//! written, a snapshot and a journal that do not belong together. Each is loaded as it was, or refused with what to do.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use futures_util::FutureExt;
use provision::engine::address::Address;
use provision::engine::document::Document;
use provision::engine::resource::Id;
use provision::engine::state::{Edit, Record, State, Store};
use tempfile::TempDir;

const OLD: &str = "aws_security_group.before";
const NEW: &str = "aws_security_group.after";
/// A user who owns nothing else.
const NOBODY: u32 = 65534;

/// A folder with a stack file and a state of one resource.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: TempDir::new().expect("a temporary folder can be made") };
        std::fs::write(place.at("provision.yaml"), "stack: shop\nfile_systems: { files: {} }\n")
            .expect("the folder can be written");
        std::fs::create_dir(place.at("state")).expect("the folder can be written");
        place.put(OLD, true);
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn state(&self) -> PathBuf {
        self.at("state/shop.json")
    }

    fn beside(&self, ending: &str) -> PathBuf {
        self.at(&format!("state/shop.json.{ending}"))
    }

    /// Records one more resource, in a run that ends well or one that dies with its journal on the disk.
    fn put(&self, address: &str, ends_well: bool) {
        let fresh = || State::new("shop", "lineage".to_owned(), "123456789012", "eu-west-1");
        let store = Store::local(self.state());
        let address: Address = address.parse().expect("a valid address");
        let watched = Record::watched(Id::new("id-1"), Document::new());
        let record = Record { watched: address.kind() == "aws_vpc", ..watched };
        let writing = async {
            let mut writer = store.open("test", Duration::ZERO, fresh).await.expect("nobody holds it");
            writer.edit(Edit::Put { address, record });
            writer.commit().await.expect("the disk is whole");
            if ends_well {
                writer.close().await.expect("the disk is whole");
            }
        };
        // A file that no one else holds needs no waiting.
        writing.now_or_never().expect("it is written at once");
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Ran {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        Ran(command.output().expect("the command can be run"))
    }

    fn provision(&self, arguments: &[&str]) -> Ran {
        self.command(env!("CARGO_BIN_EXE_provision"), arguments)
    }

    fn list(&self) -> Ran {
        self.provision(&["state", "list"])
    }

    /// `state move`, which is the whole way of a change: lock, journal, snapshot, backup.
    fn move_it(&self) -> Ran {
        self.provision(&["state", "move", OLD, NEW, "--yes"])
    }
}

/// The output of a command, and how it ended.
#[derive(Debug)]
struct Ran(Output);

impl Ran {
    #[track_caller]
    fn well(&self) -> String {
        assert!(self.0.status.success(), "{self:?}");
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// Holds that it failed, with these words and a hint.
    #[track_caller]
    fn says(&self, words: &[&str]) {
        let err = String::from_utf8_lossy(&self.0.stderr);
        let flat = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(self.0.status.code(), Some(1), "{err}");
        for words in words.iter().chain(&["hint: "]) {
            assert!(flat(&err).contains(&flat(words)), "it does not say `{words}`: {err}");
        }
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).expect("it is ours");
}

#[test]
fn a_linked_state_is_read_and_written_where_it_really_is() {
    let place = Place::new();
    std::fs::rename(place.at("state"), place.at("elsewhere")).expect("the folder can be written");
    std::fs::create_dir(place.at("state")).expect("the folder can be written");
    symlink("../elsewhere/shop.json", place.state()).expect("the folder can be written");
    assert_eq!(place.list().well(), format!("{OLD}\n"));
    // A run that died has left its journal beside the file, and not beside the link.
    place.put("aws_vpc.network", false);
    assert!(place.at("elsewhere/shop.json.journal").exists());
    assert_eq!(place.list().well(), format!("{OLD}\naws_vpc.network\n"));
    place.move_it().well();
    assert_eq!(place.list().well(), format!("{NEW}\naws_vpc.network\n"));
    assert!(place.state().is_symlink(), "the link is still one");
    let left: Vec<_> = std::fs::read_dir(place.at("state")).expect("a folder").flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_plan_beside_a_run_names_it() {
    let place = Place::new();
    let plan = || place.provision(&["plan", "--region", "eu-west-1", "--endpoint-url", "http://127.0.0.1:1"]);
    let opening = async {
        let fresh = || unreachable!("there is a state");
        Store::local(place.state()).open("apply", Duration::ZERO, fresh).await.expect("nobody holds it")
    };
    let run = opening.now_or_never().expect("it is opened at once");
    plan().says(&[&format!("(process {}, since ", std::process::id()), "is at work on this state"]);
    drop(run);
    let alone = String::from_utf8_lossy(&plan().0.stderr).into_owned();
    assert!(!alone.contains("at work"), "{alone}");
}

#[test]
fn a_stack_that_has_its_new_name_already_is_said_to_have_it() {
    let place = Place::new();
    let before = std::fs::read(place.state()).expect("there is a state");
    for named in [&[][..], &["--state", "state/shop.json"]] {
        for old in ["stack.before", "stack.shop"] {
            let said =
                place.provision(&[&["state", "move", old, "stack.shop", "--yes"], named].concat()).well();
            assert!(said.starts_with("The stack is named shop already: nothing to do."), "{said}");
        }
    }
    assert_eq!(std::fs::read(place.state()).expect("there is a state"), before);
    // With a state under each name, nothing says which one counts.
    std::fs::copy(place.state(), place.at("state/before.json")).expect("it can be copied");
    let both = place.provision(&["state", "move", "stack.before", "stack.shop", "--yes"]);
    both.says(&["there is a state of the stack shop already"]);
}

#[test]
fn a_state_of_the_new_name_that_records_the_network_alone_gives_way() {
    let place = Place::new();
    std::fs::rename(place.state(), place.at("shop.json")).expect("the folder can be written");
    std::fs::remove_file(place.beside("backup")).expect("the folder can be written");
    place.put("aws_vpc.network", true);
    std::fs::rename(place.at("shop.json"), place.at("state/before.json")).expect("the folder can be written");
    std::fs::remove_file(place.beside("backup")).expect("the folder can be written");
    let text = std::fs::read_to_string(place.at("provision.yaml")).expect("there is a stack file");
    std::fs::write(place.at("provision.yaml"), text.replace("stack: shop", "stack: before"))
        .expect("a write");
    place
        .provision(&["state", "move", "stack.shop", "stack.before", "--yes"])
        .says(&["stack before already"]);
    std::fs::remove_file(place.at("state/before.json")).expect("it can be removed");
    std::fs::rename(place.state(), place.at("state/before.json")).expect("the folder can be written");
    let _ = std::fs::remove_file(place.beside("backup"));
    place.put(OLD, true);
    place.provision(&["state", "move", "stack.shop", "stack.before", "--yes"]).well();
    assert_eq!(place.list().well(), format!("{OLD}\n"));
}

#[test]
fn a_link_to_a_state_that_is_not_there_is_no_empty_state() {
    let place = Place::new();
    std::fs::rename(place.state(), place.at("elsewhere.json")).expect("the folder can be written");
    std::fs::remove_file(place.beside("lock")).expect("the folder can be written");
    symlink("../unmounted/shop.json", place.state()).expect("the folder can be written");
    for ran in [place.list(), place.move_it(), place.provision(&["state", "unlock", "x", "--yes"])] {
        ran.says(&["state/shop.json", "a link to what is not there"]);
    }
    assert!(place.state().is_symlink());
}

#[test]
fn a_link_beside_the_state_is_refused_and_what_it_points_to_stays() {
    for ending in ["journal", "lock"] {
        for target in ["victim", "state/shop.json", "nothing"] {
            let place = Place::new();
            std::fs::write(place.at("victim"), "precious").expect("the folder can be written");
            let _ = std::fs::remove_file(place.beside(ending));
            symlink(place.at(target), place.beside(ending)).expect("the folder can be written");
            let state = std::fs::read(place.state()).expect("it is there");
            place.move_it().says(&[&format!("shop.json.{ending}"), "it is a link", "delete the link"]);
            assert_eq!(std::fs::read(place.at("victim")).expect("it is there"), b"precious");
            assert_eq!(std::fs::read(place.state()).expect("it is there"), state, "{ending} to {target}");
            assert!(!place.at("nothing").exists(), "{ending}: nothing is made through the link");
        }
    }
}

#[test]
fn a_link_where_the_backup_goes_is_replaced_and_never_followed() {
    for ending in ["backup", "backup.new"] {
        let place = Place::new();
        std::fs::write(place.at("victim"), "precious").expect("the folder can be written");
        let _ = std::fs::remove_file(place.beside(ending));
        symlink(place.at("victim"), place.beside(ending)).expect("the folder can be written");
        place.move_it().well();
        assert_eq!(std::fs::read(place.at("victim")).expect("it is there"), b"precious");
        assert!(!place.beside("backup").is_symlink() && !place.beside("backup.new").exists());
    }
}

#[test]
fn a_state_that_others_can_read_is_theirs_no_more_after_the_next_write() {
    for loose in [0o644, 0o666, 0o640] {
        let place = Place::new();
        set_mode(&place.state(), loose);
        let listed = place.provision(&["state", "list", "-v"]);
        assert_eq!(listed.well(), format!("{OLD}\n"));
        let err = String::from_utf8_lossy(&listed.0.stderr);
        assert!(err.contains("others may read or write the state"), "{err}");
        place.move_it().well();
        for file in [place.state(), place.beside("backup"), place.beside("lock")] {
            assert_eq!(mode(&file), 0o600, "{} after {loose:o}", file.display());
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_can_be_read_and_says_what_to_do() {
    let place = Place::new();
    let state = std::fs::read(place.state()).expect("it is there");
    std::fs::remove_file(place.beside("lock")).expect("the folder can be written");
    let is_root = std::fs::metadata(place.folder.path()).expect("it is there").uid() == 0;
    let run = |arguments: &[&str]| {
        let binary = env!("CARGO_BIN_EXE_provision");
        if !is_root {
            return place.provision(arguments);
        }
        // Root may write anywhere, so another user has to try.
        let user = format!("--reuid={NOBODY}");
        let group = format!("--regid={NOBODY}");
        place.command("setpriv", &[&[&user, &group, "--clear-groups", binary], arguments].concat())
    };
    if is_root {
        let tried = Command::new("setpriv").arg("--version").output();
        if !tried.is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: setpriv is not installed, and root may write anywhere");
            return;
        }
        for path in [place.folder.path().to_owned(), place.at("state"), place.state()] {
            chown(path, Some(NOBODY), Some(NOBODY)).expect("root may");
        }
    }
    set_mode(&place.at("state"), 0o555);
    if is_root && run(&["--version"]).0.status.code() == Some(126) {
        eprintln!("SKIPPED: another user cannot run the program where it was built");
        return;
    }
    assert_eq!(run(&["state", "list"]).well(), format!("{OLD}\n"));
    run(&["state", "move", OLD, NEW, "--yes"]).says(&[
        "shop.json.lock",
        "Permission denied",
        "readable and writable for you",
        "make the folder state readable",
    ]);
    set_mode(&place.at("state"), 0o755);
    assert_eq!(std::fs::read(place.state()).expect("it is there"), state);
    assert!(!place.beside("lock").exists() && !place.beside("journal").exists(), "nothing is left beside it");
}

#[test]
fn a_disk_with_room_for_the_journal_alone_loses_nothing_and_says_which_file_is_meant() {
    let place = Place::new();
    (0..16).for_each(|n| place.put(&format!("aws_vpc.another-{n:02}"), true));
    // A file may have two blocks: that is enough for a lock and for the edits, and not for the state.
    let small = "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\"";
    let binary = env!("CARGO_BIN_EXE_provision");
    let ran = place.command("/bin/sh", &["-c", small, binary, "state", "move", OLD, NEW, "--yes"]);
    ran.says(&[
        "the state is recorded in state/shop.json.journal alone",
        "cannot write state/shop.json",
        "nothing is lost",
        "the next one that writes makes the state whole",
    ]);
    let said = String::from_utf8_lossy(&ran.0.stderr).into_owned();
    assert!(!said.contains(".state-"), "nobody asked for that file: {said}");
    assert!(place.beside("journal").exists());
    assert!(place.list().well().starts_with(&format!("{NEW}\n")), "it is read all the same");
    place.provision(&["state", "move", NEW, OLD, "--yes"]).well();
    assert!(!place.beside("journal").exists());
}

#[test]
fn a_journal_that_does_not_go_on_from_the_snapshot_is_never_replayed() {
    // The snapshot of yesterday is put back beside the journal of a run that died today.
    let place = Place::new();
    let yesterday = std::fs::read(place.state()).expect("it is there");
    place.move_it().well();
    place.put("aws_vpc.network", false);
    assert_eq!(place.list().well(), format!("{NEW}\naws_vpc.network\n"));
    let today = std::fs::read(place.state()).expect("it is there");
    std::fs::write(place.state(), &yesterday).expect("the folder can be written");
    for ran in [place.list(), place.move_it()] {
        ran.says(&["the journal belongs to another state", "shop.json.journal", "provision state rebuild"]);
    }
    assert_eq!(std::fs::read(place.state()).expect("it is there"), yesterday);
    std::fs::write(place.state(), today).expect("the folder can be written");
    assert_eq!(place.list().well(), format!("{NEW}\naws_vpc.network\n"));

    // A disk that lost a block.
    let mut journal = std::fs::read(place.beside("journal")).expect("it is there");
    let middle = journal.len() / 2;
    journal[middle..].fill(0);
    std::fs::write(place.beside("journal"), journal).expect("the folder can be written");
    place.list().says(&["line 2 of the journal is damaged", "shop.json.journal", "provision state rebuild"]);
}

/// The system calls of a whole change that fit, as strace writes them; none where it is not installed.
fn traced(place: &Place, calls: &str) -> Option<Vec<String>> {
    if !Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: strace is not installed");
        return None;
    }
    let log = place.at("calls");
    // With a mask that allows everything, each permission is the program's own doing.
    let script = "umask 000; exec strace -f -qq -o \"$0\" \"$@\"";
    let log_name = log.to_string_lossy();
    let trace = format!("--trace={calls}");
    let binary = env!("CARGO_BIN_EXE_provision");
    let arguments = ["-c", script, &log_name, &trace, binary, "state", "move", OLD, NEW, "--yes"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new("/bin/sh");
    command
        .args(arguments)
        .current_dir(place.folder.path())
        .env_clear()
        .env("PATH", path)
        .stdin(Stdio::null());
    Ran(command.output().expect("a shell can be run")).well();
    let text = std::fs::read_to_string(log).expect("strace wrote it");
    Some(text.lines().map(str::to_owned).collect())
}

#[test]
fn no_file_of_a_state_is_open_to_others_even_for_a_moment() {
    let place = Place::new();
    std::fs::remove_file(place.beside("lock")).expect("the folder can be written");
    let Some(calls) = traced(&place, "openat,open,creat,chmod,fchmod,fchmodat") else { return };
    let made: Vec<&String> = calls.iter().filter(|call| call.contains("O_CREAT")).collect();
    assert!(made.len() >= 3, "lock, journal and snapshot: {made:#?}");
    for call in made {
        assert!(call.contains(", 0600)"), "{call}");
    }
    let afterwards: Vec<&String> = calls.iter().filter(|call| call.contains("chmod")).collect();
    assert!(afterwards.is_empty(), "nothing has to be closed afterwards: {afterwards:#?}");
    for file in [place.state(), place.beside("backup"), place.beside("lock")] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn the_program_leaves_no_core_dump() {
    let place = Place::new();
    let Some(calls) = traced(&place, "prlimit64,setrlimit,prctl") else { return };
    let done = |words: &[&str]| calls.iter().any(|call| words.iter().all(|word| call.contains(word)));
    assert!(done(&["RLIMIT_CORE", "rlim_cur=0", "= 0"]), "{calls:#?}");
    assert!(done(&["PR_SET_DUMPABLE", "SUID_DUMP_DISABLE", "= 0"]), "{calls:#?}");
}
