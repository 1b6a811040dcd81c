"""What a mail server's refusal is about: the address, or something else.

An address is given up only where the answer says so. A relay that is set up wrong, or a receiver
that takes us for a spammer, refuses every address alike, and must not empty the list of users.

| enhanced status (RFC 3463)              | is about                  | address |
| --------------------------------------- | ------------------------- | ------- |
| 5.1.x, but 5.1.7, 5.1.8                 | the address               | gone    |
| 5.1.7, 5.1.8                            | our sender                | kept    |
| 5.2.1                                   | a mailbox switched off    | gone    |
| 5.2.x                                   | a full mailbox            | kept    |
| 5.4.1, 5.4.4, 5.4.310                   | a domain without mail     | gone    |
| 5.5.0                                   | Outlook's "unavailable"   | gone    |
| 5.0.x, or none: 550, 551, 553           | the address, by its words | gone    |
|   with words of a policy: relay, spam … | us                        | kept    |
| 5.3.x, 5.6.x, 5.7.x and all others      | the mail, policy, us      | kept    |
"""

import re

_REPLY = re.compile(r"(?P<code>[245]\d\d)(?!\d)(?:[ -]+(?P<status>[245]\.\d{1,3}\.\d{1,3})\b)?")
_STATUS = re.compile(r"5\.\d{1,3}\.\d{1,3}")
_GONE = re.compile(r"5\.(?:1\.(?![78]$)\d+|2\.1|4\.(?:1|4|310)|5\.0)")
_UNDEFINED = re.compile(r"5\.0\.\d+")
_ADDRESS_CODES = {"550", "551", "553"}
_ABOUT_US = re.compile(
    r"relay|spam|polic|blocked|blacklist|block list|rbl|reputation|denied|prohibit|dmarc|dkim|spf"
    r"|authenti|your ip|not allowed|full|quota",
    re.IGNORECASE,
)


def reply_means_gone(reply: str) -> bool:
    """Whether an SMTP reply such as "550 5.1.1 no such user" says that there is no such address."""
    found = _REPLY.match(reply)
    if found is None or not found["code"].startswith("5"):
        return False
    status = found["status"]
    if status is not None and not _UNDEFINED.fullmatch(status):
        return _GONE.fullmatch(status) is not None
    return found["code"] in _ADDRESS_CODES and _ABOUT_US.search(reply) is None


def status_means_gone(status: str, reply: str) -> bool:
    """The same for a report: its status, and the reply it quotes ("" for none).

    The reply decides where the status leaves open what happened, as Exim's "5.0.0" always does.
    """
    if not _STATUS.fullmatch(status):
        return False
    if _UNDEFINED.fullmatch(status):
        return reply_means_gone(reply) if _REPLY.match(reply) else True
    return _GONE.fullmatch(status) is not None
