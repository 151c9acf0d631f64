"""demo-retries: a task fails twice, as a busy model does, and succeeds when Luigi tries again."""

import os

from shape import Step, build, results


class Orbit(Step):
    seconds = 1.4
    parts = ("window of 2031", "window of 2033")


class Supplies(Step):
    seconds = 2.0
    parts = ("water", "oxygen", "potatoes")


class Crew(Step):
    seconds = 1.2
    parts = ("asking the model",)

    def requires(self):
        return Orbit()

    def save(self):
        count = os.path.join(results(), "attempts")
        with open(count, "a+") as file:
            file.write(".")
            attempt = file.tell()
        if attempt < 3:
            raise ConnectionError(f"429 Too Many Requests, attempt {attempt}: the model is busy")
        print(f"Crew: the model answered at attempt {attempt}")
        super().save()


class MarsBase(Step):
    seconds = 1.0

    def requires(self):
        return [Supplies(), Crew()]


if __name__ == "__main__":
    build(MarsBase(), workers=2, retry_after=2)
