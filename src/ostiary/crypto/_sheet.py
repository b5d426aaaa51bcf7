"""The page that a custodian prints: the share and the bundle as codes for a camera, and as text to type."""

import io
from collections.abc import Sequence
from html import escape
from typing import Protocol

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Recovery share {number}</title>
<style>
body {{ font: 11pt/1.4 sans-serif; max-inline-size: 18cm; margin: 1cm auto; color: #000; background: #fff }}
pre {{ font: 9pt/1.2 monospace; white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid }}
svg {{ inline-size: 7cm; block-size: auto }} section {{ break-inside: avoid }}
</style></head><body>
<h1>Recovery share {number} of {count}</h1>
<p>Root key <strong>{root}</strong>, {made_at}. {threshold} of {count} custodians together can bring the root
key back; this sheet alone opens nothing, and it opens with your identity only:</p>
<pre>{recipient}</pre>
<p>Keep it away from the installation, and your identity file elsewhere again. Without the bundle nothing that
the installation encrypted can be recovered.</p>
<section><h2>Your share (<code>share-{number}.age</code>)</h2>
{share_code}<pre>{share}</pre></section>
<section><h2>The bundle, the same for all (<code>bundle.bin</code> in base64)</h2>
{bundle_code}<pre>{bundle}</pre></section>
</body></html>
"""


class Described(Protocol):
    """What a sheet says of its bundle."""

    @property
    def made_at(self) -> str: ...

    @property
    def root_id(self) -> str: ...

    @property
    def threshold(self) -> int: ...

    @property
    def custodians(self) -> Sequence[str]: ...


def render_sheet(manifest: Described, number: int, share: str, bundle: str, bundle_code: str) -> str:
    """An HTML page without script or references.

    Args: share: armoured age file, of use to its custodian alone. bundle: in base64, and drawn as a code.
    """
    return _PAGE.format(
        number=number,
        count=len(manifest.custodians),
        root=escape(manifest.root_id),
        made_at=escape(manifest.made_at[:10]),
        threshold=manifest.threshold,
        recipient=escape(manifest.custodians[number - 1]),
        share_code=draw(share),
        share=escape(share),
        bundle_code=bundle_code,
        bundle=escape(bundle),
    )


def draw(text: str) -> str:
    """A code as SVG. Up to about 2,300 bytes; longer ones stand as text alone."""
    import segno  # a fifth of a second, which no server shall pay

    target = io.BytesIO()
    try:
        code = segno.make(text, error="l", micro=False)
    except segno.DataOverflowError:
        return ""
    code.save(target, kind="svg", xmldecl=False, svgns=True, scale=3, title="code for a camera")
    return target.getvalue().decode()
