/** Makes names, paths and messages that are not ours safe for a line that a person reads. */

/**
 * What moves a cursor, ends a line, turns the direction of text or takes no room: controls (ESC and C1 among them), line and
 * paragraph separators, halves of surrogate pairs, and Unicode's "default ignorable" code points, which hold all bidi controls,
 * zero-width characters and tags. The last three are the marks of interlinear annotations.
 */
const HIDDEN = String.raw`\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\uFFF9-\uFFFB`;

/** Scripts that are not written properly without joiners (Unicode Standard Annex 31, section 2.3.1). */
const JOINED = [
  'Arab',
  'Syrc',
  'Mong',
  'Deva',
  'Beng',
  'Guru',
  'Gujr',
  'Orya',
  'Taml',
  'Telu',
  'Knda',
  'Mlym',
  'Sinh',
  'Khmr',
]
  .map((script) => String.raw`\p{Script=${script}}`)
  .join('');

/** Where such characters belong to what is written: within an emoji, between joined letters, and after a glyph with variants. */
const PROPER = [
  String.raw`\p{RGI_Emoji}`,
  `(?<=[${JOINED}])[\\u200C\\u200D](?=[${JOINED}])`,
  String.raw`(?<=[\p{Extended_Pictographic}\p{Ideographic}])[\uFE00-\uFE0F\u{E0100}-\u{E01EF}]`,
].join('|');

const ANY_HIDDEN = new RegExp(`[${HIDDEN}]`, 'v');

/** Made when it is first needed, for the thousands of emoji take 40 ms. */
let each: RegExp | undefined;

function replaceHidden(text: string, shown: (char: string) => string): string {
  if (!ANY_HIDDEN.test(text)) return text;
  each ??= new RegExp(`(?<proper>${PROPER})|[${HIDDEN}]`, 'gv');
  return text.replace(each, (char: string, proper: string | undefined) => proper ?? shown(char));
}

/**
 * A text as it can stand in one line of a terminal or a log: line breaks, terminal escapes, bidi controls and whatever else could
 * hide or steer are shown as `\xNN`, above U+00FF as `\u{NNNN}`. Accents, other scripts and emoji stay. What is printable
 * already comes back unchanged, so that texts may be put together of such texts.
 */
export function printable(text: string): string {
  return replaceHidden(text, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** JSON without line breaks whose texts are the same after parsing, with those characters as JSON's own `\uNNNN`. */
export function printableJson(json: string): string {
  const unit = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;
  return replaceHidden(json, (char) => Array.from(char.split(''), (half) => unit(half.charCodeAt(0))).join(''));
}
