"""A mail relay that misbehaves on cue, for failures that a real one shows rarely."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence

from tests.background import BackgroundServer


class ScriptedRelay(BackgroundServer):
    """A mail relay that answers from a script, and may hang up or fall silent.

    `script` maps a stage (GREETING, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, END for the end of the
    data, QUIT) to the answers it gives in turn; after the last one it behaves well again. The
    answers HANG_UP and SILENCE mean what they say.
    """

    HANG_UP = "hang up"
    SILENCE = "silence"

    _GOOD = {
        "GREETING": "220 relay.example.com",
        "AUTH": "235 signed in",
        "DATA": "354 go on",
        "QUIT": "221 bye",
    }

    def __init__(
        self, script: Mapping[str, Sequence[str]] | None = None, *, extensions: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self.stages: list[str] = []
        self.bodies: list[bytes] = []
        self.connection_count = 0
        self._script = {stage: deque(replies) for stage, replies in (script or {}).items()}
        self._extensions = extensions

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connection_count += 1
        try:
            stage = "GREETING"
            while await self._answer(stage, writer) and stage != "QUIT":
                stage = await self._next_stage(stage, reader)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client is gone, or the server ends
        finally:
            writer.close()

    async def _next_stage(self, stage: str, reader: asyncio.StreamReader) -> str:
        if stage == "DATA":
            body = await reader.readuntil(b"\r\n.\r\n")
            self.bodies.append(body)
            return "END"
        return (await reader.readuntil(b"\r\n")).split()[0].decode().upper()

    async def _answer(self, stage: str, writer: asyncio.StreamWriter) -> bool:
        self.note(lambda: self.stages.append(stage))
        replies = self._script.get(stage)
        reply = replies.popleft() if replies else self._good(stage)
        if reply == self.HANG_UP:
            return False
        if reply == self.SILENCE:
            await asyncio.sleep(3600)  # ends with the server
        writer.write(reply.encode() + b"\r\n")
        await writer.drain()
        return True

    def _good(self, stage: str) -> str:
        if stage == "EHLO":
            lines = ["relay.example.com", *self._extensions]
            return "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])
        return self._GOOD.get(stage, "250 OK")
