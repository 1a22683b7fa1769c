//! The `cargo lambda-lean` program: hands its arguments to the library.

fn main() -> std::process::ExitCode {
    cargo_lambda_lean::cli::main(std::env::args_os())
}
