"""What the demonstration checks with its own eyes: signatures, QR images, the mail."""

import base64
import email
import email.policy
import io
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import zxingcpp
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from PIL import Image

from deploy.local.demo.client import StepFailedError


def verify_token(token: str, keys: Sequence[dict[str, str]]) -> None:
    """Check a ticket's signature with nothing but the public keys, as an offline scanner does."""
    _, _, signature = token.split(".")
    signed = token.rpartition(".")[0].encode()
    for key in keys:
        try:
            Ed25519PublicKey.from_public_bytes(base64.b64decode(key["public_key"])).verify(_unpadded(signature), signed)
        except InvalidSignature:
            continue
        return
    raise StepFailedError(f"the token {token[:20]}… is not signed by any of the event's keys")


def read_qr(png: bytes) -> str:
    """The text of the QR code in a PNG, read as a camera app would."""
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("RGB"))
    if not found:
        raise StepFailedError("there is no readable QR code in the image")
    return str(found[0].text)


def mails_to(folder: Path, recipient: str) -> list[EmailMessage]:
    """The mails for somebody that lie in the sink."""
    mails = []
    for file in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        if recipient in str(message["To"]):
            mails.append(message)
    return mails


def inline_images(message: EmailMessage) -> list[bytes]:
    """The PNG images in a mail."""
    parts: list[Any] = [part for part in message.walk() if part.get_content_type() == "image/png"]
    return [part.get_content() for part in parts]


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
