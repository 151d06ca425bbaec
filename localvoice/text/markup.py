"""Rules for what is written for the eye, in any language: markdown, HTML, addresses, emoji."""

from __future__ import annotations

from html import unescape

from localvoice.text.rewriting import rule

_EMOJI = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u2300-\u23ff\u25a0-\u25ff"
    "\u200d\u20e3\ufe0e\ufe0f\U000e0020-\U000e007f]+"
)

FORMULAS = (
    rule(r"\$\$([^$\n]+)\$\$", 1),
    rule(r"(?<![\w$])\$(?=\S)([^$\n]*[\\^_=+][^$\n]*)(?<=\S)\$(?![\w$])", 1),
    rule(r"\\[()\[\]]", " "),
    rule(r"\\d?frac\{([^{}\n]*)\}\{([^{}\n]*)\}", 1, " / ", 2),
    rule(r"\\(?:cdot|times)\b ?", "\u00d7 "),
    rule(r"\\sqrt\{([^{}\n]*)\}", "\u221a", 1),
    rule(r"\\(?:left|right|,|;|!|quad)(?![a-z])"),
)
"""TeX as language models write it; what is left of it loses its backslashes."""

MARKUP = (
    rule(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]", " "),  # a zero would end the text for a C library
    rule(r"^[^\S\n]*(?:```|~~~).*$"),
    rule(r"^ {0,3}(?:[-*_] ?){3,}$"),
    rule(r"^(\s*)(?:#{1,6}|>+|[-*+\u2022](?: \[[ xX]\])?)\s+", 1),
    rule(r"!?\[([^\]\n]*)\]\([^)\n]*\)", 1),
    rule(r"\[([^\]\n]+)\]\[[^\]\n]*\]", 1),
    rule(r"\[(?:\d+|\^[^\]\n]+)\]:?"),
    rule(r"(?<!\S)(?:[:;=8][-o^']?[()DPpO|]+|<3+)(?![\w/])"),  # faces
    rule(r"<(https?://[^>\s]+)>", 1),
    rule(r"<(?:br|/?(?:p|div|li|tr|td|th|ul|ol))\b[^>\n]*>", " "),
    rule(r"</?[a-zA-Z][^>\n]*>"),
    rule(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,5});", lambda match: unescape(match.group())),
    rule(r"`+|~~"),
)
"""Comes first, and in front of `EMPHASIS`: a star between numbers is a sum."""

EMPHASIS = (
    rule(r"\*+|(?<!\w)_+|_+(?!\w)"),
    rule(r"\s*\|\s*", ", "),
    rule(r"\[\[|\]\]", " "),  # Piper would read phonemes between them
    rule(r"\b(?:https?|ftp|wss?)://(?:www\.)?([\w-]+(?:\.[\w-]+)*)(?::\d+)?(?:[/?#]\S*[\w/=&#-])?(?:[/?#](?!\S))?", 1),
    rule(r"\bwww\.([\w-]+(?:\.[\w-]+)+)(?:/\S*[\w/])?", 1),
)
"""What is left of the markup, and addresses down to their host."""

LEFT_OVER = (
    rule(r"(?<=\w) [>\u203a\u2192] (?=\w)", ", "),
    rule(r"(?<=[^\W\d])[/_](?=[^\W\d])", " "),
    rule(r"[\\^{}<>~]", " "),
    rule(_EMOJI, " "),
)
"""Comes last."""
