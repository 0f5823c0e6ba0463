"""What every check of a setting's form raises."""


class FormError(Exception):
    """``problem`` completes "'value' …", ``expected`` completes "expected …"."""

    def __init__(self, problem: str, expected: str) -> None:
        super().__init__(f"{problem}; expected {expected}")
        self.problem = problem
        self.expected = expected
