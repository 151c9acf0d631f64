//! The last bytes of a stream, kept as text.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The last bytes that were pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail(Vec<u8>);

impl Tail {
    /// Bytes that are kept.
    pub const MOST: usize = 64;

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the bytes that follow.
    pub fn push(&mut self, bytes: &[u8]) {
        let bytes = &bytes[bytes.len().saturating_sub(Tail::MOST)..];
        let over = (self.0.len() + bytes.len()).saturating_sub(Tail::MOST);
        self.0.drain(..over);
        self.0.extend_from_slice(bytes);
    }
}

impl Serialize for Tail {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let text: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        to.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Tail {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Tail, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        bytes.map(Tail).ok_or_else(|| serde::de::Error::custom("not hexadecimal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_bytes_are_kept_in_whatever_pieces_they_come_and_survive_being_stored() {
        let text: Vec<u8> = (0..=255).collect();
        for size in [1, 3, 63, 64, 65, 256] {
            let mut tail = Tail::default();
            text.chunks(size).for_each(|piece| tail.push(piece));
            assert_eq!(tail.bytes(), &text[192..], "{size}");
            let stored = serde_json::to_string(&tail).unwrap();
            assert_eq!(serde_json::from_str::<Tail>(&stored).unwrap(), tail);
        }
    }
}
