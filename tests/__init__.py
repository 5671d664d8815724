"""Tests: unit, integration, e2e, faults, contracts, architecture, benchmarks."""
