"""planwatch's bridge, first half: waits for the import of `luigi`, and changes nothing.

Python's start-up imports this file because its folder stands first in PYTHONPATH; with Luigi there,
the second half writes its events into the FIFO that PLANWATCH_EVENTS names. `planwatch run
--no-bridge` leaves both out. It keeps to words that every Python understands, so that a Python too
old for it passes it by without a sound.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def quietly(what, *given):
    """Does it; an error of ours is nobody's business."""
    try:
        what(*given)
    except Exception:
        pass


class PlanwatchFinder(object):
    """Sees the import of `luigi` come, leaves it to those whose work it is, and then listens. It
    stays where it is: another thread may be on its way through the list of finders."""

    def __init__(self, fifo):
        self.fifo = fifo
        self.done = False

    def find_spec(self, name, folders=None, target=None):
        if self.done or name != "luigi":
            return None
        self.done = True
        try:
            for finder in list(sys.meta_path):
                find = getattr(finder, "find_spec", None)
                spec = find(name, folders, target) if find is not None else None
                if spec is not None:
                    quietly(self.follow, spec.loader)
                    return spec
        finally:
            # Not found, or not to be loaded: there may be another attempt.
            self.done = False
        return None

    def follow(self, loader):
        if loader is None or isinstance(loader, type) or "exec_module" in vars(loader):
            return

        def exec_module(module):
            vars(loader).pop("exec_module", None)
            loader.exec_module(module)
            if module.__name__ == "luigi" and not self.done:
                self.done = True
                quietly(self.listen, module)

        loader.exec_module = exec_module

    def listen(self, luigi):
        # Read only now: most processes of a plan never see Luigi.
        from importlib import util

        spec = util.spec_from_file_location("planwatch_bridge", os.path.join(HERE, "luigi_events.py"))
        bridge = util.module_from_spec(spec)
        sys.modules[spec.name] = bridge
        spec.loader.exec_module(bridge)
        bridge.listen(luigi, self.fifo)


def write_whole_lines():
    """Without buffers a print is two writes, text and line end, and those of several processes mix.
    A line at a time is as early, and whole."""
    for stream in (sys.stdout, sys.stderr):
        if stream.write_through:
            stream.reconfigure(write_through=False, line_buffering=True)


def begin():
    """Begins, unless another bridge did: a plan may have been started by a plan."""
    fifo = os.environ.get("PLANWATCH_EVENTS")
    if fifo and sys.version_info >= (3, 8) and not any(is_ours(one) for one in sys.meta_path):
        sys.meta_path.insert(0, PlanwatchFinder(fifo))


def is_ours(finder):
    return type(finder).__name__ == "PlanwatchFinder"


def make_way():
    """The file of this name that we hide, if there is one, is imported in our place; its errors are
    its own. Our folder leaves the path: nobody else needs it."""
    sys.path[:] = [folder for folder in sys.path if folder != HERE]
    me = sys.modules.pop(__name__)
    try:
        __import__(__name__)
    except ImportError as error:
        if getattr(error, "name", __name__) != __name__:
            raise
    finally:
        sys.modules.setdefault(__name__, me)


quietly(write_whole_lines)
quietly(begin)
make_way()
