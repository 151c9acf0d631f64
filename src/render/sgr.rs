//! Styles of text as terminals know them (ECMA-48 SGR): read from a sequence, written anew.

/// A style: what is allowed of SGR, and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sgr {
    fg: Option<Colour>,
    bg: Option<Colour>,
    /// Bold, dim, italic, underline and reverse, by their numbers.
    on: [bool; 5],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colour {
    /// 0–7 ordinary, 8–15 bright.
    Basic(u8),
    Indexed(u8),
    Rgb(u8, u8, u8),
}

/// The numbers of [`Sgr::on`].
const ATTRIBUTES: [u8; 5] = [1, 2, 3, 4, 7];

/// Most bytes of parameters that are read: more would be no style anybody writes.
const LONGEST: usize = 64;

/// The parameters of the SGR sequence at the front of `text`, and what follows it. None if there
/// stands something else.
pub(super) fn sequence(text: &str) -> Option<(&str, &str)> {
    let body = text.strip_prefix("\x1b[")?;
    let end = body
        .bytes()
        .take(LONGEST)
        .position(|b| !matches!(b, b'0'..=b'9' | b';' | b':'))
        .filter(|&end| body.as_bytes()[end] == b'm')?;
    Some((&body[..end], &body[end + 1..]))
}

impl Sgr {
    /// Whether it is the terminal's own style.
    pub(super) fn is_plain(self) -> bool {
        self == Sgr::default()
    }

    /// Takes over what the parameters of a sequence say, as far as it is allowed.
    pub(super) fn apply(&mut self, parameters: &str) {
        let mut groups = parameters.split(';');
        while let Some(group) = groups.next() {
            let mut parts = group.split(':');
            let number = parts.next().map_or(Some(0), number);
            match number {
                Some(code @ (38 | 48)) => {
                    let colour = if group.contains(':') {
                        extended_by_colon(group)
                    } else {
                        extended(&mut groups)
                    };
                    if let Some(colour) = colour {
                        *(if code == 38 { &mut self.fg } else { &mut self.bg }) = Some(colour);
                    }
                }
                Some(4) => self.on[3] = parts.next() != Some("0"),
                Some(code) => self.simple(code),
                None => {}
            }
        }
    }

    fn simple(&mut self, code: u8) {
        if let Some(which) = ATTRIBUTES.iter().position(|&number| number == code) {
            self.on[which] = true;
        }
        match code {
            0 => *self = Sgr::default(),
            21 => self.on[3] = true,
            22 => (self.on[0], self.on[1]) = (false, false),
            23 => self.on[2] = false,
            24 => self.on[3] = false,
            27 => self.on[4] = false,
            30..=37 => self.fg = Some(Colour::Basic(code - 30)),
            39 => self.fg = None,
            40..=47 => self.bg = Some(Colour::Basic(code - 40)),
            49 => self.bg = None,
            90..=97 => self.fg = Some(Colour::Basic(code - 90 + 8)),
            100..=107 => self.bg = Some(Colour::Basic(code - 100 + 8)),
            _ => {}
        }
    }

    /// Appends the sequence that sets exactly this style. A ground in the colour of the text would
    /// hide it and is left out.
    pub(super) fn write(self, to: &mut Vec<u8>) {
        to.extend_from_slice(b"\x1b[0");
        let mut number = |number: u8| {
            to.push(b';');
            to.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        };
        for (code, _) in ATTRIBUTES.into_iter().zip(self.on).filter(|(_, on)| *on) {
            number(code);
        }
        let bg = self.bg.filter(|&bg| self.fg.is_none_or(|fg| fg.looks() != bg.looks()));
        for (colour, base) in [(self.fg, 30), (bg, 40)] {
            match colour {
                None => {}
                Some(Colour::Basic(n @ 0..=7)) => number(base + n),
                Some(Colour::Basic(n)) => number(base + 60 + n - 8),
                Some(Colour::Indexed(n)) => [base + 8, 5, n].into_iter().for_each(&mut number),
                Some(Colour::Rgb(r, g, b)) => {
                    [base + 8, 2, r, g, b].into_iter().for_each(&mut number);
                }
            }
        }
        to.push(b'm');
    }
}

impl Colour {
    /// The first sixteen of the 256 are the basic ones.
    fn looks(self) -> Colour {
        match self {
            Colour::Indexed(n @ 0..=15) => Colour::Basic(n),
            other => other,
        }
    }
}

/// An absent number is 0.
fn number(text: &str) -> Option<u8> {
    if text.is_empty() { Some(0) } else { text.parse().ok() }
}

/// `38;5;N` and `38;2;R;G;B`.
fn extended<'a>(groups: &mut impl Iterator<Item = &'a str>) -> Option<Colour> {
    let mut next = || groups.next().and_then(number);
    match next()? {
        5 => Some(Colour::Indexed(next()?)),
        2 => Some(Colour::Rgb(next()?, next()?, next()?)),
        _ => None,
    }
}

/// `38:5:N`, `38:2:R:G:B` and `38:2::R:G:B`.
fn extended_by_colon(group: &str) -> Option<Colour> {
    let parts: Vec<&str> = group.split(':').collect();
    match parts[..] {
        [_, "5", n] => Some(Colour::Indexed(number(n)?)),
        [_, "2", r, g, b] | [_, "2", _, r, g, b] => {
            Some(Colour::Rgb(number(r)?, number(g)?, number(b)?))
        }
        _ => None,
    }
}
