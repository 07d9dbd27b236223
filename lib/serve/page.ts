import { html, trusted, type Html } from '../html/html';
import { page, pagePolicy } from '../html/page';
import { counted } from '../text/count';
import { PAGE_SCRIPT } from './page-script';
import { PAGE_STYLE } from './page-style';

/** What the page says of the model. */
export interface PageFacts {
  arch: string;
  /** How many. */
  classes: number;
  device: string;
  precision: string;
  /** Whether there is Grad-CAM. */
  explain: boolean;
  /** Whether corrections are kept. */
  corrections: boolean;
}

/** A page, and the policy with which it is to be sent. */
export interface ServedPage {
  text: string;
  policy: string;
}

/** Where the page names the server; its script knows better, behind a proxy. */
const ORIGIN = '<span class="origin"></span>';

/** The page for a request by this name, so that its examples can be run where there are no scripts. */
export function pageFor({ text }: ServedPage, host: string): string {
  return text.replaceAll(ORIGIN, () => html`<span class="origin">http://${host}</span>`.toString());
}

/** The page on which images are tried. */
export function servedPage(facts: PageFacts): ServedPage {
  const parts = {
    title: 'Try the model',
    body: bodyOf(facts),
    style: PAGE_STYLE,
    script: PAGE_SCRIPT,
    served: true,
  };
  // A page that stands in a frame could be used by one that lies over it; that a header alone can forbid.
  return { text: page(parts), policy: `${pagePolicy(parts)}; frame-ancestors 'none'` };
}

const ICON = trusted(
  '<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">' +
    '<rect x="3" y="4" width="18" height="16" rx="3"/><circle cx="8.5" cy="9.5" r="1.6"/><path d="m4 18 5.5-5 3.5 3 3-3 4.5 4.5"/></svg>',
);

function bodyOf(facts: PageFacts): Html {
  const { arch, classes, device, precision } = facts;
  return html`<main>
    <h1>Try the model</h1>
    <p class="dim">${arch} with ${counted(classes, 'class', 'classes')}, on ${device} (${precision})</p>
    <p class="warning without-script">
      This page needs JavaScript. Without it, curl and other programs can use the server all the same, as shown below.
    </p>
    <section class="drop needs-script" aria-label="Images">
      ${ICON}
      <p class="lead">Drop, paste or choose images</p>
      <p>
        <input type="file" id="files" class="hidden-visually" multiple accept="image/*,.ppm,.pgm,.bmp,.tif,.tiff" />
        <label class="choose" for="files">Choose images</label>
      </p>
      <p class="dim small">
        Images are classified, not stored${facts.corrections ? ', unless you correct their class' : ''}.
      </p>
      <p id="hint" class="bad" hidden>That was a link, not a file: save the image first, and drop the file.</p>
    </section>
    <p id="status" class="hidden-visually" role="status"></p>
    <div id="tools" class="controls tools needs-script" hidden>
      <label><input type="checkbox" id="evidence" checked /> Show where the evidence lies</label>
      <span id="count" class="dim"></span>
      <button type="button" id="clear">Clear the list</button>
    </div>
    <ol id="results" class="results" aria-label="Results"></ol>
    ${facts.corrections ? CORRECTIONS : undefined} ${program(facts)}
  </main>`;
}

const CORRECTIONS = html`<section>
  <h2>What becomes of corrections</h2>
  <p>
    Each corrected image is copied, as it is, into the folder that the server was given with
    <code>--corrections</code>, under the name of its class. To train with them, look through them, copy them into the
    folders of <code>train/</code> in the data set, and train again:
  </p>
  <pre
    tabindex="0"
  ><code>cp -r CORRECTIONS/. DATA/train/<br />npx resnet-ft check DATA<br />npx resnet-ft train DATA</code></pre>
</section>`;

function program({ explain }: PageFacts): Html {
  return html`<section>
    <h2>From a program</h2>
    <pre
      tabindex="0"
    ><code>curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' <span class="origin"></span>/predict<br />curl -F image=@one.jpg -F image=@two.png '<span class="origin"></span>/predict?top=3'</code></pre>
    <p>
      The answer is JSON: <code>class</code>, <code>probability</code>, <code>top</code>; <code>unknown</code> where the
      model was taught to say that an image belongs to none of its classes.
      ${explain ? html`<code>?explain=true</code> adds <code>pictures</code>: what the network saw, and its heat map.` : undefined}
      Also here: <code>/model</code>, <code>/healthz</code>, and <code>/metrics</code> for Prometheus.
    </p>
  </section>`;
}
