/** A name without what people spell in different ways: case, spaces and underscores (`Great white shark`, `great_white_shark`). */
export function looseKey(name: string): string {
  return name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\s_]+/g, '');
}
