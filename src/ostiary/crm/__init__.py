"""The packaged business objects: declarations, the rights they come with, and their few domain rules."""
