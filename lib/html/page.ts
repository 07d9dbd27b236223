import { createHash } from 'node:crypto';
import { escapeMarkup } from '../text/markup';
import type { Html } from './html';
import { STYLE } from './style';

/** What a page is made of. */
export interface PageParts {
  title: string;
  /** What made it, for programs that are to know: some words of ours; default nothing. */
  generator?: string | undefined;
  /** What stands in `<body>`. */
  body: Html;
  /** Rules of this page, beside those that all pages have. */
  style?: string | undefined;
  /** Runs once the page is there; the page must be whole without it. */
  script?: string | undefined;
  /** Whether it comes from a server of ours, and may ask it for more; default no. */
  served?: boolean | undefined;
}

/**
 * A page that needs nothing else: no file, no network. Its Content-Security-Policy lets through pictures within the page, and the one style sheet
 * and the one script that stand in it, by their hash; what a name might smuggle in does not run.
 */
export function page(parts: PageParts): string {
  const { title, generator, body, script = '' } = parts;
  const rules = rulesOf(parts);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy(parts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
${generator === undefined ? '' : generatorMark(generator)}<title>${escapeMarkup(title)}</title>
<style>${inElement(rules, 'style')}</style>
</head>
<body>
${body.toString()}
${script === '' ? '' : `<script>${inElement(script, 'script')}</script>\n`}</body>
</html>
`;
}

/** The line of a page's head that says what made it, before the title and all else that the page's data have a say in. */
export const generatorMark = (generator: string): string =>
  `<meta name="generator" content="${escapeMarkup(generator)}">\n`;

const rulesOf = ({ style = '' }: PageParts): string => `${STYLE}${style}`;

/** The Content-Security-Policy of a page. */
export function pagePolicy(parts: PageParts): string {
  const { script = '', served = false } = parts;
  return [
    "default-src 'none'",
    'img-src data:',
    `style-src ${hashOf(rulesOf(parts))}`,
    ...(script === '' ? [] : [`script-src ${hashOf(script)}`]),
    ...(served ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** The source of a policy that lets through exactly this text. */
const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Style and script are ours; what would end their element is a mistake in them. */
function inElement(text: string, element: 'style' | 'script'): string {
  if (text.toLowerCase().includes(`</${element}`) || text.includes('<!--'))
    throw new Error(`it would end its <${element}>`);
  if (text.includes('\r')) throw new Error('line ends are \\n, or the hash is not that of what a browser reads');
  return text;
}
