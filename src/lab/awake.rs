//! Keeps this machine's processors from sleeping while something is measured.
//!
//! An invocation wakes a processor four times, and one that has halted takes tens of microseconds to
//! come back, on a virtual machine hundreds, with whatever was in its caches gone. That is this
//! machine's doing, neither the function's nor the emulator's, and it differs from one run to the
//! next. The kernel's own way to ask for quick wake-ups is a request for no latency, which holds as
//! long as the file is open (`Documentation/power/pm_qos_interface.rst`): idle processors then poll.
//! Where it cannot be asked for, nothing is changed, and every report says why.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
};

use anyhow::{Context, Result, ensure};

const REQUEST: &str = "/dev/cpu_dma_latency";
const DRIVER: &str = "/sys/devices/system/cpu/cpuidle/current_driver";

/// Processors stay awake until this is dropped.
#[derive(Debug)]
pub struct Awake {
    _request: File,
}

impl Awake {
    /// Asks the kernel for it.
    pub fn keep() -> Result<Self> {
        let driver = fs::read_to_string(DRIVER).unwrap_or_default();
        // Without one a kernel halts processors in its own way, whatever is asked for.
        ensure!(
            !["", "none"].contains(&driver.trim()),
            "this kernel has no driver for idle processors ({DRIVER})"
        );
        // Without it there is no device, and a file of its name would ask for nothing.
        let mut request = OpenOptions::new()
            .write(true)
            .open(REQUEST)
            .with_context(|| format!("failed to open {REQUEST}"))?;
        // In microseconds.
        request
            .write_all(&0_i32.to_ne_bytes())
            .with_context(|| format!("failed to write to {REQUEST}"))?;
        Ok(Self { _request: request })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_cannot_be_asked_for_it_is_said_why() {
        let Err(error) = Awake::keep() else { return };
        let error = format!("{error:#}");
        assert!(error.contains(DRIVER) || error.contains(REQUEST), "{error}");
    }
}
