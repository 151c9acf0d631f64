//! Where everything stands on a screen of a given size.

use ratatui::layout::Rect;

/// What is to be placed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Logs there are to show.
    pub(super) logs: usize,
    /// Plans in the list.
    pub(super) plans: usize,
    /// Whether the tasks are shown.
    pub(super) tasks: bool,
    /// What fills the screen alone.
    pub(super) zoom: Option<Zoom>,
    /// Whether the list has the focus: on a narrow screen it is all there is then.
    pub(super) list: bool,
}

/// What may fill the screen alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zoom {
    /// The log that has the focus.
    Log,
    /// The tasks.
    Tasks,
}

/// Places, frames included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// The list of plans.
    pub(super) list: Option<Rect>,
    /// What is known of the selected plan.
    pub(super) facts: Option<Rect>,
    /// The logs.
    pub(super) logs: Vec<Rect>,
    /// The tasks.
    pub(super) tasks: Option<Rect>,
    /// The last row: keys, or what is typed.
    pub(super) footer: Rect,
}

/// From here on list and log stand side by side.
const WIDE: u16 = 76;
/// The list takes so much of the width, in hundredths, within these bounds.
const LIST: (u16, u16, u16) = (40, 34, 60);
/// Rows of the facts, frame included.
const FACTS: u16 = 7;

impl Places {
    /// Places everything.
    pub(super) fn of(width: u16, height: u16, plan: Plan) -> Places {
        let footer = Rect::new(0, height.saturating_sub(1), width, height.min(1));
        let rest = Rect::new(0, 0, width, height.saturating_sub(1));
        let mut places = Places { footer, ..Places::default() };
        let narrow = width < WIDE;
        if plan.zoom.is_some() || (narrow && !plan.list) {
            places.right(rest, plan);
        } else if narrow {
            places.left(rest, plan);
        } else {
            let (part, least, most) = LIST;
            let list = (width * part / 100).clamp(least, most);
            let (left, right) = across(rest, list);
            places.left(left, plan);
            places.right(right, plan);
        }
        places
    }

    fn left(&mut self, area: Rect, plan: Plan) {
        // The list is not shortened for the facts where it fills its place.
        let needs = u16::try_from(plan.plans).unwrap_or(u16::MAX).saturating_add(2).max(5);
        if area.height < FACTS + needs.min(8) {
            self.list = Some(area);
            return;
        }
        let (list, facts) = down(area, area.height - FACTS);
        (self.list, self.facts) = (Some(list), Some(facts));
    }

    fn right(&mut self, area: Rect, plan: Plan) {
        match plan.zoom {
            Some(Zoom::Log) => self.logs = vec![area],
            Some(Zoom::Tasks) => self.tasks = Some(area),
            None if plan.tasks && area.height >= 8 => {
                let (logs, tasks) = down(area, area.height / 2);
                (self.logs, self.tasks) = (grid(logs, plan.logs.max(1)), Some(tasks));
            }
            None => self.logs = grid(area, plan.logs.max(1)),
        }
    }
}

/// The area cut into so many parts of about the same size, none too narrow to read.
fn grid(area: Rect, count: usize) -> Vec<Rect> {
    const NARROWEST: u16 = 38;
    let most = usize::from((area.width / NARROWEST).max(1));
    let columns = (1..=most).find(|columns| columns * columns >= count).unwrap_or(most);
    let rows = count.div_ceil(columns);
    let mut parts = Vec::new();
    for row in 0..rows {
        let here = columns.min(count - row * columns);
        let (top, bottom) = (part(area.height, row, rows), part(area.height, row + 1, rows));
        for column in 0..here {
            let (left, right) =
                (part(area.width, column, here), part(area.width, column + 1, here));
            parts.push(Rect::new(area.x + left, area.y + top, right - left, bottom - top));
        }
    }
    parts
}

fn part(whole: u16, at: usize, of: usize) -> u16 {
    u16::try_from(usize::from(whole) * at / of.max(1)).unwrap_or(whole)
}

fn across(area: Rect, left: u16) -> (Rect, Rect) {
    let left = left.min(area.width);
    (Rect { width: left, ..area }, Rect { x: area.x + left, width: area.width - left, ..area })
}

fn down(area: Rect, top: u16) -> (Rect, Rect) {
    let top = top.min(area.height);
    (Rect { height: top, ..area }, Rect { y: area.y + top, height: area.height - top, ..area })
}

/// What is inside a frame.
pub(super) fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { logs: 1, plans: 4, tasks: true, zoom: None, list: true };

    #[test]
    fn every_place_is_on_the_screen_at_any_size() {
        for width in [0, 1, 2, 20, 40, 75, 76, 110, 200, 500] {
            for height in [0, 1, 2, 5, 10, 24, 30, 60, 200] {
                for logs in 0..10 {
                    for (zoom, list) in [
                        (None, false),
                        (None, true),
                        (Some(Zoom::Log), false),
                        (Some(Zoom::Tasks), false),
                    ] {
                        let places = Places::of(width, height, Plan { logs, zoom, list, ..PLAN });
                        let screen = Rect::new(0, 0, width, height);
                        let all = places.logs.iter().copied().chain(places.list);
                        for area in all.chain(places.facts).chain(places.tasks) {
                            assert_eq!(area.intersection(screen), area, "{width}x{height} {area}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_zoomed_fills_the_screen() {
        let log = Places::of(110, 30, Plan { zoom: Some(Zoom::Log), ..PLAN });
        assert_eq!((log.logs, log.tasks, log.list), (vec![Rect::new(0, 0, 110, 29)], None, None));
        let tasks = Places::of(110, 30, Plan { zoom: Some(Zoom::Tasks), ..PLAN });
        assert_eq!((tasks.logs, tasks.tasks), (vec![], Some(Rect::new(0, 0, 110, 29))));
    }

    #[test]
    fn a_narrow_screen_shows_what_has_the_focus() {
        let list = Places::of(60, 20, PLAN);
        assert!(list.list.is_some() && list.logs.is_empty());
        let log = Places::of(60, 20, Plan { list: false, ..PLAN });
        assert!(log.list.is_none() && log.logs.len() == 1);
        let both = Places::of(110, 30, PLAN);
        assert!(both.list.is_some() && both.logs.len() == 1 && both.tasks.is_some());
    }
}
