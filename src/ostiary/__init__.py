"""Ostiary: a CRM and low-code platform behind one door that decides, explains and records."""
