"""Logs: one line per event, as `key=value`, with phone numbers masked.

They leave out what is said on a call, unless `Settings.log_transcripts` is on.
"""

import logging
import re
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

_GAP: Final = r"[ \xa0().\u2010-\u2013-]{0,3}"
_NUMBER: Final = re.compile(
    r"(?:(?<![\w.])|(?<=%2B))"  # at the start of a word, or after a + in a URL
    r"(?!\d{4}-\d\d-\d\d(?!\d))"  # not a date
    rf"(?!\d+\.\d+(?!{_GAP}\d))"  # not a decimal fraction
    rf"\+?\d(?:{_GAP}\d){{6,63}}(?!\w)"  # adjacent numbers are masked as one
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_RENDERER: Final = structlog.processors.LogfmtRenderer(
    key_order=["timestamp", "level", "event", "call"], drop_missing=True
)


def mask_numbers(text: str) -> str:
    """`text` with all but the last two digits of each possible phone number masked."""
    return _NUMBER.sub(lambda match: "*" * 6 + match[0][-2:], text)


def mask_caller(address: object) -> str:
    """A caller's address, masked; "withheld" if it is empty or None."""
    return mask_numbers(str(address or "withheld"))


def _mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: _mask_value(value) for key, value in event.items()}


def _mask_value(value: object) -> object:
    is_plain = value is None or isinstance(value, int | float)  # a count is not a phone number
    return value if is_plain else mask_numbers(str(value))


def _render(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """One line, with control characters escaped, so that no value can forge a line."""
    line = _RENDERER(logger, method, event)
    return _CONTROL.sub(lambda match: ascii(match[0])[1:-1], line)


def configure(level: str = "info") -> None:
    """Send our events and those of libraries to standard error, in one format."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # Events below the level cost nothing.
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _mask,
                _render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # These log every request: its address and, at debug, its content.
    for chatty in ("httpx2", "httpcore2", "openai", "websockets", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
