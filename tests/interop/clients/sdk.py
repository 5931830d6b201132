"""Runs calls through kalshi-python-sync, in its own environment: a JSON object in, a JSON line per call out.

In: {"host", "ca", "key_id", "key_file", "calls": [[name, operation, {argument: value}], ...]}. A value "$name.path"
stands for a part of an earlier answer. Out: {"name", "answer"} as the client's own model has it, or {"name", "error"}.
"""

import importlib
import json
import pkgutil
import re
import sys
from pathlib import Path

from kalshi_python_sync import Configuration, KalshiClient

REFERENCE = re.compile(r"\$(\w+)\.([\w.]+)")


def main():
    given = json.load(sys.stdin)
    configuration = Configuration(host=given["host"], ssl_ca_cert=given["ca"])
    configuration.api_key_id = given["key_id"]
    configuration.private_key_pem = Path(given["key_file"]).read_text()
    client = KalshiClient(configuration)
    client.configuration.retries = False
    print(json.dumps({"name": "operations", "answer": operations()}), flush=True)
    answers = {}
    for name, operation, arguments in given["calls"]:
        try:
            answer = plain(
                getattr(client, operation)(**{key: filled(value, answers) for key, value in arguments.items()})
            )
            answers[name] = answer
            print(json.dumps({"name": name, "answer": answer}), flush=True)
        except Exception as error:
            print(json.dumps({"name": name, "error": described(error)}), flush=True)


def operations():
    """Return the names of everything that the client can do."""
    folder = importlib.import_module("kalshi_python_sync.api")
    found = set()
    for module in pkgutil.iter_modules(folder.__path__):
        for kind in vars(importlib.import_module(f"{folder.__name__}.{module.name}")).values():
            if isinstance(kind, type) and kind.__name__.endswith("Api"):
                found |= {name for name in dir(kind) if hasattr(kind, f"{name}_with_http_info")}
    return sorted(found)


def plain(answer):
    """Return a model as JSON has it, with every field that it holds."""
    if hasattr(answer, "model_dump"):
        return answer.model_dump(mode="json", by_alias=True, exclude_none=True)
    return answer


def filled(value, answers):
    """Return an argument with parts of earlier answers in it."""
    if isinstance(value, dict):
        return {key: filled(part, answers) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, answers) for part in value]
    if isinstance(value, str) and (match := REFERENCE.fullmatch(value)):
        found = answers[match[1]]
        for part in match[2].split("."):
            found = found[int(part)] if part.isdecimal() else found[part]
        return found
    return value


def described(error):
    """Return an error as the client shows it."""
    data = getattr(error, "data", None)
    return {
        "kind": type(error).__name__,
        "status": getattr(error, "status", None),
        "code": getattr(data, "code", None),
        "details": getattr(data, "details", None),
        "text": str(error)[:2000],
    }


if __name__ == "__main__":
    main()
