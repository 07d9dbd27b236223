/** Where a value of a template stands. */
export type Context = 'text' | 'attribute' | 'address' | 'tag';

const known = new WeakMap<TemplateStringsArray, readonly Context[]>();

/**
 * Where the values of a template stand.
 *
 * @throws Error where no text may stand, whatever it is
 */
export function contextsOf(parts: TemplateStringsArray): readonly Context[] {
  let contexts = known.get(parts);
  if (contexts === undefined) {
    contexts = scan(parts);
    known.set(parts, contexts);
  }
  return contexts;
}

/** Attributes that hold an address. */
const ADDRESS = /^(?:href|src|xlink:href|action|formaction|poster|data|srcset|ping|background|cite)$/i;
/** Attributes that hold script, style or a whole document. */
const REFUSED = /^(?:on.*|style|srcdoc)$/i;

function scan(parts: readonly string[]): Context[] {
  const state = { place: 'text' as 'text' | 'tag' | 'quoted', attribute: '' };
  return parts.slice(0, -1).map((part) => {
    advance(state, part);
    if (state.place === 'quoted') {
      if (REFUSED.test(state.attribute)) throw new Error(`no value may stand in the attribute ${state.attribute}`);
      return ADDRESS.test(state.attribute) ? 'address' : 'attribute';
    }
    if (state.place === 'tag' && /[=/<]\s*$/.test(part)) throw new Error('attributes are quoted: name="${value}"');
    return state.place;
  });
}

function advance(state: { place: 'text' | 'tag' | 'quoted'; attribute: string }, part: string): void {
  if (/<(?:script|style|!--|textarea|title|iframe|noscript|template)\b|<!--/i.test(part)) {
    throw new Error('script, style, title and comments are made by page() alone');
  }
  let from = 0;
  for (let at = 0; at < part.length; at++) {
    const char = part[at];
    if (state.place === 'text' && char === '<') {
      [state.place, from] = ['tag', at + 1];
    } else if (state.place === 'tag' && char === '>') {
      state.place = 'text';
    } else if (state.place === 'tag' && char === "'") {
      throw new Error('attributes are quoted by "');
    } else if (state.place === 'tag' && char === '"') {
      const name = /(?<![^\s=])([^\s=]+)\s*=\s*$/.exec(part.slice(from, at))?.[1];
      if (name === undefined) throw new Error('an attribute lacks its name');
      [state.place, state.attribute] = ['quoted', name];
    } else if (state.place === 'quoted' && char === '"') {
      [state.place, from] = ['tag', at + 1];
    }
  }
}
