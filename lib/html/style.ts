/**
 * The rules that all pages have: system fonts, colours for light and dark (each text at least 4.5 to 1 on its ground, WCAG 2.2 AA), one column on a
 * phone, and black on white in print. Classes: `dim`, `bad`, `good`, `number` (cells), `scroll` (around what may be wider than a phone; give it
 * `tabindex="0"` and a name), `cards` (figures in big type), `gallery` (of `figure`), `needs-script` (shown only where scripts run).
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --back: #fff; --panel: #f4f6f8; --fore: #1c2024; --dim: #565d66; --line: #d9dee4;
  --link: #1f5aa8; --bad: #b0301a; --good: #1d6b3a; --warn: #fff4d6; --warn-line: #c98a00; --shade: #0003;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14181d; --panel: #1d232a; --fore: #e6e9ed; --dim: #a3abb5; --line: #343c46;
    --link: #86b6f2; --bad: #ff9a80; --good: #7ed69b; --warn: #33290f; --warn-line: #d7a83c; --shade: #fff4;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 68rem; background: var(--back); color: var(--fore);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; overflow-wrap: break-word;
}
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.25rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.25rem 0 .35rem; }
p, ul, ol, dl, pre, table, figure { margin: 0 0 .75rem; }
a { color: var(--link); }
code, pre, kbd { font: .875em/1.5 ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .75rem; white-space: pre-wrap; }
.dim { color: var(--dim); } .bad { color: var(--bad); } .good { color: var(--good); } .small { font-size: .875rem; }
.warning { background: var(--warn); border-left: .3rem solid var(--warn-line); padding: .5rem .75rem; margin: 0 0 .75rem; }
/* What is hidden at a side has a shadow there, which is covered where the end is reached. */
.scroll {
  overflow-x: auto; margin: 0 0 .75rem;
  background:
    linear-gradient(to right, var(--back) 40%, transparent) left / 2.5rem 100% no-repeat local,
    linear-gradient(to left, var(--back) 40%, transparent) right / 2.5rem 100% no-repeat local,
    linear-gradient(to right, var(--shade), transparent) left / 1rem 100% no-repeat scroll,
    linear-gradient(to left, var(--shade), transparent) right / 1rem 100% no-repeat scroll;
}
.scroll > :last-child { margin-bottom: 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--dim); padding-bottom: .25rem; }
th, td { padding: .3rem .75rem .3rem 0; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; vertical-align: bottom; } tbody th { font-weight: 500; }
.number { text-align: right; } td.number, .sortable thead th { white-space: nowrap; }
th > button { font: inherit; color: inherit; background: none; border: 0; padding: .2rem 0; cursor: pointer; text-align: inherit; }
th > button::after { content: "\\a0\\2195"; color: var(--dim); }
th[aria-sort="ascending"] > button::after { content: "\\a0\\2191"; color: inherit; }
th[aria-sort="descending"] > button::after { content: "\\a0\\2193"; color: inherit; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.cards > div { background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .75rem; margin: 0; }
.cards dt { color: var(--dim); font-size: .875rem; } .cards dd { margin: 0; overflow-wrap: anywhere; } .cards .big { font-size: 1.5rem; line-height: 1.3; font-weight: 600; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .75rem; padding: 0; list-style: none; }
.gallery figure { margin: 0; } .gallery img { display: block; width: 100%; height: auto; border-radius: .3rem; background: var(--panel); }
.gallery li { min-width: 0; } .gallery figcaption { overflow-wrap: anywhere; font-size: .875rem; line-height: 1.4; padding-top: .3rem; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: 0 0 .75rem; }
.controls label { display: inline-flex; gap: .4rem; align-items: center; }
button, select, input { font: inherit; color: inherit; }
.controls button, select, input[type="search"] {
  background: var(--panel); border: 1px solid var(--dim); border-radius: .3rem; padding: .25rem .6rem; max-width: 100%;
}
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
svg { display: block; max-width: 100%; height: auto; }
summary { cursor: pointer; }
:root:not(.scripted) .needs-script, [hidden] { display: none !important; }
@media (max-width: 30rem) {
  body { padding: 1rem .75rem 2rem; } h1 { font-size: 1.35rem; }
  .gallery { grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); } .cards { grid-template-columns: repeat(2, 1fr); gap: .5rem; }
}
@media print {
  :root { --back: #fff; --panel: #fff; --fore: #000; --dim: #444; --line: #bbb; --link: #000; --bad: #8c1d0a; --good: #14502b; --warn: #fff; color-scheme: light; }
  body { max-width: none; padding: 0; font-size: 10pt; } .controls { display: none; } .scroll { overflow: visible; background: none; }
  th > button::after { content: none !important; }
  h2, h3 { break-after: avoid; } figure, tr, .cards > div, svg, pre { break-inside: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`;
