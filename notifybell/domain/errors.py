"""Every error NotifyBell raises on purpose. A class exists only where a caller acts differently.

    NotifyBellError
    ├── RequestRefused                        the request is at fault (4xx at the door)
    │   ├── InvalidRequest                    not readable as what it claims to be
    │   ├── InvalidField                      one or more fields hold what is not allowed
    │   ├── Unauthenticated
    │   ├── Forbidden
    │   ├── NotFound
    │   ├── TooLarge
    │   └── Conflict
    │       └── IdempotencyMismatch           same key, other request
    ├── Busy                                  we are at a limit; try again (503 at the door)
    │   ├── QueueFull
    │   ├── StoreUnavailable                  disk full or not writable; nothing was accepted
    │   ├── StoreFull                         store.max_size is reached; no broadcast is accepted
    │   ├── TooManyStreams
    │   └── TooManyRequests                   this caller, not we (429 at the door)
    │       └── RateLimited                   one of [limits]
    ├── ConfigError                           the configuration file (exit code 2)
    ├── StoreError                            the database cannot be opened (exit code 3)
    ├── BackupFailed                          no copy was made, or a copy is not usable
    └── SendError                             the only errors a Sender raises
        ├── Temporary                         try again
        ├── Rejected                          this message will never be taken
        ├── AddressGone                       this address will never take any message
        └── Misconfigured                     our own fault: pauses the channel, costs no attempt

`code` is stable and public; a class's docstring is its default sentence.
"""

import msgspec


class NotifyBellError(Exception):
    """Something went wrong."""

    code = "error"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def message(self) -> str:
        """The sentence for people."""
        return str(self.args[0])


class RequestRefused(NotifyBellError):
    """The request was refused."""

    code = "request_refused"


class InvalidRequest(RequestRefused):
    """The request body is not valid JSON."""

    code = "invalid_request"


class FieldProblem(msgspec.Struct, frozen=True):
    """One thing wrong with one field of a request."""

    pointer: str
    #: RFC 6901 JSON pointer into the body, or the name of a query parameter or header
    message: str


class InvalidField(RequestRefused):
    """A field holds a value that is not allowed."""

    code = "invalid_field"

    def __init__(self, pointer: str, message: str, *more: FieldProblem) -> None:
        self.problems = (FieldProblem(pointer, message), *more)
        super().__init__(f"{pointer}: {message}" if pointer else message)


class Unauthenticated(RequestRefused):
    """A valid project token or user token is required."""

    code = "unauthenticated"


class Forbidden(RequestRefused):
    """This token may not do this."""

    code = "forbidden"


class NotFound(RequestRefused):
    """There is no such thing here."""

    code = "not_found"


class TooLarge(RequestRefused):
    """The request body is larger than allowed."""

    code = "too_large"


class Conflict(RequestRefused):
    """The request conflicts with what is stored."""

    code = "conflict"


class IdempotencyMismatch(Conflict):
    """This Idempotency-Key was already used for a different request."""

    code = "idempotency_mismatch"


class Busy(NotifyBellError):
    """The server is at a limit; try again shortly."""

    code = "busy"
    retry_after_s = 1


class QueueFull(Busy):
    """The write queue is full; nothing was accepted, try again shortly."""

    code = "queue_full"


class StoreUnavailable(Busy):
    """The database cannot be written right now; nothing was accepted, try again shortly."""

    code = "store_unavailable"
    retry_after_s = 5


class StoreFull(Busy):
    """The database has reached store.max_size; no broadcast is accepted until there is room."""

    code = "store_full"
    retry_after_s = 300


class TooManyStreams(Busy):
    """Too many live streams are open; try again shortly."""

    code = "too_many_streams"
    retry_after_s = 10


class TooManyRequests(Busy):
    """Too many requests from here; try again later."""

    code = "too_many_requests"
    retry_after_s = 60


class RateLimited(TooManyRequests):
    """Too many requests in a short time; try again after Retry-After seconds."""

    code = "rate_limited"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__()
        self.retry_after_s = retry_after_s


class ConfigError(NotifyBellError):
    """The configuration is not valid."""

    code = "config"


class StoreError(NotifyBellError):
    """The database cannot be opened."""

    code = "store"


class BackupFailed(NotifyBellError):
    """The backup failed."""

    code = "backup_failed"


class SendError(NotifyBellError):
    """A message could not be sent."""

    code = "send_failed"


class Temporary(SendError):
    """The attempt failed in a way that may pass.

    `retry_after_s` is the wait the other side asked for, in seconds, or None. `is_down` says that
    the host itself could not be reached or cannot work, whatever the message.
    """

    code = "temporary"

    def __init__(
        self, message: str, *, retry_after_s: int | None = None, is_down: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.is_down = is_down


class Rejected(SendError):
    """The other side refused this message for good."""

    code = "rejected"


class AddressGone(SendError):
    """The address no longer exists; it is forgotten and never tried again."""

    code = "address_gone"


class Misconfigured(SendError):
    """Our own configuration is refused; `setting` names the key to look at."""

    code = "misconfigured"

    def __init__(self, setting: str, message: str) -> None:
        super().__init__(message)
        self.setting = setting
