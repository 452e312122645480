"""The frames that the emulator accepts and rejects."""

from __future__ import annotations

import pytest

from emulator.frame_schema import (
    AppFrame,
    End,
    MalformedFrameError,
    Play,
    SendDigits,
    SwitchLanguage,
    Text,
    parse,
)


@pytest.mark.parametrize(
    ("raw", "frame"),
    [
        ('{"type":"text","token":"hi"}', Text(token="hi")),
        ('{"type":"text","token":"","last":true}', Text(token="", last=True)),
        (
            '{"type":"text","token":"hi","last":false,"lang":"es-US","interruptible":false,'
            '"preemptible":true}',
            Text(token="hi", lang="es-US", interruptible=False, preemptible=True),
        ),
        (
            '{"type":"play","source":"https://a.example/b.mp3"}',
            Play(source="https://a.example/b.mp3"),
        ),
        (
            '{"type":"play","source":"http://a.example/b","loop":0,"interruptible":true,'
            '"preemptible":true}',
            Play(source="http://a.example/b", loop=0, interruptible=True, preemptible=True),
        ),
        ('{"type":"sendDigits","digits":"12w#*"}', SendDigits(digits="12w#*")),
        ('{"type":"language","ttsLanguage":"fr-FR"}', SwitchLanguage(tts_language="fr-FR")),
        (
            '{"type":"language","transcriptionLanguage":"multi"}',
            SwitchLanguage(transcription_language="multi"),
        ),
        ('{"type":"end"}', End()),
        ('{"type":"end","handoffData":"{}"}', End(handoff_data="{}")),
    ],
)
def test_valid_frame_is_read(raw: str, frame: AppFrame) -> None:
    """Each type, with its defaults and with all keys."""
    assert parse(raw) == frame


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("hello", "not JSON"),
        ("", "not JSON"),
        ('{"type":"text","token":NaN}', "not JSON"),
        ("[" * 100_000, "not JSON"),
        (b'{"type":"end"}', "binary"),
        ('["text"]', "not a JSON object"),
        ("null", "not a JSON object"),
        ("{}", "unknown type"),
        ('{"type":null}', "unknown type"),
        ('{"type":["text"]}', "unknown type"),
        ('{"type":"config"}', "unknown type"),
        ('{"type":"Text","token":"hi"}', "unknown type"),
        ('{"type":"text"}', "missing required field: token"),
        ('{"type":"text","token":null}', "wrong value for token"),
        ('{"type":"text","token":5}', "wrong value for token"),
        ('{"type":"text","token":"hi","last":"true"}', "wrong value for last"),
        ('{"type":"text","token":"hi","last":1}', "wrong value for last"),
        ('{"type":"text","token":"hi","last":null}', "wrong value for last"),
        ('{"type":"text","token":"hi","lang":null}', "wrong value for lang"),
        ('{"type":"text","token":"hi","lang":""}', "wrong value for lang"),
        ('{"type":"text","token":"hi","interruptible":"any"}', "wrong value for interruptible"),
        ('{"type":"text","token":"hi","preemptible":0}', "wrong value for preemptible"),
        ('{"type":"text","token":"hi","id":"1"}', "unknown field: id"),
        ('{"type":"play"}', "missing required field: source"),
        ('{"type":"play","source":"file.mp3"}', "wrong value for source"),
        ('{"type":"play","source":"ftp://a.example/b"}', "wrong value for source"),
        ('{"type":"play","source":"https://"}', "wrong value for source"),
        ('{"type":"play","source":"https://[a"}', "wrong value for source"),
        ('{"type":"play","source":"https://a.example/b c"}', "wrong value for source"),
        ('{"type":"play","source":7}', "wrong value for source"),
        ('{"type":"play","source":"https://a.example/b","loop":-1}', "wrong value for loop"),
        ('{"type":"play","source":"https://a.example/b","loop":1001}', "wrong value for loop"),
        ('{"type":"play","source":"https://a.example/b","loop":true}', "wrong value for loop"),
        ('{"type":"play","source":"https://a.example/b","loop":1.0}', "wrong value for loop"),
        ('{"type":"play","source":"https://a.example/b","lang":"en"}', "unknown field: lang"),
        ('{"type":"sendDigits"}', "missing required field: digits"),
        ('{"type":"sendDigits","digits":""}', "wrong value for digits"),
        ('{"type":"sendDigits","digits":"12 3"}', "wrong value for digits"),
        ('{"type":"sendDigits","digits":"١"}', "wrong value for digits"),
        ('{"type":"sendDigits","digits":12}', "wrong value for digits"),
        ('{"type":"sendDigits","digits":"1","preemptible":true}', "unknown field: preemptible"),
        ('{"type":"language"}', "at least one field required"),
        ('{"type":"language","ttsLanguage":null}', "wrong value for ttsLanguage"),
        ('{"type":"end","handoffData":{}}', "wrong value for handoffData"),
        ('{"type":"end","handoffData":null}', "wrong value for handoffData"),
        ('{"type":"end","reason":"x"}', "unknown field: reason"),
    ],
)
def test_invalid_frame_is_rejected(raw: str | bytes, why: str) -> None:
    """An unknown key, a null, a wrong type or a bad value rejects the whole frame."""
    with pytest.raises(MalformedFrameError, match=why):
        parse(raw)
