//! Values as JSON that can go to a terminal: what one would obey, or be misled by, is escaped. To
//! whoever parses it, it is the same.

use serde::Serialize;

use super::sanitize::is_unseen;

/// A value on one line.
pub fn line(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value).map(escaped)
}

/// A value for people to read, indented.
pub fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(escaped)
}

/// What is no ASCII stands in strings only, and so does DEL.
fn escaped(json: String) -> String {
    let strange = |c: char| c == '\u{7f}' || is_unseen(c);
    if !json.contains(strange) {
        return json;
    }
    let mut text = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if strange(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_the_same_and_shows_what_cannot_be_seen() {
        let value =
            vec!["a\x1b]0;x\x07\u{7f}\u{9b}31m\u{202e}\u{e0041}", "naïve 日本 👩\u{200d}👩"];
        for json in [line(&value), pretty(&value)] {
            let json = json.unwrap();
            assert_eq!(serde_json::from_str::<Vec<String>>(&json).unwrap(), value);
            assert!(!json.contains(|c: char| c.is_control() && c != '\n'), "{json:?}");
            assert!(json.contains(r"\u007f\u009b31m\u202e\udb40\udc41"), "{json}");
            assert!(json.contains(value[1]), "{json}");
        }
    }
}
