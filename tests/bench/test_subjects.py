"""The command line: `python -m bench SUBJECT`."""

import pytest

from bench.__main__ import SUBJECTS, main


def test_help_has_one_line_for_each_subject(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.argv", ["bench", "--help"])
    with pytest.raises(SystemExit):
        main()
    lines = {tuple(line.split(maxsplit=1)) for line in capsys.readouterr().out.splitlines()}
    assert {(name, subject.about) for name, subject in SUBJECTS.items()} <= lines
