"""All SQL of ticketing, one class for each noun, each on the session of the caller's transaction."""

from services.ticketing.repository.check_ins import CheckIns
from services.ticketing.repository.events import Events
from services.ticketing.repository.orders import Orders
from services.ticketing.repository.stock import Stock
from services.ticketing.repository.tickets import Tickets

__all__ = ["CheckIns", "Events", "Orders", "Stock", "Tickets"]
