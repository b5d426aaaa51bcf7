"""What would change and who could see what: previews of rights, explanations in readable form."""
