"""The accuracy bench: what it reads, what it counts, and how it scores."""

import json
from pathlib import Path

import pytest

from bench.barge_in_accuracy import (
    ANSWERING,
    ASKING,
    LISTENING,
    RULES,
    Turn,
    any_word,
    first_word,
    load,
    main,
    question_mark,
    raw,
    score,
    three_words,
    turns,
)

# A call in the corpus' own format: speaker, text, dialog act.
CALL = """\
A|Hello there.|fp
B|Where do you live?|qw
A|In the north,|sd
A|by the sea.|sd
B|Uh-huh.|b
A|Go and see it.|ad
B|We will.|sd
A|Bye, now.|fc
a line without fields
"""

TURNS = [
    Turn("Hello there.", "Where do you live?", ASKING),
    Turn("Where do you live?", "In the north, by the sea.", ANSWERING),
    Turn("In the north, by the sea.", "Uh-huh.", LISTENING),
    Turn("Uh-huh.", "Go and see it.", ASKING),
    Turn("Go and see it.", "We will.", LISTENING),
]


def test_turns_are_runs_of_one_speaker_and_closings_are_left_out() -> None:
    """The first run of a call answers nothing that was heard, so it is not a turn."""
    assert list(turns(CALL.splitlines())) == TURNS


def test_load_reads_one_split_of_a_checkout(tmp_path: Path) -> None:
    """Calls in order, and none of another split."""
    for split, call in (("val", CALL), ("test", "A|Hi.|fp\nB|No.|nn\n")):
        (tmp_path / "swda_data" / split).mkdir(parents=True)
        (tmp_path / "swda_data" / split / "0001.txt").write_text(call, "utf-8")
    assert load(tmp_path, "val") == TURNS
    assert load(tmp_path, "test") == [Turn("Hi.", "No.", LISTENING)]


def test_load_reads_a_file_of_json_lines(tmp_path: Path) -> None:
    """Other fields than the three are ignored."""
    file = tmp_path / "turns.jsonl"
    lines = [{"heard": t.heard, "said": t.said, "why": t.why, "acts": ["sd"]} for t in TURNS]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert load(file, "val") == TURNS


def test_load_refuses_what_is_no_corpus(tmp_path: Path) -> None:
    """A path with nothing to read is named, with what was expected there."""
    with pytest.raises(SystemExit, match="neither a file nor a checkout"):
        load(tmp_path, "val")


def test_raw_is_what_a_raw_transcript_has() -> None:
    """Lower case, letters, digits, apostrophes, and single spaces."""
    assert raw("Well -- I don't  KNOW, O.K.?") == "well i don't know o k"


def test_score_counts_answers_apart_and_gives_them_what_was_heard() -> None:
    """Precision, recall and false stops are of questions and listening, with nothing heard."""
    corpus = [
        Turn("a", "ask", ASKING),
        Turn("a", "ask", ASKING),
        Turn("a", "hm", ASKING),
        Turn("a", "ask", LISTENING),
        Turn("a", "hm", LISTENING),
        Turn("a", "hm", LISTENING),
        Turn("a", "hm", LISTENING),
        Turn("why", "hm", ANSWERING),
        Turn("a", "hm", ANSWERING),
    ]
    result = score(corpus, lambda said, heard: said == "ask" or heard == "why")
    assert result.precision == pytest.approx(2 / 3)
    assert result.recall == pytest.approx(2 / 3)
    assert result.f1 == pytest.approx(2 / 3)
    assert result.false_stops == pytest.approx(1 / 4)
    assert result.answers == pytest.approx(1 / 2)


def test_score_of_a_rule_that_never_cancels_is_nothing() -> None:
    """An empty corpus scores zero, without an error."""
    result = score(TURNS, lambda _said, _heard: False)
    assert (result.f1, result.precision, result.false_stops) == (0.0, 0.0, 0.0)


def test_score_reads_the_words_as_told() -> None:
    """The second reading removes the question mark."""
    assert score(TURNS, question_mark).recall == 0.5
    assert score(TURNS, question_mark, read=raw).recall == 0.0


def test_simpler_rules_do_what_their_names_say() -> None:
    """Each cancels on its sign and not without it."""
    assert any_word("um", "")
    assert not any_word(" ", "")
    assert three_words("one two three", "")
    assert not three_words("one two", "")
    assert first_word("Well, what is it", "")
    assert first_word("hold on a second", "")
    assert first_word("six?", "")
    assert not first_word("that is what it is", "")


def test_main_prints_every_rule_on_both_readings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line per rule under each reading, and the counts before them."""
    (tmp_path / "swda_data" / "val").mkdir(parents=True)
    (tmp_path / "swda_data" / "val" / "0001.txt").write_text(CALL, "utf-8")
    main(["--corpus", str(tmp_path)])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"2 {ASKING}, 1 {ANSWERING}, 2 {LISTENING}"
    for name in RULES:
        assert sum(line.strip().startswith(name) for line in printed) == 2
    assert printed[-1].split()[-1] == "100.0%"
