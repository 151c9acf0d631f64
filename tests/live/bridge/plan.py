"""Luigi tasks of every fate, for the tests of the bridge."""

import os
import time

import luigi


class Quick(luigi.Task):
    """Makes its file."""

    def output(self):
        return luigi.LocalTarget("out/%s" % self.task_id)

    def run(self):
        with self.output().open("w") as file:
            file.write("x")


class Leaf(Quick):
    n = luigi.IntParameter()

    def run(self):
        self.set_status_message("leaf %d works" % self.n)
        self.set_progress_percentage(40)
        super().run()
        self.set_progress_percentage(100)


class Shared(Quick):
    def requires(self):
        return [Leaf(0), Leaf(1)]


class Left(Quick):
    def requires(self):
        return [Shared(), Leaf(2)]


class Right(Quick):
    def requires(self):
        return [Shared(), Leaf(3)]


class Graph(luigi.WrapperTask):
    def requires(self):
        return [Left(), Right()]


class Fails(Quick):
    def requires(self):
        return Leaf(0)

    def run(self):
        raise ValueError("bound to fail\nin two lines")


class Shouts(Quick):
    """Says so much at once that it tears other lines."""

    def run(self):
        raise ValueError("bound to fail\n" + "\u00e9" * 50_000)


class Flaky(Quick):
    def run(self):
        if not os.path.exists("out/tried"):
            open("out/tried", "w").close()
            raise ValueError("once")
        super().run()


class Dynamic(Quick):
    def run(self):
        yield Leaf(10)
        yield [Leaf(11), Leaf(12)]
        super().run()


class Ext(luigi.ExternalTask):
    def output(self):
        return luigi.LocalTarget("out/from-elsewhere")


class Broken(luigi.Task):
    def complete(self):
        raise KeyError("cannot tell")


class Dies(Quick):
    def run(self):
        os.kill(os.getpid(), 9)


class Slow(Quick):
    worker_timeout = 1
    retry_count = 1

    def run(self):
        # Far beyond its limit. Not for ever: Luigi may start it again while it ends, and then waits.
        time.sleep(20)


class Everything(luigi.WrapperTask):
    def requires(self):
        return [Graph(), Fails(), Flaky(), Dynamic(), Ext(), Broken()]


class Nameless(Quick):
    """Luigi itself cannot do with such a task; its events can."""

    def __repr__(self):
        raise RuntimeError("no name")


class Names(Quick):
    def run(self):
        self.trigger_event(event="of the plan's own")
        super().run()


class Many(luigi.WrapperTask):
    def requires(self):
        return [Leaf(n) for n in range(900)]


class Reader(Quick):
    """Empties the pipe that nobody else reads."""

    n = luigi.IntParameter()

    def requires(self):
        return Reader(self.n - 1) if self.n > 0 else Many()

    def run(self):
        pipe = os.open(os.environ["PLANWATCH_EVENTS"], os.O_RDONLY | os.O_NONBLOCK)
        try:
            while True:
                with open("read", "ab") as file:
                    file.write(os.read(pipe, 1 << 20))
        except BlockingIOError:
            pass
        os.close(pipe)
        super().run()


class Readers(luigi.WrapperTask):
    """As often as it takes to empty all that waits for the pipe, too."""

    def requires(self):
        return Reader(8)
