"""Webhooks: their words, secrets and signatures, held to the reference implementation."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from notifybell.domain.errors import Temporary
from notifybell.domain.events import EventType
from notifybell.domain.ids import delivery_id, new_id, webhook_delivery_id
from notifybell.domain.retry import Dead, Retry, after_failure
from notifybell.domain.webhooks import (
    EVENTS,
    RETRY,
    key_of,
    logged_types,
    signatures,
    wire_name,
)
from tests.factories import NOW


def a_secret(key: bytes) -> str:
    return "whsec_" + b64encode(key).decode()


@given(
    key=st.binary(min_size=24, max_size=64),
    timestamp_s=st.integers(0, 4_000_000_000),
    text=st.text(max_size=200),
)
def test_a_signature_is_the_reference_implementations(
    key: bytes, timestamp_s: int, text: str
) -> None:
    body = text.encode("utf-8", "replace")
    reference = Webhook(a_secret(key)).sign(
        "dlv_1", datetime.fromtimestamp(timestamp_s, UTC), body.decode()
    )
    assert signatures([key], "dlv_1", timestamp_s, body) == reference


def test_every_key_signs_in_its_order() -> None:
    old, new = b"o" * 32, b"n" * 32
    both = signatures([new, old], "dlv_1", 1, b"{}").split(" ")
    assert both == [signatures([key], "dlv_1", 1, b"{}") for key in (new, old)]


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_secret_is_read_with_and_without_its_padding(size: int) -> None:
    key = bytes(range(size))
    assert key_of(a_secret(key)) == key_of(a_secret(key).rstrip("=")) == key


@pytest.mark.parametrize(
    "secret",
    [
        a_secret(b"x" * 23),
        a_secret(b"x" * 65),
        a_secret(b"x" * 32).removeprefix("whsec_"),
        "whsec_" + "-_" * 20,
        "whsec_" + "é" * 40,
        "whsec_" + "A" * 33,
        "whsec_",
        "",
    ],
)
def test_other_secrets_are_refused(secret: str) -> None:
    with pytest.raises(ValueError):
        key_of(secret)


def test_every_name_stands_for_types_of_the_log_and_no_type_for_two_names() -> None:
    types = [logged for name in EVENTS for logged in logged_types([name])]
    assert len(types) == len(set(types)) and set(types) <= set(get_args(EventType))
    for name in EVENTS:
        assert {wire_name(logged) for logged in logged_types([name])} == {name}


def test_given_up_and_suppressed_are_failed_on_the_wire() -> None:
    assert logged_types(["delivery.failed"]) == ("delivery.dead", "delivery.suppressed")


def test_a_webhooks_delivery_has_an_id_of_its_own_and_no_full_stop_in_it() -> None:
    first = webhook_delivery_id("evt_000000000000001", NOW, "shop")
    assert first == webhook_delivery_id("evt_000000000000001", NOW, "shop")
    others = [("evt_000000000000002", "shop"), ("evt_000000000000001", "crm")]
    assert len({first, *(webhook_delivery_id(one, NOW, name) for one, name in others)}) == 3
    assert "." not in first
    usual = delivery_id(new_id("ntf", NOW), 0)
    assert len(first) == len(usual) and first[:10] == usual[:10]


def test_there_are_attempts_left_until_the_deadline() -> None:
    now, attempt = NOW, 0
    verdict: Retry | Dead = Retry(NOW)
    while isinstance(verdict, Retry):
        now, attempt = verdict.due_at, attempt + 1
        verdict = after_failure(
            RETRY,
            Temporary("500"),
            attempt=attempt,
            deadline_at=NOW + RETRY.deadline_ms,
            now=now,
            jitter=0.5,
        )
    assert "deadline" in verdict.reason
    assert now - NOW > 0.9 * RETRY.deadline_ms
    assert 30 < attempt < RETRY.max_attempts
