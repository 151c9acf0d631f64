"""demo-dag: twelve tasks that wait for each other, four at a time: the plan of a café in Dublin."""

from shape import Step, build


class Purpose(Step):
    seconds = 1.2
    parts = ("reading the prompt", "a café that pays for itself within two years")


class Location(Step):
    seconds = 2.4
    parts = ("Smithfield", "Phibsborough", "Stoneybatter")

    def requires(self):
        return Purpose()


class Assumptions(Step):
    seconds = 3.0
    parts = ("rent", "footfall", "price of a flat white", "opening hours")

    def requires(self):
        return Purpose()


class Rivals(Step):
    seconds = 3.6
    parts = ("walking Capel Street", "counting queues", "tasting scones")

    def requires(self):
        return Purpose()


class Permits(Step):
    seconds = 2.0
    parts = ("planning permission", "food safety")

    def requires(self):
        return Location()


class Equipment(Step):
    seconds = 2.6
    parts = ("espresso machine", "grinder", "dishwasher")

    def requires(self):
        return Location()


class Staff(Step):
    seconds = 1.8
    parts = ("rota", "wages")

    def requires(self):
        return Assumptions()


class Menu(Step):
    seconds = 2.2
    parts = ("coffee", "soda bread", "soup of the day")

    def requires(self):
        return [Assumptions(), Rivals()]


class Risks(Step):
    seconds = 2.8
    parts = ("rent review", "a rival next door", "a wet summer", "the oven")

    def requires(self):
        return [Permits(), Rivals()]


class Budget(Step):
    seconds = 3.0
    parts = ("first costs", "monthly costs", "break-even in month 19")

    def requires(self):
        return [Equipment(), Staff(), Menu()]


class Schedule(Step):
    seconds = 2.4
    parts = ("lease", "building work", "opening day")

    def requires(self):
        return [Permits(), Equipment(), Staff()]


class Report(Step):
    seconds = 3.0
    parts = ("summary", "tables", "printing")

    def requires(self):
        return [Budget(), Schedule(), Risks()]


if __name__ == "__main__":
    build(Report(), workers=4)
