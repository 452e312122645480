"""Requests from this machine, and others."""

import httpx2
import pytest

from app import create_app
from tests.serving import AUTH_TOKEN, serve, serve_frontdesk, settings_for_test


@pytest.mark.parametrize("token", ["", AUTH_TOKEN])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "front.example.com"}, 403),
        ({"X-Forwarded-For": "203.0.113.9"}, 403),
        ({"Origin": "https://evil.example.com"}, 403),
    ],
)
async def test_demo_guide_answers_only_this_machine(
    http: httpx2.AsyncClient, token: str, headers: dict[str, str], status: int
) -> None:
    """With or without an auth token, it is not a public endpoint."""
    chat = {"model": "guide", "messages": [{"role": "user", "content": "hi"}], "stream": False}
    async with serve_frontdesk(twilio_auth_token=token or None) as address:
        url = f"{address}/demo/v1"
        models = await http.get(f"{url}/models", headers=headers)
        answer = await http.post(f"{url}/chat/completions", json=chat, headers=headers)
    assert (models.status_code, answer.status_code) == (status, status)
    assert ("from this machine" in answer.text or "its own machine" in answer.text) == (
        status == 403
    )


async def test_path_prefix_does_not_open_the_demo_guide(
    http: httpx2.AsyncClient,
) -> None:
    """A proxy's path prefix, if the server is given one, precedes every path."""
    app = create_app(settings_for_test(twilio_auth_token=AUTH_TOKEN))
    app.root_path = "/x"
    async with serve(app) as address:
        answer = await http.get(f"{address}/x/demo/v1/models", headers={"X-Real-IP": "203.0.113.9"})
        direct = await http.get(f"{address}/demo/v1/models")
    assert (answer.status_code, direct.status_code) == (403, 200)
