"""demo-failing: one task of five fails, two can never run. Luigi exits with 0 all the same."""

import json

from shape import Step, build

ANSWER = '{"strengths": ["old brick"], "weaknesses": ["no lift"], "opportunities": ["school tours"]}'


class Exhibits(Step):
    seconds = 1.6
    parts = ("amber", "clocks", "maps")


class Visitors(Step):
    seconds = 2.4
    parts = ("families", "schools", "night owls")


class Swot(Step):
    seconds = 2.0
    parts = ("asking the model", "reading its answer")

    def requires(self):
        return Exhibits()

    def save(self):
        answer = json.loads(ANSWER)
        print("Swot: " + ", ".join(answer))
        self.table(answer)

    def table(self, answer):
        return [answer[column] for column in ("strengths", "weaknesses", "opportunities", "threats")]


class Programme(Step):
    seconds = 1.0

    def requires(self):
        return [Visitors(), Swot()]


class MuseumNight(Step):
    seconds = 1.0

    def requires(self):
        return Programme()


if __name__ == "__main__":
    build(MuseumNight(), workers=2)
