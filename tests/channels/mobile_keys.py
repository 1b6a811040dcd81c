"""Keys as Apple and Google hand them out, made for this run."""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

APPLE_KEY = ec.generate_private_key(ec.SECP256R1())
GOOGLE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ROBOT = "bell@shop-1.iam.gserviceaccount.com"


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """The key as it stands in a file."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def an_account(**changes: Any) -> str:
    """The key file of shop's service account."""
    account = {
        "type": "service_account",
        "project_id": "shop-1",
        "client_email": ROBOT,
        "private_key": pem(GOOGLE_KEY),
        "private_key_id": "k1",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return json.dumps(account | changes)
