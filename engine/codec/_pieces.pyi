from typing_extensions import disjoint_base

@disjoint_base
class Pieces:
    defect: int  # SessionRejectReason(373) of the first piece that is no sound field, -1 if there is none
    defect_tag: int
