"""The packaged business objects: what they declare, and how a tenant gets them."""

from ostiary.crm._install import FOLDER, install, read
from ostiary.objects.public import Rights, read_rights

__all__ = ["FOLDER", "Rights", "install", "read", "read_rights"]
