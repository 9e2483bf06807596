//! The identity cache of the SDK, with a look at when the credentials in use end.
//! Knows nothing of the credentials themselves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_smithy_runtime_api::client::identity::{
    IdentityFuture, ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// When the credentials of the last signed call end; nothing before the first call, nor where nobody knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Expiry(Arc<Mutex<Option<SystemTime>>>);

impl Expiry {
    pub(super) fn get(&self) -> Option<SystemTime> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The configuration with a cache that takes note. Asking the provider a second time would not do: that may be
    /// a call of its own, and a login.
    pub(super) fn watch(&self, config: &SdkConfig) -> SdkConfig {
        let inner = config.identity_cache().unwrap_or_else(|| IdentityCache::lazy().build());
        config.to_builder().identity_cache(Watching { inner, expiry: self.clone() }).build()
    }
}

#[derive(Debug)]
struct Watching {
    inner: SharedIdentityCache,
    expiry: Expiry,
}

impl ResolveCachedIdentity for Watching {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        config: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(async move {
            let identity = self.inner.resolve_cached_identity(resolver, components, config).await?;
            *self.expiry.0.lock().unwrap_or_else(PoisonError::into_inner) = identity.expiration();
            Ok(identity)
        })
    }
}
