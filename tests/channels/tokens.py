"""Users' addresses as the dispatcher hands them to a sender."""

from collections.abc import Mapping
from typing import Any

import msgspec

from notifybell.domain.channel_kind import TokenForm
from notifybell.domain.model import Token
from tests.channels.conftest import NOW


def a_token(channel: str, form: str, data: TokenForm | Mapping[str, Any], **changes: Any) -> Token:
    """Ann's token of this form, as it is stored. `data` is the form, or its JSON."""
    values: dict[str, Any] = {
        "id": "tok_ann1",
        "user_id": "usr_ann",
        "channel": channel,
        "form": form,
        "address": data.address if isinstance(data, TokenForm) else f"{form} of Ann",
        "host": data.host if isinstance(data, TokenForm) else "",
        "data": msgspec.json.encode(data).decode(),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Token(**(values | changes))
