//! Does a suppression silence nothing?
//!
//! The engine itself knows the answer, after every other rule has spoken; so this question has no
//! parameters and finds nothing by itself.

use serde::Deserialize;

/// See the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnusedSuppression {}
