"""The application: which routes there are, and what each may ask for. Opens nothing."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi.config import OpenAPIConfig
from litestar.types import ASGIApp

from notifybell.api import openapi, problems
from notifybell.api.auth import Authenticator, admit
from notifybell.api.broadcasts import BroadcastController
from notifybell.api.channels import list_channels, try_channels
from notifybell.api.client_address import Proxies
from notifybell.api.deliveries import DeliveryController
from notifybell.api.docs import docs_routes
from notifybell.api.door import Door
from notifybell.api.events import EventController
from notifybell.api.explain import explain_notification
from notifybell.api.health import healthz, readyz
from notifybell.api.home import show_home
from notifybell.api.inbox_page import inbox_routes
from notifybell.api.inbox_sessions import SignInLimits
from notifybell.api.installations import installation_routes
from notifybell.api.marks import MARK_ROUTES
from notifybell.api.metrics import get_metrics
from notifybell.api.notifications import NotificationController
from notifybell.api.opened import tell_opened
from notifybell.api.operators import Operators
from notifybell.api.parts import Parts
from notifybell.api.preferences import PreferencesController
from notifybell.api.prometheus import get_prometheus
from notifybell.api.rate_limit import Limits
from notifybell.api.request import ApiRequest
from notifybell.api.snooze import snooze
from notifybell.api.stream_trial import try_stream
from notifybell.api.suppressions import SuppressionController
from notifybell.api.tokens import token_routes
from notifybell.api.topics import SubscriptionController, TopicController
from notifybell.api.unsubscribe import show_unsubscribe, unsubscribe
from notifybell.api.user_export import export_user
from notifybell.api.user_import import import_users
from notifybell.api.users import UserController
from notifybell.api.widget import widget_routes


def create_app(parts: Parts, *more_routes: Any) -> ASGIApp:
    """The ASGI application over these parts; `more_routes` are demo mode's."""
    app = create_litestar(parts, *more_routes)
    return Door(app, parts.config.server.allowed_origins, parts.request_log, parts.meter)


def create_litestar(parts: Parts, *more_routes: Any) -> Litestar:
    """The routes, without what surrounds them."""
    described = partial(_litestar, parts, more_routes, openapi.config())
    return _litestar(parts, (*more_routes, *docs_routes(described, parts.config)), None)


def state_of(parts: Parts) -> dict[str, Any]:
    """What the routes find at `request.app.state`; they hold nothing of the parts themselves."""
    config = parts.config
    proxies = Proxies(config.server.trusted_proxies)
    operators = Operators(parts.database, parts.clock, config)
    authenticator = Authenticator(
        database=parts.database,
        clock=parts.clock,
        api_key=config.auth.api_key,
        secret_keys=config.auth.secret_keys,
        project_tokens=config.auth.project_tokens,
        operators=operators,
        limits=Limits(config.limits),
        proxies=proxies,
    )
    return {
        "parts": parts,
        "authenticator": authenticator,
        "operators": operators,
        "proxies": proxies,
        "sign_in_limits": SignInLimits(),
    }


def _litestar(
    parts: Parts, more_routes: Sequence[Any], openapi_config: OpenAPIConfig | None
) -> Litestar:
    """With an `openapi_config`, Litestar adds routes of its own: such a one is only described."""
    config = parts.config
    of_channels = (*token_routes(config.kinds), *installation_routes(config.kinds))
    return Litestar(
        [
            *_ROUTES,
            *of_channels,
            *widget_routes(),
            *inbox_routes(config),
            *_home(more_routes),
            *more_routes,
        ],
        before_request=admit,
        request_class=ApiRequest,
        state=State(state_of(parts)),
        exception_handlers=problems.HANDLERS,
        request_max_body_size=config.server.max_body,
        openapi_config=openapi_config,
        logging_config=None,
    )


def _home(more_routes: Sequence[Any]) -> list[Any]:
    """The page at the root, unless demo mode's is there."""
    is_taken = any("/" in getattr(route, "paths", ()) for route in more_routes)
    return [] if is_taken else [show_home]


_ROUTES = (
    BroadcastController,
    UserController,
    export_user,
    import_users,
    DeliveryController,
    list_channels,
    try_channels,
    EventController,
    get_metrics,
    explain_notification,
    SuppressionController,
    TopicController,
    SubscriptionController,
    NotificationController,
    *MARK_ROUTES,
    try_stream,
    snooze,
    PreferencesController,
    show_unsubscribe,
    unsubscribe,
    tell_opened,
    healthz,
    readyz,
    get_prometheus,
)
