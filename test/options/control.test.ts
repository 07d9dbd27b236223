import { ResnetFtError } from '../../lib/errors';
import { checkControl, controlled, rejectOption } from '../../lib/options';

interface Control {
  signal?: AbortSignal | undefined;
  onEvent?: ((event: number) => unknown) | undefined;
}
type Emit = (event: number) => void;

/** Work that tells of ten events, and takes what telling throws for a failure of its own that it goes on after. */
const stubborn = (control: Control): Promise<string> =>
  controlled(control, async ({ onEvent }) => {
    for (let event = 0; event < 10; event++) {
      await Promise.resolve();
      try {
        (onEvent as Emit)(event);
      } catch {
        // as where a report could not be written
      }
    }
    return 'done';
  });

test('what a listener throws is what the call rejects with, also where the work goes on; it is told nothing more', async () => {
  const told: number[] = [];
  const onEvent = (event: number): void => {
    told.push(event);
    throw new Error(`at ${event}`);
  };
  await expect(stubborn({ onEvent })).rejects.toThrow('at 0');
  expect(told).toEqual([0]);
});

test('listeners and signal are those of the call', async () => {
  const told: string[] = [];
  const control: Control = { onEvent: (event) => told.push(`first ${event}`) };
  const done = stubborn(control);
  control.onEvent = () => told.push('another');
  await expect(done).resolves.toBe('done');
  expect(told).toHaveLength(10);
  expect(told).not.toContain('another');
});

/** What another realm's AbortSignal looks like from here, as that of jsdom. */
class ForeignSignal extends EventTarget {
  aborted = false;
  reason: unknown;
  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    this.dispatchEvent(new Event('abort'));
  }
}

test.each([{}, { onEvent: () => {} }])('a signal of another realm is one to the work: %j', async (listeners) => {
  const foreign = new ForeignSignal();
  const work = controlled({ ...listeners, signal: foreign as unknown as AbortSignal }, ({ signal }) => {
    const all = AbortSignal.any([signal]);
    return new Promise((resolve) => all.addEventListener('abort', () => resolve(all.reason)));
  });
  foreign.abort('enough');
  expect(await work).toBe('enough');
});

test.each([
  ['sginal', 'Did you mean signal?'],
  ['onEvnet', 'Did you mean onEvent?'],
  ['onprogress', 'Did you mean onProgress?'],
])('%s is refused', (name, hint) => {
  expect(() => checkControl({ [name]: () => {} })).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', hint }));
});

test('what else an object has is of nobody here', () => {
  expect(() => checkControl({ label: 'mine', log: () => {}, withoutWeights: true, neighbours: 3 })).not.toThrow();
});

test('an error is whole in JSON', () => {
  const error = new ResnetFtError('DATA_INVALID', 'a.zip: damaged', {
    hint: 'Fetch it again',
    cause: new Error('why'),
  });
  expect(JSON.parse(JSON.stringify({ file: 'a.zip', error }))).toEqual({
    file: 'a.zip',
    error: { name: 'ResnetFtError', code: 'DATA_INVALID', message: 'a.zip: damaged', hint: 'Fetch it again' },
  });
});

test('a value that holds itself is shown', () => {
  const itself: unknown[] = ['a'];
  itself.push(itself);
  expect(() => rejectOption('a folder', 'data', itself)).toThrow('Expected a folder for data but received a, Array');
});
