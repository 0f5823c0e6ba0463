"""The command line: settings as for ``cdk deploy``, and its exit status."""

import pytest

from doctor.__main__ import main, read_context


def test_a_setting_of_the_command_line_replaces_the_one_of_cdk_json() -> None:
    assert read_context([])["name_prefix"] == "registry"
    assert read_context(["name_prefix=team", "domain_name=a=b"])["name_prefix"] == "team"


def test_wrong_settings_are_told_all_at_once_before_anything_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-c", "domain_name=registry", "-c", "name_prefix=-"]) == 2
    told = capsys.readouterr().err
    assert all(name in told for name in ("domain_name: 'registry'", "alert_email: missing", "name_prefix: '-'"))


def test_an_argument_that_is_no_setting_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["-c", "domain_name"])
    assert "-c 'domain_name': expected KEY=VALUE" in capsys.readouterr().err
