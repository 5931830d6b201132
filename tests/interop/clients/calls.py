"""Runs a list of calls through a client that we did not write, in that client's own environment.

In, as JSON: {"host", "ca", "key_id", "key_file", "calls": [[name, operation, {argument: value}], ...]}. A value
"$name.path" stands for a part of an earlier answer; an operation "name:method" is a method of an earlier answer.
Out, a JSON line each: {"operations"}, what the client can do; then {"name", "operation", "answer"} as the client's own
model has it, or {"name", "operation", "error"}.
"""

import json
import re
import sys
from collections.abc import Callable
from typing import Any

REFERENCE = re.compile(r"\$(\w+)\.([\w.]+)")


class Calls:
    """The answers so far. `plain` turns the client's objects into JSON, `lookup` finds what a call names."""

    def __init__(
        self, lookup: Callable[[str], Callable[..., Any]], plain: Callable[[Any], Any], describe: Callable[[Any], Any]
    ) -> None:
        self._lookup = lookup
        self._plain = plain
        self._describe = describe
        self._raw: dict[str, Any] = {}
        self._answers: dict[str, Any] = {}

    def run(self, calls: list[tuple[str, str, dict[str, Any]]]) -> None:
        """Make every call, whatever became of those before it."""
        for name, operation, arguments in calls:
            done: dict[str, Any] = {"name": name, "operation": operation}
            try:
                self._raw[name] = self._function(operation)(**self._filled(arguments))
                done["answer"] = self._answers[name] = self._plain(self._raw[name])
            except Exception as error:
                done["error"] = {"kind": type(error).__name__, "text": str(error)[:2000], **self._describe(error)}
            print(json.dumps(done), flush=True)

    def _function(self, operation: str) -> Callable[..., Any]:
        name, _, method = operation.partition(":")
        if not method:
            return self._lookup(operation)
        found: Callable[..., Any] = getattr(self._raw[name], method)
        return found

    def _filled(self, value: Any) -> Any:
        """Return an argument with parts of earlier answers in it."""
        if isinstance(value, dict):
            return {key: self._filled(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._filled(part) for part in value]
        match = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            return value
        found = self._answers[match[1]]
        for part in match[2].split("."):
            found = found[int(part)] if part.isdecimal() else found[part]
        return found


def given() -> dict[str, Any]:
    """Return what the test asks for."""
    asked: dict[str, Any] = json.load(sys.stdin)
    return asked


def tell_operations(names: set[str]) -> None:
    """Say what the client can do."""
    print(json.dumps({"operations": sorted(names)}), flush=True)


def plain_model(answer: Any) -> Any:
    """Return a pydantic model, or what holds some, as JSON has it; fields that are None are left out."""
    if hasattr(answer, "model_dump"):
        return answer.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(answer, list):
        return [plain_model(part) for part in answer]
    if isinstance(answer, dict):
        return {key: plain_model(part) for key, part in answer.items()}
    return answer


def methods_of(*kinds: type) -> set[str]:
    """Return "Class.method" of everything public that these classes define as a function."""
    return {
        f"{kind.__name__}.{name}"
        for kind in kinds
        for name, value in vars(kind).items()
        if not name.startswith("_") and callable(value)
    }
