//! Bytes on their way into a file, put where they belong at once: a buffer that is filled from its
//! front, of which more may be touched than is kept.

/// By how much it grows at least: what is added is touched at once.
const GROWTH: usize = 256 << 10;

/// Filled bytes, and room behind them.
#[derive(Debug, Default)]
pub struct Sheet {
    /// All of it can be written into; a `Vec` that grows would be asked at each piece.
    bytes: Vec<u8>,
    filled: usize,
    /// Where a piece is made whose length is not known before.
    pub(super) draft: Vec<u8>,
}

impl Sheet {
    /// A sheet with room for so many bytes.
    pub fn with_room(bytes: usize) -> Sheet {
        Sheet { bytes: vec![0; bytes], ..Sheet::default() }
    }

    /// What it holds.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// How many bytes it holds.
    pub fn len(&self) -> usize {
        self.filled
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Room for at least so many bytes. Only those that [`Sheet::keep`] names stay.
    #[inline]
    pub(super) fn room(&mut self, bytes: usize) -> &mut [u8] {
        let end = self.filled + bytes;
        if end > self.bytes.len() {
            self.grow(end);
        }
        &mut self.bytes[self.filled..]
    }

    #[cold]
    fn grow(&mut self, end: usize) {
        self.bytes.resize(end.next_multiple_of(GROWTH), 0);
    }

    /// So many bytes of the room are filled now.
    #[inline]
    pub(super) fn keep(&mut self, bytes: usize) {
        self.filled += bytes;
    }

    /// Puts bytes behind what it holds.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        self.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.keep(bytes.len());
    }

    /// Puts what is made in a `Vec` behind what it holds.
    pub(super) fn put_made(&mut self, make: impl FnOnce(&mut Vec<u8>)) {
        let mut draft = std::mem::take(&mut self.draft);
        draft.clear();
        make(&mut draft);
        self.put(&draft);
        self.draft = draft;
    }

    /// Takes bytes off the front.
    pub fn take_off(&mut self, bytes: usize) {
        self.bytes.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
    }

    /// Gives back the memory behind so many bytes, if it holds no more than that.
    pub fn shrink(&mut self, bytes: usize) {
        if self.filled <= bytes && self.bytes.len() > bytes {
            let mut small = Sheet::with_room(bytes);
            small.put(self.bytes());
            *self = small;
        }
    }
}
