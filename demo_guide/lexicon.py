"""The phrases that the demo guide knows, and what each means.

Pure data: lower case, without apostrophes, hyphens as spaces.
"""

from enum import Enum, auto

from demo_guide.booking import Question
from demo_guide.business import SERVICES, Day, Service, Vague


class Act(Enum):
    """What a caller does with words, other than ask about a topic."""

    YES = auto()
    ASSENT = auto()
    """A nod: agreement only if a question is open."""
    NO = auto()
    CANCEL = auto()
    BOOK = auto()
    CHANGE = auto()
    REPEAT = auto()
    STOP = auto()
    HELLO = auto()
    THANKS = auto()
    BYE = auto()


class Topic(Enum):
    """What a caller can ask about."""

    HOURS = auto()
    ADDRESS = auto()
    DIRECTIONS = auto()
    PARKING = auto()
    PRICES = auto()
    INCLUDES = auto()
    DURATION = auto()
    SERVICES = auto()
    WORKSHOP = auto()
    PHONE = auto()
    PERSON = auto()
    WHO = auto()


Meaning = Act | Topic | Day | Vague | Service | Question | int

_ACTS: dict[Meaning, str] = {
    Act.YES: (
        "yes, yeah, yep, yup, yes please, correct, thats right, that is right, thats correct, "
        "absolutely, definitely, of course, please do, go ahead, do it, "
        "sounds good, sounds great, that works, works for me, thats fine, its fine, thats good, "
        "thats great, thats perfect, exactly, i do, i would, why not, id love to"
    ),
    Act.ASSENT: (
        "ok, okay, sure, mhm, mm hmm, mm hm, uh huh, right, alright, all right, great, lovely, "
        "fine, perfect, good, cool, wonderful, nice, i see, got it, no problem, no worries, "
        "fair enough"
    ),
    Act.NO: (
        "no, nope, nah, no thanks, no thank you, thats wrong, not right, thats not right, "
        "not quite, dont book, dont book it, dont book that, do not book, not yet, nothing, "
        "nothing else, thats all, that is all, thats everything, im good, not really, i dont, "
        "rather not"
    ),
    Act.CANCEL: (
        "cancel, never mind, nevermind, forget it, forget that, forget about it, call it off, "
        "dont want to book, dont want it, changed my mind, dont bother"
    ),
    Act.BOOK: (
        "book, booking, appointment, reserve, reservation, schedule, come in, come by, "
        "bring it in, bring my bike, bring in, drop it off, drop my bike off, fit me in, "
        "sign me up, bike fixed, bike repaired, bike serviced, fix my bike, repair my bike"
    ),
    Act.CHANGE: (
        "make it, make that, change, instead, reschedule, move it, actually, i meant, i mean"
    ),
    Act.REPEAT: (
        "sorry, pardon, pardon me, excuse me, huh, repeat, repeat that, say that again, "
        "say that, what did you just say, "
        "say again, come again, once more, what was that, what did you say, didnt catch that, "
        "didnt hear that, didnt hear you, didnt get that, go on, continue, carry on, keep going, "
        "you were saying"
    ),
    Act.STOP: (
        "stop, wait, hold on, hang on, one moment, one second, one sec, just a moment, "
        "just a second, just a minute, one minute, shut up, quiet, be quiet, enough, thats enough"
    ),
    Act.HELLO: (
        "hello, hi, hey, hi there, hello there, how are you, good morning, good afternoon, "
        "good evening, are you there, you there, are you still there, still there, anyone there, "
        "anybody there, can you hear me"
    ),
    Act.THANKS: "thanks, thank you, cheers, much appreciated, i appreciate it",
    Act.BYE: (
        "bye, goodbye, bye bye, good bye, good night, see you, have a nice day, have a good day, "
        "have a good one, take care"
    ),
}
_TOPICS: dict[Meaning, str] = {
    Topic.HOURS: (
        "open, opens, opening, hours, close, closes, closed, closing, shut, opening hours, "
        "opening times, how late, how early"
    ),
    Topic.ADDRESS: (
        "address, where are you, where is, wheres, where do i go, where do i come, located, "
        "location, find you, find it, which street, what street, where exactly"
    ),
    Topic.DIRECTIONS: (
        "directions, how do i get, get there, get to you, station, bus, train, by car, on foot, "
        "close to, near, far"
    ),
    Topic.PARKING: "park, parking, car park, parking lot, where can i park, where do i park",
    Topic.PRICES: "price, prices, cost, costs, how much, charge, charges, price list, rates",
    Topic.INCLUDES: (
        "include, includes, included, including, involve, involves, tell me about, tell me more, "
        "more about, what is in, whats in, what is a, whats a"
    ),
    Topic.DURATION: "how long, take long, how soon, how quickly, be ready",
    Topic.SERVICES: (
        "what do you do, what do you offer, what can you do, services, what can i book, "
        "what kind of repairs, what do you repair, what repairs"
    ),
    Topic.WORKSHOP: (
        "about the workshop, tell me about the workshop, about your workshop, about the shop, "
        "tell me about the shop, about your shop, about the business, about you, "
        "tell me about you, tell me about yourself, about yourselves, tell me about your workshop"
    ),
    Topic.PHONE: "phone number, telephone number, your number, the number",
    Topic.PERSON: (
        "person, human, human being, someone real, speak to someone, talk to someone, "
        "speak with someone, talk to somebody, speak to somebody, real person, manager, owner, "
        "representative, operator, agent, transfer me, put me through, leave a message, "
        "take a message, call me back"
    ),
    Topic.WHO: (
        "who are you, who is this, whos this, your name, who am i speaking to, "
        "who am i talking to, are you a robot, are you real, are you a real person, "
        "are you human, are you a human, are you a person, are you an ai, are you a machine, "
        "is this a robot, is this a real person, am i talking to a robot, robot"
    ),
}
_QUESTIONS: dict[Meaning, str] = {
    Question.SERVICE: "the service, another service, a different service",
    Question.DAY: "the day, another day, a different day, different day, what days, which days",
    Question.TIME: "the time, another time, a different time, different time",
    Question.NAME: "the name, another name, a different name",
}

_DAYS: dict[Meaning, str] = {
    Vague.WEEKEND: "weekend, weekends",
    Vague.UNDATED: "today, tonight, tomorrow, this week, next week, day after tomorrow",
    **{day: f"{day.value}, {day.value}s".lower() for day in Day},
}


def _split(table: dict[Meaning, str]) -> dict[str, Meaning]:
    return {phrase: meaning for meaning, text in table.items() for phrase in text.split(", ")}


PHRASES: dict[str, Meaning] = _split({**_ACTS, **_TOPICS, **_QUESTIONS, **_DAYS}) | {
    phrase: service for service in SERVICES for phrase in (service.name, *service.called)
}
LONGEST_PHRASE = max(len(phrase.split()) for phrase in PHRASES)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split(", "))


OPENERS = _set(
    "what, whats, where, wheres, when, whens, how, hows, actually, but, also, are you, do you, "
    "can i, could i, can you, could you, id like, i want, i need, make it, tell me"
)
"""Words that begin a new clause within unpunctuated speech."""

QUESTION_WORDS = _set(
    "what, whats, where, wheres, when, whens, who, whos, how, hows, why, which, do, does, did, "
    "is, are, can, could, will, would"
)

LEAD_INS = _set(
    "its, it, is, this, im, i, am, my, name, the, yes, yeah, yep, no, so, oh, uh, um, er, ah, hmm, "
    "mm, mhm, well, ok, okay, sure, for, of, under, that, please, and, just, thanks, thank, you"
)
"""Words that can stand around a name."""

NOT_NAMES = LEAD_INS | _set(
    "a, an, at, on, in, to, by, with, from, but, or, not, dont, do, does, did, be, been, was, "
    "were, has, have, had, what, where, when, who, how, why, which, can, could, would, should, "
    "shall, your, yours, me, we, they, he, she, his, her, their, there, here, bike, bikes, wrong, "
    "want, need, like, get, got, know, tell, say, said, think, question, help, then, than, if, "
    "as, out, up, off, too, very, really, maybe"
)
"""Words that are never part of a name."""
