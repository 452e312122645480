"""The table that drives a machine, on a door."""

from typing import Literal, TypeAlias

import pytest

from turn.transitions import Table, TransitionError

State: TypeAlias = Literal["open", "shut"]
Step: TypeAlias = tuple[State, tuple[str, ...]]


class Pushed:
    """Somebody pushed the door."""


class Knocked:
    """Somebody knocked."""


class Door:
    def swing(self, _: Pushed) -> Step:
        return "open", ("creak",)

    def stay(self, _: Pushed) -> Step:
        return "shut", ()


TABLE: Table[Door, State, str] = Table(
    {
        "shut": ((Pushed, Door.swing, "open", "it is not locked"),),
        "open": (),
    }
)


def test_handler_gives_the_next_state_and_its_actions() -> None:
    """Where its row allows it."""
    assert TABLE.step(Door(), "shut", Pushed()) == ("open", ("creak",))


def test_event_without_a_row_changes_nothing() -> None:
    """In one state it may mean something, in another nothing."""
    assert TABLE.step(Door(), "shut", Knocked()) == ("shut", ())
    assert TABLE.step(Door(), "open", Pushed()) == ("open", ())


def test_handler_may_stay_in_its_state() -> None:
    """Without a row that says so."""
    table = Table({"shut": ((Pushed, Door.stay, "open", "never"),)})
    assert table.step(Door(), "shut", Pushed()) == ("shut", ())


def test_target_outside_the_row_is_an_error() -> None:
    """It names the step that was not allowed."""
    table = Table({"shut": ((Pushed, Door.swing, "shut", "it is locked"),)})
    with pytest.raises(TransitionError, match="shut -> open on Pushed"):
        table.step(Door(), "shut", Pushed())


def test_one_handler_has_several_targets_each_with_its_reason() -> None:
    """The reasons are there to be read beside the targets."""
    table = Table(
        {
            "shut": (
                (Pushed, Door.swing, "open", "it is not locked"),
                (Pushed, Door.swing, "shut", "it is locked"),
            )
        }
    )
    assert table.rows["shut"][Pushed].targets == {
        "open": "it is not locked",
        "shut": "it is locked",
    }


def test_two_handlers_for_one_event_are_an_error() -> None:
    """The second would never be called."""
    with pytest.raises(TransitionError, match="two handlers in shut for Pushed"):
        Table(
            {
                "shut": (
                    (Pushed, Door.swing, "open", "it is not locked"),
                    (Pushed, Door.stay, "shut", "it is locked"),
                )
            }
        )
