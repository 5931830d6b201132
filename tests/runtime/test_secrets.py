"""Secrets come from where they may, and from nowhere else."""

from pathlib import Path

import pytest

from engine.runtime.secrets import SecretError, exposure, from_credential, from_file


@pytest.mark.parametrize(("mode", "is_told"), [(0o600, False), (0o400, False), (0o644, True), (0o640, True)])
def test_m11_file_that_others_may_read_is_told(tmp_path: Path, mode: int, is_told: bool) -> None:
    file = tmp_path / "key.pem"
    file.touch()
    file.chmod(mode)
    assert exposure(file) == (f"is open to others (mode 0{mode:o}); chmod 600 it" if is_told else "")
    assert exposure(tmp_path / "absent") == ""


def test_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.touch(mode=0o600)
    file.write_bytes(b"secret")
    assert from_file(file) == b"secret"
    file.chmod(0o604)
    with pytest.raises(SecretError, match=r"is open to others \(mode 0604\); chmod 600 it"):
        from_file(file)


def test_credential_is_a_name_and_never_a_path(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="must be a name"):
        from_credential("../etc/passwd", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
