/** An ES module that loads an image and predicts it, and tells an error in one line. */
export const BUNDLED = `
import { loadImage, loadModel } from 'resnet-ft';

async function main(model, image) {
  const { width } = await loadImage(image, { resize: 64, crop: 64 });
  const loaded = await loadModel(model);
  const [first] = await loaded.predict([image]);
  await loaded.close();
  console.log(JSON.stringify({ width, class: first.class, probability: first.probability }));
}
main(process.argv[2], process.argv[3]).catch((error) => {
  console.error(error.code + ': ' + error.message + '. ' + error.hint);
  process.exitCode = 1;
});
`;

/** What {@link BUNDLED} says where the package was put into the bundle. */
export const TAKEN_APART =
  /^ADDON_NOT_LOADED: resnet-ft was bundled into other code.*--external:resnet-ft \(esbuild\).*webpack.*Vite.*Next\.js.*docs\/deploying\.md[^\n]*\n$/;
