"""What is published for ticketing, and when."""

from shared.contracts.ticketing import ExpireOrders
from shared.schedules import Schedule

SCHEDULES = [Schedule("ticketing.expire_orders", "* * * * *", ExpireOrders(), missed="run_once")]
