"""The table of a state machine: what a state does about an event, where that can lead, and why.

The table drives the machine. A handler returns its next state and what to do as values, and a state
that the table does not name for it is an error. An event that a state does not name changes
nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

Machine = TypeVar("Machine")
State = TypeVar("State")
Action = TypeVar("Action")

Handler = Callable[[Machine, Any], tuple[State, tuple[Action, ...]]]
Way = tuple[type, Handler[Machine, State, Action], State, str]
"""On this event do this, which can lead to this state for this reason."""


class TransitionError(Exception):
    """A step that the table does not name: a bug in the machine."""


class Table(Generic[Machine, State, Action]):
    """All ways from each state. `rows` has, by state and event, the handler and its targets."""

    def __init__(self, ways: Mapping[State, Iterable[Way[Machine, State, Action]]]) -> None:
        self.rows: dict[
            State, dict[type, tuple[Handler[Machine, State, Action], dict[State, str]]]
        ] = {}
        for state, those in ways.items():
            row = self.rows[state] = {}
            for event, handle, target, reason in those:
                _, targets = row.setdefault(event, (handle, {}))
                targets[target] = reason

    def step(
        self, machine: Machine, state: State, event: object
    ) -> tuple[State, tuple[Action, ...]]:
        """Let `machine` handle an event in `state`; returns its next state and what to do.

        Raises `TransitionError` where the table does not name that state.
        """
        row = self.rows[state].get(type(event))
        if row is None:
            return state, ()
        handle, targets = row
        step = handle(machine, event)
        if step[0] not in targets and step[0] is not state:
            raise TransitionError(f"{state} -> {step[0]} on {type(event).__name__}")
        return step
