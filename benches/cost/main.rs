//! What planwatch costs, beside other loggers in the same run. Nothing is asserted: see README.md.

#![allow(clippy::unwrap_used, reason = "a bench that cannot measure shall panic")]

mod bed;
mod capture;
mod idle;
mod latency;
mod queue;
mod recognising;
mod screen;
mod terminal;
mod writer;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.first().is_some_and(|arg| arg == "writer")
        && args.get(1).is_some_and(|arg| arg == "span")
    {
        queue::write_span(&args[2]);
        return;
    }
    if args.first().is_some_and(|arg| arg == "writer") {
        writer::write(&args[1..]);
        return;
    }
    let chosen = |name: &str| args.is_empty() || args.iter().any(|arg| arg == name);
    if chosen("capture") {
        capture::measure();
    }
    if chosen("recognising") {
        recognising::measure();
    }
    if chosen("latency") {
        latency::measure();
    }
    if chosen("screen") {
        screen::measure();
    }
    if chosen("opening") {
        screen::opening();
    }
    if chosen("queue") {
        queue::measure();
    }
    if chosen("idle") {
        idle::measure();
    }
}
