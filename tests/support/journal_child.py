"""Appends to the journal of a directory until it is killed; says each order's number once it is appended.

Run as: python -m tests.support.journal_child DIRECTORY SEGMENT_BYTES
"""

import sys
from itertools import count
from pathlib import Path

from engine.journal.writer import Journal
from engine.orders.orders import Orders
from tests.support.order_reports import INSTRUMENTS, ack, open_order


def main(directory: Path, segment_bytes: int) -> None:
    orders = Orders("K")
    journal = Journal(directory, "K", INSTRUMENTS, 1, segment_bytes=segment_bytes)
    for number in count(1):
        order = open_order(orders)
        journal.append_new(order, number)
        journal.append_report(ack(order), number)
        print(number, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
