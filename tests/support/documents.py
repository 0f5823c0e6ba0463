"""What the documents tell people to type."""

import re
from pathlib import Path

USAGE = Path(__file__).parents[2] / "docs" / "usage.md"


def audit_query(condition: str = "") -> str:
    """The query of CloudWatch Logs Insights, with one more condition before its sort."""
    (query,) = re.findall(r"```\n(fields .*?)```", USAGE.read_text(), re.DOTALL)
    return str(query).replace("| sort", f"| filter {condition}\n| sort") if condition else str(query)
