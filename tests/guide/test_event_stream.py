"""Server-sent events are read as the HTML standard says, and within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guide.errors import GuideError
from guide.event_stream import MAX_EVENT_BYTES, EventReader


def read_events(*pieces: bytes) -> list[bytes]:
    reader = EventReader()
    return [data for piece in pieces for data in reader.feed(piece)]


@pytest.mark.parametrize(
    ("sent", "data"),
    [
        (b"data: a\n\ndata:b\n\n", [b"a", b"b"]),
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\r\n", [b"a", b"b", b"c"]),
        (b"data: a\r\ndata: b\r\n\r\n", [b"a\nb"]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b": comment\ndata: a\nevent: e\nid: 1\nretry: 5\ndata:  b\n\n", [b"a\n b"]),
        (b"data\n\ndata:\n\n\n\n:\n\n", []),
        (b"data\ndata: a\n\n", [b"\na"]),
        (b"dat: a\ndata : b\nDATA: c\n data: d\n\n", []),
        (b"data: \xffa\xf0\x9f\n\n", [b"\xffa\xf0\x9f"]),
        ("data: ü\u2028\x85x\n\n".encode(), ["ü\u2028\x85x".encode()]),
        (b"data: a\n\ndata: b\n", [b"a"]),
    ],
)
def test_sse_reader_follows_the_standard(sent: bytes, data: list[bytes]) -> None:
    """Line ends, comments, fields, byte order marks and broken text follow the standard."""
    assert read_events(sent) == data
    assert read_events(*[piece for byte in sent for piece in (bytes([byte]), b"")]) == data


def test_sse_reader_reads_whole_events() -> None:
    """The shortcut for one event per chunk gives the same as reading line by line."""
    assert read_events(b"data: a\n\n", b"data: \n\n", b"data:  b\n\n") == [b"a", b" b"]
    assert read_events(b"data: a\n\n", b"data: b", b"\n\n") == [b"a", b"b"]
    assert read_events(b"data: a\n\n", b"data: b\n", b"data: c\n\n") == [b"a", b"b\nc"]
    assert read_events(b"data: a\n\r", b"data: b\n\n", b"data: c\n\n") == [b"a", b"b", b"c"]
    assert read_events(b"data: a\n\n", b"data: b\rdata: c\n\n") == [b"a", b"b\nc"]
    assert read_events(b"data: a\n\n", b": said ", b"data: b\n\n") == [b"a"]
    assert read_events(b"data: a\n\n", b"\xef\xbb\xbfdata: b\n\n") == [b"a"]  # no longer the start


SSE_BYTES = st.lists(
    st.sampled_from([b"data:", b" ", b"a", b":", b"\r", b"\n", b"\r\n", b"\n\n", b"\xef\xbb\xbf"])
    | st.sampled_from([*"ü東👍"]).map(str.encode)
    | st.binary(max_size=3)
).map(b"".join)


@given(SSE_BYTES, st.integers(min_value=1, max_value=5))
def test_sse_reader_reads_the_same_however_split(sent: bytes, size: int) -> None:
    """No split of any bytes changes the events."""
    pieces = [sent[start : start + size] for start in range(0, len(sent), size)]
    assert read_events(*pieces) == read_events(sent)


@pytest.mark.parametrize("line", [b"data: " + b"x" * 1018 + b"\n", b": " + b"x" * 1022])
def test_sse_reader_bounds_an_event(line: bytes) -> None:
    """Neither one long line nor many lines of data can exhaust memory."""
    with pytest.raises(GuideError, match="too much data"):
        read_events(*[line] * (2 * MAX_EVENT_BYTES // 1024))
    with pytest.raises(GuideError, match="too much data"):
        read_events(b"data: a\n\n", b"data: " + b"x" * MAX_EVENT_BYTES + b"\n\n")


def test_sse_reader_does_not_count_what_it_drops() -> None:
    """Comments that keep a connection alive for hours are not a long event."""
    reader = EventReader()
    for _ in range(2 * MAX_EVENT_BYTES // 1024):
        assert list(reader.feed(b": " + b"x" * 1022 + b"\n")) == []
    assert list(reader.feed(b"data: a\n\n")) == [b"a"]
