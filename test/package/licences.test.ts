import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { findLibtorch } from '../../lib/libtorch/find';
import { ROOT, scratch } from '../cli/run';

interface RuntimePackage {
  name: string;
  version: string;
  licence: string;
  kind: 'installed' | 'bundled' | 'own';
}
interface Bill {
  bomFormat: string;
  specVersion: string;
  metadata: { component: { name: string; version: string; 'bom-ref': string } };
  components: { 'bom-ref': string; name: string; version: string; purl: string; licenses: unknown[] }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}
const { complaints, LIBTORCH_PARTS } = jest.requireActual<{
  complaints: (packages: RuntimePackage[]) => string[];
  LIBTORCH_PARTS: string[];
}>('../../scripts/licences.js');
const { runtimePackages } = jest.requireActual<{ runtimePackages: (root: string) => RuntimePackage[] }>(
  '../../scripts/runtime-packages.js',
);

const folder = scratch();
const script = (name: string, ...args: string[]): string =>
  execFileSync(process.execPath, [path.join(ROOT, 'scripts', name), ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 });

test('a licence that is not among those that suit is told, by package and version', () => {
  const one = (licence: string, name = 'some'): RuntimePackage => ({
    name,
    version: '1.0.0',
    licence,
    kind: 'installed',
  });
  expect(complaints(['MIT', 'GPL-2.0-only OR MIT', 'Apache-2.0 AND MIT'].map((licence) => one(licence)))).toEqual([]);
  expect(complaints([one('LGPL-3.0-or-later', '@img/sharp-libvips-linux-x64')])).toEqual([]);
  for (const licence of ['GPL-3.0-only', 'Apache-2.0 AND LGPL-3.0-or-later', 'SEE LICENSE IN x', 'mit']) {
    expect(complaints([one(licence)])).toEqual([`some@1.0.0 has the licence ${licence}`]);
  }
  expect(complaints([one('')])).toHaveLength(1);
  // An exception is for a licence, not for all of them.
  expect(complaints([one('GPL-3.0-only', '@img/sharp-libvips-linux-x64')])).toHaveLength(1);
});

test('all dependencies suit, and NOTICE lists them', () => {
  expect(script('licences.js')).toBe('');
  const notice = fs.readFileSync(path.join(ROOT, 'NOTICE'), 'utf8');
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) expect(notice).toContain(`\n  ${name} (`);
});

test("NOTICE names the parts of LibTorch that PyTorch's wheel has licences of", () => {
  const { path: libtorch } = findLibtorch();
  const places = [path.join(libtorch, 'licenses'), ...besides(path.dirname(libtorch))];
  const third = places.map((place) => path.join(place, 'third_party')).find(fs.existsSync);
  // A LibTorch from a zip has none.
  if (third !== undefined) expect([...LIBTORCH_PARTS].sort()).toEqual(fs.readdirSync(third).sort());
});

function besides(site: string): string[] {
  return fs
    .readdirSync(site)
    .filter((name) => /^torch-.*\.dist-info$/.test(name))
    .map((name) => path.join(site, name, 'licenses'));
}

test('the bill of materials has all that users get, and nothing that only development needs', () => {
  const file = path.join(folder, 'sbom.cdx.json');
  expect(script('sbom.js', '--out', file)).toBe(`${file}\n`);
  const bill = JSON.parse(fs.readFileSync(file, 'utf8')) as Bill;
  const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(bill).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: expect.stringMatching(/^1\.\d$/),
    metadata: { component: { name: 'resnet-ft', version: manifest.version } },
  });
  const refs = bill.components.map((component) => component['bom-ref']);
  expect(new Set(refs).size).toBe(refs.length);
  expect([...refs].sort()).toEqual(
    runtimePackages(ROOT)
      .map(({ name, version }) => `${name}@${version}`)
      .sort(),
  );
  const names = refs.map((ref) => ref.replace(/(?<=.)@.*/, ''));
  // What development needs too, what is bundled, and a workspace.
  expect(names).toEqual(
    expect.arrayContaining(['semver', 'picomatch', 'echarts', '@resnet-ft/libtorch-linux-x64-cpu']),
  );
  for (const name of ['jest', 'typescript', 'cmake-js', '@tensorflow/tfjs-core']) expect(names).not.toContain(name);
  for (const component of bill.components) {
    expect(component.purl).toMatch(/^pkg:npm\//);
    expect(component.licenses).toHaveLength(1);
  }
  // Whatever is needed is there.
  const known = new Set([...refs, bill.metadata.component['bom-ref']]);
  expect(
    bill.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((ref) => !known.has(ref)),
  ).toEqual([]);
  const reached = new Set<string>();
  const visit = (ref: string): void => {
    if (reached.has(ref)) return;
    reached.add(ref);
    bill.dependencies.find((one) => one.ref === ref)?.dependsOn.forEach(visit);
  };
  visit(bill.metadata.component['bom-ref']);
  expect([...known].filter((ref) => !reached.has(ref))).toEqual([]);
});
