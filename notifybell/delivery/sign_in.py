"""Mails with a link that signs in to the hosted inbox, once.

Not a broadcast: its text would hold a working link in the database, show in lists and logs, and go
to webhooks. The link exists in memory and in the mail only, the store has its digest. The price is
that a crash loses what was not sent yet; whoever waits asks again.
"""

import asyncio
import logging
from collections.abc import Callable

import msgspec

from notifybell.channels.base import Message, Sender
from notifybell.channels.mail_words import words_for
from notifybell.domain import sign_in
from notifybell.domain.clock import Clock
from notifybell.domain.errors import Busy, SendError, Temporary
from notifybell.domain.ids import new_id
from notifybell.domain.masking import masked
from notifybell.domain.model import EMAIL, EmailAddress, Recipient
from notifybell.store import inbox_sessions, preferences, suppressions, users
from notifybell.store.database import Connection, Database

log = logging.getLogger(__name__)

_MOST = 100
"""Mails in hand at a time; beyond it a request is dropped, and logged."""

_AFTER_THE_ANSWER_S = 0.05
"""Only then we look whether there is such a user: the answer's time tells nobody."""

_WAITS_S = (2, 10, 60, 240)
"""After the first failure, the second and so on."""


class Wording(msgspec.Struct, frozen=True):
    """What only the configuration knows."""

    title: str
    #: of the inbox
    link: Callable[[str], str]
    #: the URL that carries a code
    key: str
    #: signs
    locale: str = ""
    #: of users who have not said


class Letter(msgspec.Struct, frozen=True):
    """One mail to be sent."""

    user_id: str
    message: Message


class SignInMails:
    """Takes addresses from strangers, and writes to those that are users'."""

    def __init__(self, database: Database, clock: Clock, sender: Sender, wording: Wording) -> None:
        self._database = database
        self._clock = clock
        self._sender = sender
        self._wording = wording
        self._asked: asyncio.Queue[str] = asyncio.Queue(_MOST)

    def ask(self, email: str) -> None:
        """Somebody says that this is their address. Returns at once, whoever it is."""
        try:
            self._asked.put_nowait(email)
        except asyncio.QueueFull:
            log.warning("sign-in mail dropped: too many wait")

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            slots = asyncio.Semaphore(_MOST)
            while True:
                email = await self._asked.get()
                await slots.acquire()
                task = tasks.create_task(self._answer(email))
                task.add_done_callback(lambda _: slots.release())

    async def _answer(self, email: str) -> None:
        await asyncio.sleep(_AFTER_THE_ANSWER_S)
        try:
            letter = await self._letter(email)
            if letter is not None:
                await self._send(letter)
        except Busy as exc:
            log.warning("sign-in mail not sent error=%s", exc.message)
        except Exception:  # the others go on
            log.exception("sign-in mail failed")

    async def _letter(self, email: str) -> Letter | None:
        """None for an address that is nobody's, or that gets no mail."""
        found = self._database.read(lambda conn: _reader(conn, email))
        if found is None:
            return None
        user_id, address, locale = found
        code, now = sign_in.new_secret(), self._clock.now()
        digest, expires_at = sign_in.digest("code", code, self._wording.key), now + sign_in.CODE_MS
        await self._database.write(
            lambda conn: inbox_sessions.add_code(conn, digest, user_id, expires_at, now)
        )
        link = self._wording.link(code)
        return Letter(user_id, self._message(address, link, locale, now, expires_at))

    def _message(
        self, address: str, link: str, locale: str | None, now: int, expires_at: int
    ) -> Message:
        locale = locale or self._wording.locale or None
        delivery_id, words = new_id("dlv", now), words_for(locale)
        return Message(
            delivery_id=delivery_id,
            notification_id=delivery_id,
            address=EmailAddress(address),
            title=words.sign_in.format(title=self._wording.title),
            content=words.sign_in_text,
            action_url=link,
            locale=locale,
            created_at=now,
            deadline_at=expires_at,
            sent_at=now,
        )

    async def _send(self, letter: Letter) -> None:
        """Send, and try again while the link works."""
        for attempt, wait_s in enumerate((*_WAITS_S, None), 1):
            try:
                await self._sender.send(letter.message)
            except SendError as exc:
                if wait_s is None or not isinstance(exc, Temporary):
                    said = masked(exc.message)
                    log.warning("sign-in mail failed user=%s error=%s", letter.user_id, said)
                    return
                await asyncio.sleep(wait_s)
            else:
                log.info("sign-in mail sent user=%s attempt=%d", letter.user_id, attempt)
                return


def _reader(conn: Connection, email: str) -> tuple[str, str, str | None] | None:
    """The user with this address, the address as it is stored, and the user's language."""
    user = users.find(conn, Recipient(email=email))
    if user is None or user.email is None:
        return None
    listed = suppressions.get(conn, EMAIL, user.email)
    # Who unsubscribed from messages may still sign in; a dead address gets nothing.
    if listed is not None and listed.reason != "unsubscribed":
        return None
    return user.id, user.email, preferences.settings(conn, user.id).locale
