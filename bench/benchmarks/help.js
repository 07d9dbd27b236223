/** How long `resnet-ft --help` takes, beside a Node.js that does nothing. */
'use strict';

const { BenchError } = require('../lib/errors');
const { runProcess } = require('../lib/process');

module.exports = {
  name: 'help',
  needs: [],
  cases(context) {
    return [
      {
        title: 'resnet-ft --help, whole process',
        unit: 's',
        better: 'lower',
        // Short, so that more of them cost nothing.
        repeat: context.quick ? 1 : Math.max(10, context.repeat),
        sides: [
          {
            name: 'resnet-ft',
            run: async () => {
              const { seconds, peakMemory, stdout } = await context.cli(['--help']);
              if (!stdout.includes('resnet-ft train')) throw new BenchError('resnet-ft --help does not list train');
              return { value: seconds, seconds, peakMemory };
            },
          },
          {
            name: 'node -e 0',
            run: async () => {
              const { seconds, peakMemory } = await runProcess({ command: process.execPath, args: ['-e', '0'] });
              return { value: seconds, seconds, peakMemory };
            },
          },
        ],
        goals: [{ quantity: 'value', limit: 0.15 }],
      },
    ];
  },
};
