"""The same measurements on a model that somebody else trained; `study.audit(...)` carries out an audit."""

import sys
import types
from typing import Any


class _Callable(types.ModuleType):
    """This package is called like the function in it, since `study.audit` names both."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Carry out an audit, see `study.audit.run.audit`."""
        from study.audit.run import audit

        return audit(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
