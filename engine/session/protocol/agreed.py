"""The settings of one session as plain values, every default filled in.

Units   times in ns, sizes in bytes.
Source  keys of the session file; FIX 4.4 volume 2 for their meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.codec import FrameReader

SECOND_NS = 1_000_000_000
RESEND_TIMEOUT_NS = 30 * SECOND_NS  # for what a ResendRequest(2) asks for, without progress


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """One session, seen from our end: SenderCompID(49) is ours."""

    begin_string: str
    sender_comp_id: str
    target_comp_id: str
    header: tuple[tuple[int, str], ...] = ()  # SenderSubID(50) and similar fields, on every message
    default_appl_ver_id: str = ""  # DefaultApplVerID(1137) as the wire shows it; FIXT.1.1 only
    logon_fields: tuple[tuple[int, str], ...] = ()
    test_message_indicator: bool | None = None  # TestMessageIndicator(464); None: the peer's is not checked

    heart_bt_int: int = 30  # seconds; an acceptor takes the peer's
    heart_bt_range: tuple[int, int] | None = None  # of the peer's, for an acceptor
    test_request_after_permille: int = 1200  # of HeartBtInt(108), in silence
    disconnect_after_permille: int = 2400
    logon_timeout_ns: int = 10 * SECOND_NS
    logout_timeout_ns: int = 10 * SECOND_NS  # for the answer to our Logout
    close_timeout_ns: int = 10 * SECOND_NS  # for the peer to close after its own Logout
    farewell_ns: int = 2 * SECOND_NS  # for the answer to a Logout that ends the session on an error
    resend_timeout_ns: int = RESEND_TIMEOUT_NS

    reset_on_logon: bool = False
    reset_on_logout: bool = False
    reset_on_disconnect: bool = False
    refresh_on_logon: bool = False
    confirm_unasked_reset: bool = False  # an initiator answers a ResetSeqNumFlag(141) it did not ask for
    send_redundant_resend_requests: bool = False
    resend_request_chunk_size: int = 0
    closed_resend_interval: bool = False
    max_resend_requests_a_second: int = 100  # of the peer
    max_test_requests_a_second: int = 1000  # of the peer
    send_next_expected_msg_seq_num: bool = False
    enable_last_msg_seq_num_processed: bool = False
    max_queued: int = 10_000  # messages beyond a gap
    max_queued_bytes: int = 16 * 2**20

    timestamp_precision: int = 3
    check_comp_id: bool = True
    on_behalf_of: frozenset[str] | None = frozenset()  # OnBehalfOfCompID(115) agreed on, empty: none; None: unchecked
    deliver_to: frozenset[str] | None = frozenset()  # DeliverToCompID(128), likewise
    check_latency: bool = True
    max_latency_ns: int = 120 * SECOND_NS
    requires_orig_sending_time: bool = True
    validate_length_and_checksum: bool = True
    validate_fields_have_values: bool = True
    reject_garbled_message: bool = False
    reject_invalid_message: bool = True
    max_message_size: int = 65_536
    max_fields: int = 4096  # of one message

    @property
    def name(self) -> str:
        """The session's identity as QuickFIX writes it."""
        return f"{self.begin_string}:{self.sender_comp_id}->{self.target_comp_id}"

    @property
    def is_fixt(self) -> bool:
        """Say whether the session runs on FIXT, where application messages have a version of their own."""
        return self.begin_string.startswith("FIXT")

    @property
    def has_reset_flag(self) -> bool:
        """Say whether a Logon of this version may carry ResetSeqNumFlag(141)."""
        return self.begin_string != "FIX.4.0"

    @property
    def last_reject_reason(self) -> int:
        """The largest SessionRejectReason(373) of this version; -1 where a Reject has Text(58) alone."""
        return {"FIX.4.0": -1, "FIX.4.1": -1, "FIX.4.2": 11, "FIX.4.3": 17}.get(self.begin_string, 99)

    @property
    def to_the_end(self) -> int:
        """EndSeqNo(16) that asks for everything."""
        return 999_999 if self.begin_string in ("FIX.4.0", "FIX.4.1") else 0

    def new_reader(self, data_fields: Mapping[int, int] | None) -> FrameReader:
        """Return a reader with this session's limits; `data_fields` is as in `Fields`."""
        return FrameReader(
            max_message_size=self.max_message_size,
            max_fields=self.max_fields,
            data_fields=data_fields,
            check=self.validate_length_and_checksum,
        )
