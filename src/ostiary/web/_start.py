"""The start page of somebody whose roles open nothing."""

from ostiary.pages import public as pages
from ostiary.ui.i18n import gettext as _
from ostiary.ui.values import Head


def no_section() -> pages.ErrorView:
    """Nothing to show, said kindly: it is no error."""
    title = _("Nothing here is visible to you")
    text = _("Your roles open no section of this workspace. An administrator can give you a role that does.")
    return pages.ErrorView(Head(_("Start")), title, text, "eye-off")
