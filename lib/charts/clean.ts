import { escapeMarkup } from '../text/markup';
import { trusted, type Html } from '../html/html';

/** Elements that a chart is made of, and the attributes of theirs that stay. */
const ELEMENTS = new Set([
  'svg',
  'g',
  'path',
  'rect',
  'text',
  'tspan',
  'circle',
  'line',
  'polyline',
  'polygon',
  'defs',
  'clipPath',
]);
const ATTRIBUTES = new Set([
  ...['x', 'y', 'dx', 'dy', 'd', 'r', 'cx', 'cy', 'rx', 'ry', 'x1', 'x2', 'y1', 'y2', 'points', 'width', 'height'],
  ...[
    'transform',
    'fill',
    'fill-opacity',
    'stroke',
    'stroke-width',
    'stroke-dasharray',
    'stroke-linecap',
    'stroke-linejoin',
  ],
  ...[
    'stroke-opacity',
    'stroke-miterlimit',
    'opacity',
    'paint-order',
    'text-anchor',
    'dominant-baseline',
    'clip-path',
    'id',
  ],
  ...['font-size', 'font-weight'],
]);

const TAG = /<(\/?)([\w:-]+)((?:\s+[\w:-]+="[^"<>]*")*)\s*(\/?)>/g;
const ATTRIBUTE = /(?<![\w:-])([\w:-]+)="([^"<>]*)"/g;

/** What a chart is called, and what it shows, for those who can't see it. */
export interface ChartText {
  /** Of this chart alone within its page; letters, digits and hyphens. */
  id: string;
  title: string;
  description: string;
}

/**
 * A chart for a page: what ECharts wrote without style sheets, style attributes and handles of its own (none of which a strict policy lets through),
 * with a title and a description.
 *
 * @throws Error for anything that ECharts was not known to write
 */
export function cleanChart(svg: string, { id, title, description }: ChartText): Html {
  const bare = svg.replace(/<style\s*>[\s\S]*?<\/style>/g, '');
  let at = 0;
  let out = '';
  for (const tag of bare.matchAll(TAG)) {
    out += text(bare.slice(at, tag.index)) + rewritten(tag, id);
    at = tag.index + tag[0].length;
  }
  out += text(bare.slice(at));
  const names = `<title id="${id}-title">${escapeMarkup(title)}</title><desc id="${id}-desc">${escapeMarkup(description)}</desc>`;
  return trusted(
    out
      // By functions: `$&` and the like, which names may hold, mean something in a text.
      .replace(/^\s*<svg/, () => `<svg class="chart" role="img" aria-labelledby="${id}-title ${id}-desc"`)
      .replace('>', () => `>${names}`),
  );
}

/** What stands between two tags. */
function text(between: string): string {
  if (/[<>]/.test(between)) throw new Error(`ECharts wrote what is not known: ${between.slice(0, 80)}`);
  return between.replace(/\n+/g, '');
}

function rewritten([, end = '', name = '', attributes = '', empty = '']: RegExpMatchArray, id: string): string {
  if (!ELEMENTS.has(name)) throw new Error(`ECharts wrote an element that is not known: ${name}`);
  if (end !== '') return `</${name}>`;
  const kept = [...attributes.matchAll(ATTRIBUTE)].flatMap(([, key = '', value = '']) =>
    key === 'style'
      ? declarations(value)
      : key === 'viewBox' && name === 'svg'
        ? [`viewBox="${value}"`]
        : attribute(key, value, id),
  );
  const sized = name === 'svg' ? kept.filter((one) => !/^(?:width|height)=/.test(one)) : kept;
  return `<${[name, ...sized].join(' ')}${empty}>`;
}

function attribute(key: string, value: string, id: string): string[] {
  if (!ATTRIBUTES.has(key)) return [];
  // Ids are those of the chart, so that several can stand in a page.
  const own =
    key === 'id' ? value.replace(/^zr\d+/, id) : key === 'clip-path' ? value.replace(/#zr\d+/, `#${id}`) : value;
  return [`${key}="${own}"`];
}

/** What a style attribute says, as attributes. */
function declarations(style: string): string[] {
  return style.split(';').flatMap((declaration) => {
    const [key = '', value = ''] = declaration.split(':').map((part) => part.trim());
    return key === 'font-size' || key === 'font-weight' ? [`${key}="${value.replace(/px$/, '')}"`] : [];
  });
}
