"""The signature of what is sent, against the vector of the Standard Webhooks specification."""

from datetime import UTC, datetime

from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MOMENT = datetime.fromtimestamp(1614265330, UTC)


def test_the_library_signs_as_the_specification_says() -> None:
    """The vector that all of its libraries share."""
    signature = Webhook(SECRET).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", MOMENT, '{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
