"""Which push subscriptions are acceptable."""

from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from notifybell.domain.errors import InvalidField
from notifybell.domain.push import endpoint_problem, keys_problem, origin, validate_subscription
from tests.servers import a_push_subscription

POINT = bytes.fromhex(  # the base point of P-256: a public key like any other
    "04"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
P256DH = urlsafe_b64encode(POINT).rstrip(b"=").decode()
AUTH = "AAECAwQFBgcICQoLDA0ODw"
ENDPOINT = "https://fcm.googleapis.com/fcm/send/ann"


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def pointers(endpoint: str, p256dh: str, auth: str) -> list[str]:
    with pytest.raises(InvalidField) as caught:
        validate_subscription(endpoint, p256dh, auth)
    return [problem.pointer for problem in caught.value.problems]


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/c2Zk:APA91bH",
        "https://fcm.googleapis.com:443/fcm/send/x",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAA%2b%2f%3d",
        "https://web.push.apple.com/QGX",
        "https://push.xn--mnchen-3ya.example/x",
    ],
)
def test_the_endpoints_of_browsers_are_accepted(endpoint: str) -> None:
    validate_subscription(endpoint, P256DH, AUTH)


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "push",
        "http://push.example.com/x",
        "ftp://push.example.com/x",
        "https://push.example.com:8443/x",
        "https://push.example.com:port/x",
        "https://push.example.com:99999/x",
        "https://ann@push.example.com/x",
        "https://ann:secret@push.example.com/x",
        "https://@push.example.com/x",
        "https://fcm.googleapis.com\\@127.0.0.1/x",
        "https://127.0.0.1/a.google.com/",
        "https://127.0.0.1:443/x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://0x7f000001/x",
        "https://push.0x7f/x",
        "https://8.8.8.8/x",
        "https://8.8.8.8./x",
        "https://[::1]/x",
        "https://[2606:4700::1111]/x",
        "https://[::1/x",
        "https://localhost/x",
        "https://intranet/x",
        "https://-bad-.example.com/x",
        "https:///x",
        "https://push.example.com/a b",
        "https://push.exa\nmple.com/x",
        "https://push.example.com/x\r\nHost: y",
        "https://push.exämple.com/x",
        "https://push.example.com/" + "x" * 2048,
    ],
)
def test_any_other_endpoint_is_refused(endpoint: str) -> None:
    assert pointers(endpoint, P256DH, AUTH) == ["/endpoint"]


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:8080/x", "https://[::1]:8443/x", "https://intranet/x"]
)
def test_private_endpoints_are_accepted_when_allowed(endpoint: str) -> None:
    validate_subscription(endpoint, P256DH, AUTH, allow_private=True)


@pytest.mark.parametrize("endpoint", ["ftp://127.0.0.1/x", "http://ann@127.0.0.1/x", "http://"])
def test_allowing_private_endpoints_does_not_allow_everything(endpoint: str) -> None:
    assert endpoint_problem(endpoint, allow_private=True)


def test_the_keys_of_a_browser_are_accepted() -> None:
    ann = a_push_subscription()
    validate_subscription(ann.endpoint, ann.p256dh, ann.auth)


@pytest.mark.parametrize(
    "p256dh",
    [
        "",
        "!" + P256DH,
        P256DH + "=====",
        "+" + P256DH[1:],
        P256DH[:-2],
        P256DH + "AAAA",
        encoded(b"\x02" + POINT[1:33]),  # compressed
        encoded(b"\x05" + POINT[1:]),
        encoded(POINT[:-1] + b"\xf4"),  # beside the curve
        encoded(b"\x04" + bytes(64)),  # the point at infinity, as some write it
        encoded(b"\x04" + b"\xff" * 64),  # larger than the field
    ],
)
def test_what_is_no_point_of_the_curve_is_refused(p256dh: str) -> None:
    assert pointers(ENDPOINT, p256dh, AUTH) == ["/keys/p256dh"]


@pytest.mark.parametrize("auth", ["", "AAAA", encoded(bytes(15)), encoded(bytes(17)), "é" * 22])
def test_an_auth_secret_of_another_size_is_refused(auth: str) -> None:
    assert pointers(ENDPOINT, P256DH, auth) == ["/keys/auth"]


def test_padded_keys_are_accepted() -> None:
    assert keys_problem(P256DH + "=", AUTH + "==") is None


def test_every_bad_part_is_named_at_once() -> None:
    assert pointers("x", "x", "x") == ["/endpoint", "/keys/p256dh", "/keys/auth"]


@settings(max_examples=50, deadline=None)
@given(st.integers(min_value=1, max_value=2**255))
def test_every_real_key_is_accepted_and_its_neighbours_are_not(secret: int) -> None:
    numbers = ec.derive_private_key(secret, ec.SECP256R1()).public_key().public_numbers()
    x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
    assert keys_problem(encoded(b"\x04" + x + y), AUTH) is None
    beside = (numbers.y ^ 1).to_bytes(32, "big")
    assert keys_problem(encoded(b"\x04" + x + beside), AUTH)


@settings(max_examples=300)
@given(st.text())
def test_no_text_makes_the_checks_fail(text: str) -> None:
    endpoint_problem(text)
    endpoint_problem("https://" + text)
    keys_problem(text, text)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", "https://fcm.googleapis.com"),
        ("https://FCM.googleapis.com:443/x", "https://fcm.googleapis.com"),
        ("https://push.example.com:8443/x?y#z", "https://push.example.com:8443"),
        ("http://127.0.0.1:80/x", "http://127.0.0.1"),
        ("http://127.0.0.1:443/x", "http://127.0.0.1:443"),
    ],
)
def test_the_origin_leaves_out_the_default_port(endpoint: str, expected: str) -> None:
    assert origin(endpoint) == expected
