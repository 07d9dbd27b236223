/**
 * Rules for charts, after those of all pages. The colours of curves are Okabe and Ito's, which people with colour blindness can tell apart (Color
 * Universal Design, 2008), darkened or lightened to at least 3 to 1 on the page's ground; each has a dash pattern of its own too.
 */
export const CHART_STYLE = `
:root { --c0: #0065a8; --c1: #b34a00; --c2: #00795a; --c3: #a03d74; --c4: #7a5c00; --c5: #3f6f8f; --c6: #5b4bb0; --c7: #555; --grid: #e1e5ea; }
@media (prefers-color-scheme: dark) {
  :root { --c0: #63b4f0; --c1: #ff9c52; --c2: #35cda2; --c3: #ee9ac6; --c4: #f0d25a; --c5: #9cc9e6; --c6: #b9aefb; --c7: #bbb; --grid: #2c343d; }
}
@media print {
  :root { --c0: #0065a8; --c1: #b34a00; --c2: #00795a; --c3: #a03d74; --c4: #7a5c00; --c5: #3f6f8f; --c6: #5b4bb0; --c7: #555; --grid: #ddd; }
}
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem 1.5rem; }
.plot { margin: 0; } .plot > figcaption { font-weight: 600; }
.chart { width: 100%; font-family: inherit; }
@media (max-width: 30rem) { .chart text { font-size: 15px; } }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; list-style: none; margin: 0; padding: 0; font-size: .875rem; }
.legend li { display: flex; gap: .4rem; align-items: center; } .legend svg { flex: none; width: 30px; height: 10px; }
.readout { font-size: .875rem; min-height: 1.5em; margin: 0; color: var(--dim); }
`;
