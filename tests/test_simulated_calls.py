"""Thousands of random calls on a virtual clock, with every word accounted for.

`SIMULATED_CALLS=100000 python -m pytest tests/test_simulated_calls.py` searches longer.
"""

import os
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from barge_in import Actions, BargeIn, Step
from emulator.player import InterruptReport
from tests.simulation import (
    ACK,
    Conditions,
    Simulation,
    check_history_is_what_was_heard,
    check_nothing_said_is_lost,
    check_resumed_replies_are_whole,
)
from turn import history
from turn.attribution import Attribution
from turn.events import CallerSaid, GuideToken, State
from turn.history import History
from turn.playback import Playback

CALLS = int(os.environ.get("SIMULATED_CALLS", "2400"))

CONDITIONS = [
    Conditions(speaker_events=speaker, tokens_played=tokens, partials=partials, reports=reports)
    for speaker, tokens, partials in product((True, False), repeat=3)
    for reports in ("fragment", "whole", "empty")
]

TALKOVER = [
    Conditions(talkover=True, speaker_events=speaker, tokens_played=tokens, partials=partials)
    for speaker, tokens, partials in product((True, False), repeat=3)
]


def simulate(seed: int, conditions: Conditions) -> Simulation:
    """Play one call and check everything that must be true of it."""
    sim = Simulation(seed, conditions)
    sim.run()
    check_nothing_said_is_lost(sim)
    if sim.line_is_known_to_report:
        check_history_is_what_was_heard(sim)
    located = conditions.reports == "fragment" and (
        conditions.speaker_events or conditions.partials
    )
    if sim.line_is_known_to_report or located:
        check_resumed_replies_are_whole(sim)
    return sim


@pytest.mark.parametrize("conditions", CONDITIONS, ids=lambda c: "-".join(_names(c)))
def test_every_word_of_a_call_is_accounted_for(conditions: Conditions) -> None:
    """Whatever the line reports: nothing said is lost, and only what was heard is history."""
    outcomes = set()
    for seed in range(max(1, CALLS // len(CONDITIONS))):
        outcomes |= {made.outcome for made in simulate(seed, conditions).decided}
    assert {"asked", "extended", "cancelled", "resumed", "kept", "ignored"} <= outcomes


@pytest.mark.parametrize("conditions", TALKOVER, ids=lambda c: "-".join(_names(c)))
def test_every_word_of_a_talkover_call_is_accounted_for(conditions: Conditions) -> None:
    """The line never stops the agent, and there is no pause."""
    outcomes, acknowledged = set(), False
    for seed in range(max(1, CALLS // len(CONDITIONS))):
        sim = simulate(seed, conditions)
        outcomes |= {made.outcome for made in sim.decided}
        acknowledged |= any(item.word == ACK for item in sim.line.heard)
    assert {"asked", "extended", "cancelled", "kept", "ignored"} <= outcomes
    assert "resumed" not in outcomes
    assert acknowledged


@pytest.mark.parametrize("reports", ["fragment", "whole"])
def test_words_that_the_voice_spells_differently_are_not_lost(reports: InterruptReport) -> None:
    """Resumed replies are heard whole, and nothing unheard is in the history."""
    for seed in range(max(1, CALLS // 24)):
        simulate(seed, Conditions(respells=True, reports=reports))


@pytest.mark.parametrize("reports", ["fragment", "whole"])
def test_words_that_the_voice_drops_doubles_or_swaps_are_not_lost(reports: InterruptReport) -> None:
    """Of a hundred, three each."""
    for seed in range(max(1, CALLS // 24)):
        simulate(seed, Conditions(respells=True, slips=3, reports=reports))


def _names(conditions: Conditions) -> Iterator[str]:
    yield from (name for name, on in vars(conditions).items() if on is True)
    yield conditions.reports


# --- the checks catch faults --------------------------------------------------------------------


def _says_during_a_pause(machine: BargeIn, token: GuideToken) -> Step:
    machine._reply.playback.text += token.text
    return State.PAUSED, machine._say()


def _never_drops(_: BargeIn) -> Actions:
    return ()


def _never_closes(_: BargeIn) -> Actions:
    return ()


def _decides_on_partials(machine: BargeIn, said: CallerSaid) -> Actions:
    return machine.receive(CallerSaid(said.text), machine._now)


def _starts_over(playback: Playback) -> None:
    playback.sent = playback._cycle_start = playback._played = 0


def _goes_on_after_what_was_sent(_: Playback) -> None:
    return


def _goes_on_a_word_too_late(playback: Playback) -> None:
    _rewind(playback)
    skipped = playback.text.find(" ", playback.sent)
    playback.sent = len(playback.text) if skipped < 0 else skipped


def _believes_all_was_heard(entry: Any) -> str:
    return str(entry.playback.text[entry.start : entry.end or entry.playback.sent].strip())


def _forgets_remarks(_: History, _text: str) -> None:
    return


def _enters_remarks_twice(talk: History, text: str) -> None:
    _caller_remarked(talk, text)
    talk.caller_said(text)


def _forgets_the_turn(_: History, _text: str) -> None:
    return


def _takes_every_report_for_the_present_reply(attribution: Attribution, _: str) -> Playback:
    return attribution._present


def _jumps_to_any_report(playback: Playback, report: str) -> None:
    playback.find_cut(report, 0)


_rewind = Playback.rewind
_caller_remarked = History.caller_remarked

FAULTS: dict[str, tuple[type, str, Any]] = {
    "stream of a cancelled reply stays open": (BargeIn, "_drop_guide", _never_drops),
    "talk cycle is never closed": (BargeIn, "_close_cycle", _never_closes),
    "resume starts the reply over": (Playback, "rewind", _starts_over),
    "resume skips what was not heard": (Playback, "rewind", _goes_on_after_what_was_sent),
    "resume is one word late": (Playback, "rewind", _goes_on_a_word_too_late),
    "history holds what was sent": (history._AgentWords, "text", property(_believes_all_was_heard)),
    "remarks are forgotten": (History, "caller_remarked", _forgets_remarks),
    "remarks are entered twice": (History, "caller_remarked", _enters_remarks_twice),
    "turns are forgotten": (History, "caller_said", _forgets_the_turn),
    "reports go to the wrong reply": (
        Attribution,
        "_owner_of",
        _takes_every_report_for_the_present_reply,
    ),
    "partials decide": (BargeIn, "_give_up_at_clear_stop", _decides_on_partials),
    "stray words count as heard": (Playback, "played", _jumps_to_any_report),
}


def _is_caught(calls: int = 400) -> bool:
    for seed in range(calls):
        try:
            simulate(seed, CONDITIONS[seed % len(CONDITIONS)])
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize("fault", FAULTS)
def test_seeded_fault_is_caught(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks fail for a machine that gets this wrong."""
    owner, name, wrong = FAULTS[fault]
    monkeypatch.setattr(owner, name, wrong)
    assert _is_caught()


def test_words_sent_during_a_pause_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks fail for a wrong row in the table."""
    row = BargeIn.TRANSITIONS.rows[State.PAUSED]
    monkeypatch.setitem(row, GuideToken, (_says_during_a_pause, row[GuideToken][1]))
    assert _is_caught()


def test_machine_that_never_resumes_by_itself_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence then leads nowhere."""
    monkeypatch.setattr(BargeIn, "deadline", property(lambda _: None))
    assert _is_caught()
