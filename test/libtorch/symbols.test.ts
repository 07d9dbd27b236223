import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../cli/run';

const core = path.join(ROOT, 'build', 'Release', 'libresnet_ft_core.so');

/** What a library takes from others, in C++. */
const taken = (file: string): string[] =>
  execFileSync('nm', ['-D', '-C', '--undefined-only', file], { encoding: 'utf8', maxBuffer: 2 ** 26 }).split('\n');

// What autograd is made of changes from one minor version of LibTorch to the next: `_wrap_outputs`, which torch::autograd::Function calls, has
// another signature in 2.14, where a core that needs that of 2.13 can't be opened.
(process.platform === 'linux' ? test : test.skip)(
  'of autograd the core takes nothing but gradients, and what every tensor has',
  () => {
    const names = taken(core).flatMap((line) => /\btorch::autograd::[\w:]+/.exec(line)?.[0] ?? []);
    expect([...new Set(names)].sort()).toEqual(['torch::autograd::AutogradMeta', 'torch::autograd::grad']);
  },
);
