/** A part of a URL as it was before its encoding; as it is where it was not encoded, such as a password with a `%` of its own. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
