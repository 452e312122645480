"""Whom to serve: requests from this machine, visitors who signed in, calls with a token."""

from typing import Final

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from trust.addresses import (
    FORWARDING_HEADERS,
    as_websocket,
    host_of,
    is_direct_loopback,
    is_same_origin,
    public_origin,
)
from trust.tokens import CallTokens, sign_in_tokens

HOST: Final = ("host", "localhost:8080")

LOOPBACK: Final = ["127.0.0.1", "127.0.0.53", "127.255.255.254", "::1", "::ffff:127.0.0.1"]
ELSEWHERE: Final = [
    "192.168.1.20",
    "10.0.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "128.0.0.1",
    "203.0.113.7",
    "::",
    "::2",
    "fe80::1",
    "2001:db8::1",
    "::ffff:203.0.113.7",
    "::127.0.0.1",
]
FOREIGN_HOSTS: Final = [
    "",
    " ",
    "frontdesk.example.com",
    "localhost.evil.com",
    "evil.localhost.com",
    "127.0.0.1.evil.com",
    "127.0.0.1@evil.com",
    "evil.com@127.0.0.1",
    "localhost@evil.com:80",
    "evil.com#localhost",
    "evil.com/localhost",
    "localhost/",
    "localhost:",
    "localhost:port",
    "localhost:80:80",
    "localhost:123456",
    "localhost, evil.com",
    " localhost",
    "localhost\n",
    "localhost.",
    "192.168.1.20",
    "192.168.1.20:8080",
    "0.0.0.0",
    "127.1",
    "127.0.0.01",
    "0x7f000001",
    "2130706433",
    "[::2]",
    "[::ffff:203.0.113.7]",
    "[localhost]",
    "[::1",
    "[]",
    "١٢٧.0.0.1",
    "ⓛocalhost",
]
FORWARDING: Final = [
    *sorted(FORWARDING_HEADERS),
    "x-forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-forwarded-scheme",
    "x-forwarded-by",
    "x-real-ip",
    "x-original-forwarded-for",
    "x-original-host",
    "x-original-url",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-envoy-external-address",
]


# --- where a request came from ------------------------------------------------------------------


@pytest.mark.parametrize("peer", LOOPBACK)
def test_request_from_this_machine_is_direct(peer: str) -> None:
    """From every loopback address, IPv4 or IPv6."""
    assert is_direct_loopback(peer, [HOST])


@pytest.mark.parametrize("peer", [None, "", "localhost.evil.com", "testclient", *ELSEWHERE])
def test_request_from_elsewhere_is_not_direct(peer: str | None) -> None:
    """Nor from the local network, nor without an address."""
    assert not is_direct_loopback(peer, [HOST])


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost:8080",
        "localhost:1",
        "127.0.0.1",
        "127.0.0.1:8080",
        "127.3.2.1:65535",
        "[::1]",
        "[::1]:8080",
        "[::ffff:127.0.0.1]:8080",
    ],
)
def test_request_to_this_machine_is_direct(host: str) -> None:
    """However its name is written."""
    assert is_direct_loopback("127.0.0.1", [("accept", "*/*"), ("host", host)])


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_request_to_another_host_is_not_direct(host: str) -> None:
    """A stranger may point any name at this machine."""
    assert not is_direct_loopback("127.0.0.1", [("host", host)])


def test_request_without_host_is_not_direct() -> None:
    """Every browser and client sends one."""
    assert not is_direct_loopback("127.0.0.1", [])
    assert not is_direct_loopback("127.0.0.1", [("origin", "http://localhost")])


@pytest.mark.parametrize("second", ["localhost:8080", "evil.com"])
def test_request_with_two_hosts_is_not_direct(second: str) -> None:
    """Two readers might pick different ones."""
    assert not is_direct_loopback("127.0.0.1", [HOST, ("host", second)])
    assert not is_direct_loopback("127.0.0.1", [("host", second), HOST])


@pytest.mark.parametrize("name", FORWARDING)
@pytest.mark.parametrize("value", ["127.0.0.1", "localhost", "", "203.0.113.7"])
def test_forwarded_request_is_not_direct(name: str, value: str) -> None:
    """Tunnels and proxies add one of these headers; its value does not matter."""
    assert not is_direct_loopback("127.0.0.1", [HOST, (name, value)])
    assert not is_direct_loopback("127.0.0.1", [(name, value), HOST])


@pytest.mark.parametrize(
    "name",
    ["accept", "user-agent", "x-twilio-signature", "x-request-id", "forwarded-hosts", "x-forward"],
)
def test_ordinary_header_leaves_request_direct(name: str) -> None:
    """Headers that clients send by themselves do not point to a proxy."""
    assert is_direct_loopback("127.0.0.1", [HOST, (name, "203.0.113.7")])


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://localhost:8080",
        "https://localhost:8443",
        "http://127.0.0.1:3000",
        "https://127.0.0.1",
        "http://[::1]:8080",
    ],
)
def test_page_of_this_machine_is_direct(origin: str) -> None:
    """On any port."""
    assert is_direct_loopback("127.0.0.1", [HOST, ("origin", origin)])


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "localhost",
        "//localhost",
        "https://evil.com",
        "http://localhost.evil.com",
        "http://127.0.0.1.evil.com",
        "http://127.0.0.1@evil.com",
        "http://evil.com@127.0.0.1",
        "http://localhost/evil",
        "http://localhost http://evil.com",
        "file://localhost",
        "file://",
        "chrome-extension://localhost",
        "ws://localhost",
        "HTTP://evil.com",
        "http://192.168.1.20:8080",
    ],
)
def test_page_from_elsewhere_is_not_direct(origin: str) -> None:
    """A browser on this machine may show anyone's page."""
    assert not is_direct_loopback("127.0.0.1", [HOST, ("origin", origin)])


def test_every_origin_counts() -> None:
    """A good one does not hide a foreign one."""
    good, foreign = ("origin", "http://localhost"), ("origin", "https://evil.com")
    assert is_direct_loopback("127.0.0.1", [HOST, good, good])
    assert not is_direct_loopback("127.0.0.1", [HOST, good, foreign])
    assert not is_direct_loopback("127.0.0.1", [HOST, foreign, good])


@given(st.text(), st.lists(st.tuples(st.sampled_from(["host", "origin", "a"]), st.text())))
def test_any_request_is_judged(peer: str, headers: list[tuple[str, str]]) -> None:
    """No request raises an error."""
    assert is_direct_loopback(peer, headers) in {True, False}


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("a.example", "a.example"),
        ("a.example:80", "a.example"),
        ("my_host-1", "my_host-1"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("[::1]", "::1"),
        ("", ""),
        ("a b", ""),
        ("a@b", ""),
        ("a/b", ""),
        ("a:b", ""),
        ("a:", ""),
        ("a:123456", ""),
        ("::1", ""),
        ("a\n", ""),
        ("é.example", ""),
    ],
)
def test_host_is_split_from_port(authority: str, host: str) -> None:
    """Anything but a host and a port gives no host."""
    assert host_of(authority) == host


# --- our own address ----------------------------------------------------------------------------


def test_public_url_wins_over_headers() -> None:
    """A request cannot override the owner's setting."""
    headers = {
        "host": "evil.com/x",
        "x-forwarded-host": "evil.com",
        "x-forwarded-proto": "http",
    }
    assert public_origin("https://desk.example.com/a", "http", headers) == (
        "https://desk.example.com/a"
    )


@pytest.mark.parametrize(
    ("scheme", "headers", "origin"),
    [
        ("http", {"host": "localhost:8080"}, "http://localhost:8080"),
        ("https", {"host": "a.example"}, "https://a.example"),
        ("ws", {"host": "a.example"}, "http://a.example"),
        ("wss", {"host": "a.example"}, "https://a.example"),
        ("http", {"host": "[::1]:8080"}, "http://[::1]:8080"),
        ("http", {"host": "a.example", "x-forwarded-proto": "https"}, "https://a.example"),
        ("http", {"host": "a.example", "x-forwarded-proto": "wss"}, "https://a.example"),
        ("https", {"host": "a.example", "x-forwarded-proto": "http"}, "http://a.example"),
        ("http", {"host": "a.example", "x-forwarded-proto": "javascript"}, "http://a.example"),
        ("http", {"host": "in", "x-forwarded-host": "a.example:8443"}, "http://a.example:8443"),
        (
            "http",
            {
                "host": "in",
                "x-forwarded-host": " a.example , proxy.internal",
                "x-forwarded-proto": "https,http",
            },
            "https://a.example",
        ),
        (
            "http",
            {"host": "a.example", "x-forwarded-host": "", "x-forwarded-proto": ""},
            "http://a.example",
        ),
        ("https", {"host": "a.example", "x-forwarded-host": " ,b"}, "https://a.example"),
    ],
)
def test_origin_is_read_from_request(scheme: str, headers: dict[str, str], origin: str) -> None:
    """From the first entry of the forwarding headers, else from Host and scheme."""
    assert public_origin("", scheme, headers) == origin


@pytest.mark.parametrize("header", ["host", "x-forwarded-host"])
@pytest.mark.parametrize(
    "host",
    [
        "a.example/evil",
        "a.example?x",
        "a.example#x",
        "user@a.example",
        "a.example:",
        "a.example:port",
        "a.example:123456",
        "a b",
        'a"b',
        "a<b>",
        "a\r\nx: y",
        "a\nb",
        "[::1",
        "::1",
        "[g]",
        "é.example",
    ],
)
def test_hostile_host_gives_no_origin(header: str, host: str) -> None:
    """It could divert the call or a signature."""
    headers = {"host": "a.example", header: host}
    with pytest.raises(ValueError, match="expected a Host header of the form host or host:port"):
        public_origin("", "http", headers)


def test_missing_host_gives_no_origin() -> None:
    """The error quotes the empty host."""
    with pytest.raises(ValueError, match="got ''"):
        public_origin("", "http", {})


@pytest.mark.parametrize(
    ("url", "websocket"),
    [
        ("https://a.example/ws", "wss://a.example/ws"),
        ("http://localhost:8080/ws", "wss://localhost:8080/ws"),
        ("https://a.example:8443/x:y/ws", "wss://a.example:8443/x:y/ws"),
    ],
)
def test_websocket_url_differs_only_in_its_scheme(url: str, websocket: str) -> None:
    """Twilio dials only `wss`."""
    assert as_websocket(url) == websocket


# --- whose page a request comes from ------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "url"),
    [
        ("https://desk.example.com", "https://desk.example.com"),
        ("https://desk.example.com", "https://Desk.Example.com/some/path?query#part"),
        ("https://desk.example.com", "https://desk.example.com:443"),
        ("https://desk.example.com:443", "https://desk.example.com"),
        ("http://localhost", "http://localhost:80/"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_our_page_is_known_by_its_origin(origin: str, url: str) -> None:
    """By scheme, host and port, in any spelling."""
    assert is_same_origin(origin, url)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "desk.example.com",
        "//desk.example.com",
        "http://desk.example.com",
        "wss://desk.example.com",
        "https://desk.example.com:8443",
        "https://example.com",
        "https://desk.example.com.example.net",
        "https://desk.example.com, https://desk.example.com",
        "https://desk.example.com:443:443",
        "https://desk.example.com:99999999999",
        "https://desk.example.com@example.net",
        "https://example.net@desk.example.com",
        "https://",
        "https://desk.example.com\n",
        " https://desk.example.com",
        "x https://desk.example.com",
    ],
)
def test_page_of_another_site_is_not_ours(origin: str) -> None:
    """Nor is a request with an invalid origin."""
    assert not is_same_origin(origin, "https://desk.example.com")


def test_invalid_origins_are_never_the_same() -> None:
    """Not even if they are spelled alike."""
    assert not is_same_origin("null", "null")
    assert not is_same_origin("", "")


# --- who has signed in --------------------------------------------------------------------------


def test_sign_in_is_valid_until_it_expires() -> None:
    """It can be used any number of times."""
    tokens = sign_in_tokens("12345", "correct horse", TTL_S)
    token = tokens.mint("visitor", NOW, "n")
    for later in (0, 1, TTL_S):
        assert tokens.check(token, "visitor", NOW + later) is None
    assert tokens.check(token, "visitor", NOW + TTL_S + 1) == "expired"


@pytest.mark.parametrize(
    ("auth_token", "password"),
    [("12345", "another horse"), ("54321", "correct horse"), ("12345", ""), ("", "correct horse")],
)
def test_sign_in_ends_with_either_secret(auth_token: str, password: str) -> None:
    """Changing either secret signs everyone out."""
    token = sign_in_tokens("12345", "correct horse", TTL_S).mint("visitor", NOW, "n")
    others = sign_in_tokens(auth_token, password, TTL_S)
    assert others.check(token, "visitor", NOW) == "not signed for this"


def test_sign_in_is_not_a_call_token() -> None:
    """Nor the other way round: their keys differ."""
    calls, visitors = call_tokens(), sign_in_tokens("12345", "", TTL_S)
    assert calls.check(visitors.mint("\nCA1", NOW, "n"), "CA1", NOW) == "not signed for this"
    assert visitors.check(calls.mint("visitor", NOW, "n"), "\nvisitor", NOW) is not None


# --- the token of a call ------------------------------------------------------------------------

NOW: Final = 1_764_000_000.25
TTL_S: Final = 120.0


def call_tokens(auth_token: str = "12345") -> CallTokens:
    return CallTokens(auth_token, TTL_S)


def test_token_admits_its_call_once() -> None:
    """The second time is a replay."""
    tokens = call_tokens()
    token = tokens.mint("CA1", NOW, "n1")
    assert tokens.check(token, "CA1", NOW + 1) is None
    assert tokens.check(token, "CA1", NOW + 2) == "used before"
    assert tokens.check(token, "CA1", NOW + 3) == "used before"


def test_token_of_another_call_is_refused_and_not_used_up() -> None:
    """Presenting it for a wrong call does not lock out the right one."""
    tokens = call_tokens()
    token = tokens.mint("CA1", NOW, "n1")
    for other in ("CA2", "", "CA1 ", "ca1", "CA11", "n1\nCA1"):
        assert tokens.check(token, other, NOW) == "not signed for this"
    assert tokens.check(token, "CA1", NOW) is None


@pytest.mark.parametrize("minted_at", [NOW, 1_764_000_000.0, 1_764_000_000.999])
def test_token_expires_after_its_time(minted_at: float) -> None:
    """It is valid for the whole of its time, and less than a second longer."""
    tokens = call_tokens()
    assert tokens.check(tokens.mint("CA1", minted_at, "a"), "CA1", minted_at + TTL_S) is None
    late = tokens.mint("CA1", minted_at, "b")
    assert tokens.check(late, "CA1", minted_at + TTL_S + 1) == "expired"


def test_token_is_valid_in_its_last_second() -> None:
    """Not after it, and not again once used."""
    tokens = call_tokens()
    token = tokens.mint("CA1", 1000.0, "n")
    expires = float(token.split(".")[0])
    assert expires == 1000.0 + TTL_S
    assert tokens.check(token, "CA1", expires + 0.001) == "expired"
    assert tokens.check(token, "CA1", expires) is None
    assert tokens.check(tokens.mint("CA2", expires, "n"), "CA2", expires) is None
    assert tokens.check(token, "CA1", expires) == "used before"


@given(st.floats(0, 4e9), st.floats(0.1, 3600))
@example(1000.3, 0.1)
def test_token_is_valid_for_all_its_time(now: float, ttl_s: float) -> None:
    """Even a very short one."""
    tokens = CallTokens("12345", ttl_s)
    assert tokens.check(tokens.mint("CA1", now, "n"), "CA1", now + ttl_s) is None


def test_tampered_token_is_refused() -> None:
    """No character can be changed."""
    tokens = call_tokens()
    token = tokens.mint("CA1", NOW, "c0ffee")
    for at, character in enumerate(token):
        changed = "0" if character != "0" else "1"
        forged = token[:at] + changed + token[at + 1 :]
        assert tokens.check(forged, "CA1", NOW) in {"not a token", "not signed for this"}
    assert tokens.check(token, "CA1", NOW) is None


def test_token_with_a_later_expiry_is_refused() -> None:
    """The expiry is signed too."""
    tokens = call_tokens()
    expires, rest = tokens.mint("CA1", NOW, "n").split(".", 1)
    later = f"{int(expires) + 3600}.{rest}"
    assert tokens.check(later, "CA1", NOW) == "not signed for this"


def test_token_in_another_spelling_is_refused() -> None:
    """A second spelling would admit a call twice."""
    tokens = call_tokens()
    token = tokens.mint("CA1", NOW, "n")
    expires, nonce, mac = token.split(".")
    spellings = [
        f"0{token}",
        f"+{token}",
        f" {token}",
        f"{token} ",
        f"{token}\n",
        f"{token}.",
        f"{expires}.0.{nonce}.{mac}",
        f"{expires}.{nonce}.{mac.upper()}",
        f"{expires}..{mac}",
        f"{expires}.{mac}",
        f".{nonce}.{mac}",
        f"{expires}.{nonce}.",
        f"{expires}.{nonce}.{mac[:-1]}",
    ]
    for spelling in spellings:
        assert tokens.check(spelling, "CA1", NOW) in {"not a token", "not signed for this"}


def test_missing_token_is_named_as_such() -> None:
    """So that the owner sees it in the log."""
    assert call_tokens().check("", "CA1", NOW) == "no token"


@given(st.text(st.characters()), st.text(st.characters()), st.floats(0, 4e9))
@example("nan.n." + "0" * 64, "CA1", 0.0)
@example("..", "", 0.0)
@example("\ud800", "CA1", 0.0)
@example("9" * 5000 + ".n." + "0" * 64, "CA1", 0.0)
@example("1.n." + "0" * 64, "\ud800", 0.0)
@example("1.n." + "é" * 64, "CA1", 0.0)
def test_garbage_is_refused(token: str, call_sid: str, now: float) -> None:
    """Without raising an error."""
    assert call_tokens().check(token, call_sid, now) is not None


def test_token_of_another_auth_token_is_refused() -> None:
    """The key is derived from the auth token."""
    token = call_tokens("54321").mint("CA1", NOW, "n")
    assert call_tokens("12345").check(token, "CA1", NOW) == "not signed for this"


def test_instances_check_each_others_tokens() -> None:
    """They need only share the auth token."""
    one, other = call_tokens(), call_tokens()
    assert other.check(one.mint("CA1", NOW, "a"), "CA1", NOW) is None
    assert one.check(other.mint("CA1", NOW, "b"), "CA1", NOW) is None


def test_token_hides_the_auth_token() -> None:
    """It contains neither the secret nor the call."""
    token = call_tokens("secret").mint("CA1", NOW, "n")
    assert "secret" not in token
    assert "CA1" not in token


def test_same_call_may_have_several_tokens() -> None:
    """A webhook may be sent twice, and either answer may be used."""
    tokens = call_tokens()
    first, second = tokens.mint("CA1", NOW, "a"), tokens.mint("CA1", NOW, "b")
    assert first != second
    assert tokens.check(second, "CA1", NOW) is None
    assert tokens.check(first, "CA1", NOW) is None


def test_used_tokens_are_forgotten_once_expired() -> None:
    """However many calls there have been."""
    tokens = call_tokens()
    most = 0
    for number in range(5000):
        now = NOW + number
        token = tokens.mint(f"CA{number}", now, str(number))
        assert tokens.check(token, f"CA{number}", now) is None
        assert tokens.check(token, f"CA{number}", now) == "used before"
        most = max(most, len(tokens._seen))
    assert most <= TTL_S + 2


def test_refused_tokens_are_not_remembered() -> None:
    """A stranger cannot fill the memory."""
    tokens = call_tokens()
    for number in range(1000):
        tokens.check(f"1.{number}.{'0' * 64}", "CA1", NOW)
    assert not tokens._seen


def test_token_is_bound_to_the_overrides() -> None:
    """Trying others is refused and does not use it up."""
    tokens = call_tokens()
    token = tokens.mint("CA1", NOW, "n", "a=1&b=2")
    for other in ("", "a=1", "b=2", "a=1&b=3", "a=1&b=2&c=3"):
        assert tokens.check(token, "CA1", NOW, other) == "not signed for this"
    assert tokens.check(token, "CA1", NOW, "a=1&b=2") is None
    assert tokens.check(token, "CA1", NOW, "a=1&b=2") == "used before"


@given(st.text("ab\n.", max_size=4), st.text("ab\n.", max_size=4))
def test_no_two_calls_share_a_token(one: str, other: str) -> None:
    """Whatever their names consist of."""
    assume(one != other)
    tokens = call_tokens()
    assert tokens.check(tokens.mint(one, NOW, "a"), other, NOW) == "not signed for this"
