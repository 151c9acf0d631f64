//! Values that are never written down, in the words of a command line: what is kept has a place in
//! their stead, what is shown has stars.

/// Most bytes of all secret values of a plan together: they must fit into the smallest pipe that
/// the system makes (pipe(7)).
pub const MOST_SECRETS: usize = 8000;

/// What stands where a value is not shown. It does not tell how long that is.
const STARS: &str = "********";

/// No word of a command line has a NUL in it, so that it marks a place for a value.
const MARK: char = '\0';

/// Puts the place of `name` wherever `value` stands.
pub fn hide(words: &mut [String], name: &str, value: &str) {
    if value.is_empty() {
        return;
    }
    let place = format!("{MARK}{name}{MARK}");
    for word in words {
        // A place may not be looked into: the value could be a part of a name.
        let parts = word.split(MARK).enumerate();
        let hidden: Vec<String> = parts
            .map(|(at, part)| match at % 2 {
                0 => part.replace(value, &place),
                _ => format!("{MARK}{part}{MARK}"),
            })
            .collect();
        *word = hidden.concat();
    }
}

/// The words as anybody may see them.
pub fn shown(words: &[String]) -> Vec<String> {
    words.iter().map(|word| each_place(word, |_| STARS.to_owned())).collect()
}

/// The words with their values in them again.
pub fn filled(words: &[String], value: impl Fn(&str) -> Option<String>) -> Vec<String> {
    words.iter().map(|word| each_place(word, |name| value(name).unwrap_or_default())).collect()
}

fn each_place(word: &str, put: impl Fn(&str) -> String) -> String {
    let parts = word.split(MARK).enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part.to_owned() } else { put(part) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_in_a_command_line_is_kept_as_a_place_shown_as_stars_and_filled_in_again() {
        let typed = ["call", "--key=sk-1/sk-1", "A", "--other=sk"].map(str::to_owned);
        let mut kept = typed.clone();
        hide(&mut kept, "KEY", "sk-1");
        hide(&mut kept, "A", "A");
        hide(&mut kept, "NONE", "");
        assert_eq!(kept[1], "--key=\0KEY\0/\0KEY\0");
        assert_eq!(shown(&kept), ["call", "--key=********/********", "********", "--other=sk"]);
        let value = |name: &str| [("KEY", "sk-1"), ("A", "A")].into_iter().find(|v| v.0 == name);
        assert_eq!(filled(&kept, |name| value(name).map(|v| v.1.to_owned())), typed);
    }
}
