"""The model's equations as text, LaTeX and Markdown, from the functions the kernels are made of."""

from ldnsim.equations.latex import as_latex
from ldnsim.equations.markdown import as_markdown
from ldnsim.equations.text import as_text, contents, expression, rooms

__all__ = ["as_latex", "as_markdown", "as_text", "contents", "expression", "rooms"]
