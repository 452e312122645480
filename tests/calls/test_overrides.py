"""Overrides of calls that are placed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.overrides import CallOverrides, OverrideError
from turn.options import Mode

MODES: list[Mode | None] = [None, "pause", "talkover"]
ALL_OVERRIDES = [CallOverrides(mode, decisions) for mode in MODES for decisions in (False, True)]


def test_telephone_call_has_no_overrides() -> None:
    """Twilio's own fields are none, and no parameters result."""
    assert (
        CallOverrides.from_fields({"CallSid": "CA1", "From": "+12025550123", "Mode": "pause"})
        == CallOverrides()
    )
    assert CallOverrides().parameters == {}


@pytest.mark.parametrize("overrides", ALL_OVERRIDES, ids=str)
def test_overrides_survive_the_round_trip(overrides: CallOverrides) -> None:
    """From the webhook's fields to the call's parameters and back."""
    assert CallOverrides.from_fields({"token": "x", **overrides.parameters}) == overrides


def test_different_overrides_are_signed_differently() -> None:
    """Each combination is a line of its own."""
    lines = {str(overrides) for overrides in ALL_OVERRIDES}
    assert len(lines) == len(ALL_OVERRIDES)
    assert not any("\n" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "right"), [("BargeInMode", "pause or talkover"), ("Decisions", "1")]
)
@pytest.mark.parametrize("value", ["", "0", "PAUSE", "pause ", "1.0", "pause&Decisions=1"])
def test_invalid_value_is_refused(name: str, right: str, value: str) -> None:
    """The message names the valid values."""
    with pytest.raises(OverrideError, match=f"^expected {name} to be {right}$"):
        CallOverrides.from_fields({name: value})


@given(st.dictionaries(st.sampled_from(["BargeInMode", "Decisions"]), st.text()))
def test_any_fields_are_read_exactly_or_refused(fields: dict[str, str]) -> None:
    """The parameters are the same fields."""
    try:
        overrides = CallOverrides.from_fields(fields)
    except OverrideError:
        return
    assert overrides.parameters == fields
