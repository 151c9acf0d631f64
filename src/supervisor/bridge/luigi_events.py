"""planwatch's bridge, second half: hears what Luigi does and writes it down, one line of JSON each.

It prints nothing, never waits, and keeps its own errors to itself.
"""

import os
import sys
import time

# Whole writes up to this size are never torn apart by other writers: pipe(7), PIPE_BUF.
MOST = 4096
# Bytes that wait in memory, at most, when the FIFO is full.
MOST_WAITING = 1 << 18
# Seconds that the end of a process waits at most for room in the FIFO.
LAST_WORDS = 1.0
# Seconds between two messages of one task about its progress.
CALM = 0.1

ETC = b"\xe2\x80\xa6".decode("utf-8")


class State(object):
    """What one process remembers. A forked child begins anew: what waits is its parent's."""

    def __init__(self, pid, attempts):
        self.pid = pid
        self.attempts = attempts
        self.waiting = []
        self.size = 0
        self.lost = 0
        self.said = {}
        self.held = {}


path = None
encode = None
state = State(0, {})


def clip(value, most, tail=False):
    """At most so many bytes of a text, with a mark where it was cut."""
    text = value if isinstance(value, str) else str(value)
    short = text[-most:] if tail else text[:most]
    data = short.encode("utf-8", "replace")
    if len(data) <= most and len(short) == len(text):
        return data.decode("utf-8")
    room = most - 3
    if tail:
        return ETC + data[max(0, len(data) - room):].decode("utf-8", "ignore")
    return data[:room].decode("utf-8", "ignore") + ETC


def line_of(fields):
    """The fields as a line that fits into one write; its longest texts are cut until it does."""
    for _ in range(40):
        data = encode(fields).encode("utf-8", "replace") + b"\n"
        if len(data) < MOST:
            return data
        texts = [key for key in fields if isinstance(fields[key], str)]
        longest = max(texts, key=lambda key: len(fields[key]))
        text = fields[longest]
        fields[longest] = clip(text, len(text.encode("utf-8")) // 2, longest == "traceback")
    raise ValueError("it does not fit")


def tell(kind, fields):
    """Writes an event, after those that wait; keeps or counts what the FIFO does not take."""
    now = time.time()
    pid = os.getpid()
    if state.pid != pid:
        state.__init__(pid, state.attempts)
    event = {"ev": kind, "t": int(now * 1000000), "pid": pid}
    event.update(fields)
    if state.lost:
        event["lost"] = state.lost
    data = line_of(event)
    if state.size + len(data) > MOST_WAITING:
        state.lost += 1
        flush()
        return
    state.lost = 0
    state.waiting.append(data)
    state.size += len(data)
    flush()


def flush():
    """Opened by name each time: a kept number could be closed and given to a file of the plan."""
    try:
        fifo = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        # Nobody listens any more, or no descriptor is left.
        return
    try:
        while True:
            # Taken out first: another thread may be here too.
            data = state.waiting.pop(0)
            try:
                os.write(fifo, data)
            except OSError:
                state.waiting.insert(0, data)
                return
            state.size -= len(data)
    except IndexError:
        pass
    finally:
        os.close(fifo)


def say_last():
    """This process ends: what waits is written now or never, and the end waits only a little."""
    if state.pid != os.getpid():
        return
    for key in list(state.held):
        held = state.held.pop(key, None)
        if held is not None:
            tell(held[0], held[1])
    until = time.time() + LAST_WORDS
    flush()
    while state.waiting and wait_for_room(until):
        flush()
    if state.lost and not state.waiting:
        tell("last", {})


def wait_for_room(until):
    """Whether the FIFO takes another event before that time."""
    import select

    left = until - time.time()
    # A clock that was put back makes nobody wait longer.
    if not 0 < left <= LAST_WORDS:
        return False
    fifo = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        poll = select.poll()
        poll.register(fifo, select.POLLOUT)
        return any(what & select.POLLOUT for _, what in poll.poll(int(left * 1000) + 1))
    finally:
        os.close(fifo)


def event(kind, fields):
    """Something happened: what was held back about progress comes first."""
    for key in list(state.held):
        held = state.held.pop(key, None)
        if held is not None and state.pid == os.getpid():
            tell(held[0], held[1])
    tell(kind, fields)


def progress(kind, fields, value):
    """A task may say this thousands of times a second; the last word is never left out."""
    key = (kind, fields.get("id"))
    when, what = state.said.get(key, (None, None)) if state.pid == os.getpid() else (None, None)
    if what == value and key not in state.held:
        return
    now = time.time()
    if when is not None and 0 <= now - when < CALM:
        state.held[key] = (kind, fields)
        return
    state.held.pop(key, None)
    tell(kind, fields)
    if len(state.said) > 1000:
        state.said.clear()
    state.said[key] = (now, value)


def names(task):
    """What the task is called. One that cannot say its name has at least an id."""
    fields = {}
    for key, ask, most in (
        ("id", lambda: task.task_id, 600),
        ("name", lambda: str(task), 1500),
        ("family", lambda: task.task_family, 300),
    ):
        try:
            fields[key] = clip(ask(), most)
        except Exception:
            pass
    return fields


def trouble(error):
    """An exception in the words that end its traceback, and the end of that."""
    fields = {"error": type(error).__name__}
    try:
        import traceback

        words = traceback.format_exception_only(type(error), error)
        # A SyntaxError begins with the place, other errors may go on with notes.
        own = [word for word in words if not word.startswith(" ")]
        fields["error"] = clip((own or words)[0].rstrip("\n"), 600)
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        fields["traceback"] = clip(text, 1800, True)
    except Exception:
        pass
    return fields


def pieces(ids):
    """Ids in lists that fit into an event."""
    piece, size = [], 0
    for one in ids:
        one = clip(one, 600)
        if piece and size + len(one.encode("utf-8")) > 1600:
            yield piece
            piece, size = [], 0
        piece.append(one)
        size += len(one.encode("utf-8")) + 3
    yield piece


def heard(kind, task, rest):
    """One of Luigi's own events."""
    fields = names(task)
    if kind == "start":
        attempt = state.attempts.get(fields.get("id"))
        if attempt:
            fields["attempt"] = attempt
    elif kind == "time":
        fields["us"] = int(rest[0] * 1000000)
    elif kind in ("failure", "broken"):
        fields.update(trouble(rest[0]))
    elif kind == "missing":
        # Luigi says the same of a task whose complete() raised.
        fields["external"] = task.run is None or task.run == NotImplemented
    elif kind in ("timeout", "died"):
        fields["message"] = clip(rest[0], 1000)
    elif kind == "progress":
        fields["data"] = clip(", ".join(str(one) for one in rest), 1000)
        return progress(kind, fields, fields["data"])
    event(kind, fields)


def informed(worker, known):
    """The scheduler was told where a task stands, and what it requires."""
    task_id = known["task_id"]
    task = worker._scheduled_tasks.get(task_id)
    fields = names(task) if task is not None else {}
    fields["id"] = clip(task_id, 600)
    if "family" not in fields and known.get("family"):
        fields["family"] = clip(known["family"], 300)
    # These it asked for while it ran: it will run again.
    more = list(known.get("new_deps") or ())
    needs = list(known.get("deps") or ()) + more
    lists = list(pieces(needs))
    for piece in lists[1:]:
        event("needs", {"id": fields["id"], "needs": piece})
    if lists[0]:
        fields["needs"] = lists[0]
        if more:
            fields["more"] = True
    fields["status"] = clip(known["status"], 100)
    event("status", fields)


def quietly(what, *given):
    """Does it; an error of ours is nobody's business."""
    try:
        what(*given)
    except Exception:
        pass


def replace(owner, name, made):
    """Puts a function that we made around one of Luigi's in its place."""
    import functools

    original = getattr(owner, name, None)
    if original is not None:
        setattr(owner, name, functools.wraps(original)(made(original)))


def listen(luigi, fifo):
    """Luigi is there: stand behind everything that is worth telling."""
    global encode, path
    import atexit
    import json
    from multiprocessing import util

    import luigi.interface
    import luigi.worker

    path = fifo
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    kinds = {}
    for name, kind in (
        ("START", "start"),
        ("SUCCESS", "success"),
        ("FAILURE", "failure"),
        ("PROCESSING_TIME", "time"),
        ("PROGRESS", "progress"),
        ("BROKEN_TASK", "broken"),
        ("TIMEOUT", "timeout"),
        ("PROCESS_FAILURE", "died"),
        ("DEPENDENCY_MISSING", "missing"),
        ("DEPENDENCY_PRESENT", "present"),
    ):
        kinds[getattr(luigi.Event, name, None)] = kind

    # Handlers of Luigi's own making would swallow a ^C that came while they ran.
    def trigger_event(original):
        # The name is Luigi's: a plan may give it by name.
        def trigger_event(self, event, *args, **kwargs):
            kind = kinds.get(event)
            if kind is not None:
                quietly(heard, kind, args[0] if args else self, args[1:])
            return original(self, event, *args, **kwargs)

        return trigger_event

    def add_task(original):
        def _add_task(self, *args, **kwargs):
            given = dict(kwargs)
            result = original(self, *args, **kwargs)
            quietly(informed, self, given)
            return result

        return _add_task

    def run_task(original):
        def _run_task(self, task_id, *args, **kwargs):
            quietly(count, task_id)
            return original(self, task_id, *args, **kwargs)

        return _run_task

    def count(task_id):
        state.attempts[task_id] = state.attempts.get(task_id, 0) + 1

    def work(original):
        def _get_work_task_id(self, response, *args, **kwargs):
            task_id = original(self, response, *args, **kwargs)
            quietly(say_batch, task_id, response)
            return task_id

        return _get_work_task_id

    def say_batch(task_id, response):
        members = list(response.get("batch_task_ids") or ())
        if task_id is not None and members:
            for piece in pieces(members):
                event("batch", {"id": clip(task_id, 600), "needs": piece})

    def complete_error(original):
        def _log_complete_error(self, task, text, *args, **kwargs):
            quietly(say_broken, task, text)
            return original(self, task, text, *args, **kwargs)

        return _log_complete_error

    def say_broken(task, text):
        fields = names(task)
        fields["error"] = clip(text.strip().rpartition("\n")[2], 600)
        fields["traceback"] = clip(text, 1800, True)
        event("broken", fields)

    def percent(original):
        def update_progress_percentage(self, percentage, *args, **kwargs):
            result = original(self, percentage, *args, **kwargs)
            quietly(say_percent, self, percentage)
            return result

        return update_progress_percentage

    def say_percent(reporter, percentage):
        value = int(percentage)
        progress("percent", {"id": clip(reporter._task_id, 600), "percent": value}, value)

    def message(original):
        def update_status_message(self, message, *args, **kwargs):
            result = original(self, message, *args, **kwargs)
            quietly(say_message, self, message)
            return result

        return update_status_message

    def say_message(reporter, message):
        text = clip(message, 1500)
        progress("message", {"id": clip(reporter._task_id, 600), "message": text}, text)

    def schedule_and_run(original):
        def _schedule_and_run(tasks, *args, **kwargs):
            quietly(say_run, tasks)
            try:
                result = original(tasks, *args, **kwargs)
            except BaseException as error:
                quietly(say_end, None, error)
                raise
            quietly(say_end, result, None)
            return result

        return _schedule_and_run

    def say_run(tasks):
        fields = {"luigi": clip(luigi.__version__, 50), "python": sys.version.split()[0]}
        # A generator would be used up by looking.
        if isinstance(tasks, (list, tuple)):
            fields["roots"] = next(pieces(one.task_id for one in tasks))
        event("run", fields)

    def say_end(result, error):
        fields = {}
        if error is not None:
            fields["error"] = trouble(error)["error"]
        else:
            fields["status"] = clip(result.status.name, 100)
            fields["ok"] = bool(result.scheduling_succeeded)
        event("end", fields)

    def stay(_):
        # A process of multiprocessing ends without the usual functions, and has its own.
        util.Finalize(None, quietly, args=(say_last,), exitpriority=0)

    util.register_after_fork(state, stay)
    atexit.register(quietly, say_last)
    replace(luigi.Task, "trigger_event", trigger_event)
    replace(luigi.worker.Worker, "_add_task", add_task)
    replace(luigi.worker.Worker, "_run_task", run_task)
    replace(luigi.worker.Worker, "_get_work_task_id", work)
    replace(luigi.worker.Worker, "_log_complete_error", complete_error)
    reporter = getattr(luigi.worker, "TaskStatusReporter", None)
    replace(reporter, "update_progress_percentage", percent)
    replace(reporter, "update_status_message", message)
    replace(luigi.interface, "_schedule_and_run", schedule_and_run)
