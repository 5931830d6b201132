"""Starts on a journal, trades and takes snapshots until it is killed; says each order's number once its fill is there.

Run as: python -m tests.support.starting_child DIRECTORY NONCE
"""

import sys
from itertools import count
from pathlib import Path

from engine.fix import BUY
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.snapshot import Snapshots
from engine.journal.writer import Journal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from tests.support.order_reports import INSTRUMENTS, ack, fill, open_order


def main(directory: Path, nonce: str) -> None:
    orders, portfolio = Orders(nonce), Portfolio(INSTRUMENTS)
    recovered = recover(journal_paths(directory), INSTRUMENTS, orders, portfolio)
    journal = Journal(directory, nonce, INSTRUMENTS, 1, segment_bytes=2**12, open_count=recovered.open_count)
    snapshots = Snapshots(journal, orders, portfolio)
    snapshots.take()
    for number in count(1):
        order = open_order(orders, 1, 4_200, BUY)
        journal.append_new(order, number)
        for made in (ack(order), fill(order, 1, f"E{order.cl_ord_id}", 4_200)):
            portfolio.book(orders.apply(made))
            journal.append_report(made, number)
        print(number, flush=True)
        if number % 3 == 0:
            journal.prepare()
        if number % 20 == 0:
            journal.roll()
            snapshots.take()
        snapshots.tick()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
