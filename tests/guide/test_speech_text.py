"""What `SpeechText` keeps of a reply, and what it holds back for how long."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guide.speech_text import HOLD_LIMIT, THINKING_TAGS, SpeechText

CLEANED = {
    # emphasis and code
    "bold": ("We are **open** now.", "We are open now."),
    "bold at the start": ("**Open** now.", "Open now."),
    "bold with underscores": ("We are __open__ now.", "We are open now."),
    "italic": ("We are *open*, _really_.", "We are open, really."),
    "both": ("***Really*** open", "Really open"),
    "strike": ("It is ~~ten~~ nine.", "It is ten nine."),
    "code": ("Say `yes` or ``no``.", "Say yes or no."),
    "fence": ("Look:\n```python\nprint(1)\n```\nDone.", "Look: print(1) Done."),
    "fence without language": ("```\nx\n```", "x"),
    "fence of tildes": ("~~~text \nx\n~~~", "x"),
    "fence at the end": ("x\n```python", "x"),
    "fence in one line": ("```yes```", "yes"),
    "fence that is prose": ("``` not a fence\nx", "not a fence x"),
    "fence that never ends its line": ("```" + "x" * 400, "x" * 400),
    "escaped marks": (r"\*two\* for \$5, C:\temp and \ ", r"*two* for $5, C:\temp and \\"[:-1]),
    "escape at the end": ("end\\", "end\\"),
    # lines
    "heading": ("# Our hours\nNine to five.", "Our hours. Nine to five."),
    "heading that asks": ("### Why us?\nWe care.", "Why us? We care."),
    "empty heading": ("#\nx", "x"),
    "bullets": ("- nine\n* ten!\n+ eleven\n• noon", "nine. ten! eleven. noon."),
    "bullets that nest": ("- tea\n  - green", "tea. green."),
    "bullets of pictographs": ("✅ Parking\n✅ Wifi", "Parking. Wifi."),
    "a bullet that ends in quotes": (
        '- He said "yes."\n- (see below)',
        'He said "yes." (see below).',
    ),
    "a bullet with a pictograph at its end": ("- Parking 🚗\n- Wifi", "Parking. Wifi."),
    "empty bullet": ("-\nx\n-", "x"),
    "numbers": ("1. nine\n12) ten\n3. eleven.", "1. nine. 12) ten. 3. eleven."),
    "no list": ("2024. was\n3 - 2\n1.5 litres", "2024. was 3 - 2 1.5 litres"),
    "quotation": ("> nine\n>\n> > ten", "nine ten"),
    "rules": ("nine\n---\nten\n* * *\neleven\n___\n***", "nine ten eleven"),
    "underlined heading": ("Hours\n=====\nNine", "Hours Nine"),
    "table": ("| Day | Open |\n|:--|---|\n| Mon | 9 |", "Day Open. Mon 9."),
    "table without edges": ("Day|Open\n---|:-:\nMon|9", "Day Open Mon 9"),
    "marks that go on": ("-" * 400 + "\nx", "-" * 400 + " x"),
    # links
    "link": ("See [our site](https://a.example/b_c(d)).", "See our site."),
    "link with title": ('[a](https://b.example "the *b*") c', "a c"),
    "link with spaces": ("[a](https://b.example ) c", "a c"),
    "link by name": ("[a][b] and [c][] d", "a and c d"),
    "link to prose": ("see [a](the next page)", "see a(the next page)"),
    "link to a quotation": ('[a](so "said" he) b', 'a(so "said" he) b'),
    "link with an unfinished title": ('[a](b "c\nd) e', 'a(b "c d) e'),
    "link that is not closed": ("[a](https://b.example/", "a"),
    "link that names nothing": ("[a][b\nc", "ab c"),
    "long address": (f"[a](data:{'x' * 999}) b", "a b"),
    "long address not closed": (f"[a](data:{'x' * 999} b", "a b"),
    "image": ("![A map](https://a.example/m.png) here", "A map here"),
    "image in a sentence": ("Look: ![map](m.png)!", "Look: map!"),
    "brackets": ("[laughs] yes", "laughs yes"),
    # tags
    "html": ("<b>Nine</b> <i class='x'>to</i> fi<b>v</b>e<br/>or<BR>six", "Nine to five or six"),
    "ssml": ('<speak>Nine<break time="1s"/>ten</speak>', "Nine ten"),
    "declarations": ('<?xml version="1.0"?><!DOCTYPE html>nine', "nine"),
    "comment": ("nine<!-- a > b --> ten<!--x-->!", "nine ten!"),
    "unclosed comment": ("nine <!-- ten", "nine"),
    "autolink": ("see <https://a.example/?b=c> now", "see now"),
    "not a tag": ("a <b and c <d> e < f <3 <", "a <b and c e < f <3 <"),
    "not a name": ("i<n; <a@b.example>", "i<n; <a@b.example>"),
    "long not a tag": ("<b " + "x " * 400, "<b " + ("x " * 400).strip()),
    # thinking
    "thinking": ("<think>Hm, *five*?</think>\n\n# Five", "Five."),
    "thinking loudly": ("a <THINK >x</Think >b", "a b"),
    "thinking of tags": ("<think>a </b> < /thin k</think>b", "b"),
    "thinking to the end": ("a <thinking>b</think> c", "a"),
    "thinking nothing": ("<think/>a<think />b</think>c", "abc"),
    # characters
    "emoji": ("Hi 👋🏽! Great👍see you 👨‍👩‍👧 1️⃣ ❤️.", "Hi! Great see you 1."),
    "emoji with spaces": ("Hi 👋 👋 ! So 👋 nice", "Hi! So nice"),
    "flags and arrows": ("🇩🇪 Mon → Fri ★ (ok ✓)", "Mon Fri (ok)."),
    "controls": ("a\x00b\x07c\u200bd\ufeffe\u00adf", "abcdef"),
    "surrogates": ("a\ud83d\ude00b\udfff", "ab"),
    "whitespace": ("  a \t b\r\n\r\n\u2028 c\u00a0d\x1fe  ", "a b c d e"),
    "nothing": (" \n **\n---\n👍 <b></b>\n- \n", ""),
}

SAID = [
    "5 < 6 and 7 > 6, a_b, #1, 3 - 2, C#, don't, (see below), $3.50, 10%, 9:30!",
    'Is it 2 * 3 or 2*3? ~5 minutes, -5 degrees; A&B: "yes" – no… it\'s 20° @ home.',
    "¿Qué? Grüße, naïve 東京。हिन्दी العربية ½ € ™",
    "#1 is us",
    "-5 degrees",
    "1.5 litres",
    "wow!! Really?!",
    "snake_case__x",
]


def clean(*pieces: str) -> str:
    speech = SpeechText()
    return "".join([speech.feed(piece) for piece in pieces]) + speech.finish()


@pytest.mark.parametrize(("written", "said"), CLEANED.values(), ids=CLEANED)
def test_speech_text_cleans_however_split(written: str, said: str) -> None:
    """Each feature gives the same text whole, split anywhere, and letter by letter."""
    assert clean(written) == said
    assert clean(*written) == said
    step = 1 if len(written) < 300 else 7  # the long ones are long runs of one thing
    for place in range(0, len(written), step):
        assert clean(written[:place], written[place:]) == said


@pytest.mark.parametrize("text", SAID)
def test_speech_text_keeps_what_people_say(text: str) -> None:
    """Signs with a meaning in speech stay, alone in a line and within one."""
    assert clean(text) == text
    assert clean(*text) == text
    assert clean(f"So: {text} okay") == f"So: {text} okay"


@pytest.mark.parametrize("name", sorted(THINKING_TAGS))
def test_thinking_is_not_said_by_any_name(name: str) -> None:
    """Every thinking tag hides its content, up to the matching closing tag."""
    hidden = f"<{name} effort='low'>No </other> <b>\n{name}</{name}>"
    assert clean(f"{hidden}Yes. {hidden}Or no.") == "Yes. Or no."
    assert clean(f"Yes. <{name}>No") == "Yes."


MARKDOWN = st.lists(
    st.sampled_from(
        [*"*_~`#>-+|[]()<>!\\\"'/ \n\r.:=1a5é👍\ud83d\u200d", "--", "```", "](", "think>"]
    )
    | st.sampled_from(
        ["<think>", "</think>", "<b>", "<br>", "<!--", "-->", "http://", "word", "x" * 301]
    )
    | st.text(max_size=5)
).map("".join)


@given(MARKDOWN, st.lists(st.integers(min_value=0, max_value=400), max_size=8))
def test_speech_text_says_the_same_however_split(text: str, places: list[int]) -> None:
    """No split of any text changes what is said."""
    bounds = [0, *sorted(min(place, len(text)) for place in places), len(text)]
    pieces = [text[start:end] for start, end in pairwise(bounds)]
    assert clean(*pieces) == clean(text) == clean(*text)


@given(MARKDOWN)
@example("a\x1fb")
def test_speech_text_is_single_spaced(text: str) -> None:
    """No text yields double, leading or trailing spaces, or anything unspeakable."""
    said = clean(text)
    assert said == " ".join(said.split())
    assert said.isprintable()


@given(st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9']*[,.?;]?", fullmatch=True), min_size=1))
def test_prose_is_said_at_once(words: list[str]) -> None:
    """Ordinary prose is returned with the piece it came in; only the space after it waits."""
    speech = SpeechText()
    said = ""
    for end, word in enumerate(words, start=1):
        said += speech.feed(f"{word} ")
        assert said == " ".join(words[:end])
    assert speech.finish() == ""


@pytest.mark.parametrize(
    "text", ["Hello!", "(see", '"Yes"', "5:30", "C#", "a-b", "é", "- nine", "1. x"]
)
def test_a_meant_sign_does_not_wait(text: str) -> None:
    """Signs that cannot be markup where they stand are said at once."""
    assert SpeechText().feed(text) == text.removeprefix("- ")


@pytest.mark.parametrize("mark", ["<", "*", "_", "~", "!", "\\", "<b", "- ", "#", "**", "|--"])
def test_an_ambiguous_mark_waits(mark: str) -> None:
    """Possible markup is held back until it is known not to be markup."""
    assert SpeechText().feed(mark) == ""


@pytest.mark.parametrize(
    "opening",
    ["<b ", "<b", "<a href='", "[a](", "[a](b 'c", "[a][", "```py", "-", "*", "> ", "\\", "["],
)
def test_markup_that_never_closes_is_let_go(opening: str) -> None:
    """No opening mark holds back more than `HOLD_LIMIT` characters."""
    speech = SpeechText()
    speech.feed(opening)
    said = speech.feed("word " * HOLD_LIMIT)
    assert len(said) > 3 * HOLD_LIMIT


@pytest.mark.parametrize(
    "piece",
    [
        "<a",
        "<a b",
        "[a](b",
        '](a "',
        "](a" * 50 + " ",
        "](a ",
        "][a",
        "<!--",
        "\n```x y",
        "*_",
        "- ",
        "|-",
        "\\",
        "!",
    ],
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    """Each character is read a bounded number of times, even if nothing opened is ever closed."""

    class Counted(SpeechText):
        reads = 0

        def _read_again(self, text: str) -> None:
            self.reads += len(text)
            super()._read_again(text)

    text = piece * (8_000 // len(piece))
    speech = Counted()
    speech.feed(text)
    speech.finish()
    assert speech.reads <= 2 * len(text)
