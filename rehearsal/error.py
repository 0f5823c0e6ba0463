"""The one error that the command line shows to a person."""


class RehearsalError(Exception):
    """Its text is complete: the command line prints it without a traceback."""
