"""Values of a session file that stand in the environment: `${NAME}` in any value, `$${` for a plain `${`.

Errors  none raised: what cannot be found is returned in words, which hold the name of a variable and never its value.
Source  QuickFIX/J interpolates `${name}`, from the properties of its process; QuickFIX does where it is told to.
"""

import re
from collections.abc import Mapping

_PLACE = re.compile(r"\$?\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_OTHER_FORM = re.compile(r"(?:[1-9]\d*=)?(?:\$(?:\(([A-Za-z_]\w*)\)|([A-Z][A-Z0-9_]+))|%([A-Za-z_]\w*)%)")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def substituted(text: str, environ: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return `text` with its variables replaced, and what is wrong with them."""
    faults: list[str] = []

    def value_of(found: re.Match[str]) -> str:
        """Return what stands for one variable; empty where it is at fault."""
        if found[0].startswith("$$"):
            return found[0][1:]
        name, is_closed = found[1], bool(found[2])
        if not is_closed or not _NAME.fullmatch(name):  # not shown: it may be of a password
            faults.append("${ is not the name of a variable in braces; write ${NAME}, or $${ for a plain ${")
            return ""
        value = environ.get(name, "")
        if not value:
            faults.append(f"environment variable {name} is not set; set it where the engine is started")
        elif _CONTROL.search(value):
            faults.append(f"environment variable {name} holds control characters, such as a line break; remove them")
        return value

    return _PLACE.sub(value_of, text), faults


def other_form(text: str) -> str:
    """Return the name of a variable that `text` writes as `$NAME`, `$(NAME)` or `%NAME%`, which are not replaced.

    "" where it does not; NAME for what may as well be a password.
    """
    found = _OTHER_FORM.fullmatch(text)
    name = next(filter(None, found.groups())) if found else ""
    return "NAME" if name and "=" in text and "_" not in name else name


def has_variable(text: str) -> bool:
    """Say whether `text` takes anything from the environment."""
    return any(not found[0].startswith("$$") for found in _PLACE.finditer(text))


def has_control(text: str) -> bool:
    """Say whether `text` holds a control character other than a tabulator."""
    return _CONTROL.search(text) is not None
