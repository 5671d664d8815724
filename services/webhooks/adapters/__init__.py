"""The world outside, as the webhooks service meets it: the endpoints of subscribers."""
