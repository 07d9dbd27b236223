import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { DoctorCheck, DoctorReport } from '../../lib/doctor/report';
import { ROOT } from '../cli/run';

/** A copy of the built package that a test may break. */
export class PackageCopy {
  constructor(readonly folder: string) {
    for (const name of ['bin', 'dist', path.join('build', 'Release'), 'package.json']) {
      fs.cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
    }
    fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
  }

  path(...names: string[]): string {
    return path.join(this.folder, ...names);
  }

  /** What is in the place of the addon's loader in a package whose native code misbehaves. */
  replaceLoader(body: string): void {
    fs.writeFileSync(this.path('dist', 'backend', 'native', 'load.js'), `exports.loadAddon = () => { ${body} };\n`);
  }

  doctor(args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Diagnosis> {
    return diagnose(args, env, this.folder);
  }
}

export interface Diagnosis {
  code: number | null;
  stderr: string;
  report: DoctorReport;
  check: (name: string) => DoctorCheck;
}

/** Runs `resnet-ft doctor --json` of a package, in its own folder where no other is named. */
export function diagnose(
  args: string[] = [],
  env: NodeJS.ProcessEnv = {},
  root = ROOT,
  cwd = root,
): Promise<Diagnosis> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, 'bin', 'resnet-ft.js'), 'doctor', '--json', ...args], {
      cwd,
      env: { ...process.env, ...env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => {
      try {
        const report = JSON.parse(stdout) as DoctorReport;
        resolve({ code, stderr, report, check: (name) => named(report, name) });
      } catch {
        reject(new Error(`no JSON (exit code ${code}): ${stdout}${stderr}`));
      }
    });
  });
}

function named(report: DoctorReport, name: string): DoctorCheck {
  const check = report.checks.find((one) => one.name === name);
  if (check === undefined) throw new Error(`no check ${name}`);
  return check;
}

/** A program on the PATH, as a shell script. */
export function script(folder: string, name: string, body: string): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}
