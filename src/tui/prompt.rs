//! One line that is typed: a search, a filter, a command.

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthChar as _;

use super::frame::{clear, put};
use super::look::Look;
use super::msg::Press;
use super::pane::Former;
use crate::render::theme::Tone;

/// What is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// What to search for.
    Search {
        /// Towards the beginning.
        backward: bool,
    },
    /// What to filter by.
    Filter,
    /// A command.
    Command,
}

/// The line.
#[derive(Clone, Debug)]
pub(super) struct Prompt {
    /// What it is for.
    pub(super) asks: Asks,
    text: Vec<char>,
    cursor: usize,
    /// What is said beside it: completions, or what is wrong.
    pub(super) hint: String,
    /// What the log was filtered by and searched for before.
    pub(super) former: Option<Former>,
    /// Which line of the history is shown, counted from its end.
    back: usize,
}

/// What came of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Another text.
    Changed,
    /// The cursor moved, or nothing.
    Nothing,
    /// It is to be done.
    Entered,
    /// It is not.
    Left,
    /// The rest of the word is asked for.
    Complete,
}

impl Prompt {
    /// An empty line.
    pub(super) fn new(asks: Asks) -> Prompt {
        Prompt { asks, text: Vec::new(), cursor: 0, hint: String::new(), former: None, back: 0 }
    }

    /// The same over a log that is filtered and searched like this.
    pub(super) fn over(self, former: Option<Former>) -> Prompt {
        Prompt { former, ..self }
    }

    /// What has been typed.
    pub(super) fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Puts another text in its place.
    pub(super) fn set(&mut self, text: &str) {
        self.text = text.chars().collect();
        self.cursor = self.text.len();
    }

    /// Types a text. Line ends and other controls are left out.
    pub(super) fn paste(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            self.text.insert(self.cursor, c);
            self.cursor += 1;
        }
    }

    /// Takes a key. `history` holds what was entered before, oldest first.
    pub(super) fn press(&mut self, press: Press, history: &[String]) -> Typed {
        let before = self.text.len();
        match (press.code, press.ctrl) {
            (KeyCode::Enter, _) => return Typed::Entered,
            (KeyCode::Esc, _) | (KeyCode::Char('c' | 'g'), true) => return Typed::Left,
            (KeyCode::Tab, _) => return Typed::Complete,
            (KeyCode::Backspace, _) | (KeyCode::Char('h'), true) => {
                if before == 0 {
                    return Typed::Left;
                }
                if self.cursor > 0 {
                    self.cursor -= 1;
                    self.text.remove(self.cursor);
                }
            }
            (KeyCode::Delete, _) if self.cursor < before => drop(self.text.remove(self.cursor)),
            (KeyCode::Left, _) | (KeyCode::Char('b'), true) => {
                self.cursor = self.cursor.saturating_sub(1);
            }
            (KeyCode::Right, _) | (KeyCode::Char('f'), true) => {
                self.cursor = (self.cursor + 1).min(before);
            }
            (KeyCode::Home, _) | (KeyCode::Char('a'), true) => self.cursor = 0,
            (KeyCode::End, _) | (KeyCode::Char('e'), true) => self.cursor = before,
            (KeyCode::Char('u'), true) => drop(self.text.drain(..std::mem::take(&mut self.cursor))),
            (KeyCode::Char('k'), true) => self.text.truncate(self.cursor),
            (KeyCode::Char('w'), true) => self.cut_word(),
            (KeyCode::Up, _) | (KeyCode::Char('p'), true) => return self.recall(history, 1),
            (KeyCode::Down, _) | (KeyCode::Char('n'), true) => return self.recall(history, -1),
            (KeyCode::Char(c), false) if !press.alt => {
                self.text.insert(self.cursor, c);
                self.cursor += 1;
            }
            _ => {}
        }
        if self.text.len() == before { Typed::Nothing } else { Typed::Changed }
    }

    fn cut_word(&mut self) {
        let blank = |c: &char| c.is_whitespace();
        let mut from = self.cursor;
        while from > 0 && blank(&self.text[from - 1]) {
            from -= 1;
        }
        while from > 0 && !blank(&self.text[from - 1]) {
            from -= 1;
        }
        self.text.drain(from..self.cursor);
        self.cursor = from;
    }

    fn recall(&mut self, history: &[String], by: isize) -> Typed {
        let back = self.back.saturating_add_signed(by).min(history.len());
        if back == self.back {
            return Typed::Nothing;
        }
        self.back = back;
        self.set(history.len().checked_sub(back).and_then(|at| history.get(at)).map_or("", |l| l));
        Typed::Changed
    }

    /// Draws it over a row.
    pub(super) fn view(&self, area: Rect, buf: &mut Buffer, look: &Look) {
        clear(buf, area);
        let sign = match self.asks {
            Asks::Search { backward: false } => "/",
            Asks::Search { backward: true } => "?",
            Asks::Filter => "&",
            Asks::Command => ":",
        };
        let mut x = put(buf, area.x, area.y, sign, area.width, look.tone(Tone::Bold));
        // The end of a long line is what is being typed.
        let room = usize::from(area.width.saturating_sub(3));
        let from = self.cursor.saturating_sub(room);
        for (at, c) in self.text.iter().chain(&[' ']).enumerate().skip(from) {
            let style = match at == self.cursor {
                true => Style::new().add_modifier(Modifier::REVERSED),
                false => Style::new(),
            };
            let wide = u16::try_from(c.width().unwrap_or(0)).unwrap_or(0);
            if wide == 0 || x + wide > area.right() {
                continue;
            }
            x = put(buf, x, area.y, c.encode_utf8(&mut [0; 4]), wide, style);
        }
        let left = area.right().saturating_sub(x + 2);
        put(buf, x + 2, area.y, &self.hint, left, look.tone(Tone::Dim));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str, prompt: &mut Prompt) {
        for c in keys.chars() {
            prompt.press(Press::char(c), &[]);
        }
    }

    #[test]
    fn a_line_is_edited_as_in_a_shell() {
        let mut prompt = Prompt::new(Asks::Command);
        typed("stop dublin cafe", &mut prompt);
        prompt.press(Press::ctrl('w'), &[]);
        typed("x", &mut prompt);
        prompt.press(Press::ctrl('a'), &[]);
        prompt.press(Press::of(KeyCode::Delete), &[]);
        assert_eq!(prompt.text(), "top dublin x");
        prompt.press(Press::ctrl('k'), &[]);
        assert_eq!(prompt.text(), "");
        assert_eq!(prompt.press(Press::of(KeyCode::Backspace), &[]), Typed::Left);
    }

    #[test]
    fn what_was_entered_before_comes_back() {
        let history = ["one".to_owned(), "two".to_owned()];
        let mut prompt = Prompt::new(Asks::Filter);
        let (up, down) = (Press::of(KeyCode::Up), Press::of(KeyCode::Down));
        let mut seen = Vec::new();
        for press in [up, up, up, down, down] {
            prompt.press(press, &history);
            seen.push(prompt.text());
        }
        assert_eq!(seen, ["two", "one", "one", "two", ""]);
    }
}
