"""What the local stack keeps."""

from pathlib import Path

from deploy.local.run_folder import RunFolder


def test_port_is_chosen_once(tmp_path: Path) -> None:
    """Also for the next start; no two processes share one."""
    first, again = RunFolder(tmp_path), RunFolder(tmp_path)
    names = [f"process-{number}" for number in range(20)]

    chosen = [first.port(name) for name in names]

    assert [again.port(name) for name in names] == chosen
    assert len(set(chosen)) == len(names)


def test_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    """Two secrets differ."""
    folder = RunFolder(tmp_path)

    one, two = folder.secret("ONE"), folder.secret("TWO")

    assert (RunFolder(tmp_path).secret("ONE"), one == two) == (one, False)
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_api_key_belongs_to_its_database(tmp_path: Path) -> None:
    """A key made in one database means nothing in another."""
    folder, made = RunFolder(tmp_path), iter(["first", "second"])

    keys = [folder.api_key(url, lambda: next(made)) for url in ("postgresql://a", "postgresql://b", "postgresql://a")]

    assert keys == ["first", "second", "first"]


def test_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    """The second is told no; after the first has let go it is told yes."""
    folder = RunFolder(tmp_path)

    with folder.hold() as first, RunFolder(tmp_path).hold() as second:
        pass
    with folder.hold() as third:
        pass

    assert (first, second, third) == (True, False, True)
