"""Lip-sync engines: one contract, one folder each."""
