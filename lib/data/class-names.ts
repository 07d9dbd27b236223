/** A name in quotes where blanks at an end of it would not be seen. */
export const quotedBlanks = (name: string): string => (name === name.trim() ? name : `'${name}'`);

/** A name without what a person does not see, or hardly: the form of Unicode, blanks at the ends, capitals. */
const plain = (name: string): string => composed(name).toLowerCase();
const composed = (name: string): string => name.normalize('NFC').trim();

/** Names that differ in what a person hardly sees, and in what: sentences without a full stop. */
export function hiddenDifferences(some: readonly string[], others: readonly string[]): string[] {
  const byPlain = new Map(others.map((name) => [plain(name), name]));
  return some.flatMap((name) => {
    const other = byPlain.get(plain(name));
    return other === undefined ? [] : differences(name, other);
  });
}

function differences(name: string, other: string): string[] {
  const found = [...blanksOf(name), ...blanksOf(other)];
  if (composed(name) !== composed(other)) {
    const only = found.length === 0 ? ' only' : '';
    found.push(`'${composed(name)}' and '${composed(other)}' differ in capitals${only}`);
  } else if (name.normalize('NFC').length !== name.length || other.normalize('NFC').length !== other.length) {
    found.push(`'${composed(name)}' is written in two Unicode forms`);
  }
  return found;
}

function blanksOf(name: string): string[] {
  const at = [...(name === name.trimStart() ? [] : ['begins']), ...(name === name.trimEnd() ? [] : ['ends'])];
  return at.length === 0 ? [] : [`'${name}' ${at.join(' and ')} with a space`];
}
