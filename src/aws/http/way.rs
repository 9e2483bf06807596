//! The way to AWS: the places that a run asks, how long it waits for each, and the word that it is waited for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use tokio::time::Instant;

use super::super::proxy::Proxy;
use super::obstacle::{AtProxy, Obstacle, Unreached};
use super::place;

/// Tells the user what is waited for. It is called once for each, and never for a place that has answered before.
pub type Tell = fn(&Awaited<'_>);

/// The place that a run waits for before it goes on.
#[derive(Clone, Copy, Debug)]
pub enum Awaited<'a> {
    /// A host with its port that has never answered in this run.
    Answer(&'a str),
    /// The command that a profile names for its credentials.
    Credentials { profile: &'a str },
}

impl fmt::Display for Awaited<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(place) => write!(f, "an answer of {place}"),
            Self::Credentials { profile } => {
                write!(f, "the credentials of the profile {profile}: credential_process")
            }
        }
    }
}

/// The way to AWS, and the places that were met on it in this run.
#[derive(Debug)]
pub(super) struct Way {
    proxy: Option<Proxy>,
    tell: Tell,
    places: Places,
}

/// The places that were asked in this run, by host and port.
#[derive(Debug, Default)]
struct Places(Mutex<BTreeMap<String, Met>>);

impl Places {
    fn at<T>(&self, place: &str, look: impl FnOnce(&mut Met) -> T) -> T {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        look(places.entry(place.to_owned()).or_insert_with(Met::now))
    }
}

/// A place as this run has met it. One that has answered and cannot be reached any more will be back; one that never was reached is
/// more likely a wrong name, a closed port or a firewall.
#[derive(Debug)]
struct Met {
    first_asked: Instant,
    has_answered: bool,
    /// The user was told that it is waited for.
    is_told: bool,
    was_silent: bool,
    /// The times that it broke off; calls side by side count as one.
    breaks: u32,
    last_break: Option<Instant>,
}

impl Met {
    fn now() -> Self {
        Self {
            first_asked: Instant::now(),
            has_answered: false,
            is_told: false,
            was_silent: false,
            breaks: 0,
            last_break: None,
        }
    }

    /// Notes that a call broke off that began then.
    fn broke_off(&mut self, begun: Instant) {
        if self.last_break.is_none_or(|last| begun >= last) {
            self.breaks += 1;
            self.last_break = Some(Instant::now());
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Connecting {
    pub(super) inner: SharedHttpConnector,
    /// For the places that no proxy is asked for.
    pub(super) directly: Option<SharedHttpConnector>,
    pub(super) way: Arc<Way>,
}

/// The pause before the second and last attempt at a connection that was refused: something may just be starting.
const PAUSE: Duration = Duration::from_millis(500);
/// The time after which the user is told of a place that has not answered yet, or of a command.
pub(in crate::aws) const QUIET: Duration = Duration::from_secs(2);
/// The attempts at a place that has never answered, and that breaks each of them off: the SDK makes them within some three seconds.
const BREAKS: u32 = 3;

impl Way {
    /// A way on which no place was met yet.
    pub(super) fn new(proxy: Option<Proxy>, tell: Tell) -> Self {
        Self { proxy, tell, places: Places::default() }
    }

    /// The answer, and before it a word on who is waited for, where that place has never answered.
    async fn answer(&self, place: &str, call: HttpConnectorFuture) -> Result<HttpResponse, ConnectorError> {
        let (has_answered, asked_for) =
            self.places.at(place, |met| (met.has_answered, met.first_asked.elapsed()));
        if has_answered {
            return call.await;
        }
        let mut call = std::pin::pin!(call);
        match tokio::time::timeout(QUIET.saturating_sub(asked_for), &mut call).await {
            Ok(answer) => answer,
            Err(_) => {
                self.tell_of(place);
                call.await
            }
        }
    }

    fn tell_of(&self, place: &str) {
        if !self.places.at(place, |met| std::mem::replace(&mut met.is_told, true)) {
            (self.tell)(&Awaited::Answer(place));
        }
    }

    /// Sees to it that the user is told while the SDK waits for its next attempt, where that place has never answered.
    fn tell_in_a_pause(self: &Arc<Self>, place: &str) {
        let first_asked = |met: &mut Met| (met.breaks == 1 && !met.has_answered).then_some(met.first_asked);
        let Some(first_asked) = self.places.at(place, first_asked) else { return };
        let (way, place) = (Arc::clone(self), place.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep_until(first_asked + QUIET).await;
            if way.places.at(&place, |met| !met.has_answered && met.breaks < BREAKS) {
                way.tell_of(&place);
            }
        });
    }

    /// The proxy that a request goes through.
    fn proxy_for(&self, uri: &str, place: &str) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|proxy| uri.starts_with("https://") && !proxy.leaves_out(place))
    }

    /// The error of a connection, with the place that was meant, and of a kind that the SDK tries again after where that may help.
    fn error(
        self: &Arc<Self>,
        (place, proxy): (String, Option<String>),
        begun: Instant,
        error: ConnectorError,
    ) -> ConnectorError {
        if error.is_user() {
            return error;
        }
        let obstacle = Obstacle::of(&error);
        let is_final = self.places.at(&place, |met| match obstacle {
            _ if met.has_answered => !obstacle.passes(),
            // The second silence of a place that has never answered is its last.
            Obstacle::Silent => std::mem::replace(&mut met.was_silent, true),
            Obstacle::Broken | Obstacle::NoWay | Obstacle::Proxy(AtProxy::Broken | AtProxy::NoWay) => {
                met.broke_off(begun);
                met.breaks >= BREAKS
            }
            _ => true,
        });
        if !is_final {
            self.tell_in_a_pause(&place);
        }
        let is_timeout = error.is_timeout();
        let unreached = Box::new(Unreached { place, proxy, obstacle, source: error.into_source() });
        // The SDK tries again after time-outs, and errors of input and output.
        match (is_final, is_timeout) {
            (true, _) => ConnectorError::other(unreached, None),
            (false, true) => ConnectorError::timeout(unreached),
            (false, false) => ConnectorError::io(unreached),
        }
    }
}

impl HttpConnector for Connecting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let place = place(request.uri());
        let Self { inner, directly, way } = self.clone();
        // The services of the machine that it runs on are asked for credentials, and most machines have none.
        if is_of_the_machine(&place) {
            return inner.call(request);
        }
        let proxy = way.proxy_for(request.uri(), &place);
        if let Some(Err(wrong)) = proxy.map(Proxy::config) {
            let (proxy, obstacle) = (proxy.map(Proxy::place), Obstacle::Proxy(AtProxy::Unusable));
            let unreached = Unreached { place, proxy, obstacle, source: wrong.into() };
            return HttpConnectorFuture::ready(Err(ConnectorError::other(unreached.into(), None)));
        }
        let proxy = proxy.map(Proxy::place);
        let inner = directly.filter(|_| proxy.is_none()).unwrap_or(inner);
        HttpConnectorFuture::new(async move {
            let begun = Instant::now();
            let again = request.try_clone();
            let mut answer = way.answer(&place, inner.call(request)).await;
            // A connection that was refused has sent nothing.
            let is_refused = |error: &ConnectorError| Obstacle::of(error).is_refused();
            if let (true, Some(again)) = (answer.as_ref().is_err_and(is_refused), again) {
                tokio::time::sleep(PAUSE).await;
                answer = way.answer(&place, inner.call(again)).await;
            }
            if answer.is_ok() {
                way.places.at(&place, |met| met.has_answered = true);
            }
            answer.map_err(|error| way.error((place, proxy), begun, error))
        })
    }
}

/// True for the addresses at which a machine or a container has its credentials ("IMDS credential provider" and "Container credential
/// provider", AWS SDKs and Tools Reference Guide).
fn is_of_the_machine(place: &str) -> bool {
    place.starts_with("169.254.") || place.starts_with("[fd00:ec2::")
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io::ErrorKind;

    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// Connections that end as they are told to, in this order; without an error, in an answer.
    #[derive(Debug)]
    struct Told(Mutex<Vec<Option<ErrorKind>>>);

    impl HttpConnector for Told {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let kind = self.0.lock().expect("no thread panics").remove(0);
            let failed = |kind| ConnectorError::io(std::io::Error::from(kind).into());
            let answer = || HttpResponse::new(StatusCode::try_from(200).expect("a status"), SdkBody::empty());
            HttpConnectorFuture::ready(kind.map_or_else(|| Ok(answer()), |kind| Err(failed(kind))))
        }
    }

    const RDS: &str = "https://rds.eu-west-1.amazonaws.com/";

    fn connecting(inner: impl HttpConnector + 'static, proxy: Option<&str>, tell: Tell) -> Connecting {
        let inner = SharedHttpConnector::new(inner);
        let proxy = proxy.and_then(|address| {
            Proxy::of(|name| (name == "https_proxy").then(|| format!("http://{address}")))
        });
        let way = Way::new(proxy, tell);
        Connecting { inner, directly: None, way: Arc::new(way) }
    }

    async fn last_of(connecting: &Connecting, calls: usize, uri: &str) -> ConnectorError {
        let mut last = None;
        for _ in 0..calls {
            last = connecting.call(HttpRequest::get(uri).expect("a request")).await.err();
        }
        last.expect("no connection came about")
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_was_reached_before_is_tried_again_and_another_is_not() {
        const REFUSED: Option<ErrorKind> = Some(ErrorKind::ConnectionRefused);
        for (calls, told, goes_on) in
            [(1, vec![REFUSED, REFUSED], false), (2, vec![None, REFUSED, REFUSED], true)]
        {
            let connecting = connecting(Told(Mutex::new(told.clone())), None, |_| ());
            let last = last_of(&connecting, calls, RDS).await;
            assert_eq!(last.is_io(), goes_on, "{told:?}: {last:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_breaks_off_is_given_up_after_the_third_time_unless_it_has_answered() {
        static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let tell = |awaited: &Awaited<'_>| TOLD.lock().expect("no thread panics").push(awaited.to_string());
        const RESET: Option<ErrorKind> = Some(ErrorKind::ConnectionReset);
        let never = connecting(Told(Mutex::new(vec![RESET; 3])), Some("proxy.example.org:3128"), tell);
        for goes_on in [true, true, false] {
            let error = last_of(&never, 1, RDS).await;
            assert_eq!(error.is_io(), goes_on, "{error:?}");
            let said = error.into_source().to_string();
            let both = "the connection to rds.eu-west-1.amazonaws.com:443 through the proxy proxy.example.org:3128 was closed without an \
                        answer";
            assert_eq!(said, both);
        }
        tokio::time::sleep(QUIET * 2).await;
        assert!(TOLD.lock().expect("no thread panics").is_empty(), "it is not waited for any more");

        // The SDK pauses.
        let slow = connecting(Told(Mutex::new(vec![RESET; 2])), None, tell);
        last_of(&slow, 2, RDS).await;
        tokio::time::sleep(QUIET - Duration::from_millis(1)).await;
        assert!(TOLD.lock().expect("no thread panics").is_empty());
        tokio::time::sleep(QUIET).await;
        let said = TOLD.lock().expect("no thread panics").split_off(0);
        assert_eq!(said, ["an answer of rds.eu-west-1.amazonaws.com:443"]);

        // A running apply outlives it.
        let mut told = vec![None];
        told.resize(9, RESET);
        let answered = connecting(Told(Mutex::new(told)), None, tell);
        let error = last_of(&answered, 9, RDS).await;
        assert!(error.is_io() && error.into_source().to_string().contains("amazonaws.com:443 closed"));
        tokio::time::sleep(QUIET * 2).await;
        assert!(TOLD.lock().expect("no thread panics").is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn calls_side_by_side_that_break_off_count_as_one() {
        let mut met = Met::now();
        let begun = Instant::now();
        for _ in 0..5 {
            tokio::time::advance(Duration::from_millis(10)).await;
            met.broke_off(begun);
        }
        assert_eq!(met.breaks, 1);
        met.broke_off(Instant::now());
        assert_eq!(met.breaks, 2);
    }

    #[test]
    fn waiting_does_not_end_an_answer_that_is_not_encrypted_and_the_sdk_is_told_so() {
        let corrupt = || {
            let error = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
            ConnectorError::io(std::io::Error::new(ErrorKind::InvalidData, error).into())
        };
        let way = Arc::new(Way::new(None, |_| ()));
        let error = |error| way.error(("example.org:443".to_owned(), None), Instant::now(), error);
        assert!(error(corrupt()).is_other());
        way.places.at("example.org:443", |met| met.has_answered = true);
        assert!(error(corrupt()).is_io(), "it will be back");
        let said = error(corrupt()).into_source().to_string();
        assert_eq!(said, "no encrypted connection to example.org:443 comes about");
        let said = error(ConnectorError::other("invalid HTTP version parsed".into(), None)).into_source();
        assert_eq!(said.to_string(), "the answer of example.org:443 cannot be read");
    }

    #[tokio::test]
    async fn nothing_is_sent_past_a_proxy_that_cannot_be_used() {
        let proxy = |name: &str| match name {
            "https_proxy" => Some("socks5://me:geheim@proxy.example.org:1080".to_owned()),
            "no_proxy" => Some("s3.eu-west-1.amazonaws.com".to_owned()),
            _ => None,
        };
        let inner = SharedHttpConnector::new(Told(Mutex::new(vec![None, None])));
        let way = Way::new(Proxy::of(proxy), |_| ());
        let connecting = Connecting { inner, directly: None, way: Arc::new(way) };
        let error = last_of(&connecting, 1, RDS).await;
        assert!(error.is_other() && error.as_other().is_none(), "it is not repeated: {error:?}");
        let (said, shown) = (error.source().map(ToString::to_string), format!("{error:?}"));
        assert!(said.is_some_and(|said| said.contains("rds.eu-west-1.amazonaws.com:443")));
        assert!(!shown.contains("geheim") && shown.contains("proxy.example.org:1080"), "{shown}");
        for asked_without in ["https://s3.eu-west-1.amazonaws.com/", "http://localhost:4566/"] {
            let request = HttpRequest::get(asked_without).expect("a request");
            assert!(connecting.call(request).await.is_ok(), "{asked_without}");
        }
    }

    /// Nothing ever comes, until the client of the SDK gives up.
    #[derive(Debug)]
    struct Silence;

    impl HttpConnector for Silence {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            HttpConnectorFuture::new(async {
                tokio::time::sleep(Duration::from_secs(25)).await;
                Err(ConnectorError::timeout("HTTP read timeout occurred".into()))
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_never_answers_is_told_of_once_and_given_up_after_the_second_silence() {
        static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let tell = |awaited: &Awaited<'_>| TOLD.lock().expect("no thread panics").push(awaited.to_string());
        let connecting = connecting(Silence, Some("proxy.example.org:3128"), tell);
        for is_timeout in [true, false] {
            let error = last_of(&connecting, 1, RDS).await;
            assert_eq!(error.is_timeout(), is_timeout, "{error:?}");
            let said = error.into_source().to_string();
            let both = "rds.eu-west-1.amazonaws.com:443 does not answer, or the proxy proxy.example.org:3128 does not";
            assert_eq!(said, both);
        }
        // Most machines have no service for credentials.
        let error = last_of(&connecting, 2, "http://169.254.169.254/latest/meta-data/").await;
        assert!(error.is_timeout() && !error.into_source().is::<Unreached>());
        let told = TOLD.lock().expect("no thread panics");
        assert_eq!(*told, ["an answer of rds.eu-west-1.amazonaws.com:443"]);
    }
}
