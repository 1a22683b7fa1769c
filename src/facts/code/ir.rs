//! What is kept of a parsed file: the shape of its items and bodies, without tokens.
//!
//! A syntax tree of a large workspace does not fit in memory beside the others, and most of it
//! answers no question of ours. This form keeps names, calls, values that flow and the bytes of
//! what a reader may have to click; operators, literals' values and patterns' details are gone.

use super::sym::Sym;

/// Bytes of a file. Files of 4 GB and more are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Bytes {
    /// The first byte.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

impl Bytes {
    /// Whether others are among these.
    pub fn holds(self, inner: Bytes) -> bool {
        self.start <= inner.start && inner.end <= self.end
    }

    /// From the start of one to the end of another.
    pub fn to(self, other: Bytes) -> Bytes {
        Bytes { start: self.start, end: other.end.max(self.start) }
    }
}

/// A path as written: `crate::a::B::<T>::c`. A leading `::` is an empty first segment.
#[derive(Clone, Debug, Default)]
pub struct Path {
    /// The names.
    pub segments: Box<[Sym]>,
    /// The generic arguments of the last segment that has any.
    pub generics: Box<[Type]>,
    /// The type of `<T as Trait>::name`; the segments are then those after `>`.
    pub qself: Option<Box<(Type, Option<Path>)>>,
    /// Where it stands.
    pub bytes: Bytes,
}

/// A type as written.
#[derive(Clone, Debug)]
pub enum Type {
    /// A named one, with its arguments.
    Path(Path),
    /// `(A, B)`.
    Tuple(Box<[Type]>),
    /// `[T]`, `[T; n]`.
    List(Box<Type>),
    /// `&T`, `*const T`.
    Ref(Box<Type>),
    /// `dyn A + B`, with the traits only.
    Dyn(Box<[Path]>),
    /// `impl A + B`, with the traits only.
    Impl(Box<[Path]>),
    /// `_`, `!`, function pointers, macros.
    Other,
}

/// One generic type parameter with the traits it is bound by, here or in a `where`.
#[derive(Clone, Debug)]
pub struct Generic {
    /// Its name.
    pub name: Sym,
    /// Its traits.
    pub bounds: Vec<Path>,
}

/// A pattern, as far as names come out of it.
#[derive(Clone, Debug)]
pub enum Pat {
    /// `x`, `mut x`, `x @ …`.
    Name(Sym),
    /// `(a, b)`, `[a, b]`.
    Tuple(Box<[Pat]>),
    /// `Some(x)`, `State(x)`, `Json(x)`.
    TupleStruct(Path, Box<[Pat]>),
    /// `Request { body, .. }`.
    Struct(Path, Box<[(Sym, Pat)]>),
    /// A constant or unit variant: `None`.
    Path(Path),
    /// `x: T`.
    Typed(Box<Pat>, Type),
    /// `a | b`.
    Or(Box<[Pat]>),
    /// `_`, `..`, literals.
    Other,
}

/// An expression with its bytes.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub bytes: Bytes,
}

/// A literal, as far as rules ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lit {
    /// A string.
    Str(Sym),
    /// `true` or `false`.
    Bool(bool),
    /// A number that fits.
    Int(u64),
    /// Any other.
    Other,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A literal.
    Lit(Lit),
    /// A name or path as a value.
    Path(Box<Path>),
    /// `callee(args)`.
    Call(Box<Expr>, Box<[Expr]>),
    /// `receiver.name(args)`.
    Method(Box<Method>),
    /// `path!(…)`.
    Macro(Box<MacroCall>),
    /// `|params| body`, `async move |params| body`.
    Closure(Box<Closure>),
    /// `async { … }`.
    Async(Box<Block>),
    /// `{ … }`, `unsafe { … }`.
    Block(Box<Block>),
    /// `e.await`.
    Await(Box<Expr>),
    /// `e?`.
    Try(Box<Expr>),
    /// `&e`, `*e`, `(e)`, `e as T`: the same value for our purposes.
    Same(Box<Expr>),
    /// `&mut e`.
    RefMut(Box<Expr>),
    /// `e.name`.
    Field(Box<Expr>, Sym),
    /// `e[i]`.
    Index(Box<(Expr, Expr)>),
    /// `a = b`.
    Assign(Box<(Expr, Expr)>),
    /// `let p = e` as a condition.
    Let(Box<(Pat, Expr)>),
    /// `if c { … } else …`.
    If(Box<If>),
    /// `match e { … }`.
    Match(Box<(Expr, Vec<Arm>)>),
    /// `loop`, `while`, `for`.
    Loop(Box<Loop>),
    /// `Path { field: e, ..rest }`.
    Struct(Box<(Path, Vec<(Sym, Expr)>)>),
    /// `(a, b)`.
    Tuple(Box<[Expr]>),
    /// `[a, b]`.
    List(Box<[Expr]>),
    /// `return e`.
    Return(Option<Box<Expr>>),
    /// `break e`, `continue`.
    Break(Option<Box<Expr>>),
    /// Operators, ranges: evaluated parts without a value of interest.
    Parts(Box<[Expr]>),
}

/// `receiver.name::<generics>(args)`.
#[derive(Clone, Debug)]
pub struct Method {
    /// What it is called on.
    pub receiver: Expr,
    /// The method.
    pub name: Sym,
    /// Where its name stands.
    pub name_bytes: Bytes,
    /// The turbofish.
    pub generics: Box<[Type]>,
    /// What it is given.
    pub args: Box<[Expr]>,
}

/// `path!(…)`.
#[derive(Clone, Debug)]
pub struct MacroCall {
    /// The macro.
    pub path: Path,
    /// Between the delimiters, as bytes of the file: what a local `macro_rules!` is expanded from.
    pub input: Bytes,
    /// What stands there, where a macro made it and no file holds it.
    pub text: Option<Box<str>>,
    /// The expressions found in it.
    pub args: Box<[Expr]>,
}

/// A closure.
#[derive(Clone, Debug)]
pub struct Closure {
    /// Its parameters.
    pub params: Box<[Pat]>,
    /// Its body.
    pub body: Expr,
}

/// A block.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Its statements.
    pub stmts: Vec<Stmt>,
    /// Where it stands, braces included.
    pub bytes: Bytes,
}

/// A statement.
#[derive(Clone, Debug)]
pub enum Stmt {
    /// `let p: T = e else { … };`
    Let(Box<Let>),
    /// An expression, and whether its value is dropped by a semicolon.
    Expr(Expr, bool),
}

/// A `let` statement.
#[derive(Clone, Debug)]
pub struct Let {
    /// What is bound.
    pub pat: Pat,
    /// Its value.
    pub init: Option<Expr>,
    /// The diverging block.
    pub otherwise: Option<Expr>,
    /// The whole statement.
    pub bytes: Bytes,
}

/// An `if`.
#[derive(Clone, Debug)]
pub struct If {
    /// The condition.
    pub cond: Expr,
    /// The block.
    pub then: Block,
    /// What follows `else`.
    pub otherwise: Option<Expr>,
}

/// One arm of a `match`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// What it matches.
    pub pat: Pat,
    /// Its condition.
    pub guard: Option<Expr>,
    /// What it does.
    pub body: Expr,
}

/// A loop.
#[derive(Clone, Debug)]
pub struct Loop {
    /// What a `for` binds.
    pub pat: Option<Pat>,
    /// What a `for` walks over, or the condition of a `while`.
    pub head: Option<Expr>,
    /// The body.
    pub body: Block,
}

/// One name a `use` brings in.
#[derive(Clone, Debug)]
pub struct Use {
    /// The whole path, without the glob.
    pub path: Path,
    /// The name it goes by here; none for a glob.
    pub name: Option<Sym>,
    /// Whether others may import it from here.
    pub public: bool,
}

/// A function with its body, if it has one.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: Sym,
    /// Where its name stands.
    pub name_bytes: Bytes,
    /// From its first token that is no attribute to the end.
    pub bytes: Bytes,
    /// Whether it is `async`.
    pub is_async: bool,
    /// Whether it takes `self`.
    pub receiver: bool,
    /// Its type parameters.
    pub generics: Vec<Generic>,
    /// Its parameters, without `self`.
    pub params: Vec<(Pat, Type)>,
    /// Between the parentheses of its parameters.
    pub parens: Bytes,
    /// What it returns.
    pub output: Option<Type>,
    /// The paths of its attributes.
    pub attrs: Vec<Path>,
    /// What stands between the brackets of each of them, its path included.
    pub attr_bytes: Vec<Bytes>,
    /// Its body.
    pub body: Option<Block>,
    /// Items declared inside the body.
    pub inner: Vec<Item>,
}

/// A struct, union or enum.
#[derive(Clone, Debug)]
pub struct Data {
    /// Its name.
    pub name: Sym,
    /// Where its name stands.
    pub name_bytes: Bytes,
    /// Its type parameters.
    pub generics: Vec<Generic>,
    /// The fields; those of an enum's variants are together here, by `Variant.field`.
    pub fields: Vec<(Sym, Type)>,
    /// The variants of an enum.
    pub variants: Vec<Sym>,
    /// The paths of an enum's attributes.
    pub attrs: Vec<Path>,
}

/// An `impl` or a `trait`.
#[derive(Clone, Debug)]
pub struct Impl {
    /// Its type parameters.
    pub generics: Vec<Generic>,
    /// The implemented trait.
    pub of: Option<Path>,
    /// The type it is for.
    pub target: Type,
    /// The paths of its attributes.
    pub attrs: Vec<Path>,
    /// Associated types.
    pub types: Vec<(Sym, Type)>,
    /// Associated functions.
    pub functions: Vec<Function>,
}

/// A macro that declares statics which are made on first use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LazyMacro {
    /// `lazy_static!`.
    LazyStatic,
    /// `thread_local!`: one for each thread.
    ThreadLocal,
}

/// A `static` or `const`, or one made by `lazy_static!` or `thread_local!`.
#[derive(Clone, Debug)]
pub struct Global {
    /// Its name.
    pub name: Sym,
    /// Where it stands.
    pub bytes: Bytes,
    /// Its type.
    pub ty: Type,
    /// What it starts as.
    pub init: Option<Expr>,
    /// The macro that makes the initialiser lazy.
    pub lazy: Option<LazyMacro>,
    /// Whether it is a `const`, evaluated wherever it is named.
    pub constant: bool,
}

/// A trait's own part.
#[derive(Clone, Debug)]
pub struct Trait {
    /// Its name.
    pub name: Sym,
    /// Its type parameters.
    pub generics: Vec<Generic>,
    /// The traits it requires.
    pub supers: Vec<Path>,
    /// Its functions, with a body where it has a default.
    pub functions: Vec<Function>,
}

/// An item.
#[derive(Clone, Debug)]
pub enum Item {
    /// `use`, flattened.
    Use(Use),
    /// `extern crate a as b;`
    ExternCrate {
        /// The crate.
        name: Sym,
        /// The name here.
        alias: Sym,
    },
    /// `mod name;` or `mod name { … }`.
    Mod {
        /// Its name.
        name: Sym,
        /// The value of `#[path]`.
        path: Option<String>,
        /// The items of an inline module.
        inline: Option<Vec<Item>>,
    },
    /// `fn`.
    Fn(Function),
    /// `struct`, `enum`, `union`.
    Data(Data),
    /// `trait`.
    Trait(Trait),
    /// `impl`.
    Impl(Impl),
    /// `type A = B;`
    Alias {
        /// Its name.
        name: Sym,
        /// Its type parameters' names.
        generics: Vec<Sym>,
        /// What it stands for.
        ty: Type,
    },
    /// `static`, `const`.
    Global(Global),
    /// `macro_rules! name { … }`.
    MacroRules {
        /// Its name.
        name: Sym,
        /// Between the braces.
        rules: Bytes,
    },
    /// A macro called where an item may stand.
    MacroCall(MacroCall),
}
