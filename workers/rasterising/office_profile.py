"""LibreOffice's settings for documents that nobody trusts.

They are those of Tools > Options, by their names in LibreOffice's registry (officecfg).
"""

from __future__ import annotations

from pathlib import Path

_SETTINGS = (
    # No macro runs, no control or applet starts, no link to another file or address is followed.
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Calc/Content/Update", "Link", "1"),  # never
    ("Office.Writer/Content/Update", "Link", "0"),  # never
    # Fields and charts are shown as they were saved.
    ("Office.Writer/Content/Update", "Field", "false"),
    ("Office.Writer/Content/Update", "Chart", "false"),
    ("Office.Calc/Formula/Load", "OOXMLRecalcMode", "1"),  # never
    ("Office.Calc/Formula/Load", "ODFRecalcMode", "1"),  # never
    # A proxy that is not there, for what asks by another way.
    ("Inet/Settings", "ooInetProxyType", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)
_ITEM = (
    '<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse">'
    "<value>{value}</value></prop></item>"
)
_NAMES = (
    'xmlns:oor="http://openoffice.org/2001/registry" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


def write_profile(folder: Path) -> None:
    """Write a profile with these settings alone."""
    items = "".join(
        _ITEM.format(path=path, name=name, value=value) for path, name, value in _SETTINGS
    )
    registry = folder / "user" / "registrymodifications.xcu"
    registry.parent.mkdir(parents=True)
    registry.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<oor:items {_NAMES}>{items}</oor:items>\n'
    )
