import fs from 'node:fs';
import path from 'node:path';
import { run, scratch } from '../cli/run';
import { shell, testWithMounts } from '../cli/shell';
import { SMALL_RUN } from './small-run';

// Disks that are too small, full or read-only, as small file systems that the script mounts for itself alone.

const tmp = scratch();
const fast = [...SMALL_RUN, '--crop-cache', '0', '--quiet', '--steps', '1', '--checkpoint-every', 'never'].join(' ');
/** On images whose crops and windows take room too. */
const training = `${fast} --image-size 224`;

/** Trains into a file system of so many MB, after `before`; what is there afterwards is on standard output. */
const onDisk = (megabytes: number, before: string, output: string, more = '') =>
  shell(`export -f resnet-ft; unshare --mount bash -c '
    mount -t tmpfs -o size=${megabytes}m none ${tmp} && cd ${tmp} && ${before}
    cd "$OLDPWD"; resnet-ft ${training} ${more} --output ${path.join(tmp, output)}; code=$?
    ls -A ${tmp}; exit $code'`);

testWithMounts('too little room for the weights is told before training, with both figures', async () => {
  const ran = await onDisk(20, 'true', 'a/run');
  expect(ran).toEqual({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(
      /^resnet-ft: The output folder [^\n]*a\/run has too little space: [^\n]* need 90\.\d MB of disk, and (20|21)\.\d MB are free\. [^\n]*\n$/,
    ) as string,
  });
});

test('names of classes that no model file has room for are refused before any image is read', async () => {
  const data = path.join(tmp, 'names');
  // Each of these signs has seven letters in JSON within JSON.
  for (let i = 0; i < 2300; i++) {
    const folder = path.join(data, `${i}${'\u0001'.repeat(250)}`);
    fs.mkdirSync(folder, { recursive: true });
    for (const name of ['a.jpg', 'b.jpg']) fs.writeFileSync(path.join(folder, name), 'no image');
  }
  const small = ['--arch', 'resnet18', '--weights', 'none', '--image-size', '32', '--device', 'cpu'];
  const ran = await run(['train', data, '--val-split', '0.5', ...small, '--output', path.join(tmp, 'long')]);
  expect(ran.code).toBe(1);
  // Without the whole text in a failure: it has all these names.
  expect(ran.stderr.slice(-300)).toMatch(
    /^resnet-ft: the names of the 2300 classes take 4\.\d MB, and a model file has room for 3\.9 MB of them\. [^\n]+\n$/m,
  );
  expect(fs.existsSync(path.join(tmp, 'long'))).toBe(false);
});

testWithMounts('the room that is asked for is enough', async () => {
  const ran = await onDisk(87, 'true', 'a/run');
  expect([ran.code, ran.stderr]).toEqual([0, '']);
});

testWithMounts('the room that is asked for is enough with checkpoints too', async () => {
  const epochs = fast.replace('--steps 1 --checkpoint-every never', '--epochs 3');
  const ran = await shell(`export -f resnet-ft; unshare --mount bash -c '
    mount -t tmpfs -o size=360m none ${tmp}
    resnet-ft ${epochs} --output ${path.join(tmp, 'run')}'`);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
});

testWithMounts('a model that is calibrated needs room for itself once more: asked for before training', async () => {
  const ran = await onDisk(87, 'true', 'a/run', '--calibrate');
  expect([ran.code, ran.stderr]).toEqual([1, expect.stringMatching(/need 135\.\d MB of disk, and 91\.\d MB are free/)]);
});

for (const ends of ['--patience 1 --min-delta 1', '--max-time 10s']) {
  testWithMounts(`epochs that ${ends} will not let come to pass need no room`, async () => {
    const epochs = fast.replace('--steps 1', `--train-from fc --epochs 1000000 ${ends}`);
    const ran = await shell(`export -f resnet-ft; unshare --mount bash -c '
      mount -t tmpfs -o size=200m none ${tmp}
      resnet-ft ${epochs} --output ${path.join(tmp, 'run')}'`);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
  });
}

testWithMounts('a run that goes on needs no room for what it has written already', async () => {
  const args = fast.replace('--steps 1 --checkpoint-every never', '');
  const output = path.join(tmp, 'run');
  const ran = await shell(`export -f resnet-ft; unshare --mount bash -c '
    mount -t tmpfs -o size=360m none ${tmp}
    resnet-ft ${args} --epochs 1 --output ${output} && resnet-ft train --resume ${output} --epochs 2 --quiet'`);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
});

testWithMounts('crops and features leave room for the weights', async () => {
  const ran = await shell(`export -f resnet-ft; unshare --mount bash -c '
    mount -t tmpfs -o size=87m none ${tmp}
    resnet-ft ${training} --crop-memory 0 --output ${path.join(tmp, 'run')}; code=$?; ls -A ${tmp}; exit $code'`);
  expect([ran.code, ran.stdout]).toEqual([1, '']);
  expect(ran.stderr).toMatch(/12 crops need 1\.8 MB of disk and the results 90\.\d MB, and 9\d\.\d MB are free/);
});

testWithMounts('whole images, of which windows are cut, leave room for the weights', async () => {
  const windows = `${training} --crop-scale 0.35..1 --crop-memory 0 --output ${path.join(tmp, 'run')}`;
  const ran = await shell(`export -f resnet-ft; unshare --mount bash -c '
    mount -t tmpfs -o size=87m none ${tmp}
    resnet-ft ${windows}; code=$?; ls -A ${tmp}; exit $code'`);
  expect([ran.code, ran.stdout]).toEqual([1, '']);
  expect(ran.stderr).toMatch(/12 images need 7\.8 MB of disk and the results 90\.\d MB, and 9\d\.\d MB are free/);
});

testWithMounts('the cache of crops leaves room for the weights', async () => {
  const cached = training.replace('--crop-cache 0', `--cache-dir ${path.join(tmp, 'cache')}`);
  const ran = await shell(`export -f resnet-ft; unshare --mount bash -c '
    mount -t tmpfs -o size=87m none ${tmp}
    resnet-ft ${cached} --output ${path.join(tmp, 'run')}'`);
  expect([ran.code, ran.stderr]).toEqual([0, '']);
});

testWithMounts('a full disk leaves no folder', async () => {
  const ran = await onDisk(20, '{ head -c 30m /dev/zero > full; true; } 2>/dev/null', 'a/run');
  expect([ran.code, ran.stdout]).toEqual([1, 'full\n']);
  expect(ran.stderr).toMatch(/^resnet-ft: The output folder [^\n]* no space left on device \(ENOSPC\)\. [^\n]*\n$/);
});

for (const output of ['a/run', 'there']) {
  testWithMounts(`a read-only disk is named as such (${output})`, async () => {
    const ran = await onDisk(20, `mkdir there && mount -o remount,ro ${tmp}`, output);
    expect([ran.code, ran.stdout]).toEqual([1, 'there\n']);
    expect(ran.stderr).toMatch(/^resnet-ft: The output folder [^\n]* read-only file system \(EROFS\)\. [^\n]*\n$/);
  });
}
