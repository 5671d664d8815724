"""The rules of webhooks: which addresses may be reached, what an answer means, what subscribers are told."""
