"""Stock Dramatiq and Celery, each as its own manual sets it up. Run in the environment of the rivals."""
