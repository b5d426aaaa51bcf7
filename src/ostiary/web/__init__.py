"""The back office: Django views over `pages`. They hold no query and take no decision."""
