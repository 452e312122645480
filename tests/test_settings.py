"""What a setting may be, in plain words."""

from typing import Any

import pytest

from settings.values import expected


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "boolean"}, "true or false"),
        ({"type": "integer"}, "a whole number"),
        ({"type": "integer", "minimum": 1}, "a whole number, 1 or more"),
        ({"type": "number", "minimum": 0.5, "maximum": 0.9}, "a number from 0.5 to 0.9"),
        (
            {"type": "number", "exclusiveMinimum": 0, "maximum": 3600, "unit": "seconds"},
            "a number of seconds above 0 and up to 3600",
        ),
        ({"type": "string", "enum": ["a", "b c", "d"]}, 'a, "b c" or d'),
        ({"type": "string"}, "text"),
        ({"type": "string", "maxLength": 9}, "text of at most 9 characters"),
        (
            {
                "anyOf": [
                    {"type": "integer", "minimum": 1, "maximum": 2},
                    {"type": "string", "const": "auto"},
                    {"type": "null"},
                ]
            },
            "a whole number from 1 to 2, or auto",
        ),
    ],
)
def test_schema_is_told_in_plain_words(schema: dict[str, Any], words: str) -> None:
    """As one would say it."""
    assert expected(schema) == words
