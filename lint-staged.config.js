/** What .githooks/pre-commit does to the staged files; the whole tree is checked by `npm run lint` and `npm run format:check`. */
module.exports = {
  '*.{js,ts}': ['prettier --write', 'eslint --no-warn-ignored --max-warnings 0'],
  '*.{json,md,yml}': 'prettier --write',
  '{native,fuzz/native}/**/*.{cpp,h}': ['node scripts/lint-native.js --fix', 'node scripts/lint-native.js'],
};
