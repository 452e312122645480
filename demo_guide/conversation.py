"""The demo guide's reply to a conversation.

Nothing is remembered between requests: the caller's messages are replayed from first to last, and
the reply to each is worked out again. So a reply that was cut short loses nothing; of the guide's
own words only the question that the caller last heard matters.
Pure, deterministic, linear in the length of the conversation.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from demo_guide import business
from demo_guide.booking import Booking, Question, Wish, question_at_end
from demo_guide.business import GREETING, Service
from demo_guide.lexicon import Act, Topic
from demo_guide.understanding import Heard, Query, hear

_MOST_ANSWERS = 3  # more would be a lecture
_MOST_MESSAGE_WORDS = 30  # that are read back

ABILITIES = "I can tell you about our hours, our prices, or the address, or book you a visit."
FALLBACK = f"I'm only the demo guide, so I can't help with that, but {ABILITIES}"
WHO = f"I'm the demo guide, a small program that answers for {business.NAME}. {ABILITIES}"
PERSON = (
    "I'm only the demo guide, so I can't put you through to anyone. "
    "You can leave a message, though it won't go further than this call."
)
FAREWELL = "Thank you for calling. Goodbye."

_SERVICE_TOPICS = frozenset({Topic.PRICES, Topic.INCLUDES, Topic.DURATION})
_BOOKING_QUESTIONS = frozenset(Question) - {Question.OFFER, Question.MESSAGE, Question.ELSE}


class Message(NamedTuple):
    """One message of the conversation, as chat completions name its roles."""

    role: str
    text: str


def reply(messages: Iterable[Message]) -> str:
    """What the guide says next; never empty."""
    receptionist = _Receptionist()
    answer = GREETING
    for message in messages:
        if message.role == "assistant":
            receptionist.notice_own_words(message.text)
        elif message.role == "user":
            answer = receptionist.answer(message.text)
    return answer


class _Receptionist:
    """One conversation, replayed message by message."""

    def __init__(self) -> None:
        self.asking: Question | None = None
        self.booking: Booking | None = None  # not yet confirmed
        self.booked: Booking | None = None
        self.service: Service | None = None  # last spoken about
        self.topic: Topic | None = None  # last asked about
        self.last_answer = ""
        self.greeted = False

    def notice_own_words(self, text: str) -> None:
        """Find the open question in the guide's words, as far as the caller heard them."""
        question = question_at_end(text)
        if question is not None:
            self.asking = question
            self._reopen(question)
        elif self.asking is Question.OFFER:
            self.asking = None  # the offer was not heard, so "okay" does not take it up
        self.last_answer = self.last_answer or text.strip()

    def answer(self, text: str) -> str:
        """Reply to the caller, and remember the question that the reply ends with."""
        heard = hear(text, self.asking)
        social = self._message(heard, text) or self._social(heard)
        answer = social or self._substance(heard)
        if not social or not self.last_answer:
            self.last_answer = answer
        standing = self.booking.question() if self.booking else None
        self.asking = question_at_end(answer) or standing
        self.greeted = True
        return answer

    def _reopen(self, question: Question) -> None:
        """Open a question that was just asked, whatever earlier words seemed to answer it."""
        if question not in _BOOKING_QUESTIONS:
            return
        if self.booking is None:
            self.booking, self.booked = self.booked or Booking(), None
        self.booking.forget(question)

    def _substance(self, heard: Heard) -> str:
        if heard.answer is Act.CANCEL and not heard.wish:
            return self._call_off()
        booking = self._book(heard)
        information = self._information(heard)
        if information and not booking:
            booking = self._question_after_information()
        if information or booking:
            return f"{information} {booking}".strip()
        return self._yes_or_no(heard) or self._lost(heard)

    # --- booking ---------------------------------------------------------------------------

    def _book(self, heard: Heard) -> str:
        """Start, continue or change a booking; empty if nothing was said about one."""
        if self.booking is None:
            return self._begin(heard) if self._starts(heard) else ""
        if heard.wish:
            return _step(self.booking, heard)
        if self.asking is Question.CONFIRM and (_agrees(heard) or _books(heard)):
            return self._finish(self.booking)
        return f"Of course. {Question.CHANGE}" if heard.changes else ""

    def _starts(self, heard: Heard) -> bool:
        wish = heard.wish
        if _books(heard) or (wish.time is not None and (wish.day or wish.service)):
            return True
        if self.asking is Question.OFFER:
            return _agrees(heard) or wish.day is not None or wish.time is not None
        return self.booked is not None and heard.changes

    def _begin(self, heard: Heard) -> str:
        changed = self.booked if heard.changes else None
        self.booking = replace(changed) if changed else Booking()
        if self.asking is Question.OFFER:
            self.booking.service = self.service
        if changed and not heard.wish:
            return f"Of course. {Question.CHANGE}"
        return _step(self.booking, heard)

    def _finish(self, booking: Booking) -> str:
        self.booking, self.booked = None, booking
        return f"You're booked: {booking.summary()}. {Question.ELSE}"

    def _call_off(self) -> str:
        if self.booking:
            self.booking = None
            return f"All right, I won't book that. {Question.ELSE}"
        if self.booked:
            self.booked = None
            return f"All right, I've cancelled your booking. {Question.ELSE}"
        return f"All right. {Question.ELSE}"

    # --- information -----------------------------------------------------------------------

    def _information(self, heard: Heard) -> str:
        """The answers to everything asked, each once."""
        queries = heard.queries or ([] if self.booking else self._implied(heard.wish))
        answers = dict.fromkeys(self._tell(query) for query in queries)
        return " ".join(list(answers)[-_MOST_ANSWERS:])

    def _implied(self, wish: Wish) -> list[Query]:
        """What a bare service or day asks about while nothing is being booked."""
        queries = []
        if wish.service:
            topic = self.topic if self.topic in _SERVICE_TOPICS else Topic.PRICES
            queries.append(Query(topic, service=wish.service))
        if wish.day:
            queries.append(Query(Topic.HOURS, wish.day))
        return queries

    def _tell(self, query: Query) -> str:
        self.topic = query.topic
        if query.topic is Topic.HOURS:
            return business.opening(query.day)
        if query.topic not in _SERVICE_TOPICS:
            return _FACTS[query.topic]
        # "What are your prices" asks for all of them, "how much is it" for one.
        known = self._spoken_about if query.points or query.topic is not Topic.PRICES else None
        self.service = query.service or known
        return _about_service(query.topic, self.service)

    def _question_after_information(self) -> str:
        if self.topic is Topic.PERSON:
            return Question.MESSAGE
        if self.booking:
            return self.booking.question()
        return Question.OFFER if self.service and self.topic in _SERVICE_TOPICS else ""

    # --- the rest --------------------------------------------------------------------------

    def _message(self, heard: Heard, text: str) -> str:
        """Confirm a message for a person; empty if these words are not one."""
        if self.asking is not Question.MESSAGE or not heard.loose or heard.asks:
            return ""
        words = "".join(c if c.isalnum() or c in "'’,.-" else " " for c in text).split()
        noted = " ".join(words[:_MOST_MESSAGE_WORDS]).rstrip(" .,-")
        return f"I've noted: {noted}. {self._onward()}"

    def _social(self, heard: Heard) -> str:
        """The reply to thanks, a greeting, a goodbye, "stop" or "sorry?"; else empty."""
        if not self._is_social(heard):
            return ""
        standing = self.asking or Question.ELSE
        words = {
            Act.STOP: "Sure, go ahead.",
            Act.HELLO: f"I'm here. {standing}" if self.greeted else GREETING,
            Act.THANKS: f"You're welcome. {standing}",
            Act.BYE: FAREWELL,
        }
        return words.get(heard.social or Act.REPEAT) or self.last_answer or GREETING

    def _is_social(self, heard: Heard) -> bool:
        """Whether the message is social only, with no request in it."""
        if heard.social is None:
            return heard.asks and heard.words == 1  # "what?"
        if heard.queries or heard.wish.visit or heard.books or heard.changes:
            return False
        if heard.asks and heard.loose > 2:
            return heard.social is Act.BYE
        if heard.answer in {Act.YES, Act.NO, Act.CANCEL}:
            return self.asking is None
        return heard.answer is None or self.asking not in {Question.CONFIRM, Question.OFFER}

    def _yes_or_no(self, heard: Heard) -> str:
        if heard.answer is None:
            return ""
        refused = heard.answer is Act.NO
        if self.asking is Question.CONFIRM:  # agreement has booked it
            return f"No problem. {Question.CHANGE}"
        if self.booking and refused:
            return f"You can say cancel if you'd rather not. {self.booking.question()}"
        if self.asking is Question.ELSE:
            return f"All right. {FAREWELL}" if refused else "What can I do for you?"
        return f"All right. {self._onward()}"

    def _lost(self, heard: Heard) -> str:
        """Say that nothing was understood, and repeat the open question."""
        if self.booking is None and heard.words:
            return FALLBACK
        if heard.asks:
            return f"I'm only the demo guide, so I can't help with that. {self._onward()}"
        if self.asking is Question.SERVICE and heard.words:
            return f"{business.service_list()} {self._onward()}"
        return f"Sorry, I didn't catch that. {self._onward()}"

    def _onward(self) -> Question:
        return self.booking.question() if self.booking else Question.ELSE

    @property
    def _spoken_about(self) -> Service | None:
        return self.booking.service if self.booking else self.service


_FACTS = {
    Topic.ADDRESS: business.ADDRESS,
    Topic.DIRECTIONS: business.DIRECTIONS,
    Topic.PARKING: business.PARKING,
    Topic.PHONE: business.PHONE,
    Topic.WORKSHOP: business.WORKSHOP,
    Topic.PERSON: PERSON,
    Topic.WHO: WHO,
    Topic.SERVICES: business.service_list(),
}


def _agrees(heard: Heard) -> bool:
    """Whether they agree; "okay" before a question of their own does not count."""
    return heard.answer is Act.YES or (heard.answer is Act.ASSENT and not heard.queries)


def _books(heard: Heard) -> bool:
    return heard.books and heard.answer is not Act.NO


def _step(booking: Booking, heard: Heard) -> str:
    """Apply a wish, say what cannot be done, and ask the next question."""
    objection = booking.take(heard.wish)
    if objection and booking.question() is not Question.CONFIRM:
        return f"{objection} {booking.question()}"
    return f"{objection} {booking.step()}".strip()


def _about_service(topic: Topic, service: Service | None) -> str:
    match topic:
        case Topic.PRICES:
            return business.price(service)
        case Topic.DURATION:
            return business.duration(service)
        case _:
            return service.includes if service else business.WORKSHOP
