//! The network of a company as the program meets it: proxies, certificates of its own, hosts that are not reached.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A plan against this endpoint, with these variables.
fn plan(folder: &Path, endpoint: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    command.args(["plan", "--reference", "--region", "eu-west-1", "--endpoint-url", endpoint]);
    command.current_dir(folder).stdin(Stdio::null());
    for variable in
        ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "AWS_CA_BUNDLE"]
    {
        command.env_remove(variable);
    }
    command.envs([("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
    command.envs(variables.iter().copied()).output().expect("the program starts")
}

fn error_of(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    std::str::from_utf8(&output.stderr).expect("text is printed")
}

/// A port where nothing listens any more.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound").port()
}

/// A proxy that forbids everything; the requests that it gets.
fn proxy() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let place = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (heard, all) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut first = String::new();
            BufReader::new(&stream).read_line(&mut first).expect("a request");
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
            if heard.send(first).is_err() {
                return;
            }
        }
    });
    (place, all)
}

/// The ways in which a firewall, a broken server or a broken proxy ends connections.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Closed,
    /// What was sent is left unread.
    Reset,
    /// The proxy opens the tunnel, and there is nothing behind it.
    TunnelClosed,
    /// HTTP, in place of TLS.
    PlainHttp,
}

impl Ending {
    fn end(self, mut stream: TcpStream) {
        let mut buffer = [0; 4096];
        let answer = match self {
            Self::Reset => {
                let _ = stream.peek(&mut buffer);
                return;
            }
            Self::Closed => "",
            Self::TunnelClosed => "HTTP/1.1 200 OK\r\n\r\n",
            Self::PlainHttp => "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        };
        let _ = stream.read(&mut buffer);
        let _ = stream.write_all(answer.as_bytes());
    }
}

/// A server whose connections all end so; one word for each of them.
fn ending(how: Ending) -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let place = listener.local_addr().expect("it is bound").to_string();
    let (heard, all) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let is_heard = heard.send(()).is_ok();
            how.end(stream.expect("a connection"));
            if !is_heard {
                return;
            }
        }
    });
    (place, all)
}

#[test]
fn a_connection_that_is_cut_off_is_given_up_within_seconds_and_named_with_its_port() {
    let try_it = |scheme: &'static str, how: Ending, is_proxy: bool, most: usize, words: &'static str| {
        move || {
            let folder = tempfile::tempdir().expect("a folder can be made");
            let (place, heard) = ending(how);
            let begun = Instant::now();
            let (meant, output) = if is_proxy {
                let meant = "nowhere.invalid:8443";
                let proxy = format!("http://somebody:geheim@{place}");
                (meant, plan(folder.path(), &format!("https://{meant}"), &[("HTTPS_PROXY", &proxy)]))
            } else {
                (place.as_str(), plan(folder.path(), &format!("{scheme}://{place}"), &[]))
            };
            let (said, took, tried) = (error_of(&output), begun.elapsed(), heard.try_iter().count());
            assert!(said.contains(meant) && said.contains(&place), "{how:?}: {said}");
            assert!(said.contains(words) && !said.contains("geheim"), "{how:?}: {said}");
            assert!(said.contains("look at the") && said.contains("HTTPS_PROXY"), "{how:?}: {said}");
            assert!(tried <= most, "{how:?}: {tried} connections");
            // It took half a minute before.
            assert!(took < Duration::from_secs(10), "{how:?}: {took:?}");
        }
    };
    // A plan makes four calls side by side, each three times at most; there were up to 29 connections before. To ask again is of no use
    // where no TLS is spoken.
    let closed = "closed the connection";
    let through = "was closed without an answer";
    let ways = [
        try_it("https", Ending::Closed, false, 12, closed),
        try_it("https", Ending::Reset, false, 12, closed),
        try_it("https", Ending::PlainHttp, false, 4, "no encrypted connection"),
        try_it("http", Ending::Closed, false, 12, closed),
        try_it("http", Ending::Reset, false, 12, closed),
        try_it("", Ending::Closed, true, 12, closed),
        try_it("", Ending::Reset, true, 12, closed),
        try_it("", Ending::TunnelClosed, true, 12, through),
    ];
    let running = ways.map(std::thread::spawn);
    for way in running {
        if let Err(panic) = way.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn a_bucket_of_the_state_that_cuts_connections_off_is_given_up_within_seconds() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let text = "stack: shop\nstate: { location: \"s3://bucket/shop.json\" }\nbuckets: { a: {} }\n";
    std::fs::write(folder.path().join("provision.yaml"), text).expect("it can be written");
    let (place, heard) = ending(Ending::Closed);
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    command.args(["plan", "--region", "eu-west-1", "--endpoint-url", &format!("http://{place}")]);
    command.envs([("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
    let output = command.current_dir(folder.path()).stdin(Stdio::null()).output().expect("it starts");
    let said = error_of(&output);
    assert!(said.contains(&format!("{place} closed the connection without an answer")), "{said}");
    assert!(heard.try_iter().count() <= 4, "{said}");
}

#[test]
fn a_proxy_that_cannot_be_used_is_an_error_and_nothing_is_sent_past_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (place, heard) = ending(Ending::Closed);
    let endpoint = format!("https://{place}");
    for (variable, address, shown) in [
        ("HTTPS_PROXY", "socks5://me:geheim@proxy.invalid:1080", "proxy.invalid:1080"),
        ("ALL_PROXY", "socks5h://proxy.invalid:1080", "proxy.invalid:1080"),
        ("https_proxy", "ftp://proxy.invalid:21", "proxy.invalid:21"),
        ("all_proxy", "http://bad host:3128", "bad host:3128"),
        ("HTTPS_PROXY", r"http://dom\user:p@geheim@127.0.0.1:3128", "127.0.0.1:3128"),
    ] {
        let output = plan(folder.path(), &endpoint, &[(variable, address)]);
        let said = error_of(&output);
        let words = format!("{variable}, which names {shown}, cannot be used");
        assert!(said.contains(&words) && said.contains(&place), "{said}");
        assert!(said.contains("http://HOST:PORT") && said.contains("NO_PROXY"), "{said}");
        assert!(!said.contains("geheim"), "{said}");
        assert_eq!(heard.try_iter().count(), 0, "{variable}: it was asked directly");
    }
    // It is of no matter to a host that is reached without it.
    let socks = ("HTTPS_PROXY", "socks5://proxy.invalid:1080");
    let output = plan(folder.path(), &endpoint, &[socks, ("NO_PROXY", "127.0.0.1")]);
    assert!(
        error_of(&output).contains("closed the connection") && heard.try_iter().count() > 0,
        "{output:?}"
    );
    let output = plan(folder.path(), &format!("http://127.0.0.1:{}", closed_port()), &[socks]);
    assert!(error_of(&output).contains("refuses the connection"), "{output:?}");
}

#[test]
fn a_refused_connection_is_named_with_its_port_within_seconds() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let port = closed_port();
    let begun = Instant::now();
    let output = plan(folder.path(), &format!("http://127.0.0.1:{port}"), &[]);
    let said = error_of(&output);
    assert!(said.contains(&format!("127.0.0.1:{port} refuses the connection")), "{said}");
    // It took half a minute before: eight attempts with ever longer pauses.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn https_goes_through_the_proxy_of_the_environment_and_not_where_it_says_so() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (place, heard) = proxy();
    let endpoint = "https://nowhere.invalid:8443";
    let output = plan(folder.path(), endpoint, &[("HTTPS_PROXY", &place)]);
    let said = error_of(&output);
    let address = place.trim_start_matches("http://");
    let forbids = format!("the proxy {address} does not let the connection to nowhere.invalid:8443 through");
    assert!(said.contains(&forbids), "{said}");
    assert!(said.contains("HTTPS_PROXY") && said.contains("NO_PROXY"), "{said}");
    let first = heard.try_recv().expect("the proxy was asked");
    assert!(first.starts_with("CONNECT nowhere.invalid:8443 "), "{first}");

    let (place, heard) = proxy();
    let output = plan(folder.path(), endpoint, &[("HTTPS_PROXY", &place), ("NO_PROXY", ".invalid")]);
    let said = error_of(&output);
    assert!(said.contains("the host of nowhere.invalid:8443 is not known"), "{said}");
    assert!(said.contains("look at the region"), "{said}");
    assert!(heard.try_recv().is_err(), "the proxy was asked");
}

#[test]
fn the_proxy_in_small_letters_counts_and_a_place_with_its_port_can_be_left_out() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let endpoint = "https://nowhere.invalid:8443";
    let ((small, heard_small), (capital, heard_capital)) = (proxy(), proxy());
    let both = [("HTTPS_PROXY", capital.as_str()), ("https_proxy", &small)];
    let said = plan(folder.path(), endpoint, &both);
    assert!(error_of(&said).contains("does not let the connection"), "{said:?}");
    assert!(heard_small.try_recv().is_ok() && heard_capital.try_recv().is_err(), "{said:?}");
    for (changed, goes_through) in [
        (("https_proxy", ""), false),
        (("NO_PROXY", "nowhere.invalid:8443"), false),
        (("no_proxy", ".invalid:8443"), false),
        (("NO_PROXY", "nowhere.invalid:443"), true),
    ] {
        let output = plan(folder.path(), endpoint, &[("HTTPS_PROXY", capital.as_str()), changed]);
        let said = error_of(&output);
        assert_eq!(heard_capital.try_iter().count() > 0, goes_through, "{changed:?}: {said}");
        let words = if goes_through {
            "does not let the connection"
        } else {
            "the host of nowhere.invalid:8443 is not known"
        };
        assert!(said.contains(words), "{changed:?}: {said}");
    }
}

#[test]
fn an_endpoint_of_one_s_own_and_one_of_fips_are_told_of_as_a_contradiction() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (variable, word) in [("AWS_USE_FIPS_ENDPOINT", "FIPS"), ("AWS_USE_DUALSTACK_ENDPOINT", "Dualstack")] {
        let output = plan(folder.path(), "http://127.0.0.1:1", &[(variable, "true")]);
        let said = error_of(&output);
        assert!(said.contains(&format!("{word} and custom endpoint are not supported")), "{said}");
        assert!(said.contains("take one of the two away") && !said.contains("Credentials"), "{said}");
    }
}

#[test]
fn a_bucket_of_the_state_that_is_silent_is_given_up_after_the_second_silence() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let text = "stack: shop\nstate: { location: \"s3://bucket/shop.json\" }\nbuckets: { a: {} }\n";
    std::fs::write(folder.path().join("provision.yaml"), text).expect("it can be written");
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let place = silent.local_addr().expect("it is bound").to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    command.args(["plan", "--region", "eu-west-1", "--endpoint-url", &format!("http://{place}")]);
    command.envs([("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
    let begun = Instant::now();
    let output = command.current_dir(folder.path()).stdin(Stdio::null()).output().expect("it starts");
    let said = error_of(&output);
    assert!(said.contains(&format!("{place} does not answer")), "{said}");
    // Two answers of 13 seconds, and not five.
    assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
}

#[test]
fn a_proxy_that_is_not_there_is_named_itself() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let closed = format!("127.0.0.1:{}", closed_port());
    for (proxy, words) in [
        (closed.as_str(), format!("the proxy {closed} refuses the connection, and nowhere.invalid:8443")),
        ("proxy.invalid:3128", "the host of the proxy proxy.invalid:3128 is not known".to_owned()),
    ] {
        let variable = format!("http://somebody:geheim@{proxy}");
        let output = plan(folder.path(), "https://nowhere.invalid:8443", &[("HTTPS_PROXY", &variable)]);
        let said = error_of(&output);
        assert!(said.contains(&words) && said.contains("look at the proxy"), "{said}");
        assert!(!said.contains("geheim"), "{said}");
    }
}

#[test]
fn a_server_that_is_silent_is_named_on_the_screen_while_it_is_waited_for() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    // It takes connections, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let place = silent.local_addr().expect("it is bound").to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    command.args([
        "plan",
        "--reference",
        "--region",
        "eu-west-1",
        "--endpoint-url",
        &format!("http://{place}"),
    ]);
    command.envs([("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
    let mut command =
        command.current_dir(folder.path()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let begun = Instant::now();
    let mut line = String::new();
    BufReader::new(command.stderr.take().expect("it is piped")).read_line(&mut line).expect("a line");
    command.kill().expect("it still waits");
    command.wait().expect("it ends");
    assert_eq!(line, format!("Waiting for an answer of {place}.\n"));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[test]
fn a_command_for_credentials_that_takes_its_time_is_named_on_the_screen() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (config, answer) = (file("config"), file("answer.json"));
    // It ends when there is an answer to give.
    let text = format!(
        "[profile company]\nregion = eu-west-1\ncredential_process = until cat {answer} 2> /dev/null; do sleep 0.05; done\n"
    );
    std::fs::write(&config, text).expect("it can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    let endpoint = format!("http://127.0.0.1:{}", closed_port());
    command.args(["plan", "--reference", "--profile", "company", "--endpoint-url", &endpoint]);
    command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = command.env("AWS_CONFIG_FILE", config).spawn().expect("the program starts");
    let mut lines = BufReader::new(running.stderr.take().expect("it is piped")).lines();
    let line = lines.next().expect("there is a line").expect("it is text");
    let made = file("answer.new");
    let credentials = r#"{"Version": 1, "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secret"}"#;
    std::fs::write(&made, credentials).expect("it can be written");
    std::fs::rename(&made, &answer).expect("it can be put there at once");
    let rest: Vec<String> = lines.map(|line| line.expect("it is text")).collect();
    assert_eq!(running.wait().expect("it ends").code(), Some(1));
    assert_eq!(line, "Waiting for the credentials of the profile company: credential_process.");
    assert!(rest.iter().any(|line| line.contains("refuses the connection")), "{rest:?}");
    assert!(!rest.iter().any(|line| line.contains("Waiting for the credentials")), "{rest:?}");
}

#[test]
fn a_bundle_of_certificates_that_cannot_be_used_is_an_error_before_anything_is_asked() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let bundle = folder.path().join("company.pem");
    for text in [None, Some("no certificate")] {
        if let Some(text) = text {
            std::fs::write(&bundle, text).expect("it can be written");
        }
        let named = bundle.display().to_string();
        let output = plan(folder.path(), "https://127.0.0.1:1", &[("AWS_CA_BUNDLE", &named)]);
        let said = error_of(&output);
        assert!(said.contains("AWS_CA_BUNDLE") && said.contains("company.pem"), "{said}");
        assert!(said.contains("hint: "), "{said}");
    }
}

#[test]
fn certificates_are_not_read_where_nothing_is_encrypted() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let missing = folder.path().join("company.pem").display().to_string();
    let endpoint = format!("http://127.0.0.1:{}", closed_port());
    let output = plan(folder.path(), &endpoint, &[("AWS_CA_BUNDLE", &missing)]);
    let said = error_of(&output);
    assert!(said.contains("refuses the connection") && !said.contains("company.pem"), "{said}");
}

/// A server that answers everything with nothing, over TLS.
const SERVER: &str = "
import http.server, ssl, sys
class Empty(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
    do_GET = do_POST
server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Empty)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
";

#[test]
fn the_certificates_of_a_company_are_trusted_where_they_are_named() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (key, certificate) = (file("key.pem"), file("certificate.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &key, "-out", &certificate])
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: there is no openssl to make a certificate with");
        return;
    }
    let port = closed_port();
    let mut server = Command::new("python3")
        .args(["-c", SERVER, &port.to_string(), &certificate, &key])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the emulator needs Python, so that it is there");
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::yield_now();
    }
    let endpoint = format!("https://localhost:{port}");
    let distrusted = plan(folder.path(), &endpoint, &[]);
    let trusted = plan(folder.path(), &endpoint, &[("AWS_CA_BUNDLE", &certificate)]);
    server.kill().expect("it runs");
    server.wait().expect("it ends");
    let said = error_of(&distrusted);
    assert!(said.contains(&format!("the certificate of localhost:{port} is not trusted")), "{said}");
    assert!(said.contains("AWS_CA_BUNDLE"), "{said}");
    // What answers is not AWS, and it is read.
    let said = error_of(&trusted);
    assert!(!said.contains("not trusted") && !said.contains("Unreachable"), "{said}");
}

#[test]
fn a_command_for_credentials_does_not_get_the_password_of_a_database() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("it can be written");
        path.display().to_string()
    };
    let heard = folder.path().join("heard");
    let answer = r#"{"Version": 1, "AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "secret"}"#;
    let answer = file("answer.json", answer);
    let config = format!(
        "[profile company]\nregion = eu-west-1\ncredential_process = env > {}; cat {answer}\n",
        heard.display()
    );
    let config = file("config", &config);
    file(
        "provision.yaml",
        "stack: shop\ncluster: a.example.com\ndatabases:\n  main: { access: [], password: env:PGPASSWORD }\n",
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
    let endpoint = format!("http://127.0.0.1:{}", closed_port());
    command.args(["plan", "--profile", "company", "--endpoint-url", &endpoint]);
    command.current_dir(folder.path()).stdin(Stdio::null());
    command.env("AWS_CONFIG_FILE", config).env("PGPASSWORD", "canary-1234").env("ORDINARY", "seen");
    let output = command.output().expect("the program starts");
    let said = error_of(&output);
    assert!(said.contains("refuses the connection"), "it has credentials: {said}");
    let heard = std::fs::read_to_string(heard).expect("the command has run");
    assert!(heard.contains("ORDINARY=seen"), "{heard}");
    assert!(!heard.contains("PGPASSWORD") && !heard.contains("canary"), "{heard}");
}
