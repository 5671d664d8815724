"""Albums, and the photos in them."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.integration.media.photos.studio import Studio, an_order


def test_albums_are_made_and_listed(studio: Studio) -> None:
    """Page by page, the oldest first."""
    made = [studio.album(name=f"Album {number}", keeps_place=number == 1) for number in range(3)]
    first = studio.api.get("/v1/albums?limit=2").json()
    rest = studio.api.get(f"/v1/albums?limit=2&cursor={first['next_cursor']}").json()
    assert [one["id"] for one in (*first["data"], *rest["data"])] == made
    assert [one["keeps_place"] for one in first["data"]] == [False, True]
    assert studio.api.get(f"/v1/albums/{made[0]}").json() == first["data"][0]


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "  "}, {"name": "a\nb"}, {"name": "x" * 201}])
def test_an_album_has_a_name(studio: Studio, body: dict[str, Any]) -> None:
    """That fits on a line."""
    assert studio.api.post("/v1/albums", json=body).status_code == 422


def test_photos_are_listed_by_their_place(studio: Studio) -> None:
    """Those of an album, and those of an order."""
    album, order = studio.album(), an_order()
    in_album = [studio.sent(number, album_id=album)["id"] for number in range(3)]
    of_order = studio.sent(7, order_id=order)["id"]
    page = studio.api.get(f"/v1/albums/{album}/photos?limit=2").json()
    rest = studio.api.get(f"/v1/albums/{album}/photos?cursor={page['next_cursor']}").json()
    assert [one["id"] for one in (*page["data"], *rest["data"])] == in_album
    assert [one["id"] for one in studio.api.get(f"/v1/photos?order_id={order}").json()["data"]] == [of_order]


def test_others_see_nothing(studio: Studio, stranger: TestClient) -> None:
    """Neither album nor photo, nor that there are any; nor do they set anything off."""
    album = studio.album()
    sent, order = studio.sent(1, album_id=album)["id"], an_order()
    studio.sent(2, order_id=order)
    asked = [
        stranger.get(f"/v1/albums/{album}"),
        stranger.get(f"/v1/albums/{album}/photos"),
        stranger.get(f"/v1/photos/{sent}"),
        stranger.post(f"/v1/photos/{sent}/regenerate"),
        stranger.post(f"/v1/albums/{album}/regenerate"),
    ]
    assert {one.status_code for one in asked} == {404}
    assert stranger.get(f"/v1/photos?order_id={order}").json()["data"] == []
    assert stranger.post("/v1/photos/regenerate").json()["code"] == "no_photos"
