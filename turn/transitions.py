"""A state machine's table: what each state does about an event, where that can lead, and why.

The table drives the machine. A handler returns its next state and its actions as values. A handler
may always stay in its state; any other target has to be in its row. An event without a row in a
state changes nothing there.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

Machine = TypeVar("Machine")
State = TypeVar("State")
Action = TypeVar("Action")

# `Any` is the event: each handler takes the one type that its row names, and a mapping from types
# to handlers of that very type cannot be spelled.
Handler = Callable[[Machine, Any], tuple[State, tuple[Action, ...]]]
Transition = tuple[type, Handler[Machine, State, Action], State, str]
"""An event's type, its handler, one state that this can lead to, and the reason."""


class TransitionError(Exception):
    """A step that the table does not allow: a bug in the machine."""


class Row(NamedTuple, Generic[Machine, State, Action]):
    """What one state does about one event: the handler, and the reason for each target."""

    handle: Handler[Machine, State, Action]
    targets: dict[State, str]


class Table(Generic[Machine, State, Action]):
    """All transitions of a machine. `rows` holds them by state and by the event's type."""

    def __init__(
        self, transitions: Mapping[State, Iterable[Transition[Machine, State, Action]]]
    ) -> None:
        self.rows: dict[State, dict[type, Row[Machine, State, Action]]] = {}
        for state, from_state in transitions.items():
            rows = self.rows[state] = {}
            for event, handle, target, reason in from_state:
                row = rows.setdefault(event, Row(handle, {}))
                if row.handle is not handle:
                    raise TransitionError(f"two handlers in {state} for {event.__name__}")
                row.targets[target] = reason

    def step(
        self, machine: Machine, state: State, event: object
    ) -> tuple[State, tuple[Action, ...]]:
        """Let `machine` handle `event` in `state`. Returns its next state and its actions.

        Raises `TransitionError` if the table does not allow that state.
        """
        # By exact type: a lookup for each token of a reply has to be cheap, and events are final.
        row = self.rows[state].get(type(event))
        if row is None:
            return state, ()
        handle, targets = row
        step = handle(machine, event)
        if step[0] not in targets and step[0] is not state:
            raise TransitionError(f"{state} -> {step[0]} on {type(event).__name__}")
        return step
