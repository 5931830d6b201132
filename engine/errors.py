"""The errors that Fixlane raises. An expected outcome is a value, never one of these."""


class EngineError(Exception):
    """Root of every error that Fixlane raises on purpose."""


class ConfigError(EngineError):
    """A configuration, session file, key or flag is wrong. The text says what, where, and what to do."""


class DecodeError(EngineError):
    """A frame, message or text cannot be read. Nothing of it was applied."""


class EncodingError(DecodeError):
    """Text that is not UTF-8: the connection that carried it breaks its protocol."""


class SequenceGap(EngineError):
    """Messages of a sequenced stream are missing."""


class SessionError(EngineError):
    """The FIX session cannot do what was asked, such as sending while logged out."""


class OrderError(EngineError):
    """A request contradicts the state of its order, such as replacing a filled one."""


class JournalError(EngineError):
    """A journal is damaged, locked, full or does not fit. The text says which file, where in it, and what to do."""
