/**
 * What the served page does: each image that is dropped, pasted or chosen is sent by itself, two at a time, and shown with its classes; one at a
 * time where the server's queue has no room for two. Whatever comes from names is set as text.
 */
export const PAGE_SCRIPT = `
'use strict';
document.documentElement.classList.add('scripted');

// Requests at the same time, and how often one that finds no room is sent again before a person decides.
let atOnce = 2;
const TRIES = 60;
const byId = (id) => document.getElementById(id);
const results = byId('results');
const evidence = byId('evidence');
const percent = (share) => (share * 100).toFixed(1) + ' %';
const counted = (count, noun) => count + ' ' + noun + (count === 1 ? '' : 's');

function make(name, { text, ...rest } = {}, ...children) {
  const element = Object.assign(document.createElement(name), rest);
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

let known;
const queue = [];
let working = 0;
let saved = 0;
let number = 0;

const announce = (text) => { byId('status').textContent = text; };

function showCount() {
  const count = results.children.length;
  byId('tools').hidden = count === 0;
  document.body.classList.toggle('busy', count > 0);
  byId('count').textContent = counted(count, 'image') + (saved === 0 ? '' : ', ' + counted(saved, 'correction'));
}

const UNREACHABLE = 'The server can\\'t be reached: is it still running?';

// What the server says, or the error that it answers with.
async function said(answer) {
  const body = await answer.json().catch(() => undefined);
  if (answer.ok && body !== undefined) return body;
  const message = answer.ok ? UNREACHABLE : (body?.error?.message ?? 'The server answered ' + answer.status) + '.';
  throw Object.assign(new Error(message), {
    again: answer.ok || [408, 503].includes(answer.status),
    full: body?.error?.code === 'QUEUE_FULL',
    seconds: Number(answer.headers.get('Retry-After')) || 1,
  });
}

// What the page knows of the model. It is asked for again where it could not be had: another try would else fail without one.
function model() {
  known ??= fetch('/model').catch(() => { throw new Error(UNREACHABLE); }).then(said).then((about) => {
    evidence.closest('label').hidden = !about.explain;
    return about;
  });
  known.catch(() => { known = undefined; });
  return known;
}

async function ask(path, file) {
  let answer;
  try {
    const headers = { 'Content-Type': 'application/octet-stream' };
    answer = await fetch(path, { method: 'POST', headers, body: file });
  } catch {
    // A file that has changed or is a folder fails alike.
    const readable = await file.slice(0, 1).arrayBuffer().then(() => true, () => false);
    throw new Error(readable ? UNREACHABLE : 'The file can\\'t be read; a folder is not an image.');
  }
  return said(answer);
}

// Asks again where the queue is full. No other image is sent meanwhile, which would take the place that becomes free.
async function askInTurn(path, { file, item }) {
  for (let tries = 1; ; tries++) {
    try {
      return await ask(path, file);
    } catch (error) {
      if (!error.full || tries === TRIES || !item.isConnected) throw error;
      atOnce = 1;
      await new Promise((resolve) => setTimeout(resolve, error.seconds * 1000));
    }
  }
}

// Counts what is sent, so that others wait for it.
async function occupied(asking) {
  working++;
  try {
    return await asking;
  } finally {
    working--;
    work();
  }
}

function add(files) {
  const added = [...files];
  if (added.length === 0) return;
  for (const file of added) {
    const item = make('li', { className: 'result waiting' });
    item.setAttribute('aria-busy', 'true');
    const name = file.name || 'pasted image';
    item.append(
      make('figure', { className: 'picture' }, make('div', { className: 'blank' })),
      make('div', {}, make('h3', {}, make('bdi', { text: name })), make('p', { className: 'dim', text: 'Waiting …' })),
    );
    results.prepend(item);
    queue.push({ file, name, item });
  }
  showCount();
  announce(counted(added.length, 'image') + ' added');
  work();
}

function work() {
  while (working < atOnce && queue.length > 0) void occupied(predict(queue.shift()));
}

async function predict(job) {
  try {
    const about = await model();
    const answer = await askInTurn('/predict' + (about.explain ? '?explain=true' : ''), job);
    show(job, answer, about);
    announce(job.name + ': ' + (answer.unknown ? 'none of these classes' : answer.class + ', ' + percent(answer.probability)));
  } catch (error) {
    // The list was emptied, and nobody waits for it.
    if (!job.item.isConnected) return;
    showError(job, error);
    announce(job.name + ': ' + error.message);
  }
  job.item.classList.remove('waiting');
  job.item.removeAttribute('aria-busy');
}

function showError({ file, name, item }, error) {
  const facts = make('div', {}, make('h3', {}, make('bdi', { text: name })), make('p', { className: 'bad', text: error.message }));
  if (error.again !== false) {
    const again = make('button', { type: 'button', text: 'Try again' });
    again.addEventListener('click', () => {
      item.remove();
      add([file]);
      byId('files').focus();
    });
    facts.append(again);
  }
  item.classList.add('plain');
  item.replaceChildren(facts);
}

function show({ file, name, item }, answer, about) {
  const verdict = make('p', { className: 'verdict' });
  if (answer.unknown) {
    verdict.append('None of these ', make('small', {}, 'nearest: ', make('bdi', { text: answer.class })));
  } else {
    verdict.append(make('bdi', { text: answer.class }), ' ', make('small', { text: percent(answer.probability) }));
  }
  const scores = make('ol', { className: 'scores' }, ...answer.top.map((score) => {
    const filled = make('span');
    filled.style.width = score.probability * 100 + '%';
    const bar = make('span', { className: 'bar' }, filled);
    bar.setAttribute('aria-hidden', 'true');
    return make('li', {}, make('bdi', { text: score.class }), make('span', { className: 'share', text: percent(score.probability) }), bar);
  }));
  const facts = make('div', {}, make('h3', {}, make('bdi', { text: name })), verdict, scores);
  if (about.corrections) facts.append(...correction(file, about));
  item.replaceChildren(...(answer.pictures ? [picture(name, answer)] : []), facts);
  item.classList.toggle('plain', !answer.pictures);
}

function picture(name, answer) {
  const image = make('img', { width: 384, height: 384 });
  const caption = make('figcaption');
  const figure = make('figure', { className: 'picture' }, image, caption);
  figure.update = () => {
    const { seen, overlay, empty } = answer.pictures;
    const shown = evidence.checked && !empty;
    image.src = shown ? overlay : seen;
    image.alt = shown ? 'Heat map over ' + name + ': where the evidence for ' + answer.class + ' lies' : 'What the network saw of ' + name;
    caption.textContent = shown ? 'Bright: what speaks for ' + answer.class
      : 'What the network saw' + (evidence.checked ? '; its map of the evidence is the same everywhere' : '');
  };
  figure.update();
  return figure;
}

function correction(file, { classes, unfitClasses }) {
  const select = make('select', { required: true }, make('option', { value: '', text: 'choose a class' }));
  const names = [...new Set(classes)];
  select.append(...names.map((name) => {
    const unfit = unfitClasses.includes(name);
    return make('option', { value: name, disabled: unfit, text: name + (unfit ? ' (can\\'t be the name of a folder)' : '') });
  }));
  const button = make('button', { type: 'submit', text: 'Save correction', disabled: true });
  const note = make('p', { className: 'note' });
  note.setAttribute('role', 'status');
  const form = make('form', {}, make('label', {}, 'It really is', select), button);
  select.addEventListener('change', () => {
    button.disabled = select.value === '';
    note.textContent = '';
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const name = select.value;
    button.disabled = select.disabled = true;
    note.className = 'note';
    note.textContent = 'Saving it …';
    try {
      await occupied(askInTurn('/corrections?class=' + encodeURIComponent(name), { file, item: form }));
      if (!form.kept) saved++;
      form.kept = true;
      note.className = 'note good';
      note.textContent = 'Saved as ' + name + ' for the next training.';
      showCount();
    } catch (error) {
      note.className = 'note bad';
      note.textContent = error.message;
      button.disabled = false;
    }
    select.disabled = false;
    select.focus();
  });
  return [form, note];
}

byId('files').addEventListener('change', ({ target }) => {
  add(target.files);
  target.value = '';
});
evidence.addEventListener('change', () => {
  for (const figure of document.querySelectorAll('.picture')) figure.update?.();
});
byId('clear').addEventListener('click', () => {
  queue.length = 0;
  results.replaceChildren();
  showCount();
  announce('The list is empty');
  byId('files').focus();
});

document.addEventListener('paste', ({ clipboardData }) => add(clipboardData.files));
let inside = 0;
const dropping = (yes) => document.body.classList.toggle('dropping', yes);
document.addEventListener('dragenter', () => dropping(++inside > 0));
document.addEventListener('dragleave', () => dropping(--inside > 0));
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  inside = 0;
  dropping(false);
  const { files } = event.dataTransfer;
  if (files.length === 0) announce('That was a link: save the image first, and drop the file');
  byId('hint').hidden = files.length > 0;
  add(files);
});

for (const place of document.querySelectorAll('.origin')) place.textContent = location.origin;
model().catch((error) => announce(error.message));
`;
