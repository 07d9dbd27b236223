import type { Container } from '../network/architecture';
import { rejectOption } from '../options';
import { suggest } from '../text/suggest';

/** The layer that is explained where the caller names none: the last residual stage, as Grad-CAM's authors advise. */
export const DEFAULT_LAYER = 'layer4';

/** Modules that have no height and width left. */
const WITHOUT_MAP: readonly string[] = ['avgpool', 'fc'];

/** The modules of a network whose output is an image, by their full names, in torchvision's order. */
export function mapLayers(network: Container): string[] {
  return namesOf(network, '').filter((name) => !WITHOUT_MAP.includes(name));
}

function namesOf(container: Container, prefix: string): string[] {
  return Object.entries(container.children).flatMap(([key, module]) => {
    const name = prefix + key;
    return 'children' in module ? [name, ...namesOf(module, `${name}.`)] : [name];
  });
}

/**
 * Refuses a layer that a network does not have, or that has no map.
 *
 * @throws ResnetFtError INVALID_OPTION that names the layer and, where there is one, the layer that was meant
 */
export function requireLayer(network: Container, layer: string): void {
  const known = mapLayers(network);
  if (known.includes(layer)) return;
  if (WITHOUT_MAP.includes(layer)) {
    rejectOption('a layer with height and width', '--layer', layer, 'What comes before it is layer4');
  }
  const near = suggest(layer, known);
  const hint =
    near === undefined
      ? 'Such as layer4, layer3 or layer4.0: resnet-ft summary MODEL prints the names'
      : `Did you mean ${near}?`;
  rejectOption("a module of the network's", '--layer', layer, hint);
}
