# A pipeline as PlanExe's: real Luigi, four workers, everything logged to log.txt in RUN_ID_DIR.
import json, logging, os, sys, time, luigi

folder = os.environ["RUN_ID_DIR"]
leaves, lines = int(os.environ["LEAVES"]), int(os.environ["LINES"])
mode = os.environ.get("MODE", "")
os.makedirs(folder, exist_ok=True)

root = logging.getLogger()
root.setLevel(logging.DEBUG)
handler = logging.FileHandler(os.path.join(folder, "log.txt"))
handler.setFormatter(logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s", "%Y-%m-%d %H:%M:%S"))
root.addHandler(handler)
log = logging.getLogger("__main__")

def until(name):
    while not os.path.exists(os.path.join(folder, name)):
        time.sleep(0.01)

class Leaf(luigi.Task):
    n = luigi.IntParameter()
    def output(self): return luigi.LocalTarget(os.path.join(folder, f"leaf-{self.n}.json"))
    def run(self):
        if mode == "sleep":
            open(os.path.join(folder, f"asleep-{self.n}"), "w").close()
            time.sleep(1000)
        if mode == "fail" and self.n == 3:
            raise ValueError("bound to fail")
        for line in range(lines):
            log.info("leaf %d says %d: %s", self.n, line, "é" * (line % 50))
            time.sleep(0.0005)
        with self.output().open("w") as file: file.write("{}")

class Storm(luigi.Task):
    def requires(self): return [Leaf(n) for n in range(leaves)]
    def output(self): return luigi.LocalTarget(os.path.join(folder, "storm.md"))
    def run(self):
        line = 0
        while mode == "storm" and not os.path.exists(os.path.join(folder, "over")):
            log.warning("still %d", line)
            line += 1
            time.sleep(0.001)
        with self.output().open("w") as file: file.write(str(line))

class Plan(luigi.Task):
    def requires(self): return Storm()
    def output(self): return luigi.LocalTarget(os.path.join(folder, "999-pipeline_complete.txt"))
    def run(self):
        with self.output().open("w") as file: file.write("complete")

names = [f"leaf-{n}.json" for n in range(leaves)] + ["storm.md", "999-pipeline_complete.txt"]
with open(os.path.join(folder, "expected_filenames1.json"), "w") as file: json.dump(names, file)
built = luigi.build([Plan()], local_scheduler=True, workers=4, log_level="DEBUG")
log.info("luigi_build_return_value: %s", built)
log.info("has_stop_flag_file: False")
