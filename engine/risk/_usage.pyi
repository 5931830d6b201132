from engine.risk._checks import Risk

USED: tuple[str, ...]

def usage(risk: Risk) -> list[tuple[str, int, int, int]]: ...
