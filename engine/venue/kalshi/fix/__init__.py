"""Kalshi's FIX: its sessions, their Logon, orders, and everything else that they carry, as values."""
