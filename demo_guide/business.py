"""The fictional workshop that the demo guide answers for.

Texts are written for the ear: whole sentences, numbers as one says them, no symbols. Pure.
"""

from dataclasses import dataclass
from enum import Enum

from demo_guide.times import say_time

NAME = "Bluebell Bicycle Workshop"
GREETING = f"Hello, this is {NAME}. How can I help you?"


class Day(Enum):
    """A day of the week."""

    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


class Vague(Enum):
    """Words for a day that do not name one."""

    WEEKEND = "the weekend"
    UNDATED = "a relative day, such as tomorrow"


HOURS: dict[Day, tuple[int, int] | None] = {
    Day.MONDAY: (9 * 60, 18 * 60),
    Day.TUESDAY: (9 * 60, 18 * 60),
    Day.WEDNESDAY: (9 * 60, 18 * 60),
    Day.THURSDAY: (9 * 60, 20 * 60),
    Day.FRIDAY: (9 * 60, 18 * 60),
    Day.SATURDAY: (10 * 60, 16 * 60),
    Day.SUNDAY: None,
}
"""Opening and closing time in minutes since midnight; None when closed all day."""


@dataclass(frozen=True)
class Service:
    """Something that can be booked, and what callers call it."""

    name: str
    price: str
    takes: str
    includes: str
    called: tuple[str, ...]

    @property
    def spoken(self) -> str:
        """The name with its article."""
        return f"a {self.name}"


FLAT_TIRE = Service(
    name="flat tire repair",
    price="twelve dollars",
    takes="about twenty minutes, so you can wait",
    includes="For a flat tire we fit a new tube, look for whatever caused it, and check the rim.",
    called=("flat tire", "flat tyre", "flat", "puncture", "tire", "tyre", "tires", "tyres"),
)
SAFETY_CHECK = Service(
    name="safety check",
    price="fifteen dollars",
    takes="about half an hour, so you can wait",
    includes=(
        "In the safety check we look at the brakes, the tires, the lights, and every bolt that "
        "holds something important. You get a list of what needs doing and what can wait."
    ),
    called=("safety check", "check up", "checkup", "check it over", "checked over"),
)
ADJUSTMENT = Service(
    name="brake and gear adjustment",
    price="twenty dollars",
    takes="about an hour",
    includes=(
        "We set the brake pads, the cables, and the gears, and then ride it around the block "
        "until it stops and shifts the way it should."
    ),
    called=("brake", "brakes", "gear", "gears", "adjustment", "brake and gear adjustment"),
)
WHEEL_REPAIR = Service(
    name="wheel repair",
    price="twenty-five dollars a wheel",
    takes="until the next day",
    includes="We straighten the wheel, even out the spokes, and replace any that are broken.",
    called=("wheel repair", "truing", "wheel", "wheels", "spoke", "spokes", "buckled wheel"),
)
BASIC_SERVICE = Service(
    name="basic service",
    price="fifty-five dollars",
    takes="one working day",
    includes=(
        "The basic service is what most bikes need once a year. We clean and oil the chain, "
        "set the brakes and the gears, pump up the tires, and tighten all the bolts. We also "
        "straighten the wheels, if they only need a little, and look for anything that is close "
        "to wearing out, so that it doesn't leave you stranded by the road. "
        "Bring it in the morning, and it's usually ready by the evening."
    ),
    called=("basic service", "basic one", "basic", "tune up", "tuneup", "small service"),
)
FULL_SERVICE = Service(
    name="full service",
    price="a hundred and twenty dollars",
    takes="two working days",
    includes=(
        "For the full service we take the whole bike apart, so it stays with us for two days. "
        "We clean and grease the bearings, wash the chain, the gears, and the sprockets, and "
        "true both wheels. Then we fit new brake and gear cables, check the tires, and tighten "
        "every bolt. At the end one of us takes it for a ride, and anything that still rattles "
        "goes back on the stand. If a part is worn, we call you before we replace it, so there "
        "are no surprises on the bill."
    ),
    called=("full service", "full one", "full", "overhaul", "big service", "complete service"),
)
SERVICES = (FLAT_TIRE, SAFETY_CHECK, ADJUSTMENT, WHEEL_REPAIR, BASIC_SERVICE, FULL_SERVICE)

ADDRESS = (
    "We're at fourteen Mill Lane in Larkford, right across from the library. "
    "Look for the blue door."
)
DIRECTIONS = (
    "From the station it's about five minutes on foot: leave by the main entrance, turn left "
    "along River Street, and take the second right, which is Mill Lane. "
    "Bus number seven stops at the library, just across the street."
)
PARKING = (
    "There are two spaces right outside the door for dropping off a bike, "
    "and the car park behind the library is free for two hours."
)
PHONE = "Our number is five five five, oh one four two."
WORKSHOP = (
    "We're a small bicycle workshop on Mill Lane, run by two sisters, Clara and June, who took "
    "over the old boat shed twelve years ago. We look after all sorts of bikes: city bikes, "
    "racing bikes, cargo bikes, and quite a few that are older than their riders. Most repairs "
    "are done within two days, and if something is quick, we try to do it while you wait. "
    "There's a bench by the window, the coffee is free, and the dog, whose name is Sprocket, "
    "likes visitors. Everything we fix is guaranteed for six months."
)
NO_CALENDAR = "I don't have a calendar, so please tell me the day of the week."
WEEK = (
    "We're open Monday to Friday from nine to six, Thursday until eight, "
    "and Saturday from ten to four. We're closed on Sunday."
)


def opening(day: Day | Vague | None) -> str:
    """The hours of one day, of the weekend, or of the week, as sentences."""
    if day is None:
        return WEEK
    if day is Vague.UNDATED:
        return f"{NO_CALENDAR} {WEEK}"
    if day is Vague.WEEKEND:
        return f"{_opening(Day.SATURDAY)} {_opening(Day.SUNDAY)}"
    return _opening(day)


def _opening(day: Day) -> str:
    hours = HOURS[day]
    if hours is None:
        return f"We're closed on {day.value}."
    return f"On {day.value} we're open from {say_time(hours[0])} to {say_time(hours[1])}."


def is_open(day: Day, minutes: int) -> bool:
    """Whether a visit can begin at this time of this day."""
    hours = HOURS[day]
    return hours is not None and hours[0] <= minutes < hours[1]


def price(service: Service | None) -> str:
    """The price of one service, or of all of them, as sentences."""
    if service:
        return f"A {service.name} is {service.price}, plus any parts."
    *most, last = (f"a {service.name} is {service.price}" for service in SERVICES)
    return f"Well, {', '.join(most)}, and {last}. Parts come on top."


def duration(service: Service | None) -> str:
    """How long one service takes, or any of them, as a sentence."""
    if service:
        return f"A {service.name} takes {service.takes}."
    return "Small repairs take less than an hour, and larger ones a day or two."


def service_list() -> str:
    """What can be booked, as a sentence."""
    *most, last = (service.spoken for service in SERVICES)
    return f"You can book {', '.join(most)}, or {last}."
