/**
 * What a page does where scripts run: tables are sorted by their columns, images are filtered and put in order, and a plot tells its values under the
 * pointer. Everything is there without it.
 */
export const SCRIPT = `
'use strict';
document.documentElement.classList.add('scripted');

for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.querySelectorAll('thead th')];
  const body = table.tBodies[0];
  // A number, with what it is of ("12.5 %"); "2024-01" and "3 cats and a dog" are names.
  const isNumber = (text) => /^[-+]?\\d+(\\.\\d*)?(e[-+]?\\d+)?(\\s?(%|[a-z]{1,3}))?$/i.test(text);
  const keyOf = (cell) => {
    const text = cell.textContent.trim();
    const number = Number(cell.dataset.value ?? (cell.tagName === 'TD' && isNumber(text) ? parseFloat(text) : NaN));
    return Number.isNaN(number) ? text : number;
  };
  const compare = (a, b) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const rows = [...body.rows].map((row) => [keyOf(row.cells[column]), row]);
      rows.sort(([a], [b]) => compare(a, b));
      if (down) rows.reverse();
      body.append(...rows.map(([, row]) => row));
    });
  });
}

const controls = document.getElementById('image-controls');
if (controls !== null) {
  const kind = document.getElementById('image-kind');
  const search = document.getElementById('image-search');
  const order = document.getElementById('image-order');
  const count = document.getElementById('image-count');
  const lists = [...document.querySelectorAll('.cell')].map((cell) => {
    const list = cell.querySelector('ul');
    return { cell, list, items: [...list.children] };
  });
  const show = () => {
    const words = search.value.toLowerCase().trim();
    const fits = ({ dataset }) => (kind.value === '' || dataset.right === kind.value) && dataset.name.includes(words);
    let shown = 0;
    for (const { cell, list, items } of lists) {
      let any = 0;
      for (const item of items) {
        item.hidden = !fits(item);
        if (!item.hidden) any++;
      }
      // One without pictures is found by its classes.
      cell.hidden = items.length === 0 ? !fits(cell) : any === 0;
      shown += any;
      const sign = order.value === 'sure' ? -1 : 1;
      const sorted = order.value === '' ? items : [...items].sort((a, b) => sign * (a.dataset.sure - b.dataset.sure));
      list.append(...sorted);
    }
    count.textContent = shown === 1 ? '1 image' : shown + ' images';
  };
  controls.addEventListener('input', show);
  show();
  // A link into the matrix shows its images, whatever was filtered.
  window.addEventListener('hashchange', () => {
    const target = document.querySelector(':target');
    if (target === null || !target.hidden) return;
    kind.value = search.value = '';
    show();
    target.scrollIntoView();
  });
}

for (const figure of document.querySelectorAll('[data-plot]')) {
  const { width, grid, x, y, curves } = JSON.parse(figure.dataset.plot);
  const svg = figure.querySelector('svg.chart');
  const readout = figure.querySelector('.readout');
  readout.hidden = false;
  const shown = (value) => (y.figures === 'percent' ? (value * 100).toFixed(y.digits) + ' %' : String(Number(value.toPrecision(4))));
  const all = curves.flatMap(({ points }) => points.map(([at]) => at));
  const ticks = [...new Set(all)].sort((a, b) => a - b);
  if (ticks.length === 0) continue;
  const from = grid.from, to = grid.to;
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    const place = ((event.clientX - box.left) / box.width) * width;
    const at = from + ((place - grid.left) / (width - grid.left - grid.right)) * (to - from);
    const nearest = ticks.reduce((a, b) => (Math.abs(b - at) < Math.abs(a - at) ? b : a));
    const values = curves.flatMap(({ name, points }) => {
      const point = points.find(([one]) => one === nearest);
      return point === undefined ? [] : [name + ' ' + shown(point[1])];
    });
    readout.textContent = x + ' ' + Number(nearest.toPrecision(5)) + ': ' + values.join(', ');
  });
}
`;
