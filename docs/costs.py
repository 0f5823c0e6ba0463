"""Writes the tables of docs/costs.md from the doctor's prices: ``.venv/bin/python -m docs.costs``.

Everything outside of the tables is the page's own: edit it there.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from doctor.cost.text import break_even_table, parts_table, sources_table

PAGE = Path(__file__).with_suffix(".md")
TABLES: Mapping[str, Callable[[], str]] = {"parts": parts_table, "ecr": break_even_table, "sources": sources_table}


def with_tables(page: str) -> str:
    for name, table in TABLES.items():
        before, begin, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        page = before + begin + table() + end + after
    return page


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
