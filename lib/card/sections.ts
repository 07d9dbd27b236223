import { createHash } from 'node:crypto';

// A card has sections that are its author's. Between their marks anybody writes what they like, and a later card takes it over. All else is
// sealed by its hash in the last line: where that does not fit, a person has edited it.

const BEGIN = /^(?:# |<!-- )author: begin ([a-z-]+)/;
const END = /^(?:# |<!-- )author: end ([a-z-]+)/;
const SEAL = /^<!-- resnet-ft: SHA-256 of what is not between the author's marks: ([0-9a-f]{64}) -->$/;

const KEPT = 'what stands from here to the end mark is yours, and is kept when resnet-ft writes this card again';

/** A section of the author's in Markdown. */
export function authorSection(name: string, text: string): string {
  return `<!-- author: begin ${name}: ${KEPT} -->\n${text}\n<!-- author: end ${name} -->`;
}

/** A section of the author's in YAML. */
export function authorYaml(name: string, text: string): string {
  return `# author: begin ${name}: ${KEPT}\n${text}\n# author: end ${name}`;
}

/** A card taken apart: its lines without those of the author's sections, and these. */
interface Parts {
  lines: string[];
  sections: Map<string, string[]>;
}

/** Undefined where the marks do not fit each other. */
function takeApart(text: string): Parts | undefined {
  const lines: string[] = [];
  const sections = new Map<string, string[]>();
  let open: string | undefined;
  // Git and editors may have changed the line breaks.
  for (const line of text.split(/\r?\n/)) {
    const begun = BEGIN.exec(line)?.[1];
    const ended = END.exec(line)?.[1];
    if (open === undefined) {
      if (ended !== undefined || (begun !== undefined && sections.has(begun))) return undefined;
      if (begun !== undefined) sections.set((open = begun), []);
      lines.push(line);
    } else if (ended === open) {
      open = undefined;
      lines.push(line);
    } else {
      if (begun !== undefined || ended !== undefined) return undefined;
      sections.get(open)?.push(line);
    }
  }
  return open === undefined ? { lines, sections } : undefined;
}

const hashOf = (lines: readonly string[]): string => createHash('sha256').update(lines.join('\n')).digest('hex');

/** A card with its seal as the last line. */
export function sealed(text: string): string {
  const { lines } = takeApart(text) as Parts;
  return `${text}<!-- resnet-ft: SHA-256 of what is not between the author's marks: ${hashOf(lines)} -->\n`;
}

/** Whether a file is a card of ours in which nothing was edited but the author's sections; undefined where not. */
function untouched(text: string): Parts | undefined {
  const parts = takeApart(text);
  if (parts === undefined) return undefined;
  const { lines } = parts;
  const hash = SEAL.exec(lines.at(-2) ?? '')?.[1];
  return lines.at(-1) === '' && hash === hashOf([...lines.slice(0, -2), '']) ? parts : undefined;
}

/**
 * A new card with what the author wrote into the old one.
 *
 * @param card as it would be without an old one, not sealed
 * @returns sealed; undefined where the old one is none of ours, or was edited beside the author's sections, so that it may not be replaced
 */
export function takeOver(card: string, old: string): string | undefined {
  const before = untouched(old);
  if (before === undefined) return undefined;
  const { lines } = takeApart(card) as Parts;
  const fresh = takeApart(card)?.sections ?? new Map<string, string[]>();
  const merged = lines.flatMap((line) => {
    const name = BEGIN.exec(line)?.[1];
    return name === undefined ? [line] : [line, ...(before.sections.get(name) ?? fresh.get(name) ?? [])];
  });
  return sealed(merged.join('\n'));
}
