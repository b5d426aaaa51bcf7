"""Who there is: persons, service accounts and roles; how they sign in."""
