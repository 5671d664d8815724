"""Tickets: events on sale, orders with a hold, payment, tickets with signed QR codes, check-in at the door."""
