/**
 * Plugin of TypeDoc. The properties of an interface that is made of a table of options get what the table says of them, so that each option is
 * declared, and described, once; and a property without a word is an error, but for those of the objects that stand within a type, such as
 * events: these are told by the type's own comment, and by their names. Needs dist.
 */
'use strict';

const { loadDist } = require('./npm-package.js');

/** Whose table is not named as they are. */
const TABLES = {
  TrainSettings: 'TRAIN_OPTIONS',
  ResolvedTrainOptions: 'TRAIN_OPTIONS',
  EvaluateOptions: 'EVAL_OPTIONS',
};

/** What the interfaces of options have beside their table. */
const OTHERS = {
  data: 'Folder of images.',
  model: 'Folder of a run, file of weights, or the name of weights such as `imagenet-v1`.',
  runs: 'Folders of runs.',
};

function range(spec) {
  const limits = [
    ...(spec.min === undefined ? [] : [`at least ${spec.min}`]),
    ...(spec.above === undefined ? [] : [`above ${spec.above}`]),
    ...(spec.max === undefined ? [] : [`at most ${spec.max}`]),
    ...(spec.below === undefined ? [] : [`below ${spec.below}`]),
  ];
  return limits.length === 0 ? '' : `; ${limits.join(', ')}`;
}

function sentence(spec, flag) {
  const help = spec.help.charAt(0).toUpperCase() + spec.help.slice(1);
  const standard = spec.default === undefined ? '' : `; default \`${JSON.stringify(spec.default)}\``;
  return `${help} (\`--${flag}\`${range(spec)}${standard}).`;
}

exports.load = async (app) => {
  const { Application, Comment, Converter, ReflectionKind } = await import('typedoc');
  const options = loadDist('options/index');
  const { kebab } = loadDist('options/spec');

  function textOf(owner, name) {
    const ofOwner = /Options$/.test(owner) ? owner.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase() : '';
    const table = options[TABLES[owner] ?? ofOwner];
    if (table === undefined) return undefined;
    const spec = table[name];
    return spec === undefined ? OTHERS[name] : sentence(spec, kebab(name));
  }

  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const property of context.project.getReflectionsByKind(ReflectionKind.Property)) {
      if (property.hasComment()) continue;
      const text = textOf(property.parent?.name ?? '', property.name);
      if (text === undefined) continue;
      property.comment = new Comment([{ kind: 'text', text }]);
      // Of an option it would be the object that declares it.
      delete property.defaultValue;
    }
  });

  app.on(Application.EVENT_VALIDATE_PROJECT, (project) => {
    for (const property of project.getReflectionsByKind(ReflectionKind.Property)) {
      const named = property.parent?.kindOf(ReflectionKind.ClassOrInterface);
      if (!named || property.flags.isExternal || property.hasComment()) continue;
      // A property that is an object has its comment on the signature where that is a function.
      if (property.type?.type === 'reflection' && property.type.declaration.signatures?.some((one) => one.hasComment()))
        continue;
      app.logger.validationWarning(`${property.getFriendlyFullName()} has no comment`);
    }
  });
};
