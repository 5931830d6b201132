"""What is wrong with the hooks of a strategy's class, found when it is loaded and not at its first fill.

Errors  none: each fault is a line that says what, where and what to do.
"""

import difflib
import inspect

from engine.strategy import Strategy

HOOKS = {name: inspect.signature(hook) for name, hook in vars(Strategy).items() if name.startswith("on_")}


def wrong_hooks(kind: type[Strategy]) -> list[str]:
    """Return what keeps hooks of `kind` from being called as its author means."""
    found = []
    for name in sorted(name for name in dir(kind) if name.startswith("on_")):
        hook = getattr(kind, name)
        if name not in HOOKS:
            found.append(_stranger(kind, name, hook))
        elif hook is not getattr(Strategy, name):
            found.append(_unfit(kind, name, hook))
    return [problem for problem in found if problem]


def _stranger(kind: type[Strategy], name: str, hook: object) -> str:
    """A method that is called like a hook and will never be called is most likely a misspelt one."""
    near = difflib.get_close_matches(name.removeprefix("on_"), [each.removeprefix("on_") for each in HOOKS], n=1)
    if not (near and callable(hook)):
        return ""
    return f"{_place(kind, name)} is no hook and is never called; did you mean on_{near[0]}?"


def _unfit(kind: type[Strategy], name: str, hook: object) -> str:
    if not callable(hook):
        return f"{_place(kind, name)} is a hook's name, and no function"
    if inspect.iscoroutinefunction(hook) or inspect.isasyncgenfunction(hook):
        return f"{_place(kind, name)} is async: hooks are called, not awaited; use def, and context.timer for later"
    if inspect.isgeneratorfunction(hook):
        return f"{_place(kind, name)} has a yield, so that calling it runs nothing: hooks return None"
    wanted = list(HOOKS[name].parameters)
    is_static = isinstance(inspect.getattr_static(kind, name), staticmethod)
    try:
        inspect.signature(hook).bind(*wanted[1:] if is_static else wanted)
    except (TypeError, ValueError):
        return f"{_place(kind, name)} must take ({', '.join(wanted)}), as it is called"
    return ""


def _place(kind: type[Strategy], name: str) -> str:
    """Where the method stands: the class that defines it."""
    owner = next(each for each in kind.__mro__ if name in vars(each))
    return f"{owner.__module__}:{owner.__qualname__}.{name}"
