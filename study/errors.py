"""The one exception for what a user gave."""


class StudyError(ValueError):
    """What the user gave is wrong: one line that says what, where, and how to mend it.

    The command line prints the line without a traceback and exits with code 2.
    """
