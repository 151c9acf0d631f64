"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const ROW = 20, KEPT = 200000, ASKED = 100000, LONG = 2000;
  const LEVELS = ["trace", "debug", "info", "warning", "error", "critical"];
  const TONES = { failed: "bad", lost: "bad", killed: "bad", timeout: "bad", incomplete: "bad",
    error: "bad", critical: "bad", broken: "bad", succeeded: "good", retried: "good", done: "good",
    complete: "good", running: "busy", starting: "busy", warning: "wait", stopping: "wait",
    restarting: "wait", queued: "wait", retry: "wait" };

  // The token comes behind the #, which no server is told, and leaves the address bar at once.
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", location.pathname);
  }
  const token = sessionStorage.getItem("token") ?? "";
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const ask = (path, more = {}) => fetch(path, { cache: "no-store", ...more,
    headers: { ...headers, ...more.headers } });

  // What is known.
  const plans = new Map();
  let plan = null;        // the plan that is shown
  let after = null;       // the last seq of it that came; null: none has been asked for
  let lines = [];         // its records, and what is said about them
  let shown = null;       // places of those that are wanted; null: all
  let level = 0, wanted = null, follow = true, fresh = 0;
  let seen = "";          // what is drawn
  let reading = null;     // what was read when the filter changed, and where that is
  let placed = 0;         // where the log was last scrolled to by itself

  // ---- text -----------------------------------------------------------------------------------
  const clean = (text) => text
    .replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g, "")
    .replace(/\t/g, "    ")
    .replace(/[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
  const el = (name, text, tone, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (tone) made.dataset.tone = tone;
    if (className) made.className = className;
    return made;
  };
  const span = (ms) => {
    const s = Math.floor(ms / 1000);
    return s < 60 ? `${(ms / 1000).toFixed(s < 10 ? 1 : 0)}s`
      : s < 3600 ? `${Math.floor(s / 60)}m${String(s % 60).padStart(2, "0")}s`
        : `${Math.floor(s / 3600)}h${String(Math.floor(s / 60) % 60).padStart(2, "0")}m`;
  };

  const brief = (task) => (task.length <= 24 && !task.endsWith("()") ? task : task.split("(")[0]);

  // ---- plans ----------------------------------------------------------------------------------
  const order = (row) => (row.state === "ended" ? 1 : 0);
  const sorted = () => [...plans.values()].sort((a, b) => order(a) - order(b) ||
    (order(a) ? b.ended_at?.localeCompare(a.ended_at) : a.plan.localeCompare(b.plan)));
  // The buttons stay what they are, so that a click or the focus is never on one that has gone.
  const buttons = new Map();
  const buttonOf = (name) => {
    const item = el("li"), button = el("button");
    button.type = "button";
    button.dataset.plan = name;
    button.addEventListener("click", () => choose(name));
    item.append(button);
    buttons.set(name, item);
    return item;
  };
  const fill = (button, row) => {
    button.setAttribute("aria-current", String(row.plan === plan));
    const word = row.state === "ended" ? row.verdict : row.state;
    const t = row.tasks;
    const said = [t ? `${t.done}/${t.total}` : null, span(row.elapsed_ms),
      row.errors ? `${row.errors} error${row.errors === 1 ? "" : "s"}` : null,
      brief(row.now[0] ?? "")].filter(Boolean).join(" · ");
    const drawn = JSON.stringify([word, t, said]);
    if (button.drawn === drawn) return;
    button.drawn = drawn;
    const parts = [el("b", row.plan), el("span", word, TONES[word] ?? "dim")];
    if (t) {
      const bar = el("span", undefined, null, "bar");
      bar.setAttribute("role", "img");
      bar.setAttribute("aria-label", `${t.done} of ${t.total} tasks done, ${t.failed} failed`);
      for (const kind of ["done", "failed", "running"]) {
        const part = el("i", undefined, null, kind);
        part.style.width = `${100 * t[kind] / t.total}%`;
        bar.append(part);
      }
      parts.push(bar);
    }
    button.replaceChildren(...parts, el("small", said));
  };
  const drawPlans = () => {
    const rows = sorted();
    $("none").hidden = rows.length > 0;
    const list = $("plans");
    for (const [name, item] of buttons) if (!plans.has(name)) { item.remove(); buttons.delete(name); }
    // What moves loses the focus.
    const had = document.activeElement?.dataset?.plan;
    rows.forEach((row, at) => {
      const item = buttons.get(row.plan) ?? buttonOf(row.plan);
      fill(item.firstElementChild, row);
      if (list.children[at] !== item) list.insertBefore(item, list.children[at] ?? null);
    });
    if (had && document.activeElement?.dataset?.plan !== had) buttons.get(had)?.firstElementChild.focus();
  };
  const takePlans = (rows, gone, all) => {
    if (all) plans.clear();
    for (const name of gone) plans.delete(name);
    for (const row of rows) plans.set(row.plan, row);
    drawPlans();
    if (plan === null) {
      const kept = sessionStorage.getItem("plan");
      const first = plans.has(kept) ? kept : sorted()[0]?.plan;
      if (first) choose(first);
    } else if (rows.some((row) => row.plan === plan)) askTasks();
  };
  const choose = (name) => {
    if (name === plan) return;
    const old = plan;
    plan = name;
    sessionStorage.setItem("plan", name);
    forget();
    after = null;
    $("name").textContent = name;
    document.title = `${name} · planwatch`;
    drawPlans();
    askTasks();
    link.choose(old);
  };

  // ---- tasks ----------------------------------------------------------------------------------
  let asking = false, again = false;
  const askTasks = async () => {
    if ($("tasks").hidden) return;
    if (asking) { again = true; return; }
    asking = true;
    const of = plan;
    try {
      const answer = await ask(`/api/plans/${encodeURIComponent(of)}/tasks`);
      if (answer.ok && of === plan) drawTasks(await answer.json());
    } catch { /* told again with the next change */ }
    asking = false;
    if (again) { again = false; setTimeout(askTasks, 500); }
  };
  const drawTasks = (tasks) => {
    const begun = tasks.filter((task) => task.started_at);
    const from = Math.min(...begun.map((task) => Date.parse(task.started_at)));
    const now = Date.now();
    const end = (task) => (task.ended_at ? Date.parse(task.ended_at) : now);
    const to = Math.max(from + 1, ...begun.map(end));
    $("tasks").firstElementChild.replaceChildren(...tasks.map((task) => {
      const item = el("li");
      const name = el("span", `${task.state} ${clean(task.family)}`, TONES[task.state] ?? "dim");
      name.title = clean(task.error ? `${task.task}\n${task.error}` : task.task);
      const time = el("span", task.duration_ms === null ? "" : span(task.duration_ms), null, "time");
      const lane = el("span", undefined, null, "lane");
      if (task.started_at) {
        const at = Date.parse(task.started_at);
        const bar = el("i", undefined, null, { bad: "failed", busy: "running" }[TONES[task.state]] ?? "done");
        bar.style.left = `${100 * (at - from) / (to - from)}%`;
        bar.style.width = `${100 * (end(task) - at) / (to - from)}%`;
        lane.append(bar);
      }
      item.append(name, time, lane);
      return item;
    }));
  };

  // ---- log ------------------------------------------------------------------------------------
  const log = $("log");
  const count = () => (shown ? shown.length : lines.length);
  const line = (at) => lines[shown ? shown[at] : at];
  const fits = (record) => (!level || LEVELS.indexOf(record.level ?? "info") >= level) &&
    (!wanted || wanted.test(record.msg));
  const sift = () => {
    shown = level || wanted ? [] : null;
    if (shown) lines.forEach((record, at) => { if (fits(record)) shown.push(at); });
  };
  const forget = () => {
    [lines, fresh, seen, reading] = [[], 0, "", null];
    sift();
    log.scrollTop = 0;
    draw();
  };
  const add = (record) => {
    // What the bridge reports, Luigi's own lines say too.
    if (record.stream === "events") return;
    lines.push(record);
    if (shown && fits(record)) shown.push(lines.length - 1);
    if (!follow && fits(record)) fresh += 1;
  };
  const trim = () => {
    if (lines.length <= KEPT) return;
    const place = follow ? 0 : log.scrollTop;
    const gone = lines.length - Math.floor(KEPT * 0.9), before = count();
    lines = lines.slice(gone);
    sift();
    if (!follow) log.scrollTop = Math.max(0, place - (before - count()) * ROW);
  };
  // A record is taken once, whatever way it came, and nothing is passed over in silence.
  const take = (of, records) => {
    if (of !== plan) return;
    for (const record of records) {
      if (after !== null && record.seq <= after) continue;
      add(record);
      after = record.seq;
    }
    trim();
    later();
  };
  const gap = (of, said) => {
    if (of !== plan) return;
    if (said.reason === "renewed") forget();
    const what = said.reason === "renewed" ? "the log begins anew"
      : `records ${said.from} to ${said.to} are missing`;
    add({ seq: said.to ?? 0, ts: "", level: "warning", msg: what, stream: "gap" });
    after = said.after ?? after;
    later();
  };
  let due = false;
  const later = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; draw(); });
  };
  const withMarks = (to, text) => {
    if (!wanted) return to.append(text);
    let from = 0;
    for (const found of text.matchAll(new RegExp(wanted.source, "gi"))) {
      if (!found[0]) break;
      to.append(text.slice(from, found.index), el("mark", found[0]));
      from = found.index + found[0].length;
    }
    to.append(text.slice(from));
  };
  const drawn = (at) => {
    const record = line(at);
    const item = el("li", undefined, TONES[record.level], record.stream === "planwatch" ? "own" : record.stream === "gap" ? "gap" : "");
    item.dataset.seq = record.seq;
    if (record.ts) {
      const time = el("time", `${record.ts.slice(11, 23)} `);
      time.dateTime = record.ts;
      item.append(time);
    }
    withMarks(item, clean(record.msg.slice(0, LONG)));
    const more = record.msg.length - LONG;
    if (more > 0) item.append(el("i", ` … ${more} characters more`, "dim"));
    return item;
  };
  const draw = () => {
    const all = count();
    $("space").style.height = `${all * ROW}px`;
    if (follow) log.scrollTop = all * ROW;
    placed = log.scrollTop;
    const from = Math.max(0, Math.floor(log.scrollTop / ROW) - 10);
    const to = Math.min(all, from + Math.ceil(log.clientHeight / ROW) + 20);
    const rows = $("rows");
    rows.style.transform = `translateY(${from * ROW}px)`;
    // Where nothing changed nothing is touched, or a selected text could not be copied.
    const now = to > from ? [plan, from, to, line(from).seq, line(to - 1).seq, wanted, level].join(" ") : "";
    if (now !== seen || !now) {
      seen = now;
      rows.replaceChildren(...Array.from({ length: Math.max(0, to - from) }, (_, at) => drawn(from + at)));
    }
    $("count").value = shown ? `${all} of ${lines.length} lines` : `${all} lines`;
    $("more").hidden = follow || !fresh;
    $("more").textContent = `${fresh} new · follow`;
  };
  const setFollow = (on) => {
    follow = on;
    if (on) fresh = 0;
    $("follow").checked = on;
    later();
  };
  log.addEventListener("scroll", () => {
    // Lines that come meanwhile move the end away; only a reader moves up.
    const end = log.scrollTop + log.clientHeight >= log.scrollHeight - 2;
    if (follow && !end && log.scrollTop < placed - 1) setFollow(false);
    later();
  });
  // Scrolling to the end by hand follows again; what is drawn never scrolls by itself.
  for (const kind of ["wheel", "keyup", "pointerup", "touchend"]) log.addEventListener(kind, (event) => {
    if (kind === "keyup" && !["ArrowDown", "PageDown", "End", " "].includes(event.key)) return;
    if (!follow && log.scrollTop + log.clientHeight >= count() * ROW - 2) setFollow(true);
  });
  new ResizeObserver(later).observe(log);

  // ---- connection -----------------------------------------------------------------------------
  const say = (state, text) => {
    if ($("link").textContent !== text) $("link").textContent = text;
    $("link").dataset.state = state;
  };
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const link = {
    socket: null, stop: null, tries: 0, way: 0, turning: false,
    turns: 0,             // plans chosen of which the gateway has not heard yet
    // Doubles up to 15 s, anywhere in its upper half, so that many pages do not come back at once.
    backoff() {
      const most = Math.min(15000, 250 * 2 ** Math.min(this.tries, 6));
      this.tries += 1;
      return most / 2 + Math.random() * most / 2;
    },
    async run() {
      const ways = [() => this.overSocket(), () => this.overEvents(), () => this.overPolls()];
      const names = ["WebSocket", "events", "polling"];
      for (;;) {
        if (!this.turning) say("connecting", this.tries ? "connecting again" : "connecting");
        let came = false;
        this.turning = false;
        try { came = await ways[this.way](); } catch (error) {
          if (error.message === "token") return;
        }
        if (this.turning) continue;
        // What never connects is not tried for ever: the next way may get through. Where nothing
        // does, the gateway is away, and no way is better than another.
        if (came) this.tries = Math.min(this.tries, 1);
        else if (this.tries % 3 === 2) {
          const here = await ask("/healthz").then((answer) => answer.ok, () => false);
          if (here) this.way = (this.way + 1) % ways.length;
        }
        const wait = this.backoff();
        say("broken", `not connected (${names[this.way]} next, in ${span(wait)})`);
        await pause(wait);
      }
    },
    live(name) { this.tries = 0; say("live", `live · ${name}`); },
    refused() {
      say("broken", "the token is missing or wrong: open the address that planwatch serve printed");
      throw new Error("token");
    },
    // Where to go on: behind what has come, or not too far before the end.
    from() { return after === null ? { last: ASKED } : { after }; },
    choose(old) {
      if (this.socket?.readyState === WebSocket.OPEN) {
        // What was said of the plan before is not said of this one.
        this.live("WebSocket");
        if (old) this.send({ type: "unsubscribe", plan: old });
        // What is answered before this is about what was chosen before.
        this.turns += 1;
        this.send({ type: "ping" });
        this.send({ type: "subscribe", plan, ...this.from() });
      } else if (this.stop) {
        this.turning = true;
        this.stop.abort();
      }
    },
    send(message) { this.socket.send(JSON.stringify(message)); },
    overSocket() {
      return new Promise((done, fail) => {
        const url = `${location.origin.replace(/^http/, "ws")}/api/ws`;
        const socket = this.socket = new WebSocket(url, token ? [`planwatch.token.${token}`] : []);
        let came = false;
        socket.onopen = () => {
          came = true;
          this.turns = 0;
          this.live("WebSocket");
          this.send({ type: "watch" });
          if (plan) this.send({ type: "subscribe", plan, ...this.from() });
        };
        socket.onmessage = ({ data }) => this.hear(JSON.parse(data));
        socket.onclose = async () => {
          this.socket = null;
          if (!came) {
            const answer = await ask("/api/plans").catch(() => null);
            if (answer?.status === 401) try { this.refused(); } catch (error) { return fail(error); }
          }
          done(came);
        };
      });
    },
    hear(said) {
      if (said.type === "plans") return takePlans(said.plans, said.gone, said.all);
      if (said.type === "pong") { this.turns -= 1; return; }
      if (this.turns > 0 || said.plan !== plan) return;
      if (said.type === "records") take(said.plan, said.records);
      else if (said.type === "gap") gap(said.plan, said);
      else if (said.type === "caught_up") after ??= said.after;
      // A log that could not be read is not followed any more: it is asked for again.
      else if (said.type === "error" && said.code === "unreadable") {
        say("broken", said.message);
        const { socket } = this;
        setTimeout(() => {
          if (socket !== this.socket || said.plan !== plan) return;
          this.live("WebSocket");
          this.send({ type: "subscribe", plan, ...this.from() });
        }, (said.retry_after ?? 5) * 1000);
      }
    },
    // The plans where they are not pushed: asked again as soon as they change.
    async watchPlans(signal) {
      for (let tag = null; !signal.aborted;) {
        const answer = await ask("/api/plans?wait=30s",
          { signal, headers: tag ? { "if-none-match": tag } : {} });
        if (answer.status === 401) this.refused();
        tag = answer.headers.get("etag");
        if (answer.status === 200) takePlans(await answer.json(), [], true);
      }
    },
    async beside(name, work) {
      this.stop = new AbortController();
      const { signal } = this.stop;
      const first = await ask("/api/plans", { signal });
      if (first.status === 401) this.refused();
      takePlans(await first.json(), [], true);
      if (plan === null) this.live(name);
      try { await Promise.race([this.watchPlans(signal), work(signal)]); } finally {
        this.stop.abort();
        this.stop = null;
      }
      return true;
    },
    async place(of, signal) {
      if (after !== null) return after;
      const answer = await ask(`/api/plans/${encodeURIComponent(of)}`, { signal });
      return answer.ok ? Math.max(0, (await answer.json()).last_seq - ASKED) : 0;
    },
    overEvents() {
      return this.beside("events", async (signal) => {
        const of = plan;
        if (of === null) return new Promise(() => {});
        const from = await this.place(of, signal);
        const answer = await ask(`/api/plans/${encodeURIComponent(of)}/events?after=${from}`, { signal });
        if (!answer.ok) throw new Error("refused");
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let text = ""; ;) {
          const { value, done } = await reader.read();
          if (done || of !== plan) return;
          this.live("events");
          const events = (text + value).split("\n\n");
          text = events.pop();
          this.events(of, events);
        }
      });
    },
    events(of, events) {
      const records = [];
      for (const event of events) {
        const field = (name) => event.match(new RegExp(`^${name}: (.*)$`, "m"))?.[1];
        const data = field("data");
        if (!data) continue;
        if (field("event") === "gap") { take(of, records.splice(0)); gap(of, JSON.parse(data)); }
        else if (!field("event")) records.push(JSON.parse(data));
      }
      take(of, records);
    },
    overPolls() {
      return this.beside("polling", async (signal) => {
        const of = plan;
        if (of === null) return new Promise(() => {});
        let from = await this.place(of, signal), wait = "";
        while (of === plan) {
          const path = `/api/plans/${encodeURIComponent(of)}/records?after=${from}&limit=5000${wait}`;
          const answer = await ask(path, { signal });
          if (!answer.ok) throw new Error("refused");
          const said = await answer.json();
          this.live("polling");
          if (said.renewed) gap(of, { reason: "renewed", after: 0 });
          for (const hole of said.gaps ?? []) gap(of, { ...hole });
          take(of, said.records);
          from = said.after;
          // The first answer shows that this way gets through; from then on there is time.
          wait = "&wait=30s";
        }
      });
    },
  };

  // ---- what the user does ---------------------------------------------------------------------
  const search = () => {
    const text = $("search").value;
    const typed = text.match(/^\/(.+)\/$/);
    try {
      wanted = text ? new RegExp(typed ? typed[1] : text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i") : null;
      $("search").setAttribute("aria-invalid", "false");
    } catch { $("search").setAttribute("aria-invalid", "true"); }
    level = Math.max(0, LEVELS.indexOf($("level").value));
    // What is read stays where it is, or the next that is wanted does; and who has not moved since
    // comes back to it, though nothing may have been wanted meanwhile.
    if (follow) reading = null;
    else if (reading?.at !== log.scrollTop && count()) {
      const top = Math.min(Math.floor(log.scrollTop / ROW), count() - 1);
      reading = { seq: line(top).seq, offset: log.scrollTop % ROW };
    }
    sift();
    if (reading) {
      let [low, high] = [0, count()];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (line(middle).seq < reading.seq) low = middle + 1; else high = middle;
      }
      $("space").style.height = `${count() * ROW}px`;
      log.scrollTop = low * ROW + reading.offset;
    }
    if (!follow) fresh = Math.min(fresh, count());
    draw();
    // The old rows may have held the place further down than there is anything now.
    if (reading) reading.at = log.scrollTop;
  };
  $("search").addEventListener("input", search);
  $("level").addEventListener("change", search);
  $("follow").addEventListener("change", () => setFollow($("follow").checked));
  $("more").addEventListener("click", () => setFollow(true));
  $("tools").addEventListener("submit", (event) => event.preventDefault());
  const toggle = () => {
    const hidden = $("tasks").hidden = !$("tasks").hidden;
    $("tell").setAttribute("aria-expanded", String(!hidden));
    if (!hidden && plan) askTasks();
  };
  $("tell").addEventListener("click", toggle);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input[type=search], select");
    if (event.key === "Escape" && typing) { event.target.blur(); log.focus(); return; }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = (by) => {
      const names = sorted().map((row) => row.plan);
      const next = names[names.indexOf(plan) + by];
      if (next) choose(next);
    };
    const deed = { "/": () => $("search").focus(), f: () => setFollow(!follow), t: toggle,
      j: () => step(1), k: () => step(-1), G: () => setFollow(true),
      g: () => { setFollow(false); log.scrollTop = 0; } }[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });
  setInterval(() => {
    for (const row of plans.values()) if (row.state !== "ended") row.elapsed_ms += 1000;
    if ([...plans.values()].some((row) => row.state !== "ended")) drawPlans();
  }, 1000);
  link.run();
})();
