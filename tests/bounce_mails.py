"""Bounce reports as mail servers write them, about a mail from the shop to one address."""

from collections.abc import Callable

SHOP = "no-reply@shop.example.com"


def report(*parts: str, kind: str = "delivery-status", eol: str = "\r\n") -> bytes:
    """A multipart/report of these parts, each with its own headers."""
    head = (
        "From: MAILER-DAEMON@relay.example.com\n"
        f"To: {SHOP}\n"
        "Subject: Undelivered Mail\n"
        "MIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="=_b1"\n'
    )
    body = "".join(f"\n--=_b1\n{part}" for part in parts)
    return f"{head}{body}\n--=_b1--\n".replace("\n", eol).encode()


def status_part(*blocks: str, kind: str = "delivery-status") -> str:
    """The part for programs: a block about the mail, then these about its recipients."""
    of_mail = "Reporting-MTA: dns; relay.example.com\n"
    return f"Content-Type: message/{kind}\n\n" + "\n".join((of_mail, *blocks))


def block(
    final: str | None = "rfc822; ann@example.com",
    *,
    action: str = "failed",
    status: str = "5.1.1",
    more: str = "",
) -> str:
    """The fields of one recipient."""
    named = "" if final is None else f"Final-Recipient: {final}\n"
    return f"{named}Action: {action}\nStatus: {status}\n{more}"


def postfix(to: str = "ann@example.com", *, action: str = "failed", status: str = "5.1.1") -> bytes:
    """Postfix: an Original-Recipient, a folded Diagnostic-Code, fields of its own."""
    return f"""\
Return-Path: <>
Received: by relay.example.com (Postfix)
\tid 4Fh2Qb1GkTz9rxS; Thu,  1 Jan 2026 00:00:09 +0000 (UTC)
Date: Thu,  1 Jan 2026 00:00:09 +0000 (UTC)
From: MAILER-DAEMON@relay.example.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {SHOP}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4Fh2Qb1GkTz9rxS.1767225609/relay.example.com"
Content-Transfer-Encoding: 8bit
Message-Id: <20260101000009.4Fh2Qb1GkTz9rxS@relay.example.com>

This is a MIME-encapsulated message.

--4Fh2Qb1GkTz9rxS.1767225609/relay.example.com
Content-Description: Notification
Content-Type: text/plain; charset=utf-8

This is the mail system at host relay.example.com.

<{to}>: host mx.example.com[192.0.2.25] said: 550 {status} <{to}>:
    Recipient address rejected: User unknown (in reply to RCPT TO command)

--4Fh2Qb1GkTz9rxS.1767225609/relay.example.com
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example.com
X-Postfix-Queue-ID: 4Fh2Qb1GkTz9rxS
X-Postfix-Sender: rfc822; {SHOP}
Arrival-Date: Thu,  1 Jan 2026 00:00:08 +0000 (UTC)

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; 550 {status} <{to}>: Recipient address
    rejected: User unknown

--4Fh2Qb1GkTz9rxS.1767225609/relay.example.com
Content-Description: Undelivered Message
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Return-Path: <{SHOP}>
From: "Shop" <{SHOP}>
To: <{to}>
Subject: Your order has shipped

It will arrive on Friday.

--4Fh2Qb1GkTz9rxS.1767225609/relay.example.com--
""".encode()


def exim(to: str = "ann@example.com", *, said: str = "550 Unknown user") -> bytes:
    """Exim: the status is always 5.0.0, so that only the quoted reply tells more."""
    return f"""\
Return-path: <>
Received: from Debian-exim by relay.example.com with local (Exim 4.96)
\tid 1vB3pk-0004Xy-2C
\tfor {SHOP};
\tThu, 01 Jan 2026 00:00:09 +0000
X-Failed-Recipients: {to}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@relay.example.com>
To: {SHOP}
References: <dlv_order1@shop.example.com>
Content-Type: multipart/report; report-type=delivery-status; boundary=1767225609-eximdsn-428
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1vB3pk-0004Xy-2C@relay.example.com>
Date: Thu, 01 Jan 2026 00:00:09 +0000

--1767225609-eximdsn-428
Content-type: text/plain; charset=us-ascii

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {to}
    host mx.example.com [192.0.2.25]
    SMTP error from remote mail server after RCPT TO:<{to}>:
    {said}

--1767225609-eximdsn-428
Content-type: message/delivery-status

Reporting-MTA: dns; relay.example.com

Action: failed
Final-Recipient: rfc822;{to}
Status: 5.0.0
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; {said}

--1767225609-eximdsn-428
Content-type: text/rfc822-headers

From: "Shop" <{SHOP}>
To: <{to}>
Subject: Your order has shipped

--1767225609-eximdsn-428--
""".encode()


def exchange(to: str = "ann@example.com") -> bytes:
    """Exchange: CRLF, nested parts, no space after the semicolons, a page in HTML."""
    return f"""\
From: <postmaster@example.com>
To: <{SHOP}>
Date: Thu, 1 Jan 2026 00:00:09 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="2f7d1f36-3a58-43c1-9b52-f8a4c2d1b7aa"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-US
Message-ID: <8b1d9c0e-5e7b-4e0c-b7b1-1d2f3a4b5c6d@MX1.example.com>
In-Reply-To: <dlv_order1@shop.example.com>
Subject: Undeliverable: Your order has shipped
Auto-Submitted: auto-replied
MIME-Version: 1.0

--2f7d1f36-3a58-43c1-9b52-f8a4c2d1b7aa
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="c6e1a2b3-0a1b-4c2d-8e3f-112233445566"

--c6e1a2b3-0a1b-4c2d-8e3f-112233445566
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Delivery has failed to these recipients or groups:

{to}
The email address you entered couldn't be found.

--c6e1a2b3-0a1b-4c2d-8e3f-112233445566
Content-Type: text/html; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

<html><body><p>Delivery has failed to these recipients or groups:</p></body></html>

--c6e1a2b3-0a1b-4c2d-8e3f-112233445566--

--2f7d1f36-3a58-43c1-9b52-f8a4c2d1b7aa
Content-Type: message/delivery-status

Reporting-MTA: dns;MX1.example.com
Received-From-MTA: dns;relay.example.com
Arrival-Date: Thu, 1 Jan 2026 00:00:08 +0000

Original-Recipient: rfc822;{to}
Final-Recipient: rfc822;{to}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP
 address lookup
X-Display-Name: {to}

--2f7d1f36-3a58-43c1-9b52-f8a4c2d1b7aa
Content-Type: message/rfc822

From: "Shop" <{SHOP}>
To: <{to}>
Subject: Your order has shipped

It will arrive on Friday.

--2f7d1f36-3a58-43c1-9b52-f8a4c2d1b7aa--
""".replace("\n", "\r\n").encode()


SERVERS: dict[str, Callable[[str], bytes]] = {
    "postfix": postfix,
    "exim": exim,
    "exchange": exchange,
}
