"""Machines: the dispatcher, and Ray behind it."""
