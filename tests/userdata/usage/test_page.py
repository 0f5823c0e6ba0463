"""The files that the registry's page reads."""

import json
from pathlib import Path

from userdata.usage.book import Moment, Usage
from userdata.usage.page import show

TODAY = 20000
USAGE = Usage(Moment(1764313200, "alice"), Moment(1764316800, "bob"), {TODAY: 2, TODAY - 40: 5})


def test_a_repository_has_a_file_of_its_tags(tmp_path: Path) -> None:
    assert list(show(tmp_path, [("team/app", {"1.0": USAGE, "new": Usage(Moment(0, "carol"))})], TODAY)) == []
    file = tmp_path / "team/app/_.json"
    assert json.loads(file.read_text()) == {
        "1.0": {
            "pushed": {"at": "2025-11-28T07:00:00Z", "by": "alice"},
            "pulled": {"at": "2025-11-28T08:00:00Z", "by": "bob"},
            "pulls_30_days": 2,
        },
        "new": {"pushed": {"at": "1970-01-01T00:00:00Z", "by": "carol"}, "pulled": None, "pulls_30_days": 0},
    }
    assert file.stat().st_mode & 0o777 == 0o644


def test_only_what_has_changed_is_written(tmp_path: Path) -> None:
    for _ in range(2):
        list(show(tmp_path, [("team/app", {"1.0": USAGE}), ("other", {"1.0": USAGE})], TODAY))
    kept = (tmp_path / "team/app/_.json").stat().st_ino
    list(show(tmp_path, [("team/app", {"1.0": USAGE}), ("other", {"2.0": USAGE})], TODAY))
    assert (tmp_path / "team/app/_.json").stat().st_ino == kept
    assert "2.0" in json.loads((tmp_path / "other/_.json").read_text())


def test_what_is_gone_has_no_file(tmp_path: Path) -> None:
    list(show(tmp_path, [("team/app", {"1.0": USAGE})], TODAY))
    list(show(tmp_path, [], TODAY))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_no_name_leaves_the_folder_or_stops_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "usage"
    names = ["../outside", "/etc/cron.d/x", "a\0b", "A", "x" * 255, "a", "a.json/b", "a/b", "z"]
    refused = list(show(folder, [(name, {"1.0": USAGE}) for name in names], TODAY))
    assert refused == ["../outside", "/etc/cron.d/x", "a\0b", "A"]
    shown = sorted(str(path.relative_to(folder).parent) for path in folder.rglob("_.json"))
    assert shown == ["a", "a.json/b", "a/b", "x" * 255, "z"]
    assert [path.name for path in tmp_path.iterdir()] == ["usage"]
