"""A stand-in for Twilio ConversationRelay, with a caller on the other end of the line.

The core is pure and runs on a virtual clock: `line.Line` hears a caller, plays the app's text at a
speaking pace, lets itself be interrupted and refuses what Twilio refuses. `dial.place_call` runs
such a line against a real server, over HTTP and a WebSocket, as fast as asked. `python -m emulator`
is the same thing in a terminal.

It is an independent reading of the wire: it shares no parser and no frame with the app, only the
function that signs a request.
"""
