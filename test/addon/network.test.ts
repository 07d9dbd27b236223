import { loadAddon } from '../../lib/backend/native/load';
import { buildNetwork, type Container } from '../../lib/network/architecture';
import { MODEL, OPTIONS } from '../backend/images';

/** A module of the tree, to be changed as no caller should. */
interface Loose {
  type?: unknown;
  children?: Record<string, Loose>;
  [key: string]: unknown;
}

/** What the addon says of a network. */
function refusal(network: unknown): unknown {
  try {
    void loadAddon().createModel({ ...MODEL, network: network as Container }, []);
    return 'no error';
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code === 'NATIVE_ERROR' ? message : error;
  }
}

/** The module at a path such as `layer1.0.conv2` of a small network, and the network. */
function at(path: string): { network: Loose; module: Loose; parent: Record<string, Loose>; key: string } {
  const network = structuredClone(buildNetwork('resnext50_32x4d', 2)) as unknown as Loose;
  let [module, parent, key] = [network, {} as Record<string, Loose>, ''];
  for (const name of path === '' ? [] : path.split('.')) {
    parent = module.children as Record<string, Loose>;
    module = parent[name] as Loose;
    key = name;
  }
  return { network, module, parent, key };
}

test.each<[string, object, string]>([
  ['', { type: 'Sequential' }, 'network must be a ResNet'],
  ['conv1', { type: 7 }, 'network.conv1.type must be a text, not 7'],
  ['conv1', { type: 'Linear' }, 'network.conv1 must be a Conv2d'],
  ['conv1', { inputs: 4 }, 'network.conv1.inputs must be 3, as many as come in, not 4'],
  ['conv1', { outputs: 2 ** 17 }, 'network.conv1.outputs must be a whole number from 1 to 65536, not 131072'],
  ['conv1', { outputs: NaN }, 'network.conv1.outputs must be a whole number from 1 to 65536, not NaN'],
  ['conv1', { kernel: 6, padding: 3 }, 'network.conv1 must have an odd kernel'],
  ['conv1', { padding: 0 }, 'network.conv1.padding must be 3, half of the kernel, not 0'],
  ['conv1', { stride: 0 }, 'network.conv1.stride must be a whole number from 1 to 63, not 0'],
  ['conv1', { dilation: 2 }, 'network.conv1 have no dilation'],
  ['conv1', { groups: 2 }, 'network.conv1 must have inputs and outputs that its groups divide'],
  [
    'layer1.0.conv2',
    { groups: undefined },
    'network.layer1.0.conv2.groups must be a whole number from 1 to 65536, not',
  ],
  ['layer1.0.bn2', { channels: 64 }, 'network.layer1.0.bn2.channels must be 128, as many as come in, not 64'],
  ['layer1.0.relu', { type: 'GELU' }, 'network.layer1.0.relu must be a ReLU'],
  ['layer1.1', { type: 'Block' }, 'network.layer1.1 must be a BasicBlock'],
  ['layer1.1', { type: 'BasicBlock' }, 'network.layer1.1.children have no conv3'],
  ['layer2.0.conv2', { stride: 1 }, 'network.layer2.0 must have a downsample that gives what its convolutions give'],
  ['layer2.1.conv2', { stride: 2 }, 'network.layer2.1 must have a downsample that gives what its convolutions give'],
  ['layer3', { children: {} }, 'network.layer3 has no blocks'],
  ['layer3', { children: [] }, 'network.layer3.children must be an object, not an array'],
  ['maxpool', { padding: 2 }, 'network.maxpool.padding must be a whole number from 0 to 1, not 2'],
  ['fc', { inputs: 1024 }, 'network.fc.inputs must be 2048, as many as come in, not 1024'],
  ['fc', { outputs: 0 }, 'network.fc.outputs must be a whole number from 1 to 2147483647, not 0'],
  ['fc', { bias: true }, 'network.fc have no bias'],
])('%s with %j is refused by its name', (path, changes, message) => {
  const { network, module } = at(path);
  Object.assign(module, changes);
  expect(refusal(network)).toMatch(message);
});

test.each(['conv1', 'bn1', 'relu', 'maxpool', 'layer4', 'avgpool', 'fc', 'layer2.0.conv3', 'layer2.0.downsample.1'])(
  'a network without %s is refused by its name',
  (path) => {
    const { network, parent, key } = at(path);
    delete parent[key];
    expect(refusal(network)).toBe(`network.${path} must be an object, not undefined`);
  },
);

test('modules that nobody knows, blocks without end, and trees that contain themselves are refused', () => {
  const { network, module } = at('layer1');
  const children = module.children as Record<string, Loose>;
  children['aux'] = { type: 'Linear' };
  expect(refusal(network)).toBe('network.layer1.children have no aux');
  delete children['aux'];
  const block = children['1'] as Loose;
  for (let i = 3; i <= 1000; i++) children[i] = block;
  expect(refusal(network)).toBe('network.layer1 has more than 1000 blocks');

  const { network: endless, module: first } = at('layer1.0');
  (first.children as Record<string, unknown>)['downsample'] = first;
  expect(refusal(endless)).toBe('network.layer1.0.downsample must be a Sequential');
});

test('weights of another shape than the network says are refused', async () => {
  const addon = loadAddon();
  const [small, wide] = [1, 2].map((width) =>
    buildNetwork({ bottleneck: true, blocks: [1, 1, 1, 1], widthPerGroup: 8 * width }, 2),
  ) as [Container, Container];
  const weights = async (network: Container) => {
    const session = await addon.createSession({ ...OPTIONS, network });
    const tensors = await session.stateDict();
    await session.close();
    return tensors;
  };
  await expect(addon.createModel({ ...MODEL, network: wide }, await weights(small))).rejects.toMatchObject({
    code: 'NATIVE_ERROR',
    message: 'the shape of layer1.0.conv1.weight does not match',
  });
});
