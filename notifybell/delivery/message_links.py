"""The signed links in a message: to turn it off, and for a worker to mark it read."""

from notifybell.channels import web_push
from notifybell.config import Config
from notifybell.domain import links
from notifybell.domain.model import EMAIL, DueDelivery


class MessageLinks:
    """Signs them with the secret key that is in use."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def unsubscribe(self, due: DueDelivery) -> str | None:
        """None for what its reader cannot turn off: the required, and what has neither a category
        nor a list of addresses to leave."""
        if due.category is None and due.channel != EMAIL:
            return None
        declared = self._config.categories.get(due.category or "")
        if declared is not None and declared.required:
            return None
        what = links.Unsubscribe(due.user_id, due.channel, due.category)
        return self._signed("unsubscribe", what)

    def opened(self, due: DueDelivery, now: int) -> str | None:
        """Only a browser's worker has no login to mark read with; a digest stands for no single
        one."""
        if due.channel != web_push.CHANNEL.kind.name or due.is_digest:
            return None
        until = now + links.MARK_READ_LIFE_MS
        return self._signed("opened", links.MarkRead(due.user_id, due.notification_id, until))

    def _signed(self, page: str, what: links.Unsubscribe | links.MarkRead) -> str:
        token = links.sign(what, self._config.auth.secret_keys[0])
        return f"{self._config.server.public_url}/{page}/{token}"
