"""What callers do with their words, utterance by utterance."""

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.places import ROOT
from tests.receptionist_utterances import PUNCTUATED, RAW, UTTERANCES, Utterance
from utterance import RULES, Act, Verdict, classify, ends_in_question, is_bare_hello, is_clear_stop

HOURS = "We're open from nine to six on weekdays, and on Saturdays until two."
CHOICE = "Would you like Monday at nine, or Tuesday at ten thirty?"

# What other receptionists got wrong, under the act that they should have found.
MISFIRES = {
    Act.CORRECTION: [
        "No, I want Tuesday instead",
        "Actually, I need to change the date",
        "I said Tuesday not Thursday",
        "that's wrong, my name is Bob",
        # A refusal: going on with what the caller has just declined would be deaf.
        "No thank you",
    ],
    Act.QUESTION: [
        "Wait, what about Sunday?",
        "hello",
        "pardon",
        "sorry",
        "well I was wondering about the price",
    ],
    Act.STOP: [
        "oh wait",
        "excuse me sir",
        "can you stop",
        "would you please be quiet",
        "please stop",
        "hold please",
        "sorry to interrupt",
        "espera",
        "warte mal",
    ],
    Act.REQUEST: [
        "speak to a human",
        "representative",
        "operator please",
        "I'd rather do Friday",
    ],
    Act.GOODBYE: ["bye", "goodbye"],
    Act.REMARK: [
        "when I called last time they said free delivery",
        "my number is 555 0100",
        "May is fine",
    ],
    Act.NOISE: ["do do do"],
    Act.BACKCHANNEL: [
        "No problem",
        "no worries",
        "yeah no",
        "Will do",
        "Have a good one",
        "is fine",
        "Do that",
        "Could be",
        "Have fun",
        "Who knows",
        "what a great idea",
        "how nice",
        "uh huh",
        "Mm. Hmm.",
        "hmm",
        "I see",
        "oh okay",
        "oh nice",
        "yes",
        "okay great thanks",
        "that sounds good",
        "sí",
        "vale",
        "D'accord",
    ],
}

# Words on both sides of each rule's border: what the rule is for, and its nearest neighbour.
RULE_CASES = [
    ("", "", "no-words"),
    ("...", "", "no-words"),
    ("um, uh", "", "only-fillers"),
    ("and, um", "", "only-fillers"),
    ("to the", "", "fragment"),
    ("open from nine to six", HOURS, "echo-of-the-agent"),
    ("nine to six", HOURS, "statement"),
    ("hmm", "", "sound-of-listening"),
    ("oh, wow", "", "sound-of-listening"),
    ("oh, right", "", "nothing-but-listening"),
    ("my wife loves it", "", "statement"),
    ("hold on", "", "stop-phrase"),
    ("never mind", "", "stop-phrase"),
    ("stop by", "", "statement"),
    ("enough", "", "stop-phrase"),
    ("enough people came", "", "statement"),
    ("no", "", "bare-no"),
    ("no, no, no.", "", "bare-no"),
    ("no, it never is", "", "statement"),
    ("okay bye", "", "goodbye-phrase"),
    ("that's all, thanks", "", "goodbye-phrase"),
    ("that's all I know about it", "", "statement"),
    ("that's wrong", "", "correction-phrase"),
    ("we had a nice day. I said so.", "", "statement"),
    ("and I said so", "", "statement"),
    ("no evenings", "", "no-and-instead"),
    ("no, trains never stop there", "", "statement"),
    ("no, the one on the corner of Oak Street", "", "no-and-instead"),
    ("repeat it", "", "order"),
    ("could you please repeat it", "", "order"),
    ("I'd like a table", "", "wish"),
    ("Friday evening would be better", "", "wish"),
    ("the later one would be better", "", "choice"),
    ("the small one please", "", "please"),
    ("please put it by the door", "", "please"),
    ("a person", "", "person-please"),
    ("I want a person", "", "person-please"),
    ("I am going to have to speak to a manager", "", "person-please"),
    ("hello, are you there", "", "hello-over-speech"),
    ("okay, hello?", "", "hello-over-speech"),
    ("say again", "", "did-not-hear"),
    ("huh?", "", "did-not-hear"),
    ("okay, huh?", "", "did-not-hear"),
    ("yeah sorry what", "", "did-not-hear"),
    ("how much is it", "", "question-begins-clause"),
    ("so you don't deliver", "", "question-begins-clause"),
    ("that's a lot but how much is it", "", "question-begins-clause"),
    ("can you tell me how that works", "", "question-begins-clause"),
    ("she's like well what is it", "", "statement"),
    ("she's like well what is it?", "", "statement"),
    ("my son is six do you take him", "", "question-inside"),
    ("that is what they are you know", "", "statement"),
    ("the shop they are they open late", "", "statement"),
    ("the machine it was it broke", "", "statement"),
    ("it was rain or any other kind of weather", "", "statement"),
    ("is Doctor Lee in today", "", "question-begins-with-verb"),
    ("could be worse than that", "", "statement"),
    ("the blue one is free right", "", "question-tag"),
    ("that is about right", "", "statement"),
    ("the blue right", "", "statement"),
    ("every Sunday?", "", "question-mark"),
    ("who knows what they do?", "", "question-mark"),
    ("uh huh", CHOICE, "after-a-question"),
]


def ids(case: Utterance | tuple[str, str, str]) -> str:
    """The words, as the name of a test."""
    return case[0] or "(nothing)"


@pytest.mark.parametrize("utterance", UTTERANCES, ids=ids)
def test_caller_is_understood(utterance: Utterance) -> None:
    """Each utterance in the table has the act that it is listed under."""
    assert classify(utterance.said, utterance.heard).act is utterance.act


def test_table_covers_every_act_with_and_without_punctuation() -> None:
    """At least 400 utterances, half of them raw, and some of every act in either half."""
    assert min(len(PUNCTUATED), len(RAW)) >= 200
    assert {utterance.act for utterance in PUNCTUATED} == set(Act)
    assert {utterance.act for utterance in RAW} == set(Act)


@pytest.mark.parametrize(
    ("said", "act"), [(said, act) for act, many in MISFIRES.items() for said in many]
)
def test_caller_is_understood_where_others_misfire(said: str, act: Act) -> None:
    """As written, and as in a raw transcript."""
    assert classify(said, HOURS).act is act
    assert classify(said.lower().replace(",", "").replace("?", ""), HOURS).act is act


@pytest.mark.parametrize(("said", "heard", "rule"), RULE_CASES)
def test_rule_decides(said: str, heard: str, rule: str) -> None:
    """Each rule takes its own words and leaves its nearest neighbour's."""
    assert classify(said, heard).rule == rule


def test_every_rule_is_reached() -> None:
    """Each has a case."""
    assert {rule for _, _, rule in RULE_CASES} == RULES


@pytest.mark.parametrize("act", Act)
def test_only_some_acts_take_the_floor(act: Act) -> None:
    """Backchannels, noise and remarks let the agent go on; all others stop it."""
    keeps_talking = {Act.BACKCHANNEL, Act.NOISE, Act.REMARK}
    verdicts = {classify(u.said, u.heard) for u in UTTERANCES if u.act is act}
    assert {verdict.cancels for verdict in verdicts} == {act not in keeps_talking}


# --- Turns of several sentences ---


@pytest.mark.parametrize(
    ("said", "act"),
    [
        ("Great. What about Sunday?", Act.QUESTION),
        ("Stop. Stop. What about Sunday?", Act.QUESTION),
        ("Okay. My wife is waiting. Bye.", Act.GOODBYE),
        ("No. It never is.", Act.REMARK),
        ("No. Tuesday.", Act.CORRECTION),
        ("It rained. No.", Act.STOP),
        ("Okay. Um. Right.", Act.BACKCHANNEL),
    ],
)
def test_turn_is_what_its_weightiest_sentence_is(said: str, act: Act) -> None:
    """A question among small talk still asks; a "no" is read with what follows it."""
    assert classify(said).act is act


def test_question_that_the_caller_goes_on_from_is_a_remark() -> None:
    """Callers who want an answer leave room for it."""
    story = "and then we drove home and had dinner and the children went to bed early that night"
    asked = "where is it"
    assert classify(f"it was cold but {asked}").act is Act.QUESTION
    assert classify(f"it was cold but {asked} {story} {story}").act is Act.REMARK
    assert classify(f"It was cold. {asked}. {story}. {story}.").act is Act.REMARK
    assert classify(f"It was cold. {asked}? {story}. {story}.").act is Act.QUESTION
    assert classify(f"{asked} {story} {story}").act is Act.QUESTION


# --- After a question ---


@pytest.mark.parametrize("said", ["yes", "no", "nine", "the first one please", "I'd like Monday"])
def test_response_to_a_question_is_an_answer(said: str) -> None:
    """After a question, a backchannel, a "no", a remark or a wish is an answer."""
    assert classify(said, HOURS).act is not Act.ANSWER
    assert classify(said, CHOICE).act is Act.ANSWER


@pytest.mark.parametrize(
    ("said", "act"),
    [
        ("hold on", Act.STOP),
        ("what do you mean", Act.QUESTION),
        ("a person please", Act.REQUEST),
        ("bye", Act.GOODBYE),
        ("um", Act.NOISE),
        ("hmm", Act.BACKCHANNEL),
    ],
)
def test_words_that_do_not_respond_keep_their_act(said: str, act: Act) -> None:
    """Even after a question, "hold on" stops, and "um" is noise."""
    assert classify(said, CHOICE).act is act


@pytest.mark.parametrize(
    "heard",
    [
        "Shall I book it?",
        "We have two rooms. Which would you like?",
        "Would you like nine or ten, or shall I look at Friday.",
        "All right. Let me know which.",
        "Please tell me your name",
        "Great, Tuesday it is. Does that",
    ],
)
def test_agents_question_is_recognised_with_and_without_its_mark(heard: str) -> None:
    """Guides do not always write the mark, and callers answer before its last word."""
    assert ends_in_question(heard)


@pytest.mark.parametrize(
    "heard",
    [
        "",
        "...",
        "Um.",
        HOURS,
        "Is it far? No, it is just around the corner.",
        "I know what you mean.",
    ],
)
def test_agents_statement_is_not_taken_for_a_question(heard: str) -> None:
    """Nor is a question that the agent has gone on from."""
    assert not ends_in_question(heard)


# --- Echo ---


@pytest.mark.parametrize(
    ("said", "heard", "echo"),
    [
        ("we're open from nine to six", HOURS, True),
        ("were open from 9 to 6", HOURS, True),
        ("open from nine", HOURS, False),
        ("we're open from nine to seven", HOURS, False),
        ("Tuesday at ten thirty", CHOICE, False),
        ("open from nine to six", f"{HOURS} {CHOICE}", True),
    ],
)
def test_agents_own_words_are_an_echo(said: str, heard: str, *, echo: bool) -> None:
    """Four words in a row, unless a question has just offered them."""
    assert (classify(said, heard).rule == "echo-of-the-agent") is echo


def test_question_in_the_agents_words_is_not_an_echo() -> None:
    """A caller may ask again what the agent repeated."""
    heard = "You asked how much is it for two people. It is ten dollars."
    assert classify("how much is it for two people", heard).act is Act.QUESTION


# --- Clear stops and hellos ---


@pytest.mark.parametrize(
    "said",
    ["stop", "Stop!", "please stop", "stop talking", "be quiet", "shut up", "stop stop", "um stop"],
)
def test_bare_stop_is_clear_on_a_partial(said: str) -> None:
    """Nothing that may follow turns it into something else."""
    assert is_clear_stop(said)


@pytest.mark.parametrize(
    "said", ["", "wait", "hold on", "stop by", "please", "no", "um", "stop the"]
)
def test_other_words_are_not_clear_on_a_partial(said: str) -> None:
    """ "Wait" may become "wait staff were lovely"."""
    assert not is_clear_stop(said)


def test_clear_stop_may_be_in_any_language() -> None:
    """In the call's own or in another."""
    assert is_clear_stop("arrêtez", lang="fr-FR")
    assert is_clear_stop("arrêtez")


@pytest.mark.parametrize(
    ("said", "bare"),
    [
        ("hello?", True),
        ("hello hello", True),
        ("Hello? Are you there?", True),
        ("anyone there", True),
        ("hello, can I book", False),
        ("okay", False),
        ("", False),
    ],
)
def test_hello_is_bare_when_nothing_else_is_said(said: str, *, bare: bool) -> None:
    """The caller only asks whether anyone is there."""
    assert is_bare_hello(said) is bare


# --- Languages ---

SPOKEN = {
    "es-US": {
        Act.BACKCHANNEL: ["Vale.", "sí sí", "ah, de acuerdo", "muy bien gracias", "qué bien"],
        Act.QUESTION: ["¿A qué hora abren?", "cuánto cuesta", "puedo ir el domingo", "cómo dice"],
        Act.REQUEST: ["quisiera reservar una mesa", "una persona por favor", "puede repetir"],
        Act.STOP: ["espere un momento", "pare", "no", "puede parar"],
        Act.CORRECTION: ["no, el martes", "no gracias", "eso no es correcto"],
        Act.GOODBYE: ["gracias, adiós", "eso es todo gracias"],
        Act.REMARK: ["mi marido trabaja allí", "mi número es 555 0100"],
        Act.NOISE: ["eh", "de la"],
    },
    "fr-FR": {
        Act.BACKCHANNEL: ["d'accord", "oui oui", "Ah bon ?", "très bien merci", "je vois"],
        Act.QUESTION: ["À quelle heure ouvrez-vous ?", "est-ce que c'est loin", "c'est combien"],
        Act.REQUEST: ["je voudrais réserver", "un conseiller s'il vous plaît"],
        Act.STOP: ["attendez", "arrêtez de parler s'il vous plaît", "non", "un instant"],
        Act.CORRECTION: ["non, mardi", "non merci", "ce n'est pas ça"],
        Act.GOODBYE: ["merci, au revoir", "c'est tout merci"],
        Act.REMARK: ["ma femme adore cet endroit", "j'y suis allé hier"],
        Act.NOISE: ["euh", "de la"],
    },
    "de-DE": {
        Act.BACKCHANNEL: ["ja ja", "Alles klar.", "ach so", "okay danke", "das klingt gut"],
        Act.QUESTION: [
            "wann haben Sie geöffnet",
            "gibt es Parkplätze",
            "wie bitte",
            "was kostet das",
        ],
        Act.REQUEST: ["ich hätte gern einen Termin", "einen Mitarbeiter bitte"],
        Act.STOP: ["Moment mal", "hören Sie bitte auf", "nein", "warten Sie"],
        Act.CORRECTION: ["nein, Dienstag", "nein danke", "das stimmt nicht"],
        Act.GOODBYE: ["danke, tschüss", "das war's danke"],
        Act.REMARK: ["meine Frau mag das sehr", "ich war letzte Woche da"],
        Act.NOISE: ["äh", "in der"],
    },
}


@pytest.mark.parametrize(
    ("lang", "said", "act"),
    [
        (tag, said, act)
        for tag, acts in SPOKEN.items()
        for act, many in acts.items()
        for said in many
    ],
)
def test_caller_is_understood_in_their_language(lang: str, said: str, act: Act) -> None:
    """Each language knows every act."""
    assert classify(said, lang=lang).act is act


@pytest.mark.parametrize(
    ("lang", "said", "heard"),
    [
        ("es", "sí", "¿Le reservo una mesa?"),
        ("fr", "oui", "Dites-moi votre nom."),
        ("de", "ja", "Soll ich das buchen?"),
    ],
)
def test_answer_is_understood_in_its_language(lang: str, said: str, heard: str) -> None:
    """A question in the call's language turns a "yes" into an answer."""
    assert classify(said, lang=lang).act is Act.BACKCHANNEL
    assert classify(said, heard, lang=lang).act is Act.ANSWER


def test_whole_phrase_of_another_language_is_understood() -> None:
    """Callers fall back on their own language, and an unknown one is read as English."""
    assert classify("un momento", lang="en-US").act is Act.STOP
    assert classify("stop", lang="es").act is Act.STOP
    assert classify("what about Sunday", lang="multi").act is Act.QUESTION


def test_phrase_is_read_in_the_calls_language_first() -> None:
    """ "Mmm" agrees in English and only hums in German."""
    assert classify("mmm", CHOICE).act is Act.ANSWER
    assert classify("mmm", "Passt das?", lang="de").act is Act.BACKCHANNEL


def test_fragment_of_the_calls_language_is_not_read_in_another() -> None:
    """ "Was" is a question only in German."""
    assert classify("was").act is Act.NOISE
    assert classify("was", lang="de").act is Act.QUESTION


# --- Any text ---


@given(st.text(), st.text(), st.sampled_from(["en", "es", "fr", "de", "xx", ""]))
@example("\ud800", "\udfff", "en")
@example("\x00\x1b[31m🙂👍🏽", "?", "en")
@example("stop " * 3000, "?", "en")
@example("stop wait hold on pause listen to me " * 2000, "", "en")
def test_any_text_has_a_verdict(said: str, heard: str, lang: str) -> None:
    """Whatever a transcriber sends, the call goes on."""
    verdict = classify(said, heard, lang=lang)
    assert isinstance(verdict, Verdict)
    assert verdict.rule in RULES
    assert is_clear_stop(said, lang=lang) in {True, False}
    assert is_bare_hello(said, lang=lang) in {True, False}


WORDS = sorted({word for utterance in RAW for word in utterance.said.split()})


@given(st.lists(st.sampled_from([*WORDS, ".", "?"]), max_size=40).map(" ".join))
def test_any_words_have_a_verdict(said: str) -> None:
    """Meaningful words in any order, alone and after a question."""
    assert classify(said).rule in RULES
    assert classify(said, CHOICE).rule in RULES


LISTENING = sorted({u.said for u in RAW if u.act is Act.BACKCHANNEL})
STYLES = st.sampled_from(["{}", "Um, {}", "{}, uh"])
CASES = st.sampled_from([str.upper, str.title, str.capitalize, str.lower])
ENDS = st.sampled_from(["", ".", "...", "!", " -", ",", " …", "\n"])


@given(st.sampled_from(LISTENING), CASES, STYLES, ENDS)
def test_backchannel_is_recognised_in_any_spelling(
    said: str, case: Callable[[str], str], style: str, end: str
) -> None:
    """Case, hesitation and punctuation do not matter."""
    assert classify(f"{case(style.format(said))}{end}").act is Act.BACKCHANNEL


@given(st.sampled_from(LISTENING), st.integers(1, 4))
def test_repeated_backchannel_is_still_a_backchannel(said: str, times: int) -> None:
    """Listeners repeat themselves."""
    assert classify(" ".join([said] * times)).act is Act.BACKCHANNEL


# --- The documentation says the same ---------------------------------------------------------


def _documented() -> list[tuple[str, str]]:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \*\*(\w+)\*\* \|[^|]*\|([^|]*)\|([^|]*)\|$", text, re.MULTILINE)
    assert {act for act, _, _ in rows} == {act.value for act in Act}
    within = [(said, act) for act, inside, _ in rows for said in re.findall(r'"([^"]+)"', inside)]
    return within + [pair for _, _, outside in rows for pair in re.findall(_OUTSIDE, outside)]


_OUTSIDE = r'"([^"]+)" \((\w+)\)'


@pytest.mark.parametrize(("said", "act"), _documented())
def test_example_in_the_documentation_has_the_act_it_claims(said: str, act: str) -> None:
    """There are examples on both sides of each border."""
    heard = "Shall I book it?" if act == "answer" or said == "um" else "We are open until six."
    assert classify(said, heard).act == act


# --- languages without a pack -------------------------------------------------------------------

# How a language stops the agent, asks if anyone is there, and asks anything.
ELSEWHERE = {
    "ja-JP": ("ちょっと待って。", "もしもし？", "日曜日は開いていますか？"),
    "zh-CN": ("等一下。", "喂？", "星期天开门吗？"),
    "ko-KR": ("잠깐만요", "여보세요?", "일요일에도 여나요?"),
    "hi-IN": ("रुकिए", "हैलो?", "क्या आप रविवार को खुले हैं?"),
    "ar": ("توقف", "ألو؟", "هل أنتم مفتوحون يوم الأحد؟"),
    "he-IL": ("רגע", "הלו?", "אתם פתוחים בראשון?"),
    "el-GR": ("Σταματήστε", "Εμπρός;", "Είστε ανοιχτά την Κυριακή;"),
    "th-TH": ("หยุดก่อนครับ", "ฮัลโหลครับ", "เปิดวันอาทิตย์ไหม?"),
}


@pytest.mark.parametrize("lang", ELSEWHERE)
def test_stop_hello_and_question_work_without_a_pack(lang: str) -> None:
    """The least that any caller needs."""
    stop, hello, question = ELSEWHERE[lang]
    assert (is_clear_stop(stop, lang=lang), is_bare_hello(stop, lang=lang)) == (True, False)
    assert (is_clear_stop(hello, lang=lang), is_bare_hello(hello, lang=lang)) == (False, True)
    assert not is_clear_stop(question, lang=lang)
    assert (classify(stop, lang=lang).act, classify(stop, lang=lang).cancels) == (Act.STOP, True)
    assert classify(hello, lang=lang).rule == "hello-over-speech"
    assert classify(question, lang=lang).act is Act.QUESTION


@pytest.mark.parametrize("lang", ELSEWHERE)
def test_agents_question_is_known_by_the_mark_of_its_script(lang: str) -> None:
    """It is the last sentence, quoted or not, and no earlier one."""
    question = ELSEWHERE[lang][2]
    statement = question[:-1] + ("。" if lang in {"ja-JP", "zh-CN"} else ". ")
    assert ends_in_question(statement + question, lang=lang)
    assert ends_in_question(f"{statement}「{question}」", lang=lang)
    assert not ends_in_question(f"{question} {statement}", lang=lang)


def test_armenian_asks_in_the_middle_of_a_word() -> None:
    """Its mark is over the vowel of the word that is asked about."""
    assert classify("Ո՞վ է խոսում։").act is Act.QUESTION
