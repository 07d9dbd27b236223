/** Names with commas between them, of which there may be thousands: the first `most`, and how many more there are. */
export function firstOf(names: readonly string[], most = 10): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${names.slice(0, most).join(', ')}${more}`;
}
