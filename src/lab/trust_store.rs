//! Lets functions trust the run's own authority at the cost that trust has on Lambda: it turns this
//! machine's root certificates and one more into a copy of Amazon Linux 2023's certificate layout,
//! visible only to the calling thread and what it starts.
//!
//! The layout lies in memory, in a mount namespace of its own, so nothing of it is left behind
//! however the run ends. It refuses to change anything where a namespace cannot be had; then
//! [`bundle`] is to be pointed at by `SSL_CERT_FILE`, which saves a function the cost of looking
//! through directories. After `update-ca-trust` of Fedora and Amazon Linux 2023: one file per
//! root in `directory-hash`, links to them by hash in `/etc/pki/tls/certs`, and two bundles.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
};

/// Where distributions keep all roots in one file.
const BUNDLES: [&str; 5] = [
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
const EXTRACTED: &str = "/etc/pki/ca-trust/extracted";

/// This machine's roots, each as PEM.
#[derive(Debug)]
pub struct Roots(Vec<String>);

impl Roots {
    /// Reads this machine's bundle and adds one more root.
    pub fn with(root_pem: &str) -> Result<Self> {
        let bundle = BUNDLES.iter().map(Path::new).find(|path| path.exists()).with_context(|| {
            format!("failed to find this machine's root certificates; install ca-certificates (looked for {})", BUNDLES.join(", "))
        })?;
        let text =
            fs::read(bundle).with_context(|| format!("failed to read {}", bundle.display()))?;
        let mut roots = split(&String::from_utf8_lossy(&text));
        ensure!(!roots.is_empty(), "failed to find a certificate in {}", bundle.display());
        roots.push(root_pem.to_owned());
        Ok(Self(roots))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// All in one text.
    pub fn bundle(&self) -> String {
        self.0.concat()
    }

    /// Gives the calling thread, and every process it starts from now on, an `/etc` with Amazon
    /// Linux 2023's certificate layout.
    pub fn mount_layout(&self) -> Result<()> {
        unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_FS)
            .context("failed to get a mount namespace (it takes root)")?;
        let none: Option<&str> = None;
        // What is mounted from here on must not reach the rest of the machine.
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
            .context("failed to make the mounts private")?;
        // Any directory would do to hold the new files until /etc shows them.
        let stage = Path::new("/mnt");
        mount(Some("tmpfs"), stage, Some("tmpfs"), MsFlags::empty(), Some("mode=755"))
            .with_context(|| format!("failed to mount a tmpfs on {}", stage.display()))?;
        let upper = stage.join("upper");
        fs::create_dir_all(stage.join("work")).context("failed to make a directory in a tmpfs")?;
        self.write_layout(&upper).context("failed to write the certificate layout")?;
        let options = format!(
            "lowerdir=/etc,upperdir={},workdir={}",
            upper.display(),
            stage.join("work").display()
        );
        mount(Some("overlay"), "/etc", Some("overlay"), MsFlags::empty(), Some(options.as_str()))
            .context("failed to lay the certificates over /etc")?;
        // The overlay holds on to it.
        umount2(stage, MntFlags::MNT_DETACH).context("failed to unmount a tmpfs")
    }

    /// Writes the layout below `etc`, which stands for `/etc`.
    fn write_layout(&self, etc: &Path) -> Result<()> {
        let below = |path: &str| etc.join(path.strip_prefix("/etc/").unwrap_or(path));
        let hashed = below(EXTRACTED).join("pem/directory-hash");
        let certs = below("/etc/pki/tls/certs");
        let ssl = below("/etc/ssl");
        for directory in [&hashed, &certs, &ssl, &below(EXTRACTED).join("openssl")] {
            fs::create_dir_all(directory)?;
        }
        let bundle = self.bundle();
        fs::write(below(EXTRACTED).join("pem/tls-ca-bundle.pem"), &bundle)?;
        fs::write(
            below(EXTRACTED).join("openssl/ca-bundle.trust.crt"),
            bundle.replace(" CERTIFICATE-----", " TRUSTED CERTIFICATE-----"),
        )?;
        for (number, root) in self.0.iter().enumerate() {
            let file = format!("{number:03}.pem");
            // Nobody looks a root up by its hash here, as the bundle holds them all; what matters
            // is how many files there are to read, and that their names have the form of a hash.
            let link = format!("{:08x}.0", (number as u32 + 1).wrapping_mul(0x9e37_79b1));
            fs::write(hashed.join(&file), root)?;
            symlink(&file, hashed.join(&link))?;
            symlink(format!("{EXTRACTED}/pem/directory-hash/{file}"), certs.join(&link))?;
        }
        let pem = format!("{EXTRACTED}/pem/tls-ca-bundle.pem");
        symlink(&pem, certs.join("ca-bundle.crt"))?;
        symlink(
            format!("{EXTRACTED}/openssl/ca-bundle.trust.crt"),
            certs.join("ca-bundle.trust.crt"),
        )?;
        symlink(&pem, below("/etc/pki/tls/cert.pem"))?;
        symlink("../pki/tls/certs", ssl.join("certs"))?;
        symlink("/etc/pki/tls/cert.pem", ssl.join("cert.pem"))?;
        Ok(())
    }
}

fn split(bundle: &str) -> Vec<String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    bundle
        .split(BEGIN)
        .filter_map(|part| Some(format!("{BEGIN}{}{END}\n", part.split_once(END)?.0)))
        .collect()
}

/// Where a bundle can be written for `SSL_CERT_FILE`, gone when dropped.
pub fn bundle(roots: &Roots) -> Result<tempfile::TempPath> {
    let file = tempfile::NamedTempFile::new().context("failed to make a temporary file")?;
    fs::write(&file, roots.bundle()).context("failed to write the root certificates")?;
    Ok(file.into_temp_path())
}

/// The file Lambda's own documentation and `slow-trust-store` name: it exists in the layout.
pub fn lambda_bundle() -> PathBuf {
    "/etc/pki/tls/certs/ca-bundle.crt".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_leads_every_path_to_every_root() {
        let pem = |body: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        };
        let roots = Roots(vec![pem("AAAA"), pem("BBBB")]);
        let root = tempfile::tempdir().expect("a temporary directory");
        let etc = root.path().join("etc");
        roots.write_layout(&etc).expect("a writable directory");
        let read = |path: &str| fs::read_to_string(etc.join(path)).expect(path);
        assert_eq!(read("pki/ca-trust/extracted/pem/tls-ca-bundle.pem"), roots.bundle());
        assert!(
            read("pki/ca-trust/extracted/openssl/ca-bundle.trust.crt").contains("BEGIN TRUSTED")
        );
        assert_eq!(
            fs::read_link(etc.join("ssl/certs")).expect("a link"),
            Path::new("../pki/tls/certs")
        );
        // Two roots by hash, and two bundles.
        assert_eq!(fs::read_dir(etc.join("ssl/certs")).expect("a directory").count(), 4);
        assert_eq!(split(&roots.bundle()), roots.0);
    }
}
