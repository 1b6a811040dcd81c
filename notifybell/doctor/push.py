"""The keys of web push, as the push services see them."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from notifybell.channels.web_push import public_key
from notifybell.config import WebPushConfig
from notifybell.config_warnings import is_example_contact
from notifybell.domain.errors import ConfigError
from notifybell.domain.findings import Finding, ok, problem, warning


def keys(push: WebPushConfig, public_url: str) -> Iterator[Finding]:
    """The key, the contact, and whether browsers would subscribe at all."""
    try:
        public = public_key(push.private_key)
    except ConfigError as exc:
        yield problem("web_push.key", f"{exc.message}.", "Put the key back that was there before.")
        return
    yield ok("web_push.key", f"Browsers subscribe with {public[:12]}…{public[-6:]}.")
    # The example is among the doubts about the configuration already.
    if not is_example_contact(push.subject):
        yield ok("web_push.subject", f"Push services can reach you at {push.subject}.")
    url = urlsplit(public_url)
    if url.scheme != "https" and url.hostname not in ("localhost", "127.0.0.1", "::1"):
        yield warning(
            "web_push.https",
            f"Browsers subscribe on pages with HTTPS only, and server.public_url is {public_url}.",
            "Put a proxy with HTTPS in front: see docs/deployment.md.",
        )
