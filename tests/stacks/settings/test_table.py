"""README's table of the settings."""

from stacks.settings.table import settings_table
from tests.support.assembly import PROJECT


def test_readme_has_the_table_that_the_settings_make() -> None:
    _, _, rest = (PROJECT / "README.md").read_text().partition("<!-- settings -->\n")
    written, end, _ = rest.partition("<!-- /settings -->\n")
    assert end
    assert written == settings_table(), "put the output of `python -m stacks.settings.table` there"
