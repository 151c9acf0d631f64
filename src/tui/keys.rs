//! The one table of keys: it decides what a key does, and is what help and footer are made of.

use crossterm::event::KeyCode;

use super::msg::{Deed, Press};
use super::pane::PaneKey;

/// Where the keys go: what has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The list of plans.
    List,
    /// A log.
    Log,
    /// The tasks of a run.
    Tasks,
    /// A page of text over everything: help, why, a record.
    Page,
}

/// Where a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Wherever nothing closer wants it.
    Everywhere,
    /// Where plans are seen: not on a page, which hides what these keys change.
    Plans,
    /// In the list of plans.
    List,
    /// In a log; from the list too, where it means nothing else.
    Log,
    /// In the tasks.
    Tasks,
    /// In a page of text.
    Page,
}

impl Scope {
    /// The heading in the help.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Scope::Everywhere => "everywhere",
            Scope::Plans => "where plans are seen",
            Scope::List => "in the list of plans",
            Scope::Log => "in a log",
            Scope::Tasks => "in the tasks",
            Scope::Page => "in a page",
        }
    }

    /// In the order of the help.
    pub(super) const ALL: [Scope; 6] =
        [Scope::Everywhere, Scope::Plans, Scope::List, Scope::Log, Scope::Tasks, Scope::Page];

    /// Its keys. The first that fits counts.
    pub(super) const fn keys(self) -> &'static [Binding] {
        match self {
            Scope::Everywhere => EVERYWHERE,
            Scope::Plans => PLANS,
            Scope::List => LIST,
            Scope::Log => LOG,
            Scope::Tasks => TASKS,
            Scope::Page => PAGE,
        }
    }
}

/// How far to move in a list or a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// One up.
    Up,
    /// One down.
    Down,
    /// Half a page up.
    HalfUp,
    /// Half a page down.
    HalfDown,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first.
    First,
    /// To the last.
    Last,
    /// Text to the left.
    Left,
    /// Text to the right.
    Right,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Out of what is open; at the top, the end.
    Back,
    /// Out of what is open; at the top, what was said and tagged goes, and never the screen.
    Escape,
    /// The end.
    Quit,
    /// Help.
    Help,
    /// The next pane.
    NextPane,
    /// The pane before.
    PreviousPane,
    /// The plan or pane of this number.
    Number(u8),
    /// Within the list or the page.
    Move(Move),
    /// Into what is selected.
    Open,
    /// The log over the whole screen, and back.
    Zoom,
    /// List, grid, merged.
    Layout,
    /// The tasks: timeline, tree, table, gone.
    Tasks,
    /// The next view of the tasks.
    TasksView,
    /// Why the run ended as it did.
    Why,
    /// Something done to the plans that are tagged, or the selected one.
    Act(Deed),
    /// Tags the plan, or takes its tag away.
    Tag,
    /// Asks which plans of the file are to be started.
    Start,
    /// The palette.
    Palette,
    /// Asks what to search for.
    Search,
    /// The same, towards the beginning.
    SearchBack,
    /// The next match in the page; false: the one before.
    PageMatch(bool),
    /// Asks what to filter by.
    Filter,
    /// To the shell.
    Suspend,
    /// Everything drawn anew.
    Redraw,
    /// In the log that has the focus.
    Pane(PaneKey),
}

/// A key, or several that do the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding {
    /// The keys, as help and footer write them: `j ↓`.
    pub(super) keys: &'static str,
    /// What they do.
    pub(super) action: Action,
    /// What the help says.
    pub(super) words: &'static str,
    /// What the footer says; empty: not there.
    pub(super) short: &'static str,
}

const fn key(
    keys: &'static str,
    action: Action,
    words: &'static str,
    short: &'static str,
) -> Binding {
    Binding { keys, action, words, short }
}

use Action as A;
use Move as M;
use PaneKey as P;

const LIST: &[Binding] = &[
    key("j ↓", A::Move(M::Down), "next plan", ""),
    key("k ↑", A::Move(M::Up), "plan before", ""),
    key("PgDn ^F", A::Move(M::PageDown), "a page of plans on", ""),
    key("PgUp ^B", A::Move(M::PageUp), "a page of plans back", ""),
    key("^D", A::Move(M::HalfDown), "half a page of plans on", ""),
    key("^U", A::Move(M::HalfUp), "half a page of plans back", ""),
    key("g < Home", A::Move(M::First), "first plan", ""),
    key("G > End", A::Move(M::Last), "last plan", ""),
    key("Enter", A::Open, "into its log; why it failed, if it did", "open"),
    key("Space", A::Tag, "tag: what follows is for all tagged plans", "tag"),
];

const LOG: &[Binding] = &[
    key("/", A::Search, "search (regex; without capitals it ignores case)", "search"),
    key("^R", A::SearchBack, "search towards the beginning", ""),
    key("n", A::Pane(P::NextMatch), "next match", ""),
    key("N", A::Pane(P::PreviousMatch), "match before", ""),
    key("&", A::Filter, "show only lines that fit (regex; ! in front: that do not)", "filter"),
    key("e", A::Pane(P::NextError), "next error", "error"),
    key("E", A::Pane(P::PreviousError), "error before", ""),
    key("f F G > End", A::Pane(P::Follow), "follow: to the last line and those to come", "follow"),
    key("g < Home", A::Pane(P::First), "first record", ""),
    key("j ↓", A::Pane(P::Down), "line down", ""),
    key("k ↑", A::Pane(P::Up), "line up", ""),
    key("Space ^F PgDn", A::Pane(P::PageDown), "page down", ""),
    key("b ^B PgUp", A::Pane(P::PageUp), "page up", ""),
    key("d ^D", A::Pane(P::HalfDown), "half a page down", ""),
    key("u ^U", A::Pane(P::HalfUp), "half a page up", ""),
    key("h ←", A::Pane(P::Left), "text to the left", ""),
    key("→", A::Pane(P::Right), "text to the right", ""),
    key("Enter o", A::Pane(P::Open), "open or close what is folded: a traceback", ""),
    key("O", A::Pane(P::OpenAll), "open or close everything that is folded", ""),
    key("l", A::Pane(P::Level), "level: all, info, warning, error", "level"),
    key("S", A::Pane(P::Stream), "stream: all, stdout, stderr, …", ""),
    key("w", A::Pane(P::Wrap), "wrap long lines", ""),
    key("T", A::Pane(P::Times), "times: clock, full, since the line before, none", ""),
    key("R", A::Pane(P::Raw), "raw: lines exactly as they were printed", ""),
    key("m", A::Pane(P::Mark), "mark the line", ""),
    key("]", A::Pane(P::NextMark), "next mark", ""),
    key("[", A::Pane(P::PreviousMark), "mark before", ""),
    key("y", A::Pane(P::Copy), "copy the line, or all between the marks, which go (OSC 52)", ""),
    key("Y", A::Pane(P::Save), "the same to a file", ""),
    key("p", A::Pane(P::Inspect), "the record as it is stored", ""),
];

const TASKS: &[Binding] = &[
    key("j ↓", A::Move(M::Down), "down", ""),
    key("k ↑", A::Move(M::Up), "up", ""),
    key("Space ^F PgDn", A::Move(M::PageDown), "page down", ""),
    key("b ^B PgUp", A::Move(M::PageUp), "page up", ""),
    key("^D", A::Move(M::HalfDown), "half a page down", ""),
    key("^U", A::Move(M::HalfUp), "half a page up", ""),
    key("g < Home", A::Move(M::First), "top", ""),
    key("G > End", A::Move(M::Last), "bottom", ""),
    key("v Enter", A::TasksView, "timeline, tree, table", "timeline, tree, table"),
];

const PAGE: &[Binding] = &[
    key("j ↓", A::Move(M::Down), "down", "scroll"),
    key("k ↑", A::Move(M::Up), "up", ""),
    key("Space ^F PgDn", A::Move(M::PageDown), "page down", ""),
    key("b ^B PgUp", A::Move(M::PageUp), "page up", ""),
    key("d ^D", A::Move(M::HalfDown), "half a page down", ""),
    key("u ^U", A::Move(M::HalfUp), "half a page up", ""),
    key("g < Home", A::Move(M::First), "top", ""),
    key("G > End", A::Move(M::Last), "bottom", ""),
    key("/", A::Search, "search in the page", "search"),
    key("^R", A::SearchBack, "search towards its beginning", ""),
    key("n", A::PageMatch(true), "next match", "next"),
    key("N", A::PageMatch(false), "match before", ""),
    key("h ←", A::Move(M::Left), "text to the left", ""),
    key("l →", A::Move(M::Right), "text to the right", ""),
];

const PLANS: &[Binding] = &[
    key("t", A::Tasks, "tasks below the log: timeline, tree, table, gone", "tasks"),
    key("W", A::Why, "why the run ended as it did", "why"),
    key("v", A::Layout, "layout: list, grid, merged", "layout"),
    key("z", A::Zoom, "this pane over the whole screen, and back", "zoom"),
    key("s", A::Act(Deed::Stop), "stop (asks first)", "stop"),
    key("r", A::Act(Deed::Restart), "restart (asks first)", "restart"),
    key("x", A::Act(Deed::Kill), "kill (asks first)", ""),
    key("U", A::Start, "start plans of plans.toml: names, all or group:NAME", "start"),
    key("Tab", A::NextPane, "next pane", "pane"),
    key("S-Tab", A::PreviousPane, "pane before", ""),
    key(":", A::Palette, "say what to do; Tab completes", ""),
];

const EVERYWHERE: &[Binding] = &[
    key("? F1", A::Help, "help", "help"),
    key("q", A::Back, "back; at the top, quit (never stops a plan)", "back"),
    key("Esc", A::Escape, "back; at the top, message and tags go; never quits", ""),
    key("^C", A::Quit, "quit (never stops a plan)", ""),
    key("^Z", A::Suspend, "to the shell; fg comes back", ""),
    key("^L", A::Redraw, "draw everything anew", ""),
];

impl Binding {
    /// Whether one of its keys was pressed.
    fn fits(&self, press: Press) -> bool {
        self.keys.split(' ').any(|name| named(name) == Some(press))
    }

    /// The first of its keys, for the footer.
    pub(super) fn first(&self) -> &'static str {
        self.keys.split(' ').next().unwrap_or_default()
    }
}

/// The key of this name.
fn named(name: &str) -> Option<Press> {
    let code = match name {
        "Space" => KeyCode::Char(' '),
        "Enter" => KeyCode::Enter,
        "Tab" => KeyCode::Tab,
        "S-Tab" => KeyCode::BackTab,
        "Esc" => KeyCode::Esc,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "↑" => KeyCode::Up,
        "↓" => KeyCode::Down,
        "←" => KeyCode::Left,
        "→" => KeyCode::Right,
        "F1" => KeyCode::F(1),
        _ => {
            let mut chars = name.chars();
            return match (chars.next()?, chars.next()) {
                (c, None) => Some(Press::char(c)),
                ('^', Some(c)) => Some(Press::ctrl(c.to_ascii_lowercase())),
                _ => None,
            };
        }
    };
    Some(Press::of(code))
}

/// The key that does this, as it is written: the first in the table.
pub(super) fn name_of(action: Action) -> &'static str {
    let mut all = Scope::ALL.iter().flat_map(|scope| scope.keys());
    all.find(|binding| binding.action == action).map_or("", Binding::first)
}

/// What a key does where the focus is.
pub(super) fn action(place: Place, press: Press) -> Option<Action> {
    if let (KeyCode::Char(digit @ '1'..='9'), false, false) = (press.code, press.ctrl, press.alt)
        && place != Place::Page
    {
        return Some(Action::Number(digit as u8 - b'0'));
    }
    let mut keys = scopes(place).iter().flat_map(|scope| scope.keys());
    keys.find(|binding| binding.fits(press)).map(|binding| binding.action)
}

/// The scopes that count for a place, closest first.
pub(super) const fn scopes(place: Place) -> &'static [Scope] {
    match place {
        Place::List => &[Scope::List, Scope::Plans, Scope::Everywhere, Scope::Log],
        Place::Log => &[Scope::Log, Scope::Plans, Scope::Everywhere],
        Place::Tasks => &[Scope::Tasks, Scope::Plans, Scope::Everywhere],
        Place::Page => &[Scope::Page, Scope::Everywhere],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_name_and_one_meaning_in_its_scope() {
        for scope in Scope::ALL {
            let mut seen = Vec::new();
            for name in scope.keys().iter().flat_map(|binding| binding.keys.split(' ')) {
                let press = named(name).unwrap_or_else(|| panic!("{name} is no key"));
                assert!(!seen.contains(&press), "{name} twice {}", scope.title());
                seen.push(press);
            }
        }
    }

    #[test]
    fn keys_of_the_log_work_from_the_list_unless_the_list_has_them() {
        let c = Press::char;
        assert_eq!(action(Place::List, c('/')), Some(A::Search));
        assert_eq!(action(Place::List, c('j')), Some(A::Move(M::Down)));
        assert_eq!(action(Place::Log, c('j')), Some(A::Pane(P::Down)));
        assert_eq!(action(Place::Log, c('3')), Some(A::Number(3)));
        assert_eq!(action(Place::Page, c('q')), Some(A::Back));
        for first in ["f F G > End", "d ^D", "< g"].iter().flat_map(|keys| keys.split(' ')) {
            assert!(action(Place::Log, named(first).unwrap()).is_some(), "{first}");
        }
    }

    #[test]
    fn on_a_page_no_key_acts_on_plans_or_changes_what_it_hides() {
        for name in PLANS.iter().flat_map(|binding| binding.keys.split(' ')) {
            assert_eq!(action(Place::Page, named(name).unwrap()), None, "{name}");
        }
    }
}
