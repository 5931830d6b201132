"""Segments as each version of the journal wrote them, made by hand: what they hold is the same in every one.

A first run buys ten RAIN, is filled four, sells SNOW short and does not hear of it; it ends in order or not. What each
version had besides stands beside it: the mark and the chain (2), markets by LIST (3), who did what (4), session events
and comparisons (5).
"""

import json
import struct
from pathlib import Path
from zlib import crc32

MAGIC = b"FIXLANEJ"
ABSENT = -(2**63)
SIZE = 4096
VERSIONS = (1, 2, 3, 4, 5)
NEW, REPORT, NOTE, END, LINK, STATE, HOLDING, ORDER = 1, 4, 5, 9, 12, 13, 14, 15
LIST, RETIRE, OPERATOR, DENIAL, CONFIG, OPTIONS, SESSION, RECONCILE, STANDING = 18, 19, 21, 22, 23, 24, 26, 27, 31
Written = tuple[int, tuple[int, ...], str]
NO_NUMBERS = (ABSENT,) * 10 + (0, 0, 0)


def record(kind: int, numbers: tuple[int, ...] = (), text: str = "", time_ns: int = 1) -> bytes:
    """Return the bytes of one record."""
    body = text.encode()
    behind = struct.pack("<qBBHI", time_ns, kind, len(numbers), 0, len(body))
    behind += struct.pack(f"<{len(numbers)}q", *numbers) + body
    data = struct.pack("<II", len(behind) + 8, crc32(behind)) + behind
    return data + bytes(-len(data) % 8)


def segment(version: int, run: int, records: list[bytes], is_cut: bool = False) -> bytes:
    """Return a segment; one of a killed run is as long as it was made."""
    markets = [{"symbol": name, "price_decimals": 4, "size_decimals": 2} for name in ("KXRAIN-1", "KXSNOW-1")]
    head: dict[str, object] = {"version": version, "run": run, "segment": 1, "size": SIZE, "created_ns": run}
    head |= {"nonce": f"R{run}", "instruments": markets} | ({"boot": "earlier"} if version > 3 else {})
    body = json.dumps(head).encode()
    body += b" " * (-len(body) % 8)
    start = struct.pack("<8sII", MAGIC, len(body), crc32(body)) + body
    records_at = len(start) + 8 * (version > 1)
    end = records_at + sum(map(len, records))
    if version > 1:
        start += struct.pack("<II", end, end - len(records[-1]))
    data = start + b"".join(records)
    return data if is_cut else data.ljust(SIZE, b"\0")


def report(
    cl_ord_id: str, exec_type: str, cum_qty: int, leaves_qty: int, last_qty: int = 0, exec_id: str = ""
) -> bytes:
    """Return the REPORT of an order that is taken or filled at .42."""
    numbers: tuple[int, ...] = (
        0,
        ABSENT,
        ABSENT,
        cum_qty,
        leaves_qty,
        4_200 if last_qty else ABSENT,
        last_qty or ABSENT,
    )
    numbers += (7 if last_qty else ABSENT, ABSENT, ABSENT, 0, 0, 0)
    status = "0" if exec_type == "0" else "1"
    texts = ("8", cl_ord_id, "", f"V-{cl_ord_id}", exec_id, "", exec_type, status, "", "", "", "")
    return record(REPORT, numbers, "\x01".join(texts))


def first_run(version: int) -> list[bytes]:
    """Return what the first run wrote."""
    records = [record(LINK, (0, 0, 0, 0), "", 0)] if version > 1 else []
    if version > 1:  # a snapshot of nothing, as each run begins with
        records.append(record(STATE, (0, 0, 0, 0) if version == 2 else (0, 0, 0, 0, 0), "R1-0", 0))
    records += [
        record(NEW, (0, 1, 4_200, 10, 0, 0), "R1-1\x012\x011"),
        report("R1-1", "0", 0, 10),
        report("R1-1", "F", 4, 6, 4, "E1"),
        record(NEW, (1, 2, 3_000, 5, 0, 0), "R1-2\x012\x011"),
        record(NOTE, (), "a person's word"),
    ]
    if version > 2:
        fog = {"symbol": "KXFOG-1", "price_decimals": 4, "size_decimals": 2, "event": "", "bands": None}
        records += [record(LIST, (2,), json.dumps(fog)), record(RETIRE, (2,), "KXFOG-1")]
    if version > 3:
        act = {"action": "halt", "by": "ann", "reason": "fire", "arguments": {}, "outcome": ""}
        records += [record(OPERATOR, (), json.dumps(act)), record(CONFIG, (), "c0ffee")]
        records += [record(DENIAL, (0, 1, 4_200, 10, 3, 0), "KXRAIN-1\x01")]
    if version > 4:
        step = {"step": "end", "text": "all agrees", "symbol": "", "rule": "", "decided": "", "result": "clean"}
        records += [record(SESSION, (7, 9, 0), "logon\x01US->PEER\x01plain"), record(RECONCILE, (), json.dumps(step))]
        records += [record(STANDING, (2, 5, 4), "ann\x01fire")]
    return records


def write(directory: Path, version: int) -> None:
    """Write a run that ended in order, and one that was killed at its beginning."""
    directory.mkdir(parents=True, exist_ok=True)
    records = [*first_run(version), record(END, (), "", 0)]
    data = segment(version, 1, records, is_cut=True)
    (directory / "000001-0001.journal").write_bytes(data)
    name = "000001-0001.journal"
    if version > 1:
        checksum = 0
        for each in records:
            checksum = crc32(each[:8], checksum)
        link = record(LINK, (len(data), len(records), checksum, 2), name, 0)
        (directory / "000002-0001.journal").write_bytes(segment(version, 2, [link, record(NOTE, (), "again")]))
        (directory / "newest").write_text("000002-0001.journal R2".ljust(63) + "\n")
    else:
        (directory / "000002-0001.journal").write_bytes(segment(version, 2, [record(NOTE, (), "again")]))
