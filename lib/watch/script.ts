/**
 * What the page of a training does where scripts run: it takes the parts that change from the server's events. The address, with its token, is that of
 * the page. What comes is markup that the server has escaped, and the page's policy lets no script of it run.
 */
export const SCRIPT = `
'use strict';
document.documentElement.classList.add('scripted');
const lost = document.getElementById('lost');
const at = (name) => name + location.search;
// Which state this page shows: what came between it and this connection is not to be missed.
const { version } = document.querySelector('main').dataset;
const source = new EventSource(at('events') + '&version=' + version);
source.addEventListener('open', () => { lost.hidden = true; });
source.addEventListener('error', () => { lost.hidden = false; });
// What a reader has opened, scrolled and gone to by keyboard stays as it is.
const renew = (element, markup) => {
  const all = (which) => [...element.querySelectorAll(which)];
  const open = all('details').map((one) => one.open);
  const scrolled = all('.scroll').map((one) => one.scrollLeft);
  const focused = all('summary, [tabindex]').indexOf(document.activeElement);
  element.innerHTML = markup;
  all('details').forEach((one, i) => { one.open = open[i] === true; });
  all('.scroll').forEach((one, i) => { one.scrollLeft = scrolled[i] ?? 0; });
  if (focused >= 0) all('summary, [tabindex]')[focused]?.focus({ preventScroll: true });
};
source.addEventListener('parts', (event) => {
  for (const [id, markup] of Object.entries(JSON.parse(event.data))) {
    const element = document.getElementById(id);
    if (element !== null) renew(element, markup);
  }
});
// Another training has begun, or this one knows now what it is.
source.addEventListener('page', () => { source.close(); location.reload(); });
source.addEventListener('end', (event) => {
  source.close();
  if (event.data === 'report') location.replace(at('report'));
});
`;
