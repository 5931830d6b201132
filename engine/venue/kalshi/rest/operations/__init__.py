"""Every operation of Kalshi's REST that the engine uses, beside the objects that it answers.

A function returns a `Call` or a `PagedCall`, or raises RequestError for what the venue would refuse. The objects hold
texts as they came: an enumeration that grew, a field that is new or missing costs nothing.
"""
