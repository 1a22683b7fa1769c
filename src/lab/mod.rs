//! The lab: measures a function's cold start, warm run, memory, size and cost on this machine, with
//! no cloud account.
//!
//! It turns built functions into raw samples and comparisons of their medians. It never presents
//! its figures as those of AWS: the Runtime API and DynamoDB are emulated, the CPU share is
//! modelled, and every report says so.

#[cfg(not(target_os = "linux"))]
compile_error!("the feature `lab` needs Linux: cgroups, mount namespaces and /proc");

mod awake;
pub mod bench;
pub mod build;
pub mod certificate;
pub mod cgroup;
pub mod cost;
pub mod dynamodb;
pub mod emulator;
pub mod experiment;
mod extension;
pub mod fault;
pub mod host;
mod instructions;
pub mod metric;
pub mod overhead;
mod page_cache;
pub mod plan;
pub mod process;
pub mod quiet;
pub mod reference;
pub mod report;
pub mod results;
pub mod sample;
mod schedule;
pub mod session;
pub mod spec;
pub mod stats;
pub mod trust_store;

/// An id in the form of a UUID, as events and extensions have.
fn request_id() -> String {
    let (high, low) = (fastrand::u64(..), fastrand::u64(..));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}
