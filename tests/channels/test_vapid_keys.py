"""The key that push services know us by."""

from base64 import b64encode, urlsafe_b64decode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from notifybell.channels.web_push import generate_private_key, public_key
from notifybell.domain.errors import ConfigError

KEY = generate_private_key()


def test_a_fresh_key_is_32_bytes_and_has_a_public_point() -> None:
    key = generate_private_key()
    assert len(urlsafe_b64decode(key + "=")) == 32
    point = urlsafe_b64decode(public_key(key) + "=")
    assert (len(point), point[0]) == (65, 4)
    assert generate_private_key() != key


@pytest.mark.parametrize("format", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_key_made_by_other_tools_is_read(encoding: Encoding, format: PrivateFormat) -> None:
    raw = urlsafe_b64decode(KEY + "=")
    key = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
    exported = key.private_bytes(encoding, format, NoEncryption())
    text = exported.decode() if encoding is Encoding.PEM else _base64(exported)
    assert public_key(text) == public_key(KEY)


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "no key",
        "AAAA",
        "A" * 43,  # zero
        "_" * 43,  # larger than the order
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    ],
)
def test_what_is_no_key_is_a_fault_of_the_configuration(key: str) -> None:
    with pytest.raises(ConfigError, match=r"web_push\.private_key"):
        public_key(key)


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()]
)
def test_a_key_of_another_curve_is_a_fault_of_the_configuration(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(ConfigError, match="P-256"):
        public_key(pem)
