"""Calls to AWS that may fail without ending the run."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

P = ParamSpec("P")
T = TypeVar("T")

# AWS refused, or could not be reached.
AwsError = BotoCoreError | ClientError


def error_code(error: AwsError) -> str:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


class Attempts:
    """Makes calls one after the other, and keeps the errors until everything has been tried."""

    def __init__(self) -> None:
        self.errors: list[AwsError] = []

    def make(self, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T | None:
        """``None`` if AWS refused."""
        try:
            return call(*arguments, **named)
        except (BotoCoreError, ClientError) as error:
            self.errors.append(error)
            return None

    @property
    def refusal(self) -> str:
        """The last error, in the words of the mail."""
        return f"refused: {error_code(self.errors[-1])}"
