"""A setting's JSON schema in plain words. PURE."""

from collections.abc import Mapping
from typing import Any


def expected(schema: Mapping[str, Any]) -> str:
    """What the schema of a setting accepts, such as "a whole number from 1 to 65535".

    The schema may have a `unit` for a number, as a plural noun.
    """
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind["type"] != "null"]
    return ", or ".join(_kind(kind) for kind in kinds)


def _kind(schema: Mapping[str, Any]) -> str:
    match schema:
        case {"const": only}:
            return str(only)
        case {"enum": choices}:
            *most, last = (f'"{choice}"' if " " in choice else choice for choice in choices)
            return f"{', '.join(most)} or {last}"
        case {"type": "boolean"}:
            return "true or false"
        case {"type": "integer" | "number" as number}:
            kind = "a whole number" if number == "integer" else "a number"
            unit = f" of {schema['unit']}" if "unit" in schema else ""
            return f"{kind}{unit}{_range(schema)}"
        case {"maxLength": most}:
            return f"text of at most {most} characters"
        case _:
            return "text"


def _range(schema: Mapping[str, Any]) -> str:
    match schema:
        case {"minimum": least, "maximum": most}:
            return f" from {least:g} to {most:g}"
        case {"exclusiveMinimum": below, "maximum": most}:
            return f" above {below:g} and up to {most:g}"
        case {"minimum": least}:
            return f", {least:g} or more"
        case _:
            return ""
