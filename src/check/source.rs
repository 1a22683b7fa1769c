//! Questions about what the code of a function does, and when.
//!
//! Each looks at foreign calls that the analysis found, by patterns of their paths that the rule
//! file holds. Where no handler was found none of them answers; that is one question of its own.

mod awaits;

mod branch;

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

use crate::facts::{
    Facts,
    code::{types::Types, vocabulary::Vocabulary},
    functions_code::FunctionCode,
    workspace::Function,
};

/// The code of a function in which a handler was found. A binary that only serves a web framework
/// beside one of the same package that runs on Lambda is a local server.
fn code<'a>(facts: &'a Facts, function: &Function) -> Option<FunctionCode<'a>> {
    let of = |function| facts.code.of(&facts.functions, function);
    let code = of(function).filter(|code| code.has_handler())?;
    let mut siblings = facts.functions.iter().filter(|other| other.package == function.package);
    let local =
        !code.on_lambda && siblings.any(|other| of(other).is_some_and(|code| code.on_lambda));
    (!local).then_some(code)
}

/// Written types and attributes of the code, without the tables of who has which functions.
fn types(code: FunctionCode<'_>) -> Types<'_> {
    let world = &code.facts.world;
    Types { world, vocabulary: Vocabulary::shared(), members: Default::default() }
}
