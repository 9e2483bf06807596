//! The answers of one look at AWS: while it lasts, each question is sent once, and those who ask the same meanwhile share the answer.
//!
//! It is off by itself. A command that changes nothing in AWS turns it on; clients that change something, or that keep states, have none.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::sync::OnceCell;

/// The answers of AWS so far, shared by all that ask.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    is_on: AtomicBool,
    answers: Mutex<BTreeMap<Question, Arc<OnceCell<Answer>>>>,
    /// Objects that any answer has shown whole, by their type and id: a question for ids alone needs no other answer.
    shown: Mutex<BTreeMap<(TypeId, String), Arc<dyn Any + Send + Sync>>>,
}

/// One request without what differs each time: its signature and its dates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    method: String,
    uri: String,
    target: Option<String>,
    body: Vec<u8>,
}

/// One answer that is kept.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// An answer too: there is nothing, such as of a policy that a file system does not have.
const NOT_FOUND: u16 = 404;

/// An answer that is not kept: whoever asks the same is answered anew.
enum NotKept {
    Refused(HttpResponse),
    Broken(ConnectorError),
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    /// From now on, and to the end of the run.
    pub(super) fn begin(&self) {
        self.0.is_on.store(true, Ordering::Relaxed);
    }

    /// Lets go of all that was answered before.
    pub(super) fn forget(&self) {
        held(&self.0.answers).clear();
        held(&self.0.shown).clear();
    }

    fn is_on(&self) -> bool {
        self.0.is_on.load(Ordering::Relaxed)
    }

    /// The configuration whose clients ask the memory first.
    pub(super) fn before(&self, config: &SdkConfig) -> SdkConfig {
        match config.http_client() {
            Some(inner) => {
                config.to_builder().http_client(Remembering { inner, memory: self.clone() }).build()
            }
            None => config.clone(),
        }
    }

    /// Keeps objects that an answer has shown.
    pub(super) fn show<T: Clone + Send + Sync + 'static>(&self, all: &[T], id: impl Fn(&T) -> Option<&str>) {
        if !self.is_on() {
            return;
        }
        let mut shown = held(&self.0.shown);
        for one in all {
            if let Some(id) = id(one) {
                shown.insert((TypeId::of::<T>(), id.to_owned()), Arc::new(one.clone()));
            }
        }
    }

    /// The objects with these ids, where all of them were shown.
    pub(super) fn known<T: Clone + Send + Sync + 'static>(
        &self,
        ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Option<Vec<T>> {
        if !self.is_on() {
            return None;
        }
        let shown = held(&self.0.shown);
        let ids: BTreeSet<String> = ids.into_iter().map(Into::into).collect();
        let one = |id| shown.get(&(TypeId::of::<T>(), id))?.downcast_ref::<T>().cloned();
        ids.into_iter().map(one).collect()
    }

    /// The place for the answer to a request; none where it is not to be kept.
    fn place(&self, request: &HttpRequest) -> Option<Arc<OnceCell<Answer>>> {
        let question = Question {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            target: request.headers().get("x-amz-target").map(str::to_owned),
            body: request.body().bytes().filter(|_| self.is_on())?.to_owned(),
        };
        Some(held(&self.0.answers).entry(question).or_default().clone())
    }
}

/// The client behind the clients that only read.
#[derive(Debug)]
struct Remembering {
    inner: SharedHttpClient,
    memory: Memory,
}

impl HttpClient for Remembering {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Asking { inner, memory: self.memory.clone() })
    }
}

#[derive(Debug)]
struct Asking {
    inner: SharedHttpConnector,
    memory: Memory,
}

impl HttpConnector for Asking {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(place) = self.memory.place(&request) else { return self.inner.call(request) };
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            let asked = place.get_or_try_init(|| async {
                let response = inner.call(request).await.map_err(NotKept::Broken)?;
                match response.status().is_success() || response.status().as_u16() == NOT_FOUND {
                    true => Answer::of(response).await.map_err(NotKept::Broken),
                    false => Err(NotKept::Refused(response)),
                }
            });
            match asked.await {
                Ok(answer) => Ok(answer.again()),
                Err(NotKept::Refused(response)) => Ok(response),
                Err(NotKept::Broken(error)) => Err(error),
            }
        })
    }
}

impl Answer {
    async fn of(response: HttpResponse) -> Result<Self, ConnectorError> {
        let status = response.status().as_u16();
        let headers = response.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let headers = headers.collect();
        let body = ByteStream::new(response.into_body()).collect().await;
        let body = body.map_err(|error| ConnectorError::io(error.into()))?.to_vec();
        Ok(Self { status, headers, body })
    }

    /// The answer as it came.
    fn again(&self) -> HttpResponse {
        let status = self.status.try_into().expect("it was a status before");
        let mut response = HttpResponse::new(status, SdkBody::from(self.body.clone()));
        for (name, value) in &self.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        response
    }
}
