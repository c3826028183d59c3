"""How a report looks: on a phone and on a wide screen, by day and by night, and on paper.

Only fonts that every machine has, only colours whose contrast with their background is 4.5 or more (7 for text), and
nothing that moves. Wide tables scroll inside their own box, so that the page itself never does sideways. The box says
so where there is anything to scroll: an animation along its scroll bar, which only runs then, turns on the words.
"""

from __future__ import annotations

from typing import Final

__all__ = ["STYLE"]

STYLE: Final = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1a1a1a; --quiet: #555555; --line: #d0d0d0; --band: #f4f5f7; --link: #00508a;
  --pass: #00583f; --pass-band: #e3f3ec; --fail: #9c2f00; --fail-band: #fdeae1;
  --inconclusive: #6b4700; --inconclusive-band: #fbf1d9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --ink: #e9eaec; --quiet: #b3b8bd; --line: #454b52; --band: #1e2328; --link: #8cc8ff;
    --pass: #7fdcb7; --pass-band: #10302a; --fail: #ffab85; --fail-band: #3d1c10;
    --inconclusive: #f2cf7e; --inconclusive-band: #352a10;
  }
}
* { box-sizing: border-box; }
html { font: 100%/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; background: var(--page); color: var(--ink);
  overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; unicode-bidi: isolate; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .5rem; padding-top: .5rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p, ul, ol { margin: .5rem 0; max-width: 46rem; }
li { margin: .25rem 0; }
a { color: var(--link); }
a:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
main:focus { outline: none; }
.skip { position: absolute; left: -100vw; top: 0; padding: .5rem 1rem; background: var(--page); }
.skip:focus { left: 0; z-index: 1; }
.quiet, figcaption, caption { color: var(--quiet); }
.verdict { font-size: 1.15rem; font-weight: 600; padding: .6rem .9rem; border-left: .4rem solid currentColor;
  border-radius: .25rem; max-width: none; }
sup, sub { line-height: 0; font-size: .75em; }
.pass { color: var(--pass); } .fail { color: var(--fail); } .inconclusive { color: var(--inconclusive); }
.verdict.pass { background: var(--pass-band); } .verdict.fail { background: var(--fail-band); }
.verdict.inconclusive { background: var(--inconclusive-band); }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; max-width: none; }
nav a { display: inline-block; padding: .25rem 0; }
.scroll { overflow-x: auto; max-width: 100%; margin: .5rem 0 1rem; animation: wide linear;
  animation-timeline: scroll(inline self); }
@keyframes wide { from, to { --hint: block; } }
.scroll::before { content: "\\2194  scroll sideways"; display: var(--hint, none); position: sticky; left: 0;
  width: max-content; font-size: .8rem; color: var(--quiet); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; overflow-wrap: normal; }
caption { text-align: left; padding: .25rem 0; max-width: calc(100vw - 2rem); position: sticky; left: 0; }
[scope=rowgroup] span { display: inline-block; max-width: calc(100vw - 3rem); position: sticky; left: .5rem; }
th, td { padding: .3rem .5rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line);
  unicode-bidi: isolate; }
th { font-weight: 600; }
.numbers td { text-align: right; white-space: nowrap; }
.numbers thead th { text-align: right; vertical-align: bottom; }
.numbers th:first-child, .numbers th.note, .numbers td.note { text-align: left; }
.numbers td.note { white-space: normal; min-width: 14rem; color: var(--quiet); }
.described td:first-of-type, .described th:nth-of-type(2) { text-align: left; }
.described td:first-of-type { white-space: normal; min-width: 11rem; }
.numbers tbody th { font-weight: 400; }
.numbers tbody th:has(wbr) { min-width: 8rem; }
@media (min-width: 64rem) { .numbers tbody th:has(wbr) { min-width: 12rem; } }
.numbers tbody th[scope=rowgroup] { font-weight: 600; background: var(--band); white-space: normal; }
.facts { overflow-wrap: anywhere; }
.facts th { min-width: 8rem; max-width: 16rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 28rem), 1fr)); gap: 1rem; }
figure { margin: 0; }
figure img { display: block; width: 100%; height: auto; background: #ffffff; border: 1px solid var(--line);
  border-radius: .4rem; padding: .4rem; }
figcaption { font-size: .9rem; margin-top: .35rem; }
pre, code { font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .9em; unicode-bidi: isolate; }
pre { margin: 0; padding: .75rem; background: var(--band); border-radius: .4rem; width: max-content; min-width: 100%; }
footer { margin-top: 2.5rem; padding-top: .5rem; border-top: 1px solid var(--line); font-size: .9rem;
  color: var(--quiet); }
@media print {
  :root {
    --page: #ffffff; --ink: #000000; --quiet: #333333; --line: #999999; --band: #ffffff; --link: #000000;
    --pass: #00583f; --pass-band: #ffffff; --fail: #9c2f00; --fail-band: #ffffff;
    --inconclusive: #6b4700; --inconclusive-band: #ffffff;
  }
  @page { margin: 15mm; }
  html { font-size: 9.5pt; }
  body { max-width: none; padding: 0; }
  nav, .skip { display: none; }
  h2, h3, caption { break-after: avoid; }
  tr, figure, .verdict { break-inside: avoid; }
  .scroll { overflow: visible; }
  caption, [scope=rowgroup] span { max-width: none; position: static; }
  table { font-size: 8pt; }
  th, td { padding: .2rem .4rem; }
  .numbers { font-size: 7pt; }
  .numbers th, .numbers td { padding: .12rem .3rem; }
  .numbers td.note, .numbers tbody th:has(wbr), .described td:first-of-type { min-width: 0; }
  .figures { grid-template-columns: 1fr 1fr; }
  pre { white-space: pre-wrap; width: auto; border: 1px solid var(--line); }
}
"""
"""The style sheet, whole: a report has no other files."""
