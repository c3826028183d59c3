"""The report as a file: what `verify` found, for people, on one page that needs nothing but itself.

`write_report` writes it; `qtraj verify TARGET --report FILE.html` does so from the command line. The modules are its
sections; `document` puts them together. It is built on `qtraj.markup`, which escapes whatever is not HTML by type, and
not on a template engine: one document with computed parts is as short in Python, and checked by its tools.
"""

from qtraj.report.write import check_report_path, write_report

__all__ = ["check_report_path", "write_report"]
