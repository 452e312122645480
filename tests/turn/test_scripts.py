"""How much of a reply was heard, in scripts without blanks or with other marks than English."""

import pytest

from tests.turn.replies import heard, left, sent
from turn.playback import spoken_length
from turn.words import length_of

# What is said before the cut clause, as much of the clause as is heard, and the rest of it.
CUT_CLAUSES = {
    "Japanese": ("平日は九時から営業しております。", "土曜日は午前十時", "から午後三時までです。"),
    "Chinese": ("您好，我们周一到周五早上九点开门。", "星期六十", "点开门，星期天休息。"),
    "Thai": ("เราเปิดวันจันทร์ถึงวันศุกร์ ", "ตั้งแต่เก้า", "โมงเช้า"),
    "Korean": ("평일은 아홉 시부터입니다. ", "토요일은 열", " 시부터, 일요일은 쉽니다."),
    "Hindi": ("हम सोमवार से शुक्रवार तक खुले हैं। ", "शनिवार को दस", " बजे से खुले हैं।"),
    "Arabic": ("نحن نفتح من التاسعة، ", "والسبت من", " العاشرة. هل تريد موعدا؟"),
    "Hebrew": ("אנחנו פתוחים מתשע עד שש. ", "בשבת", " מעשר, וביום ראשון סגור."),
    "Greek": ("Είμαστε ανοιχτά από τις εννέα; ", "Το Σάββατο", " από τις δέκα."),
    "Armenian": ("Մենք բաց ենք իննից։ ", "Շաբաթ օրը", " տասից։"),
}


@pytest.mark.parametrize("language", CUT_CLAUSES)
@pytest.mark.parametrize("reports", ["events", "fragment", "whole"])
def test_cut_clause_is_said_again_in_any_script(language: str, reports: str) -> None:
    """From its start, with or without events of playback."""
    before, begun, rest = CUT_CLAUSES[language]
    playback = sent(before + begun + rest)
    match reports:
        case "events":
            playback.played(before)
            playback.cut_after(begun)
        case "fragment":
            playback.find_cut(begun, 0)
        case _:
            playback.find_cut(before + begun, 0)
    assert heard(playback) == before + begun
    assert left(playback) == begun + rest


@pytest.mark.parametrize("language", CUT_CLAUSES)
def test_estimate_counts_in_any_script(language: str) -> None:
    """A line without reports leaves nothing but the time that was spoken."""
    text = "".join(CUT_CLAUSES[language])
    playback = sent(text)
    playback.find_cut("", 2)
    assert 0 < playback.heard < len(text)
    playback.find_cut("", int(length_of(text)) + 1)
    assert playback.all_heard


def test_report_in_japanese_may_have_blanks_and_other_widths() -> None:
    """Transcripts differ in both."""
    playback = sent("ﾊｲ、１０時からです。")
    playback.played("ハイ 10 時から です")
    assert playback.all_heard


def test_long_clause_without_blanks_resumes_at_the_first_character_not_heard() -> None:
    """Characters are counted as what they take to say."""
    text = "あ" * 17 + "い" * 17 + "。"
    playback = sent(text)
    playback.played("あ" * 16)
    assert left(playback) == text
    playback.played("あ" * 17)
    assert left(playback) == "い" * 17 + "。"


@pytest.mark.parametrize(
    ("text", "report", "context"),
    [
        ("九時ですか十時ですか？", "九時ですか", "九時ですか十時ですか？"),
        ("Εννέα ή δέκα;", "Εννέα", "Εννέα ή δέκα;"),
        ("Εννέα ή δέκα\u037e", "Εννέα", "Εννέα ή δέκα\u037e"),
        ("تسعة أم عشرة؟", "تسعة", "تسعة أم عشرة؟"),
        ("Nine or ten;", "Nine", "Nine"),
        ("はい。十時ですか？", "はい", "はい。"),
        ("はい「十時」です。では？", "はい", "はい"),
    ],
)
def test_question_ends_in_the_mark_of_its_script(text: str, report: str, context: str) -> None:
    """A semicolon asks in Greek alone."""
    playback = sent(text)
    playback.played(report)
    assert playback.context() == context


@pytest.mark.parametrize(
    ("text", "words"),
    [("土曜日は10時、", 4.5), ("ﾊﾞｽ", 1), ("เปิด", 1), ("ຂອບ", 1), ("नमस्ते", 1), ("don’t", 2)],
)
def test_character_takes_less_time_than_a_word(text: str, words: float) -> None:
    """Marks that combine with it take none."""
    assert spoken_length(text) == words
