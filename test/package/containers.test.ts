import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../cli/run';

// Images can be built where there is a registry of images; what they say of this package is held against it here.

const read = (...names: string[]): string => fs.readFileSync(path.join(ROOT, ...names), 'utf8');

test('the image starts the program of the package, without a shell, and not as root', () => {
  const file = read('Dockerfile');
  const { bin } = JSON.parse(read('package.json')) as { bin: Record<string, string> };
  const entry = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(file)?.[1] ?? '[]') as string[];
  expect(entry).toEqual(['node', `/opt/resnet-ft/node_modules/resnet-ft/${bin['resnet-ft']}`]);
  const last = file.slice(file.lastIndexOf('\nFROM '));
  expect(last).toMatch(/\nUSER node\n/);
  expect(last).toMatch(/\nENV XDG_CACHE_HOME=\/cache /);
  expect(file).toContain('npm install --ignore-scripts ');
  // Whatever is in the checkout stays out of the image.
  expect(
    read('.dockerignore')
      .split('\n')
      .filter((line) => !/^(#|$)/.test(line)),
  ).toEqual(['*', '!tarballs/*.tgz']);
});

test('compose and Kubernetes give it no more than it needs', () => {
  const { services } = parse(read('compose.yaml')) as { services: Record<string, unknown> };
  expect(services['resnet-ft']).toMatchObject({
    ...{ read_only: true, tmpfs: ['/tmp'], cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
    volumes: ['.:/work', 'cache:/cache'],
  });
  const job = parse(read('examples', 'kubernetes', 'job.yaml')) as {
    kind: string;
    spec: { template: { spec: { containers: Record<string, unknown>[] } } };
  };
  expect(job.kind).toBe('Job');
  expect(job.spec.template.spec).toMatchObject({ securityContext: { runAsNonRoot: true, runAsUser: 1000 } });
  expect(job.spec.template.spec.containers[0]).toMatchObject({
    args: ['train', '/data/photos', '--val-split', '0.2', '--resume', '/data/runs/photos'],
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  });
});
