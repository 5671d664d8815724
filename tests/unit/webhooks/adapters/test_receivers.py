"""The signature of what is sent, against the vector of the Standard Webhooks specification."""

import ssl
from datetime import UTC, datetime

from services.webhooks.adapters.receivers import HttpReceivers

MOMENT = datetime.fromtimestamp(1614265330, UTC)


def test_headers_are_those_of_the_specification() -> None:
    """The vector that all of its libraries share."""
    nobody_trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    receivers = HttpReceivers((), clock=lambda: MOMENT, ssl_context=nobody_trusted)
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = receivers._headers("msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', secret)
    assert headers == {
        "Content-Type": "application/json",
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
