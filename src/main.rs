//! Turns the command line into an exit code.

fn main() {
    std::process::exit(planwatch::cli::main(std::env::args_os().collect()));
}
