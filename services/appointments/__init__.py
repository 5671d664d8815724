"""Appointments: calls that come in through Retell, and the appointments that they lead to in Cal.com."""
