"""Every case of the standard's session tests is shown by a test that bears its number."""

import re

from tests.support.places import TESTS

# FIX 4.4 volume 2, session-level test cases; 1B initiator, 1S acceptor.
CASES = [
    "1b_a", "1b_b", "1b_c", "1b_d", "1b_e", "1s_a", "1s_b", "1s_c", "1s_d",
    "2_a", "2_b", "2_c", "2_d", "2_e", "2_f", "2_g", "2_i", "2_k", "2_m", "2_o", "2_q", "2_r", "2_s", "2_t",
    "3_b", "3_c", "4_a", "4_b", "6", "7", "8", "9",
    "10_a", "10_b", "10_c", "10_d", "10_e", "11_a", "11_b", "11_c", "12", "13_a", "13_b",
    "14_a", "14_b", "14_c", "14_d", "14_e", "14_f", "14_g", "14_h", "14_i", "14_j", "14_k", "15", "16", "17",
    "17_b", "18_a", "18_b", "19", "20",
]  # fmt: skip
# Conditionally required fields (14.l, 14.m) are the application's to know, and there is no encryption (14.n).


def test_every_case_has_a_test() -> None:
    source = "".join(file.read_text() for file in (TESTS / "session").rglob("test_*.py"))
    shown = set(re.findall(r'(?:def test_|id=")(\d+[bs]?(?:_[a-t])?)_', source))
    assert [case for case in CASES if case not in shown] == []
