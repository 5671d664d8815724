"""`make bench`: what is promised about speed, measured beside Celery and stock Dramatiq in one run on one machine."""
