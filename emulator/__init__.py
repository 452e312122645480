"""Emulates Twilio ConversationRelay, with a caller on the line.

The line, pure and on a virtual clock:

    line           one call: hears the caller, plays the app's words, reports both to the app
    player         the playback queue, and how much of it was heard
    voice          the caller's voice as a transcriber hears it
    line_events    what happened on the line: said, heard, cut
    frames         the frames Twilio sends
    frame_schema   the frames Twilio accepts
    twiml          the attributes of `<ConversationRelay>`
    webhooks       the forms Twilio posts

The call, over HTTP and a WebSocket:

    dial           places a call to a server, at any speed
    leg            one call's requests: webhook, socket, action
    app_server     signs requests and routes them to the app
    app_process    starts the app if nothing answers
    decision_feed  the app's decisions, over its side channel
    resend         resends the frames of a call log

The terminal:

    __main__       `python -m emulator`
    script         a caller who follows a script, such as `demo_call.txt`
    narrator       a call as lines of text
    call_log       a call as JSON Lines

It implements the protocol independently: it shares no parser and no frame with the app, only the
function that signs requests.
"""
