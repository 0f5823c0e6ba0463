"""The command that prints who pushed and pulled a tag: ``python -m usage``. docs/usage.md describes it."""
