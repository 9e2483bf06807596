"""The comment of `plan --markdown` as a page of its own: by CommonMark with GitHub's tables, in colours like those of code hosts."""

import html

STYLE = """
  body { margin: 0; padding: 24px; background: #fff; color: #1f2328; font: 14px/1.5 system-ui, "Segoe UI", "Noto Sans", sans-serif; }
  main { border: 1px solid #d1d9e0; border-radius: 6px; padding: 16px; }
  main > :first-child { margin-top: 0; }
  h3 { font-size: 1.25em; margin: 24px 0 16px; line-height: 1.25; }
  p, pre, table, details { margin: 0 0 16px; }
  code, pre { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 85%; }
  :not(pre) > code { background: #818b981f; border-radius: 6px; padding: 0.2em 0.4em; }
  pre { background: #f6f8fa; border-radius: 6px; padding: 16px; overflow: auto; line-height: 1.45; }
  pre code { font-size: 100%; }
  table { border-collapse: collapse; display: block; overflow: auto; }
  th, td { border: 1px solid #d1d9e0; padding: 6px 13px; text-align: left; }
  tr:nth-child(2n) td { background: #f6f8fa; }
  summary { cursor: pointer; margin-bottom: 8px; }
  .removed { color: #82071e; background: #ffebe9; }
  .added { color: #116329; background: #dafbe1; }
  .changed { color: #953800; background: #ffd8b5; }
  .beside { color: #59636e; }
"""
CLASSES = {"-": "removed", "+": "added", "!": "changed", "#": "beside"}


def page(markdown):
    """The comment as HTML, or None where there is no library for it (it comes with the emulator's packages)."""
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        return None
    reader = MarkdownIt("commonmark", {"html": True, "highlight": coloured}).enable("table")
    return (f"<!doctype html><html lang='en'><meta charset='utf-8'><title>A comment</title><style>{STYLE}</style>"
            f"<main>{reader.render(markdown)}</main></html>")


def coloured(text, language, _):
    """The lines of a block of differences by their first character, as code hosts colour them."""
    if language != "diff":
        return ""
    lines = [f"<span class='{CLASSES.get(line[:1], 'plain')}'>{html.escape(line)}</span>" for line in text.splitlines()]
    return "\n".join(lines) + "\n"
