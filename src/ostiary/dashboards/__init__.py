"""Dashboards: what they show, whose they are, and with whom they are shared."""
