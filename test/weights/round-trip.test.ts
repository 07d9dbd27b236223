import fs from 'node:fs';
import path from 'node:path';
import { scanImageFolder } from '../../lib/data/image-folder';
import { loadImage } from '../../lib/data/load-image';
import { ANTS_BEES, scratch } from '../cli/run';
import { callApi } from '../predict/call-api';
import { describeWithTorch } from '../python-torch';

const tmp = scratch();
const crops = path.join(tmp, 'crops.bin');
const at = (name: string): string => path.join(tmp, name);

// torchvision's ResNet in plain torch.nn, equal to it bit for bit; without its command line.
const reference = fs.readFileSync(path.join(__dirname, '..', 'eval', 'eval_reference.py'), 'utf8');
const RESNET = reference.slice(0, reference.indexOf('\nif __name__'));

/** Makes weights that look trained, saves them in both formats of torch.save, and prints the logits. */
const MAKE = `${RESNET}
crops, zip_file, legacy_file, *names = sys.argv[1:]
torch.manual_seed(0)
model = ResNet("resnet18").eval()
for module in model.modules():
    if isinstance(module, nn.BatchNorm2d):
        for values, low, high in ((module.weight, 0.5, 1.5), (module.bias, -0.2, 0.2)):
            nn.init.uniform_(values, low, high)
        module.running_mean.uniform_(-0.2, 0.2)
        module.running_var.uniform_(0.5, 1.5)
torch.save(model.state_dict(), zip_file)
torch.save({"epoch": 3, "state_dict": {"module." + k: v for k, v in model.state_dict().items()}}, legacy_file,
           _use_new_zipfile_serialization=False)
images, _ = from_crops(crops, names)
with torch.no_grad():
    print(json.dumps([model.fc(model.features(image[None]))[0].tolist() for image in images]))
`;

/** Loads ours as a user of torch would, and prints the logits. */
const CHECK = `${RESNET}
crops, ours, *names = sys.argv[1:]
model = ResNet("resnet18").eval()
print(model.load_state_dict(torch.load(ours, weights_only=True), strict=True), file=sys.stderr)
images, _ = from_crops(crops, names)
with torch.no_grad():
    print(json.dumps([model.fc(model.features(image[None]))[0].tolist() for image in images]))
`;

describeWithTorch('weights of PyTorch and ours', (torch) => {
  let files: string[];
  let names: string[];
  let expected: number[][];

  beforeAll(async () => {
    const { samples, classes } = await scanImageFolder(path.join(ANTS_BEES, 'val'));
    files = samples.map(({ file }) => file);
    names = samples.map(({ target }) => classes[target] ?? '');
    for (const file of files) fs.appendFileSync(crops, (await loadImage(file, { resize: 256, crop: 224 })).data);
    expected = JSON.parse(torch.run(MAKE, [crops, at('zip.pth'), at('legacy.pth'), ...names])) as number[][];
  });

  /** Our logits: the features that `embed` gives, through the file's own fc. */
  const logits = (model: string): Promise<number[][]> =>
    callApi(
      async ({ api }, { model, files }) => {
        const opened = await api.loadModel(model, { device: 'cpu', precision: 'fp32' });
        const features = await opened.embed(files);
        await opened.close();
        const weights = await api.readStateDict(model);
        const [weight, bias] = ['fc.weight', 'fc.bias'].map((name) => {
          const bytes = weights.get(name)?.data ?? new Uint8Array();
          return new Float32Array(bytes.slice().buffer);
        });
        return features.map((row) =>
          Array.from(bias ?? [], (b, o) =>
            row.reduce((sum, x, i) => sum + x * (weight?.[o * row.length + i] ?? NaN), b),
          ),
        );
      },
      { model, files },
    );

  const worst = (found: number[][]): number => {
    const scale = Math.max(...expected.flat().map(Math.abs));
    return Math.max(...expected.flatMap((row, i) => row.map((x, o) => Math.abs(x - (found[i]?.[o] ?? NaN))))) / scale;
  };

  test.each(['zip.pth', 'legacy.pth'])('logits of %s are those of PyTorch', async (name) => {
    const found = await logits(at(name));
    expect(found).toHaveLength(8);
    expect(worst(found)).toBeLessThan(1e-4);
  });

  test('what we write gives PyTorch the same logits, and us too', async () => {
    await callApi(
      async ({ api }, { from, to }) => {
        const tensors = await api.readStateDict(from);
        for (const file of to) await api.writeStateDict(file, tensors);
        return to.length;
      },
      { from: at('legacy.pth'), to: [at('ours.pth'), at('ours.safetensors')] },
    );
    expect(worst(await logits(at('ours.safetensors')))).toBeLessThan(1e-4);
    expect(JSON.parse(torch.run(CHECK, [crops, at('ours.pth'), ...names]))).toEqual(expected);
  });
});
