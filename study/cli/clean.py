"""`study clean`: delete the contents of the store, after saying what they are and how large."""

import argparse
import sys

from study.cli.exits import DONE
from study.errors import StudyError


def clean(arguments: argparse.Namespace) -> int:
    """Delete the store; asks for confirmation on a terminal, requires `--yes` elsewhere."""
    from study.pipeline.store import Store, default_store

    store = Store(arguments.store or default_store())
    found = store.contents()
    size = sum(path.stat().st_size for path in found)
    where = store.folder.resolve() if store.folder.is_symlink() else store.folder
    what = f"{len(found)} files of trained and measured cells in {where}, {size / 2**20:.1f} MiB"
    if not arguments.yes:
        if not sys.stdin.isatty():
            raise StudyError(f"clean: would delete {what}; say --yes")
        answer = input(f"Delete {what}? [y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            print("nothing was deleted")
            return DONE
    print(f"deleting {what}")
    print(f"{store.remove() / 2**20:.1f} MiB freed")
    return DONE
