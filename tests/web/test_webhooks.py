"""The webhooks: what they answer to Twilio, and with which overrides."""

import base64
import hmac
from xml.etree import ElementTree

import httpx2
from structlog.testing import capture_logs

from tests.relay_client import relay_session
from tests.serving import AUTH_TOKEN, serve_frontdesk
from tests.webhooks import FORM, calls_become, read_twiml, signed, token_of


async def test_twiml_connects_the_call_to_our_socket(http: httpx2.AsyncClient) -> None:
    """By a wss URL on the host that the request was sent to, with the action beside it."""
    async with serve_frontdesk() as address:
        connect, conversation_relay = read_twiml(await http.post(f"{address}/twiml", data=FORM))
    assert conversation_relay.get("url") == address.replace("http", "wss", 1) + "/ws"
    assert (connect.get("action"), connect.get("method")) == (f"{address}/action", "POST")


async def test_twiml_carries_the_attributes(http: httpx2.AsyncClient) -> None:
    """Those that selective barge-in needs and those from the settings, escaped."""
    greeting = 'Tom & Ann\'s <b>"Café"</b>, hello'
    async with serve_frontdesk(welcome_greeting=greeting, relay_language="en-GB") as address:
        _, conversation_relay = read_twiml(await http.post(f"{address}/twiml", data=FORM))
    expected = {
        "welcomeGreeting": greeting,
        "language": "en-GB",
        "interruptible": "speech",
        "reportInputDuringAgentSpeech": "speech",
        "events": "speaker-events tokens-played",
        "partialPrompts": "true",
    }
    assert expected.items() <= conversation_relay.attrib.items()


async def test_twiml_uses_the_proxys_address(http: httpx2.AsyncClient) -> None:
    """Without PUBLIC_URL, the forwarding headers give the address."""
    form, url = dict(FORM), "https://front.example.com/twiml"
    proxied = {
        "X-Forwarded-Proto": "https,http",
        "X-Forwarded-Host": "front.example.com, inner.example.com",
        **signed(url, form),
    }
    async with serve_frontdesk(twilio_auth_token=AUTH_TOKEN) as address:
        answer = await http.post(f"{address}/twiml", data=form, headers=proxied)
    connect, conversation_relay = read_twiml(answer)
    assert conversation_relay.get("url") == "wss://front.example.com/ws"
    assert connect.get("action") == "https://front.example.com/action"


async def test_public_url_overrides_all_headers(http: httpx2.AsyncClient) -> None:
    """TwiML and signatures use PUBLIC_URL, with its path."""
    public = "https://front.example.com/desk/7"
    forwarded = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example.com"}
    settings = {"twilio_auth_token": AUTH_TOKEN, "public_url": public + "/"}
    async with serve_frontdesk(**settings) as address:
        headers = {**forwarded, **signed(f"{public}/twiml", FORM)}
        answer = await http.post(f"{address}/twiml", data=FORM, headers=headers)
        wss = signed("wss://front.example.com/desk/7/ws")
        async with relay_session(address, token=token_of(answer), headers=wss):
            await calls_become(http, address, 1)
    connect, conversation_relay = read_twiml(answer)
    assert conversation_relay.get("url") == "wss://front.example.com/desk/7/ws"
    assert connect.get("action") == "https://front.example.com/desk/7/action"


async def test_signature_covers_query_and_repeated_and_blank_fields(
    http: httpx2.AsyncClient,
) -> None:
    """Changing any of them makes it invalid."""
    async with serve_frontdesk(twilio_auth_token=AUTH_TOKEN) as address:
        url = f"{address}/twiml?shop=2&x=%20"
        # As Twilio documents it: names in order, each followed by each of its distinct values.
        fields = "Blank" + "CallSidCA1" + "TagaTagb"
        digest = hmac.digest(AUTH_TOKEN.encode(), (url + fields).encode(), "sha1")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": base64.b64encode(digest).decode(),
        }
        body = "Tag=b&CallSid=CA1&Tag=a&Blank=&Tag=b"
        statuses = [
            (await http.post(to, content=content, headers=headers)).status_code
            for to, content in (
                (url, body),
                (url, body.replace("&Blank=", "")),
                (url, body.replace("Tag=a", "Tag=c")),
                (url.replace("shop=2", "shop=3"), body),
            )
        ]
    assert statuses == [200, 403, 403, 403]


async def test_every_answer_has_its_own_token(http: httpx2.AsyncClient) -> None:
    """Even for the same call."""
    async with serve_frontdesk() as address:
        answers = [await http.post(f"{address}/twiml", data=FORM) for _ in range(3)]
    assert len({token_of(answer) for answer in answers}) == 3


async def test_get_of_the_webhook_says_what_to_do(http: httpx2.AsyncClient) -> None:
    """For a person with a browser, or a number set to HTTP GET."""
    async with serve_frontdesk() as address:
        answer = await http.get(f"{address}/twiml")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "HTTP POST" in answer.text


async def test_action_ends_the_call(http: httpx2.AsyncClient) -> None:
    """An empty response hangs up, whatever the session's outcome."""
    form = {**FORM, "SessionStatus": "failed", "ErrorCode": "64105", "SessionDuration": "12"}
    with capture_logs() as logs:
        async with serve_frontdesk(twilio_auth_token=AUTH_TOKEN) as address:
            url = f"{address}/action"
            answer = await http.post(url, data=form, headers=signed(url, form))
            refused = await http.post(url, data=form)
    assert list(ElementTree.fromstring(answer.text)) == []
    assert answer.headers["content-type"].startswith("text/xml")
    (over,) = [log for log in logs if log["event"] == "session over"]
    assert (over["call"], over["status"], over["error"]) == ("CA1", "failed", "64105")
    assert refused.status_code == 403
    assert "TWILIO_AUTH_TOKEN" in refused.text
