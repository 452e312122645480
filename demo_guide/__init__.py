"""The embedded demo guide: a small OpenAI-compatible endpoint, so that all runs without keys.

It plays the receptionist of a fictional bicycle workshop. It has no model, no clock, no randomness
and no memory: all it knows comes from the messages of the request, so the same conversation always
gets the same answer.

    endpoint      HTTP: requests checked, replies streamed at the pace of a real model
    request       PURE. requests read and checked
    conversation  PURE. the reply to a conversation
    booking       PURE. a visit being booked, and the questions asked on the way
    hearing       PURE. what a caller's words mean, found by spotting known phrases
    times         PURE. the time of day as people say it
    lexicon       PURE. the phrases that are known
    business      PURE. the workshop: its hours, its services, and what there is to tell about it
"""

from demo_guide.conversation import Message, reply
from demo_guide.endpoint import create_router

__all__ = ["Message", "create_router", "reply"]
