"""The browser phone as it is served: to whom, with which headers, and whose calls are admitted."""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from starlette.requests import HTTPConnection
from starlette.responses import Response
from structlog.testing import capture_logs
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

import phone
from config import VERSION
from tests.guide_server import GuideServer
from tests.relay_client import relay_session
from tests.serving import AUTH_TOKEN, serve_frontdesk
from tests.webhooks import FORM, offer, parameters_of, signed_socket, token_of
from trust.visitors import COOKIE, SIGNED_IN_S, Failures, Refusal, Visitors

PAGE: Final = Path(phone.__file__).parent / "page"
PASSWORD: Final = "correct horse é battery"
LOCKED: Final = {"twilio_auth_token": AUTH_TOKEN, "phone_password": PASSWORD}
PUBLIC: Final = "https://desk.example.com"


def visitor(cookie: str = "") -> HTTPConnection:
    """A request from a browser with this cookie."""
    return HTTPConnection({"type": "http", "headers": [(b"cookie", cookie.encode())]})


async def sign_in(http: httpx2.AsyncClient, address: str) -> None:
    """Sign in with the right password."""
    answer = await http.post(f"{address}/sign-in", data={"password": PASSWORD})
    assert answer.status_code == 303


async def upgrade_status(address: str, headers: Mapping[str, str]) -> int:
    """The HTTP status with which the relay's socket is opened or refused."""
    url = address.replace("http", "ws", 1) + "/ws"
    try:
        async with connect(url, proxy=None, additional_headers=headers):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


def cookie_of(http: httpx2.AsyncClient) -> dict[str, str]:
    """The header in which a browser sends its cookie."""
    return {"Cookie": f"{COOKIE}={http.cookies[COOKIE]}"}


# --- the page -----------------------------------------------------------------------------------


async def test_page_is_at_the_root(http: httpx2.AsyncClient) -> None:
    """Opening the app's address is enough to call."""
    async with serve_frontdesk() as address:
        answer = await http.get(f"{address}/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == (PAGE / "index.html").read_bytes()


MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


async def test_files_are_served_with_their_media_types(http: httpx2.AsyncClient) -> None:
    """Browsers refuse modules and style sheets with a wrong type."""
    files = {path.relative_to(PAGE).as_posix(): path for path in PAGE.rglob("*.*")}
    async with serve_frontdesk() as address:
        for name, path in files.items():
            answer = await http.get(f"{address}/phone/{name}")
            assert (name, answer.content == path.read_bytes()) == (name, True)
            assert (name, answer.headers["content-type"]) == (name, MEDIA_TYPES[path.suffix])
    assert {".css", ".html", ".js"} <= {path.suffix for path in files.values()}


async def test_every_response_has_security_headers(http: httpx2.AsyncClient) -> None:
    """The page, missing paths, and JSON too."""
    async with serve_frontdesk() as address:
        for path in ("/", "/phone/sign-in.css", "/phone/nothing", "/nothing", "/health"):
            headers = (await http.get(address + path)).headers
            policy = dict(
                d.split(maxsplit=1) for d in headers["content-security-policy"].split(";")
            )
            assert policy == {
                "default-src": "'none'",
                "script-src": "'self'",
                "style-src": "'self'",
                "img-src": "'self' data:",
                "connect-src": "'self'",
                "media-src": "'self' blob:",
                "manifest-src": "'self'",
                "base-uri": "'none'",
                "form-action": "'self'",
                "frame-ancestors": "'none'",
            }
            assert headers["permissions-policy"].startswith("microphone=(self)")
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/phone/sign-in.css"])
async def test_page_is_revalidated_and_sent_once(http: httpx2.AsyncClient, path: str) -> None:
    """A new version shows at once, and an unchanged one costs nothing."""
    async with serve_frontdesk() as address:
        first = await http.get(address + path)
        again = await http.get(address + path, headers={"If-None-Match": first.headers["etag"]})
        changed = await http.get(address + path, headers={"If-None-Match": '"another"'})
        head = await http.head(address + path)
    assert (again.status_code, again.content) == (304, b"")
    assert (changed.status_code, changed.content) == (200, first.content)
    assert (head.status_code, head.content) == (200, b"")


OUTSIDE: Final = [
    "/phone/..%2f__init__.py",
    "/phone/../visitors.py",
    "/phone/%2e%2e/visitors.py",
    "/phone/%2e%2e%2fvisitors.py",
    "/phone/..%5cvisitors.py",
    "/phone/call/%2e%2e/%2e%2e/visitors.py",
    "/phone//etc/passwd",
    "/phone/%2fetc%2fpasswd",
    "/phone/visitors.py",
    "/phone/page/index.html",
    "/phone/index.html%00.js",
    "/phone/",
    "/phone/call",
    "/phone/" + "a" * 5000,
    "/phone/link.js",
]


async def test_nothing_outside_the_page_can_be_read(
    http: httpx2.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with dots in any spelling, nor through a link, nor as a listing."""
    (tmp_path / "page" / "call").mkdir(parents=True)
    (tmp_path / "page" / "index.html").write_text("the page", encoding="utf-8")
    (tmp_path / "visitors.py").write_text("secret", encoding="utf-8")
    (tmp_path / "page" / "link.js").symlink_to(tmp_path / "visitors.py")
    monkeypatch.setattr("phone.pages.PAGE", tmp_path / "page")
    async with serve_frontdesk() as address:
        assert (await http.get(f"{address}/phone/index.html")).text == "the page"
        for path in OUTSIDE:
            url = httpx2.URL(address).copy_with(raw_path=path.encode())
            assert (path, (await http.get(url)).status_code) == (path, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_page_is_read_only(http: httpx2.AsyncClient, method: str) -> None:
    """Other methods are refused."""
    async with serve_frontdesk() as address:
        statuses = [
            (await http.request(method, address + path)).status_code
            for path in ("/", "/phone/sign-in.css", "/phone/facts")
        ]
    assert statuses == [405, 405, 405]


@pytest.mark.parametrize(
    ("settings", "facts"),
    [
        ({}, {}),
        (
            {
                "barge_in_mode": "talkover",
                "relay_interruptible": "dtmf",
                "guide_base_url": "http://127.0.0.1:9/v1",
                "relay_language": "de-DE",
            },
            {
                "demo_guide": False,
                "language": "de-DE",
                "mode": "talkover",
                "modes": {
                    "pause": "RELAY_INTERRUPTIBLE: must be speech or any, or unset, "
                    "with BARGE_IN_MODE=pause",
                    "talkover": None,
                },
            },
        ),
        (
            {"relay_events": "none"},
            {
                "modes": {
                    "pause": None,
                    "talkover": "RELAY_EVENTS: must include tokens-played "
                    "with BARGE_IN_MODE=talkover",
                }
            },
        ),
    ],
)
async def test_page_gets_the_facts(
    http: httpx2.AsyncClient, settings: dict[str, str], facts: dict[str, Any]
) -> None:
    """The version, the guide, the language, and which modes are available."""
    expected = {
        "version": VERSION,
        "demo_guide": True,
        "language": "en-US",
        "mode": "pause",
        "modes": {"pause": None, "talkover": None},
        "signed_in": False,
        **facts,
    }
    async with serve_frontdesk(**settings) as address:
        assert (await http.get(f"{address}/phone/facts")).json() == expected


# --- without an auth token ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Origin": "http://localhost.example.com"},
        {"X-Forwarded-For": "203.0.113.9"},
    ],
)
async def test_other_sites_cannot_call_through_a_visitors_browser(
    http: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    """Nor can they, or a tunnel, read the page or its facts."""
    async with serve_frontdesk() as address:
        form = {**FORM, "Decisions": "1"}
        posted = [
            (await http.post(address + path, data=form, headers=headers)).status_code
            for path in ("/twiml", "/action")
        ]
        read = [
            (await http.get(address + path, headers=headers)).status_code
            for path in ("/", "/phone/sign-in.css", "/phone/facts", "/calls/CA1/decisions")
        ]
        socket = await upgrade_status(address, headers)
    assert (posted, read, socket) == ([403] * 2, [403] * 4, 403)


async def test_our_page_places_a_call(http: httpx2.AsyncClient, guide: GuideServer) -> None:
    """As a browser does: with its origin and no signature."""
    async with serve_frontdesk(guide_base_url=guide.base_url) as address:
        for origin in (address, address.replace("127.0.0.1", "localhost")):
            page = {"Origin": origin}
            token = token_of(await http.post(f"{address}/twiml", data=FORM, headers=page))
            async with relay_session(address, token=token, headers=page) as session:
                assert await session.ask("What do you sell?") == "Hello there."


async def test_local_app_has_no_sign_in(http: httpx2.AsyncClient) -> None:
    """A password would open nothing."""
    async with serve_frontdesk(phone_password=PASSWORD) as address:
        signed_in = await http.post(f"{address}/sign-in", data={"password": PASSWORD})
        signed_out = await http.post(f"{address}/sign-out")
        page = await http.get(f"{address}/")
    assert (signed_in.status_code, signed_out.status_code, page.status_code) == (404, 404, 200)
    assert b'type="password"' not in page.content


# --- with an auth token, and no password --------------------------------------------------------


async def test_page_is_not_served_without_a_password(http: httpx2.AsyncClient) -> None:
    """The root says that the app runs, and how to get the phone."""
    async with serve_frontdesk(twilio_auth_token=AUTH_TOKEN) as address:
        hello = await http.get(f"{address}/")
        statuses = [
            (await http.request(method, address + path)).status_code
            for method, path in [
                ("GET", "/phone/index.html"),
                ("GET", "/phone/sign-in.css"),
                ("GET", "/phone/facts"),
                ("POST", "/sign-in"),
                ("POST", "/sign-out"),
            ]
        ]
    assert (hello.status_code, hello.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert "PHONE_PASSWORD" in hello.text
    assert statuses == [404] * 5


async def test_without_a_password_no_cookie_is_valid(http: httpx2.AsyncClient) -> None:
    """Not even one signed with the auth token and an empty password."""
    answer = Response()
    async with serve_frontdesk(twilio_auth_token=AUTH_TOKEN) as address:
        Visitors(AUTH_TOKEN, "", lambda _: address).sign_in(visitor(), answer, time.time())
        cookie = answer.headers["set-cookie"].partition(";")[0]
        headers = {"Cookie": cookie, "Origin": address}
        refused = await http.post(f"{address}/twiml", data=FORM, headers=headers)
        assert refused.status_code == 403
        assert await upgrade_status(address, headers) == 403


# --- with both ----------------------------------------------------------------------------------


async def test_page_needs_a_sign_in(http: httpx2.AsyncClient) -> None:
    """Others get only the form and its style sheet."""
    async with serve_frontdesk(**LOCKED) as address:
        form = await http.get(f"{address}/")
        assert form.status_code == 200
        assert form.headers["content-type"] == "text/html; charset=utf-8"
        assert re.search(r'<form method="post" action="sign-in">', form.text)
        assert "$" not in form.text
        assert (await http.get(f"{address}/phone/sign-in.css")).status_code == 200
        closed = ["/phone/facts", "/phone/index.html", "/phone/sign-in.html", "/phone/nothing"]
        for path in closed:
            assert (path, (await http.get(address + path)).status_code) == (path, 403)

        answer = await http.post(f"{address}/sign-in", data={"password": PASSWORD})
        assert (answer.status_code, answer.headers["location"]) == (303, ".")
        page = await http.get(f"{address}/")
        assert page.content == (PAGE / "index.html").read_bytes()
        assert (await http.get(f"{address}/phone/facts")).json()["signed_in"] is True

        out = await http.post(f"{address}/sign-out")
        assert (out.status_code, out.headers["location"]) == (303, ".")
        assert (await http.get(f"{address}/")).text == form.text
        assert (await http.get(f"{address}/phone/facts")).status_code == 403


@pytest.mark.parametrize(
    ("settings", "forwarded", "secure"),
    [
        ({}, {}, False),
        ({}, {"X-Forwarded-Proto": "https"}, True),
        ({"public_url": PUBLIC}, {}, True),
    ],
)
async def test_cookie_is_sent_only_to_us(
    http: httpx2.AsyncClient, settings: dict[str, str], forwarded: dict[str, str], *, secure: bool
) -> None:
    """Scripts cannot read it, other sites cannot send it, and with TLS it needs TLS."""
    async with serve_frontdesk(**LOCKED, **settings) as address:
        url = f"{address}/sign-in"
        answer = await http.post(url, data={"password": PASSWORD}, headers=forwarded)
    value, *attributes = answer.headers["set-cookie"].split("; ")
    assert value.startswith(f"{COOKIE}=")
    expected = {"HttpOnly", "Max-Age=43200", "Path=/", "SameSite=strict"}
    assert set(attributes) == expected | ({"Secure"} if secure else set())


@pytest.mark.parametrize("given", ["", "wrong", PASSWORD[:-1], PASSWORD + "x", PASSWORD.upper()])
async def test_wrong_password_opens_nothing(http: httpx2.AsyncClient, given: str) -> None:
    """The form says so, and sets no cookie."""
    async with serve_frontdesk(**LOCKED) as address:
        answer = await http.post(f"{address}/sign-in", data={"password": given})
        assert (await http.get(f"{address}/phone/facts")).status_code == 403
    assert answer.status_code == 403
    assert Refusal.WRONG.value in answer.text
    assert "set-cookie" not in answer.headers


async def test_form_without_a_password_is_refused(http: httpx2.AsyncClient) -> None:
    """As a wrong password, and so is a body that is not a form, unless it is too long."""
    async with serve_frontdesk(**LOCKED) as address:
        statuses = [
            (await http.post(f"{address}/sign-in", content=body)).status_code
            for body in (b"", b"user=me", b"\xff", b"a" * 100_000)
        ]
    assert statuses == [403, 403, 400, 413]


async def test_guessing_is_stopped(http: httpx2.AsyncClient) -> None:
    """After a few failures even the right password is refused for a minute."""
    async with serve_frontdesk(**LOCKED) as address:
        for _ in range(Failures.MAX_PER_ADDRESS):
            answer = await http.post(f"{address}/sign-in", data={"password": "a guess"})
            assert answer.status_code == 403
        answer = await http.post(f"{address}/sign-in", data={"password": PASSWORD})
        assert (await http.get(f"{address}/phone/facts")).status_code == 403
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert "set-cookie" not in answer.headers


async def test_sign_in_is_logged_without_the_password(http: httpx2.AsyncClient) -> None:
    """With its outcome."""
    with capture_logs() as logs:
        async with serve_frontdesk(**LOCKED) as address:
            for given in ("a guess", PASSWORD):
                await http.post(f"{address}/sign-in", data={"password": given})
    assert [log["refused"] for log in logs if log["event"] == "sign-in"] == ["wrong", None]
    assert [
        secret for secret in ("a guess", PASSWORD, http.cookies[COOKIE]) if secret in str(logs)
    ] == []


# --- whose calls --------------------------------------------------------------------------------


async def test_signed_in_page_places_a_call(http: httpx2.AsyncClient, guide: GuideServer) -> None:
    """Webhook, socket and action need no signature; the setup needs its token."""
    async with serve_frontdesk(guide_base_url=guide.base_url, **LOCKED) as address:
        await sign_in(http, address)
        page = {"Origin": address}
        url = f"{address}/twiml"
        overrides = {"Decisions": "1", "BargeInMode": "talkover"}
        answer = await http.post(url, data={**FORM, **overrides}, headers=page)
        parameters = parameters_of(answer)
        headers = page | cookie_of(http)
        async with relay_session(address, headers=headers, overrides=parameters) as session:
            assert await session.ask("What do you sell?") == "Hello there."
        over = await http.post(f"{address}/action", data=FORM, headers=page)
        assert over.status_code == 200
        async with relay_session(address, headers=headers, overrides=parameters) as session:
            await session.socket.wait_closed()  # the token has been used
        async with relay_session(address, headers=headers) as other:
            await other.socket.wait_closed()  # it has no token
    assert (session.socket.close_code, other.socket.close_code) == (1008, 1008)


STRANGERS: Final[dict[str, dict[str, str]]] = {
    "neither": {},
    "no cookie": {"Origin": "OWN"},
    "no origin": {"Cookie": "SIGNED_IN"},
    "another origin": {"Cookie": "SIGNED_IN", "Origin": "https://evil.example.com"},
    "no origin to tell": {"Cookie": "SIGNED_IN", "Origin": "null"},
    "an empty origin": {"Cookie": "SIGNED_IN", "Origin": ""},
    "another port": {"Cookie": "SIGNED_IN", "Origin": "http://127.0.0.1:1"},
    "another scheme": {"Cookie": "SIGNED_IN", "Origin": "https://HOST"},
    "another name for this machine": {"Cookie": "SIGNED_IN", "Origin": "http://localhost"},
    "two origins in one": {"Cookie": "SIGNED_IN", "Origin": "OWN, OWN"},
    "a cookie of nobody": {"Cookie": "frontdesk=x", "Origin": "OWN"},
    "a cookie that was changed": {"Cookie": "SIGNED_IN0", "Origin": "OWN"},
    "a cookie of another name": {"Cookie": "X-SIGNED_IN", "Origin": "OWN"},
    "a wrong signature": {"X-Twilio-Signature": "x", "Origin": "OWN"},
    "the origin of a proxy of one's own": {
        "Cookie": "SIGNED_IN",
        "Origin": "https://evil.example.com",
        "Referer": "OWN/",
    },
}


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_calls_from_other_sites_are_refused(http: httpx2.AsyncClient, stranger: str) -> None:
    """Neither cookie nor origin is enough alone: browsers add cookies by themselves."""
    async with serve_frontdesk(**LOCKED) as address:
        await sign_in(http, address)
        cookie = cookie_of(http)["Cookie"]
        http.cookies.clear()
        headers = {
            name: value.replace("SIGNED_IN", cookie)
            .replace("OWN", address)
            .replace("HOST", address.removeprefix("http://"))
            for name, value in STRANGERS[stranger].items()
        }
        form = {**FORM, "Decisions": "1"}
        statuses = [
            (await http.post(address + path, data=form, headers=headers)).status_code
            for path in ("/twiml", "/action")
        ]
        assert (statuses, await upgrade_status(address, headers)) == ([403, 403], 403)
        own = {"Cookie": cookie, "Origin": address}
        assert (await http.post(f"{address}/twiml", data=form, headers=own)).status_code == 200
        assert await upgrade_status(address, own) == 101


async def test_two_origins_are_refused(http: httpx2.AsyncClient) -> None:
    """Even if one is right; no browser sends two."""
    async with serve_frontdesk(**LOCKED) as address:
        await sign_in(http, address)
        origins = [("Origin", address), ("Origin", address)]
        answer = await http.post(f"{address}/twiml", data=FORM, headers=origins)
    assert answer.status_code == 403


@pytest.mark.parametrize("origin", [PUBLIC, f"{PUBLIC}:443"])
async def test_public_url_is_the_origin_of_the_page(http: httpx2.AsyncClient, origin: str) -> None:
    """Whatever the request's headers say; its path is not part of the origin."""
    settings = {**LOCKED, "public_url": f"{PUBLIC}/desk"}
    async with serve_frontdesk(**settings) as address:
        answer = await http.post(f"{address}/sign-in", data={"password": PASSWORD})
        cookie = answer.headers["set-cookie"].partition(";")[0]
        statuses = [
            (
                await http.post(
                    f"{address}/twiml", data=FORM, headers={"Cookie": cookie, "Origin": each}
                )
            ).status_code
            for each in (origin, address, "http://desk.example.com", "https://example.com")
        ]
        upgraded = await upgrade_status(address, {"Cookie": cookie, "Origin": origin})
    assert (statuses, upgraded) == ([200, 403, 403, 403], 101)


async def test_request_with_an_invalid_host_is_refused(http: httpx2.AsyncClient) -> None:
    """No page can have such an origin."""
    async with serve_frontdesk(**LOCKED) as address:
        await sign_in(http, address)
        odd = {"Host": "a/b", "Origin": "http://a/b", **cookie_of(http)}
        twiml = await http.post(f"{address}/twiml", data=FORM, headers=odd)
        again = await http.post(
            f"{address}/sign-in", data={"password": PASSWORD}, headers={"Host": "a/b"}
        )
    assert (twiml.status_code, again.status_code) == (403, 303)


async def test_changing_a_secret_signs_everyone_out(http: httpx2.AsyncClient) -> None:
    """Either secret; another instance with the same two accepts the cookie."""
    async with serve_frontdesk(**LOCKED) as address:
        await sign_in(http, address)
    cookie, seen = cookie_of(http), []
    http.cookies.clear()
    for settings in (
        LOCKED,
        {**LOCKED, "phone_password": "another password"},
        {**LOCKED, "twilio_auth_token": "54321"},
    ):
        async with serve_frontdesk(**settings) as address:
            seen.append((await http.get(f"{address}/phone/facts", headers=cookie)).status_code)
    assert seen == [200, 403, 403]


async def test_twilio_needs_no_cookie(http: httpx2.AsyncClient, guide: GuideServer) -> None:
    """Its calls come in whether or not there is a page."""
    async with serve_frontdesk(guide_base_url=guide.base_url, **LOCKED) as address:
        token, headers = await offer(http, address), signed_socket(address)
        async with relay_session(address, token=token, headers=headers) as session:
            assert await session.ask("What do you sell?") == "Hello there."


# --- who is signed in, on a clock ---------------------------------------------------------------

NOW: Final = 1_764_000_000.25


def test_sign_in_ends_after_twelve_hours() -> None:
    """Even if the browser kept the cookie longer."""
    visitors, answer = Visitors(AUTH_TOKEN, PASSWORD, lambda _: PUBLIC), Response()
    visitors.sign_in(visitor(), answer, NOW)
    someone = visitor(answer.headers["set-cookie"].partition(";")[0])
    assert visitors.may_see(someone, NOW + SIGNED_IN_S)
    assert not visitors.may_see(someone, NOW + SIGNED_IN_S + 1)
    assert not visitors.may_call(someone, NOW)


def test_failures_of_one_address_are_counted_for_a_minute() -> None:
    """Other addresses are not locked out."""
    failures = Failures()
    for second in range(Failures.MAX_PER_ADDRESS):
        assert not failures.are_too_many("203.0.113.9", NOW + second)
        failures.add("203.0.113.9", NOW + second)
    assert failures.are_too_many("203.0.113.9", NOW + 59.9)
    assert not failures.are_too_many("203.0.113.10", NOW + 59.9)
    assert not failures.are_too_many("203.0.113.9", NOW + 60)


def test_failures_of_many_addresses_are_counted_too() -> None:
    """Someone with many locks everyone out for a minute, but fills no memory."""
    failures = Failures()
    for number in range(10_000):
        failures.add(f"203.0.113.{number}", NOW)
    assert failures.are_too_many("198.51.100.1", NOW + 59.9)
    assert len(failures._latest) == Failures.MAX_IN_ALL
    assert not failures.are_too_many("198.51.100.1", NOW + 60)
