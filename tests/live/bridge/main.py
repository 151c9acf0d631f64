"""main.py METHOD WORKERS TASK…: as a plan of its own calls Luigi."""

import multiprocessing
import os
import sys

import luigi
import plan

if __name__ == "__main__":
    method, workers, *names = sys.argv[1:]
    os.makedirs("out", exist_ok=True)
    if method != "default":
        multiprocessing.set_start_method(method)
    tasks = [getattr(plan, name)() for name in names]
    print(luigi.build(tasks, local_scheduler=True, workers=int(workers)))
