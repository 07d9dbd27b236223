/** What a stream and its terminal can do. Nothing here is written in colour but what `doctor` says. */

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether lines that are drawn again in their place can be shown: not where output goes to a file or a pipe, nor where no cursor can be moved. */
export function isLive(stream: { isTTY?: boolean }, env: Environment = process.env): boolean {
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

/** Whether words may be coloured (https://no-color.org). */
export function hasColour(stream: { isTTY?: boolean }, env: Environment = process.env): boolean {
  return isLive(stream, env) && !env['NO_COLOR'];
}

/**
 * Whether block elements such as ▃ can be shown: by the locale, as every program decides it. The Linux console says UTF-8 but its font has few of
 * them. On Windows there is no locale, and its older console has fonts without them.
 */
export function hasBlocks(env: Environment = process.env, platform: NodeJS.Platform = process.platform): boolean {
  if (env['TERM'] === 'linux' || env['TERM'] === 'dumb') return false;
  if (platform === 'win32') return Boolean(env['WT_SESSION'] ?? env['TERM_PROGRAM']);
  return /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '');
}
