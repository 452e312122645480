"""The peer: a voice agent on Twilio's own SDK, `twilio-agent-connect`, written like its examples.

ConversationRelay without the cloud services around it (the SDK's relay-only mode). Replies are chat
completions, streamed as `openai` objects and passed to the channel word by word.

Choices:

* The server is the SDK's, run by uvicorn as the SDK runs it, with the loop and the HTTP parser of
  its `server` extra (uvloop, httptools). Only the log level differs: warnings, as for all servers.
* `ThreadSafeSessionManager`, its default, which cancels the reply at an interrupt or a new prompt.
* Its telemetry is off, by its own setting (TAC_ANALYTICS_DISABLED): nothing leaves this machine.
* A conversation is deleted when its call ends.
* The `openai` client has its defaults: up to 1,000 connections, 100 of them kept when idle.
"""

from collections.abc import AsyncGenerator

import openai
import uvicorn
from openai.types.chat import ChatCompletionMessageParam
from tac import TAC, TACConfig
from tac.channels.voice import VoiceChannel
from tac.models.session import ConversationSession
from tac.models.tac import TACMemoryResponse
from tac.server import TACFastAPIServer

conversations: dict[str, list[ChatCompletionMessageParam]] = {}

tac = TAC(config=TACConfig.from_env())
channel = VoiceChannel(tac)
guide = openai.AsyncOpenAI()


async def _answer(
    said: str, session: ConversationSession, _memory: TACMemoryResponse | None
) -> None:
    messages = conversations.setdefault(session.conversation_id, [])
    messages.append({"role": "user", "content": said})
    await channel.send_response(session.conversation_id, _reply(messages))


async def _reply(messages: list[ChatCompletionMessageParam]) -> AsyncGenerator[str, None]:
    written: list[str] = []
    stream = await guide.chat.completions.create(model="guide", messages=messages, stream=True)
    async for chunk in stream:
        if chunk.choices and (word := chunk.choices[0].delta.content):
            written.append(word)
            yield word
    messages.append({"role": "assistant", "content": "".join(written)})


def _forget(session: ConversationSession) -> None:
    conversations.pop(session.conversation_id, None)


def main() -> None:
    """Serve until terminated."""
    tac.on_message_ready(_answer)
    tac.on_conversation_ended(_forget)
    server = TACFastAPIServer(tac=tac, voice_channel=channel)
    uvicorn.run(
        server.app,
        host=server.config.host,
        port=server.config.port,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
