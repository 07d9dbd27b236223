/** A URL without the login that it may carry, for what people read and for what is kept. */
export function shownUrl(url: string): string {
  try {
    const shown = new URL(url);
    shown.username = '';
    shown.password = '';
    return shown.href;
  } catch {
    // One that is no URL, by a port out of range for example, may have a login all the same.
    return url.replace(/(?<=\/\/)[^/?#]*@/, '');
  }
}
