import path from 'node:path';
import stringWidth from 'string-width';
import { escapeMarkup } from '../text/markup';
import { printable } from '../text/printable';
import { frameOf, lossTicks, placeOfLoss, placeOfRate, rateText, rateTicks, thinned, type Frame } from './axes';
import type { LrFindResult, LrPoint } from './types';

// Small, so that the text can still be read where the drawing is as wide as a telephone.
const WIDTH = 480;
const HEIGHT = 376;
const LEFT = 68;
const RIGHT = 464;
/** Of the line that says what is marked, and of the plot. */
const LEGEND = 70;
const TOP = 84;
const BOTTOM = 316;

/** Width of a digit, about. */
const DIGIT = 7.5;

/** Columns of a name in the heading. */
const NAME_WIDTH = 36;

// Plain rules, which every viewer knows; the dark ones come after, and one that does not know them stays light.
const STYLE = `
svg { color-scheme: light dark; max-width: 60rem; font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
.back { fill: #fff } text { fill: #1c2024 } .dim { fill: #5a6068 } .title { font-size: 16px; font-weight: 600 }
.grid { stroke: #e3e7ec } .axis { stroke: #8a929b } .losses { fill: #9aa7b5 } .curve { fill: none; stroke: #2f66b3; stroke-width: 2.2; stroke-linejoin: round }
.steepest { stroke: #b3401a; stroke-width: 1.6 } .tenth { stroke: #6b5b95; stroke-width: 1.4; stroke-dasharray: 4 3 }
.t-steepest { fill: #b3401a; font-weight: 600 } .t-tenth { fill: #6b5b95 }
@media (prefers-color-scheme: dark) {
.back { fill: #14181d } text { fill: #e6e9ed } .dim { fill: #a3abb5 }
.grid { stroke: #2b323a } .axis { stroke: #77808a } .losses { fill: #5d6a78 } .curve { stroke: #7fb0f0 }
.steepest { stroke: #ff9a70 } .t-steepest { fill: #ff9a70 } .tenth { stroke: #b9a6ea } .t-tenth { fill: #b9a6ea }
}
`;

type Drawn = Pick<LrFindResult, 'data' | 'arch' | 'points' | 'suggestion' | 'note'>;

/**
 * The curve of a range test as an SVG that needs nothing else: the losses of the steps as dots, the smoothed loss as a line, and the suggested
 * rates. Colours are those that the viewer prefers, light or dark.
 */
export function drawSvg({ data, arch, points, suggestion, note }: Drawn): string {
  const name = shortened(path.basename(path.resolve(data)));
  const text =
    suggestion === null
      ? (note ?? 'no suggestion')
      : `the loss falls most steeply at a learning rate of ${rateText(suggestion.lr)}`;
  const body = points.length === 0 ? [noCurve(text)] : plot(points, suggestion);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="100%" role="img" aria-labelledby="title description">`,
    `<title id="title">Learning-rate range test: ${escapeMarkup(name)}</title>`,
    `<desc id="description">${escapeMarkup(text)}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="title" x="16" y="26">Learning-rate range test</text>`,
    `<text class="dim" x="16" y="46">${escapeMarkup(`${name}, ${arch}`)}</text>`,
    ...body,
    '</svg>\n',
  ].join('\n');
}

const noCurve = (text: string): string => `<text class="dim" x="16" y="${TOP + 20}">${escapeMarkup(text)}</text>`;

/** A name that is no wider than its place. */
function shortened(name: string): string {
  const chars = Array.from(printable(name));
  if (stringWidth(chars.join('')) <= NAME_WIDTH) return chars.join('');
  while (stringWidth(chars.join('')) >= NAME_WIDTH) chars.pop();
  return `${chars.join('')}…`;
}

const pixel = (value: number): string => String(Math.round(value * 10) / 10);
const across = (frame: Frame, lr: number): number => LEFT + placeOfRate(frame, lr) * (RIGHT - LEFT);
const up = (frame: Frame, loss: number): number => BOTTOM - placeOfLoss(frame, loss) * (BOTTOM - TOP);

function plot(points: readonly LrPoint[], suggestion: Drawn['suggestion']): string[] {
  const frame = frameOf(points);
  const place = (lr: number, loss: number): string => `${pixel(across(frame, lr))},${pixel(up(frame, loss))}`;
  const dots = points.map(({ lr, loss }) => {
    return `<circle cx="${pixel(across(frame, lr))}" cy="${pixel(up(frame, loss))}" r="1.6"/>`;
  });
  return [
    `<clipPath id="plot"><rect x="${LEFT}" y="${TOP}" width="${RIGHT - LEFT}" height="${BOTTOM - TOP}"/></clipPath>`,
    ...lossAxis(frame),
    ...rateAxis(frame),
    `<g class="losses" clip-path="url(#plot)">${dots.join('')}</g>`,
    `<polyline class="curve" clip-path="url(#plot)" points="${points.map(({ lr, smoothed }) => place(lr, smoothed)).join(' ')}"/>`,
    ...legend(suggestion),
    ...(suggestion === null
      ? []
      : [...marked(frame, suggestion.tenthOfLeast, 'tenth'), ...marked(frame, suggestion.lr, 'steepest')]),
  ];
}

type Mark = 'steepest' | 'tenth';

/** A line at a rate; nothing where the rate is beyond the curve. */
function marked(frame: Frame, lr: number, kind: Mark): string[] {
  if (lr < frame.from || lr > frame.to) return [];
  const x = pixel(across(frame, lr));
  return [`<line class="${kind}" x1="${x}" x2="${x}" y1="${TOP}" y2="${BOTTOM}"/>`];
}

/** What the two lines are, above the plot, where nothing crosses it. */
function legend(suggestion: Drawn['suggestion']): string[] {
  if (suggestion === null) return [`<text class="dim" x="${LEFT}" y="${LEGEND}">no suggestion</text>`];
  const entry = (x: number, kind: Mark, text: string): string =>
    `<line class="${kind}" x1="${x}" x2="${x + 22}" y1="${LEGEND - 4.5}" y2="${LEGEND - 4.5}"/>` +
    `<text class="t-${kind}" x="${x + 28}" y="${LEGEND}">${escapeMarkup(text)}</text>`;
  return [
    entry(LEFT, 'steepest', `steepest: ${rateText(suggestion.lr)}`),
    entry((LEFT + RIGHT) / 2, 'tenth', `least / 10: ${rateText(suggestion.tenthOfLeast)}`),
  ];
}

function lossAxis(frame: Frame): string[] {
  const middle = (TOP + BOTTOM) / 2;
  return [
    ...lossTicks(frame, 5).flatMap(({ value, label }) => {
      const y = pixel(up(frame, value));
      return [
        `<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${y}" y2="${y}"/>`,
        `<text class="dim" x="${LEFT - 6}" y="${y}" dy="0.35em" text-anchor="end">${label}</text>`,
      ];
    }),
    `<text x="12" y="${middle}" text-anchor="middle" transform="rotate(-90 12 ${middle})">loss</text>`,
  ];
}

function rateAxis(frame: Frame): string[] {
  return [
    `<line class="axis" x1="${LEFT}" x2="${RIGHT}" y1="${BOTTOM}" y2="${BOTTOM}"/>`,
    ...thinned(rateTicks(frame), ({ value }) => across(frame, value) / DIGIT).flatMap(({ value, label }) => {
      const x = pixel(across(frame, value));
      return [
        `<line class="axis" x1="${x}" x2="${x}" y1="${BOTTOM}" y2="${BOTTOM + 5}"/>`,
        `<text class="dim" x="${x}" y="${BOTTOM + 20}" text-anchor="middle">${label}</text>`,
      ];
    }),
    `<text x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 42}" text-anchor="middle">learning rate (logarithmic)</text>`,
  ];
}
