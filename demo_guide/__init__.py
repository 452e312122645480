"""The demo guide: a small OpenAI-compatible endpoint, so that everything runs without keys.

It plays the receptionist of a fictional bicycle workshop. It has no model, no clock, no randomness
and no memory: everything it knows comes from the messages of the request, so the same conversation
always gets the same answer.

    endpoint       HTTP: checks requests, streams replies at the pace of a real model
    request        PURE. parses and checks a request
    conversation   PURE. the reply to a conversation
    booking        PURE. a visit being booked, and the questions it takes
    understanding  PURE. what a caller's words mean, found by spotting known phrases
    times          PURE. the time of day as people say it
    lexicon        PURE. the known phrases
    business       PURE. the workshop: its hours, services, and facts
"""

from demo_guide.conversation import Message, reply
from demo_guide.endpoint import create_router

__all__ = ["Message", "create_router", "reply"]
