"""A decision explained, or a replayed call: lines of text for the terminal. PURE."""

from collections.abc import Iterator

from call_log.format import Frame
from explaining.replay import Replay
from explaining.rules import OUTCOMES, RULES
from utterance import Act, Verdict, classify, is_clear_stop

# --- words ----------------------------------------------------------------------------------------


def words_report(said: str, heard: str, lang: str) -> Iterator[str]:
    """What would be done about words that a caller says, and why."""
    verdict = classify(said, heard, lang=lang)
    yield f'said         "{said}"'
    yield f'heard        "{heard}"' if heard else "heard        nothing yet"
    yield f"act          {verdict.act}, which {'cancels' if verdict.cancels else 'resumes'} a reply"
    yield f"rule         {verdict.rule}: {RULES[verdict.rule]}"
    yield f"over speech  {_done_over_speech(verdict)}"
    yield f"in silence   {_done_in_silence(verdict)}"
    if is_clear_stop(said, lang=lang):
        yield "while said   the rest of the reply is already dropped, before the words are final"


def _done_over_speech(verdict: Verdict) -> str:
    if verdict.cancels:
        return OUTCOMES["cancelled"]
    kept = "; the words are kept for the guide" if verdict.act is Act.REMARK else ""
    return OUTCOMES["resumed"] + kept


def _done_in_silence(verdict: Verdict) -> str:
    if verdict.act is Act.NOISE:
        return OUTCOMES["ignored"]
    late = " (just after a reply: nothing changes)" if verdict.act is Act.BACKCHANNEL else ""
    return OUTCOMES["asked"] + late


# --- a call ---------------------------------------------------------------------------------------


def call_report(call: Replay) -> Iterator[str]:
    """Each decision of a call, and whether all came out as logged."""
    mode = "talkover" if call.options.talkover else "pause"
    if call.is_exact:
        yield f"A call with BARGE_IN_MODE={mode}."
    else:
        yield "Logged on the line's side, without what the guide wrote and without the settings:"
        yield "both are derived from what was sent, so this replay is approximate."
    if call.breaks_off:
        yield "The call log breaks off before the end of the call."
    for logged, made in call.pairs:
        yield ""
        if made is not None:
            yield from _decision(made)
        if not call.is_same(logged, made):
            yield f"  DIFFERS  call log has: {_in_short(logged)}"
    yield ""
    yield from _conclusion(call)


def _decision(made: Frame) -> Iterator[str]:
    words = f'"{made["said"]}"' if made["act"] else "(silence)"
    paused_for_s = made["paused_for_s"]
    paused = "" if paused_for_s is None else f", after a pause of {paused_for_s:.2f} s"
    yield f"{made['t']:8.2f} s  {words}"
    if made["heard"]:
        yield f'  heard    "{made["heard"]}"'
    if made["act"]:
        yield f"  act      {made['act']}"
    yield f"  rule     {made['rule']}: {RULES[made['rule']]}"
    yield f"  outcome  {made['outcome']}: {OUTCOMES[made['outcome']]}{paused}"
    yield f"  state    {made['state_before']} -> {made['state_after']}"


def _in_short(logged: Frame | None) -> str:
    if logged is None:
        return "no decision"
    return ", ".join(f"{key} {value!r}" for key, value in logged.items())


def _conclusion(call: Replay) -> Iterator[str]:
    total = len(call.logged)
    if call.differs:
        yield f"DIFFERENT: {call.differs} of {total} logged decisions came out differently."
    elif total:
        yield f"Same: all {total} decisions came out as logged."
    else:
        yield "Same: this call has no decisions."
