"""Engine, unit of work, declarative base, migrations runner."""
