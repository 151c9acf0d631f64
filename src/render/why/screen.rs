//! The screen for the operator at three in the morning: what happened, where, what now.

use std::time::Duration;

use jiff::tz::TimeZone;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::{Excerpt, LastSuccess, LogLine, Trouble, Why};
use crate::model::{Stamp, Stream, TaskCounts, format_duration};
use crate::render::sanitize::harmless;
use crate::render::table::cut;
use crate::render::tasks::Look;
use crate::render::theme::{Tone, painted};

/// Lines of a traceback that are shown: its first, and as many of its last.
const TRACEBACK: usize = 16;
/// Names that are listed before the rest is counted.
const NAMES: usize = 4;

/// The present moment, where the reader is.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Now.
    pub now: Stamp,
    /// The zone times are told in.
    pub zone: TimeZone,
}

struct Screen<'a> {
    to: &'a mut Vec<u8>,
    look: Look,
    clock: &'a Clock,
}

/// Appends the screen.
pub fn screen(to: &mut Vec<u8>, why: &Why, clock: &Clock, look: Look) {
    let mut screen = Screen { to, look, clock };
    screen.verdict(why);
    screen.left_behind(why);
    if why.verdict.is_success() && why.retried.is_empty() && why.failures.is_empty() {
        return;
    }
    screen.more(why);
    for trouble in why.failures.iter().filter(|trouble| trouble.excerpt.is_some()) {
        screen.trouble(trouble);
    }
    screen.others(why);
    if let Some(words) = &why.last_words {
        screen.last_words(words);
    }
    screen.retried(why);
    screen.not_run(why);
    if let Some(success) = &why.last_success {
        screen.last_success(success);
    }
    screen.commands(why);
}

impl Screen<'_> {
    fn verdict(&mut self, why: &Why) {
        let tone = Tone::of_run(why.state, why.verdict);
        let title = format!("{} run {} ", why.plan, why.run);
        self.to.extend_from_slice(painted(&title, Tone::Bold, self.look.colour).as_bytes());
        let headline = harmless(&why.headline);
        let width = self.look.width.unwrap_or(usize::MAX);
        for (at, line) in wrapped(&headline, title.width(), 2, width).into_iter().enumerate() {
            let indent = if at > 0 { "  " } else { "" };
            let line = format!("{indent}{}\n", painted(line, tone, self.look.colour));
            self.to.extend_from_slice(line.as_bytes());
        }
    }

    fn left_behind(&mut self, why: &Why) {
        let pids: Vec<String> = why.left_behind.iter().map(i32::to_string).collect();
        let (many, go) = if pids.len() == 1 { ("process", "goes") } else { ("processes", "go") };
        if !pids.is_empty() {
            let text = format!("{} {many} of it {go} on: {}", pids.len(), pids.join(", "));
            self.line(0, &text, Tone::Bad);
            self.command("end them: ", &format!("planwatch stop {}@{}", why.plan, why.run), "");
        }
    }

    /// When, how many tasks, and who ended it.
    fn more(&mut self, why: &Why) {
        let mut parts = Vec::new();
        match why.ended_at {
            Some(ended) => parts.push(format!("ended {}", self.clock.when(ended))),
            None => parts.push(format!("began {}", self.clock.when(why.started_at))),
        }
        let waiting = if why.state.is_live() { "waiting" } else { "not run" };
        parts.extend(why.tasks.map(|tasks| counts(tasks, why.cut_off.len(), waiting)));
        parts.extend(why.ended_by.clone());
        self.whole(0, &parts.join(" · "), Tone::Dim);
    }

    fn trouble(&mut self, trouble: &Trouble) {
        self.line(0, "", Tone::Plain);
        let mut said = format!("{} {}", trouble.name, fate(trouble));
        if let Some(took) = trouble.took_ms {
            said += &format!(" after {}", format_duration(Duration::from_millis(took)));
        }
        if trouble.attempts > 1 {
            said += &format!(" in attempt {}", trouble.attempts);
        }
        if let Some(pid) = trouble.pid {
            said += &format!(", pid {pid}");
        }
        self.line(2, &said, Tone::Bad);
        let empty = Excerpt::default();
        let excerpt = trouble.excerpt.as_ref().unwrap_or(&empty);
        self.traceback(&excerpt.traceback);
        if let (true, Some(error)) = (excerpt.traceback.is_empty(), &trouble.error) {
            self.whole(4, error, Tone::Bad);
        }
        self.before(excerpt);
    }

    /// The first line and the last ones: what matters stands at the end.
    fn traceback(&mut self, lines: &[String]) {
        let lines = told(lines);
        let hidden = lines.len().saturating_sub(TRACEBACK);
        for (at, line) in lines.iter().enumerate() {
            if hidden > 1 && at == 1 {
                self.line(4, &format!("… {hidden} more lines …"), Tone::Dim);
            }
            if hidden > 1 && (1..=hidden).contains(&at) {
                continue;
            }
            let last = at + 1 == lines.len();
            match last {
                true => self.whole(4, line, Tone::Bad),
                false => self.line(4, line, Tone::Plain),
            }
        }
    }

    fn before(&mut self, excerpt: &Excerpt) {
        if excerpt.before.is_empty() {
            return;
        }
        self.line(0, "", Tone::Plain);
        let whose = if excerpt.same_process { ", from the same process" } else { "" };
        self.line(2, &format!("just before{whose}:"), Tone::Plain);
        for line in &excerpt.before {
            self.log_line(line);
        }
    }

    fn log_line(&mut self, line: &LogLine) {
        let time = line.ts.timestamp().to_zoned_datetime(self.clock.zone.clone());
        let stream = match &line.stream {
            Stream::Stdout => "out".into(),
            Stream::Stderr => "err".into(),
            other => other.name(),
        };
        let front = format!("{} {stream} ", time.strftime("%H:%M:%S"));
        let room = self.look.width.map(|width| width.saturating_sub(4 + front.width()));
        let text = harmless(&line.msg);
        let text = room.map_or(text.clone(), |room| cut(&text, room.max(8)));
        let painted_line = format!(
            "    {}{}\n",
            painted(&harmless(&front), Tone::Dim, self.look.colour),
            painted(&text, Tone::of_level(line.level), self.look.colour)
        );
        self.to.extend_from_slice(painted_line.as_bytes());
    }

    /// The failures that are told in a line each.
    fn others(&mut self, why: &Why) {
        let others: Vec<&Trouble> =
            why.failures.iter().filter(|trouble| trouble.excerpt.is_none()).collect();
        if others.is_empty() {
            return;
        }
        self.line(0, "", Tone::Plain);
        for trouble in others.iter().take(2 * NAMES) {
            let error =
                trouble.error.as_deref().map_or(String::new(), |error| format!(": {error}"));
            self.line(2, &format!("also {}: {}{error}", fate(trouble), trouble.name), Tone::Bad);
        }
        if let Some(more) = others.len().checked_sub(2 * NAMES).filter(|&more| more > 0) {
            self.line(2, &format!("and {more} more that went wrong"), Tone::Bad);
        }
    }

    fn last_words(&mut self, words: &Excerpt) {
        if !words.traceback.is_empty() {
            self.line(0, "", Tone::Plain);
            self.line(2, "its last error:", Tone::Plain);
            self.traceback(&words.traceback);
        }
        if !words.before.is_empty() {
            self.line(0, "", Tone::Plain);
            let what = if words.traceback.is_empty() { "its last lines:" } else { "just before:" };
            self.line(2, what, Tone::Plain);
            for line in &words.before {
                self.log_line(line);
            }
        }
    }

    fn retried(&mut self, why: &Why) {
        if why.retried.is_empty() {
            return;
        }
        self.line(0, "", Tone::Plain);
        for trouble in why.retried.iter().take(2 * NAMES) {
            let error =
                trouble.error.as_deref().map_or(String::new(), |error| format!(": {error}"));
            let text = format!("{} succeeded in attempt {}{error}", trouble.name, trouble.attempts);
            self.line(2, &text, Tone::Wait);
        }
        if let Some(more) = why.retried.len().checked_sub(2 * NAMES).filter(|&more| more > 0) {
            self.line(2, &format!("and {more} more that were retried"), Tone::Wait);
        }
    }

    fn not_run(&mut self, why: &Why) {
        if why.not_run.is_empty() && why.cut_off.is_empty() {
            return;
        }
        self.line(0, "", Tone::Plain);
        if !why.cut_off.is_empty() {
            self.line(2, &format!("at work when it ended: {}", some(&why.cut_off)), Tone::Wait);
        }
        if why.not_run.is_empty() {
            return;
        }
        let title = match why.failures.len() {
            1 if why.graph => "not run because of it: ",
            2.. if why.graph => "not run because of them: ",
            _ => "not run: ",
        };
        self.line(2, &format!("{title}{}", some(&why.not_run)), Tone::Wait);
    }

    fn last_success(&mut self, success: &LastSuccess) {
        self.line(0, "", Tone::Plain);
        let when =
            success.ended_at.map_or(String::new(), |ended| format!(", {}", self.clock.when(ended)));
        let changed = match success.changed.is_empty() {
            true => "; since then nothing was changed that planwatch knows of".to_owned(),
            false => format!("; since then: {}", success.changed.join(", ")),
        };
        self.line(2, &format!("last success: run {}{when}{changed}", success.run), Tone::Plain);
        if !success.lost.is_empty() {
            self.line(4, &format!("succeeded then, not now: {}", some(&success.lost)), Tone::Plain);
        }
        for slower in &success.slower {
            let span = |millis| format_duration(Duration::from_millis(millis));
            let (then, now) = (span(slower.then_ms), span(slower.now_ms));
            self.line(4, &format!("{} took {now}, then {then}", slower.name), Tone::Plain);
        }
    }

    fn commands(&mut self, why: &Why) {
        self.line(0, "", Tone::Plain);
        if let Some(resume) = &why.resume {
            let kept = why.tasks.map_or(0, |counts| counts.done + counts.complete);
            let note = match kept {
                0 => String::new(),
                1 => "   (Luigi keeps the finished task)".to_owned(),
                kept => format!("   (Luigi keeps the {kept} finished tasks)"),
            };
            self.command("resume:  ", resume, &note);
        }
        self.command("read on: ", &why.read_on, "");
    }

    /// A command is never cut: it is there to be copied.
    fn command(&mut self, title: &str, command: &str, note: &str) {
        let line = format!(
            "  {title}{}{}\n",
            painted(&harmless(command), Tone::Bold, self.look.colour),
            painted(note, Tone::Dim, self.look.colour)
        );
        self.to.extend_from_slice(line.as_bytes());
    }

    fn line(&mut self, indent: usize, text: &str, tone: Tone) {
        let text = harmless(text);
        let room = self.look.width.map(|width| width.saturating_sub(indent).max(8));
        let text = room.map_or(text.clone(), |room| cut(&text, room));
        self.put(indent, &text, tone);
    }

    /// What went wrong is told to its end, on as many lines as it takes.
    fn whole(&mut self, indent: usize, text: &str, tone: Tone) {
        let text = harmless(text);
        let width = self.look.width.map_or(usize::MAX, |width| width.max(indent + 10));
        for (at, line) in wrapped(&text, indent, indent + 2, width).into_iter().enumerate() {
            self.put(if at > 0 { indent + 2 } else { indent }, line, tone);
        }
    }

    fn put(&mut self, indent: usize, text: &str, tone: Tone) {
        if !text.is_empty() {
            self.to.resize(self.to.len() + indent, b' ');
            self.to.extend_from_slice(painted(text, tone, self.look.colour).as_bytes());
        }
        self.to.push(b'\n');
    }
}

impl Clock {
    /// `today 03:12`, `yesterday 23:59`, `2026-11-20 14:00`
    fn when(&self, at: Stamp) -> String {
        let zoned = |at: Stamp| at.timestamp().to_zoned_datetime(self.zone.clone());
        let (then, now) = (zoned(at), zoned(self.now));
        let clock = then.strftime("%H:%M");
        match now.date().since(then.date()).map(|span| span.get_days()) {
            Ok(0) => format!("today {clock}"),
            Ok(1) => format!("yesterday {clock}"),
            _ => format!("{} {clock}", then.date()),
        }
    }
}

fn counts(counts: TaskCounts, cut: usize, waiting: &'static str) -> String {
    let cut = u32::try_from(cut).unwrap_or(u32::MAX);
    let at_work = if cut > 0 { "cut off" } else { "running" };
    let told = [
        (counts.done + counts.complete, "done"),
        (counts.running.max(cut), at_work),
        (counts.failed, "failed"),
        (counts.broken, "broken"),
        (counts.missing, "missing"),
        ((counts.pending + counts.running).saturating_sub(counts.running.max(cut)), waiting),
    ];
    let told: Vec<String> = (told.into_iter())
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    format!("{} of {} tasks", told.join(", "), counts.total)
}

/// What happened to a task, in words.
fn fate(trouble: &Trouble) -> &str {
    match &*trouble.what {
        "missing" => "misses its data, which nothing here makes",
        "broken" => "could not be scheduled",
        other => other,
    }
}

/// A traceback without what is the same in all of them: Luigi's frames around the task, and the
/// marks under the source.
fn told(lines: &[String]) -> Vec<&str> {
    let mut told = Vec::new();
    let mut luigis = false;
    for line in lines.iter().map(String::as_str) {
        let frame = line.trim_start().starts_with("File \"");
        if frame {
            luigis = line.contains("/luigi/worker.py\", line ");
        } else if !line.starts_with([' ', '\t']) {
            luigis = false;
        }
        let marks = line.trim_matches([' ', '~', '^']).is_empty();
        if !luigis && !marks {
            told.push(line);
        }
    }
    told
}

/// A text broken between words, or within one that is too long: the first line stands behind `used`
/// columns, the others behind `indent`.
fn wrapped(text: &str, used: usize, indent: usize, width: usize) -> Vec<&str> {
    let (mut lines, mut begin, mut column) = (Vec::new(), 0, used);
    let mut at = 0;
    for word in text.split_inclusive(' ') {
        if at > begin && column + word.trim_end().width() > width {
            lines.push(text[begin..at].trim_end());
            (begin, column) = (at, indent);
        }
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            if column + wide > width && at > begin && c != ' ' {
                lines.push(&text[begin..at]);
                (begin, column) = (at, indent);
            }
            (at, column) = (at + c.len_utf8(), column + wide);
        }
    }
    lines.push(text[begin..].trim_end());
    lines
}

/// The first few names, and how many more there are.
fn some(names: &[String]) -> String {
    let shown = if names.len() == NAMES + 1 { NAMES + 1 } else { NAMES.min(names.len()) };
    let front = names[..shown].join(", ");
    match names.len() - shown {
        0 => front,
        more => format!("{front} and {more} more"),
    }
}
