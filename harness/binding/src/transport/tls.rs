//! TLS: rustls with ring, the system's certificates and the file's own.

use std::sync::Arc;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::Url;

use super::{Address, TransportError};

/// What is trusted, and the name that the certificate must have.
#[derive(Clone)]
pub(super) struct TlsSettings {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsSettings {
    /// Trusts the system's certificates and those of a PEM file.
    pub(super) fn of(base: &Url, own: Option<&[u8]>) -> Result<Self, TransportError> {
        let failed = |reason: String| TransportError::Tls {
            address: base.to_string(),
            reason,
        };
        let mut roots = RootCertStore::empty();
        // A system without certificates is no fault where the file brings its own.
        for certificate in rustls_native_certs::load_native_certs().certs {
            let _ = roots.add(certificate);
        }
        if let Some(text) = own {
            for certificate in certificates(text).map_err(failed)? {
                let added = roots.add(certificate);
                added.map_err(|error| failed(error.to_string()))?;
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned());
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            name: name.map_err(|error| failed(error.to_string()))?,
        })
    }

    /// Agrees on TLS with the target.
    pub(super) async fn secure(
        &self,
        stream: TcpStream,
        address: &Address,
    ) -> Result<TlsStream<TcpStream>, TransportError> {
        let agreed = self.connector.connect(self.name.clone(), stream).await;
        agreed.map_err(|error| TransportError::Tls {
            address: format!("{}:{}", address.host, address.port),
            reason: error.to_string(),
        })
    }
}

/// Reads the certificates of a PEM file; none in it is a fault.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let read = read.map_err(|error| error.to_string())?;
    if read.is_empty() {
        return Err("it holds no certificate".to_owned());
    }
    Ok(read)
}
