"""A visit being booked, and the questions it takes. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

from demo_guide.business import HOURS, NO_CALENDAR, Day, Service, Vague, is_open, opening
from demo_guide.times import say_number, say_time_of_day

_MOST_BIKES = 5


class Question(StrEnum):
    """The questions that a reply can end with."""

    SERVICE = "What can we do for your bike?"
    DAY = "Which day would suit you?"
    TIME = "What time would suit you?"
    NAME = "What name shall I put it under?"
    CONFIRM = "Shall I book that?"
    CHANGE = "What should I change?"
    OFFER = "Would you like to book one?"
    MESSAGE = "What would you like it to say?"
    ELSE = "Is there anything else I can help you with?"


def question_at_end(text: str) -> Question | None:
    """The question that a reply ends with, if it is one of ours."""
    return next((question for question in Question if text.rstrip().endswith(question)), None)


@dataclass
class Wish:
    """What one message says about a booking; everything else is unset."""

    service: Service | None = None
    day: Day | Vague | None = None
    time: int | None = None
    name: str | None = None
    bikes: int | None = None
    reopened: set[Question] = field(default_factory=set)
    """Questions to ask again: "a different day"."""
    unwanted: set[Day] = field(default_factory=set)
    """Days refused: "not Tuesday"."""

    @property
    def visit(self) -> bool:
        """Whether it says more than the caller's name."""
        return self != Wish(name=self.name)

    def __bool__(self) -> bool:
        return self != Wish()


@dataclass
class Booking:
    """What is known of a visit so far."""

    service: Service | None = None
    day: Day | None = None
    time: int | None = None
    name: str | None = None
    bikes: int = 1

    def take(self, wish: Wish) -> str:
        """Apply a wish; returns objections to it as sentences, or an empty string."""
        self._reopen(wish)
        self.service = wish.service or self.service
        self.name = wish.name or self.name
        self.time = self.time if wish.time is None else wish.time
        objections = [self._take_bikes(wish.bikes), self._take_day(wish.day), self._check_hours()]
        return " ".join(filter(None, objections))

    def forget(self, question: Question) -> None:
        """Drop the answer to this question, so that it is asked again."""
        match question:
            case Question.SERVICE:
                self.service = None
            case Question.DAY:
                self.day = None
            case Question.TIME:
                self.time = None
            case Question.NAME:
                self.name = None
            case _:
                pass

    def question(self) -> Question:
        """What to ask next."""
        if self.service is None:
            return Question.SERVICE
        if self.day is None:
            return Question.DAY
        if self.time is None:
            return Question.TIME
        return Question.NAME if self.name is None else Question.CONFIRM

    def summary(self) -> str:
        """What is known so far: "a full service on Tuesday at nine in the morning, for Anna"."""
        parts = [self.service.spoken if self.service else "a visit"]
        if self.bikes > 1:
            parts.append(f"for {say_number(self.bikes)} bikes")
        if self.day:
            parts.append(f"on {self.day.value}")
        if self.time is not None:
            parts.append(f"at {say_time_of_day(self.time)}")
        return " ".join(parts) + (f", for {self.name}" if self.name else "")

    def step(self) -> str:
        """What is known so far, and the next question."""
        question = self.question()
        if question is Question.CONFIRM:
            return f"So that's {self.summary()}. {question}"
        if self == Booking():
            return f"Of course. {question}"
        summary = self.summary()
        return f"{summary[0].upper()}{summary[1:]}. {question}"

    def _reopen(self, wish: Wish) -> None:
        for question in wish.reopened:
            if question is not Question.DAY or not wish.unwanted or self.day in wish.unwanted:
                self.forget(question)

    def _take_bikes(self, bikes: int | None) -> str:
        if bikes is None:
            return ""
        if bikes > _MOST_BIKES:
            return f"We can take at most {say_number(_MOST_BIKES)} bikes at a time."
        self.bikes = bikes
        return ""

    def _take_day(self, day: Day | Vague | None) -> str:
        if day is Vague.UNDATED:
            self.day = None
            return NO_CALENDAR
        if day is Vague.WEEKEND:
            day = Day.SATURDAY  # the one day of the weekend when we are open
        self.day = day or self.day
        return ""

    def _check_hours(self) -> str:
        """Drop a day or time when the workshop is closed; returns its hours if so."""
        if self.day is None:
            return ""
        day = self.day
        if HOURS[day] is None:
            self.day = None
            return opening(day)
        if self.time is not None and not is_open(day, self.time):
            self.time = None
            return opening(day)
        return ""
