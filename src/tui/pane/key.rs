//! The actions that keys stand for.

/// An action of the pane, whatever key it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaneKey {
    /// The row above, below.
    Up,
    /// The row below.
    Down,
    /// A page back.
    PageUp,
    /// A page on.
    PageDown,
    /// Half a page back.
    HalfUp,
    /// Half a page on.
    HalfDown,
    /// The first record.
    First,
    /// The last record, and those to come.
    Follow,
    /// Text to the left.
    Left,
    /// Text to the right.
    Right,
    /// The next place that was searched for.
    NextMatch,
    /// The one before.
    PreviousMatch,
    /// The next error.
    NextError,
    /// The one before.
    PreviousError,
    /// Long lines wrapped or cut.
    Wrap,
    /// Times: none, of day, whole, since the row before.
    Times,
    /// Lines as they were written, or as what they mean.
    Raw,
    /// The next level: all, info, warning, error.
    Level,
    /// The next stream.
    Stream,
    /// Marks the record, or takes its mark away.
    Mark,
    /// The next marked record.
    NextMark,
    /// The one before.
    PreviousMark,
    /// Opens or closes what is folded.
    Open,
    /// Opens or closes everything that is folded.
    OpenAll,
    /// Copies the record, or all from the first mark to the last.
    Copy,
    /// The same, to a file.
    Save,
    /// Shows the record as it is stored.
    Inspect,
    /// Ends a search; then the highlight; then the filter.
    Cancel,
}
