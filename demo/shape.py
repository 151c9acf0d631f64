"""What the demo's three plans share: a folder for results, and tasks that take their time.

A task's result is a file in the folder that DEMO_RESULTS names; Luigi takes a task for done when
its file exists. The demo names a new folder for every run, so every run begins with nothing done;
run by hand, a plan finds what it did before.
"""

import os
import time

import luigi


def results():
    return os.environ.get("DEMO_RESULTS", os.path.join("results", "by-hand"))


class Step(luigi.Task):
    """A task that works for some seconds, says how far it is, and leaves a file."""

    seconds = 1.0
    parts = ()

    def output(self):
        return luigi.LocalTarget(os.path.join(results(), type(self).__name__ + ".txt"))

    def run(self):
        parts = self.parts or (type(self).__name__,)
        for number, part in enumerate(parts, 1):
            time.sleep(self.seconds / len(parts))
            print(f"{type(self).__name__}: {part} ({number} of {len(parts)})")
        self.save()

    def save(self):
        with self.output().open("w") as file:
            file.write(f"{type(self).__name__} done\n")


def build(task, workers, retry_after=None):
    """Runs the plan as a Luigi command would: the exit code is 0 whatever happens to its tasks."""
    settings = {"workers": workers, "local_scheduler": True, "log_level": "INFO"}
    if retry_after is not None:
        config = luigi.configuration.get_config()
        config.set("worker", "keep_alive", "true")
        config.set("worker", "wait_interval", "0.5")
        config.set("worker", "wait_jitter", "0.2")
        config.set("scheduler", "retry_delay", str(retry_after))
        config.set("scheduler", "retry_count", "5")
        config.set("scheduler", "prune_on_get_work", "true")
    luigi.build([task], **settings)
