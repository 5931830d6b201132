"""The configuration file: tables, markets, and what ships with the package."""
