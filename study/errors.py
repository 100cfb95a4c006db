"""The exceptions that a user sees."""


class StudyError(ValueError):
    """Something that the user can fix: one line that says what is wrong, where, and how to fix it.

    The command line prints the line without a traceback and exits with code 2.
    """


class CannotFit(StudyError):
    """A strategy cannot be used, or a number cannot be computed, on this model and these data; the message says why.

    The only exception that makes a "missing" row; any other exception while scoring makes a "failed" row.
    """


class FileError(StudyError):
    """The operating system refuses access to a file or a folder. No cell caused this, so it ends the whole run."""
