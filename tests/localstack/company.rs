//! A company's network: nothing but a proxy reaches AWS, TLS has a certificate of the company, the credentials are those of a role of a
//! profile, and the clock is wrong. boto3 stands beside as the judge: where it works, so does provision, and where it fails, too.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use crate::world::{Ran, World, endpoint};

/// The proxy, and what it was asked.
struct Company {
    proxy: Child,
    port: String,
    heard: Arc<Mutex<Vec<String>>>,
    authority: String,
}

impl Drop for Company {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let mut openssl = Command::new("openssl");
    openssl.args(arguments.split_whitespace()).current_dir(folder).stderr(Stdio::null());
    assert!(openssl.status().expect("openssl can be run").success(), "openssl {arguments}");
}

const NEW: &str = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

impl Company {
    /// A proxy to an AWS whose clock is so many seconds ahead.
    fn new(world: &World, ahead: i32) -> Self {
        let folder = world.folder.path();
        let usage = "-addext keyUsage=critical,keyCertSign -addext basicConstraints=critical,CA:TRUE";
        openssl(folder, &format!("{NEW} -subj /CN=company {usage} -keyout authority.key -out authority.pem"));
        let names = "subjectAltName=DNS:*.eu-west-1.amazonaws.com,DNS:*.amazonaws.com";
        let leaf = format!("-CA authority.pem -CAkey authority.key -subj /CN=aws -addext {names}");
        let usage = "-addext basicConstraints=critical,CA:FALSE";
        openssl(folder, &format!("{NEW} {leaf} {usage} -keyout aws.key -out aws.pem"));
        let mut proxy = Command::new("python3");
        proxy.arg(here("tests/localstack/company.py")).args([
            endpoint(),
            "aws.pem",
            "aws.key",
            &ahead.to_string(),
        ]);
        let mut proxy = proxy.current_dir(folder).stdout(Stdio::piped()).spawn().expect("Python is there");
        let mut lines = BufReader::new(proxy.stdout.take().expect("it is piped")).lines();
        let port = lines.next().expect("it says its port").expect("text");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let all = heard.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                all.lock().expect("nobody panics with it").push(line);
            }
        });
        let role = format!("role_arn = arn:aws:iam::{}:role/deployer", world.account);
        let authority = world.path("authority.pem").display().to_string();
        let config = format!(
            "[profile base]\naws_access_key_id = {account}\naws_secret_access_key = secret\n\
             [profile prod]\n{role}\nsource_profile = base\nregion = eu-west-1\n\
             [profile trusting]\n{role}\nsource_profile = base\nregion = eu-west-1\nca_bundle = {authority}\n",
            account = world.account
        );
        std::fs::write(world.path("config"), config).expect("the folder can be written");
        Self { proxy, port, heard, authority }
    }

    /// The same environment for a program of ours and the judge; the last change wins.
    fn environment(&self, command: &mut Command, world: &World, changed: &[(&str, &str)]) {
        for name in ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
            command.env_remove(name);
        }
        command.env("AWS_CONFIG_FILE", world.path("config")).env("AWS_PROFILE", "prod");
        command.env("AWS_CA_BUNDLE", &self.authority);
        command.env("HTTPS_PROXY", format!("http://127.0.0.1:{}", self.port));
        for (name, value) in changed {
            match *value {
                "" => command.env_remove(name),
                value => command.env(name, value),
            };
        }
    }

    fn provision(&self, world: &World, arguments: &[&str], changed: &[(&str, &str)]) -> Ran {
        let mut command = world.command(arguments);
        self.environment(&mut command, world, changed);
        crate::world::ended(command.spawn().expect("the program starts"))
    }

    /// boto3 with the same environment: true where it gets to AWS, as the role.
    fn judge(&self, world: &World, changed: &[(&str, &str)]) -> bool {
        const ASK: &str = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn']); \
                           boto3.client('rds').describe_db_instances()";
        let mut judge = Command::new(here("localstack/.venv/bin/python"));
        judge
            .args(["-c", ASK])
            .env_clear()
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("HOME", world.folder.path());
        judge.env("AWS_MAX_ATTEMPTS", "1");
        self.environment(&mut judge, world, changed);
        let asked = judge.output().expect("the emulator's Python is there");
        let said = String::from_utf8_lossy(&asked.stdout);
        asked.status.success() && said.contains("assumed-role/deployer")
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("nobody panics with it").clone()
    }
}

#[test]
fn what_boto3_reaches_through_a_company_s_network_is_reached_and_nothing_else() {
    let world = World::small();
    let company = Company::new(&world, 0);
    let closed = "http://127.0.0.1:9";
    let open = format!("http://127.0.0.1:{}", company.port);
    let strange =
        "-subj /CN=other -addext basicConstraints=critical,CA:TRUE -keyout other.key -out other.pem";
    openssl(world.folder.path(), &format!("{NEW} {strange}"));
    let other = world.path("other.pem").display().to_string();
    for (changed, works, words) in [
        (&[][..], true, "to create"),
        // The certificate is the company's own, and another authority knows nothing of it.
        (&[("AWS_CA_BUNDLE", other.as_str())], false, "is not trusted"),
        (&[("HTTPS_PROXY", closed)], false, "look at the proxy that HTTPS_PROXY names"),
        // The variable in small letters counts before the one in capitals.
        (&[("https_proxy", closed)], false, "look at the proxy that HTTPS_PROXY names"),
        (&[("HTTPS_PROXY", closed), ("https_proxy", open.as_str())], true, "to create"),
        (&[("AWS_PROFILE", "prdo")], false, "there is no AWS profile `prdo`"),
        (&[("AWS_PROFILE", ""), ("AWS_DEFAULT_PROFILE", "prod")], true, "to create"),
        (&[("AWS_PROFILE", ""), ("AWS_DEFAULT_PROFILE", "prdo")], false, "there is no AWS profile `prdo`"),
        // The profile names the certificates.
        (&[("AWS_CA_BUNDLE", ""), ("AWS_PROFILE", "trusting")], true, "to create"),
        (&[("AWS_CA_BUNDLE", "")], false, "is not trusted"),
    ] {
        assert_eq!(company.judge(&world, changed), works, "boto3 with {changed:?}");
        let ran = company.provision(&world, &["plan"], changed);
        assert_eq!(ran.code != 1, works, "{changed:?}: {ran:?}");
        ran.says(&[words]);
    }
    let heard = company.heard();
    for host in ["sts", "rds", "ec2", "elasticfilesystem"] {
        let place = format!("{host}.eu-west-1.amazonaws.com:443 ");
        assert!(heard.iter().any(|line| line.starts_with(&place)), "{place} is not in {heard:?}");
    }
    company.provision(&world, &["apply", "--auto-approve"], &[]).exits(0);
    world.plans_nothing();
}

/// The settings of botocore, as it names them itself: of each its variables and its names in a profile.
const SETTINGS: &str = "
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as ALL
for in_profile, in_environment, *_ in ALL.values():
    for names in (in_profile, in_environment):
        for name in [names] if isinstance(names, str) else names or []:
            print(name)
";

#[test]
fn every_setting_of_boto3_is_in_the_table_of_those_that_count() {
    let page = std::fs::read_to_string(here("docs/settings.md")).expect("the page is there");
    let asked = Command::new(here("localstack/.venv/bin/python")).args(["-c", SETTINGS]).output();
    let asked = asked.expect("the emulator's Python is there");
    let said = String::from_utf8(asked.stdout).expect("text");
    let settings: Vec<&str> = said.lines().collect();
    assert!(settings.len() > 50 && settings.contains(&"AWS_CA_BUNDLE"), "{settings:?}");
    let missing: Vec<_> = settings.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/settings.md says nothing of {missing:?}");
}

#[test]
fn a_clock_that_is_wrong_is_measured_by_reads_and_writes() {
    let world = World::small();
    let company = Company::new(&world, 20 * 60);
    company.provision(&world, &["apply", "--auto-approve"], &[]).exits(0);
    let heard = company.heard();
    let count = |end: &str| heard.iter().filter(|line| line.ends_with(end)).count();
    // A client measures it with its first calls; those after it are signed with AWS's time.
    assert!((1..count(" forwarded")).contains(&count(" expired")), "{heard:?}");
    let refused = |line: &String| line.starts_with("elasticfilesystem.") && line.ends_with(" POST expired");
    assert!(heard.iter().any(refused), "a write was among them: {heard:?}");
    world.plans_nothing();
}
