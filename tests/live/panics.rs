//! Takes the terminal as the screen does, and panics on a thread beside.

use planwatch::tui::screen::Screen;

fn main() {
    let screen = Screen::take(|_| {}).expect("a terminal");
    let thread = std::thread::spawn(|| panic!("on purpose"));
    // The panic ends everything before this returns.
    let _ = thread.join();
    drop(screen);
}
