"""History as rows: what was heard, as integer columns, once and for all."""
