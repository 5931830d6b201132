"""The same desk and strategy over the compiled exchange: rows enter below decoding, requests leave above encoding."""
