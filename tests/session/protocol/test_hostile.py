"""Hostile and broken input: whatever bytes arrive, in whatever state, nothing escapes from the session core."""

import random

from tests.session.dictionary.test_dictionary import fix44
from tests.support.session.scene import START_NS, Scene, frame

SEEDS = [
    "35=A|34={n}|98=0|108=30|", "35=A|34=1|98=0|108=30|141=Y|", "35=0|34={n}|112=T|", "35=1|34={n}|112=T|",
    "35=2|34={n}|7=1|16=0|", "35=2|34={n}|7={m}|16={m}|", "35=3|34={n}|45=2|58=no|", "35=4|34={n}|123=Y|36={m}|",
    "35=4|34={n}|36={m}|", "35=5|34={n}|58=bye|", "35=8|34={n}|37=1|11=A|17=E|150=0|39=0|55=X|54=1|151=0|14=0|6=0|",
    "35=8|34={n}|43=Y|122=20260105-14:30:00|37=1|", "35=D|34={n}|453=2|448=P|447=D|452=1|448=P|95=3|96=a=b|",
    "35=U1|34={n}|9999=x|", "35={m}|34={n}|", "34={n}|35=0|",
]  # fmt: skip


def message(some: random.Random, expected: int) -> bytes:
    """One message near what is expected, often damaged."""
    text = some.choice(SEEDS)
    if not text.startswith("35="):
        return frame("35=0|34=1|").replace(b"35=0\x01", b"")
    numbers = [expected, expected, expected, expected + some.randint(-3, 5), 0, -1, 10**17, 10**30]
    data = bytearray(frame(text.format(n=some.choice(numbers), m=some.choice([*numbers, "x", ""]))))
    for _ in range(some.choice([0, 0, 0, 1, 3])):
        place = some.randrange(len(data))
        match some.randrange(3):
            case 0:
                data[place] = some.choice(b"0189=\x01AZ|\xff\x00")
            case 1:
                del data[place]
            case _:
                data.insert(place, some.choice(b"0189=\x01AZ|\xff\x00"))
    return bytes(data)


def test_nothing_escapes_from_the_core() -> None:
    outcomes: set[str] = set()
    for seed in range(300):
        some = random.Random(seed)
        scene = Scene(
            is_initiator=some.random() < 0.5,
            core={"dictionary": fix44() if some.random() < 0.5 else None},
            reject_garbled_message=some.random() < 0.3,
            send_next_expected_msg_seq_num=some.random() < 0.3,
            validate_length_and_checksum=some.random() < 0.7,
            max_queued=3,
        )
        for _ in range(40):
            if not scene.core.state:
                scene.connect()
                if some.random() < 0.8:
                    scene.receive(f"35=A|34={scene.core.next_in}|98=0|108=30|789={scene.core.next_out}|")
            scene.core.receive(message(some, scene.core.next_in), scene.now_ns)
            if some.random() < 0.1:
                scene.wait(some.choice([1, 31, 80]))
            assert 0 < scene.core.next_in == scene.store.next_in < 2**48
            assert scene.core.next_out == scene.store.next_out and len(scene.core.gap) <= 40
        outcomes.update(event[:7] for event in scene.take())
    assert {"> 35=A|", "> 35=3|", "> 35=5|", "> 35=2|", "> 35=4|", "> 35=0|", "< 35=8|", "alert"} <= outcomes


def test_absurd_number_is_refused() -> None:
    scene = Scene().up()
    text = "NewSeqNo(36) is beyond every session"
    assert scene.receive(f"35=4|34=2|123=Y|36={10**17}|") == [f"> 35=3|34=2|45=2|371=36|372=4|373=5|58={text}|"]
    assert scene.core.next_in == 3 and scene.wall_ns == START_NS
