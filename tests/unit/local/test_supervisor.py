"""When a process that died is started again."""

from deploy.local.supervisor import Backoff


def test_first_death_costs_no_time_and_each_further_one_more() -> None:
    """Up to five seconds."""
    backoff = Backoff()

    assert [backoff.after(0.1) for _ in range(8)] == [0, 0.5, 1, 2, 4, 5, 5, 5]


def test_long_life_makes_a_death_the_first_again() -> None:
    """Thirty seconds are long."""
    backoff = Backoff(deaths=5)

    assert [backoff.after(30.0), backoff.after(29.9)] == [0, 0.5]
