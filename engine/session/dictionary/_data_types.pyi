KINDS: dict[str, int]
OLD_CHAR: str
