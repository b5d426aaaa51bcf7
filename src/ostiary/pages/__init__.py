"""Lists, records and forms rendered from metadata, for the back office and portals alike."""
