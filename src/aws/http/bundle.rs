//! The certificates of a company's network.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The certificates that `AWS_CA_BUNDLE`, or `ca_bundle` of the profile, names in place of those of the machine ("General configuration
/// settings", AWS SDKs and Tools Reference Guide).
#[derive(Clone)]
pub struct Bundle(Vec<u8>);

/// The file that is named for it is no bundle of certificates.
#[derive(Debug, thiserror::Error)]
#[error("the certificates that {named_by} names cannot be used: {}: {why}", path.display())]
pub struct NoBundle {
    pub named_by: &'static str,
    pub path: PathBuf,
    pub why: String,
}

impl Bundle {
    /// Reads and checks a bundle: the HTTP client takes it on trust.
    ///
    /// # Errors
    /// [`NoBundle`] where the file cannot be read, or has no certificate or a broken one.
    pub fn read(path: &Path, named_by: &'static str) -> Result<Self, NoBundle> {
        let wrong = |why: String| NoBundle { named_by, path: path.to_owned(), why };
        let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(wrong("there is no certificate in it".to_owned()));
        }
        Ok(Self(text))
    }

    /// The certificates, as the file has them.
    pub(super) fn text(&self) -> Vec<u8> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_read_before_it_is_trusted() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("ca.pem");
        let why = |path: &Path| {
            Bundle::read(path, "AWS_CA_BUNDLE").err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert!(why(&path).contains("AWS_CA_BUNDLE"), "{}", why(&path));
        for (text, word) in [
            ("", "no certificate"),
            ("hello", "no certificate"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""),
        ] {
            std::fs::write(&path, text).expect("it can be written");
            let why = why(&path);
            assert!(why.contains("ca.pem") && why.contains(word), "{text:?}: {why}");
        }
    }
}
