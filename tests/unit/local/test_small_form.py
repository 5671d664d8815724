"""The small form: who shares a process with whom."""

import pytest

from deploy.local.errors import LocalStackError
from deploy.local.settings import CONCERNS, POOLS, Pool, Settings
from deploy.local.small_form import Group, grouped, is_small
from deploy.small.workers import Share, shares_of


def test_two_processes_do_all_the_work_of_the_pools() -> None:
    """Every queue is somebody's; what a buyer waits for never shares a process with what burns a processor."""
    alone, groups = grouped(POOLS)

    assert [pool.name for pool in alone] == ["gateway", "scheduler", "relay"]
    assert [group.name for group in groups] == ["workers", "workers-heavy"]
    assert [pool for group in groups for pool in group.pools if pool.is_heavy] == list(groups[1].pools)
    assert {pool.name for group in groups for pool in group.pools} == {
        pool.name for pool in POOLS if pool.service in CONCERNS
    }


def test_group_names_the_queues_of_its_pools() -> None:
    """A pool that takes all queues of its service names none; two pools of a service keep threads of their own."""
    group = Group("workers", [Pool("a", "a"), Pool("b", "b", ("b.x",)), Pool("b-long", "b", ("b.y", "b.z"))])

    assert group.arguments == ["deploy.small", "a", "b:b.x", "b:b.y,b.z", "--threads", "2"]


def test_process_is_told_what_its_services_are_told() -> None:
    """And no secret besides, but the key from which their roles follow."""
    around = {
        "DATABASE_URL": "x",
        "SECRET_KEY": "s",
        "NOTIFICATIONS_FROM": "n",
        "GATEWAY_HOST": "g",
        "BELLHOP_FORM": "f",
    }

    told = Settings({**around, "PATH": "p"}).for_services(["notifications", "payments"], DATABASE_URL="own")

    assert told == {"PATH": "p", "SECRET_KEY": "s", "NOTIFICATIONS_FROM": "n", "DATABASE_URL": "own"}


@pytest.mark.parametrize(("form", "small"), [("", False), ("full", False), ("small", True)], ids=["", "full", "small"])
def test_one_setting_chooses_the_form(form: str, small: bool) -> None:
    assert is_small(form) is small


def test_form_that_there_is_not_is_refused() -> None:
    with pytest.raises(LocalStackError, match="BELLHOP_FORM is full or small, not 'tiny'"):
        is_small("tiny")


def test_shares_are_read_from_the_command_line() -> None:
    shares = shares_of(["payments", "media:media.photos, media.default", "media:media.archives"], ["media", "payments"])

    photos, archives = Share("media", ("media.photos", "media.default")), Share("media", ("media.archives",))
    assert shares == [Share("payments"), photos, archives]


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["webhooks"], "'webhooks' is not deployed here; media, payments are"),
        (["media", "media:media.x"], "named twice"),
    ],
    ids=["not deployed", "twice"],
)
def test_share_that_cannot_be_is_refused(texts: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        shares_of(texts, ["media", "payments"])
