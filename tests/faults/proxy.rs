//! The fault proxy: stands between the program and LocalStack, knows every call, and lets one of them go wrong.
//! Knows nothing of what the program makes of it.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use crate::fault::{Fault, Moment};
use crate::http::Message;
use crate::operation::{Call, Operation};

/// One call of a run: the n-th of its operation, from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    pub operation: Operation,
    pub nth: usize,
}

/// Which call of a run a fault happens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    Site(Site),
    /// The first call that changes something.
    FirstChange,
    /// Every call of an operation, and of its rehearsal.
    Every(Operation),
}

/// A request to kill the program, with the way to say that it is dead.
pub type Kill = Sender<()>;

/// The proxy. It runs until the process ends.
#[derive(Clone)]
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: String,
    state: Mutex<State>,
    quiet: Condvar,
}

#[derive(Default)]
struct State {
    armed: Option<(Trigger, Fault)>,
    hits: usize,
    counts: BTreeMap<Operation, usize>,
    calls: Vec<Call>,
    under_way: usize,
    killer: Option<Sender<Kill>>,
    /// Set from the moment of a kill until the next run: nothing of the dead program goes on to the server.
    dead: bool,
}

impl Proxy {
    /// Starts a proxy in front of `127.0.0.1:4597`.
    pub fn start(upstream: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Shared {
            upstream: upstream.to_owned(),
            state: Mutex::new(State::default()),
            quiet: Condvar::new(),
        };
        let proxy = Self { address, shared: Arc::new(shared) };
        let serving = proxy.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                thread::spawn(move || serving.serve(stream));
            }
        });
        Ok(proxy)
    }

    /// Forgets the calls so far, and lets this fault happen in the run to come.
    pub fn arm(&self, fault: Option<(Trigger, Fault)>) -> Receiver<Kill> {
        let (killer, kills) = channel();
        let mut state = self.state();
        *state = State { armed: fault, killer: Some(killer), under_way: state.under_way, ..State::default() };
        kills
    }

    /// How often the fault has happened.
    pub fn hits(&self) -> usize {
        self.state().hits
    }

    /// The calls of the run.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// Waits until no call is under way any more.
    pub fn settle(&self) {
        let state = self.state();
        let waited =
            self.shared.quiet.wait_timeout_while(state, Duration::from_secs(60), |state| state.under_way > 0);
        assert!(!waited.expect("no thread panics").1.timed_out(), "calls stay under way");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("no thread panics while it holds the lock")
    }

    fn serve(&self, stream: TcpStream) {
        let Ok(mut writer) = stream.try_clone() else { return };
        let mut reader = BufReader::new(stream);
        while let Ok(Some(request)) = Message::read(&mut reader) {
            self.state().under_way += 1;
            let goes_on = self.pass(&request, &mut writer);
            self.state().under_way -= 1;
            self.shared.quiet.notify_all();
            if goes_on.is_none() {
                // Closed at once: the program must not wait for what will never come.
                let _ = writer.shutdown(Shutdown::Both);
                return;
            }
        }
    }

    /// Passes one call on; `None` when the connection is at its end.
    fn pass(&self, request: &Message, client: &mut TcpStream) -> Option<()> {
        let call = Call::of(request);
        let operation = call.operation.clone();
        let fault = self.fault_of(call)?;
        let kill_at = |moment| if fault == Some(Fault::Kill(moment)) { self.kill() } else { Some(()) };
        kill_at(Moment::Arrived)?;
        if fault == Some(Fault::ResetBefore) {
            return None;
        }
        if let Some(answer) = fault.and_then(|fault| fault.instead(&operation)) {
            return answer.write(client).ok();
        }
        kill_at(Moment::BeforeForward)?;
        let mut server = TcpStream::connect(&self.shared.upstream).ok()?;
        let mut forwarded = request.clone();
        forwarded.headers.retain(|(name, _)| name != "connection");
        forwarded.headers.push(("connection".to_owned(), "close".to_owned()));
        forwarded.write(&mut server).ok()?;
        // The server has it now, whatever becomes of the program.
        let died = kill_at(Moment::Forwarded);
        let answer = Message::read(&mut BufReader::new(server)).ok()??;
        died?;
        kill_at(Moment::Answered)?;
        if self.state().dead || fault == Some(Fault::LostAnswer) {
            return None;
        }
        if fault == Some(Fault::Slow) {
            thread::sleep(Duration::from_secs(1));
        }
        let answer = fault.map_or(answer.clone(), |fault| fault.spoil(answer));
        let bytes = answer.bytes();
        match fault {
            Some(Fault::Truncated | Fault::Kill(Moment::HalfReplied)) => {
                let body = answer.body.len();
                client.write_all(&bytes[..bytes.len() - body / 2 - 1]).ok()?;
                kill_at(Moment::HalfReplied)?;
                return None;
            }
            _ => client.write_all(&bytes).ok()?,
        }
        kill_at(Moment::Replied)
    }

    /// Counts the call, and says what is to go wrong with it. `None` when the program is dead already.
    fn fault_of(&self, call: Call) -> Option<Option<Fault>> {
        let mut state = self.state();
        if state.dead {
            return None;
        }
        let count = state.counts.entry(call.operation.clone()).or_default();
        *count += 1;
        let site = Site { operation: call.operation.clone(), nth: *count };
        let happens = match &state.armed {
            Some((Trigger::Site(armed), _)) => *armed == site,
            Some((Trigger::Every(armed), _)) => armed.covers(&call.operation),
            Some((Trigger::FirstChange, _)) => call.is_mutating() && state.hits == 0,
            None => false,
        };
        state.calls.push(call);
        state.hits += usize::from(happens);
        Some(state.armed.as_ref().filter(|_| happens).map(|(_, fault)| *fault))
    }

    /// Has the program killed, and waits until it is dead. Always the end of its connections.
    fn kill(&self) -> Option<()> {
        let killer = {
            let mut state = self.state();
            state.dead = true;
            state.killer.clone()
        };
        let (dead, is_dead) = channel();
        if killer.is_some_and(|killer| killer.send(dead).is_ok()) {
            // An error means that the run had ended by itself.
            let _ = is_dead.recv_timeout(Duration::from_secs(30));
        }
        None
    }
}
