"""The page that a custodian prints: the share and the bundle as codes for a camera, and as text to type."""

import base64
import io
from collections.abc import Sequence
from html import escape

import segno

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


def render_sheet(
    made_at: str,
    root_id: str,
    threshold: int,
    number: int,
    share: str,
    custodians: Sequence[str],
    bundle: bytes,
) -> str:
    """An HTML page without script or references. share: armoured age file, of use to its custodian alone."""
    sealed = base64.b64encode(bundle).decode()
    return _PAGE.format(
        number=number,
        count=len(custodians),
        root=escape(root_id),
        made_at=escape(made_at[:10]),
        threshold=threshold,
        recipient=escape(custodians[number - 1]),
        share_code=_draw(share),
        share=escape(share),
        bundle_code=_draw(sealed),
        bundle=escape(sealed),
    )


def _draw(text: str) -> str:
    """A code as SVG. Up to about 2,300 bytes; longer ones stand as text alone."""
    target = io.BytesIO()
    try:
        code = segno.make(text, error="l", micro=False)
    except segno.DataOverflowError:
        return ""
    code.save(target, kind="svg", xmldecl=False, svgns=True, scale=3, title="code for a camera")
    return target.getvalue().decode()
