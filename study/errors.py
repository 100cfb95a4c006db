"""The exceptions that a user meets."""


class StudyError(ValueError):
    """What the user gave is wrong: one line that says what, where, and how to mend it.

    The command line prints the line without a traceback and exits with code 2.
    """


class CannotFit(StudyError):
    """A strategy cannot be used, or a number cannot be computed, on this model and these data: rows say why.

    The only exception that makes a "missing" row; everything else that is raised while scoring is a failure.
    """


class FileError(StudyError):
    """The operating system refuses a file or a folder: no cell's fault, so that the run ends with this line."""
