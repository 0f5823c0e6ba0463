"""The command that copies another registry into this one: ``python -m migrate``. docs/migrate.md describes it."""
