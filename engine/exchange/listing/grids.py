"""Price grids by the venue's labels.

Units   prices in $0.0001.
Errors  KeyError for a label that is not known.
Source  Kalshi market model: price grid.
"""

from engine.instrument import PriceBand

LINEAR_CENT, DECI_CENT, TAPERED_DECI_CENT = "linear_cent", "deci_cent", "tapered_deci_cent"
_STEPS = {
    LINEAR_CENT: (100,),
    DECI_CENT: (10,),
    TAPERED_DECI_CENT: (10, 100, 10),
    "center_whole_edge_half_cent": (50, 100, 50),
    "center_whole_edge_quint_cent": (20, 100, 20),
    "center_half_edge_half_cent": (50,),
    "center_half_edge_quint_cent": (20, 50, 20),
    "center_half_edge_deci_cent": (10, 50, 10),
    "center_quint_edge_quint_cent": (20,),
    "center_quint_edge_deci_cent": (10, 20, 10),
    "center_centi_edge_centi_cent": (1,),
    "center_deci_edge_centi_cent": (1, 10, 1),
}
_EDGES = {"center_deci_edge_centi_cent": 100}  # where the first band ends; the last is as long
_EDGE, _DOLLAR = 1_000, 10_000

LABELS = tuple(_STEPS)


def bands_of(label: str) -> tuple[PriceBand, ...]:
    """Return the bands that a label stands for."""
    steps = _STEPS[label]
    if len(steps) == 1:
        return (PriceBand(0, _DOLLAR, steps[0]),)
    edge = _EDGES.get(label, _EDGE)
    cuts = (0, edge, _DOLLAR - edge, _DOLLAR)
    return tuple(PriceBand(start, end, step) for start, end, step in zip(cuts, cuts[1:], steps, strict=False))
