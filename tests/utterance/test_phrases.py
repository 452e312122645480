"""The phrase packs, and how text becomes words."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from utterance import phrases
from utterance.phrases import (
    DEFAULT,
    PACKS,
    PhraseList,
    Phrases,
    PhraseTable,
    pack_for,
    tokens,
    words,
)
from utterance.phrases.shape import expand

ALL_PACKS = pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)

ESSENTIAL = ["yes", "no", "backchannels", "stops", "clear_stops", "wishes", "people", "goodbyes"]
ESSENTIAL += ["asks_first", "repeats", "corrections", "hellos"]


def test_tokens_keep_words_numbers_and_sentence_ends() -> None:
    """Everything else is dropped, including case."""
    said = "Well, it's 9:30 -- or 3.5? NO!"
    assert tokens(said) == ["well", "it's", "9:30", "or", "3.5", "?", "no", "!"]


@pytest.mark.parametrize("apostrophe", "'’‘ʼ`´")
def test_tokens_read_every_apostrophe_alike(apostrophe: str) -> None:
    """Smart quotes and accents stand for the plain apostrophe."""
    assert tokens(f"Don{apostrophe}t") == ["don't"]


def test_tokens_leave_quotes_around_a_word() -> None:
    """An apostrophe counts only between letters."""
    assert tokens("'stop' he said") == ["stop", "he", "said"]


def test_tokens_compose_what_is_written_decomposed() -> None:
    """An accent may be a separate character."""
    assert tokens("si\u0301") == ["sí"]


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("はい。もしもし？", ["はい", ".", "もしもし", "?"]),
        ("हैलो। क्या?", ["हैलो", ".", "क्या", "?"]),
        ("نعم، كيف؟", ["نعم", "كيف", "?"]),
        ("Ναι; Ποιος\u037e A;", ["ναι", "?", "ποιος", "?", "a"]),
        ("หยุดก่อน", ["หยุดก่อน"]),
    ],
)
def test_tokens_read_the_marks_of_every_script(said: str, read: list[str]) -> None:
    """Vowel signs stay in their word, and sentence ends are the plain ones."""
    assert tokens(said) == read


def test_words_leave_out_sentence_ends() -> None:
    """Words alone, in order."""
    assert words("Stop. Please!") == ("stop", "please")


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("stop", {"stop"}),
        ("(hold|hang) on", {"hold on", "hang on"}),
        ("[please] stop", {" stop", "please stop"}),
        ("a (b [c]|d)", {"a b ", "a b c", "a d"}),
    ],
)
def test_expand_gives_every_text_of_a_pattern(pattern: str, texts: set[str]) -> None:
    """Round brackets choose one, square brackets one or none, and both may nest."""
    assert set(expand(pattern)) == texts


def test_phrase_list_also_has_a_phrase_without_its_apostrophe() -> None:
    """Transcribers may leave it out."""
    listed = PhraseList("i don't know")
    assert listed.phrases == {("i", "don't", "know"), ("i", "dont", "know")}


def test_phrase_list_finds_the_longest_phrase_at_a_place() -> None:
    """A longer phrase wins over its own beginning, but only if it is whole."""
    listed = PhraseList("hold, hold on, hold on a second")
    said = ["please", "hold", "on", "a", "moment"]
    assert [listed.at(said, start) for start in range(6)] == [0, 2, 0, 0, 0, 0]


def test_phrase_list_finds_the_longest_phrase_at_the_end() -> None:
    """Counted back from the end, or from before it."""
    listed = PhraseList("you, thank you")
    said = ["okay", "thank", "you"]
    assert listed.ending(said) == 2
    assert listed.ending(said[2:]) == 1
    assert listed.ending(said, 2) == 0
    assert listed.ending([]) == 0


def test_phrase_list_contains_single_words_only() -> None:
    """A word that merely begins a phrase is not in it."""
    listed = PhraseList("but, so what")
    assert "but" in listed
    assert "so" not in listed
    assert listed.first_words == {"but", "so"}


def test_phrase_table_gives_the_kind_of_the_longest_phrase() -> None:
    """A phrase of two kinds is of the one named first."""
    table = PhraseTable({"no": PhraseList("no"), "fine": PhraseList("no problem, no")})
    assert table.at(["no", "problem"], 0) == (2, "fine")
    assert table.at(["no", "tuesday"], 0) == (1, "no")
    assert table.at(["yes"], 0) == (0, "")


@ALL_PACKS
def test_pack_has_what_a_call_needs(pack: Phrases) -> None:
    """Each language can stop, agree, ask, request, get a person and say goodbye."""
    lists = pack.lists()
    assert all(lists[kind].phrases for kind in ESSENTIAL)


@ALL_PACKS
def test_pack_phrases_are_normalised(pack: Phrases) -> None:
    """A phrase has the words that its transcript has, or it would never be found."""
    for kind, listed in pack.lists().items():
        for phrase in listed.phrases:
            assert words(" ".join(phrase)) == phrase, kind


@ALL_PACKS
def test_pack_has_no_bracket_left_over(pack: Phrases) -> None:
    """A comma inside brackets would break a pattern in two."""
    source = Path(str(sys.modules[_module_of(pack)].__file__)).read_text("utf-8")
    depth = 0
    for character in source:
        depth += (character in "([") - (character in ")]")
        assert depth >= 0
    assert depth == 0


def _module_of(pack: Phrases) -> str:
    modules = {
        name: module
        for name, module in sys.modules.items()
        if name.startswith("utterance.phrases.")
    }
    return next(n for n, m in modules.items() if getattr(m, "PHRASES", None) is pack)


@ALL_PACKS
def test_pack_clear_stops_begin_like_stops(pack: Phrases) -> None:
    """What stops the guide on a partial transcript is still a stop on the final one."""
    lists = pack.lists()
    stops = PhraseTable({kind: lists[kind] for kind in ("stops", "lone_stops", "clear_stops")})
    assert all(stops.at(phrase, 0)[0] for phrase in pack.clear_stops.phrases)


def test_phrases_refuse_a_phrase_of_two_meanings() -> None:
    """A phrase cannot both keep the agent talking and stop it."""
    with pytest.raises(ValueError, match="en: in both backchannels and stops: hold on"):
        replace(DEFAULT, backchannels=PhraseList("hold on, great"))


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("es", "es"),
        ("es-US", "es"),
        ("fr_CA", "fr"),
        ("DE-de", "de"),
        ("en-GB", "en"),
        ("multi", "en"),
        ("tlh", "en"),
        ("", "en"),
    ],
)
def test_pack_is_chosen_by_the_primary_language(tag: str, language: str) -> None:
    """Regions do not matter, and an unknown language is read as English."""
    assert pack_for(tag).language == language


def test_pack_is_found_by_being_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adding a language is adding its module."""
    (tmp_path / "klingon.py").write_text(
        "from dataclasses import replace\n"
        "from utterance.phrases.english import PHRASES as ENGLISH\n"
        "PHRASES = replace(ENGLISH, language='tlh')\n"
    )
    monkeypatch.setattr(phrases, "__path__", [*phrases.__path__, str(tmp_path)])
    try:
        assert phrases._packs().keys() == {*PACKS, "tlh"}
    finally:
        del sys.modules["utterance.phrases.klingon"]
