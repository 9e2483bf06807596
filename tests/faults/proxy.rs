//! The fault proxy: stands between the program and LocalStack, knows every call, and lets one of them go wrong.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use crate::answers::half;
use crate::fault::{Does, Fault, Moment};
use crate::http::Message;
use crate::operation::Call;
use crate::transcript::Transcript;

pub use crate::transcript::{Heard, Site, Trigger};

/// A request of the proxy to the holder of the program; the proxy waits until it has been granted.
#[derive(Debug)]
pub struct Ask {
    pub what: Wish,
    pub granted: Sender<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Dead, before anything else happens.
    Kill,
    /// Asked to stop.
    Interrupt,
    /// Stopped, as in a computer that sleeps.
    Suspend,
    /// Going on again.
    Resume,
}

/// The proxy. It runs until the process ends.
#[derive(Clone)]
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: String,
    state: Mutex<State>,
    /// Something of the state has changed.
    moved: Condvar,
}

#[derive(Default)]
struct State {
    run: Transcript,
    under_way: usize,
    holder: Option<Sender<Ask>>,
    /// Set from the moment of a kill until the next run: nothing of the dead program goes on to the server.
    dead: bool,
    /// True if answers that were withheld may go.
    let_go: bool,
    /// The connections of the program, by when they came.
    connections: BTreeMap<usize, TcpStream>,
    connected: usize,
    /// The time for which nothing listens from now on.
    deaf: Option<Duration>,
}

impl Proxy {
    /// Starts a proxy in front of `127.0.0.1:4597`.
    pub fn start(upstream: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Shared {
            upstream: upstream.to_owned(),
            state: Mutex::new(State::default()),
            moved: Condvar::new(),
        };
        let proxy = Self { address, shared: Arc::new(shared) };
        let serving = proxy.clone();
        thread::spawn(move || serving.listen(listener));
        Ok(proxy)
    }

    /// Forgets the calls so far, and lets this fault happen in the run to come.
    pub fn arm(&self, fault: Option<(Trigger, Fault)>) -> Receiver<Ask> {
        let (holder, asks) = channel();
        let mut state = self.state();
        let last = std::mem::take(&mut *state);
        *state = State {
            run: Transcript::armed(fault),
            holder: Some(holder),
            under_way: last.under_way,
            connections: last.connections,
            connected: last.connected,
            ..State::default()
        };
        asks
    }

    /// The number of times that the fault has happened.
    pub fn hits(&self) -> usize {
        self.state().run.hits
    }

    /// True if the run came to where the fault was to happen.
    pub fn is_past_the_site(&self) -> bool {
        self.state().run.is_past_the_site()
    }

    /// The calls of the run.
    pub fn calls(&self) -> Vec<Call> {
        self.state().run.calls.clone()
    }

    /// The calls of the run that were answered, in the order of their answers.
    pub fn heard(&self) -> Vec<Heard> {
        self.state().run.heard.clone()
    }

    /// Waits until no call is under way any more.
    pub fn settle(&self) {
        self.wait_while("calls stay under way", |state| state.under_way > 0);
    }

    /// Waits until the fault has happened.
    pub fn has_happened(&self) {
        self.wait_while("the fault does not happen", |state| state.run.hits == 0);
    }

    /// Lets answers go that were withheld.
    pub fn let_go(&self) {
        self.change(|state| state.let_go = true);
    }

    /// Resets every connection of the program.
    pub fn reset_all(&self) {
        for connection in self.state().connections.values() {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("no thread panics while it holds the lock")
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state());
        self.shared.moved.notify_all();
        changed
    }

    fn wait_while(&self, problem: &str, is_so: impl FnMut(&mut State) -> bool) {
        let waited = self.shared.moved.wait_timeout_while(self.state(), Duration::from_secs(60), is_so);
        assert!(!waited.expect("no thread panics").1.timed_out(), "{problem}");
    }

    fn listen(&self, mut listener: TcpListener) {
        loop {
            let Ok((stream, _)) = listener.accept() else { continue };
            if let Some(pause) = self.state().deaf.take() {
                // Without a listener, connections are refused; the one that has come only woke this thread up.
                drop((stream, listener));
                thread::sleep(pause);
                listener = TcpListener::bind(self.address).expect("the port is still free");
                continue;
            }
            let serving = self.clone();
            thread::spawn(move || serving.serve(stream));
        }
    }

    fn serve(&self, stream: TcpStream) {
        let (Ok(mut writer), Ok(known)) = (stream.try_clone(), stream.try_clone()) else { return };
        let number = self.change(|state| {
            state.connected += 1;
            state.connections.insert(state.connected, known);
            state.connected
        });
        let mut reader = BufReader::new(stream);
        while let Ok(Some(request)) = Message::read(&mut reader) {
            self.change(|state| state.under_way += 1);
            let goes_on = self.pass(&request, &mut writer);
            self.change(|state| state.under_way -= 1);
            if goes_on.is_none() {
                break;
            }
        }
        // Closed at once: the program must not wait for what will never come.
        let _ = writer.shutdown(Shutdown::Both);
        self.change(|state| state.connections.remove(&number));
    }

    /// Passes one call on; `None` when the connection is at its end.
    fn pass(&self, request: &Message, client: &mut TcpStream) -> Option<()> {
        let call = Call::of(request);
        // Nothing of a dead program is carried out any more.
        let fault = self.change(|state| (!state.dead).then(|| state.run.fault_of(&call)))?;
        let does = fault.map(|fault| fault.behaviour().does);
        let dies_at = |moment| match does {
            Some(Does::Kill(when)) if when == moment => self.kill(),
            _ => Some(()),
        };
        dies_at(Moment::Arrived)?;
        match does {
            Some(Does::Reset) => return None,
            Some(Does::Outage(pause)) => return self.fall_silent(pause),
            Some(Does::Refuse(answer)) => return answer(&call.operation).write(client).ok(),
            Some(Does::AnswerAsBefore) => return self.state().run.before(&call)?.write(client).ok(),
            _ => {}
        }
        dies_at(Moment::BeforeForward)?;
        if let Some(Does::Repeat) = does {
            self.forward(request, || ())?;
        }
        // The server has it from the second step on, no matter what becomes of the program.
        let (answer, died) = self.forward(request, || dies_at(Moment::Forwarded))?;
        died?;
        self.change(|state| state.run.answered(&call));
        dies_at(Moment::Answered)?;
        if self.state().dead {
            return None;
        }
        match does {
            Some(Does::Cut(cut)) => {
                let _ = client.write_all(&cut(&answer));
                return None;
            }
            Some(Does::Kill(Moment::HalfReplied)) => {
                client.write_all(&half(&answer)).ok()?;
                return self.kill();
            }
            Some(Does::Delay(pause)) => thread::sleep(pause),
            Some(Does::Withhold) => self.wait_while("nobody lets go", |state| !state.let_go),
            Some(Does::Interrupt { answered }) => {
                self.ask(Wish::Interrupt);
                if !answered {
                    // Nothing more is said on a connection on which an answer is due: it ends with the program.
                    let _ = client.peek(&mut [0]);
                    return None;
                }
            }
            Some(Does::Suspend) => {
                self.ask(Wish::Suspend);
                self.reset_all();
                self.ask(Wish::Resume);
                return None;
            }
            _ => {}
        }
        let said = match does {
            Some(Does::Spoil(spoil)) => spoil(&answer),
            _ => answer,
        };
        client.write_all(&said.bytes()).ok()?;
        self.change(|state| state.run.note(call, said));
        dies_at(Moment::Replied)
    }

    /// Has the server answer, and does something as soon as it has the call.
    fn forward<T>(&self, request: &Message, then: impl FnOnce() -> T) -> Option<(Message, T)> {
        let mut server = TcpStream::connect(&self.shared.upstream).ok()?;
        let mut forwarded = request.clone();
        forwarded.headers.retain(|(name, _)| name != "connection");
        forwarded.headers.push(("connection".to_owned(), "close".to_owned()));
        forwarded.write(&mut server).ok()?;
        let done = then();
        Some((Message::read(&mut BufReader::new(server)).ok()??, done))
    }

    /// Listens to nothing for a while, and ends every connection.
    fn fall_silent(&self, pause: Duration) -> Option<()> {
        self.state().deaf = Some(pause);
        // Wakes the listening thread up.
        let _ = TcpStream::connect(self.address);
        self.reset_all();
        None
    }

    /// Has the program killed, and waits until it is dead. Always the end of its connections.
    fn kill(&self) -> Option<()> {
        self.state().dead = true;
        self.ask(Wish::Kill);
        None
    }

    /// Asks the holder of the program for something, and waits until it has happened, or the program is over.
    fn ask(&self, what: Wish) {
        let holder = self.state().holder.clone();
        let (granted, is_granted) = channel();
        if holder.is_some_and(|holder| holder.send(Ask { what, granted }).is_ok()) {
            let _ = is_granted.recv_timeout(Duration::from_secs(30));
        }
    }
}
