//! A certificate authority for one run: a root, an intermediate and a server certificate, chained
//! as AWS chains its own, so that a client has as much to parse and to verify. The keys never touch
//! a disk, and nobody outside the run trusts the root.

use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use tokio_rustls::rustls::{
    ServerConfig, crypto,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

/// A root to trust, and the server that proves itself by it.
#[derive(Debug)]
pub struct Authority {
    /// The root's certificate as PEM.
    pub root_pem: String,
    /// How the server speaks TLS.
    pub server: Arc<ServerConfig>,
}

impl Authority {
    /// Makes one for servers on this machine.
    pub fn new() -> Result<Self> {
        let root = issuer("Cargo Lambda Lean Root", None)?;
        let intermediate = issuer("Cargo Lambda Lean Intermediate", Some(&root))?;

        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut leaf = CertificateParams::new(names).context("failed to name the server")?;
        leaf.distinguished_name.push(DnType::CommonName, "localhost");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().context("failed to make a key")?;
        let leaf = leaf.signed_by(&key, &intermediate).context("failed to certify the server")?;

        let chain = vec![leaf.der().clone(), intermediate.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut server =
            ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .context("failed to set up TLS")?
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .context("failed to set up the server's certificate")?;
        // Like DynamoDB's own endpoint.
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { root_pem: root.pem(), server: Arc::new(server) })
    }
}

fn issuer(
    name: &str,
    parent: Option<&CertifiedIssuer<'static, KeyPair>>,
) -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().context("failed to make a key")?;
    match parent {
        None => CertifiedIssuer::self_signed(params, key),
        Some(parent) => CertifiedIssuer::signed_by(params, key, parent),
    }
    .with_context(|| format!("failed to make the certificate of {name}"))
}
