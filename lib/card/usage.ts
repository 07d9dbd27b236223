import type { ModelCard } from '../model/describe';
import { MODEL_FILE } from '../model/locate';
import type { Preprocessing } from '../options';
import { hasDiverged } from '../report/diverged';
import type { Run } from '../report/read-run';
import type { CardFacts } from './card';

/** How to use a model: code that has no names of classes or files in it but ours. */
export function usage(facts: CardFacts): string {
  if (facts.beside === 'onnx') return onnxUsage(facts);
  return facts.run?.hasModel === false ? withoutModel(facts.run) : runUsage(facts);
}

/** In place of commands that could not work. */
const withoutModel = (run: Run): string =>
  hasDiverged(run)
    ? 'There is no model: the loss of the training was no number any more before there was one to keep.'
    : 'There is no model yet: the training was stopped before there was one to keep.';

const fenced = (language: string, ...lines: string[]): string => `\`\`\`${language}\n${lines.join('\n')}\n\`\`\``;

function runUsage({ model }: CardFacts): string {
  return [
    'With [resnet-ft](https://www.npmjs.com/package/resnet-ft), in this folder:',
    fenced('sh', 'npx resnet-ft predict . photo.jpg'),
    fenced(
      'js',
      "import { loadModel } from 'resnet-ft';",
      '',
      "const model = await loadModel('.');",
      "console.log(await model.predict('photo.jpg'));",
      'await model.close();',
    ),
    'With PyTorch and torchvision:',
    pytorch(model),
    "With [transformers.js](https://huggingface.co/docs/transformers.js), after it was exported, here into the folder `web`. `config.json` of this folder is resnet-ft's, not that of Hugging Face's transformers; the exported folder has the latter.",
    fenced('sh', 'npx resnet-ft export . --format onnx --output web/'),
    transformers('./web'),
  ].join('\n\n');
}

function onnxUsage({ model }: CardFacts): string {
  return [
    'With [transformers.js](https://huggingface.co/docs/transformers.js), from the folder above this one, which is called `model` here; of a model on the Hub it is `name/of-model`:',
    transformers('./model'),
    `With [resnet-ft](https://www.npmjs.com/package/resnet-ft), PyTorch and torchvision: from the \`${MODEL_FILE}\` that this model was exported from. Hugging Face's transformers for Python can't read it: the weights are in \`onnx/model.onnx\` alone.`,
    `With ONNX Runtime: input \`pixel_values\`, float32 [batch, 3, ${model.preprocessing.crop}, ${model.preprocessing.crop}], prepared as above; output \`logits\`, float32 [batch, ${model.classes.length}]; \`labels.json\` has the classes in their order.${model.temperature === undefined ? '' : ' The logits are divided by the temperature already, so that their softmax is calibrated.'}`,
  ].join('\n\n');
}

function transformers(model: string): string {
  return fenced(
    'js',
    "import { pipeline } from '@huggingface/transformers';",
    '',
    `const classify = await pipeline('image-classification', '${model}');`,
    "console.log(await classify('photo.jpg'));",
  );
}

function pytorch({ arch, preprocessing, temperature }: ModelCard): string {
  return fenced(
    'python',
    'import json',
    'import torch, torchvision',
    preprocessing.exifRotate === true || preprocessing.fit === 'pad'
      ? 'from PIL import Image, ImageOps'
      : 'from PIL import Image',
    'from safetensors import safe_open',
    'from torchvision import transforms',
    'from torchvision.transforms import InterpolationMode',
    '',
    `with safe_open("${MODEL_FILE}", "pt") as file:`,
    '    classes = json.loads(file.metadata()["classes"])',
    ...(temperature === undefined ? [] : ['    temperature = float(file.metadata()["temperature"])']),
    '    state = {name: file.get_tensor(name) for name in file.keys()}',
    `model = torchvision.models.${arch}(num_classes=len(classes))`,
    'model.load_state_dict(state)',
    'model.eval()',
    'prepare = transforms.Compose([',
    ...transformsOf(preprocessing).map((step) => `    ${step},`),
    '])',
    'image = Image.open("photo.jpg")',
    ...(preprocessing.exifRotate === true ? ['image = ImageOps.exif_transpose(image)'] : []),
    'with torch.no_grad():',
    ...(temperature === undefined
      ? ['    probabilities = model(prepare(image.convert("RGB"))[None]).softmax(1)[0]']
      : ['    probabilities = (model(prepare(image.convert("RGB"))[None]) / temperature).softmax(1)[0]']),
    'print(classes[probabilities.argmax()], probabilities.max().item())',
  );
}

function transformsOf({ resize, crop, fit = 'crop', interpolation = 'bilinear', mean, std }: Preprocessing): string[] {
  const filter = interpolation.toUpperCase();
  const square =
    fit === 'crop'
      ? [`transforms.Resize(${resize}, InterpolationMode.${filter})`, `transforms.CenterCrop(${crop})`]
      : fit === 'stretch'
        ? [`transforms.Resize((${crop}, ${crop}), InterpolationMode.${filter})`]
        : [`lambda image: ImageOps.pad(image, (${crop}, ${crop}), Image.Resampling.${filter})`];
  const list = (values: readonly number[]): string => `[${values.join(', ')}]`;
  return [...square, 'transforms.ToTensor()', `transforms.Normalize(${list(mean)}, ${list(std)})`];
}
