"""What may be asked for a call that is placed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.overrides import CallOverrides, OverrideError
from turn.options import Mode

MODES: list[Mode | None] = [None, "pause", "talkover"]
ALL_OVERRIDES = [CallOverrides(mode, decisions) for mode in MODES for decisions in (False, True)]


def test_telephone_asks_for_nothing() -> None:
    """None of Twilio's fields is a wish, and nothing is brought along for none."""
    assert (
        CallOverrides.from_fields({"CallSid": "CA1", "From": "+12025550123", "Mode": "pause"})
        == CallOverrides()
    )
    assert CallOverrides().parameters == {}


@pytest.mark.parametrize("overrides", ALL_OVERRIDES, ids=str)
def test_wishes_come_back_as_they_went(overrides: CallOverrides) -> None:
    """From the webhook's fields to the call's parameters, which are called the same."""
    assert CallOverrides.from_fields({"token": "x", **overrides.parameters}) == overrides


def test_no_two_wishes_are_signed_alike() -> None:
    """Each is one line of its own."""
    lines = {str(overrides) for overrides in ALL_OVERRIDES}
    assert len(lines) == len(ALL_OVERRIDES)
    assert not any("\n" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "right"), [("BargeInMode", "pause or talkover"), ("Decisions", "1")]
)
@pytest.mark.parametrize("value", ["", "0", "PAUSE", "pause ", "1.0", "pause&Decisions=1"])
def test_what_there_is_not_is_refused(name: str, right: str, value: str) -> None:
    """With what would be right."""
    with pytest.raises(OverrideError, match=f"^expected {name} to be {right}$"):
        CallOverrides.from_fields({name: value})


@given(st.dictionaries(st.sampled_from(["BargeInMode", "Decisions"]), st.text()))
def test_nothing_else_comes_of_any_fields(fields: dict[str, str]) -> None:
    """They are read as a wish that has the same fields, or refused."""
    try:
        overrides = CallOverrides.from_fields(fields)
    except OverrideError:
        return
    assert overrides.parameters == fields
