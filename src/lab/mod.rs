//! The lab: measures a function's cold start, warm run, memory, size and cost on this machine, with
//! no cloud account.
//!
//! It turns built functions into raw samples and comparisons of their medians. It never presents
//! its figures as those of AWS: the Runtime API and DynamoDB are emulated, the CPU share is
//! modelled, and every report says so.

pub mod cgroup;
pub mod emulator;
mod extension;
pub mod fault;
mod instructions;
pub mod overhead;
pub mod process;
pub mod sample;
pub mod session;

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
