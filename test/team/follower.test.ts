import type { Backend, CropStore } from '../../lib/backend/types';
import { follow } from '../../lib/team/follower';
import type { TeamMachine } from '../../lib/team/machine';
import type { Command, Team } from '../../lib/team/team';

test('closes a store that process 0 needs no more, and the others at the end', async () => {
  const done: string[] = [];
  const commands: Command[] = [
    { call: 'open', store: 0 },
    { call: 'open', store: 1 },
    { call: 'closeStore', store: 1 },
    { call: 'end' },
  ];
  const team = {
    next: () => Promise.resolve(commands.shift()),
    done: (what: string) => Promise.resolve(void done.push(what)),
  } as unknown as Team;
  const machine = { storeOf: (number: number) => Promise.resolve({ file: String(number), count: 1, size: 1 }) };
  const openCropStore = (file: string) => ({ close: () => void done.push(`close ${file}`) }) as unknown as CropStore;
  await follow(team, {
    ...{ backend: { openCropStore } as unknown as Backend, machine: machine as unknown as TeamMachine },
    makeCrops: () => Promise.resolve({ unreadable: [] }),
    fixCrops: () => Promise.resolve(),
    ...{ device: 'cpu', threads: 1, signal: new AbortController().signal },
  });
  expect(done).toEqual(['open/0', 'open/1', 'close 1', 'end', 'close 0']);
});
