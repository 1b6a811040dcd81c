"""What a form of token gives its routes: paths, words, and the types of bodies and answers.

Types are made of the form's Struct, so that the OpenAPI document tells exactly what each channel
takes.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import msgspec
from litestar.params import JSONBody

from notifybell.api.body import JsonBody
from notifybell.api.pagination import Page
from notifybell.config import Config
from notifybell.domain.channel_kind import ChannelKind, TokenForm
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import NotFound
from notifybell.domain.model import Token


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One way to be reached on a channel, and what its routes are made of."""

    kind: ChannelKind
    path: str
    struct: type[TokenForm]

    @property
    def words(self) -> str:
        """For sentences: "web push", "mobile push apns"."""
        return self.path.replace("/", " ").replace("_", " ")

    @property
    def name(self) -> str:
        """For operation ids."""
        return self.path.replace("/", "_")

    @property
    def answer(self) -> Any:
        """The Struct that tells of a token."""
        return answer_struct(self.struct)

    @property
    def user_url(self) -> str:
        """The user's own list."""
        return f"/api/channels/{self.path}/tokens"

    def url_of(self, user_id: str) -> str:
        """The project's list of a user's."""
        return f"/api/users/{user_id}/channels/{self.path}/tokens"

    def table(self, config: Config) -> Table:
        """The channel's configuration. Raises NotFound where nothing could be sent.

        A channel that has several ways out has a table for each, named as its path goes on.
        """
        table, way = config.table_of(self.kind.name), self.path.partition("/")[2]
        if table is None:
            raise self.off()
        if getattr(table, way, table) is None:
            raise self.off(f".{way}")
        return table

    def off(self, way: str = "") -> NotFound:
        """What is said where the channel has no configuration."""
        name = f"{self.kind.name}{way}"
        return NotFound(f"{self.kind.label} is off: the configuration has no [{name}].")

    def told(self, token: Token) -> Any:
        """A stored token as the API shows it."""
        return self.answer(
            id=token.id,
            created_at=to_rfc3339(token.created_at),
            updated_at=to_rfc3339(token.updated_at),
            discarded_at=None,
            **fields_of(msgspec.json.decode(token.data, type=self.struct)),
        )


def forms_of(kinds: Iterable[ChannelKind]) -> list[Form]:
    """Every form of every channel."""
    return [
        Form(kind=kind, path=path, struct=struct)
        for kind in kinds
        for path, struct in kind.tokens.items()
    ]


def own_fields(struct: type[TokenForm]) -> Iterator[msgspec.structs.FieldInfo]:
    """The fields of a form that are kept."""
    return (field for field in msgspec.structs.fields(struct) if field.name not in struct.not_kept)


def fields_of(data: TokenForm) -> dict[str, Any]:
    """What is kept of a form, by the names of its fields."""
    return {field.name: getattr(data, field.name) for field in own_fields(type(data))}


def struct_of(name: str, doc: str, form: type[TokenForm], *more: tuple[str, Any]) -> Any:
    """A Struct with a form's fields. Those that are null are left out, as clients expect it."""
    own = list(own_fields(form))
    return msgspec.defstruct(
        name,
        [*more, *((one.name, one.type, *([None] if one.default is None else [])) for one in own)],
        namespace={"__doc__": doc},
        module=__name__,
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        rename={one.name: one.encode_name for one in own},
    )


@cache
def answer_struct(form: type[TokenForm]) -> Any:
    """The Struct that tells of a token: its form's own fields, and when."""
    times = (("created_at", str), ("updated_at", str), ("discarded_at", str | None))
    return struct_of(f"{form.__name__}Out", "A stored token.", form, ("id", str), *times)


def body_of(form: Form) -> dict[str, Any]:
    """Arguments of a route whose body is the form."""
    dto: Any = JsonBody
    return {"dto": dto[form.struct], "return_dto": None}


def typed(handler: Callable[..., Any], name: str, **types: Any) -> Callable[..., Any]:
    """The handler under a name of its own, with the types that only its form knows."""
    handler.__name__ = name
    handler.__annotations__ |= types
    return handler


def body_type(form: Form) -> Any:
    """The annotation of a body of this form."""
    body: Any = JSONBody
    return body[form.struct]


def page_type(form: Form) -> Any:
    """The annotation of a page of such tokens."""
    page: Any = Page
    return page[form.answer]
