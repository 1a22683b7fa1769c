//! Questions about what the code of a function does, and when.
//!
//! Each looks at foreign calls that the analysis found, by patterns of their paths that the rule
//! file holds. Where no handler was found none of them answers; that is one question of its own.

mod awaits;

mod call;

mod change;

mod entry;

mod event;

mod first_use;

mod grows;

mod lazy;

mod logs;

mod registry;

mod runtime;

pub use awaits::SequentialAwaits;
pub use call::CallWhen;
pub use entry::NoEntry;
pub use event::UntypedEvent;
pub use first_use::FirstUse;
pub use grows::GrowingStatic;
pub use lazy::LazyFirstTouched;
pub use logs::TextLogs;
pub use registry::{DynRegistry, RegistryPerEvent};
pub use runtime::MultiThread;

use crate::facts::{Facts, functions_code::FunctionCode, workspace::Function};

/// The code of a function in which a handler was found.
fn code<'a>(facts: &'a Facts, function: &Function) -> Option<FunctionCode<'a>> {
    facts.code.of(&facts.functions, function).filter(|code| code.has_handler())
}
