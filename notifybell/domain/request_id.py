"""Which request is being answered: for the lines that the log gets meanwhile."""

from contextvars import ContextVar

REQUEST_ID: ContextVar[str | None] = ContextVar("REQUEST_ID", default=None)
