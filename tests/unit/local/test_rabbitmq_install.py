"""Where a RabbitMQ comes from."""

from pathlib import Path

from deploy.local.rabbitmq_install import NO_RABBITMQ, POLICY_TEXT, services_held_back


def _policy(file: Path, code: int) -> str:
    file.write_text(f"#!/bin/sh\nexit {code}\n", encoding="ascii")
    file.chmod(0o755)
    return file.read_text(encoding="ascii")


def test_no_service_may_start_while_a_package_is_installed(tmp_path: Path) -> None:
    """And the policy is gone afterwards."""
    policy = tmp_path / "policy-rc.d"

    with services_held_back(policy):
        during = (policy.read_text(encoding="ascii"), policy.stat().st_mode & 0o111)

    assert during == (POLICY_TEXT, 0o111)
    assert list(tmp_path.iterdir()) == []


def test_policy_that_forbids_already_is_left_alone(tmp_path: Path) -> None:
    """As images of containers have it."""
    policy = tmp_path / "policy-rc.d"
    text = _policy(policy, 101)

    with services_held_back(policy):
        during = policy.read_text(encoding="ascii")

    assert (during, policy.read_text(encoding="ascii")) == (text, text)


def test_other_policy_is_put_back(tmp_path: Path) -> None:
    """It was out of force for the moment only."""
    policy = tmp_path / "policy-rc.d"
    text = _policy(policy, 0)

    with services_held_back(policy):
        during = policy.read_text(encoding="ascii")

    assert (during, policy.read_text(encoding="ascii")) == (POLICY_TEXT, text)
    assert list(tmp_path.iterdir()) == [policy]


def test_policy_of_a_run_that_was_cut_off_is_removed(tmp_path: Path) -> None:
    """It is ours, and so is the one put aside then: that comes back."""
    policy, aside = tmp_path / "policy-rc.d", tmp_path / "policy-rc.d.bellhop-aside"
    policy.write_text(POLICY_TEXT, encoding="ascii")
    text = _policy(aside, 0)

    with services_held_back(policy):
        pass

    assert policy.read_text(encoding="ascii") == text
    assert list(tmp_path.iterdir()) == [policy]


def test_message_names_every_way_out() -> None:
    """Also the one without a broker."""
    assert all(way in NO_RABBITMQ for way in ("apt-get install rabbitmq-server", "Docker", "RABBITMQ_URL=memory://"))
