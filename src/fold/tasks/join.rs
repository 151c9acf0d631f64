//! From the way a task prints itself to the id that Luigi gives it.
//!
//! `luigi.task.task_id_str`: family, `_`, the first 16 characters of the values of the first three
//! parameters by name with every character but letters, digits and `_` made `_`, `_`, and the first
//! ten digits of the MD5 of all parameters as JSON. The printed form does not escape its values, so
//! where one parameter ends may be unclear; and it shows private parameters, which are not in the id.

use std::borrow::Cow;

use md5::{Digest as _, Md5};

/// Readings of one printed form that are tried.
const READINGS: usize = 64;

/// Bytes of readings that are tried, so that a long line costs no more than many short ones.
const BYTES: usize = 32 << 10;

/// Hands the ids that a task printed like this may have to `accept`, likeliest first, until it says
/// true. Gives the accepted one.
pub(super) fn id_of(name: &str, mut accept: impl FnMut(&str) -> bool) -> Option<String> {
    let (family, rest) = name.split_once('(')?;
    let inside = rest.strip_suffix(')')?;
    let pieces = pieces(inside)?;
    // Nearly always all borders are some, and nothing is hidden.
    let plain = parameters(&pieces, 0).map(|parameters| id(family, &parameters));
    if let Some(plain) = plain
        && accept(&plain)
    {
        return Some(plain);
    }
    let mut left = READINGS.min(1 + BYTES / name.len()) - 1;
    // Which of the possible borders are none, fewest first: nearly always none of them.
    for glued in masks(pieces.len().saturating_sub(1)).skip(1) {
        let Some(parameters) = parameters(&pieces, glued) else { continue };
        let full = id(family, &parameters);
        if accept(&full) {
            return Some(full);
        }
        left = left.checked_sub(1)?;
    }
    let parameters = parameters(&pieces, 0)?;
    for hidden in masks(parameters.len()).skip(1).take(left) {
        let shown: Vec<(&str, Cow<'_, str>)> = (parameters.iter().enumerate())
            .filter(|(at, _)| hidden & (1 << at) == 0)
            .map(|(_, parameter)| parameter.clone())
            .collect();
        let partial = id(family, &shown);
        if accept(&partial) {
            return Some(partial);
        }
    }
    None
}

/// The name of a task's class, as far as its id tells: it ends where the id's other parts begin,
/// which a `_` in the name makes unclear.
pub(super) fn family_of(id: &str) -> &str {
    let front = id.strip_suffix("__99914b932b");
    front.unwrap_or_else(|| id.split('_').next().filter(|part| !part.is_empty()).unwrap_or(id))
}

/// The text cut wherever a parameter may begin: at its front and behind each `, ` that `name=`
/// follows. None if its front is no parameter.
fn pieces(inside: &str) -> Option<Vec<&str>> {
    if inside.is_empty() {
        return Some(Vec::new());
    }
    begins(inside).then_some(())?;
    let mut pieces = Vec::new();
    let mut from = 0;
    for (at, _) in inside.match_indices(", ") {
        if begins(&inside[at + 2..]) {
            pieces.push(&inside[from..at]);
            from = at + 2;
        }
    }
    pieces.push(&inside[from..]);
    Some(pieces)
}

/// Whether `name=` stands here.
fn begins(text: &str) -> bool {
    let Some((name, _)) = text.split_once('=') else { return false };
    name.chars().next().is_some_and(|first| first == '_' || first.is_alphabetic())
        && name.chars().all(|c| c == '_' || c.is_alphanumeric())
}

/// Names and values, sorted by name. Bit n of `glued`: the border behind piece n is none. None if
/// that gives a name twice, and so is no reading.
fn parameters<'a>(pieces: &[&'a str], glued: u64) -> Option<Vec<(&'a str, Cow<'a, str>)>> {
    let mut parameters: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(pieces.len());
    for (at, piece) in pieces.iter().enumerate() {
        let joined = at > 0 && glued & (1 << (at - 1).min(63)) != 0;
        if let Some((_, value)) = parameters.last_mut().filter(|_| joined) {
            let value = value.to_mut();
            value.push_str(", ");
            value.push_str(piece);
        } else {
            let (name, value) = piece.split_once('=')?;
            parameters.push((name, value.into()));
        }
    }
    parameters.sort();
    parameters.windows(2).all(|pair| pair[0].0 != pair[1].0).then_some(parameters)
}

/// All sets of `n` things as bits, the empty one first, then by how many are in them; of many
/// things only the sets of at most one.
fn masks(n: usize) -> impl Iterator<Item = u64> {
    const FEW: usize = 6;
    let ones = (0..n.min(63)).map(|at| 1 << at);
    let more = if n <= FEW { 0..1 << n } else { 0..0 };
    let mut more: Vec<u64> = more.filter(|mask: &u64| mask.count_ones() > 1).collect();
    more.sort_by_key(|mask| mask.count_ones());
    std::iter::once(0).chain(ones).chain(more)
}

fn id(family: &str, parameters: &[(&str, Cow<'_, str>)]) -> String {
    let mut json = String::with_capacity(128);
    json.push('{');
    for (at, (name, value)) in parameters.iter().enumerate() {
        json.push_str(if at > 0 { "," } else { "" });
        quote(&mut json, name);
        json.push(':');
        quote(&mut json, value);
    }
    json.push('}');
    let mut id = String::with_capacity(family.len() + 64);
    id.push_str(family);
    for at in 0..parameters.len().clamp(1, 3) {
        id.push('_');
        let value = parameters.get(at).map_or("", |(_, value)| value);
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        id.extend(value.chars().take(16).map(plain));
    }
    id.push('_');
    for byte in &Md5::digest(json.as_bytes())[..5] {
        for digit in [byte >> 4, byte & 15] {
            id.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    id
}

/// A string as Python's `json.dumps` writes it: printable ASCII, everything else escaped.
fn quote(to: &mut String, text: &str) {
    to.push('"');
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\')) {
        to.push_str(text);
        to.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            '\u{8}' => to.push_str("\\b"),
            '\u{c}' => to.push_str("\\f"),
            ' '..='~' => to.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    to.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joins(name: &str, id: &str) -> bool {
        id_of(name, |candidate| candidate == id).is_some()
    }

    #[test]
    fn a_printed_task_has_the_id_that_luigi_gave_it() {
        // What Luigi 3.8.1 printed for the same tasks; the hidden parameter is a private one.
        for (name, id) in [
            ("Leaf(n=3)", "Leaf_3_ab99dd1074"),
            ("Fails()", "Fails__99914b932b"),
            ("my.space.Leaf(n=3)", "my.space.Leaf_3_ab99dd1074"),
            (
                "Params(text=a, b=c, z=\"q\" \\ é 😀\t\u{7f}, when=2026-01-02, l=[\"fake-4, x=1\", \"y\"])",
                "Params___fake_4__x_1____a__b_c_2026_01_02_ace984a97c",
            ),
            ("Hidden(a=1, secret=s3, b=7)", "Hidden_1_7_9bf0746887"),
            ("Insig(a=averyveryverylongvalue/with/slash)", "Insig_averyveryverylon_21f5b0fc12"),
            ("Many(d=4, c=, b=ä.2, a=1)", "Many_1___2__1fbcf6bea1"),
        ] {
            assert!(joins(name, id), "{name} {id}");
        }
    }

    #[test]
    fn what_is_not_printed_like_a_task_has_no_id() {
        for name in ["", "Leaf", "Leaf(", "Leaf(3)", "Leaf(n=3", "Leaf(n=3) and more", "Leaf(=3)"] {
            assert_eq!(id_of(name, |_| true), None, "{name}");
        }
    }

    #[test]
    fn the_family_is_read_off_an_id() {
        assert_eq!(family_of("My_Fails__99914b932b"), "My_Fails");
        assert_eq!(family_of("Leaf_3_ab99dd1074"), "Leaf");
        assert_eq!(family_of("_x"), "_x");
    }

    proptest::proptest! {
        #[test]
        fn any_name_is_tried_a_bounded_number_of_times(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                "A(", ")", "n=", ", ", "x", "=", "é", "\"", ", m=1",
            ]), 0..200),
        ) {
            let mut tried = 0;
            id_of(&format!("A(n={})", pieces.concat()), |_| { tried += 1; false });
            proptest::prop_assert!(tried <= READINGS);
        }
    }
}
