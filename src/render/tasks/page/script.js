"use strict";
(() => {
  // Whatever a plan named or printed is put on the page as text, never as markup.
  const data = JSON.parse(document.getElementById("data").textContent);
  const tasks = data.tasks;
  const by = (id) => document.getElementById(id);
  const make = (tag, kind, text) => {
    const node = document.createElement(tag);
    if (kind) node.className = kind;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const TONES = {failed: "bad", broken: "bad", missing: "wait", running: "busy", pending: "none", done: "good", complete: "none"};
  const SIGNS = {failed: "✗", broken: "✗", missing: "?", running: "▶", pending: "·", done: "✓", complete: "✓"};
  const ORDER = ["failed", "broken", "missing", "running", "pending", "done", "complete"];
  const critical = new Set(data.path || []);
  const begin = data.since, end = Math.max(data.until, begin + 1);
  const span = (ms) => {
    const s = ms / 1000, two = (n) => String(Math.floor(n)).padStart(2, "0");
    if (s < 10) return s.toFixed(1) + "s";
    if (s < 60) return Math.floor(s) + "s";
    if (s < 3600) return Math.floor(s / 60) + "m" + two(s % 60) + "s";
    if (s < 86400) return Math.floor(s / 3600) + "h" + two(s / 60 % 60) + "m";
    return Math.floor(s / 86400) + "d" + two(s / 3600 % 24) + "h";
  };
  const worked = (task) => task.h.reduce((sum, a) => sum + (a[1] === null ? end : a[1]) - a[0], 0);
  const haystack = tasks.map((t) => [t.t, t.i || "", t.e || "", t.w].join("\n").toLowerCase());
  let wanted = "", state = null, chosen = null, zoom = 1;
  const shown = (at) => (!state || tasks[at].s === state) && haystack[at].includes(wanted);

  // The states, each a filter.
  for (const name of ORDER) {
    const count = tasks.filter((t) => t.s === name).length;
    if (!count) continue;
    const button = make("button", TONES[name], SIGNS[name] + " " + count + " " + name);
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.onclick = () => {
      state = state === name ? null : name;
      for (const other of by("states").children) other.setAttribute("aria-pressed", String(other === button && state !== null));
      filter();
    };
    by("states").append(button, " ");
  }

  // The timeline.
  const lanes = [], BARS = 1000;
  const axis = make("div", "lane axis");
  axis.append(make("div", "name", ""), make("div", "bars"));
  const box = by("timeline");
  box.append(axis);
  const first = (t) => t.h.length ? t.h[0][0] : Infinity;
  const rows = tasks.map((_, at) => at).sort((a, b) => first(tasks[a]) - first(tasks[b]) || ORDER.indexOf(tasks[a].s) - ORDER.indexOf(tasks[b].s) || a - b);
  for (const at of rows) {
    const task = tasks[at], lane = make("div", "lane" + (critical.has(at) ? " critical" : ""));
    const name = make("div", "name");
    name.append(make("span", TONES[task.s], SIGNS[task.s]), " " + task.n);
    name.title = task.t;
    name.onclick = () => choose(at);
    const bars = make("div", "bars");
    for (const [from, to, how, pid] of task.h) {
      const until = to === null ? end : to;
      const bar = make("div", "bar " + (["failed", "died", "timed_out"].includes(how) ? "bad" : how === "cut" ? "wait" : how === "requirements" ? "none" : how === "done" ? "good" : "busy"));
      bar.style.left = (from - begin) / (end - begin) * 100 + "%";
      bar.style.width = (until - from) / (end - begin) * 100 + "%";
      bar.title = [task.t, (how || "running") + " " + span(until - from) + ", from " + span(from - begin) + " to " + span(until - begin), pid === null ? "" : "pid " + pid, task.e || ""].filter(Boolean).join("\n");
      bars.append(bar);
    }
    if (!task.h.length && task.m) bars.append(make("span", "note", task.m));
    lane.append(name, bars);
    lanes[at] = lane;
    box.append(lane);
  }
  const ruler = () => {
    const room = Math.max(300, box.clientWidth - (axis.firstChild.offsetWidth || 272) - 20);
    const width = Math.round(room * zoom) || BARS;
    for (const bars of box.querySelectorAll(".bars")) bars.style.width = width + "px";
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];
    const total = (end - begin) / 1000, least = total * 80 / width;
    const step = steps.find((s) => s >= least) || Math.ceil(least / 86400) * 86400;
    const marks = axis.lastChild;
    marks.replaceChildren();
    for (let s = 0; s <= total && s / step < 2000; s += step) {
      const mark = make("span", "", s === 0 ? "0" : span(s * 1000).replace(/m00s$/, "m").replace(/h00m$/, "h").replace(/\.0s$/, "s"));
      mark.style.left = s / total * 100 + "%";
      marks.append(mark);
    }
  };
  const zoomTo = (factor, at) => {
    const left = axis.firstChild.offsetWidth, old = axis.lastChild.offsetWidth || 1;
    const x = at === undefined ? box.clientWidth / 2 : at;
    const place = (box.scrollLeft + x - left) / old;
    zoom = Math.min(400, Math.max(1, factor));
    ruler();
    box.scrollLeft = place * axis.lastChild.offsetWidth - x + left;
  };
  by("in").onclick = () => zoomTo(zoom * 2);
  by("out").onclick = () => zoomTo(zoom / 2);
  by("fit").onclick = () => zoomTo(1);
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoomTo(zoom * Math.pow(2, -event.deltaY / 200), event.clientX - box.getBoundingClientRect().left);
  }, {passive: false});
  window.addEventListener("resize", ruler);
  by("path").textContent = data.path ? "critical path: " + data.path.map((at) => tasks[at].n).join(" → ") : tasks.length > 1 ? "critical path: not known, because nothing tells what requires what" : "";

  // What went wrong, with what stood in the log.
  for (const excerpt of data.excerpts) {
    const box = make("details");
    box.open = data.excerpts.length <= 3;
    const title = make("summary");
    title.append(make("span", "bad", "✗ "), make("b", "", excerpt.task), excerpt.error ? "  " + excerpt.error : "");
    box.append(title, make("pre", "", excerpt.lines.join("\n")));
    if (excerpt.more) box.append(make("p", "dim", excerpt.more));
    by("failures").append(box);
    by("failures").hidden = false;
  }

  // The table.
  const stamp = (ms) => ms === null ? "" : new Date(ms).toLocaleTimeString();
  const last = (t) => t.h.length ? t.h[t.h.length - 1] : null;
  const COLUMNS = [
    ["task", (t) => t.n, "text"], ["state", (t) => ORDER.indexOf(t.s), "", (t) => t.w],
    ["took", (t) => t.h.length ? worked(t) : -1, "number", (t) => t.h.length ? span(worked(t)) : ""],
    ["attempts", (t) => t.a, "number", (t) => t.a || ""],
    ["pid", (t) => last(t) && last(t)[3] || 0, "number", (t) => last(t) && last(t)[3] || ""],
    ["began", first, "number", (t) => t.h.length ? stamp(t.h[0][0]) : ""],
    ["ended", (t) => last(t) && last(t)[1] || Infinity, "number", (t) => last(t) ? stamp(last(t)[1]) : ""],
    ["note", (t) => t.m || "", "text"],
  ];
  const table = by("table"), head = make("tr"), body = make("tbody"), cells = [];
  let sorted = 1, down = false;
  COLUMNS.forEach(([title, , kind], column) => {
    const cell = make("th", kind, title);
    cell.onclick = () => { down = sorted === column ? !down : false; sorted = column; sort(); };
    head.append(cell);
  });
  const thead = make("thead");
  thead.append(head);
  table.append(thead, body);
  tasks.forEach((task, at) => {
    const row = make("tr");
    for (const [title, key, kind, text] of COLUMNS) {
      const cell = make("td", kind, String((text || key)(task)));
      if (title === "state" || title === "note" && task.e) cell.classList.add(TONES[task.s]);
      if (title === "task") { cell.title = task.t; cell.style.cursor = "pointer"; cell.onclick = () => choose(at); }
      row.append(cell);
    }
    cells[at] = row;
  });
  const sort = () => {
    const key = COLUMNS[sorted][1];
    const order = tasks.map((_, at) => at).sort((a, b) => {
      const [x, y] = [key(tasks[a]), key(tasks[b])];
      return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1) || first(tasks[a]) - first(tasks[b]) || a - b;
    });
    body.replaceChildren(...order.map((at) => cells[at]));
  };

  // The graph: layers from left to right, each task right of all it requires.
  const needs = tasks.map((t) => t.r), needed = tasks.map(() => []);
  needs.forEach((list, at) => list.forEach((other) => needed[other].push(at)));
  const layers = () => {
    const depth = new Array(tasks.length).fill(0), open = needs.map((list) => list.length);
    const ready = open.flatMap((count, at) => count ? [] : [at]), order = [];
    while (ready.length) {
      const at = ready.pop();
      order.push(at);
      for (const next of needed[at]) {
        depth[next] = Math.max(depth[next], depth[at] + 1);
        if (!--open[next]) ready.push(next);
      }
    }
    return [depth, order];
  };
  // Without the edges that a longer way implies.
  const reduced = (depth, order) => {
    const words = Math.ceil(tasks.length / 32), reach = tasks.map(() => null);
    const kept = tasks.map(() => []);
    for (const at of order) {
      const mine = new Uint32Array(words);
      for (const other of [...needs[at]].sort((a, b) => depth[b] - depth[a])) {
        if (mine[other >> 5] >>> (other & 31) & 1) continue;
        kept[at].push(other);
        mine[other >> 5] |= 1 << (other & 31);
        const theirs = reach[other];
        if (theirs) for (let word = 0; word < words; word++) mine[word] |= theirs[word];
      }
      reach[at] = mine;
    }
    return kept;
  };
  const svg = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const name in attributes) node.setAttribute(name, attributes[name]);
    return node;
  };
  let picture = null, nodes = [], edges = [];
  const draw = () => {
    const [depth, order] = layers(), kept = by("all").checked ? needs : reduced(depth, order);
    const columns = [];
    order.forEach((at) => (columns[depth[at]] = columns[depth[at]] || []).push(at));
    const y = new Array(tasks.length).fill(0);
    const mean = (list) => list.length ? list.reduce((sum, at) => sum + y[at], 0) / list.length : 0;
    columns.forEach((list) => list.forEach((at, place) => y[at] = place));
    for (let pass = 0; pass < 4; pass++) {
      const sides = pass % 2 ? [...columns].reverse() : columns;
      for (const list of sides) {
        const centre = new Map(list.map((at) => [at, mean(pass % 2 ? needed[at] : kept[at])]));
        list.sort((a, b) => centre.get(a) - centre.get(b)).forEach((at, place) => y[at] = place);
      }
    }
    const W = 170, H = 26, x = (at) => 10 + depth[at] * (W + 50), top = (at) => 10 + y[at] * (H + 8);
    const high = Math.max(1, ...columns.map((list) => list.length));
    picture = svg("svg", {width: 20 + columns.length * (W + 50), height: 20 + high * (H + 8)});
    edges = [];
    nodes = [];
    kept.forEach((list, at) => list.forEach((other) => {
      const [x1, y1, x2, y2] = [x(other) + W, top(other) + H / 2, x(at), top(at) + H / 2];
      const path = svg("path", {d: `M${x1} ${y1}C${x1 + 25} ${y1} ${x2 - 25} ${y2} ${x2} ${y2}`});
      edges.push([other, at, path]);
      picture.append(path);
    }));
    order.forEach((at) => {
      const task = tasks[at], node = svg("g", {class: TONES[task.s] + (critical.has(at) ? " critical" : "")});
      const text = svg("text", {x: x(at) + 6, y: top(at) + 17}), title = svg("title", {});
      text.textContent = SIGNS[task.s] + " " + (task.n.length > 24 ? task.n.slice(0, 23) + "…" : task.n);
      title.textContent = [task.t, task.w, task.m || ""].filter(Boolean).join("\n");
      node.append(title, svg("rect", {x: x(at), y: top(at), width: W, height: H, rx: 4}), text);
      node.onclick = () => choose(at);
      nodes[at] = node;
      picture.append(node);
    });
    by("graph").replaceChildren(picture);
    near();
  };
  const around = (at) => {
    const seen = new Set([at]);
    for (const side of [needs, needed]) {
      const stack = [at];
      while (stack.length) for (const next of side[stack.pop()]) if (!seen.has(next)) { seen.add(next); stack.push(next); }
    }
    return seen;
  };
  const near = () => {
    if (!picture) return;
    const seen = chosen === null ? new Set() : around(chosen);
    picture.classList.toggle("chosen", chosen !== null);
    nodes.forEach((node, at) => node.classList.toggle("near", seen.has(at)));
    for (const [from, to, path] of edges) path.classList.toggle("near", seen.has(from) && seen.has(to));
  };
  if (needs.some((list) => list.length)) {
    by("graphs").hidden = false;
    by("all").onchange = draw;
    draw();
  }

  const choose = (at) => {
    chosen = chosen === at ? null : at;
    for (const list of [lanes, cells]) list.forEach((node, place) => place === chosen ? node.setAttribute("aria-current", "true") : node.removeAttribute("aria-current"));
    near();
  };
  const filter = () => tasks.forEach((_, at) => { lanes[at].hidden = cells[at].hidden = !shown(at); lanes[at].style.display = shown(at) ? "" : "none"; });
  by("search").oninput = (event) => { wanted = event.target.value.toLowerCase(); filter(); };
  sort();
  ruler();
})();
