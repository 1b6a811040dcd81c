"""The application: which routes there are, and what each may ask for. Opens nothing."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.types import ASGIApp

from notifybell.api import auth, openapi, problems
from notifybell.api.assets import widget_routes
from notifybell.api.auth import Authenticator
from notifybell.api.broadcasts import BroadcastController
from notifybell.api.deliveries import DeliveryController
from notifybell.api.docs import docs_routes
from notifybell.api.door import Door
from notifybell.api.health import healthz, readyz
from notifybell.api.notifications import MARK_ROUTES, NotificationController
from notifybell.api.preferences import PreferencesController
from notifybell.api.push_subscriptions import (
    PushSubscriptionController,
    UserPushSubscriptionController,
)
from notifybell.api.request import ApiRequest
from notifybell.api.unsubscribe import show_unsubscribe, unsubscribe
from notifybell.api.users import UserController
from notifybell.config import Config
from notifybell.delivery.accept import Accept
from notifybell.delivery.dispatcher import Dispatcher
from notifybell.domain.clock import Clock
from notifybell.realtime.hub import Hub
from notifybell.store.database import Database


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What the handlers work with, wired by `serve.py`."""

    config: Config
    database: Database
    clock: Clock
    accept: Accept
    hub: Hub
    dispatcher: Dispatcher
    vapid_public_key: str | None = None
    #: what browsers subscribe with; None where web push is off


def create_app(parts: Parts, *more_routes: Any) -> ASGIApp:
    """The ASGI application over these parts; `more_routes` are demo mode's."""
    return Door(create_litestar(parts, *more_routes), parts.config.server.allowed_origins)


def create_litestar(parts: Parts, *more_routes: Any) -> Litestar:
    """The routes, without what surrounds them."""
    described = partial(_litestar, parts, more_routes, openapi.config())
    return _litestar(parts, (*more_routes, *docs_routes(described, parts.config)), None)


def _litestar(
    parts: Parts, more_routes: Sequence[Any], openapi_config: OpenAPIConfig | None
) -> Litestar:
    """With an `openapi_config`, Litestar adds routes of its own: such a one is only described."""
    config = parts.config
    authenticator = Authenticator(
        database=parts.database,
        clock=parts.clock,
        api_key=config.auth.api_key,
        secret_keys=config.auth.secret_keys,
        project_tokens=config.auth.project_tokens,
    )
    return Litestar(
        [*_ROUTES, *widget_routes(), *more_routes],
        before_request=authenticator.admit,
        request_class=ApiRequest,
        dependencies={
            "db": _given(parts.database),
            "accept": _given(parts.accept),
            "hub": _given(parts.hub),
            "clock": _given(parts.clock),
            "config": _given(config),
            "dispatcher": _given(parts.dispatcher),
            "vapid_public_key": _given(parts.vapid_public_key),
            "project": Provide(auth.project, sync_to_thread=False),
            "user": Provide(auth.user, sync_to_thread=False),
        },
        exception_handlers=problems.HANDLERS,
        request_max_body_size=config.server.max_body,
        openapi_config=openapi_config,
        logging_config=None,
    )


_ROUTES = (
    BroadcastController,
    UserController,
    UserPushSubscriptionController,
    DeliveryController,
    NotificationController,
    *MARK_ROUTES,
    PreferencesController,
    PushSubscriptionController,
    show_unsubscribe,
    unsubscribe,
    healthz,
    readyz,
)


def _given(part: Any) -> Provide:
    return Provide(lambda: part, sync_to_thread=False)
