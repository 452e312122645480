"""Logs: one line an event, as `key=value`, with phone numbers masked.

What is said on a call is not in them unless the owner asked for it; see `Settings.log_transcripts`.
"""

import logging
import re
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

_NUMBER: Final = re.compile(r"(?<![\w.])\+?\d(?:[ ().-]{0,2}\d){6,17}(?![\w])")


def mask_numbers(text: str) -> str:
    """`text` with all but the last two digits of everything that may be a phone number hidden."""
    return _NUMBER.sub(lambda match: "*" * 6 + match[0][-2:], text)


def _mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {
        key: mask_numbers(value) if isinstance(value, str) and key != "timestamp" else value
        for key, value in event.items()
    }


def configure(level: str = "info") -> None:
    """Send our events, and those of the libraries, to standard error in one form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _mask,
                structlog.processors.LogfmtRenderer(
                    key_order=["timestamp", "level", "event", "call"], drop_missing=True
                ),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # These tell of every request, with its address and, at debug, its content.
    for chatty in ("httpx2", "httpcore2", "openai", "websockets", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
