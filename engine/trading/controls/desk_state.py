"""What a supervisor lets its loop do, in one word."""

from enum import Enum


class DeskState(Enum):
    """What a supervisor lets its loop do; the value is the word for people."""

    WAITING = "waiting"
    TRADING = "trading"
    HALTED = "halted"
    STOPPING = "stopping"
    STOPPED = "stopped"
