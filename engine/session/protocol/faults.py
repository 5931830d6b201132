"""What may be wrong with a message, as a Reject(3) reports it.

Source  FIX 4.4 volume 2, Reject; volume 6, SessionRejectReason(373).
"""

from typing import NamedTuple


class Reason:
    """SessionRejectReason(373)."""

    INVALID_TAG = 0
    REQUIRED_TAG_MISSING = 1
    TAG_NOT_DEFINED_FOR_MESSAGE = 2
    NO_VALUE = 4
    VALUE_INCORRECT = 5
    INCORRECT_DATA_FORMAT = 6
    DECRYPTION_PROBLEM = 7
    SIGNATURE_PROBLEM = 8
    COMP_ID_PROBLEM = 9
    SENDING_TIME_ACCURACY = 10
    INVALID_MSG_TYPE = 11
    INVALID_XML = 12
    TAG_REPEATED = 13
    TAG_OUT_OF_ORDER = 14
    GROUP_OUT_OF_ORDER = 15
    WRONG_GROUP_COUNT = 16
    SOH_IN_VALUE = 17
    UNSUPPORTED_VERSION = 18
    OTHER = 99


class Fault(NamedTuple):
    """Why a message is rejected: SessionRejectReason(373), RefTagID(371) or None, Text(58)."""

    reason: int
    tag: int | None
    text: str
