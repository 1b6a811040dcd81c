"""What the server says on stderr: a line an event, as text for people or as JSON for programs.

In systemd's journal a line of text has a priority in front instead of the time, which is there
already: `journalctl -p warning` finds what matters. No mail address gets into a line, whoever wrote
it; what is said while a request is answered has its id.
"""

import logging
import os
import sys
import time

import msgspec

from notifybell.domain.masking import without_mail_addresses
from notifybell.domain.request_id import REQUEST_ID


def set_up(style: str) -> None:
    """Lines to stderr: text for people, or one JSON object a line."""
    handler = logging.StreamHandler(sys.stderr)
    as_text = _JournalFormatter() if _goes_to_the_journal() else _TextFormatter()
    handler.setFormatter(_JsonFormatter() if style == "json" else as_text)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("apscheduler", "aiosmtplib", "mail.log"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _goes_to_the_journal() -> bool:
    """Whether stderr is the very stream that systemd named (systemd.exec(5), JOURNAL_STREAM)."""
    named = os.environ.get("JOURNAL_STREAM")
    if named is None:
        return False
    stream = os.fstat(sys.stderr.fileno())
    return named == f"{stream.st_dev}:{stream.st_ino}"


class _TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self.converter = time.gmtime
        self.default_time_format = "%Y-%m-%dT%H:%M:%S"
        self.default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        return without_mail_addresses(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record) + _request(record)


class _JournalFormatter(logging.Formatter):
    """sd-daemon(3): each line begins with its priority."""

    def format(self, record: logging.LogRecord) -> str:
        levels = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.NOTSET, 6))
        priority = next(number for least, number in levels if record.levelno >= least)
        text = without_mail_addresses(super().format(record))
        return "\n".join(f"<{priority}>{line}" for line in text.splitlines())

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record) + _request(record)


def _request(record: logging.LogRecord) -> str:
    """Whose line it is, where it does not say so itself."""
    request_id = REQUEST_ID.get()
    return f" request_id={request_id}" if request_id and request_id not in record.message else ""


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}"
            f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_mail_addresses(record.getMessage()),
        }
        if request_id := REQUEST_ID.get():
            entry["request_id"] = request_id
        if record.exc_info:
            entry["exception"] = without_mail_addresses(self.formatException(record.exc_info))
        return msgspec.json.encode(entry).decode()
