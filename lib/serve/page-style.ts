/** The rules of the served page, beside those of all pages. */
export const PAGE_STYLE = `
.hidden-visually { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:root.scripted .without-script { display: none; }
.drop {
  margin: 1.25rem 0; padding: 2.25rem 1rem; border: 2px dashed var(--dim); border-radius: .9rem; background: var(--panel);
  text-align: center; transition: border-color .15s, background .15s;
}
.drop p { margin: 0 0 .6rem; } .drop .lead { font-size: 1.3rem; font-weight: 600; } .drop > :last-child { margin: .9rem 0 0; }
.drop svg { width: 2.6rem; height: 2.6rem; margin: 0 auto .5rem; color: var(--link); }
.dropping .drop { border-color: var(--link); border-style: solid; }
.busy .drop { padding: 1.1rem 1rem; } .busy .drop svg { display: none; } .busy .drop .lead { font-size: 1rem; }
.choose, .result button, .tools button {
  display: inline-block; padding: .4rem 1rem; border: 1px solid var(--link); border-radius: .45rem; cursor: pointer; font-weight: 600;
}
.choose { background: var(--link); color: var(--back); }
.result button, .tools button { background: none; color: var(--link); font-weight: 500; padding: .25rem .8rem; }
.result button:disabled { border-color: var(--line); color: var(--dim); cursor: default; }
input:focus-visible + .choose { outline: 2px solid var(--link); outline-offset: 3px; }
.tools { justify-content: space-between; margin-top: 1.25rem; }
.results { list-style: none; padding: 0; display: grid; gap: 1rem; }
.result {
  display: grid; grid-template-columns: 15rem minmax(0, 1fr); gap: 1rem 1.5rem; padding: 1rem; border: 1px solid var(--line);
  border-radius: .9rem; background: var(--panel);
}
.result.plain { grid-template-columns: minmax(0, 1fr); } .result .picture { margin: 0; } .result .picture img { display: block; width: 100%; height: auto; border-radius: .5rem; aspect-ratio: 1; background: var(--line); }
.result .picture .blank { aspect-ratio: 1; border-radius: .5rem; background: var(--line); }
.result figcaption { padding-top: .4rem; font-size: .875rem; line-height: 1.4; color: var(--dim); overflow-wrap: anywhere; }
.result h3 { margin: 0; font-weight: 500; font-size: .95rem; color: var(--dim); overflow-wrap: anywhere; }
.result .verdict { font-size: 1.6rem; font-weight: 650; line-height: 1.25; margin: .1rem 0 .75rem; overflow-wrap: anywhere; }
.result .verdict small { font-weight: 400; font-size: 1rem; color: var(--dim); }
.scores { list-style: none; margin: 0 0 1rem; padding: 0; display: grid; gap: .5rem; }
.scores li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 .75rem; align-items: baseline; }
.scores bdi { overflow-wrap: anywhere; text-align: left; } .scores .share { font-variant-numeric: tabular-nums; color: var(--dim); }
.scores .bar { grid-column: 1 / -1; height: .5rem; border-radius: .25rem; background: var(--line); overflow: hidden; }
.scores .bar span { display: block; height: 100%; border-radius: .25rem; background: var(--dim); } .scores li:first-child .bar span { background: var(--link); }
.result form { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; margin: 0; }
.result form label { display: inline-flex; flex-wrap: wrap; gap: .25rem .5rem; align-items: center; max-width: 100%; }
.result select { min-width: 0; background: var(--back); }
.result .note { margin: .5rem 0 0; font-size: .9rem; min-height: 1.35rem; }
.result .bad { margin: .35rem 0 .75rem; }
@media (max-width: 40rem) {
  .result { grid-template-columns: minmax(0, 1fr); padding: .75rem; } .result .picture img, .result .picture .blank { max-width: 100%; }
  .drop { padding: 1.5rem .75rem; }
}
@media (prefers-reduced-motion: no-preference) {
  .waiting .blank { animation: wait 1.2s ease-in-out infinite alternate; } @keyframes wait { to { opacity: .45; } }
}
`;
