"""HTTP front: mounts each service's http.py; organisations and API keys; idempotency keys; the OpenAPI document."""
