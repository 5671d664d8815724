"""What is published for ticketing, and when."""

from shared.contracts.ticketing import ExpireOrders, PurgeTicketing
from shared.schedules import Schedule

SCHEDULES = [
    Schedule("ticketing.expire_orders", "* * * * *", ExpireOrders(), missed="run_once"),
    Schedule("ticketing.purge", "7 * * * *", PurgeTicketing(), missed="run_once"),
]
