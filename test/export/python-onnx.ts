import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { PYTHON_NAMES, runPython } from '../../lib/libtorch/python';
import { ROOT } from '../cli/run';

// ONNX's own reader and checker; full_check infers every shape too.
const CHECK = `
import json, sys
import onnx
onnx.checker.check_model(sys.argv[1], full_check=True)
model = onnx.load(sys.argv[1])
onnx.shape_inference.infer_shapes(model, strict_mode=True, check_type=True)
print(json.dumps({
    'irVersion': model.ir_version,
    'opset': {entry.domain: entry.version for entry in model.opset_import},
    'producer': [model.producer_name, model.producer_version],
    'metadata': {entry.key: entry.value for entry in model.metadata_props},
    'operations': sorted({node.op_type for node in model.graph.node}),
}))
`;

/** What onnx says of a file that it found valid. */
export interface CheckedOnnx {
  irVersion: number;
  opset: Record<string, number>;
  producer: [string, string];
  metadata: Record<string, string>;
  operations: string[];
}

/** A Python that has the package onnx: that of scripts/requirements-dev.txt, as .ci/run installs it, or one on the PATH. */
function findPython(): string | undefined {
  const bin = process.platform === 'win32' ? 'Scripts' : 'bin';
  const own = path.join(ROOT, '.venv-tools', bin, 'python');
  return [own, ...PYTHON_NAMES].find((name) => runPython(name, 'import onnx') !== undefined);
}

/** A test that needs onnx's checker; where there is no Python that has it, it is reported as skipped, and says so. */
export function testWithOnnx(name: string, check: (checkOnnx: (file: string) => CheckedOnnx) => void): void {
  const python = findPython();
  if (python === undefined) {
    test.skip(`${name} (no Python has onnx: pip install -r scripts/requirements-dev.txt)`, () => {});
    return;
  }
  test(name, () =>
    check((file) => {
      const ran = spawnSync(python, ['-c', CHECK, file], { encoding: 'utf8', timeout: 120_000 });
      if (ran.status !== 0) throw new Error(ran.stderr || `${python} ended with exit code ${ran.status}`);
      return JSON.parse(ran.stdout) as CheckedOnnx;
    }),
  );
}
