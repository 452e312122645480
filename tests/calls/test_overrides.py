"""What may be asked for a call that is placed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.overrides import WishError, Wishes
from turn.options import Mode

MODES: list[Mode | None] = [None, "pause", "talkover"]
WISHES = [Wishes(mode, decisions) for mode in MODES for decisions in (False, True)]


def test_telephone_asks_for_nothing() -> None:
    """None of Twilio's fields is a wish, and nothing is brought along for none."""
    assert Wishes.of({"CallSid": "CA1", "From": "+12025550123", "Mode": "pause"}) == Wishes()
    assert Wishes().parameters == {}


@pytest.mark.parametrize("wishes", WISHES, ids=str)
def test_wishes_come_back_as_they_went(wishes: Wishes) -> None:
    """From the webhook's fields to the call's parameters, which are called the same."""
    assert Wishes.of({"token": "x", **wishes.parameters}) == wishes


def test_no_two_wishes_are_signed_alike() -> None:
    """Each is one line of its own."""
    lines = {str(wishes) for wishes in WISHES}
    assert len(lines) == len(WISHES)
    assert not any("\n" in line for line in lines)


@pytest.mark.parametrize(
    ("name", "right"), [("BargeInMode", "pause or talkover"), ("Decisions", "1")]
)
@pytest.mark.parametrize("value", ["", "0", "PAUSE", "pause ", "1.0", "pause&Decisions=1"])
def test_what_there_is_not_is_refused(name: str, right: str, value: str) -> None:
    """With what would be right."""
    with pytest.raises(WishError, match=f"^expected {name} to be {right}$"):
        Wishes.of({name: value})


@given(st.dictionaries(st.sampled_from(["BargeInMode", "Decisions"]), st.text()))
def test_nothing_else_comes_of_any_fields(fields: dict[str, str]) -> None:
    """They are read as a wish that has the same fields, or refused."""
    try:
        wishes = Wishes.of(fields)
    except WishError:
        return
    assert wishes.parameters == fields
