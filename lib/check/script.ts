import { titleOf } from './kinds';
import type { CheckReport, Finding } from './types';

const HEAD = [
  '#!/usr/bin/env bash',
  '# What would mend the findings of resnet-ft check. Read it before you run it: it removes and renames files.',
  '# Lines of commands that begin with # want a look at the files first; take the # away from those that are right.',
];

/** The lines that would mend what was found, as a script; a file that one line removes is left alone by those after it. */
export function scriptLines({ findings }: Pick<CheckReport, 'findings'>): string[] {
  const gone = new Set<string>();
  const lines = [...HEAD];
  for (const found of findings) {
    if (found.commands.length === 0 || found.files.some((file) => gone.has(file))) continue;
    lines.push('', `# ${titleOf(found.kind, 1)}: ${found.note}`, ...found.commands);
    for (const file of removedBy(found)) gone.add(file);
  }
  return lines;
}

/** How many findings have lines. */
export const mendable = (findings: readonly Finding[]): number =>
  findings.filter(({ commands }) => commands.length > 0).length;

/** The files that a finding's lines remove: as many as there are such lines, and the last ones. */
function removedBy({ files, commands }: Finding): string[] {
  const removals = commands.filter((line) => line.startsWith('rm ')).length;
  return removals === 0 ? [] : files.slice(-removals);
}
